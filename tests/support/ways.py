"""The eight ways to ask both providers, under one face: whole or streamed, sync or async, and the answers they ask for.

Laws and faults that hold for both providers are written once over `WAYS`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage

from langchain_grok import ChatGrok
from llama_index_grok import Grok
from tests.conftest import KEY
from tests.support.generated import events_of, sse_of

APIS = ["responses", "chat"]


@dataclass(frozen=True)
class Way:
    """One way to ask.

    Attributes:
        provider: `"langchain"` or `"llama_index"`.
        streamed: Whether the answer comes in pieces.
        asynchronous: Whether it is awaited.
    """

    provider: str
    streamed: bool
    asynchronous: bool

    def __str__(self) -> str:
        how = ("stream" if self.streamed else "whole") + ("-async" if self.asynchronous else "")
        return f"{self.provider}-{how}"

    def model(self, base_url: str, **fields: Any) -> Any:
        """A model of this provider at a server."""
        cls: Any = ChatGrok if self.provider == "langchain" else Grok
        return cls(**{"base_url": base_url, "api_key": KEY, "max_retries": 0, **fields})

    def ask(self, model: Any, text: str = "Hi", *, on_text: Callable[[str], Any] = len, **kwargs: Any) -> str:
        """The text of one answer; `on_text` is told the pieces of a stream as they come."""
        if self.asynchronous:
            return asyncio.run(self.aask(model, text, on_text=on_text, **kwargs))
        if self.streamed:
            pieces = []
            for piece in self.pieces(model, text, **kwargs):
                on_text(piece)
                pieces.append(piece)
            return "".join(pieces)
        lc = self.provider == "langchain"
        return _text(model.invoke(text, **kwargs) if lc else model.chat(_said(text), **kwargs))

    async def aask(self, model: Any, text: str = "Hi", *, on_text: Callable[[str], Any] = len, **kwargs: Any) -> str:
        """The text of one answer, for those who are in a loop already."""
        if self.streamed:
            pieces = []
            async for piece in self.apieces(model, text, **kwargs):
                on_text(piece)
                pieces.append(piece)
            return "".join(pieces)
        lc = self.provider == "langchain"
        return _text(await (model.ainvoke(text, **kwargs) if lc else model.achat(_said(text), **kwargs)))

    def stream(self, model: Any, text: str = "Hi", **kwargs: Any) -> Iterator[Any]:
        """The framework's own iterator over an answer."""
        stream: Iterator[Any] = (
            model.stream(text, **kwargs) if self.provider == "langchain" else model.stream_chat(_said(text), **kwargs)
        )
        return stream

    async def astream(self, model: Any, text: str = "Hi", **kwargs: Any) -> AsyncIterator[Any]:
        """The framework's own async iterator over an answer."""
        stream: AsyncIterator[Any]
        if self.provider == "langchain":
            stream = model.astream(text, **kwargs)
        else:
            stream = await model.astream_chat(_said(text), **kwargs)
        return stream

    def pieces(self, model: Any, text: str = "Hi", **kwargs: Any) -> Iterator[str]:
        """The texts that come, one after the other."""
        for piece in self.stream(model, text, **kwargs):
            yield _new(piece)

    async def apieces(self, model: Any, text: str = "Hi", **kwargs: Any) -> AsyncIterator[str]:
        """Async twin of `pieces`."""
        async for piece in await self.astream(model, text, **kwargs):
            yield _new(piece)


def _said(text: str) -> list[ChatMessage]:
    return [ChatMessage(content=text)]


def _text(answer: Any) -> str:
    return str(answer.message.content if hasattr(answer, "message") else answer.text)


def _new(piece: Any) -> str:
    return str((piece.delta or "") if hasattr(piece, "delta") else piece.text)


WAYS = [Way(p, s, a) for p in ("langchain", "llama_index") for s in (False, True) for a in (False, True)]
STREAMED = [way for way in WAYS if way.streamed]
ways = pytest.mark.parametrize("way", WAYS, ids=str)
streamed_ways = pytest.mark.parametrize("way", STREAMED, ids=str)
apis = pytest.mark.parametrize("api", APIS)

TEXT = "One two three. Καλημέρα, 世界 🌍."
USAGE = {"input_tokens": 5, "output_tokens": 4, "total_tokens": 9, "cost_in_usd_ticks": 420_000}
BODIES: dict[str, dict[str, Any]] = {
    "responses": {
        "id": "r1",
        "object": "response",
        "model": "grok-4.7",
        "status": "completed",
        "output": [
            {
                "type": "message",
                "id": "m1",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": TEXT, "annotations": []}],
            }
        ],
        "usage": USAGE,
    },
    "chat": {
        "id": "r1",
        "object": "chat.completion",
        "created": 1,
        "model": "grok-4.7",
        "service_tier": "default",
        "system_fingerprint": "fp",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9, "cost_in_usd_ticks": 420_000},
    },
}
"""A plain answer of each API."""


def frames(api: str, count: int | None = None, size: int = 4) -> list[bytes]:
    """The frames of the plain answer's stream, the first `count` of them, texts in pieces of `size` characters."""
    whole = sse_of(api, events_of(api, BODIES[api], size))
    parts = [part + b"\n\n" for part in whole.split(b"\n\n") if part]
    return parts if count is None else parts[:count]
