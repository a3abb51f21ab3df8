"""Whoever leaves a stream, or a call, leaves nothing behind: the connection closes at once, no task stays.

Counted on the server's side (`tests.support.faults`), with callback handlers attached, in agents too.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from llama_index.core.agent.workflow import AgentStream, FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler, TokenCountingHandler
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel

from grok_adapter import GrokClient, Message
from grok_adapter.types import TextPart
from langchain_grok import ChatGrok
from llama_index_grok import Grok
from tests.conftest import KEY
from tests.support import faults
from tests.support.faults import Fault, FaultServer, answer, endless
from tests.support.generated import sse_of
from tests.support.ways import BODIES, STREAMED, WAYS, Way, apis, frames, streamed_ways

sync_streams = pytest.mark.parametrize("way", [w for w in STREAMED if not w.asynchronous], ids=str)
async_streams = pytest.mark.parametrize("way", [w for w in STREAMED if w.asynchronous], ids=str)
async_ways = pytest.mark.parametrize("way", [w for w in WAYS if w.asynchronous], ids=str)

SOON = 1.0  # seconds; closing takes some milliseconds, a busy machine more


class Watcher(BaseCallbackHandler):
    """A handler that keeps what it is told, errors with their tracebacks included, as tracers do."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def on_llm_error(self, error: BaseException, **kwargs: Any) -> None:
        self.kept.append((error, kwargs))

    def on_llm_new_token(self, token: str, **kwargs: Any) -> None:
        self.kept.append(kwargs.get("chunk"))


def babble(api: str) -> Fault:
    """A stream that goes on for ever."""
    events = {
        "responses": {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "la "},
        "chat": {"id": "r1", "model": "grok-4.7", "choices": [{"index": 0, "delta": {"content": "la "}}]},
    }
    piece = sse_of(api, [events[api]]).removesuffix(b"data: [DONE]\n\n")
    return endless(piece, 0.01, first=b"".join(frames(api, 5)))


@pytest.fixture
def server(api: str) -> Iterator[FaultServer]:
    with FaultServer(babble(api)) as running:
        yield running


def watched(way: Way, server: FaultServer, api: str) -> Any:
    """A model with a callback handler attached."""
    if way.provider == "langchain":
        return way.model(server.base_url, api=api, callbacks=[Watcher()])
    handlers = CallbackManager([LlamaDebugHandler(print_trace_on_end=False), TokenCountingHandler()])
    return way.model(server.base_url, api=api, callback_manager=handlers)


async def closed(server: FaultServer, connections: int = 0) -> bool:
    """Whether the server sees it closed, while the loop goes on."""
    until = time.monotonic() + SOON
    while server.open > connections and time.monotonic() < until:
        await asyncio.sleep(0.005)
    return server.open <= connections


async def only_this_task() -> bool:
    """Whether no other task is left: a generator that was dropped is closed by one that ends a moment later."""
    until = time.monotonic() + SOON
    while asyncio.all_tasks() != {asyncio.current_task()} and time.monotonic() < until:
        await asyncio.sleep(0.005)
    return asyncio.all_tasks() == {asyncio.current_task()}


# --- sync


def leave_by_break(stream: Any) -> None:
    for piece in stream:
        assert piece is not None
        break


def leave_by_close(stream: Any) -> None:
    next(stream)
    stream.close()


def leave_by_throw(stream: Any) -> None:
    next(stream)
    with pytest.raises(KeyboardInterrupt):
        stream.throw(KeyboardInterrupt())


def leave_by_error(stream: Any) -> None:
    with contextlib.suppress(RuntimeError):
        for _ in stream:
            raise RuntimeError("the caller's own")


@pytest.mark.parametrize("leave", [leave_by_break, leave_by_close, leave_by_throw, leave_by_error])
@sync_streams
@apis
def test_leaving_a_stream(server: FaultServer, api: str, way: Way, leave: Callable[[Any], None]) -> None:
    model = watched(way, server, api)
    gc.disable()  # it must not depend on it
    try:
        leave(way.stream(model))
        assert server.settles(within=SOON)
    finally:
        gc.enable()
    assert server.left_early == 1


