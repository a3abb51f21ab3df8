"""Neutral request -> body of `/v1/chat/completions`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from grok_adapter.codecs._wire import drop_none, object_arguments
from grok_adapter.types import (
    ChatRequest,
    ContentPart,
    FunctionTool,
    ImagePart,
    JsonSchemaFormat,
    Message,
    MessageItem,
    NamedTool,
    ReasoningItem,
    TextPart,
    ToolCall,
    ToolChoice,
)

__all__ = ["PATH", "encode_request", "encode_tool_choice"]

PATH = "/chat/completions"


def encode_request(request: ChatRequest, messages: Sequence[Message], params: Mapping[str, Any]) -> dict[str, Any]:
    """The body for a request.

    Args:
        request: What is asked; its tools and format are read here.
        messages: Its conversation, mended.
        params: Parameters, filtered and in wire form.
    """
    encoded = [x for m in messages if (x := _encode_message(m)) is not None]
    body: dict[str, Any] = {"model": request.model, "messages": encoded}
    body.update(params)
    if request.tools:
        body["tools"] = [_encode_function(tool) for tool in request.tools]
        if request.tool_choice is not None:
            body["tool_choice"] = encode_tool_choice(request.tool_choice)
    if request.response_format not in (None, "text"):
        body["response_format"] = _encode_format(request.response_format)
    if request.stream:
        body["stream"] = True
        if request.stream_usage:
            body["stream_options"] = {"include_usage": True}
    return body


def encode_tool_choice(choice: ToolChoice) -> str | dict[str, Any]:
    """A tool choice in this API's form."""
    return {"type": "function", "function": {"name": choice.name}} if isinstance(choice, NamedTool) else choice


def _encode_function(tool: FunctionTool) -> dict[str, Any]:
    function = {"name": tool.name, "parameters": tool.parameters}
    return {
        "type": "function",
        "function": function | drop_none(description=tool.description or None, strict=tool.strict),
    }


def _encode_format(asked: JsonSchemaFormat | str | None) -> dict[str, Any]:
    if isinstance(asked, JsonSchemaFormat):
        schema: dict[str, Any] = {"name": asked.name, "schema": asked.schema}
        return {
            "type": "json_schema",
            "json_schema": schema | drop_none(strict=asked.strict, description=asked.description),
        }
    return {"type": asked}


def _encode_message(message: Message) -> dict[str, Any] | None:
    if message.role == "assistant":
        return _encode_assistant(message)
    # The schema has no `developer` role; a system message is the same thing there.
    role = "system" if message.role == "developer" else message.role
    content: Any = message.plain_text
    if content is None:
        content = [_encode_part(part) for part in message.content if isinstance(part, ContentPart)]
    out: dict[str, Any] = {"role": role, "content": content}
    if role == "tool":
        out["tool_call_id"] = message.tool_call_id or ""
    elif message.name is not None:
        out["name"] = message.name
    return out


def _encode_assistant(message: Message) -> dict[str, Any] | None:
    """Server-side items have no form here and are left out; a turn that says nothing at all is left out whole."""
    text, reasoning, calls = "", "", []
    for item in message.content:
        if isinstance(item, TextPart):
            text += item.text
        elif isinstance(item, MessageItem):
            text += "".join([part.text for part in item.parts])  # refusals too: there is no other place for them
        elif isinstance(item, ReasoningItem):
            reasoning += item.text
        elif isinstance(item, ToolCall):
            calls.append(_encode_call(item))
    if not calls and not text:
        return None
    # Content is never null: xAI answered 400 or 422 to it; "" beside calls is what it sends itself.
    out: dict[str, Any] = {"role": "assistant", "content": text}
    if reasoning:
        out["reasoning_content"] = reasoning
    if calls:
        out["tool_calls"] = calls
    if message.name is not None:
        out["name"] = message.name
    return out


def _encode_call(call: ToolCall) -> dict[str, Any]:
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": object_arguments(call.arguments)},
    }


def _encode_part(part: ContentPart) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    if isinstance(part, ImagePart):  # an object here and a string on Responses
        if part.url is None:
            return {"type": "file", "file": {"file_id": part.file_id}}
        return {"type": "image_url", "image_url": {"url": part.url} | drop_none(detail=part.detail)}
    if part.file_id or part.url:
        return {"type": "file", "file": drop_none(file_id=part.file_id, url=part.url)}
    # Inline bytes as a data URL: the schema's `url` allows it, no recording shows it.
    return {"type": "file", "file": {"url": f"data:{part.mime_type or 'application/octet-stream'};base64,{part.data}"}}
