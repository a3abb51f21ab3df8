"""The error matrix of docs/errors.md and the README, row by row: what comes, what is raised, whether it is tried again.

The tables are read from the documents, so that they cannot say what is not so; the answers are made here.
"""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

import grok_adapter
import langchain_grok
import llama_index_grok
from grok_adapter.errors import GrokError
from grok_emulator import Emulator
from tests.conftest import KEY
from tests.support import faults
from tests.support.faults import EVENTS, Fault, FaultServer, answer, by_kind, deaf_url, refused_url, stream
from tests.support.ways import APIS, BODIES, TEXT, Way, apis, frames, ways

ROOT = Path(__file__).parents[2]
CREDIT = "You have used all available credits; purchase more credits or raise your spending limit."
FULL = {"code": "The service is currently unavailable", "error": "Timed out waiting for first token"}
ERROR_EVENT = b'event: error\ndata: {"type":"error","code":503,"message":"Service temporarily unavailable"}\n\n'
PAGE = "<!DOCTYPE html><html><head><title>api.x.ai | {}: Bad gateway</title></head><body>...</body></html>"


def refusal(status: int, error: str, code: str = "invalid-argument") -> Callable[[str], list[Fault]]:
    return lambda api: [answer({"code": code, "error": error}, status=status)]


def page(*statuses: int) -> Callable[[str], list[Fault]]:
    return lambda api: [answer(PAGE.format(s), status=s, content_type="text/html; charset=UTF-8") for s in statuses]


def streamed(*fault: Callable[[str], Fault]) -> Callable[[str], list[Fault]]:
    return lambda api: [each(api) for each in fault]


# What is sent for a row. Rows whose name begins as in `STREAMS_ONLY` cannot happen to a whole answer.
CASES: dict[str, Callable[[str], list[Fault]]] = {
    "200": lambda api: [by_kind(answer(BODIES[api]), stream(frames(api)))],
    "200, error in the body": lambda api: [answer(FULL), answer(FULL, content_type=EVENTS)],
    "200, error as first event": streamed(
        lambda api: stream([ERROR_EVENT]), lambda api: stream([b'data: {"code":"unavailable","error":"Full"}\n\n'])
    ),
    "200, error in mid-stream": streamed(
        lambda api: stream([*frames(api, 7), ERROR_EVENT]),
        lambda api: stream([*frames(api, 7), b'data: {"code":"unavailable","error":"Full"}\n\n']),
    ),
    "200, stream cut": streamed(
        lambda api: stream(frames(api, 7), end="cut"),
        lambda api: stream(frames(api, 7), end="end"),
        lambda api: stream(frames(api, 7), end="reset"),
    ),
    "200, no sense": lambda api: [
        answer(""), answer('{"id": "r1", "ou'), answer({"output": 7}), answer(PAGE, content_type="text/html")
    ],
    "400": refusal(400, "Argument not supported on this model: presencePenalty"),
    "400, wrong key": refusal(400, "Incorrect API key provided. You can obtain one from https://console.x.ai."),
    "400, unknown model": refusal(400, "Model not found: grok-99"),
    "400, prompt too long": refusal(
        400, "This model's maximum prompt length is 500000 but the request contains 500644 tokens."
    ),
    "400, bad image": refusal(400, "Invalid PNG image.", "invalid_image"),
    "401": refusal(401, "Missing credentials", "unauthenticated"),
    "403": refusal(403, "The caller may not use this endpoint.", "permission-denied"),
    "403, no credit": refusal(403, CREDIT, "permission-denied"),
    "403, safety check": refusal(403, "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"),
    "403, region": refusal(403, "The model grok-4.7 is not available in your region.", "permission-denied"),
    "404": refusal(404, "Response with id=r-1 not found", "not-found"),
    "404, unknown model": refusal(404, "The model grok-99 does not exist or your team t does not have access to it."),
    "408": lambda api: [answer("", status=408)],
    "409": lambda api: [answer("", status=409)],
    "410": refusal(410, "Live search is deprecated. Use the Agent Tools API."),
    "413": lambda api: [answer("length limit exceeded", status=413, content_type="text/plain")],
    "422": lambda api: [
        answer("Failed to deserialize the JSON body into the target type", status=422, content_type="text/plain"),
        answer({"error": "Failed to deserialize the JSON body into the target type"}, status=422),
    ],
    "429": refusal(429, "Too many requests for team t and model grok-4.7.", "resource-exhausted"),
    "429, no credit": refusal(429, CREDIT, "Some resource has been exhausted"),
    "498": refusal(498, "Capacity exceeded"),
    "500": lambda api: [answer({"code": 500, "error": "internal server error"}, status=500)],
    "502": page(502),
    "503": refusal(503, "Service temporarily unavailable. The model did not respond to this request."),
    "520 to 524": page(520, 521, 522, 523, 524),
    "525 and 526": page(525, 526),
    "529": lambda api: [answer({"error": {"type": "overloaded_error", "message": "Overloaded"}}, status=529)],
    "timeout, connecting": lambda api: [],
    "timeout, reading": lambda api: [faults.hang],
    "no connection": lambda api: [faults.reset, faults.close_at_once],
}  # fmt: skip
STREAMS_ONLY = {"200, error as first event", "200, error in mid-stream", "200, stream cut"}
SEEDS = ["200", "400", "401", "429", "498", "500", "502", "503", "timeout"]
SDK = {
    "GrokAuthenticationError": openai.AuthenticationError,
    "GrokRateLimitError": openai.RateLimitError,
    "GrokQuotaError": openai.PermissionDeniedError,
    "GrokTimeoutError": openai.APITimeoutError,
    "GrokServerError": openai.InternalServerError,
    "GrokOverloadedError": openai.InternalServerError,
    "GrokModelNotFoundError": openai.NotFoundError,
}


