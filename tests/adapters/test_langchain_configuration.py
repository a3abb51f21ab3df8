"""What callers set from outside: limits, concurrency, configurable fields, callbacks and tags; copies; the factory."""

from __future__ import annotations

import asyncio
import pickle
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from langchain.chat_models import init_chat_model
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler, get_usage_metadata_callback
from langchain_core.load import dumps, loads
from langchain_core.messages import AIMessageChunk
from langchain_core.rate_limiters import BaseRateLimiter
from langchain_core.runnables import ConfigurableField, RunnableBinding
from langchain_core.tools import tool

from grok_emulator import Emulator
from langchain_grok import ChatGrok
from tests.adapters.langchain_replies import call, message, reasoning, response
from tests.conftest import KEY
from tests.support.generated import events_of

BODY = response(reasoning("Hm."), message("Rock."), call("weigh", '{"a":1}'))
APIS = ["responses", "chat"]


def model_at(emulator: Emulator, **fields: Any) -> ChatGrok:
    return ChatGrok(**{"base_url": emulator.base_url, "api_key": KEY, "max_retries": 0, **fields})


@tool
def multiply(a: int, b: int) -> int:
    """Multiplies two numbers."""
    return a * b


async def gather(pieces: Any) -> list[Any]:
    return [piece async for piece in pieces]


WAYS: dict[str, Callable[..., Any]] = {
    "invoke": lambda model, *args: model.invoke(*args),
    "ainvoke": lambda model, *args: asyncio.run(model.ainvoke(*args)),
    "stream": lambda model, *args: list(model.stream(*args)),
    "astream": lambda model, *args: asyncio.run(gather(model.astream(*args))),
}


# --- limits and concurrency


class Counting(BaseRateLimiter):
    """A limiter that only counts."""

    def __init__(self) -> None:
        self.acquired = 0

    def acquire(self, *, blocking: bool = True) -> bool:
        self.acquired += 1
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        return self.acquire(blocking=blocking)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("streaming", [False, True])
def test_a_rate_limiter_is_asked_once_per_call(emulator: Emulator, way: str, streaming: bool) -> None:
    limiter = Counting()
    model = model_at(emulator, rate_limiter=limiter, streaming=streaming, max_retries=1)
    WAYS[way](model, "Hi")
    assert limiter.acquired == 1
    emulator.fail(503, {"error": "The model is at capacity."}, headers={"retry-after": "0"})
    WAYS[way](model.bind_tools([multiply]), "Hi")
    assert limiter.acquired == 2  # a further try is ours, not another call
    assert len(emulator.requests) == 3


