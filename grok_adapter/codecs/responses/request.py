"""Neutral request -> body of `/v1/responses`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from grok_adapter.codecs._wire import drop_none, object_arguments, unique, write_citation
from grok_adapter.types import (
    ChatRequest,
    ContentPart,
    FunctionTool,
    ImagePart,
    JsonSchemaFormat,
    Message,
    MessageItem,
    NamedTool,
    OtherItem,
    OutputItem,
    ReasoningItem,
    TextPart,
    ToolCall,
    ToolChoice,
)

__all__ = ["PATH", "encode_request", "encode_tool_choice"]

PATH = "/responses"


def encode_request(request: ChatRequest, messages: Sequence[Message], params: Mapping[str, Any]) -> dict[str, Any]:
    """The body for a request.

    Args:
        request: What is asked; its tools and format are read here.
        messages: Its conversation, mended.
        params: Parameters, filtered and in wire form.
    """
    body: dict[str, Any] = {"model": request.model, "input": _encode_messages(messages)}
    body.update(params)
    tools = [_encode_function(tool) for tool in request.tools] + [tool.to_wire() for tool in request.server_tools]
    if tools:
        body["tools"] = tools
        if request.tool_choice is not None:
            body["tool_choice"] = encode_tool_choice(request.tool_choice)
    if request.response_format not in (None, "text"):
        body["text"] = {"format": _encode_format(request.response_format)}
    include = unique([*body.get("include", ()), *(x for tool in request.server_tools for x in tool.include)])
    if include:
        body["include"] = include
    if request.stream:
        body["stream"] = True
    return body


def encode_tool_choice(choice: ToolChoice) -> str | dict[str, Any]:
    """A tool choice in this API's form."""
    return {"type": "function", "name": choice.name} if isinstance(choice, NamedTool) else choice


def _encode_function(tool: FunctionTool) -> dict[str, Any]:
    return {"type": "function", "name": tool.name, "parameters": tool.parameters} | drop_none(
        description=tool.description or None, strict=tool.strict
    )


def _encode_format(asked: JsonSchemaFormat | str | None) -> dict[str, Any]:
    if isinstance(asked, JsonSchemaFormat):
        out: dict[str, Any] = {"type": "json_schema", "name": asked.name, "schema": asked.schema}
        return out | drop_none(strict=asked.strict, description=asked.description)
    return {"type": asked}


def _encode_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The conversation as items. It is gone through at every call, so a plain message takes the shortest way."""
    out: list[dict[str, Any]] = []
    for message in messages:
        role = message.role
        if role == "assistant":
            out += [encoded for item in message.content if (encoded := _encode_item(item))]
            continue
        content: Any = message.plain_text
        if content is None:
            content = [_encode_part(part) for part in message.content if isinstance(part, ContentPart)]
        if role == "tool":
            out.append({"type": "function_call_output", "call_id": message.tool_call_id or "", "output": content})
            continue
        # The `function` role has no place on Responses; its text is a user's, under the function's name.
        encoded = {"role": "user" if role == "function" else role, "content": content}
        if message.name is not None:
            encoded["name"] = message.name
        out.append(encoded)
    return out


def _encode_part(part: ContentPart) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "input_text", "text": part.text}
    if isinstance(part, ImagePart):  # `image_url` is a string here and an object on Chat Completions
        return {"type": "input_image"} | drop_none(image_url=part.url, file_id=part.file_id, detail=part.detail)
    if part.file_id or part.url:
        return {"type": "input_file"} | drop_none(file_id=part.file_id, file_url=part.url)
    return {"type": "input_file"} | drop_none(file_data=part.data, filename=part.filename, mime_type=part.mime_type)


def _encode_item(item: ContentPart | OutputItem) -> dict[str, Any] | None:
    # A message without text is a 400, "Each message must have at least one content element".
    if isinstance(item, TextPart):
        return {"type": "message", "role": "assistant", "content": [_encode_output_part(item)]} if item.text else None
    if isinstance(item, MessageItem):
        parts = [_encode_output_part(part) for part in item.parts if part.text]
        return {"type": "message", "role": "assistant", "content": parts} | drop_none(id=item.id) if parts else None
    if isinstance(item, ReasoningItem):
        # `summary` is required, `content: null` a 422, and `status` was refused by one client's account: left out.
        out: dict[str, Any] = {
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": t} for t in item.summary],
        }
        if item.content:
            out["content"] = [{"type": "reasoning_text", "text": t} for t in item.content]
        return out | drop_none(id=item.id, encrypted_content=item.encrypted_content)
    if isinstance(item, ToolCall):
        call = {
            "type": "function_call",
            "call_id": item.id,
            "name": item.name,
            "arguments": object_arguments(item.arguments),
        }
        return call | drop_none(id=item.item_id)
    return dict(item.raw) if isinstance(item, OtherItem) else None


def _encode_output_part(part: TextPart) -> dict[str, Any]:
    if part.refusal:
        return {"type": "refusal", "refusal": part.text}
    out: dict[str, Any] = {"type": "output_text", "text": part.text}
    if part.citations:
        out["annotations"] = [write_citation(c) for c in part.citations]
    return out
