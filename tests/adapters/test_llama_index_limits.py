"""Limits that callers set: LlamaIndex's rate limiters in every way to call, and `num_workers`, seen at the server."""

from __future__ import annotations

import asyncio
import copy
import pickle
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent, ReActAgent
from llama_index.core.async_utils import run_jobs
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler
from llama_index.core.extractors import KeywordExtractor
from llama_index.core.prompts import PromptTemplate
from llama_index.core.rate_limiter import BaseRateLimiter, SlidingWindowRateLimiter, TokenBucketRateLimiter
from llama_index.core.schema import TextNode
from llama_index.core.tools import FunctionTool
from llama_index.core.types import PydanticProgramMode
from pydantic import BaseModel

from grok_adapter import GrokWarning
from grok_emulator import Emulator
from llama_index_grok import Grok
from tests.conftest import KEY
from tests.support.faults import Crowd, FaultServer, answer, by_kind, stream
from tests.support.ways import BODIES, frames

QUESTION = "The number on the door is 7. What is the number on the door?"
SUM = "What is 3 multiplied by 4?"
SAID = [ChatMessage(QUESTION)]
PROMPT = PromptTemplate("The number on the door is {n}. What is the number on the door?")


class Tickets(BaseRateLimiter):
    """A limiter that lets everyone pass, and sees whether a request was sent without a ticket."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.sync = self.asynchronous = self.without = 0

    @property
    def given(self) -> int:
        return self.sync + self.asynchronous

    def acquire(self, num_tokens: int = 0) -> None:
        self.without += len(self._emulator.requests) > self.given
        self.sync += 1

    async def async_acquire(self, num_tokens: int = 0) -> None:
        self.without += len(self._emulator.requests) > self.given
        self.asynchronous += 1


class Door(BaseModel):
    """A door."""

    number: int


def multiply(a: int, b: int) -> int:
    """Multiplies two numbers."""
    return a * b


TOOLS = [FunctionTool.from_defaults(multiply)]


async def _all(pieces: Awaitable[AsyncIterator[Any]]) -> list[Any]:
    return [piece async for piece in await pieces]


async def _run(agent: Any) -> Any:
    return await agent.run(SUM)


WAYS: dict[str, Callable[[Any], Any]] = {
    "chat": lambda m: m.chat(SAID),
    "stream_chat": lambda m: list(m.stream_chat(SAID)),
    "complete": lambda m: m.complete(QUESTION),
    "stream_complete": lambda m: list(m.stream_complete(QUESTION)),
    "predict": lambda m: m.predict(PROMPT, n=7),
    "stream": lambda m: list(m.stream(PROMPT, n=7)),
    "chat_with_tools": lambda m: m.chat_with_tools(TOOLS, SUM),
    "stream_chat_with_tools": lambda m: list(m.stream_chat_with_tools(TOOLS, SUM)),
    "predict_and_call": lambda m: m.predict_and_call(TOOLS, SUM),
    "structured_predict": lambda m: m.structured_predict(Door, PROMPT, n=7),
    "stream_structured_predict": lambda m: list(m.stream_structured_predict(Door, PROMPT, n=7)),
    "as_structured_llm": lambda m: m.as_structured_llm(Door).complete(QUESTION),
    "as_structured_llm, stream": lambda m: list(m.as_structured_llm(Door).stream_chat(SAID)),
}

ASYNC_WAYS: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "achat": (1, lambda m: m.achat(SAID)),
    "astream_chat": (1, lambda m: _all(m.astream_chat(SAID))),
    "acomplete": (1, lambda m: m.acomplete(QUESTION)),
    "astream_complete": (1, lambda m: _all(m.astream_complete(QUESTION))),
    "apredict": (1, lambda m: m.apredict(PROMPT, n=7)),
    "astream": (1, lambda m: _all(m.astream(PROMPT, n=7))),
    "achat_with_tools": (1, lambda m: m.achat_with_tools(TOOLS, SUM)),
    "astream_chat_with_tools": (1, lambda m: _all(m.astream_chat_with_tools(TOOLS, SUM))),
    "apredict_and_call": (1, lambda m: m.apredict_and_call(TOOLS, SUM)),
    "astructured_predict": (1, lambda m: m.astructured_predict(Door, PROMPT, n=7)),
    "astream_structured_predict": (1, lambda m: _all(m.astream_structured_predict(Door, PROMPT, n=7))),
    "as_structured_llm": (1, lambda m: m.as_structured_llm(Door).acomplete(QUESTION)),
    "FunctionAgent": (2, lambda m: _run(FunctionAgent(tools=TOOLS, llm=m))),
    "FunctionAgent, whole": (2, lambda m: _run(FunctionAgent(tools=TOOLS, llm=m, streaming=False))),
    "ReActAgent": (2, lambda m: _run(ReActAgent(tools=TOOLS, llm=m))),
}
"""Name: how many calls of the model it comes to, and how it is done."""

MODES = [PydanticProgramMode.DEFAULT, PydanticProgramMode.FUNCTION, PydanticProgramMode.LLM]


def limited(emulator: Emulator, **fields: Any) -> tuple[Grok, Tickets]:
    tickets = Tickets(emulator)
    fields = {"base_url": emulator.base_url, "api_key": KEY, "max_retries": 0, **fields}
    return Grok(rate_limiter=tickets, **fields), tickets


# --- the rate limiter


@pytest.mark.parametrize(
    "watched_by", [[], [LlamaDebugHandler(print_trace_on_end=False)]], ids=["unwatched", "watched"]
)
@pytest.mark.parametrize("way", WAYS)
def test_one_ticket_a_call_and_before_it(emulator: Emulator, way: str, watched_by: list[Any]) -> None:
    model, tickets = limited(emulator, callback_manager=CallbackManager(watched_by))
    WAYS[way](model)
    assert len(emulator.requests) == tickets.given == 1
    assert tickets.without == 0
    assert tickets.asynchronous == 0


@pytest.mark.parametrize(
    "watched_by", [[], [LlamaDebugHandler(print_trace_on_end=False)]], ids=["unwatched", "watched"]
)
@pytest.mark.parametrize("way", ASYNC_WAYS)
async def test_async_calls_wait_without_blocking_the_loop(emulator: Emulator, way: str, watched_by: list[Any]) -> None:
    model, tickets = limited(emulator, callback_manager=CallbackManager(watched_by))
    calls, ask = ASYNC_WAYS[way]
    await ask(model)
    assert len(emulator.requests) == tickets.given == calls
    assert tickets.without == 0
    assert tickets.sync == 0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("way", [way for way in WAYS if "structured" in way])
def test_structured_answers_of_every_mode(emulator: Emulator, way: str, mode: PydanticProgramMode) -> None:
    model, tickets = limited(emulator, pydantic_program_mode=mode)
    WAYS[way](model)
    assert (len(emulator.requests), tickets.given, tickets.without) == (1, 1, 0)


def test_further_tries_share_a_ticket(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in LlamaIndex's own integrations, whose retries are underneath the limiter, too."""
    monkeypatch.setattr(random, "uniform", lambda low, high: 0.0)  # no waits between tries
    model, tickets = limited(emulator, max_retries=2)
    emulator.fail(503, {"error": "The model is at capacity."}, 2, {"retry-after": "0"})
    model.chat(SAID)
    assert (tickets.given, len(emulator.requests)) == (1, 3)


