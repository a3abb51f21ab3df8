"""Folds deltas into a `ChatResponse`. Any cutting of the same deltas folds to the same response (law L2).

Knows no wire and no framework. `apply` costs a dict look-up and a list append; `snapshot` builds the values and can be
called at any moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from grok_adapter.types import (
    ChatResponse,
    Citation,
    CitationsDelta,
    Delta,
    FinishDelta,
    ItemDelta,
    MessageItem,
    OtherItem,
    OutputItem,
    ReasoningDelta,
    ReasoningItem,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
)

__all__ = ["Assembler", "fold"]

_ENVELOPE = tuple(f.name for f in fields(FinishDelta))


class Assembler:
    """Collects the deltas of one answer.

    Example:
        >>> assembler = Assembler()
        >>> assembler.apply(TextDelta(0, "Hel")); assembler.apply(TextDelta(0, "lo"))
        >>> assembler.snapshot().text
        'Hello'
    """

    def __init__(self) -> None:
        self._items: dict[tuple[int, str], _Growing] = {}
        self._finish: FinishDelta | None = None

    def apply(self, delta: Delta) -> None:
        """Adds one delta."""
        match delta:
            case TextDelta():
                part = self._item(delta.index, "message").part(delta.part)
                part.text.append(delta.text)
                part.refusal = part.refusal or delta.refusal
                if delta.logprobs:
                    part.logprobs += delta.logprobs
            case ReasoningDelta():
                self._item(delta.index, "reasoning").part((not delta.summary, delta.part)).text.append(delta.text)
            case ToolCallDelta():
                item = self._item(delta.index, "call")
                item.part(0).text.append(delta.arguments)
                item.fill(call_id=delta.id, name=delta.name, id=delta.item_id)
            case CitationsDelta():
                self._item(delta.index, "message").part(delta.part).citations += delta.citations
            case ItemDelta():
                self._item(delta.index, delta.kind).fill(
                    id=delta.id, encrypted_content=delta.encrypted_content, raw=delta.raw
                )
            case FinishDelta():
                self._finish = delta
            case _:  # ServerToolStart: the item itself follows
                pass

    def snapshot(self) -> ChatResponse:
        """The response as far as it has come."""
        grown = (item.build() for _, item in sorted(self._items.items(), key=lambda entry: entry[0][0]))
        items = tuple(item for item in grown if item is not None)
        if self._finish is None:
            return ChatResponse(items=items)
        return ChatResponse(items=items, **{name: getattr(self._finish, name) for name in _ENVELOPE})

    def _item(self, index: int, kind: str) -> _Growing:
        key = (index, kind)
        item = self._items.get(key)
        if item is None:
            item = self._items[key] = _Growing(kind)
        return item


class _Part:
    __slots__ = ("citations", "logprobs", "refusal", "text")

    def __init__(self) -> None:
        self.text: list[str] = []
        self.citations: tuple[Citation, ...] = ()
        self.refusal = False
        self.logprobs: tuple[Mapping[str, Any], ...] = ()


class _Growing:
    """An item that is still being told."""

    __slots__ = ("_facts", "_parts", "kind")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._parts: dict[Any, _Part] = {}
        self._facts: dict[str, Any] = {}

    def part(self, key: Any) -> _Part:
        part = self._parts.get(key)
        if part is None:
            part = self._parts[key] = _Part()
        return part

    def fill(self, **facts: Any) -> None:
        self._facts.update((k, v) for k, v in facts.items() if v is not None)

    def build(self) -> OutputItem | None:
        """The item; `None` for a message that says nothing."""
        facts = self._facts
        if self.kind == "other":
            return OtherItem(facts.get("raw") or {})
        if self.kind == "call":
            arguments = "".join(self.part(0).text) or "{}"
            return ToolCall(facts.get("call_id") or "", facts.get("name") or "", arguments, facts.get("id"))
        parts = sorted(self._parts.items())
        if self.kind == "reasoning":
            texts = [(raw, "".join(part.text)) for (raw, _), part in parts]
            return ReasoningItem(
                summary=tuple(text for raw, text in texts if text and not raw),
                content=tuple(text for raw, text in texts if text and raw),
                encrypted_content=facts.get("encrypted_content"),
                id=facts.get("id"),
            )
        built = tuple(TextPart("".join(p.text), p.citations, p.refusal, p.logprobs) for _, p in parts)
        said = tuple(part for part in built if part.text or part.citations)
        return MessageItem(said, facts.get("id")) if said else None


def fold(deltas: Iterable[Delta]) -> ChatResponse:
    """The response that some deltas tell of.

    Example:
        >>> fold([TextDelta(0, "4"), TextDelta(0, "2")]).text
        '42'
    """
    assembler = Assembler()
    for delta in deltas:
        assembler.apply(delta)
    return assembler.snapshot()


def deltas_of(response: ChatResponse) -> list[Delta]:
    """The deltas that tell of a whole response at once: how a body answers a stream request."""
    out: list[Delta] = []
    for index, item in enumerate(response.items):
        if isinstance(item, MessageItem):
            for n, part in enumerate(item.parts):
                out.append(TextDelta(index, part.text, n, part.refusal, part.logprobs))
                if part.citations:
                    out.append(CitationsDelta(index, part.citations, n))
            out.append(ItemDelta(index, "message", item.id))
        elif isinstance(item, ReasoningItem):
            out += [ReasoningDelta(index, text, n) for n, text in enumerate(item.summary)]
            out += [ReasoningDelta(index, text, n, summary=False) for n, text in enumerate(item.content)]
            out.append(ItemDelta(index, "reasoning", item.id, item.encrypted_content))
        elif isinstance(item, ToolCall):
            out.append(ToolCallDelta(index, item.arguments, item.id, item.name, item.item_id))
        else:
            out.append(ItemDelta(index, "other", raw=item.raw))
    out.append(FinishDelta(**{name: getattr(response, name) for name in _ENVELOPE}))
    return out
