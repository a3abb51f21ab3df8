"""Body of `/v1/responses` -> neutral response. `decode_item` and `envelope` serve the stream decoder too."""

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
from grok_adapter.types import ChatResponse, MessageItem, OtherItem, OutputItem, ReasoningItem, TextPart, ToolCall

__all__ = ["decode_item", "decode_response", "envelope"]


def decode_response(body: Any) -> ChatResponse:
    """The neutral response for a body.

    Raises:
        GrokError: The body tells of a failure (also inside HTTP 200), or is no response at all.
    """
    if not isinstance(body, dict) or not isinstance(body.get("output"), list) or body.get("status") == "failed":
        raise body_error("an object with `output`", body)
    items = [item for raw in dicts_of(body["output"]) if (item := decode_item(raw)) is not None]
    return ChatResponse(items=tuple(items), raw=body, **envelope(body, any(isinstance(i, ToolCall) for i in items)))


def envelope(body: Mapping[str, Any], has_tool_calls: bool) -> dict[str, Any]:
    """What belongs to the answer as a whole, as keyword arguments of `ChatResponse` and `FinishDelta`."""
    word = text_or_none(dict_of(body.get("incomplete_details")).get("reason")) or text_or_none(body.get("status"))
    reason = finish_reason_for("length" if word == "incomplete" else word, has_tool_calls)
    return {
        "id": text_or_none(body.get("id")),
        "model": text_or_none(body.get("model")),
        "finish_reason": reason,
        "raw_finish_reason": word,
        "usage": read_usage(body.get("usage"), "responses"),
        "service_tier": text_or_none(body.get("service_tier")),
        "system_fingerprint": text_or_none(body.get("system_fingerprint"))
        or text_or_none(dict_of(body.get("metadata")).get("system_fingerprint")),
        "sources": read_sources(body.get("citations")),
    }


def decode_item(raw: Mapping[str, Any]) -> OutputItem | None:
    """One output item; `None` for a message that says nothing. What is not known is kept as `OtherItem`."""
    match raw.get("type"):
        case "message":
            parts = tuple(p for c in dicts_of(raw.get("content")) if (p := _decode_part(c)).text or p.citations)
            return MessageItem(parts, text_or_none(raw.get("id"))) if parts else None
        case "reasoning":
            return ReasoningItem(
                summary=_texts(raw.get("summary")),
                content=_texts(raw.get("content")),
                encrypted_content=text_or_none(raw.get("encrypted_content")),
                id=text_or_none(raw.get("id")),
            )
        case "function_call":
            return ToolCall(
                id=text_of(raw.get("call_id")) or text_of(raw.get("id")),
                name=text_of(raw.get("name")),
                arguments=clean_arguments(raw.get("arguments")),
                item_id=text_or_none(raw.get("id")),
            )
        case _:
            return OtherItem(raw)


def _decode_part(raw: Mapping[str, Any]) -> TextPart:
    if raw.get("type") == "refusal":
        return TextPart(text_of(raw.get("refusal")), refusal=True)
    annotations = raw.get("annotations") or raw.get("inline_citations")
    return TextPart(
        text_of(raw.get("text")), read_citations(annotations), logprobs=tuple(dicts_of(raw.get("logprobs")))
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(t for part in dicts_of(value) if (t := text_of(part.get("text"))))