@contextmanager
def watched(expected: int = 1) -> Iterator[tuple[FaultServer, Crowd]]:
    """A server that takes requests at any rate, and counts those it has at once."""
    crowd = Crowd(by_kind(answer(BODIES["responses"]), stream(frames("responses"))), expected=expected)
    with FaultServer(crowd) as server:
        yield server, crowd


def jobs(model: Any, number: int, workers: int) -> Any:
    return asyncio.run(run_jobs([model.achat([ChatMessage("Hi")]) for _ in range(number)], workers=workers))


def streams(model: Any, number: int, workers: int) -> Any:
    one = [_all(model.astream_chat([ChatMessage("Hi")])) for _ in range(number)]
    return asyncio.run(run_jobs(one, workers=workers))


def keywords(model: Any, number: int, workers: int) -> Any:
    extractor = KeywordExtractor(llm=model, num_workers=workers, show_progress=False)
    return extractor.extract([TextNode(text=f"Node {n}.") for n in range(number)])


RATED: dict[str, Callable[[Any], Any]] = {
    "run_jobs": lambda m: jobs(m, 6, 6),
    "streams": lambda m: streams(m, 6, 6),
    "an extractor": lambda m: keywords(m, 6, 6),
    "in a loop": lambda m: [m.complete("Hi") for _ in range(6)],
    "copied": lambda m: [jobs(other, 3, 3) for other in (copy.deepcopy(m), m.model_copy())],
}


@pytest.mark.parametrize("way", RATED)
def test_llama_indexs_own_limiter_holds_requests_back(way: str) -> None:
    limiter = TokenBucketRateLimiter(requests_per_minute=1200)  # 20 a second
    with watched() as (server, crowd):
        model = Grok(base_url=server.base_url, api_key=KEY, rate_limiter=limiter)
        began = time.monotonic()
        for _ in range(1200):  # its bucket begins full
            limiter.acquire()
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


@pytest.mark.parametrize(
    "mine",
    [
        TokenBucketRateLimiter(requests_per_minute=7, tokens_per_minute=1000),
        SlidingWindowRateLimiter(requests_per_minute=7, request_burst=2),
    ],
    ids=lambda limiter: type(limiter).__name__,
)
def test_a_pickled_model_is_limited_where_it_arrives(mine: Any) -> None:
    """LlamaIndex pickles models itself: `IngestionPipeline(num_workers=...)` sends them to its processes."""
    limiter = pickle.loads(pickle.dumps(Grok(api_key=KEY, rate_limiter=mine))).rate_limiter
    assert type(limiter) is type(mine)
    assert limiter is not mine
    assert limiter.model_dump() == mine.model_dump()
    for _ in range(3):
        limiter.acquire()  # it works: its lock is its own


def test_a_limiter_that_cannot_go_along_is_missed_aloud(emulator: Emulator) -> None:
    model = Grok(base_url=emulator.base_url, api_key=KEY, rate_limiter=Unportable(emulator))
    with pytest.warns(GrokWarning, match=r"rate_limiter=Unportable.*left out: give the copy one.*model_copy\(update="):
        arrived = pickle.loads(pickle.dumps(model))
    assert arrived.rate_limiter is None


# --- workers


@pytest.mark.parametrize("way", [jobs, streams, keywords], ids=lambda way: way.__name__)
def test_workers_at_the_server(way: Callable[[Any, int, int], Any]) -> None:
    with watched(expected=3) as (server, crowd):
        way(Grok(base_url=server.base_url, api_key=KEY, max_retries=0), 9, 3)
    assert len(crowd.came) == 9
    assert crowd.most == 3
