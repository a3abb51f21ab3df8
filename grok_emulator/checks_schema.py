"""Which JSON schemas are turned down, for structured output and for the parameters of functions (API notes 6.1, 3.3).

Must not know: how schemas are filled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .wire_types import type_problem

# What the keywords must look like before anybody can work with them.
_KEYWORDS = {
    **dict.fromkeys(("properties", "$defs"), "object"),
    **dict.fromkeys(("description", "$ref", "format", "pattern"), "string"),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), "integer"),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), "number"),
    **dict.fromkeys(("anyOf", "oneOf", "allOf", "enum"), "list"),
    "required": ["string"],
    "type": ("string", ["string"]),
}
_TYPES = ("string", "number", "integer", "boolean", "null", "array", "object")
_UNIONS = ("anyOf", "oneOf", "allOf")


def schema_problem(schema: Any, path: str = "") -> str | None:
    """The first thing wrong with a schema, or ``None``."""
    if not isinstance(schema, dict):
        return f"[unsupported_keyword] {path or '/'}: {str(schema).lower()[:40]}"
    if problem := type_problem(schema, _KEYWORDS):
        return f"[standard_violation] {path}/{problem}"
    kinds = schema.get("type") if isinstance(schema.get("type"), list) else [schema.get("type", "object")]
    if unknown := [kind for kind in kinds or ["[]"] if kind not in _TYPES]:
        return f"[standard_violation] {path}/type: {unknown[0]}"
    for key in ("enum", *_UNIONS):
        if schema.get(key) == []:
            return f"[standard_violation] {path}/{key}: [] has less than 1 item"
    for key in ("minContains", "maxContains"):
        if key in schema:
            return f"[unsupported_keyword] {path}/{key}"
    if isinstance(schema.get("items"), list):
        return f"[unsupported_keyword] {path}/items: array form"
    found = (schema_problem(sub, f"{path}/{where}") for where, sub in _nested(schema))
    return next((problem for problem in found if problem), None)


def is_object_schema(schema: Any) -> bool:
    """An object schema or a union of them; an empty schema is a function without parameters."""
    if not schema:
        return schema is None or isinstance(schema, dict)
    if schema_problem(schema):
        return False
    branches = next((schema[key] for key in _UNIONS if schema.get(key)), None)
    if branches:
        return all(is_object_schema(branch) for branch in branches)
    return bool(schema.get("type", "object") == "object")


def _nested(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in ("properties", "$defs"):
        for name, sub in (schema.get(key) or {}).items():
            yield f"{key}/{name}", sub
    for key in _UNIONS:
        for number, sub in enumerate(schema.get(key) or ()):
            yield f"{key}/{number}", sub
    if schema.get("items") is not None:
        yield "items", schema["items"]