@sync_streams
@apis
def test_a_stream_that_is_kept_but_not_read_closes_when_closed(server: FaultServer, api: str, way: Way) -> None:
    stream: Any = way.stream(watched(way, server, api))
    next(stream)
    assert server.open == 1
    stream.close()
    assert server.settles(within=SOON)
    assert list(stream) == []


def test_a_stream_that_was_never_begun_sends_nothing() -> None:
    with FaultServer(babble("chat")) as server:
        for way in (Way("langchain", True, False), Way("llama_index", True, False)):
            stream: Any = way.stream(way.model(server.base_url, api="chat"))
            stream.close()
        assert server.requests == []


# --- async


async def aleave_by_break(way: Way, model: Any) -> None:
    async for piece in await way.astream(model):
        assert piece is not None
        break


async def aleave_by_aclose(way: Way, model: Any) -> None:
    stream: Any = await way.astream(model)
    await anext(stream)
    await stream.aclose()


async def read_on(way: Way, model: Any, begun: asyncio.Event) -> None:
    async for _ in await way.astream(model):
        begun.set()


async def aleave_by_cancel(way: Way, model: Any) -> None:
    begun = asyncio.Event()
    task = asyncio.create_task(read_on(way, model, begun))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def aleave_by_timeout(way: Way, model: Any) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await read_on(way, model, asyncio.Event())


async def aleave_by_a_failing_neighbour(way: Way, model: Any) -> None:
    begun = asyncio.Event()

    async def fail() -> None:
        await begun.wait()
        raise RuntimeError("the neighbour's own")

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(read_on(way, model, begun))
            group.create_task(fail())

    with pytest.raises(ExceptionGroup):
        await both()


ALEAVES: list[Callable[[Way, Any], Awaitable[None]]] = [
    aleave_by_break,
    aleave_by_aclose,
    aleave_by_cancel,
    aleave_by_timeout,
    aleave_by_a_failing_neighbour,
]


@pytest.mark.parametrize("leave", ALEAVES)
@async_streams
@apis
async def test_leaving_an_async_stream(
    server: FaultServer, api: str, way: Way, leave: Callable[[Way, Any], Awaitable[None]]
) -> None:
    model = watched(way, server, api)
    await leave(way, model)
    assert await closed(server)
    assert server.left_early == 1
    assert await only_this_task()


@async_ways
@apis
async def test_cancelling_before_the_answer_begins(server: FaultServer, api: str, way: Way) -> None:
    server.play(faults.hang)
    task = asyncio.create_task(way.aask(watched(way, server, api)))
    while not server.requests:
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await closed(server)
    assert await only_this_task()


@async_ways
async def test_cancelling_a_wait_between_tries(way: Way) -> None:
    with FaultServer(answer({"error": "Too many requests"}, status=429, retry_after="60")) as server:
        model = way.model(server.base_url, max_retries=3)
        task = asyncio.create_task(way.aask(model))
        while not server.requests:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(server.requests) == 1
        await GrokClient(model).aclose()
        assert await closed(server)


# --- agents and the other ways in


def look(at: str) -> str:
    """Looks at something."""
    return "round"


@apis
async def test_cancelling_an_agent_of_langgraph(server: FaultServer, api: str) -> None:
    agent = create_agent(ChatGrok(base_url=server.base_url, api_key=KEY, api=api), [look])
    question: Any = {"messages": [{"role": "user", "content": "Hi"}]}
    begun = asyncio.Event()

    async def run() -> None:
        async for _ in agent.astream(question, stream_mode="messages", config={"callbacks": [Watcher()]}):
            begun.set()

    task = asyncio.create_task(run())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await closed(server)


@apis
async def test_cancelling_an_agent_of_llama_index(server: FaultServer, api: str) -> None:
    handlers = CallbackManager([LlamaDebugHandler(print_trace_on_end=False)])
    llm = Grok(base_url=server.base_url, api_key=KEY, api=api, callback_manager=handlers)
    handler = FunctionAgent(tools=[look], llm=llm).run(user_msg="Hi")
    async for event in handler.stream_events():
        if isinstance(event, AgentStream):
            break
    await handler.cancel_run()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await handler
    assert await closed(server)


