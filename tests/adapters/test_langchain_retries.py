"""LangChain's own ways to try again know our errors: `with_retry`, `with_fallbacks`, retry and fallback middleware."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import openai
import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelFallbackMiddleware, ModelRetryMiddleware
from langchain_core import exceptions as lc

from grok_emulator import Emulator
from langchain_grok import (
    ChatGrok,
    GrokAuthenticationError,
    GrokContextLengthError,
    GrokOverloadedError,
    GrokQuotaError,
    GrokRateLimitError,
    GrokStreamError,
    GrokTimeoutError,
)
from tests.adapters.langchain_replies import message, response
from tests.conftest import KEY
from tests.support.generated import events_of

GOOD = response(message("All right."))
TOO_FAST = (429, {"error": "Too many requests"})
NO_CREDIT = (429, {"code": "Some resource has been exhausted", "error": "You have used all available credits."})
FULL = (503, {"error": "The model is at capacity"})
WRONG_KEY = (400, {"error": "Incorrect API key provided."})

Run = Callable[[Any], Any]


def model_at(emulator: Emulator, **fields: Any) -> ChatGrok:
    return ChatGrok(**{"base_url": emulator.base_url, "api_key": KEY, "max_retries": 0, **fields})


def text_of(answer: Any) -> str:
    return str(answer["messages"][-1].text if isinstance(answer, dict) else answer.text)


def whole(runnable: Any) -> str:
    return text_of(runnable.invoke("Hi"))


def whole_async(runnable: Any) -> str:
    return text_of(asyncio.run(runnable.ainvoke("Hi")))


def streamed(runnable: Any) -> str:
    return "".join(chunk.text for chunk in runnable.stream("Hi"))


def streamed_async(runnable: Any) -> str:
    async def collect() -> str:
        return "".join([chunk.text async for chunk in runnable.astream("Hi")])

    return asyncio.run(collect())


RUNS = [whole, whole_async, streamed, streamed_async]


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("refusal", [TOO_FAST, FULL])
@pytest.mark.parametrize("kinds", [(lc.ModelRateLimitError, lc.ModelAPIError), (openai.APIStatusError,)])
def test_with_fallbacks(emulator: Emulator, run: Run, refusal: Any, kinds: Any) -> None:
    emulator.fail(*refusal)
    emulator.reply(GOOD)
    model = model_at(emulator).with_fallbacks([model_at(emulator, model="grok-4.3")], exceptions_to_handle=kinds)
    assert run(model) == "All right."
    assert [request.body["model"] for request in emulator.requests] == ["grok-4.7", "grok-4.3"]


@pytest.mark.parametrize("run", RUNS[:2])
@pytest.mark.parametrize(
    ("refusal", "kinds"),
    [
        (TOO_FAST, (GrokRateLimitError,)),
        (TOO_FAST, (lc.ModelRateLimitError,)),
        (TOO_FAST, (openai.RateLimitError,)),
        (FULL, (GrokOverloadedError,)),
        (FULL, (openai.InternalServerError,)),
    ],
)
def test_with_retry(emulator: Emulator, run: Run, refusal: Any, kinds: Any) -> None:
    emulator.fail(*refusal, times=2)
    emulator.reply(GOOD)
    patient = model_at(emulator).with_retry(
        retry_if_exception_type=kinds, wait_exponential_jitter=False, stop_after_attempt=3
    )
    assert run(patient) == "All right."
    assert len(emulator.requests) == 3


@pytest.mark.parametrize("run", RUNS[:2])
def test_rules_for_rate_limits_miss_an_empty_purse(emulator: Emulator, run: Run) -> None:
    emulator.fail(*NO_CREDIT, times=3)
    rules = (lc.ModelRateLimitError, openai.RateLimitError)
    with pytest.raises(GrokQuotaError):
        run(model_at(emulator).with_retry(retry_if_exception_type=rules, wait_exponential_jitter=False))
    with pytest.raises(GrokQuotaError):
        run(model_at(emulator).with_fallbacks([model_at(emulator)], exceptions_to_handle=rules))
    assert len(emulator.requests) == 2


QUESTION: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}]}


def ask(agent: Any, asynchronous: bool) -> str:
    return text_of(asyncio.run(agent.ainvoke(QUESTION)) if asynchronous else agent.invoke(QUESTION))


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("refusal", [TOO_FAST, FULL, (408, ""), (500, {"error": "internal"})])
def test_retry_middleware_tries_again_what_may_pass(emulator: Emulator, refusal: Any, asynchronous: bool) -> None:
    retry = ModelRetryMiddleware(max_retries=2, initial_delay=0.0, on_failure="error")
    emulator.fail(*refusal, times=2)
    emulator.reply(GOOD)
    assert ask(create_agent(model_at(emulator), [], middleware=[retry]), asynchronous) == "All right."
    assert len(emulator.requests) == 3


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (NO_CREDIT, GrokQuotaError),
        (WRONG_KEY, GrokAuthenticationError),
        (
            (400, {"error": "This model's maximum prompt length is 5 but the request contains 6"}),
            GrokContextLengthError,
        ),
    ],
)
def test_retry_middleware_leaves_the_rest(emulator: Emulator, refusal: Any, kind: Any, asynchronous: bool) -> None:
    retry = ModelRetryMiddleware(max_retries=2, initial_delay=0.0, on_failure="error")
    emulator.fail(*refusal, times=3)
    with pytest.raises(kind):
        ask(create_agent(model_at(emulator), [], middleware=[retry]), asynchronous)
    assert len(emulator.requests) == 1


def test_retry_middleware_does_not_pay_twice_for_a_read_timeout(emulator: Emulator) -> None:
    retry = ModelRetryMiddleware(max_retries=2, initial_delay=0.0, on_failure="error")
    emulator.delay(1.0)
    with pytest.raises(GrokTimeoutError):
        ask(create_agent(model_at(emulator, timeout=0.2), [], middleware=[retry]), asynchronous=False)
    assert len(emulator.requests) == 1


@pytest.mark.parametrize("asynchronous", [False, True])
def test_fallback_middleware(emulator: Emulator, asynchronous: bool) -> None:
    emulator.fail(*FULL)
    emulator.reply(GOOD)
    fallback = ModelFallbackMiddleware(model_at(emulator, model="grok-4.3"))
    assert ask(create_agent(model_at(emulator), [], middleware=[fallback]), asynchronous) == "All right."
    assert [request.body["model"] for request in emulator.requests] == ["grok-4.7", "grok-4.3"]


@pytest.mark.parametrize("run", RUNS[2:])
def test_a_stream_that_breaks_off_is_an_error_of_langchain_and_of_the_sdk(emulator: Emulator, run: Run) -> None:
    emulator.reply(events_of("responses", GOOD, 3)[:7])
    with pytest.raises(GrokStreamError) as caught:
        run(model_at(emulator))
    assert isinstance(caught.value, (lc.ModelAPIError,))
    assert isinstance(caught.value, (openai.APIError,))
    assert caught.value.partial is not None
    assert "All right.".startswith(caught.value.partial.text)
