"""Sums in a text: finds them and works them out, with precedence and brackets.

Evaluates nothing but numbers and the four signs. Must not know: questions, tools.
"""

from __future__ import annotations

import re

_SIGNS = {
    "plus": "+", "minus": "-", "times": "*", "multiplied by": "*", "divided by": "/", "over": "/", "×": "*", "÷": "/",
    "−": "-", "x": "*",
}  # fmt: skip
_NUMBER = r"-?\d+(?:\.\d+)?"
_SIGN = r"(?:[-+*/×÷−x]|plus|minus|times|multiplied by|divided by)"
_SUM = re.compile(rf"(?<![\w.])\(*\s*{_NUMBER}(?:\s*\)*\s*{_SIGN}\s*\(*\s*{_NUMBER})+\s*\)*(?![\w])", re.I)
_TOKEN = re.compile(r"\d+(?:\.\d+)?|[-+*/()]")
_RANGE = re.compile(r"\d+[-/]\d+")  # pages 12-15, 24/7
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}|\d+/\d+/\d+|\d{3,}-\d{3,}")


def find_sum(text: str) -> tuple[str, str] | None:
    """The first sum in ``text`` and its result, both as written.

    >>> find_sum("What is (3 + 4) times 2?")
    ('(3 + 4) times 2', '14')
    """
    for match in _SUM.finditer(text):
        expression = match.group().strip()
        if _DATE.search(expression) or _RANGE.fullmatch(expression):
            continue
        surplus = expression.count(")") - expression.count("(")
        expression = expression[:-surplus] if surplus > 0 and expression.endswith(")" * surplus) else expression
        try:
            return expression.strip(), f"{_value(expression):.12g}"
        except (ValueError, ZeroDivisionError, IndexError):
            continue
    return None


def signs_in(text: str) -> set[str]:
    """The signs (``+ - * /``) that stand between numbers in ``text``."""
    between = re.findall(rf"(?<=\d)\s*\)*\s*({_SIGN})\s*\(*\s*(?=-?\d)", text, re.I)
    found = {_SIGNS.get(sign.lower(), sign) for sign in between}
    return found if not _DATE.search(text) else found - {"-", "/"}


def _value(expression: str) -> float:
    plain = expression.lower()
    for spelt, sign in _SIGNS.items():
        plain = plain.replace(spelt, sign)
    tokens = _TOKEN.findall(plain)
    result = _sum(tokens)
    if tokens:
        raise ValueError(expression)
    return result


def _sum(tokens: list[str]) -> float:
    result = _product(tokens)
    while tokens and tokens[0] in "+-":
        sign = tokens.pop(0)
        term = _product(tokens)
        result = result + term if sign == "+" else result - term
    return result


def _product(tokens: list[str]) -> float:
    result = _factor(tokens)
    while tokens and tokens[0] in "*/":
        sign = tokens.pop(0)
        factor = _factor(tokens)
        result = result * factor if sign == "*" else result / factor
    return result


def _factor(tokens: list[str]) -> float:
    token = tokens.pop(0)
    if token == "-":
        return -_factor(tokens)
    if token == "(":
        inner = _sum(tokens)
        if tokens.pop(0) != ")":
            raise ValueError("bracket")
        return inner
    return float(token)