class City(BaseModel):
    """A city."""

    name: str


PROMPT = PromptTemplate("Which city? {text}")


def lc_structured(server: FaultServer) -> Any:
    return ChatGrok(base_url=server.base_url, api_key=KEY).with_structured_output(dict_schema())


def dict_schema() -> dict[str, Any]:
    return {"title": "City", **City.model_json_schema()}


JSON_BABBLE = endless(
    sse_of(
        "responses",
        [{"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": '{"name":"B'}],
    ),
    0.01,
)


def structured_streams(server: FaultServer) -> dict[str, Callable[[], Iterator[Any]]]:
    llm = Grok(base_url=server.base_url, api_key=KEY)
    return {
        "langchain": lambda: lc_structured(server).stream("Hi"),
        "llama_index": lambda: llm.stream_structured_predict(City, PROMPT, text="Hi"),
        "llama_index complete": lambda: llm.stream_complete("Hi"),
        "as_structured_llm": lambda: llm.as_structured_llm(City).stream_chat([ChatMessage(content="Hi")]),
    }


@pytest.mark.parametrize("name", ["langchain", "llama_index", "llama_index complete", "as_structured_llm"])
def test_leaving_a_structured_stream(name: str) -> None:
    with FaultServer(JSON_BABBLE) as server:
        stream: Any = structured_streams(server)[name]()
        next(stream)
        stream.close()
        assert server.settles(within=SOON)


async def astructured(server: FaultServer, name: str) -> AsyncIterator[Any]:
    llm = Grok(base_url=server.base_url, api_key=KEY)
    if name == "langchain":
        stream: AsyncIterator[Any] = lc_structured(server).astream("Hi")
        return stream
    if name == "llama_index":
        return await llm.astream_structured_predict(City, PROMPT, text="Hi")
    return await llm.astream_complete("Hi")


@pytest.mark.parametrize("name", ["langchain", "llama_index", "llama_index complete"])
async def test_leaving_an_async_structured_stream(name: str) -> None:
    with FaultServer(JSON_BABBLE) as server:
        stream: Any = await astructured(server, name)
        await anext(stream)
        await stream.aclose()
        assert await closed(server)


# --- the core, and clients


@apis
def test_leaving_the_cores_stream(server: FaultServer, api: str) -> None:
    client = GrokClient(base_url=server.base_url, api_key=KEY, api=api)
    stream: Any = client.stream(client.settings.to_request([Message("user", (TextPart("Hi"),))]))
    next(stream)
    stream.close()
    assert server.settles(within=SOON)


@pytest.mark.parametrize("api", ["responses"])
def test_a_stop_sequence_closes_the_stream(server: FaultServer, api: str) -> None:
    for way in (Way("langchain", True, False), Way("llama_index", True, False)):
        text = way.ask(way.model(server.base_url, api=api, on_unsupported="ignore"), stop=["la la"])
        assert text
        assert server.settles(within=SOON)


def test_close_closes_pooled_connections() -> None:
    with FaultServer(answer(BODIES["responses"])) as server:
        for way in (Way("langchain", False, False), Way("llama_index", False, False)):
            model = way.model(server.base_url)
            way.ask(model)
            assert server.open == 1
            GrokClient(model).close()
            assert server.settles(within=SOON)
            assert way.ask(model)  # further calls open new ones
            GrokClient(model).close()


@pytest.mark.parametrize("way", [Way("langchain", False, True), Way("llama_index", False, True)], ids=str)
def test_a_loop_that_ends_closes_its_connections(way: Way) -> None:
    with FaultServer(answer(BODIES["responses"])) as server:
        model = way.model(server.base_url)
        for _ in range(3):
            assert way.ask(model)
            assert server.settles(within=SOON)
        assert len(server.requests) == 3


@streamed_ways
@apis
def test_a_stream_that_was_read_to_its_end_leaves_nothing(api: str, way: Way) -> None:
    with FaultServer(faults.stream(frames(api))) as server:
        model = way.model(server.base_url, api=api)
        assert way.ask(model)
        GrokClient(model).close()
        assert server.settles(within=SOON)
