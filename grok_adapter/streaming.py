"""What the bytes of one stream mean, without I/O: events, deltas, stop sequences, the last delta, failures.

`GrokClient` owns the connection and asks a `StreamRun` about every chunk, in sync and async alike, so that everything
that can be wrong is written once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace

from grok_adapter.assembler import fold
from grok_adapter.codecs import codec_for
from grok_adapter.prepare import PreparedCall
from grok_adapter.sse import EventReader
from grok_adapter.stop import StopCutter, finish_stopped
from grok_adapter.tokens import estimate_tokens
from grok_adapter.types import ChatResponse, Delta, FinishDelta, ReasoningDelta, TextDelta, Usage

__all__ = ["StreamRun"]


class StreamRun:
    """What the bytes of one stream mean: reading, decoding, stop sequences, the last delta, failures."""

    def __init__(self, call: PreparedCall, headers: Mapping[str, str], idle_timeout: float | None) -> None:
        self.call = call
        self.closed = False
        self.headers = headers
        self._reader = EventReader()
        self._decoder = codec_for(call.api).StreamDecoder()
        self._cutter = StopCutter(call.stop) if call.stop else None
        self._log: list[Delta] = []
        self._idle_timeout = idle_timeout
        self._last_sign = time.monotonic() if idle_timeout else 0.0

    def feed(self, chunk: bytes) -> list[Delta]:
        """The deltas that some bytes bring."""
        out: list[Delta] = []
        events = 0
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
        return self._pass_on(out) if out else out

    def close(self) -> list[Delta]:
        """The deltas that the end of the bytes brings. Raises if it came too early."""
        if self.closed:
            return []
        out: list[Delta] = []
        for event in self._reader.close():
            out += self._decoder.feed(event)
        out += self._decoder.close()
        self.closed = True
        return self._pass_on(out)

    def _pass_on(self, deltas: list[Delta]) -> list[Delta]:
        if self._cutter is not None:
            deltas = self._cutter.feed(deltas)
            if self._cutter.stopped:
                self.closed = True
                deltas.append(replace(finish_stopped(self._decoder.envelope()), usage=self._estimate(deltas)))
        if deltas and isinstance(deltas[-1], FinishDelta):
            complete_finish(deltas[-1], self.call, self.headers)
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
        if events:
            self._last_sign = now
        elif now - self._last_sign > (self._idle_timeout or 0):
            from grok_adapter.errors import GrokStreamError  # noqa: PLC0415

            raise GrokStreamError(
                f"No meaningful event for {self._idle_timeout:g} s (stream_idle_timeout).", is_retryable=False
            )

    def _refuse_unreadable(self, data: bytes) -> None:
        from grok_adapter.errors import error_for  # noqa: PLC0415

        raise error_for(status=200, text=data.decode("utf-8", "replace"))

    @property
    def started(self) -> bool:
        """Whether a delta was handed out."""
        return bool(self._log)

    def partial(self) -> ChatResponse:
        """The response so far."""
        so_far = [d for d in self._log if not isinstance(d, FinishDelta)]
        return fold([*so_far, *self._decoder.held(), self._decoder.envelope()])


def complete_finish(finish: FinishDelta, call: PreparedCall, headers: Mapping[str, str]) -> None:
    from grok_adapter.errors import read_rate_limits  # noqa: PLC0415

    finish.request_id = headers.get("x-request-id")
    finish.rate_limits = read_rate_limits(headers)
    finish.unsupported_parameters = call.report
