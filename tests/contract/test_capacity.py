"""How much one process holds: two hundred streams at once; one pool of connections, however many models there are."""

from __future__ import annotations

import asyncio
import gc
import pickle
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest

from grok_adapter import GrokClient
from grok_adapter.sdk import http_library
from grok_emulator import Emulator
from tests.conftest import KEY
from tests.soak import settled
from tests.support.faults import Crowd, Fault, FaultServer, answer, by_kind, stream
from tests.support.servers import same_bytes
from tests.support.ways import APIS, BODIES, STREAMED, TEXT, WAYS, Way, apis, frames, streamed_ways

http = http_library(openai)
STREAMS = 200
async_streams = pytest.mark.parametrize("way", [way for way in STREAMED if way.asynchronous], ids=str)
providers = pytest.mark.parametrize("provider", ["langchain", "llama_index"])


async def all_at_once(way: Way, model: Any, questions: list[str]) -> list[str]:
    """The answers to questions whose streams are all open before one of them is read on."""
    begun = asyncio.Barrier(len(questions))

    async def one(question: str) -> str:
        pieces: list[str] = []
        async for piece in way.apieces(model, question):
            if not pieces:
                await begun.wait()  # a pool with too little room would stop here
            pieces.append(piece)
        return "".join(pieces)

    async with asyncio.timeout(60):
        return await asyncio.gather(*(one(question) for question in questions))


async def only_this_task() -> bool:
    for _ in range(200):
        if len(asyncio.all_tasks()) == 1:
            return True
        await asyncio.sleep(0.01)
    return False


@apis
@async_streams
def test_two_hundred_streams_at_once(emulator: Emulator, api: str, way: Way) -> None:
    model = way.model(emulator.base_url, api=api)
    before = settled()

    async def together() -> list[str]:
        answers = await all_at_once(way, model, questions)
        assert await only_this_task()
        return answers

    questions = [f"The number on the door is {n}. What is the number on the door?" for n in range(STREAMS)]
    answers = asyncio.run(together())
    assert [n for n, text in enumerate(answers) if text != f"The number on the door is {n}."] == []
    assert len(emulator.requests) == STREAMS
    after = settled(before)  # the loop has closed its connections
    assert {what: number for what, number in after.items() if number > before[what]} == {}


CHUNKS = 40
PER_STREAM = {"langchain": 60_000 + 3_000 * CHUNKS, "llama_index": 60_000 + 1_000 * CHUNKS}
"""Bytes: what httpx, the SDK and asyncio need for a connection, and what LangChain keeps of each chunk until the end
(a message of 2.5 kB). Measured in November 2026: 136 and 70 kB."""


@pytest.fixture(scope="module")
def constant() -> Iterator[str]:
    with same_bytes() as url:
        yield url(CHUNKS)


@async_streams
def test_a_stream_is_small(constant: str, way: Way) -> None:
    """Counted over fifty, since counting is slow."""
    model = way.model(constant, model="grok-4.3")

    async def together() -> tuple[int, int, int]:
        for _ in range(2):
            await way.aask(model)
        gc.collect()
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            answers = await all_at_once(way, model, ["Hi"] * 50)
            assert set(answers) == {"word " * CHUNKS}
            del answers
            assert await only_this_task()
            await GrokClient(model).aclose()
            gc.collect()
            return before, *tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    before, after, peak = asyncio.run(together())
    assert (peak - before) / 50 < PER_STREAM[way.provider]
    assert (after - before) / 50 < 6_000  # what was loaded and cached meanwhile


# --- pools


def usual(api: str) -> Fault:
    return by_kind(answer(BODIES[api]), stream(frames(api)))


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer(usual("responses")) as server:
        yield server


def test_models_of_both_providers_share_a_connection(server: FaultServer) -> None:
    sync = [way for way in WAYS if not way.asynchronous]
    for temperature in (0.1, 0.2, 0.3):
        for way in sync:
            assert way.ask(way.model(server.base_url, temperature=temperature, api_key=f"{KEY}{temperature}"))
    assert server.accepted == 1
    GrokClient(sync[0].model(server.base_url)).close()
    assert server.settles(0)


