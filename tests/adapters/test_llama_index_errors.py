"""Failures: the same typed error in every way of asking, with what had come, and no empty answers."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import openai
import pytest
from llama_index.core.base.llms.types import ChatMessage

import llama_index_grok
from grok_emulator import Emulator
from llama_index_grok import (
    GrokAuthenticationError,
    GrokError,
    GrokRateLimitError,
    GrokResponseError,
    GrokServerError,
    GrokStreamError,
    GrokUnsupportedParameterError,
    GrokWarning,
)
from tests.adapters.llama_index_support import (
    ANSWER,
    APIS,
    KEY,
    QUESTION,
    WAYS,
    ask,
    grok,
    responses_body,
    said,
    sent,
    thought,
    turns,
)

REFUSALS = [
    (400, {"code": "invalid-argument", "error": "Incorrect API key provided: xa***."}, "GrokAuthenticationError"),
    (404, {"code": "not-found", "error": "The model grok-9 does not exist."}, "GrokModelNotFoundError"),
    (429, {"code": "rate-limit", "error": "Too many requests."}, "GrokRateLimitError"),
    (403, {"code": "permission-denied", "error": "You have run out of credits."}, "GrokQuotaError"),
    (500, {"code": "internal", "error": "Something went wrong."}, "GrokServerError"),
    (503, {"code": "unavailable", "error": "The service is currently at capacity."}, "GrokOverloadedError"),
]


@pytest.mark.parametrize(("status", "body", "name"), REFUSALS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("api", APIS)
def test_refusals(emulator: Emulator, api: str, way: str, status: int, body: dict[str, Any], name: str) -> None:
    emulator.fail(status, body)
    with pytest.raises(getattr(llama_index_grok, name)) as caught:
        ask(grok(emulator, api=api), way, "Hello")
    assert isinstance(caught.value, openai.OpenAIError)
    assert body["error"] in str(caught.value)
    assert KEY not in str(caught.value) + repr(pickle.loads(pickle.dumps(caught.value)).__dict__)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("api", APIS)
def test_an_error_inside_a_success(emulator: Emulator, api: str, way: str) -> None:
    emulator.reply(
        '{"code": "unavailable", "error": "Timed out waiting for first token"}', content_type="application/json"
    )
    with pytest.raises(GrokError, match="Timed out waiting for first token") as caught:
        ask(grok(emulator, api=api), way, "Hello")
    assert caught.value.is_retryable


@pytest.mark.parametrize("way", ["stream_chat", "astream_chat"])
@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "code": "500", "message": "Broken."},
        {"type": "response.failed", "response": {"status": "failed", "error": {"code": "x", "message": "Broken."}}},
    ],
)
def test_an_error_in_a_stream_carries_what_came(emulator: Emulator, way: str, event: dict[str, Any]) -> None:
    delta = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Half"}
    emulator.reply([delta, event])
    with pytest.raises(GrokStreamError, match="Broken") as caught:
        ask(grok(emulator), way, "Hello")
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Half"


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("way", ["stream_chat", "astream_chat"])
def test_a_cut_stream(emulator: Emulator, api: str, way: str) -> None:
    emulator.cut_after(4)
    with pytest.raises(GrokError):
        ask(grok(emulator, api=api), way, QUESTION)


@pytest.mark.parametrize("way", WAYS)
def test_a_web_page_is_no_answer(emulator: Emulator, way: str) -> None:
    emulator.reply("<html><title>Bad gateway</title></html>", content_type="text/html")
    with pytest.raises(GrokError):
        ask(grok(emulator), way, "Hello")


def test_an_empty_body(emulator: Emulator) -> None:
    emulator.reply("{}")
    with pytest.raises(GrokResponseError):
        grok(emulator).complete("Hello")


@pytest.mark.parametrize("way", WAYS)
def test_what_may_pass_is_tried_again(emulator: Emulator, way: str) -> None:
    emulator.fail(503, {"error": "At capacity."}, headers={"retry-after": "0"})
    assert ask(grok(emulator, max_retries=1), way, QUESTION).message.content == ANSWER
    assert len(emulator.requests) == 2


def test_unsupported_parameters_can_raise(emulator: Emulator) -> None:
    with pytest.raises(GrokUnsupportedParameterError, match="seed=7"):
        grok(emulator, on_unsupported="raise", seed=7).complete("Hello")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        grok(emulator, on_unsupported="ignore", seed=7).complete("Hello")


def test_refused_reasoning_is_left_out_and_said(emulator: Emulator) -> None:
    emulator.reply(responses_body(thought("Hm.", encrypted="VEFNUEVSRUQ="), said("Hi.")))
    llm = grok(emulator)
    first = llm.chat([ChatMessage(content="Hello")]).message
    with pytest.warns(GrokWarning, match="reasoning"):
        llm.chat([ChatMessage(content="Hello"), first, ChatMessage(content=QUESTION)])
    assert not any(item.get("type") == "reasoning" for item in turns(sent(emulator)))


def test_catch_by_any_of_its_parents(emulator: Emulator) -> None:
    for parent in (openai.AuthenticationError, GrokAuthenticationError, GrokError):
        emulator.fail(400, REFUSALS[0][1])
        with pytest.raises(parent):
            grok(emulator).complete("Hello")
    for error, parent in ((GrokRateLimitError, openai.RateLimitError), (GrokServerError, openai.InternalServerError)):
        assert issubclass(error, parent)
