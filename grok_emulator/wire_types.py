"""A small grammar for the types of a request body, and the first place where a body departs from it.

A type is a name (``"string"``), a list with one type (a sequence of it), a dict (a struct; fields it does not name
are ignored, as the server does), or a tuple of alternatives. Null stands for absent.
Must not know: which fields there are.
"""

from __future__ import annotations

from typing import Any

WireType = Any

_NAMES = {
    "string": "a string",
    "boolean": "a boolean",
    "integer": "i32",
    "number": "f32",
    "list": "a sequence",
    "object": "a map",
    "any": "any value",
}


def type_problem(value: Any, wanted: WireType, where: str = "") -> str | None:
    """The first mismatch, in the words of the server's parser, or ``None``.

    >>> type_problem({"n": "two"}, {"n": "integer"})
    'n: invalid type: string "two", expected i32'
    """
    if isinstance(wanted, tuple):
        problems = [type_problem(value, one, where) for one in wanted]
        return None if None in problems else problems[-1]
    if isinstance(wanted, list):
        if not isinstance(value, list):
            return _problem(value, "a sequence", where)
        found = (type_problem(entry, wanted[0], f"{where}[{n}]") for n, entry in enumerate(value))
        return next((problem for problem in found if problem), None)
    if isinstance(wanted, dict):
        if not isinstance(value, dict):
            return _problem(value, "struct", where)
        dot = f"{where}." if where else ""
        known = ((name, value[name], kind) for name, kind in wanted.items() if value.get(name) is not None)
        found = (type_problem(entry, kind, dot + name) for name, entry, kind in known)
        return next((problem for problem in found if problem), None)
    return None if _is(value, wanted) else _problem(value, _NAMES[wanted], where)


def _is(value: Any, wanted: str) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return {
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "integer": number and isinstance(value, int),
        "number": number,
        "list": isinstance(value, list),
        "object": isinstance(value, dict),
        "any": True,
    }[wanted]


def _problem(value: Any, expected: str, where: str) -> str:
    return f"{where}: invalid type: {_described(value)}, expected {expected}"


def _described(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"boolean `{str(value).lower()}`"
    if isinstance(value, str):
        return f'string "{value}"'
    if isinstance(value, int):
        return f"integer `{value}`"
    if isinstance(value, float):
        return f"floating point `{value}`"
    return "sequence" if isinstance(value, list) else "map"
