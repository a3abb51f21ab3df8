"""Stop sequences where xAI has none: the text is cut at the first one, and what follows is dropped.

`cut_response` does it to a whole answer, `StopCutter` to a stream of deltas, over any chunk boundary. Reasoning and
tool calls before the cut are kept. A sequence is looked for within one text part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from grok_adapter.types import ChatResponse, Delta, FinishDelta, MessageItem, OutputItem, TextDelta, TextPart

__all__ = ["StopCutter", "cut_response"]


def _first(text: str, stops: Sequence[str]) -> int:
    """Where the earliest stop sequence begins; -1 if there is none."""
    return min((at for stop in stops if stop and (at := text.find(stop)) >= 0), default=-1)


def cut_response(response: ChatResponse, stops: Sequence[str]) -> ChatResponse:
    """The response up to the first stop sequence in its text.

    Example:
        >>> from grok_adapter.types import MessageItem, TextPart
        >>> cut_response(ChatResponse((MessageItem((TextPart("one END two"),)),)), ["END"]).text
        'one '
    """
    kept: list[OutputItem] = []
    for item in response.items:
        if not isinstance(item, MessageItem):
            kept.append(item)
            continue
        parts: list[TextPart] = []
        for part in item.parts:
            at = -1 if part.refusal else _first(part.text, stops)
            if at < 0:
                parts.append(part)
                continue
            cited = tuple(c for c in part.citations if c.end_index is None or c.end_index <= at)
            if at or cited:
                parts.append(replace(part, text=part.text[:at], citations=cited, logprobs=()))
            if parts:
                kept.append(replace(item, parts=tuple(parts)))
            return replace(response, items=tuple(kept), finish_reason="stop", raw_finish_reason="stop")
        kept.append(item)
    return response


class StopCutter:
    """Passes deltas on until a stop sequence begins. Holds back only what may be the start of one.

    Example:
        >>> cutter = StopCutter(["END"])
        >>> [d.text for d in cutter.feed([TextDelta(0, "one E"), TextDelta(0, "ND two")])], cutter.stopped
        (['one '], True)
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held: TextDelta | None = None
        self.stopped = False

    def feed(self, deltas: Iterable[Delta]) -> list[Delta]:
        """What may be passed on of some deltas; once `stopped`, nothing more."""
        out: list[Delta] = []
        for delta in deltas:
            if self.stopped:
                break
            if isinstance(delta, TextDelta) and not delta.refusal:
                self._feed_text(delta, out)
            else:
                self._flush(out)
                out.append(delta)
        return out

    @property
    def held(self) -> list[Delta]:
        """Text that is held back because a stop sequence may begin in it."""
        return [] if self._held is None else [self._held]

    def _feed_text(self, delta: TextDelta, out: list[Delta]) -> None:
        held = self._held
        if held is not None and (held.index, held.part) == (delta.index, delta.part):
            delta = replace(delta, text=held.text + delta.text)
            self._held = None
        else:
            self._flush(out)
        at = _first(delta.text, self._stops)
        if at >= 0:
            self.stopped = True
            if at:
                out.append(replace(delta, text=delta.text[:at], logprobs=()))
            return
        keep = self._possible_start(delta.text)
        if keep:
            self._held = TextDelta(delta.index, delta.text[-keep:], delta.part)
            delta = replace(delta, text=delta.text[:-keep])
        if delta.text or delta.logprobs:
            out.append(delta)

    def _possible_start(self, text: str) -> int:
        """How many characters at the end of the text may be the beginning of a stop sequence."""
        longest = min(len(text), max((len(stop) for stop in self._stops), default=1) - 1)
        for size in range(longest, 0, -1):
            if any(stop.startswith(text[-size:]) for stop in self._stops):
                return size
        return 0

    def _flush(self, out: list[Delta]) -> None:
        if self._held is not None:
            out.append(self._held)
            self._held = None


def finish_stopped(envelope: FinishDelta) -> FinishDelta:
    """The last delta of a stream that was closed at a stop sequence."""
    return replace(envelope, finish_reason="stop", raw_finish_reason="stop")
