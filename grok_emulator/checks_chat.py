"""What Chat Completions turns down: types as text/plain 422, arguments as JSON 400 (API notes 2.1, 2.2, 2.9, 8.2).

Must not know: how answers are made.
"""

from __future__ import annotations

from typing import Any

from .checks import (
    DESERIALIZE,
    Refusal,
    check_call_arguments,
    check_effort,
    check_functions,
    check_image,
    check_live_search,
    check_ranges,
    check_schema,
    invalid,
    invalid_content,
)
from .models import ModelRow
from .wire_types import type_problem

_ROLES = ("developer", "system", "user", "assistant", "tool", "function")
_FUNCTION = {"name": "string", "description": "string", "strict": "boolean", "parameters": "any"}
_CALL = {"id": "string", "type": "string", "function": {"name": "string", "arguments": "string"}}
_PART = {"type": "string", "text": "string", "image_url": ("string", {"url": "string", "detail": "string"})}
_MESSAGE = {
    "role": "string", "name": "string", "tool_call_id": "string", "reasoning_content": "string", "tool_calls": [_CALL],
    "content": ("string", [_PART]),
}  # fmt: skip
_TYPES = {
    "model": "string", "messages": [_MESSAGE], "max_tokens": "integer", "max_completion_tokens": "integer",
    "temperature": "number", "top_p": "number", "n": "integer", "seed": "integer", "user": "string",
    "safety_identifier": "string", "stop": ("string", ["string"]), "presence_penalty": "number",
    "frequency_penalty": "number", "logit_bias": "object", "logprobs": "boolean", "top_logprobs": "integer",
    "reasoning_effort": "string", "parallel_tool_calls": "boolean", "stream": "boolean", "deferred": "boolean",
    "response_format": {"type": "string", "json_schema": {"name": "string", "schema": "any", "strict": "boolean"}},
    "tools": [{"type": "string", "function": _FUNCTION}], "stream_options": {"include_usage": "boolean"},
    "tool_choice": ("string", {"type": "string", "function": {"name": "string"}}), "prompt_cache_key": "string",
    "service_tier": "string", "guidelines": [{"type": "string", "category": "string", "behavior": "string"}],
}  # fmt: skip
_TEXT_PARTS, _IMAGE_PARTS = ("text", "input_text"), ("image_url", "input_image")
_OTHER_PARTS = ("text_file", "file", "input_file")
# camelCase in the text of the refusal (API notes 2.9)
_PENALTIES = {"presence_penalty": "presencePenalty", "frequency_penalty": "frequencyPenalty"}


def check_chat_types(body: dict[str, Any]) -> None:
    """Wrong types.

    Raises:
        Refusal: 422, text/plain.
    """
    problem = type_problem(body, _TYPES) or _messages_problem(body) or _tools_problem(body)
    if problem:
        raise Refusal(422, DESERIALIZE + problem, plain=True)


def check_chat_arguments(body: dict[str, Any], row: ModelRow) -> None:
    """Values that the model or the API does not take.

    Raises:
        Refusal: 400, or 410 for Live Search.
    """
    if body.get("stream") and body.get("deferred"):  # the one refusal that is a bare JSON string
        raise Refusal(400, "A request may either be streaming or deferred, but not both.")
    check_live_search(body)
    for name, spelt in _PENALTIES.items():
        if body.get(name) is not None:
            raise invalid(f"Argument not supported on this model: {spelt}")
    if body.get("stop") and not row.takes_stop:
        raise invalid(f"Model {row.id} does not support parameter stop.")
    check_effort(body.get("reasoning_effort"), row)
    check_ranges(body)
    functions = [tool["function"] for tool in body.get("tools") or ()]
    check_functions(functions, (), body.get("tool_choice"))
    check_schema(((body.get("response_format") or {}).get("json_schema") or {}).get("schema"))
    if not body["messages"]:
        raise invalid("Bad data: Messages cannot be empty", code="400")
    for message in body["messages"]:
        _check_message(message)


def _messages_problem(body: dict[str, Any]) -> str | None:
    if body.get("messages") is None:
        return "missing field `messages`"
    for index, message in enumerate(body["messages"]):
        at = f"messages[{index}]"
        role, content = message.get("role"), message.get("content")
        if role not in _ROLES:
            known = ", ".join(f"`{name}`" for name in _ROLES)
            return f"{at}.role: unknown variant `{role}`, expected one of {known}"
        if content is None and role != "assistant":
            return f"{at}.content: invalid type: null"
        if isinstance(content, list):
            for part in content:
                kind = part.get("type")
                if kind not in (*_TEXT_PARTS, *_IMAGE_PARTS, *_OTHER_PARTS):
                    return f"{at}.content: unknown variant `{kind}`, expected one of `text`, `image_url`, `file`"
        for call in message.get("tool_calls") or ():
            for name in ("arguments", "name"):
                if (call.get("function") or {}).get(name) is None:
                    return f"{at}.tool_calls: missing field `{name}`"
    return None


def _tools_problem(body: dict[str, Any]) -> str | None:
    for index, tool in enumerate(body.get("tools") or ()):
        kind = tool.get("type")
        if kind == "live_search":
            continue
        if kind != "function":
            return f"tools[{index}].type: unknown variant `{kind}`, expected `function` or `live_search`"
        if (tool.get("function") or {}).get("name") is None:
            return f"tools[{index}].function: missing field `name`"
    return None


def _check_message(message: dict[str, Any]) -> None:
    content, calls = message.get("content"), message.get("tool_calls") or ()
    if not content and not calls and message["role"] not in ("tool", "function"):
        raise invalid_content("Each message must have at least one content element.")
    for call in calls:
        check_call_arguments(call.get("id") or "", call["function"]["arguments"])
    for part in content if isinstance(content, list) else ():
        if part["type"] in _IMAGE_PARTS:
            image = part.get("image_url")
            check_image(image.get("url") if isinstance(image, dict) else image)
