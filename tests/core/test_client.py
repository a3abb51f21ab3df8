"""The client over real sockets: what is sent, streams that stop, retries, stop sequences, fallbacks, many loops."""

from __future__ import annotations

import asyncio
import json
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from grok_adapter import (
    ChatRequest,
    ChatResponse,
    GrokAuthenticationError,
    GrokClient,
    GrokConfigurationError,
    GrokInvalidRequestError,
    GrokModelNotFoundError,
    GrokOverloadedError,
    GrokRateLimitError,
    GrokResponseError,
    GrokStreamError,
    GrokWarning,
    Message,
    UnsupportedParameterWarning,
)
from grok_adapter.assembler import fold
from grok_adapter.types import FinishDelta, MessageItem, ReasoningItem, TextPart
from grok_emulator import Emulator
from tests.conftest import KEY
from tests.support.generated import events_of, sse_of

APIS = ["responses", "chat"]
USER = Message("user", (TextPart("Is the moon made of rock? The moon is made of rock and dust."),))


def make(emulator: Emulator, **fields: Any) -> GrokClient:
    return GrokClient(**{"base_url": emulator.base_url, "api_key": KEY, "max_retries": 0, **fields})


def ask(client: GrokClient, way: str, **per_call: Any) -> ChatResponse:
    """One answer, whichever way it is asked for."""
    return send(client, client.settings.to_request([USER], **per_call), way)


def send(client: GrokClient, request: ChatRequest, way: str) -> ChatResponse:
    if way == "complete":
        return client.complete(request)
    if way == "acomplete":
        return asyncio.run(client.acomplete(request))
    if way == "stream":
        return fold(client.stream(request))

    async def collect() -> ChatResponse:
        return fold([delta async for delta in client.astream(request)])

    return asyncio.run(collect())


WAYS = pytest.mark.parametrize("way", ["complete", "acomplete", "stream", "astream"])
BOTH = pytest.mark.parametrize("api", APIS)


@BOTH
@WAYS
def test_an_answer_comes_whole(emulator: Emulator, api: str, way: str) -> None:
    response = ask(make(emulator, api=api), way)
    assert response.text == "The moon is made of rock and dust."
    assert response.finish_reason == "stop"
    assert response.model == "grok-4.7"
    assert response.usage is not None
    assert response.usage.input_tokens + response.usage.output_tokens == response.usage.total_tokens
    assert response.usage.cost_in_usd_ticks
    assert response.request_id
    assert response.rate_limits


@BOTH
def test_only_what_was_asked_is_sent(emulator: Emulator, api: str) -> None:
    client = make(emulator, api=api)
    client.complete(client.settings.to_request([USER]))
    body = emulator.requests[-1].body
    want = {"model", "input", "store", "include"} if api == "responses" else {"model", "messages"}
    assert set(body) == want
    assert body.get("store", False) is False


@BOTH
@WAYS
@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"code": "invalid-argument", "error": "Incorrect API key provided."}, GrokAuthenticationError),
        (400, {"code": "invalid-argument", "error": "Model not found: grok-99"}, GrokModelNotFoundError),
        (429, {"code": "resource-exhausted", "error": "Too many requests for team t."}, GrokRateLimitError),
        (503, {"code": "The service is currently unavailable", "error": "No capacity."}, GrokOverloadedError),
        (200, {"code": "The service is currently unavailable", "error": "Timed out."}, GrokOverloadedError),
        (200, "<html><title>Bad day</title></html>", GrokResponseError),
    ],
)
def test_errors_are_typed(emulator: Emulator, api: str, way: str, status: int, body: Any, error: type) -> None:
    emulator.fail(status, body)
    with pytest.raises(error) as caught:
        ask(make(emulator, api=api), way)
    assert caught.value.api == api
    assert caught.value.model == "grok-4.7"
    assert len(emulator.requests) == 1


@BOTH
@WAYS
def test_failures_that_may_pass_are_tried_again(
    emulator: Emulator, api: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda a, b: 0.0)
    monkeypatch.setattr("random.random", lambda: 0.0)
    emulator.fail(503, {"error": "at capacity"}, times=2)
    assert ask(make(emulator, api=api, max_retries=2), way).text
    assert len(emulator.requests) == 3


WHOLE = {
    "responses": {
        "id": "r1",
        "model": "grok-4.7",
        "status": "completed",
        "output": [
            {
                "type": "message",
                "id": "m1",
                "content": [{"type": "output_text", "text": "One two three.", "annotations": []}],
            }
        ],
        "usage": {"input_tokens": 5, "output_tokens": 4, "total_tokens": 9},
    },
    "chat": {
        "id": "r1",
        "created": 1,
        "model": "grok-4.7",
        "service_tier": "default",
        "system_fingerprint": "fp",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "One two three."}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9},
    },
}


@BOTH
@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_stream_that_is_cut_carries_what_had_come(emulator: Emulator, api: str, way: str) -> None:
    emulator.reply(events_of(api, WHOLE[api], 4))
    emulator.cut_after(6)
    with pytest.raises(GrokStreamError) as caught:
        ask(make(emulator, api=api), way)
    partial = caught.value.partial
    assert partial is not None
    assert partial.text
    assert "One two three.".startswith(partial.text)
    assert (partial.id, partial.model) == ("r1", "grok-4.7")
    assert len(emulator.requests) == 1


