"""Limits that callers set: LangChain's rate limiter in every way to call, and `max_concurrency`, seen at the server."""

from __future__ import annotations

import asyncio
import copy
import pickle
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.caches import InMemoryCache
from langchain_core.messages import HumanMessage
from langchain_core.rate_limiters import BaseRateLimiter, InMemoryRateLimiter
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from pydantic import BaseModel

from grok_adapter import GrokWarning
from grok_emulator import Emulator
from langchain_grok import ChatGrok
from tests.conftest import KEY
from tests.support.faults import Crowd, FaultServer, answer, by_kind, stream
from tests.support.ways import BODIES, frames

QUESTION = "The number on the door is 7. What is the number on the door?"


class Tickets(BaseRateLimiter):
    """A limiter that lets everyone pass, and sees whether a request was sent without a ticket."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.sync = self.asynchronous = self.without = 0

    @property
    def given(self) -> int:
        return self.sync + self.asynchronous

    def acquire(self, *, blocking: bool = True) -> bool:
        self.without += len(self._emulator.requests) > self.given
        self.sync += 1
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        self.without += len(self._emulator.requests) > self.given
        self.asynchronous += 1
        return True


class Door(BaseModel):
    """A door."""

    number: int


@tool
def multiply(a: int, b: int) -> int:
    """Multiplies two numbers."""
    return a * b


async def _all(pieces: AsyncIterator[Any]) -> list[Any]:
    return [piece async for piece in pieces]


async def _told() -> AsyncIterator[str]:
    yield QUESTION


def _many(model: Any) -> list[list[HumanMessage]]:
    return [[HumanMessage(QUESTION)]] * 2


WAYS: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "invoke": (1, lambda m: m.invoke(QUESTION)),
    "stream": (1, lambda m: list(m.stream(QUESTION))),
    "batch": (3, lambda m: m.batch([QUESTION] * 3)),
    "batch_as_completed": (3, lambda m: list(m.batch_as_completed([QUESTION] * 3))),
    "generate": (2, lambda m: m.generate(_many(m))),
    "transform": (1, lambda m: list(m.transform(iter([QUESTION])))),
    "events": (1, lambda m: list(m.stream_events(QUESTION, version="v3"))),
    "tools": (2, lambda m: m.bind_tools([multiply]).batch(["What is 3 times 4?"] * 2)),
    "a chain": (2, lambda m: (RunnableLambda(str) | m).batch([QUESTION] * 2)),
    "configured": (1, lambda m: m.with_config(tags=["a"]).invoke(QUESTION)),
    "not streamed": (1, lambda m: list(m.model_copy(update={"disable_streaming": True}).stream(QUESTION))),
    "several answers": (1, lambda m: m.model_copy(update={"api": "chat", "n": 2}).generate(_many(m)[:1])),
    "structured": (1, lambda m: m.with_structured_output(Door).invoke(QUESTION)),
    "structured by a call": (1, lambda m: m.with_structured_output(Door, method="function_calling").invoke(QUESTION)),
    "structured stream": (1, lambda m: list(m.with_structured_output(Door, include_raw=True).stream(QUESTION))),
    "an agent": (2, lambda m: create_agent(m, [multiply]).invoke({"messages": "What is 3 multiplied by 4?"})),
}
"""Name: how many calls of the model it comes to, and how it is done."""

ASYNC_WAYS: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "invoke": (1, lambda m: m.ainvoke(QUESTION)),
    "stream": (1, lambda m: _all(m.astream(QUESTION))),
    "batch": (3, lambda m: m.abatch([QUESTION] * 3)),
    "batch_as_completed": (3, lambda m: _all(m.abatch_as_completed([QUESTION] * 3))),
    "generate": (2, lambda m: m.agenerate(_many(m))),
    "transform": (1, lambda m: _all(m.atransform(_told()))),
    "events": (1, lambda m: _all(m.astream_events(QUESTION, version="v2"))),
    "tools": (2, lambda m: m.bind_tools([multiply]).abatch(["What is 3 times 4?"] * 2)),
    "structured": (1, lambda m: m.with_structured_output(Door).ainvoke(QUESTION)),
    "structured batch": (2, lambda m: m.with_structured_output(Door).abatch([QUESTION] * 2)),
    "structured stream": (1, lambda m: _all(m.with_structured_output(Door).astream(QUESTION))),
    "an agent": (2, lambda m: create_agent(m, [multiply]).ainvoke({"messages": "What is 3 multiplied by 4?"})),
}


def limited(emulator: Emulator, **fields: Any) -> tuple[ChatGrok, Tickets]:
    tickets = Tickets(emulator)
    fields = {"base_url": emulator.base_url, "api_key": KEY, "max_retries": 0, **fields}
    return ChatGrok(rate_limiter=tickets, **fields), tickets


# --- the rate limiter


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_one_ticket_a_call_and_before_it(emulator: Emulator, way: str, streaming: bool) -> None:
    model, tickets = limited(emulator, streaming=streaming)
    calls, ask = WAYS[way]
    ask(model)
    assert len(emulator.requests) == tickets.given == calls
    assert tickets.without == 0
    assert tickets.asynchronous == 0


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("way", ASYNC_WAYS)
async def test_async_calls_wait_without_blocking_the_loop(emulator: Emulator, way: str, streaming: bool) -> None:
    model, tickets = limited(emulator, streaming=streaming)
    calls, ask = ASYNC_WAYS[way]
    await ask(model)
    assert len(emulator.requests) == tickets.given == calls
    assert tickets.without == 0
    assert tickets.sync == 0


def test_what_a_cache_answers_takes_no_ticket(emulator: Emulator) -> None:
    model, tickets = limited(emulator, cache=InMemoryCache())
    for _ in range(3):
        model.invoke(QUESTION)
        asyncio.run(model.ainvoke(QUESTION))
    assert (tickets.given, len(emulator.requests)) == (1, 1)


def test_a_count_of_tokens_takes_no_ticket(emulator: Emulator) -> None:
    model, tickets = limited(emulator, check_context=True)
    assert model.count_tokens("Hi", exact=True) > 0
    assert tickets.given == 0
    model.invoke(QUESTION)
    assert tickets.given == 1


def test_tries_of_ours_share_a_ticket_and_those_of_langchain_take_one_each(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in LangChain's own integrations, where the SDK tries again underneath the limiter."""
    monkeypatch.setattr(random, "uniform", lambda low, high: 0.0)  # no waits between tries
    refusal: Any = (503, {"error": "The model is at capacity."}, 2, {"retry-after": "0"})
    model, tickets = limited(emulator, max_retries=2)
    emulator.fail(*refusal)
    model.invoke(QUESTION)
    assert (tickets.given, len(emulator.requests)) == (1, 3)

    model, tickets = limited(emulator, max_retries=0)
    emulator.reset()
    emulator.fail(*refusal)
    model.with_retry(stop_after_attempt=3, wait_exponential_jitter=False).invoke(QUESTION)
    assert (tickets.given, len(emulator.requests)) == (3, 3)
    assert tickets.without == 0