async def test_tasks_share_a_connection_within_their_loop(server: FaultServer) -> None:
    ways = [way for way in WAYS if way.asynchronous]
    for way in ways * 3:
        assert await way.aask(way.model(server.base_url))
    assert server.accepted == 1
    await GrokClient(ways[0].model(server.base_url)).aclose()
    assert server.settles(0)


@providers
def test_threads_that_begin_together_make_one_pool(server: FaultServer, provider: str) -> None:
    """Closing it closes everything: a second pool would stay open."""
    way = Way(provider, False, False)
    with ThreadPoolExecutor(12) as threads:
        assert all(threads.map(lambda _: way.ask(way.model(server.base_url)), range(12)))
    assert server.open > 0
    GrokClient(way.model(server.base_url)).close()
    assert server.settles(0)


def test_other_settings_of_the_connection_have_a_pool_of_their_own(server: FaultServer) -> None:
    way = Way("langchain", False, False)
    other = server.base_url + "/gateway"
    for url in (server.base_url, other, server.base_url, other):
        assert way.ask(way.model(url))
    assert server.accepted == 2
    GrokClient(way.model(other)).close()
    assert server.settles(1)
    GrokClient(way.model(server.base_url)).close()
    assert server.settles(0)


@pytest.mark.parametrize("way", [way for way in WAYS if way.asynchronous], ids=str)
async def test_a_pool_of_ones_own_that_is_full_makes_calls_wait(way: Way) -> None:
    crowd = Crowd(usual("responses"), expected=2)
    with FaultServer(crowd) as server:
        async with http.AsyncClient(limits=http.Limits(max_connections=2)) as own:
            model = way.model(server.base_url, http_async_client=own)
            assert await asyncio.gather(*(way.aask(model) for _ in range(7))) == [TEXT] * 7
    assert crowd.most == 2


# --- the connection of a stream that was read to its end serves the next call


@apis
@streamed_ways
async def test_streams_share_a_connection(api: str, way: Way) -> None:
    with FaultServer(usual(api)) as server:
        model = way.model(server.base_url, api=api)
        for _ in range(4):
            assert (await way.aask(model) if way.asynchronous else way.ask(model)) == TEXT
        assert server.accepted == 1
        await close(way, model)


@apis
@streamed_ways
@pytest.mark.parametrize("more", [[], [b": ping\n\n"] * 9], ids=["silent", "talkative"])
async def test_who_does_not_end_a_body_is_not_waited_for(api: str, way: Way, more: list[bytes]) -> None:
    with FaultServer(stream([*frames(api), *more], end="hang")) as server:
        model = way.model(server.base_url, api=api)
        began = time.monotonic()
        for _ in range(2):
            assert (await way.aask(model) if way.asynchronous else way.ask(model)) == TEXT
        assert time.monotonic() - began < 2
        assert server.settles(0)  # such a connection is closed, and the next call has another
        assert server.accepted == 2
        await close(way, model)


async def close(way: Way, model: Any) -> None:
    if way.asynchronous:
        await GrokClient(model).aclose()
    else:
        GrokClient(model).close()


# --- model objects


@pytest.mark.parametrize("api", APIS)
@providers
def test_a_model_object_is_small(provider: str, api: str) -> None:
    """50 kB each, whatever it has answered: connections are kept elsewhere."""
    with FaultServer(usual(api)) as own:
        ways = [Way(provider, False, False), Way(provider, True, False)]
        first = ways[0].model(own.base_url, api=api)
        for way in ways * 2:
            way.ask(first)
        gc.collect()
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            models = [ways[0].model(own.base_url, api=api) for _ in range(8)]
            for model in models:
                for way in ways:
                    way.ask(model)
            gc.collect()
            size = (tracemalloc.get_traced_memory()[0] - before) / len(models)
        finally:
            tracemalloc.stop()
        assert size < 50_000
        assert len(pickle.dumps(models[0])) < 5_000
        GrokClient(first).close()
