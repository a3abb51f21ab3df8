"""Refusals: the statuses and bodies with which xAI turns requests down, and the checks both APIs share.

The order is xAI's: JSON 400, types 422, model 400, key 400 or 401, arguments 400 (API notes 2.9, 3.1, 8.2).
Read before ``checks_chat.py`` and ``checks_responses.py``. Must not know: how answers are made.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from typing import Any

from .checks_schema import is_object_schema, schema_problem
from .models import ModelRow, Resolved, resolve

DESERIALIZE = "Failed to deserialize the JSON body into the target type: "
MAX_TOOLS = 350
_EFFORT_NAMES = ("none", "minimal", "low", "medium", "high", "xhigh")
_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF")


class Refusal(Exception):
    """A request is turned down: ``body`` is sent as JSON, or as it is when ``plain``."""

    def __init__(self, status: int, body: Any, *, plain: bool = False) -> None:
        super().__init__(status, body)
        self.status, self.body, self.plain = status, body, plain


def invalid(text: str, *, status: int = 400, code: str = "invalid-argument") -> Refusal:
    """The common body: a code and a text."""
    return Refusal(status, {"code": code, "error": text})


def invalid_content(text: str) -> Refusal:
    """What xAI says about the inside of messages and tools."""
    return invalid(f"Invalid request content: {text}")


def check_key(headers: dict[str, str], only: str | None) -> None:
    """A bad key is 400 and a missing one 401."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    key = key.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "").strip()
    if not key:
        raise invalid("Missing credentials: no Authorization header.", status=401, code="unauthenticated")
    if key != only if only else not key.startswith("xai-"):
        raise invalid("Incorrect API key provided. You can obtain an API key from https://console.x.ai.")


def check_model(body: dict[str, Any]) -> Resolved:
    """Leaving the model out means ``latest``, which is not found (API notes 1.3)."""
    name = body.get("model") or "latest"
    model = resolve(name)
    if model is None:
        raise invalid(f"Model not found: {name}")
    return model


def check_ranges(body: dict[str, Any]) -> None:
    """Numbers outside of what the specification allows."""
    for name, low, high in (("temperature", 0, 2), ("top_p", 0, 1), ("top_logprobs", 0, 8), ("n", 1, 128)):
        value = body.get(name)
        if value is not None and not low <= value <= high:
            raise invalid(f"Invalid value for {name}: {value} is not between {low} and {high}.")
    for name in ("max_tokens", "max_completion_tokens", "max_output_tokens"):
        if body.get(name) is not None and body[name] < 1:
            raise invalid(f"Invalid value for {name}: must be at least 1.")


def check_live_search(body: dict[str, Any]) -> None:
    """Live Search is gone on both APIs (API notes 2.8)."""
    tools = body.get("tools") or ()
    if body.get("search_parameters") or body.get("web_search_options") or _has_type(tools, "live_search"):
        text = "Live search is deprecated. Please switch to the Agent Tools API: "
        raise Refusal(410, {"error": text + "https://docs.x.ai/docs/guides/tools/overview"})


def check_effort(effort: Any, row: ModelRow) -> None:
    """Which efforts a model takes (API notes 1.2 and 2.9)."""
    if effort is None or effort in row.efforts or effort in row.effort_synonyms:
        return
    if not row.efforts:
        raise invalid("Argument not supported on this model: reasoning_effort")
    if effort not in _EFFORT_NAMES:
        raise invalid("Invalid reasoning effort.")
    raise invalid(f"This model does not support `reasoning_effort` value `{effort}`.")


def too_long(tokens: int, row: ModelRow) -> Refusal:
    """The prompt does not fit the window (API notes 8.2)."""
    text = f"This model's maximum prompt length is {row.context_length} but the request contains {tokens} tokens."
    return invalid(text)


def check_functions(functions: Iterable[dict[str, Any]], hosted: Iterable[str], choice: Any) -> None:
    """Names must be unique, also against hosted tools; schemas must be objects; a named choice must exist."""
    functions, hosted = list(functions), list(hosted)
    names = [*hosted, *(function["name"] for function in functions)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise invalid(f"Duplicate tool names: {', '.join(twice)}")
    if len(names) > MAX_TOOLS:
        raise invalid(f"Too many tools: {len(names)} of at most {MAX_TOOLS}.")
    for function in functions:
        if not is_object_schema(function.get("parameters")):
            raise invalid_content(f"Invalid function schema. Tool: {function['name']}")
    if choice is not None and not names:
        raise invalid_content("A tool_choice was set on the request but no tools were specified.")
    if isinstance(choice, dict):
        wanted = choice.get("name") or (choice.get("function") or {}).get("name")
        if wanted is not None and wanted not in [function["name"] for function in functions]:
            raise invalid_content(f"tool_choice names a tool that was not specified: {wanted}")


def check_schema(schema: Any) -> None:
    """What structured output refuses."""
    if schema is not None and (problem := schema_problem(schema)):
        raise invalid_content(f"Schema validation failed: {problem}")


def check_call_arguments(call_id: str, arguments: str) -> None:
    """Arguments that come back must be a JSON object."""
    text = f"The arguments to a tool_call with ID '{call_id}' are not a valid JSON string. Parsing error: "
    try:
        parsed = json.loads(arguments)
    except ValueError as error:
        raise invalid(f"{text}{error}") from None
    if not isinstance(parsed, dict):
        raise invalid(f"{text}expected an object")


def check_image(url: Any) -> None:
    """A data URI must hold an image; its declared type is ignored (API notes 7.3)."""
    if not isinstance(url, str) or not url.startswith("data:"):
        return
    head, _, data = url.partition(",")
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not raw.startswith(_MAGIC):
        kind = head.partition("/")[2].partition(";")[0].upper() or "unknown"
        raise invalid(f"Invalid {kind} image.", code="invalid_image")


def _has_type(tools: Any, kind: str) -> bool:
    return any(isinstance(tool, dict) and tool.get("type") == kind for tool in tools)
