"""What the bytes of one stream mean, without I/O: events, deltas, stop sequences, the last delta, failures.

`GrokClient` owns the connection and asks a `StreamRun` about every chunk, in sync and async alike, so that everything
that can be wrong is written once.
"""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from grok_adapter.assembler import fold
from grok_adapter.codecs import codec_for
from grok_adapter.models import model_for
from grok_adapter.notices import is_visible
from grok_adapter.prepare import PreparedCall
from grok_adapter.pricing import cost_usd
from grok_adapter.server_calls import marked_citations, server_tool_call_for, uncited_sources
from grok_adapter.sse import EventReader
from grok_adapter.stop import StopCutter, finish_stopped
from grok_adapter.tokens import estimate_tokens
from grok_adapter.types import (
    ChatResponse,
    CitationsDelta,
    Delta,
    FinishDelta,
    ItemDelta,
    OtherItem,
    ReasoningDelta,
    TextDelta,
    Usage,
)

__all__ = ["StreamRun", "call_facts", "idle_error"]


class StreamRun:
    """What the bytes of one stream mean: reading, decoding, stop sequences, the last delta, failures."""

    def __init__(
        self,
        call: PreparedCall,
        headers: Mapping[str, str],
        *,
        idle_timeout: float | None = None,
        regional: bool = False,
        attempt: int = 1,
    ) -> None:
        self.call = call
        self.attempt = attempt
        self.closed = False
        self.headers = headers
        self._reader = EventReader()
        self._decoder = codec_for(call.api).StreamDecoder()
        self._cutter = StopCutter(call.stop) if call.stop else None
        self._log: list[Delta] = []
        self._idle_timeout = idle_timeout
        self.regional = regional
        self._failure: Exception | None = None
        self._since = time.monotonic() if idle_timeout else 0.0
        self._silent = 0.0

    def wants_bytes(self) -> bool:
        """Call before waiting for bytes: whether to. Silence is counted from here, not while the caller is busy."""
        if self._idle_timeout:
            self._since = time.monotonic()
        return self._failure is None

    def feed(self, chunk: bytes) -> list[Delta]:
        """The deltas that some bytes bring. What came before a failure is handed out first: the next call raises."""
        if self._failure is not None:
            raise self._failure
        out: list[Delta] = []
        events = 0
        try:
            for event in self._reader.feed(chunk):
                events += event.get("type") != "ping"
                out += self._decoder.feed(event)
            if self._reader.unreadable is not None:
                self._refuse_unreadable(self._reader.unreadable)
            if self._idle_timeout:
                self._watch(events)
            if self._reader.done and not self.closed:
                out += self._decoder.close()
                self.closed = True
        except Exception as error:
            if not out:
                raise
            self._failure = error
        return self._pass_on(out) if out else out

    def close(self) -> list[Delta]:
        """The deltas that the end of the bytes brings. Raises if it came too early."""
        if self._failure is not None:
            raise self._failure
        if self.closed:
            return []
        out: list[Delta] = []
        try:
            for event in self._reader.close():
                out += self._decoder.feed(event)
            if not (self._log or out or self._reader.read) and self._reader.stray:
                self._refuse_unreadable(self._reader.stray)
            out += self._decoder.close()
            self.closed = True
        except Exception as error:
            if not out:
                raise
            self._failure = error
        return self._pass_on(out)

    def _read_calls(self, deltas: list[Delta]) -> list[Delta]:
        return deltas if self.call.calls is None else self.call.calls.deltas(deltas)

    def _pass_on(self, deltas: list[Delta]) -> list[Delta]:
        deltas = self._read_calls(deltas)
        if self._cutter is not None:
            deltas = self._cutter.feed(deltas)
            if self._cutter.stopped:
                self.closed = True
                deltas += citations_so_far([*self._log, *deltas])
                deltas.append(replace(finish_stopped(self._decoder.envelope()), usage=self._estimate(deltas)))
        if deltas and isinstance(deltas[-1], FinishDelta):
            last = deltas[-1]
            for name, value in call_facts(self.call, self.headers, last, regional=self.regional).items():
                setattr(last, name, value)
            last.uncited_sources = _uncited([*self._log, *deltas])
            self.closed = True
        self._log += deltas
        return deltas

    def _estimate(self, last: list[Delta]) -> Usage:
        """Tokens of a stream that was closed before its usage came."""
        said = [d.text for d in (*self._log, *last) if isinstance(d, TextDelta)]
        thought = [d.text for d in (*self._log, *last) if isinstance(d, ReasoningDelta)]
        prompt = estimate_tokens(json.dumps(self.call.body.get("input") or self.call.body.get("messages"), default=str))
        reasoning = estimate_tokens("".join(thought))
        output = estimate_tokens("".join(said)) + reasoning
        return Usage(prompt, output, prompt + output, reasoning, estimated=True)

    def _watch(self, events: int) -> None:
        now = time.monotonic()
        self._silent = 0.0 if events else self._silent + now - self._since
        self._since = now
        if self._silent > (self._idle_timeout or 0):
            raise idle_error(self._idle_timeout or 0)

    def _refuse_unreadable(self, data: bytes) -> None:
        from grok_adapter.errors import error_for  # noqa: PLC0415  errors imports the SDK

        raise error_for(status=200, text=data.decode("utf-8", "replace"))

    def take(self, deltas: list[Delta]) -> list[Delta]:
        """Passes on the deltas of an answer that came whole after all; they end the stream."""
        self._log += deltas
        self.closed = True
        return deltas

    @property
    def last(self) -> FinishDelta | None:
        """The delta that ended the stream; `None` before it."""
        return self._log[-1] if self._log and isinstance(self._log[-1], FinishDelta) else None

    @property
    def visible(self) -> bool:
        """Whether any text or call of a function was handed out."""
        return any(is_visible(delta) for delta in self._log)

    @property
    def whole(self) -> bool:
        """Whether the wire's own end has come, and not only a stop sequence: no more is to be expected."""
        return self.closed and (self._cutter is None or not self._cutter.stopped)

    @property
    def started(self) -> bool:
        """Whether a delta was handed out."""
        return bool(self._log)

    def partial(self) -> ChatResponse:
        """The response so far."""
        so_far = [d for d in self._log if not isinstance(d, FinishDelta)]
        stopped = self._cutter.held if self._cutter is not None else []
        response = fold([*so_far, *stopped, *self._read_calls(self._decoder.held()), self._decoder.envelope()])
        return replace(response, **call_facts(self.call, self.headers, response, regional=self.regional))