class Crowd(BaseCallbackHandler):
    """Counts how many calls run at the same time."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self._lock = threading.Lock()

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
        with self._lock:
            self.now -= 1


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("api", APIS)
def test_a_batch_keeps_its_order_and_its_limit(emulator: Emulator, api: str, asynchronous: bool) -> None:
    model, crowd = model_at(emulator, api=api), Crowd()
    questions = [f"The number on the door is {n}. What is the number on the door?" for n in range(8)]
    config: Any = {"max_concurrency": 2, "callbacks": [crowd]}
    for _ in questions:
        emulator.delay(0.02)
    answers = asyncio.run(model.abatch(questions, config)) if asynchronous else model.batch(questions, config)
    assert [f" {n}." in answer.text for n, answer in enumerate(answers)] == [True] * 8
    assert crowd.most == 2
    done = dict(model.batch_as_completed(questions, config))
    assert sorted(done) == list(range(8))


def test_one_failure_in_a_batch_can_stand_beside_the_answers(emulator: Emulator) -> None:
    emulator.fail(500, {"error": "Internal error"})
    answers = model_at(emulator).batch(["Hi", "Hi", "Hi"], {"max_concurrency": 1}, return_exceptions=True)
    assert [isinstance(answer, Exception) for answer in answers] == [True, False, False]


# --- configurable models


def test_fields_and_alternatives_are_configurable(emulator: Emulator) -> None:
    chosen = model_at(emulator).configurable_fields(
        model=ConfigurableField("model"), temperature=ConfigurableField("temperature"), api=ConfigurableField("api")
    )
    settings: Any = {"model": "grok-4.3", "temperature": 0.2, "api": "chat"}
    for way in WAYS.values():
        way(chosen, "Hi", {"configurable": settings})
        request = emulator.requests[-1]
        assert request.path.endswith("/chat/completions")
        assert (request.body["model"], request.body["temperature"]) == ("grok-4.3", 0.2)
    # LangChain's `bind_tools` of a configurable model would bind to the default one; `bind` keeps what is configurable.
    chosen.bind(tools=[multiply]).invoke("Hi", {"configurable": {"model": "grok-4.6"}})
    body = emulator.requests[-1].body
    assert (body["model"], body["tools"][0]["name"]) == ("grok-4.6", "multiply")
    either = model_at(emulator).configurable_alternatives(
        ConfigurableField("which"), default_key="thorough", quick=model_at(emulator, model="grok-4.3")
    )
    either.with_config(configurable={"which": "quick"}).invoke("Hi")
    assert emulator.requests[-1].body["model"] == "grok-4.3"


class Seen(BaseCallbackHandler):
    """Keeps what callbacks are told."""

    def __init__(self) -> None:
        self.starts: list[dict[str, Any]] = []
        self.tokens: list[tuple[Any, Any, dict[str, Any]]] = []
        self.ends: list[Any] = []

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        self.starts.append(kwargs)

    def on_llm_new_token(self, token: Any, *, chunk: Any = None, **kwargs: Any) -> None:
        self.tokens.append((token, chunk, kwargs))

    def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        self.ends.append(response.generations[0][0].message)


class AsyncSeen(AsyncCallbackHandler):
    """The same for those who are in a loop."""

    def __init__(self) -> None:
        self.seen = Seen()

    async def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        self.seen.on_chat_model_start(*args, **kwargs)

    async def on_llm_new_token(self, token: Any, *, chunk: Any = None, **kwargs: Any) -> None:
        self.seen.on_llm_new_token(token, chunk=chunk, **kwargs)

    async def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        self.seen.on_llm_end(response, **kwargs)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("output_version", ["v0", "v1"])
def test_callbacks_are_told_chunks_tags_and_the_whole(emulator: Emulator, way: str, output_version: str) -> None:
    """`streaming=True` makes `invoke` tell chunks too; their sum is what the end tells."""
    model = model_at(emulator, streaming=True, output_version=output_version, tags=["model's"])
    asynchronous = way.startswith("a")
    handler: Any = AsyncSeen() if asynchronous else Seen()
    seen = handler.seen if asynchronous else handler
    emulator.reply(events_of("responses", BODY, 2))
    WAYS[way](model, "?", {"callbacks": [handler], "tags": ["call's"], "metadata": {"team": "a"}, "run_name": "named"})
    (start,) = seen.starts
    assert set(start["tags"]) == {"model's", "call's"}
    assert (start["metadata"]["team"], start["name"]) == ("a", "named")
    assert start["metadata"]["ls_provider"] == "xai"
    assert set(start["metadata"]["lc_versions"]) >= {"grok-adapter", "langchain-core"}
    chunks = [chunk.message for _, chunk, _ in seen.tokens]
    assert all(isinstance(chunk, AIMessageChunk) for chunk in chunks)
    first, *others = chunks
    total, (end,) = first + others, seen.ends
    assert total.text == end.text == "Rock."
    assert "".join(str(chunk.text) for chunk in chunks) == "Rock."
    if output_version == "v0":  # with v1 langchain-core hands out blocks here
        assert "".join(token for token, _, _ in seen.tokens) == "Rock."
    assert total.tool_calls == end.tool_calls
    assert total.usage_metadata == end.usage_metadata
    assert all(set(kwargs["tags"]) == {"model's", "call's"} for _, _, kwargs in seen.tokens)


def test_tracing_knows_the_model_of_the_call(emulator: Emulator) -> None:
    seen = Seen()
    model_at(emulator).bind(model="grok-4.3", max_tokens=40).invoke("Hi", {"callbacks": [seen]})
    metadata, params = seen.starts[0]["metadata"], seen.starts[0]["invocation_params"]
    assert (metadata["ls_model_name"], metadata["ls_max_tokens"]) == ("grok-4.3", 40)
    assert params["model"] == "grok-4.3"
    assert KEY not in str(seen.starts)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("way", WAYS)
def test_langchains_own_counter_counts(emulator: Emulator, api: str, way: str) -> None:
    with get_usage_metadata_callback() as counter:
        WAYS[way](model_at(emulator, api=api), "Hi")
    (usage,) = counter.usage_metadata.values()
    assert usage["input_tokens"] + usage["output_tokens"] == usage["total_tokens"] > 0
    assert all(isinstance(n, int) for n in usage.values() if not isinstance(n, dict))
    details = {**usage["input_token_details"], **usage["output_token_details"]}
    assert set(details) == {"cache_read", "reasoning"}
    assert all(isinstance(n, int) for n in details.values())


@pytest.mark.parametrize("way", ["astream", "ainvoke"])
def test_streaming_can_be_disabled_for_async_calls(emulator: Emulator, way: str) -> None:
    out = WAYS[way](model_at(emulator, disable_streaming=True, streaming=True), "Hi")
    assert "stream" not in emulator.requests[-1].body
    assert way == "ainvoke" or len(out) == 1


# --- copies


def test_a_bound_model_can_be_dumped_and_pickled(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAI_API_KEY", KEY)
    bound = model_at(emulator).bind_tools([multiply], tool_choice="multiply")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `loads` is in beta
        again = loads(
            dumps(bound),
            valid_namespaces=["langchain_grok"],
            secrets_from_env=True,
            allowed_objects=[ChatGrok, RunnableBinding],
        )
    for copy in (again, pickle.loads(pickle.dumps(bound))):
        answer = copy.invoke("Multiply 6 by 7.")
        assert answer.tool_calls[0]["args"] == {"a": 6, "b": 7}


# --- LangChain's factory


def test_langchains_factory_knows_other_classes_only(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its table is closed: `grok*` means the package `langchain-xai`. `ChatGrok` is its own one-line factory."""
    monkeypatch.setenv("XAI_API_KEY", KEY)
    for asked in ({"model": "grok-4.7"}, {"model": "xai:grok-4.7"}):
        try:
            made = type(init_chat_model(**asked)).__module__.partition(".")[0]
        except ImportError as error:
            made = "langchain_xai" if "langchain-xai" in str(error) else str(error)
        assert made == "langchain_xai"
    with pytest.raises(ValueError, match="Unsupported"):
        init_chat_model("grok-4.7", model_provider="grok")
    chosen = model_at(emulator).configurable_fields(model=ConfigurableField("model"))
    chosen.invoke("Hi", {"configurable": {"model": "grok-4.3"}})
    assert emulator.requests[-1].body["model"] == "grok-4.3"
