"""What Responses turns down: types as JSON 422, arguments as JSON 400 (API notes 3.1 to 3.3, 4, 8.2).

Must not know: how answers are made.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from .reading import part_text, requested_effort
from .reasoning import unseal
from .wire_types import type_problem

Item = dict[str, Any]

_LISTS = {
    name: ["string"]
    for name in ("allowed_domains", "excluded_domains", "allowed_x_handles", "excluded_x_handles", "vector_store_ids")
}
_TOOL = {
    **_LISTS, "type": "string", "name": "string", "description": "string", "strict": "boolean", "filters": _LISTS,
    "parameters": "any", "from_date": "string", "to_date": "string", "search_context_size": "string",
    "server_url": "string", "server_label": "string", "server_description": "string", "allowed_tools": ["string"],
    "authorization": "string", "headers": "object",
}  # fmt: skip
_TYPES = {
    "model": "string", "instructions": "string", "max_output_tokens": "integer", "max_turns": "integer",
    "temperature": "number", "top_p": "number", "top_k": "integer", "min_p": "number",
    "reasoning": {"effort": "string", "summary": "string", "generate_summary": "string"},
    "reasoning_effort": "string", "text": {"format": {"type": "string", "name": "string", "schema": "any"}},
    "tools": [_TOOL], "tool_choice": ("string", {"type": "string", "name": "string"}),
    "parallel_tool_calls": "boolean", "include": ["string"], "store": "boolean", "previous_response_id": "string",
    "prompt_cache_key": "string", "service_tier": "string", "stream": "boolean", "user": "string",
    "safety_identifier": "string", "background": "boolean", "top_logprobs": "integer", "logprobs": "boolean",
    "guidelines": [{"type": "string", "category": "string", "behavior": "string"}],
}  # fmt: skip
_TOOL_TYPES = (
    "function", "web_search", "x_search", "image_generation", "collections_search", "file_search", "code_execution",
    "code_interpreter", "mcp", "shell", "tool_search",
)  # fmt: skip
# Fields an input item needs, by its type (API notes 3.2); server-side items may come back as they were sent.
_ITEM_FIELDS: dict[str, dict[str, tuple[type, ...]]] = {
    "message": {"role": (str,), "content": (str, list)},
    "reasoning": {"summary": (list,)},
    "function_call": {"call_id": (str,), "name": (str,), "arguments": (str,)},
    "function_call_output": {"call_id": (str,), "output": (str, list)},
    "web_search_call": {"action": (dict,)},
    "custom_tool_call": {"call_id": (str,), "name": (str,), "id": (str,)},
    "code_interpreter_call": {},
    "file_search_call": {},
    "mcp_call": {},
    "image_generation_call": {},
    "shell_call": {},
    "shell_call_output": {"call_id": (str,), "output": (list,)},
    "tool_search_call": {},
    "tool_search_output": {},
    "compaction": {"encrypted_content": (str,)},
}
_ROLES = ("user", "assistant", "system", "developer")
_PART = {"type": "string", "text": "string", "image_url": "string", "file_id": "string", "refusal": "string"}
_PARTS = ("input_text", "output_text", "input_image", "input_file", "refusal")
_CHAT_PARTS = ("text", "image_url", "file")
_INPUT_ENUM = "data did not match any variant of untagged enum ModelInput"
_MAX_DOMAINS, _MAX_HANDLES, _MAX_STORES = 5, 20, 10


def check_responses_types(body: dict[str, Any]) -> None:
    """Wrong types.

    Raises:
        Refusal: 422, JSON without a code.
    """
    given = body.get("input")
    problem = "missing field `input`" if "input" not in body else type_problem(body, _TYPES)
    if not problem and not isinstance(given, str):
        fits = isinstance(given, list) and all(isinstance(item, dict) and _item_fits(item) for item in given)
        problem = None if fits else _INPUT_ENUM
    if problem := problem or _tools_problem(body):
        raise Refusal(422, {"error": DESERIALIZE + problem})


def check_responses_arguments(body: dict[str, Any], row: ModelRow, history: Sequence[Item]) -> None:
    """Values that the model or the API does not take; ``history`` is what ``previous_response_id`` stands for.

    Raises:
        Refusal: 400, or 410 for Live Search.
    """
    check_live_search(body)
    _check_parameters(body)
    check_effort(requested_effort(body), row)
    check_ranges(body)
    _check_tools(body)
    text_format = (body.get("text") or {}).get("format") or {}
    check_schema(text_format.get("schema"))
    given = body["input"]
    if not given and not history:
        raise invalid("Bad data: Messages cannot be empty", code="400")
    items = given if isinstance(given, list) else []
    known = {item.get("call_id") for item in (*history, *items) if item.get("type") == "function_call"}
    for item in items:
        _check_item(item, row, known)


def _check_parameters(body: dict[str, Any]) -> None:
    if body.get("background"):
        raise invalid("Argument not supported: background", code="400")
    if body.get("max_tokens") is not None:
        raise invalid("Argument not supported: max_tokens. Use max_output_tokens instead.")
    if body.get("response_format") is not None:
        raise invalid("Argument not supported: response_format. Use text.format instead.")
    if body.get("instructions") and body.get("previous_response_id"):
        raise invalid("Argument not supported: instructions and previous_response_id together", code="400")


def _check_tools(body: dict[str, Any]) -> None:
    tools = body.get("tools") or ()
    hosted = [tool for tool in tools if tool["type"] != "function"]
    # Several MCP servers are fine; they are told apart by their label.
    names = [f"mcp:{t['server_label']}" if t["type"] == "mcp" else t["type"] for t in hosted]
    functions = [tool for tool in tools if tool["type"] == "function"]
    check_functions(functions, names, body.get("tool_choice"))
    for tool in hosted:
        kind = tool["type"]
        filters = tool.get("filters") or {}
        if kind == "web_search":
            _check_pair({**filters, **tool}, "allowed_domains", "excluded_domains", _MAX_DOMAINS)
        elif kind == "x_search":
            _check_pair(tool, "allowed_x_handles", "excluded_x_handles", _MAX_HANDLES)
        elif kind in ("file_search", "collections_search"):
            _refuse_fields(tool, "filters", "ranking_options")
            if len(tool.get("vector_store_ids") or ()) > _MAX_STORES:
                raise invalid(f"{kind}: at most {_MAX_STORES} vector_store_ids.")
        elif kind in ("code_interpreter", "code_execution"):
            _refuse_fields(tool, "container")
        elif kind == "mcp":
            _refuse_fields(tool, "connector_id", "require_approval")


def _check_pair(tool: Item, allowed: str, excluded: str, most: int) -> None:
    if tool.get(allowed) and tool.get(excluded):
        raise invalid(f"{tool['type']}: {allowed} and {excluded} cannot be used together.")
    for name in (allowed, excluded):
        if len(tool.get(name) or ()) > most:
            raise invalid(f"{tool['type']}: at most {most} {name}.")


def _refuse_fields(tool: Item, *names: str) -> None:
    for name in names:
        if tool.get(name) is not None:
            raise invalid(f"Argument not supported: {name} of tool {tool['type']}")


def _check_item(item: Item, row: ModelRow, known_calls: set[Any]) -> None:
    kind = item.get("type") or "message"
    if kind == "message":
        _check_message(item)
    elif kind == "function_call":
        check_call_arguments(item["call_id"], item["arguments"])
    elif kind == "function_call_output":
        if item["call_id"] not in known_calls:  # call_id, not id (API notes 6.2)
            raise invalid_content(f"No function_call has the call_id {item['call_id']}.")
        _check_parts(item["output"])
    elif kind == "reasoning":
        _check_reasoning(item, row)
    elif kind == "compaction" and unseal(item["encrypted_content"]) is None:
        text = "Could not decode the compaction blob. Ensure it is unmodified from the compact response."
        raise invalid(text)


def _check_message(item: Item) -> None:
    content = item["content"]
    _check_parts(content)
    other = isinstance(content, list) and any(part["type"] in ("input_image", "input_file") for part in content)
    refused = isinstance(content, list) and any(part.get("refusal") for part in content)
    if not part_text(content) and not other and not refused:
        raise invalid_content("Each message must have at least one content element.")


def _check_parts(content: Any) -> None:
    for part in content if isinstance(content, list) else ():
        if part["type"] in _CHAT_PARTS:
            raise invalid("Empty content block")  # a part of the other API (API notes 7.3)
        if part["type"] == "input_image":
            check_image(part.get("image_url"))


def _check_reasoning(item: Item, row: ModelRow) -> None:
    """Sealed content must be ours, unchanged, and of the same model family."""
    if any(part.get("type") != "reasoning_text" for part in item.get("content") or ()):
        raise invalid_content("Reasoning content must be of type reasoning_text.")
    blob = item.get("encrypted_content")
    if not blob:
        return
    if blob.startswith("tco_"):
        blob = blob.rpartition("_")[2]  # the id in front is not part of the seal
    content = unseal(blob)
    if content is None or content.get("family") != row.family:
        text = "Could not decrypt the provided encrypted_content. "
        raise invalid(text + "Ensure the value is the unmodified encrypted_content from a previous response.")


def _item_fits(item: Item) -> bool:
    kind = item.get("type") or "message"
    fields = _ITEM_FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None or not all(isinstance(item.get(name), types) for name, types in fields.items()):
        return False
    if kind == "reasoning" and "content" in item and not isinstance(item["content"], list):
        return False  # null is refused here, unlike for encrypted_content (API notes 3.2)
    if kind == "message" and item["role"] not in _ROLES:
        return False
    if kind == "reasoning":
        texts = {"summary": [_PART], "content": [_PART], "encrypted_content": "string"}
        return type_problem(item, texts) is None
    parts = item.get("content") if kind == "message" else item.get("output") if kind == "function_call_output" else ()
    if not isinstance(parts, list):
        return True
    kinds = [part.get("type") for part in parts if isinstance(part, dict)]
    if any(kind in _CHAT_PARTS for kind in kinds):
        return len(kinds) == len(parts)  # refused later, as an empty block
    return type_problem(parts, [_PART]) is None and all(kind in _PARTS for kind in kinds)


def _tools_problem(body: dict[str, Any]) -> str | None:
    for index, tool in enumerate(body.get("tools") or ()):
        kind = tool.get("type")
        if kind == "live_search":
            continue
        if kind not in _TOOL_TYPES:
            known = ", ".join(f"`{name}`" for name in _TOOL_TYPES)
            return f"tools[{index}].type: unknown variant `{kind}`, expected one of {known}"
        if kind == "function" and tool.get("name") is None:
            return f"tools[{index}]: missing field `name`"
        if kind == "function" and "parameters" not in tool:
            return f"tools[{index}]: missing field `parameters`"
        if kind == "mcp" and any(tool.get(name) is None for name in ("server_url", "server_label")):
            return f"tools[{index}]: missing field `server_url` or `server_label`"
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        if choice.get("type") != "function" or not isinstance(choice.get("name"), str):
            return "tool_choice: data did not match any variant of untagged enum ModelToolChoice"
    elif choice is not None and not isinstance(choice, str):
        return "tool_choice: data did not match any variant of untagged enum ModelToolChoice"
    return None
