"""The rows against the emulator, which has its own table of what xAI refuses: a wrong row fails a test.

Both directions: what the rows let through must not be refused, and what they hold back must be refused (or silently
ignored) when it is sent all the same. Where the facts are not settled the rows are permissive and the emulator too.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import replace
from typing import Any

import pytest

from grok_adapter import GrokClient, GrokConfigurationError, Message
from grok_adapter.models import RETIRED, ROWS, GrokModel, model_for
from grok_adapter.params import PARAMETERS
from grok_adapter.prepare import prepare
from grok_adapter.pricing import estimate_ticks
from grok_adapter.types import Api, ChatRequest, TextPart
from grok_emulator import Emulator
from tests.conftest import KEY

APIS: list[Api] = ["responses", "chat"]
EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh"]
ASKED = Message("user", (TextPart("Hi"),))
FULL: dict[str, Any] = {
    "temperature": 0.3,
    "top_p": 0.9,
    "max_tokens": 500,
    "stop": ["END"],
    "seed": 7,
    "presence_penalty": 0.5,
    "frequency_penalty": 0.5,
    "logprobs": True,
    "top_logprobs": 3,
    "max_turns": 3,
    "include": ["web_search_call.action.sources"],
    "conversation_id": "thread-1",
    "service_tier": "priority",
    "user": "u-1",
    "safety_identifier": "s-1",
    "guidelines": [{"type": "policy", "category": "violence", "behavior": "decline"}],
}
"""Every parameter that a model could refuse, at a value that means something."""

NAMES = [*(name for row in ROWS for name in (row.id, *row.aliases)), *(n for n, g in RETIRED.items() if g.served_by)]


def post(emulator: Emulator, path: str, body: Any, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """Status and text of the answer to a body, sent without any of our code."""
    sent = {"content-type": "application/json", "authorization": f"Bearer {KEY}", **(headers or {})}
    request = urllib.request.Request(emulator.base_url + path, json.dumps(body).encode(), sent, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("name", NAMES)
def test_what_a_row_lets_through_is_not_refused(emulator: Emulator, name: str, api: Api) -> None:
    if api not in model_for(name).apis:
        with pytest.raises(GrokConfigurationError, match="is not served by this API"):
            prepare(ChatRequest(name, (ASKED,), api=api))
        return
    for effort in EFFORTS:
        params = {**FULL, "reasoning_effort": effort}
        call = prepare(ChatRequest(name, (ASKED,), api=api, params=params, on_unsupported="ignore"))
        status, text = post(emulator, call.path, call.body, dict(call.headers))
        assert status == 200, (effort, text)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_a_row_holds_back_is_refused(emulator: Emulator, row: GrokModel) -> None:
    """On Chat Completions, which has a place for each of them."""
    body = {"model": row.id, "messages": [{"role": "user", "content": "Hi"}]}
    for name in sorted(row.refuses):
        status, text = post(emulator, "/chat/completions", body | {name: FULL.get(name, "low")})
        assert status == 400, (name, text)
    for name in sorted(row.ignores):
        status, text = post(emulator, "/chat/completions", body | {name: FULL[name]})
        assert status == 200 and '"logprobs"' not in text
    for effort in EFFORTS:
        status, text = post(emulator, "/chat/completions", body | {"reasoning_effort": effort})
        assert (status == 200) == row.accepts_effort(effort), (effort, text)


@pytest.mark.parametrize("api", APIS)
def test_a_retired_id_is_answered_by_what_its_row_says(emulator: Emulator, api: Api) -> None:
    for name, gone in RETIRED.items():
        if gone.served_by is None:
            continue
        call = prepare(ChatRequest(name, (ASKED,), api=api))
        status, text = post(emulator, call.path, call.body)
        answer = json.loads(text)
        assert (status, answer["model"]) == (200, gone.served_by), name
        if api == "responses" and gone.effort:
            assert answer["reasoning"]["effort"] == gone.effort == model_for(name).default_effort


def test_an_id_that_is_not_served_is_not_found(emulator: Emulator) -> None:
    for name in ("grok-beta", "grok-vision-beta", "grok-2"):
        call = prepare(ChatRequest(name, (ASKED,)))
        assert post(emulator, call.path, call.body) == (
            400,
            json.dumps({"code": "invalid-argument", "error": f"Model not found: {name}"}, separators=(",", ":")),
        )


def test_the_rows_say_what_the_live_listing_says(emulator: Emulator) -> None:
    """Windows, inputs, efforts, defaults and prices; what is not settled may be wider here than there."""
    live = {row.id: row for row in GrokClient(base_url=emulator.base_url, api_key=KEY).list_models()}
    assert set(live) == {row.id for row in ROWS}
    for row in ROWS:
        other = live[row.id]
        assert (row.context_window, row.inputs, row.released) == (other.context_window, other.inputs, row.released)
        assert row.prices == other.prices, row.id
        assert set(row.aliases) <= set(other.aliases) | {row.id}
        assert set(other.efforts or ()) <= set(row.efforts or ()), row.id
        if row.default_effort:
            assert row.default_effort == other.default_effort


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_window_is_where_prompts_begin_to_be_refused(emulator: Emulator, row: GrokModel) -> None:
    """The emulator counts `a ` as one token, and xAI's own system prompt with it."""
    body: dict[str, Any] = {"model": row.id, "input": "a " * row.context_window}
    status, text = post(emulator, "/responses", body)
    assert status == 400
    words = f"This model's maximum prompt length is {row.context_window} but the request contains "
    assert json.loads(text)["error"].startswith(words)


@pytest.mark.parametrize("tier", ["default", "priority"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_call_costs_what_the_row_says(emulator: Emulator, row: GrokModel, tier: str) -> None:
    """To the tick: without a cache, with a cached prefix, and at the long-context price."""
    client = GrokClient(base_url=emulator.base_url, api_key=KEY, model=row.id, conversation_id="c", service_tier=tier)
    seen = set()
    for text in ("Hello there. " * 60, "Hello there. " * 60 + "And more.", "a " * 200_000):
        usage = client.complete(client.settings.to_request([Message("user", (TextPart(text),))])).usage
        assert usage is not None
        ticks = estimate_ticks(replace(usage, cost_in_usd_ticks=None), row, service_tier=tier)
        assert ticks == usage.cost_in_usd_ticks
        seen.add((usage.cached_tokens > 128, usage.input_tokens >= 200_000))
    assert seen >= {(False, False), (True, False)} and any(long for _, long in seen)


def test_every_parameter_that_a_row_may_refuse_is_in_the_table() -> None:
    for row in ROWS:
        assert row.refuses | row.ignores <= set(PARAMETERS)
