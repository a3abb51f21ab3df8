"""Body of `/v1/chat/completions` -> neutral response.

A choice has at most one reasoning item, then one message, then its calls: `REASONING`, `MESSAGE` and `FIRST_CALL`
are their places in the output, for bodies and streams alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grok_adapter.codecs._wire import (
    body_error,
    clean_arguments,
    dict_of,
    dicts_of,
    finish_reason_for,
    read_citations,
    read_sources,
    read_usage,
    text_of,
    text_or_none,
)
from grok_adapter.types import ChatResponse, Citation, MessageItem, OutputItem, ReasoningItem, TextPart, ToolCall

__all__ = ["FIRST_CALL", "MESSAGE", "REASONING", "citations_for", "decode_response", "envelope"]

REASONING, MESSAGE, FIRST_CALL = 0, 1, 2


def decode_response(body: Any) -> ChatResponse:
    """The neutral response for a body.

    Raises:
        GrokError: The body tells of a failure (also inside HTTP 200), or is no response at all.
    """
    choices = dicts_of(body.get("choices")) if isinstance(body, dict) else []
    if not choices:
        raise body_error("an object with `choices`", body)
    answers = [_decode_choice(body, choice) for choice in choices]
    first, *others = answers
    if not others:
        return first
    return ChatResponse(
        **{f: getattr(first, f) for f in first.__dataclass_fields__ if f != "alternatives"}, alternatives=tuple(others)
    )


def _decode_choice(body: Mapping[str, Any], choice: Mapping[str, Any]) -> ChatResponse:
    message = dict_of(choice.get("message"))
    sources = read_sources(body.get("citations"))
    items: list[OutputItem] = []
    if thought := text_of(message.get("reasoning_content")):
        items.append(ReasoningItem(content=(thought,)))
    text, refusal = text_of(message.get("content")), text_of(message.get("refusal"))
    parts = []
    cited = citations_for(message.get("annotations"), sources)
    if text or cited:
        logprobs = tuple(dicts_of(dict_of(choice.get("logprobs")).get("content")))
        parts.append(TextPart(text, cited, logprobs=logprobs))
    if refusal:
        parts.append(TextPart(refusal, refusal=True))
    if parts:
        items.append(MessageItem(tuple(parts)))
    for n, raw in enumerate(dicts_of(message.get("tool_calls"))):
        function = dict_of(raw.get("function"))
        ident = text_of(raw.get("id")) or f"call_{n}"
        items.append(ToolCall(ident, text_of(function.get("name")), clean_arguments(function.get("arguments"))))
    called = any(isinstance(item, ToolCall) for item in items)
    return ChatResponse(
        items=tuple(items),
        raw=body,
        sources=sources,
        **envelope(body, text_or_none(choice.get("finish_reason")), called),
    )


def citations_for(annotations: Any, sources: tuple[str, ...]) -> tuple[Citation, ...]:
    """A text's own annotations, then the addresses of the body's top-level `citations` that they do not name."""
    own = read_citations(annotations)
    named = {citation.url for citation in own}
    return (*own, *(Citation(url) for url in sources if url not in named))


def envelope(body: Mapping[str, Any], word: str | None, has_tool_calls: bool) -> dict[str, Any]:
    """What belongs to the answer as a whole, as keyword arguments of `ChatResponse` and `FinishDelta`."""
    return {
        "id": text_or_none(body.get("id")),
        "model": text_or_none(body.get("model")),
        "finish_reason": finish_reason_for(word, has_tool_calls),
        "raw_finish_reason": word,
        "usage": read_usage(body.get("usage"), "chat"),
        "service_tier": text_or_none(body.get("service_tier")),
        "system_fingerprint": text_or_none(body.get("system_fingerprint")),
    }
