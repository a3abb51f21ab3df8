"""JSON schemas that xAI's grammar compiler chokes on, made plain.

Schemas go out as they are. Some keywords made it refuse the whole request with a text that names none of them,
"Invalid arguments passed to the model." (hermes#27907, openclaw#32080, spring 2026; not reproducible in July,
vercel/ai#17077). On that answer the request is sent once more without those keywords: what they demanded stands in the
descriptions instead, where the model still reads it. Pure functions over plain data.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["is_opaque_refusal", "plain_schema", "with_plain_schemas"]

OPAQUE = ("invalid arguments passed to the model", "compile grammar", "invalid grammar")
"""How the refusal reads (recorded May 2026), in lower case, and what older servers said."""

CONSTRAINTS = (
    "pattern", "format", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minContains", "maxContains",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minProperties", "maxProperties",
)  # fmt: skip
_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTED = ("anyOf", "oneOf", "allOf", "prefixItems")
_INNER = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")


def is_opaque_refusal(text: str) -> bool:
    """Whether an error's text is the one that a schema may be behind."""
    lower = text.lower()
    return any(words in lower for words in OPAQUE)


def plain_schema(schema: Any) -> Any:
    """A schema without the constraints, their text kept in the descriptions. Properties may be named like keywords.

    Example:
        >>> plain_schema({"type": "string", "pattern": "^a+$", "description": "A word."})
        {'type': 'string', 'description': 'A word. (pattern: ^a+$)'}
    """
    if not isinstance(schema, Mapping):
        return schema
    out: dict[str, Any] = {}
    said: list[str] = []
    for key, value in schema.items():
        if key in CONSTRAINTS:
            said.append(f"{key}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")
        elif key == "enum" and isinstance(value, list) and any(isinstance(v, str) and "/" in v for v in value):
            said.append("one of: " + ", ".join(json.dumps(v, ensure_ascii=False) for v in value))
        elif key == "additionalProperties" and value is False:
            pass  # xAI's own default (structured-output page, October 2026)
        elif key in _NAMED and isinstance(value, Mapping):
            out[key] = {name: plain_schema(inner) for name, inner in value.items()}
        elif key in _LISTED and isinstance(value, list):
            out[key] = [plain_schema(inner) for inner in value]
        elif key in _INNER:
            out[key] = plain_schema(value)
        else:
            out[key] = value
    if said:
        described = f"{out.get('description') or ''} ({'; '.join(said)})"
        out["description"] = described.strip()
    return out


def with_plain_schemas(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The body of a request, of either API, with all its schemas made plain; `None` if that changes nothing.

    Example:
        >>> with_plain_schemas({"tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}]}) is None
        True
    """
    out = dict(body)
    if isinstance(tools := body.get("tools"), list):
        out["tools"] = [_changed(tool, ("function", "parameters"), ("parameters",)) for tool in tools]
    for key, path in (("text", ("format", "schema")), ("response_format", ("json_schema", "schema"))):
        if key in body:
            out[key] = _changed(body[key], path)
    return None if out == dict(body) else out


def _changed(value: Any, *paths: tuple[str, ...]) -> Any:
    for path in paths:
        value = _at(value, path, plain_schema)
    return value


def _at(value: Any, path: tuple[str, ...], change: Callable[[Any], Any]) -> Any:
    """A copy of nested objects with what stands at a path changed, if anything stands there."""
    if not path:
        return change(value)
    if not isinstance(value, Mapping) or path[0] not in value:
        return value
    return {**value, path[0]: _at(value[path[0]], path[1:], change)}
