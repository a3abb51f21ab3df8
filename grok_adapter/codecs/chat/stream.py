"""Chunks of `/v1/chat/completions` -> deltas.

xAI sends each call whole in one chunk (24 of 24 recordings), but gateways cut and interleave them: calls are handed out
when the finish reason comes. Usage may come early, late, repeated or not at all: the last one counts, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grok_adapter.codecs._wire import clean_arguments, dict_of, dicts_of, event_error, read_sources, text_of
from grok_adapter.codecs.chat.response import FIRST_CALL, MESSAGE, REASONING, citations_for, envelope
from grok_adapter.types import CitationsDelta, Delta, FinishDelta, ReasoningDelta, TextDelta, ToolCallDelta

__all__ = ["StreamDecoder"]

PLACEHOLDER = "Thinking..."
"""What grok-4 streamed instead of its reasoning in July 2025, over and over: handed out once."""


class StreamDecoder:
    """Turns the chunks of one stream into deltas. One object a stream; nothing is kept elsewhere.

    Example:
        >>> decoder = StreamDecoder()
        >>> decoder.feed({"choices": [{"index": 0, "delta": {"content": "Hi"}}]})
        [TextDelta(index=1, text='Hi', part=0, refusal=False, logprobs=())]
    """

    def __init__(self) -> None:
        self._envelope: dict[str, Any] = {}
        self._calls: list[dict[str, str]] = []
        self._slots: dict[int, int] = {}  # the wire's call index -> place in `_calls`
        self._word: str | None = None
        self._ended = False
        self._placeholder = False
        self._sources: dict[str, None] = {}
        self._annotations: list[dict[str, Any]] = []

    @property
    def finished(self) -> bool:
        """Whether a finish reason was seen."""
        return self._ended

    def feed(self, event: Mapping[str, Any]) -> list[Delta]:
        """The deltas of one chunk; none for the empty ones that hidden reasoning sends.

        Raises:
            GrokError: The chunk is an error, `{"code": ..., "error": ...}`.
        """
        choices = event.get("choices")
        if not isinstance(choices, list):
            if "error" in event or ("code" in event and "id" not in event):
                raise event_error(event)
            choices = []
        envelope_ = self._envelope
        for key in ("id", "model", "service_tier", "system_fingerprint", "usage", "created", "object"):
            if value := event.get(key):
                envelope_[key] = value
        if event.get("citations"):
            self._sources.update(dict.fromkeys(read_sources(event["citations"])))
        out: list[Delta] = []
        for choice in choices:
            if not isinstance(choice, dict) or choice.get("index"):  # `n > 1` is not streamed
                continue
            delta = choice.get("delta") or choice.get("message")
            if isinstance(delta, dict) and delta:
                self._feed_delta(delta, choice, out)
            if "finish_reason" in choice and choice["finish_reason"] is not None:
                self._word, self._ended = text_of(choice["finish_reason"]) or self._word, True
        return out

    def close(self) -> list[Delta]:
        """The deltas that only the end of the stream settles; call when no more bytes come.

        Raises:
            GrokStreamError: The stream ended before a finish reason came.
        """
        if not self._ended:
            from grok_adapter.errors import GrokStreamError  # noqa: PLC0415  errors imports the SDK

            raise GrokStreamError("The stream ended before the answer was complete (no finish reason came).")
        return [*self.held(), self.envelope()]

    def held(self) -> list[Delta]:
        """What was held back for the end: citations and calls, as far as they came, in output order."""
        out: list[Delta] = []
        if citations := citations_for(self._annotations, tuple(self._sources)):
            out.append(CitationsDelta(MESSAGE, citations))
        for n, call in enumerate(self._calls):
            ident = call["id"] or f"call_{n}"
            out.append(ToolCallDelta(FIRST_CALL + n, clean_arguments(call["arguments"]), ident, call["name"]))
        return out

    def envelope(self) -> FinishDelta:
        """What is known so far of the answer as a whole."""
        fields = envelope(self._envelope, self._word, bool(self._calls))
        return FinishDelta(raw=self._envelope, sources=tuple(self._sources), **fields)

    def _feed_delta(self, delta: dict[str, Any], choice: Mapping[str, Any], out: list[Delta]) -> None:
        thought = delta.get("reasoning_content")
        if isinstance(thought, str) and thought and not self._repeats_placeholder(thought):
            out.append(ReasoningDelta(REASONING, thought, summary=False))
        text = delta.get("content")
        if isinstance(text, str) and text:
            logprobs = choice.get("logprobs")
            tokens = tuple(dicts_of(dict_of(logprobs).get("content"))) if logprobs else ()
            out.append(TextDelta(MESSAGE, text, logprobs=tokens))
        if delta.get("refusal") and (refusal := text_of(delta["refusal"])):
            out.append(TextDelta(MESSAGE, refusal, part=1, refusal=True))
        if delta.get("annotations"):
            self._annotations.extend(dicts_of(delta["annotations"]))
        if delta.get("tool_calls"):
            for raw in dicts_of(delta["tool_calls"]):
                self._feed_call(raw)

    def _feed_call(self, raw: Mapping[str, Any]) -> None:
        function, ident = dict_of(raw.get("function")), text_of(raw.get("id"))
        place = self._place_of(raw.get("index"), ident, bool(function.get("name")))
        if place == len(self._calls):
            self._calls.append({"id": "", "name": "", "arguments": ""})
        call = self._calls[place]
        call["id"] = call["id"] or ident
        call["name"] += text_of(function.get("name"))
        arguments = function.get("arguments")
        call["arguments"] += clean_arguments(arguments) if isinstance(arguments, dict) else text_of(arguments)

    def _place_of(self, index: Any, ident: str, named: bool) -> int:
        """Which call a piece belongs to; a piece without an index is a new call if it has a name, else the last."""
        if isinstance(index, int) and not isinstance(index, bool):
            place = self._slots.setdefault(index, len(self._calls))
            known = self._calls[place]["id"] if place < len(self._calls) else ""
            if known and ident and known != ident:  # one index for two calls: gateways do it
                place = self._slots[index] = len(self._calls)
            return place
        if named or not self._calls:
            return len(self._calls)
        return len(self._calls) - 1

    def _repeats_placeholder(self, text: str) -> bool:
        if text.strip() != PLACEHOLDER:
            return False
        repeated, self._placeholder = self._placeholder, True
        return repeated
