"""A string that fits a regular expression, for schema fields nobody gave a value.

Covers what xAI accepts in ``pattern`` (API notes 6.1): literals, classes, groups, alternatives, repetition.
Must not know: schemas.
"""

from __future__ import annotations

import re

_CLASSES = {"d": "0", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def sample(pattern: str) -> str | None:
    """The simplest string that ``pattern`` matches in full, or ``None`` when this small reader is out of its depth.

    >>> sample("^[A-Z]{3}-\\\\d+$")
    'AAA-0'
    """
    try:
        text, rest = _alternatives(pattern)
        return text if not rest and re.fullmatch(pattern, text) else None
    except (IndexError, ValueError, re.error):
        return None


def _alternatives(pattern: str) -> tuple[str, str]:
    """Reads ``a|b|c`` up to a closing parenthesis and keeps the first."""
    first, rest = _sequence(pattern)
    while rest.startswith("|"):
        _, rest = _sequence(rest[1:])
    return first, rest


def _sequence(pattern: str) -> tuple[str, str]:
    text = ""
    while pattern and pattern[0] not in "|)":
        unit, pattern = _unit(pattern)
        times, pattern = _times(pattern)
        text += unit * times
    return text, pattern


def _unit(pattern: str) -> tuple[str, str]:
    head, rest = pattern[0], pattern[1:]
    if head in "^$":
        return "", rest
    if head == ".":
        return "a", rest
    if head == "[":
        return _one_of(rest)
    if head == "(":
        rest = re.sub(r"^\?(?::|P<\w+>)", "", rest)
        inner, rest = _alternatives(rest)
        return inner, rest[1:]
    if head == "\\":
        return _escaped(rest[0]), rest[1:]
    return head, rest


def _one_of(pattern: str) -> tuple[str, str]:
    """Reads a character class; the text after its bracket is returned with one member."""
    end = pattern.index("]", 1)
    inner, rest = pattern[:end], pattern[end + 1 :]
    if not inner.startswith("^"):
        return (_escaped(inner[1]) if inner[0] == "\\" else inner[0]), rest
    allowed = next(c for c in "a0A-_ .xyz" if re.fullmatch(f"[{inner}]", c))
    return allowed, rest


def _escaped(letter: str) -> str:
    return _CLASSES.get(letter) or _ESCAPES.get(letter) or letter


def _times(pattern: str) -> tuple[int, str]:
    if match := re.match(r"\{(\d+)(?:,\d*)?\}\??", pattern):
        return int(match.group(1)), pattern[match.end() :]
    if pattern[:1] in ("*", "?"):
        return 0, pattern[1:].removeprefix("?")
    if pattern[:1] == "+":
        return 1, pattern[1:].removeprefix("?")
    return 1, pattern
