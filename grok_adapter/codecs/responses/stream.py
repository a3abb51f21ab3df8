"""Events of `/v1/responses` -> deltas.

The decoder hands out pure increments: it counts what each part has already said, so that an event which repeats the
whole (`...done`, `response.completed`) only adds what was missing. It dispatches on `type` strings; unknown events
say nothing. Held back until their item is done: function calls (xAI sends arguments whole anyway, 17 of 17
recordings) and citations (all of one text part in one delta).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from grok_adapter.codecs._wire import dict_of, dicts_of, event_error, index_of, read_citations, text_of, text_or_none
from grok_adapter.codecs.responses.response import decode_item, envelope
from grok_adapter.server_calls import server_tool_call_for
from grok_adapter.types import (
    CitationsDelta,
    Delta,
    FinishDelta,
    ItemDelta,
    ReasoningDelta,
    ServerToolStart,
    TextDelta,
    ToolCall,
    ToolCallDelta,
)

__all__ = ["StreamDecoder"]


class _Item:
    """What a stream has said so far of one output item."""

    __slots__ = ("annotations", "arguments", "cited", "done", "ident", "kind", "logprobs", "raw", "said", "type")

    def __init__(self, kind: str, type_: str, ident: str, raw: Mapping[str, Any]) -> None:
        self.kind = kind  # message | reasoning | call | other
        self.type = type_
        self.ident = ident
        self.said: dict[Any, int] = {}  # part key -> characters handed out
        self.logprobs: set[int] = set()
        self.annotations: dict[int, list[dict[str, Any]]] = {}
        self.cited: set[int] = set()
        self.raw = raw
        self.arguments = ""
        self.done = False


_KINDS = {"message": "message", "reasoning": "reasoning", "function_call": "call"}


class StreamDecoder:
    """Turns the events of one stream into deltas. One object a stream; nothing is kept elsewhere.

    Example:
        >>> decoder = StreamDecoder()
        >>> decoder.feed({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Hi"})
        [TextDelta(index=0, text='Hi', part=0, refusal=False, logprobs=())]
    """

    def __init__(self) -> None:
        self._items: dict[int, _Item] = {}
        self._finished = False
        self._envelope: Mapping[str, Any] = {}

    @property
    def finished(self) -> bool:
        """Whether the stream's own end was seen."""
        return self._finished

    def feed(self, event: Mapping[str, Any]) -> list[Delta]:
        """The deltas of one event; none for events that say nothing new, and for unknown ones.

        Raises:
            GrokError: The event is an error (`error`, `response.failed`, or a body of `code` and `error`).
        """
        type_ = event.get("type")
        if type_ == "response.output_text.delta":
            text = event.get("delta")
            if not isinstance(text, str) or not text:
                return []
            index, part = self._index(event), index_of(event.get("content_index"), 0)
            item = self._items.get(index) or self._open(index, {"type": "message", "id": event.get("item_id")})
            item.said[part] = item.said.get(part, 0) + len(text)
            if event.get("logprobs"):
                item.logprobs.add(part)
                return [TextDelta(index, text, part, logprobs=tuple(dicts_of(event["logprobs"])))]
            return [TextDelta(index, text, part)]
        handler = _HANDLERS.get(type_) if isinstance(type_, str) else None
        if handler is not None:
            return list(handler(self, event))
        if type_ == "error" or (type_ is None and ("error" in event or "code" in event)):
            raise event_error(event)
        return []

    def close(self) -> list[Delta]:
        """Call when no more bytes come.

        Raises:
            GrokStreamError: The stream ended before its end.
        """
        if not self._finished:
            from grok_adapter.errors import GrokStreamError  # noqa: PLC0415  errors imports the SDK

            raise GrokStreamError("The stream ended before the answer was complete (no `response.completed` came).")
        return []

    def held(self) -> list[Delta]:
        """What was held back until its item is done: calls and citations, as far as they came."""
        return [delta for index, item in sorted(self._items.items()) for delta in self._held_of(index, item)]

    def envelope(self) -> FinishDelta:
        """What is known so far of the answer as a whole."""
        called = any(item.kind == "call" for item in self._items.values())
        return FinishDelta(raw=self._envelope, **envelope(self._envelope, called))

    # --- events ------------------------------------------------------------------------------------------------------

    def _on_created(self, event: Mapping[str, Any]) -> Iterable[Delta]:
        self._envelope = {k: v for k, v in dict_of(event.get("response")).items() if k in ("id", "model", "object")}
        return ()

    def _on_item_added(self, event: Mapping[str, Any]) -> Iterator[Delta]:
        raw = dict_of(event.get("item"))
        index = self._index(event)
        item = self._open(index, raw)
        if item.kind == "other" and (call := server_tool_call_for(raw)):
            yield ServerToolStart(index, call.id, call.type, call.name)

    def _on_refusal_delta(self, event: Mapping[str, Any]) -> Iterator[Delta]:
        yield from self._more_text(
            event, index_of(event.get("content_index"), 0), event.get("delta"), whole=False, refusal=True
        )

    def _on_text_done(self, event: Mapping[str, Any]) -> Iterator[Delta]:
        yield from self._more_text(event, index_of(event.get("content_index"), 0), event.get("text"), whole=True)

    def _on_part_done(self, event: Mapping[str, Any]) -> Iterator[Delta]:
        index, raw = self._index(event), dict_of(event.get("part"))
        if raw.get("type") in ("output_text", "refusal"):
            item = self._items.get(index) or self._open(index, {"type": "message", "id": event.get("item_id")})
            yield from self._finish_part(index, item, index_of(event.get("content_index"), 0), raw)

    def _on_annotation(self, event: Mapping[str, Any]) -> Iterable[Delta]:
        index, part = self._index(event), index_of(event.get("content_index"), 0)
        item = self._items.get(index) or self._open(index, {"type": "message", "id": event.get("item_id")})
        if annotation := dict_of(event.get("annotation")):
            item.annotations.setdefault(part, []).append(dict(annotation))
        return ()

    def _on_summary_delta(self, event: Mapping[str, Any]) -> Iterator[Delta]:
        yield from self._more_reasoning(event, index_of(event.get("summary_index"), 0), event.get("delta"), whole=False)

    def _on_summary_done(self, event: Mapping[str, Any]) -> Iterator[Delta]:
        yield from self._more_reasoning(event, index_of(event.get("summary_index"), 0), event.get("text"), whole=True)

    def _on_raw_reasoning_delta(self, event: Mapping[str, Any]) -> Iterator[Delta]:
        part = index_of(event.get("content_index"), 0)
        yield from self._more_reasoning(event, part, event.get("delta"), whole=False, summary=False)

    def _on_raw_reasoning_done(self, event: Mapping[str, Any]) -> Iterator[Delta]:
        part = index_of(event.get("content_index"), 0)
        yield from self._more_reasoning(event, part, event.get("text"), whole=True, summary=False)

    def _on_arguments_delta(self, event: Mapping[str, Any]) -> Iterable[Delta]:
        if item := self._items.get(self._index(event)):
            item.arguments += text_of(event.get("delta"))
        return ()

    def _on_arguments_done(self, event: Mapping[str, Any]) -> Iterable[Delta]:
        if item := self._items.get(self._index(event)):
            item.arguments = text_of(event.get("arguments")) or item.arguments
        return ()

    def _on_item_done(self, event: Mapping[str, Any]) -> Iterator[Delta]:
        yield from self._finish_item(self._index(event), dict_of(event.get("item")))

    def _on_end(self, event: Mapping[str, Any]) -> Iterator[Delta]:
        """`response.completed`, `.incomplete` or `.done`: only what the stream did not say, then the envelope."""
        body = dict_of(event.get("response"))
        self._finished = True
        for index, raw in self._missing(dicts_of(body.get("output"))):
            yield from self._finish_item(index, raw)
        yield from self.held()
        self._envelope = body
        yield self.envelope()

    def _on_failed(self, event: Mapping[str, Any]) -> NoReturn:
        # Usage and ids count; "failed" is no reason for which an answer finished.
        self._envelope = {k: v for k, v in dict_of(event.get("response")).items() if k != "status"}
        raise event_error(event)

    # --- state -------------------------------------------------------------------------------------------------------

    def _index(self, event: Mapping[str, Any]) -> int:
        """The event's output item; found by its id, or taken to be the newest, where the index is missing."""
        index = event.get("output_index")
        if isinstance(index, int) and not isinstance(index, bool) and index >= 0:
            return index
        ident = event.get("item_id") or dict_of(event.get("item")).get("id")
        for n in sorted(self._items, reverse=True):
            if ident and self._items[n].ident == ident and not self._items[n].done:
                return n
        newest = max(self._items, default=-1)
        return newest + 1 if "item" in event and event.get("type") == "response.output_item.added" else max(newest, 0)

    def _open(self, index: int, raw: Mapping[str, Any]) -> _Item:
        type_ = text_of(raw.get("type"))
        item = self._items[index] = _Item(_KINDS.get(type_, "other"), type_, text_of(raw.get("id")), raw)
        return item

    def _more_text(
        self, event: Mapping[str, Any], part: int, value: Any, *, whole: bool, refusal: bool = False
    ) -> Iterator[Delta]:
        index = self._index(event)
        item = self._items.get(index) or self._open(index, {"type": "message", "id": event.get("item_id")})
        text = self._unsaid(item, part, value, whole)
        if text:
            yield TextDelta(index, text, part, refusal)

    def _more_reasoning(
        self, event: Mapping[str, Any], part: int, value: Any, *, whole: bool, summary: bool = True
    ) -> Iterator[Delta]:
        index = self._index(event)
        item = self._items.get(index) or self._open(index, {"type": "reasoning", "id": event.get("item_id")})
        text = self._unsaid(item, (summary, part), value, whole)
        if text:
            yield ReasoningDelta(index, text, part, summary)

    @staticmethod
    def _unsaid(item: _Item, key: Any, value: Any, whole: bool) -> str:
        """What of a text was not handed out yet; counts it as handed out."""
        text = text_of(value)
        said = item.said.get(key, 0)
        new = text[said:] if whole else text
        if new:
            item.said[key] = said + len(new)
        return new

    def _finish_part(self, index: int, item: _Item, part: int, raw: Mapping[str, Any]) -> Iterator[Delta]:
        refusal = raw.get("type") == "refusal"
        text = self._unsaid(item, part, raw.get("refusal" if refusal else "text"), whole=True)
        logprobs = () if part in item.logprobs else tuple(dicts_of(raw.get("logprobs")))
        if text or logprobs:
            item.logprobs.add(part)
            yield TextDelta(index, text, part, refusal, logprobs)
        annotations = raw.get("annotations") or raw.get("inline_citations") or item.annotations.get(part)
        if part not in item.cited and annotations and (citations := read_citations(annotations)):
            item.cited.add(part)
            yield CitationsDelta(index, citations, part)

    def _finish_item(self, index: int, raw: Mapping[str, Any]) -> Iterator[Delta]:
        item = self._items.get(index)
        if item is None or (item.type != raw.get("type") and raw.get("type")):
            item = self._open(index, raw)
        if item.done or not raw:
            return
        item.done = True
        ident = text_or_none(raw.get("id"))
        if item.kind == "message":
            for n, part in enumerate(dicts_of(raw.get("content"))):
                yield from self._finish_part(index, item, n, part)
            yield ItemDelta(index, "message", ident)
        elif item.kind == "reasoning":
            for summary, key in ((True, "summary"), (False, "content")):
                for n, part in enumerate(dicts_of(raw.get(key))):
                    if text := self._unsaid(item, (summary, n), part.get("text"), whole=True):
                        yield ReasoningDelta(index, text, n, summary)
            yield ItemDelta(index, "reasoning", ident, text_or_none(raw.get("encrypted_content")))
        elif item.kind == "call":
            # Held back until the item is done: xAI sends the arguments whole anyway (17 of 17 recordings).
            call = decode_item(raw)
            if isinstance(call, ToolCall):
                yield ToolCallDelta(index, call.arguments, call.id, call.name, call.item_id)
        else:
            yield ItemDelta(index, "other", ident, raw=raw)

    def _held_of(self, index: int, item: _Item) -> Iterator[Delta]:
        for part, announced in item.annotations.items():
            if part not in item.cited and (citations := read_citations(announced)):
                item.cited.add(part)
                yield CitationsDelta(index, citations, part)
        if item.kind == "call" and not item.done:
            item.done = True
            call = decode_item({**item.raw, "arguments": item.arguments or item.raw.get("arguments")})
            if isinstance(call, ToolCall):
                yield ToolCallDelta(index, call.arguments, call.id, call.name, call.item_id)

    def _missing(self, output: Sequence[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Items of the final body that the stream has not finished, with the place where they belong."""
        left = dict(sorted(self._items.items()))
        places: dict[int, int] = {}
        for position, raw in enumerate(output):
            if position in left and left[position].type == raw.get("type"):
                places[position] = position
                del left[position]
        for position, raw in enumerate(output):  # a stream may count its items otherwise: then type and id tell
            if position not in places:
                alike = (n for n, i in left.items() if i.type == raw.get("type") and i.ident in (raw.get("id"), ""))
                if (place := next(alike, None)) is not None:
                    places[position] = place
                    del left[place]
        for position, raw in enumerate(output):
            place = places.get(position)
            if place is None:
                yield (position if position not in self._items else max(self._items) + 1), raw
            elif not self._items[place].done:
                yield place, raw


_HANDLERS: dict[str, Callable[[StreamDecoder, Mapping[str, Any]], Iterable[Delta]]] = {
    "response.created": StreamDecoder._on_created,
    "response.output_item.added": StreamDecoder._on_item_added,
    "response.output_item.done": StreamDecoder._on_item_done,
    "response.output_text.done": StreamDecoder._on_text_done,
    "response.output_text.annotation.added": StreamDecoder._on_annotation,
    "response.content_part.done": StreamDecoder._on_part_done,
    "response.refusal.delta": StreamDecoder._on_refusal_delta,
    "response.function_call_arguments.delta": StreamDecoder._on_arguments_delta,
    "response.function_call_arguments.done": StreamDecoder._on_arguments_done,
    "response.reasoning_summary_text.delta": StreamDecoder._on_summary_delta,
    "response.reasoning_summary_text.done": StreamDecoder._on_summary_done,
    "response.reasoning_text.delta": StreamDecoder._on_raw_reasoning_delta,
    "response.reasoning_text.done": StreamDecoder._on_raw_reasoning_done,
    "response.completed": StreamDecoder._on_end,
    "response.incomplete": StreamDecoder._on_end,
    "response.done": StreamDecoder._on_end,
    "response.failed": StreamDecoder._on_failed,
}
