"""Usage adds up as it does on each API, and costs what the price row says."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grok_emulator.usage import count, tokens

from .conftest import Wire, text_of

MODELS = ("grok-4.7", "grok-4.6", "grok-4.5", "grok-4.3", "grok-4.20", "grok-4.20-non-reasoning", "grok-build-0.1")
PRICES = {"grok-4.3": (12_500, 2_000, 25_000), "grok-4.6": (20_000, 5_000, 60_000)}


@given(st.text())
def test_tokens_are_the_text(text: str) -> None:
    assert "".join(tokens(text)) == text


@pytest.mark.parametrize("model", MODELS)
def test_chat_leaves_reasoning_out_of_completion(wire: Wire, model: str) -> None:
    body = wire.chat("The gate is red. What colour is the gate?", model=model).json
    usage = body["usage"]
    reasoning = usage["completion_tokens_details"]["reasoning_tokens"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] + reasoning
    assert usage["completion_tokens"] == count(text_of(body))
    assert (reasoning == 0) == model.endswith("non-reasoning")


@pytest.mark.parametrize("model", MODELS)
def test_responses_puts_reasoning_into_output(wire: Wire, model: str) -> None:
    body = wire.responses("The gate is red. What colour is the gate?", model=model).json
    usage = body["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["output_tokens"] == count(text_of(body)) + usage["output_tokens_details"]["reasoning_tokens"]
    assert usage["context_details"] == {"input_tokens": usage["input_tokens"], "output_tokens": usage["output_tokens"]}


@pytest.mark.parametrize("model", PRICES)
@pytest.mark.parametrize(("tier", "factor"), [(None, 1), ("priority", 2)])
def test_cost(wire: Wire, model: str, tier: str | None, factor: int) -> None:
    body = wire.responses("Hello!", model=model, service_tier=tier).json
    usage, (price, cached_price, output_price) = body["usage"], PRICES[model]
    cached = usage["input_tokens_details"]["cached_tokens"]
    ticks = (usage["input_tokens"] - cached) * price + cached * cached_price + usage["output_tokens"] * output_price
    assert usage["cost_in_usd_ticks"] == ticks * factor
    assert body["service_tier"] == (tier or "default")


def test_long_context_price(wire: Wire) -> None:
    usage = wire.chat("word " * 200_000).json["usage"]
    assert usage["prompt_tokens"] >= 200_000
    cached = usage["prompt_tokens_details"]["cached_tokens"]
    output = usage["completion_tokens"] + usage["completion_tokens_details"]["reasoning_tokens"]
    assert usage["cost_in_usd_ticks"] == (usage["prompt_tokens"] - cached) * 25_000 + cached * 4_000 + output * 50_000


def test_prompt_cache_follows_the_key(wire: Wire) -> None:
    text = "The harbour has nine piers, two cranes and a lighthouse. " * 30
    first = [{"role": "user", "content": text}]
    longer = [*first, {"role": "assistant", "content": "Noted."}, {"role": "user", "content": "How many piers?"}]

    def cached(messages: list[dict[str, str]], key: str | None) -> int:
        usage = wire.chat(messages, prompt_cache_key=key).json["usage"]
        assert usage["prompt_tokens_details"]["cached_tokens"] <= usage["prompt_tokens"]
        return int(usage["prompt_tokens_details"]["cached_tokens"])

    assert cached(first, "a") == cached(longer, "b") == cached(longer, None) == 128
    again = cached(longer, "a")
    assert again > 300 and again % 64 == 0
    by_header = {"x-grok-conv-id": "a"}
    body = wire.send("POST", "/chat/completions", {"model": "grok-4.3", "messages": longer}, headers=by_header).json
    assert body["usage"]["prompt_tokens_details"]["cached_tokens"] >= again


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 60))
def test_limit_counts_visible_tokens(wire: Wire, limit: int) -> None:
    body = wire.responses("Why do owls turn their heads?", max_output_tokens=limit).json
    visible = body["usage"]["output_tokens"] - body["usage"]["output_tokens_details"]["reasoning_tokens"]
    assert visible <= limit
    assert (
        (body["status"] == "incomplete") == (body["incomplete_details"] is not None) == (body["completed_at"] is None)
    )
    chat = wire.chat("Why do owls turn their heads?", max_completion_tokens=limit).json
    assert (chat["choices"][0]["finish_reason"] == "length") == (body["status"] == "incomplete")


def test_stop_cuts_the_text(wire: Wire) -> None:
    body = wire.chat("The gate is red. What colour is the gate?", stop=[" red"]).json
    assert text_of(body) == "The gate is" and body["choices"][0]["finish_reason"] == "stop"


def test_headers_of_an_answer(wire: Wire) -> None:
    reply = wire.chat("Hello!")
    assert reply.headers["x-request-id"] == reply.json["id"]
    assert reply.headers["x-ratelimit-limit-requests"] == "1800"
    assert reply.headers["content-type"] == "application/json"
