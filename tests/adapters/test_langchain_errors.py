"""Errors: ours, the SDK's and LangChain's at once, by what they mean; on every path."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import Any

import openai
import pytest
from langchain_core import exceptions as lc
from langchain_core.messages import HumanMessage

import grok_adapter
import langchain_grok
from grok_emulator import Emulator
from langchain_grok import ChatGrok, GrokConfigurationError
from tests.adapters.langchain_replies import message, response
from tests.conftest import KEY
from tests.support.generated import events_of

CASES: list[tuple[int, Any, str, type[Exception], type[Exception]]] = [
    (400, {"code": "invalid", "error": "Incorrect API key provided: xai***"}, "GrokAuthenticationError",
     openai.AuthenticationError, lc.ModelAuthenticationError),
    (403, {"code": "x", "error": "The team does not have permission."}, "GrokPermissionError",
     openai.PermissionDeniedError, lc.ModelPermissionDeniedError),
    (429, {"code": "x", "error": "You have run out of credits or reached your spending limit."}, "GrokQuotaError",
     openai.PermissionDeniedError, lc.ModelPermissionDeniedError),
    (429, {"code": "x", "error": "Too many requests"}, "GrokRateLimitError",
     openai.RateLimitError, lc.ModelRateLimitError),
    (404, {"code": "x", "error": "The model grok-99 does not exist or your team does not have access to it."},
     "GrokModelNotFoundError", openai.NotFoundError, lc.ModelNotFoundError),
    (400, {"code": "x", "error": "This model's maximum prompt length is 9 but the request contains 10 tokens."},
     "GrokContextLengthError", openai.BadRequestError, lc.ContextOverflowError),
    (400, {"code": "x", "error": "Invalid arguments."}, "GrokInvalidRequestError", openai.BadRequestError,
     lc.ModelInvalidRequestError),
    (422, "Failed to deserialize the JSON body", "GrokUnprocessableError", openai.UnprocessableEntityError,
     lc.ModelInvalidRequestError),
    (500, {"error": "Internal error"}, "GrokServerError", openai.InternalServerError, lc.ModelAPIError),
    (503, {"error": "The model is at capacity."}, "GrokOverloadedError", openai.InternalServerError, lc.ModelAPIError),
]  # fmt: skip


def drain(model: ChatGrok, how: str) -> None:
    async def astream() -> None:
        async for _ in model.astream("Hi"):
            pass

    if how == "invoke":
        model.invoke("Hi")
    elif how == "stream":
        list(model.stream("Hi"))
    else:
        asyncio.run(model.ainvoke("Hi") if how == "ainvoke" else astream())


@pytest.mark.parametrize(("status", "body", "name", "sdk", "framework"), CASES, ids=[case[2] for case in CASES])
@pytest.mark.parametrize("how", ["invoke", "stream", "ainvoke", "astream"])
def test_errors_have_all_their_parents(
    emulator: Emulator, status: int, body: Any, name: str, sdk: type, framework: type, how: str
) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, max_retries=0)
    emulator.fail(status, body)
    with pytest.raises(langchain_grok.GrokError) as caught:
        drain(model, how)
    error = caught.value
    assert type(error) is getattr(langchain_grok._errors, name)
    assert isinstance(error, (sdk,))
    assert isinstance(error, (framework,))
    assert error.status_code == status
    for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(twin) is type(error)
        assert (str(twin), twin.status_code) == (str(error), error.status_code)


def test_a_quota_is_no_rate_limit_and_a_rate_limit_is_retryable(emulator: Emulator) -> None:
    assert not issubclass(langchain_grok.GrokQuotaError, (openai.RateLimitError, lc.ModelRateLimitError))
    assert langchain_grok.GrokRateLimitError("x").is_retryable
    assert issubclass(langchain_grok.GrokQuotaError, langchain_grok.GrokPermissionError)
    assert issubclass(langchain_grok.GrokRateLimitError, grok_adapter.GrokRateLimitError)


def test_no_connection_and_no_answer_in_time(emulator: Emulator) -> None:
    with pytest.raises(langchain_grok.GrokConnectionError) as caught:
        ChatGrok(base_url="http://127.0.0.1:9/v1", api_key=KEY, max_retries=0).invoke("Hi")
    assert isinstance(caught.value, lc.ModelConnectionError)
    emulator.delay(1.0)
    with pytest.raises(langchain_grok.GrokTimeoutError) as slow:
        ChatGrok(base_url=emulator.base_url, api_key=KEY, max_retries=0, timeout=0.2).invoke("Hi")
    assert isinstance(slow.value, lc.ModelTimeoutError)
    assert slow.value.is_retryable is False


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "code": "503", "message": "Service temporarily unavailable"},
        {"code": "503", "error": "Service temporarily unavailable"},
        {
            "type": "response.failed",
            "response": {"status": "failed", "error": {"message": "Service temporarily unavailable"}},
        },
    ],
)
@pytest.mark.parametrize("after", [0, 8])
def test_errors_inside_streams(emulator: Emulator, event: dict[str, Any], after: int) -> None:
    events = events_of("responses", response(message("Hello there")), 2)
    emulator.reply([*events[:after], event])
    with pytest.raises(langchain_grok.GrokError, match="temporarily unavailable") as caught:
        list(ChatGrok(base_url=emulator.base_url, api_key=KEY, max_retries=0).stream("Hi"))
    assert isinstance(caught.value, lc.ModelAPIError)
    if after:
        assert isinstance(caught.value, langchain_grok.GrokStreamError)
        assert caught.value.partial is not None


def test_fallbacks_and_retries_know_them(emulator: Emulator) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, max_retries=0)
    emulator.fail(429, {"error": "Too many requests"})
    emulator.reply(response(message("from the second")))
    safe = model.with_fallbacks([model], exceptions_to_handle=(lc.ModelRateLimitError,))
    assert safe.invoke("Hi").content == "from the second"
    emulator.fail(500, {"error": "Internal error"})
    emulator.reply(response(message("second try")))
    again = model.with_retry(retry_if_exception_type=(openai.InternalServerError,), wait_exponential_jitter=False)
    assert again.invoke("Hi").content == "second try"


def test_no_message_at_all() -> None:
    with pytest.raises(GrokConfigurationError, match="messages"):
        ChatGrok(api_key=KEY).invoke([])
    with pytest.raises(GrokConfigurationError, match="'base_url' cannot be given per call"):
        ChatGrok(api_key=KEY).invoke([HumanMessage("Hi")], base_url="https://x.ai")