def table(path: str) -> dict[str, tuple[str, str]]:
    """Case -> (class name, "yes", "no" or "-"), as a document has it."""
    text = (ROOT / path).read_text().partition("| case |")[2]
    rows = []
    for line in text.splitlines()[2:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return {row[0]: (row[-2].strip("`"), row[-1]) for row in rows}


MATRIX = table("docs/errors.md")


def test_the_documents_and_the_cases_are_the_same() -> None:
    assert list(MATRIX) == list(CASES)
    readme = table("README.md")
    assert readme.items() <= MATRIX.items()
    for status in SEEDS:
        assert any(case.startswith(status) for case in readme), status


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: 0.0)


def expected(way: Way, name: str) -> type[GrokError]:
    module = langchain_grok if way.provider == "langchain" else llama_index_grok
    return getattr(module, name)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, FaultServer]]:
    good = {api: by_kind(answer(BODIES[api]), stream(frames(api))) for api in APIS}
    with FaultServer(good["responses"]) as responses, FaultServer(good["chat"]) as chat:
        yield {"responses": responses, "chat": chat}


@ways
@apis
@pytest.mark.parametrize("case", CASES)
def test_a_row_of_the_matrix(servers: dict[str, FaultServer], case: str, api: str, way: Way, at_once: None) -> None:
    name, again = MATRIX[case]
    if case in STREAMS_ONLY and not way.streamed:
        way = Way(way.provider, True, way.asynchronous)
    for fault in CASES[case](api) or [answer("")]:
        servers[api].reset()
        check(servers[api], case, name, again, api, way, fault)


def check(server: FaultServer, case: str, name: str, again: str, api: str, way: Way, fault: Fault) -> None:
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(deaf_url()) if case == "timeout, connecting" else server.base_url
        timeout: Any = 0.3 if case.startswith("timeout") else 10
        server.play(fault)
        model = way.model(url, api=api, timeout=timeout)
        if name == "-":
            assert way.ask(model) == TEXT
            return
        with pytest.raises(expected(way, name)) as caught:
            way.ask(model)
        error = caught.value
        assert type(error) is expected(way, name)
        assert isinstance(error, (getattr(grok_adapter.errors, name),))
        assert isinstance(error, SDK.get(name, openai.OpenAIError))
        if status := re.fullmatch(r"([45]\d\d)(, .*)?", case):
            assert error.status_code == int(status[1])
        assert (error.api, error.model, error.attempts) == (api, "grok-4.7", 1)
        assert KEY not in f"{error}{error!r}{error.__dict__}"
        if name == "GrokStreamError":
            assert error.partial is not None  # type: ignore[attr-defined]
            assert TEXT.startswith(error.partial.text)  # type: ignore[attr-defined]
            assert error.partial.text  # type: ignore[attr-defined]
        else:
            assert error.is_retryable == (again == "yes")
        if case == "timeout, connecting":
            return
        server.play(fault)
        patient = way.model(url, api=api, timeout=timeout, max_retries=1)
        if again == "yes":
            assert way.ask(patient) == TEXT
            assert len(server.requests) == 3
        else:
            with pytest.raises(expected(way, name)):
                way.ask(patient)
            assert len(server.requests) == 2


@ways
def test_connecting_is_tried_again(way: Way, at_once: None) -> None:
    with deaf_url() as url, pytest.raises(expected(way, "GrokTimeoutError")) as caught:
        way.ask(way.model(url, timeout=0.1, max_retries=2))
    assert caught.value.attempts == 3


@ways
@apis
def test_nobody_there(api: str, way: Way) -> None:
    with pytest.raises(expected(way, "GrokConnectionError")):
        way.ask(way.model(refused_url(), api=api))


# --- the same rows from the emulator, where it makes them by itself


@pytest.fixture
def choosy() -> Iterator[Emulator]:
    with Emulator(api_key=KEY) as emulator:
        yield emulator


@ways
@apis
def test_rows_that_the_emulator_makes(choosy: Emulator, api: str, way: Way) -> None:
    for name, fields in {
        "GrokAuthenticationError": {"api_key": "xai-another-0123456789"},
        "GrokModelNotFoundError": {"model": "grok-99"},
        "GrokInvalidRequestError": {"extra_body": {"presence_penalty": 1} if api == "chat" else {"max_tokens": 5}},
        "GrokUnprocessableError": {"extra_body": {"temperature": "hot"}},
    }.items():
        with pytest.raises(expected(way, name)) as caught:
            way.ask(way.model(choosy.base_url, api=api, **fields))
        assert type(caught.value) is expected(way, name)
    assert way.ask(way.model(choosy.base_url, api=api), "Is the moon made of rock? The moon is made of rock.")
