"""What a network and a server can do wrong: both providers, both APIs, sync and async, whole and streamed.

The server is `tests.support.faults`, on raw sockets. That connections are closed is in `test_closing.py`.
"""

from __future__ import annotations

import email.utils
import json
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from grok_adapter.errors import (
    GrokConnectionError,
    GrokError,
    GrokInvalidRequestError,
    GrokOverloadedError,
    GrokQuotaError,
    GrokRateLimitError,
    GrokResponseError,
    GrokServerError,
    GrokStreamError,
    GrokTimeoutError,
)
from grok_adapter.types import ToolCall
from tests.support import faults
from tests.support.faults import EVENTS, Fault, FaultServer, answer, by_kind, endless, late, refused_url, short, stream
from tests.support.generated import events_of, sse_of
from tests.support.ways import BODIES, TEXT, Way, apis, frames, streamed_ways, ways

PING = b'event: ping\ndata: {"type": "ping"}\n\n'


def good(api: str) -> Fault:
    """A plain answer, as it was asked for."""
    return by_kind(answer(BODIES[api]), stream(frames(api)))


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, FaultServer]]:
    with FaultServer(good("responses")) as responses, FaultServer(good("chat")) as chat:
        yield {"responses": responses, "chat": chat}


@pytest.fixture
def server(servers: dict[str, FaultServer], api: str) -> FaultServer:
    servers[api].reset()
    return servers[api]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries last as short as they may."""
    monkeypatch.setattr(random, "uniform", lambda low, high: 0.0)


# --- connections that fail


CONNECTION_FAULTS: dict[str, Callable[[str], Fault]] = {
    "reset": lambda api: faults.reset,
    "closed": lambda api: faults.close_at_once,
    "no HTTP": lambda api: faults.garbage,
    "cut": lambda api: by_kind(short(BODIES[api]), stream(frames(api, 0), end="cut")),
}


@ways
@apis
@pytest.mark.parametrize("name", CONNECTION_FAULTS)
def test_a_broken_connection_is_an_error_and_worth_another_try(
    server: FaultServer, api: str, way: Way, name: str, at_once: None
) -> None:
    server.play(CONNECTION_FAULTS[name](api))
    with pytest.raises(GrokConnectionError) as caught:
        way.ask(way.model(server.base_url, api=api))
    assert caught.value.is_retryable
    assert (caught.value.model, caught.value.api, caught.value.attempts) == ("grok-4.7", api, 1)
    server.play(CONNECTION_FAULTS[name](api))
    assert way.ask(way.model(server.base_url, api=api, max_retries=1)) == TEXT
    assert len(server.requests) == 3


@ways
def test_nobody_listens(way: Way, at_once: None) -> None:
    with pytest.raises(GrokConnectionError, match="Connection") as caught:
        way.ask(way.model(refused_url(), max_retries=2))
    assert caught.value.attempts == 3
    assert "base_url" in str(caught.value).splitlines()[-1]


@ways
@apis
def test_a_server_that_never_answers_is_not_asked_again(server: FaultServer, api: str, way: Way) -> None:
    server.play(faults.hang)
    with pytest.raises(GrokTimeoutError) as caught:
        way.ask(way.model(server.base_url, api=api, timeout=0.2, max_retries=3))
    assert not caught.value.is_retryable
    assert len(server.requests) == 1


@ways
@apis
def test_an_answer_that_drips_is_read_to_its_end(server: FaultServer, api: str, way: Way) -> None:
    data = json.dumps(BODIES[api], ensure_ascii=False).encode()
    drip = by_kind(
        stream([data[n : n + 7] for n in range(0, len(data), 7)], content_type=faults.JSON),
        stream([bytes([byte]) for byte in b"".join(frames(api))]),  # every character in several pieces
    )
    server.play(drip)
    assert way.ask(way.model(server.base_url, api=api)) == TEXT


@streamed_ways
@apis
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/json", "application/octet-stream", "", "text/html"]
)
def test_a_stream_may_call_itself_anything(server: FaultServer, api: str, way: Way, content_type: str) -> None:
    server.play(stream(frames(api), content_type=content_type))
    assert way.ask(way.model(server.base_url, api=api)) == TEXT


# --- answers that make no sense


NONSENSE: dict[str, tuple[Fault, str]] = {
    "empty": (answer(""), "empty answer"),
    "empty, accepted": (answer("", status=202), "202"),
    "truncated": (answer('{"id": "r1", "outp'), r'got \{"id": "r1", "outp'),
    "a number": (answer("42"), "got 42"),
    "null": (answer("null"), "got null"),
    "a list": (answer("[1, 2]"), r"got \[1, 2\]"),
    "wrong types": (answer({"id": 3, "output": "x", "choices": 7}), "expected an object with"),
    "nothing in it": (answer("{}"), r"got \{\}"),
    "a page": (answer("<html><title>Log in</title></html>", content_type="text/html"), "<title>Log in"),
    "a page that says it is a stream": (answer("<html><title>Log in</title></html>", content_type=EVENTS), "Log in"),
    "not compressed as it says": (answer("{}", content_encoding="gzip"), "cannot be read"),
    "binary": (answer(b"\xff\xfe\x00\x01"), "got"),
}


@ways
@apis
@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_an_error_that_says_what_came(server: FaultServer, api: str, way: Way, name: str) -> None:
    fault, says = NONSENSE[name]
    server.play(fault)
    with pytest.raises(GrokResponseError, match=says):
        way.ask(way.model(server.base_url, api=api))


@ways
@apis
@pytest.mark.parametrize("content_type", [faults.JSON, EVENTS, "text/plain"])
def test_an_error_inside_a_success(server: FaultServer, api: str, way: Way, content_type: str, at_once: None) -> None:
    told = {"code": "The service is currently unavailable", "error": "Timed out waiting for first token"}
    fault = answer(told, content_type=content_type, x_request_id="req-7", x_ratelimit_limit_requests="9")
    server.play(fault)
    with pytest.raises(GrokOverloadedError, match="Timed out waiting for first token") as caught:
        way.ask(way.model(server.base_url, api=api))
    assert caught.value.is_retryable
    assert (caught.value.request_id, caught.value.rate_limits) == ("req-7", {"limit_requests": 9})
    server.play(fault)
    assert way.ask(way.model(server.base_url, api=api, max_retries=1)) == TEXT


FIRST_FRAMES: dict[str, tuple[bytes, type[GrokError]]] = {
    "error event": (
        b'event: error\ndata: {"type":"error","code":503,"message":"At capacity"}\n\n',
        GrokOverloadedError,
    ),
    "code and error": (b'data: {"code":"resource-exhausted","error":"Too many requests"}\n\n', GrokRateLimitError),
    "no credit": (b'data: {"code":"permission-denied","error":"You ran out of credits."}\n\n', GrokQuotaError),
    "wrong request": (b'data: {"code":"invalid-argument","error":"Bad data"}\n\n', GrokInvalidRequestError),
}


@streamed_ways
@apis
@pytest.mark.parametrize("name", FIRST_FRAMES)
def test_an_error_as_the_first_event(server: FaultServer, api: str, way: Way, name: str) -> None:
    frame, cls = FIRST_FRAMES[name]
    server.play(stream([frame], end="hang"))  # it must not be waited for what comes after it
    with pytest.raises(cls) as caught:
        way.ask(way.model(server.base_url, api=api, timeout=5))
    assert not isinstance(caught.value, GrokStreamError)


# --- retries


@ways
@apis
def test_every_wait_is_logged_and_every_try_is_counted(
    server: FaultServer, api: str, way: Way, at_once: None, caplog: pytest.LogCaptureFixture
) -> None:
    server.play(*[answer({"error": "The model is at capacity"}, status=503)] * 3)
    with caplog.at_level(logging.INFO, "grok_adapter"), pytest.raises(GrokOverloadedError) as caught:
        way.ask(way.model(server.base_url, api=api, max_retries=2))
    assert caught.value.attempts == len(server.requests) == 3
    said = [record.getMessage() for record in caplog.records if record.name == "grok_adapter"]
    assert [text.partition(" failed")[0] for text in said] == ["try 1 of 3", "try 2 of 3"]
    assert all("at capacity" in text for text in said)


@ways
@apis
def test_no_retries_is_one_try(server: FaultServer, api: str, way: Way) -> None:
    server.play(answer({"error": "broken"}, status=500))
    with pytest.raises(GrokServerError) as caught:
        way.ask(way.model(server.base_url, api=api, max_retries=0))
    assert caught.value.attempts == len(server.requests) == 1


@ways
@apis
def test_retry_after_is_waited_for(server: FaultServer, api: str, way: Way, at_once: None) -> None:
    server.play(answer({"error": "Too many requests"}, status=429, retry_after="0.25"))
    began = time.monotonic()
    assert way.ask(way.model(server.base_url, api=api, max_retries=1)) == TEXT
    assert 0.24 < time.monotonic() - began < 2


@pytest.mark.parametrize("way", [Way("langchain", False, False), Way("llama_index", True, True)], ids=str)
@pytest.mark.parametrize("api", ["responses"])
def test_retry_after_may_be_a_date(server: FaultServer, api: str, way: Way, at_once: None) -> None:
    # An HTTP date has whole seconds, so that two of them from now is one to two seconds away.
    after = email.utils.formatdate(time.time() + 2, usegmt=True)
    server.play(answer({"error": "Too many requests"}, status=429, retry_after=after))
    began = time.monotonic()
    assert way.ask(way.model(server.base_url, api=api, max_retries=1)) == TEXT
    assert 0.9 < time.monotonic() - began < 3


@ways
@apis
@pytest.mark.parametrize("dated", [False, True])
def test_too_long_a_retry_after_is_raised(server: FaultServer, api: str, way: Way, dated: bool) -> None:
    after = email.utils.formatdate(time.time() + 3600, usegmt=True) if dated else "3600"
    server.play(answer({"error": "Too many requests"}, status=429, retry_after=after))
    with pytest.raises(GrokRateLimitError) as caught:
        way.ask(way.model(server.base_url, api=api, max_retries=4))
    assert caught.value.retry_after == pytest.approx(3600, abs=5)
    assert len(server.requests) == 1


@ways
@apis
def test_an_empty_purse_is_not_asked_again(server: FaultServer, api: str, way: Way) -> None:
    body = {"code": "Some resource has been exhausted", "error": "Your team has used all available credits."}
    server.play(answer(body, status=429, retry_after="0"))
    with pytest.raises(GrokQuotaError):
        way.ask(way.model(server.base_url, api=api, max_retries=4))
    assert len(server.requests) == 1


@ways
@apis
def test_a_storm_of_refusals_is_weathered(server: FaultServer, api: str, way: Way, at_once: None) -> None:
    refusal = answer({"error": "Too many requests"}, status=429, retry_after="0")
    server.play(*[refusal] * 24)
    model = way.model(server.base_url, api=api, max_retries=24)
    with ThreadPoolExecutor(8) as threads:
        texts = list(threads.map(lambda n: way.ask(model, f"Question {n}"), range(8)))
    assert texts == [TEXT] * 8
    assert len(server.requests) == 32


def test_the_deadline_counts_all_tries(at_once: None) -> None:
    refusal = answer({"error": "Too many requests"}, status=429, retry_after="0.1")
    with FaultServer(refusal) as server, pytest.raises(GrokRateLimitError) as caught:
        Way("langchain", False, False).ask(
            Way("langchain", False, False).model(server.base_url, max_retries=99, deadline=0.35)
        )
    assert 2 <= caught.value.attempts <= 4


# --- streams that stop


@streamed_ways
@apis
def test_a_stream_is_tried_again_until_its_first_delta(server: FaultServer, api: str, way: Way, at_once: None) -> None:
    begun = frames(api, 2 if api == "responses" else 1)  # created, in_progress; the role
    server.play(stream(begun, end="cut"), stream(begun, end="end"), stream([b": hello\n\n"], end="reset"))
    assert way.ask(way.model(server.base_url, api=api, max_retries=3)) == TEXT
    assert len(server.requests) == 4


STOPS: dict[str, tuple[str, bytes, dict[str, Any], bool]] = {
    # how the connection ends, what comes last, settings, whether another try may help
    "cut": ("cut", b"", {}, True),
    "reset": ("reset", b"", {}, True),
    "clean end too early": ("end", b"", {}, True),
    "error event": ("hang", b'event: error\ndata: {"type":"error","code":503,"message":"At capacity"}\n\n', {}, True),
    "code and error": ("hang", b'data: {"code":"unavailable","error":"At capacity"}\n\n', {}, True),
    "refused after all": ("hang", b'data: {"code":"x","error":"You ran out of credits."}\n\n', {}, False),
    "half an event": ("end", b'data: {"type": "response.output_text.del', {}, True),
    "no JSON": ("hang", b"data: <html>\n\n", {}, False),
    "silence, socket": ("hang", b"", {"timeout": 0.3}, False),
    "silence, idle": ("hang", b"", {"stream_idle_timeout": 0.3}, False),
}


@streamed_ways
@apis
@pytest.mark.parametrize("name", STOPS)
def test_a_stream_that_stops_carries_what_had_come(
    server: FaultServer, api: str, way: Way, name: str, at_once: None
) -> None:
    end, last, settings, retryable = STOPS[name]
    begun = frames(api, 7)
    failing = stream([*begun, last] if last else begun, end=end, x_request_id="req-9")
    server.play(answer({"error": "At capacity"}, status=503), failing)
    pieces: list[str] = []
    model = way.model(server.base_url, api=api, max_retries=2, **settings)
    with pytest.raises(GrokStreamError) as caught:
        way.ask(model, on_text=pieces.append)
    partial = caught.value.partial
    assert partial is not None
    assert partial.text
    assert partial.text == "".join(pieces)
    assert TEXT.startswith(partial.text)
    assert (partial.id, partial.model, partial.finish_reason, partial.request_id) == ("r1", "grok-4.7", None, "req-9")
    assert (caught.value.request_id, caught.value.attempts, caught.value.api) == ("req-9", 2, api)
    assert caught.value.is_retryable is retryable
    assert len(server.requests) == 2  # never again after the first delta


@streamed_ways
@apis
def test_what_comes_in_one_packet_with_the_error_is_not_lost(server: FaultServer, api: str, way: Way) -> None:
    server.play(stream([b"".join([*frames(api, 7), FIRST_FRAMES["code and error"][0]])], end="hang"))
    pieces: list[str] = []
    with pytest.raises(GrokStreamError, match="Too many requests") as caught:
        way.ask(way.model(server.base_url, api=api), on_text=pieces.append)
    assert caught.value.partial is not None
    assert caught.value.partial.text == "".join(pieces) != ""
    assert isinstance(caught.value.__cause__, GrokRateLimitError)


@streamed_ways
def test_the_partial_holds_reasoning_calls_and_usage(way: Way) -> None:
    call = {"type": "function_call", "id": "fc", "call_id": "call-1", "name": "look", "arguments": '{"at": "moon"}'}
    thought = {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "Hm."}], "status": "x"}
    body = {**BODIES["responses"], "output": [thought, *BODIES["responses"]["output"], call]}
    events = events_of("responses", body)[:-1]
    failed = {"status": "failed", "id": "r1", "model": "grok-4.7", "usage": body["usage"], "error": {"message": "Full"}}
    data = sse_of("responses", [*events, {"type": "response.failed", "response": failed}])
    with FaultServer(stream([data])) as server, pytest.raises(GrokStreamError, match="Full") as caught:
        way.ask(way.model(server.base_url))
    partial = caught.value.partial
    assert partial is not None
    assert (partial.text, partial.reasoning) == (TEXT, "Hm.")
    assert partial.tool_calls == (ToolCall("call-1", "look", '{"at": "moon"}', "fc"),)
    assert partial.usage is not None
    assert partial.usage.total_tokens == 9
    assert partial.cost_usd == pytest.approx(0.000042)


@streamed_ways
def test_chat_usage_that_came_before_the_cut_is_known(way: Way) -> None:
    events = events_of("chat", BODIES["chat"])
    for event in events[:5]:  # some gateways tell it with every chunk
        event["usage"] = BODIES["chat"]["usage"]
    data = sse_of("chat", events[:5]).removesuffix(b"data: [DONE]\n\n")
    with FaultServer(stream([data], end="cut")) as server, pytest.raises(GrokStreamError) as caught:
        way.ask(way.model(server.base_url, api="chat"))
    assert caught.value.partial is not None
    assert caught.value.partial.usage is not None
    assert caught.value.partial.usage.total_tokens == 9


@streamed_ways
@apis
def test_text_that_may_begin_a_stop_sequence_is_in_the_partial(server: FaultServer, api: str, way: Way) -> None:
    server.play(stream(frames(api, 7, size=4), end="cut"))
    full: list[str] = []
    with pytest.raises(GrokStreamError) as caught:
        way.ask(way.model(server.base_url, api=api), on_text=full.append)
    text = "".join(full)
    server.play(stream(frames(api, 7, size=4), end="cut"))
    with pytest.raises(GrokStreamError) as caught:
        way.ask(way.model(server.base_url, api=api, on_unsupported="ignore"), stop=[text[-2:] + "never"])
    assert caught.value.partial is not None
    assert caught.value.partial.text == text


# --- silence


@streamed_ways
@pytest.mark.parametrize("api", ["responses"])
def test_a_silent_start_of_three_seconds(api: str, way: Way) -> None:
    """Nothing is given up by itself; a limit above it lets it pass, one below it ends it in time."""

    silent = [stream(frames(api), silent=3.0), late(3.0, stream(frames(api)))]

    def passes(fault: Fault, **fields: Any) -> None:
        with FaultServer(fault) as own:
            assert way.ask(way.model(own.base_url, api=api, **fields)) == TEXT

    def ends(fault: Fault) -> None:
        with FaultServer(fault) as own:
            began = time.monotonic()
            with pytest.raises(GrokStreamError, match="stream_idle_timeout") as caught:
                way.ask(way.model(own.base_url, api=api, stream_idle_timeout=1.0, max_retries=3))
            assert 0.9 < time.monotonic() - began < 2.5
            assert not caught.value.is_retryable
            assert isinstance(caught.value.__cause__, GrokTimeoutError)

    with ThreadPoolExecutor(4) as threads:
        done = [threads.submit(passes, silent[0]), threads.submit(passes, silent[1], stream_idle_timeout=10)]
        for each in [*done, *(threads.submit(ends, fault) for fault in silent)]:
            each.result()


@streamed_ways
@apis
@pytest.mark.parametrize(
    "sign", [PING, b": keepalive\n\n", b"d", b"event: x\n\n"], ids=["ping", "comment", "drip", "bare event"]
)
@pytest.mark.parametrize("after", [0, 7])
def test_signs_of_life_that_mean_nothing_do_not_count(
    server: FaultServer, api: str, way: Way, sign: bytes, after: int
) -> None:
    server.play(endless(sign, 0.03, first=b"".join(frames(api, after))))
    began = time.monotonic()
    with pytest.raises(GrokStreamError, match=r"No meaningful event for 0\.3 s") as caught:
        way.ask(way.model(server.base_url, api=api, stream_idle_timeout=0.3, max_retries=2))
    assert 0.25 < time.monotonic() - began < 2
    assert caught.value.partial is not None
    assert bool(caught.value.partial.text) == bool(after)
    assert not caught.value.is_retryable
    assert len(server.requests) == 1


@apis
def test_pings_are_waited_through_by_default(server: FaultServer, api: str) -> None:
    way = Way("langchain", True, False)
    pieces = [piece for frame in frames(api) for piece in (PING, b": keepalive\n\n", frame)]
    server.play(stream([*[PING] * 20, *pieces], gap=0.005))
    assert way.ask(way.model(server.base_url, api=api)) == TEXT


@streamed_ways
@apis
def test_events_that_mean_something_keep_a_stream_alive(server: FaultServer, api: str, way: Way) -> None:
    server.play(stream(frames(api), gap=0.05))
    assert way.ask(way.model(server.base_url, api=api, stream_idle_timeout=0.4)) == TEXT


@apis
def test_a_caller_who_takes_his_time_is_no_silence(server: FaultServer, api: str) -> None:
    way = Way("langchain", True, False)
    whole = frames(api)
    server.play(stream([*whole[:5], PING, *[PING] * 3, *whole[5:]], gap=0.02))
    pieces = []
    for piece in way.pieces(way.model(server.base_url, api=api, stream_idle_timeout=0.3)):
        if not pieces:
            time.sleep(0.5)
        pieces.append(piece)
    assert "".join(pieces) == TEXT


def test_a_shorter_timeout_is_not_blamed_on_the_idle_one() -> None:
    way = Way("langchain", True, False)
    with FaultServer(faults.hang) as server, pytest.raises(GrokTimeoutError):
        way.ask(way.model(server.base_url, timeout=0.2, stream_idle_timeout=5.0))


def test_the_fault_server_leaves_nothing_behind() -> None:
    before = {thread.name for thread in threading.enumerate()}
    with FaultServer(good("chat")) as server:
        assert (
            Way("langchain", True, False).ask(Way("langchain", True, False).model(server.base_url, api="chat")) == TEXT
        )
    time.sleep(0.1)
    assert {thread.name for thread in threading.enumerate()} <= before