@BOTH
@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_stream_that_ends_too_early_is_an_error(emulator: Emulator, api: str, way: str) -> None:
    frames = sse_of(api, events_of(api, WHOLE[api], 4)[:6]).removesuffix(b"data: [DONE]\n\n")
    emulator.reply(frames, headers={"content-type": "text/event-stream"})
    with pytest.raises(GrokStreamError, match="before the answer was complete") as caught:
        ask(make(emulator, api=api), way)
    assert caught.value.partial is not None
    assert caught.value.partial.text


def test_an_error_in_mid_stream_keeps_its_kind_as_the_cause(emulator: Emulator) -> None:
    emulator.reply(
        [
            {"type": "response.created", "response": {"id": "r1", "model": "grok-4.7"}},
            {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Half an "},
            {"type": "error", "code": 503, "message": "Service temporarily unavailable"},
        ]
    )
    with pytest.raises(GrokStreamError, match="temporarily unavailable") as caught:
        ask(make(emulator), "stream")
    assert isinstance(caught.value.__cause__, GrokOverloadedError)
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Half an "
    assert caught.value.partial.id == "r1"


def test_a_whole_body_may_answer_a_stream_request(emulator: Emulator) -> None:
    body = {
        "id": "r",
        "status": "completed",
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}],
    }
    emulator.reply(json.dumps(body), headers={"content-type": "application/json"})
    assert ask(make(emulator), "stream").text == "Hi"


@BOTH
@WAYS
def test_stop_sequences_work_where_xai_refuses_them(emulator: Emulator, api: str, way: str) -> None:
    response = ask(make(emulator, api=api), way, stop=["and d", "made o"])
    assert response.text == "The moon is "
    assert response.finish_reason == "stop"
    assert [entry.name for entry in response.unsupported_parameters] == ["stop"]
    assert response.usage is not None
    assert response.usage.estimated == ("stream" in way)


def test_a_lost_parameter_warns_once(emulator: Emulator) -> None:
    client = make(emulator)
    with pytest.warns(UnsupportedParameterWarning, match=r"presence_penalty=0\.5"):
        ask(client, "complete", presence_penalty=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        response = ask(client, "complete", presence_penalty=0.5)
    assert [entry.name for entry in response.unsupported_parameters] == ["presence_penalty"]


def test_a_lost_parameter_may_raise(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match=r"presence_penalty=0\.5"):
        ask(make(emulator, on_unsupported="raise"), "complete", presence_penalty=0.5)
    assert emulator.requests == []


@WAYS
def test_refused_reasoning_is_left_out_once(emulator: Emulator, way: str) -> None:
    client = make(emulator)
    emulator.fail(400, {"code": "invalid-argument", "error": "Could not decrypt the provided encrypted_content."})
    earlier = Message(
        "assistant", (ReasoningItem(encrypted_content="abc", id="rs_1"), MessageItem((TextPart("Yes."),)))
    )
    request = client.settings.to_request([USER, earlier, USER])
    with pytest.warns(GrokWarning, match="sent again without"):
        send(client, request, way)
    first, second = (r.body["input"] for r in emulator.requests)
    assert [i.get("type") for i in first] == [None, "reasoning", "message", None]
    assert [i.get("type") for i in second] == [None, "message", None]


def test_closing_a_stream_closes_its_connection(emulator: Emulator) -> None:
    client = make(emulator)
    stream = client.stream(client.settings.to_request([USER]))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert ask(client, "complete").text


def test_the_last_delta_is_the_finish(emulator: Emulator) -> None:
    client = make(emulator)
    deltas = list(client.stream(client.settings.to_request([USER])))
    assert isinstance(deltas[-1], FinishDelta)
    assert not any(isinstance(d, FinishDelta) for d in deltas[:-1])


def test_several_event_loops_and_threads_share_one_model(emulator: Emulator) -> None:
    client = make(emulator)
    texts = {ask(client, "acomplete").text for _ in range(3)}
    errors: list[BaseException] = []

    def work() -> None:
        try:
            texts.add(ask(client, "stream").text)
            texts.add(ask(client, "astream").text)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert texts == {"The moon is made of rock and dust."}


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_key_may_be_a_callable(emulator: Emulator, asynchronous: bool) -> None:
    keys = iter(["xai-first", "xai-second"])

    async def later() -> str:
        return next(keys)

    give: Callable[..., Any] = later if asynchronous else lambda: next(keys)
    client = make(emulator, api_key=give)
    way = "acomplete" if asynchronous else "complete"
    ask(client, way)
    ask(client, way)
    assert [r.headers["authorization"] for r in emulator.requests] == ["Bearer xai-first", "Bearer xai-second"]


def test_an_async_key_needs_an_async_call(emulator: Emulator) -> None:
    async def later() -> str:
        return "xai-later"

    with pytest.raises(GrokConfigurationError, match="async"):
        ask(make(emulator, api_key=later), "complete")


def test_a_client_of_another_library_is_named(emulator: Emulator) -> None:
    with pytest.raises(GrokConfigurationError, match="http_client is a"):
        ask(make(emulator, http_client=object()), "complete")


def test_silence_ends_a_stream_that_may_not_be_idle(emulator: Emulator) -> None:
    emulator.delay(1.5)
    with pytest.raises(Exception, match=r"Timed out|No meaningful") as caught:
        ask(make(emulator, stream_idle_timeout=0.3), "stream")
    assert caught.value.is_retryable is False  # type: ignore[attr-defined]


def test_a_bad_request_is_not_tried_again(emulator: Emulator) -> None:
    emulator.fail(400, {"code": "invalid-argument", "error": "Bad data."}, times=3)
    with pytest.raises(GrokInvalidRequestError):
        ask(make(emulator, max_retries=3), "complete")
    assert len(emulator.requests) == 1
