"""Reading structured answers: the JSON document that counts, and the error where there is none.

An answer may hold several documents (grok-4.5 with a strict schema, July 2026; after server-side tools): the last one
counts. In JSON mode some models put a fence around it. Must not know: frameworks, schemas, wire formats.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grok_adapter.errors import GrokStructuredOutputError

__all__ = ["last_document", "structured_failure", "without_fence"]

_SHOWN = 200
"""Characters of an unreadable answer that an error shows."""


def last_document(text: str) -> Any:
    """The last of the JSON documents that a text consists of.

    Raises:
        ValueError: It is anything else.

    Example:
        >>> last_document('{"a": 1} {"a": 2}')
        {'a': 2}
    """
    text = without_fence(text)
    decoder = json.JSONDecoder(strict=False)
    position = 0
    while True:
        value, end = decoder.raw_decode(text, position)
        position = end + len(text[end:]) - len(text[end:].lstrip())
        if position >= len(text):
            return value


def without_fence(text: str) -> str:
    """The text without blanks around it and without a Markdown fence, also one that is not closed yet.

    Example:
        >>> without_fence('```json\\n{"a": 1}\\n```')
        '{"a": 1}'
    """
    text = text.strip()
    if text.startswith("```"):
        inner = text.partition("\n")[2]
        text = inner.rpartition("```")[0].strip() or inner
    return text


def structured_failure(
    what: str,
    *,
    raw: str = "",
    finish_reason: str | None = None,
    output_tokens: int | None = None,
    reasoning_tokens: int | None = None,
    request_id: str | None = None,
    model: str | None = None,
    kind: type[GrokStructuredOutputError] | None = None,
) -> GrokStructuredOutputError:
    """The error for an answer that is not what was asked for, with the mend that its finish reason tells.

    Args:
        what: What is wrong with it.
        raw: The text that came.
        finish_reason: Why the answer ended.
        output_tokens, reasoning_tokens: What was spent, as far as known.
        request_id, model: Of the answer, as far as known.
        kind: The class of the error, where a framework has a kind of its own.
    """
    from grok_adapter.errors import GrokStructuredOutputError  # noqa: PLC0415  errors imports the SDK, 0.7 s

    spent = f"(output tokens: {_known(output_tokens)}, of them reasoning: {_known(reasoning_tokens)})"
    mends = {
        "length": f"It was cut off at its token limit {spent}: raise max_tokens.",
        "content_filter": "It was stopped by a content filter: change the prompt.",
    }
    shown = f"It began: {raw[:_SHOWN]!r}." if raw else ""
    error = (kind or GrokStructuredOutputError)(f"No structured answer: {what}.", raw=raw, finish_reason=finish_reason)
    error.hint = mends.get(finish_reason or "") or shown or "Try again, or ask for less."
    error.request_id, error.model = request_id, model
    return error


def _known(count: int | None) -> str:
    return "unknown" if count is None else str(count)