@contextmanager
def watched(expected: int = 1) -> Iterator[tuple[FaultServer, Crowd]]:
    """A server that takes requests at any rate, and counts those it has at once."""
    crowd = Crowd(by_kind(answer(BODIES["responses"]), stream(frames("responses"))), expected=expected)
    with FaultServer(crowd) as server:
        yield server, crowd


RATED: dict[str, Callable[[Any], Any]] = {
    "batch": lambda m: m.batch(["Hi"] * 6),
    "abatch": lambda m: asyncio.run(m.abatch(["Hi"] * 6)),
    "bound": lambda m: m.bind_tools([multiply]).batch(["Hi"] * 6, {"max_concurrency": 4}),
    "pickled": lambda m: pickle.loads(pickle.dumps(m)).batch(["Hi"] * 6),
    "copied": lambda m: [other.batch(["Hi"] * 3) for other in (copy.deepcopy(m), m.model_copy())],
}


@pytest.mark.parametrize("way", RATED)
def test_langchains_own_limiter_holds_requests_back(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setenv("XAI_API_KEY", KEY)  # for the one that is pickled
    limiter = InMemoryRateLimiter(requests_per_second=20, check_every_n_seconds=0.005)  # begins without a ticket
    with watched() as (server, crowd):
        model = ChatGrok(base_url=server.base_url, rate_limiter=limiter)
        began = time.monotonic()
        RATED[way](model)
    assert len(crowd.came) == 6
    for n, moment in enumerate(sorted(crowd.came)):
        assert moment - began > n / 20, f"request {n + 1} after {moment - began:.3f} s"


# --- where the model goes, the limiter goes


class Unportable(Tickets):
    """One that holds what no pickle can, and does not say what it was made of."""

    def __init__(self, emulator: Any) -> None:
        super().__init__(emulator)
        self.lock = (n for n in range(3))


class OfOneKey(Tickets):
    """One that pickles: a limiter on a server that all processes ask, for instance."""

    def __init__(self, key: str) -> None:
        self.key = key


def test_a_pickled_model_is_limited_where_it_arrives(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAI_API_KEY", KEY)
    mine = InMemoryRateLimiter(requests_per_second=7, check_every_n_seconds=0.25, max_bucket_size=3)
    model = ChatGrok(base_url=emulator.base_url, rate_limiter=mine)
    for sent in (model, model.bind_tools([multiply])):
        arrived = pickle.loads(pickle.dumps(sent))
        limiter = getattr(arrived, "bound", arrived).rate_limiter
        assert type(limiter) is InMemoryRateLimiter
        assert limiter is not mine
        assert (limiter.requests_per_second, limiter.check_every_n_seconds, limiter.max_bucket_size) == (7, 0.25, 3)
        assert limiter.acquire(blocking=False) is False  # its own bucket, which begins empty
    shared = ChatGrok(base_url=emulator.base_url, rate_limiter=OfOneKey("all workers"))
    assert pickle.loads(pickle.dumps(shared)).rate_limiter.key == "all workers"


def test_a_limiter_that_cannot_go_along_is_missed_aloud(emulator: Emulator) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, rate_limiter=Unportable(emulator))
    with pytest.warns(GrokWarning, match=r"rate_limiter=Unportable.*left out: give the copy one.*model_copy\(update="):
        arrived = pickle.loads(pickle.dumps(model))
    assert arrived.rate_limiter is None


# --- max_concurrency

CROWDED: dict[str, Callable[[Any, Any], Any]] = {
    "batch": lambda m, config: m.batch(["Hi"] * 9, config),
    "abatch": lambda m, config: asyncio.run(m.abatch(["Hi"] * 9, config)),
    "batch_as_completed": lambda m, config: list(m.batch_as_completed(["Hi"] * 9, config)),
    "abatch_as_completed": lambda m, config: asyncio.run(_all(m.abatch_as_completed(["Hi"] * 9, config))),
    "bound": lambda m, config: m.bind_tools([multiply]).batch(["Hi"] * 9, config),
    "configured": lambda m, config: m.with_config(config).batch(["Hi"] * 9),
    "configured, async": lambda m, config: asyncio.run(m.with_config(config).abatch(["Hi"] * 9)),
    "a chain": lambda m, config: (m | RunnableLambda(str)).batch(["Hi"] * 9, config),
}


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("way", CROWDED)
def test_max_concurrency_at_the_server(way: str, streaming: bool) -> None:
    with watched(expected=3) as (server, crowd):
        model = ChatGrok(base_url=server.base_url, api_key=KEY, max_retries=0, streaming=streaming)
        CROWDED[way](model, {"max_concurrency": 3})
    assert len(crowd.came) == 9
    assert crowd.most == 3