def idle_error(seconds: float) -> Exception:
    """The error for a stream that was silent for too long. Not tried again: it may have been billed."""
    from grok_adapter.errors import GrokStreamError  # noqa: PLC0415  errors imports the SDK

    hint = "Raise stream_idle_timeout: reasoning can be silent for minutes, apart from pings."
    return GrokStreamError(
        f"No meaningful event for {seconds:g} s (stream_idle_timeout).", hint=hint, is_retryable=False
    )


def call_facts(
    call: PreparedCall, headers: Mapping[str, str], answer: ChatResponse | FinishDelta, *, regional: bool
) -> dict[str, Any]:
    """What an answer's body does not say: ids and limits from its headers, the report, the cost in dollars.

    Args:
        call: What was asked.
        headers: The response's headers.
        answer: The decoded answer.
        regional: Whether a regional host answered, which costs more.
    """
    from grok_adapter.errors import read_rate_limits  # noqa: PLC0415  errors imports the SDK

    dollars, estimated = None, False
    if answer.usage is not None:
        row = call.row if answer.model in (None, call.row.id) else model_for(answer.model or "")
        day = _day_of(answer.raw)
        dollars, estimated = cost_usd(answer.usage, row, when=day, service_tier=answer.service_tier, regional=regional)
    facts: dict[str, Any] = {
        "request_id": headers.get("x-request-id"),
        "rate_limits": read_rate_limits(headers),
        "unsupported_parameters": call.report,
        "cost_usd": dollars,
        "cost_estimated": estimated,
    }
    if isinstance(answer, ChatResponse):
        raw = (item.raw for item in answer.items if isinstance(item, OtherItem))
        facts["uncited_sources"] = uncited_sources(raw, (citation.url for citation in answer.citations))
    return facts


def _uncited(told: Iterable[Delta]) -> tuple[str, ...]:
    """The same sources, of an answer that was told as deltas."""
    told = [delta for delta in told if isinstance(delta, (ItemDelta, CitationsDelta))]
    cited = [c.url for delta in told if isinstance(delta, CitationsDelta) for c in delta.citations]
    raw = sorted((d.index, n) for n, d in enumerate(told) if isinstance(d, ItemDelta) and d.raw)
    return uncited_sources((getattr(told[n], "raw", None) or {} for _, n in raw), cited)


def citations_so_far(told: Sequence[Delta]) -> list[Delta]:
    """The citations of a stream that is closed within a text: xAI sends them behind it, but their marks are in it.

    Only where a tool of xAI's ran: a text may hold such a mark for other reasons.
    """
    if not any(isinstance(delta, ItemDelta) and delta.raw and server_tool_call_for(delta.raw) for delta in told):
        return []
    done = {(delta.index, delta.part) for delta in told if isinstance(delta, CitationsDelta)}
    texts: dict[tuple[int, int], list[str]] = {}
    for delta in told:
        if isinstance(delta, TextDelta) and not delta.refusal and (delta.index, delta.part) not in done:
            texts.setdefault((delta.index, delta.part), []).append(delta.text)
    found = ((place, marked_citations("".join(pieces))) for place, pieces in sorted(texts.items()))
    return [CitationsDelta(index, marks, part) for (index, part), marks in found if marks]


def _day_of(raw: Mapping[str, Any]) -> datetime.date | None:
    """The day of the answer, for the price of that day."""
    seconds = raw.get("created_at") or raw.get("created")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < 2**33:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).date()
