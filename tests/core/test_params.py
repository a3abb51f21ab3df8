"""The table of parameters: every field of xAI's request schemas, values, contradictions, and `clean_params`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from grok_adapter import ChatRequest, GrokConfigurationError, Message, clean_params
from grok_adapter.params import PARAMETERS, PLACED_ELSEWHERE, is_lost
from grok_adapter.prepare import PreparedCall, prepare
from grok_adapter.settings import GrokSettings
from grok_adapter.types import TextPart

HI = (Message("user", (TextPart("Hi"),)),)


def call(model: str = "grok-4.7", api: str = "responses", stream: bool = False, **params: Any) -> PreparedCall:
    request = ChatRequest(model, HI, api=api, params=params, on_unsupported="ignore", stream=stream)  # type: ignore[arg-type]
    return prepare(request)


def reported(prepared: PreparedCall) -> dict[str, str]:
    return {entry.name: entry.reason for entry in prepared.report}


# --- the schemas -------------------------------------------------------------------------------------------------


def schema_fields() -> dict[str, set[str]]:
    """The fields of xAI's two request schemas, by API."""
    folder = os.environ.get("GROK_OPENAPI")
    if not folder:
        return {}
    schemas = json.loads((Path(folder) / "xai-openapi-structure.json").read_text())["components"]["schemas"]
    return {
        "chat": set(schemas["ChatRequest"]["properties"]),
        "responses": set(schemas["ModelRequest"]["properties"]),
    }


SPELT_OTHERWISE = {
    "responses": {"reasoning_effort"},  # a non-standard twin of reasoning.effort
    "chat": {"max_tokens", "prompt_cache_key"},  # a deprecated twin; the header of the same effect is sent instead
}


def test_every_field_of_both_schemas_is_in_the_table_or_has_a_place_of_its_own() -> None:
    for api, fields in schema_fields().items():
        places = {p.place(api) for p in PARAMETERS.values()}  # type: ignore[arg-type]
        covered = {str(place).partition(".")[0] for place in places if place} | set(PLACED_ELSEWHERE)
        covered |= {name for name, p in PARAMETERS.items() if p.place(api) is None}  # type: ignore[arg-type]
        covered |= SPELT_OTHERWISE[api]
        assert fields - covered == set(), api


def test_every_place_in_the_table_is_a_field_of_the_schema() -> None:
    for api, fields in schema_fields().items():
        places = {str(p.place(api)).partition(".")[0] for p in PARAMETERS.values() if p.place(api)}  # type: ignore[arg-type]
        sent = {place for place in places if not place.startswith("header:")}
        # `guidelines` is in xAI's documents and its Python SDK 1.21, not in the specification of October 2026.
        assert sent - fields == {"guidelines"}, api


def test_each_row_of_the_table_is_documented_and_each_common_one_is_a_field() -> None:
    per_call_only = {
        "top_k", "min_p", "n", "logit_bias", "reasoning_summary", "instructions", "safety_identifier", "background",
        "metadata", "truncation", "verbosity", "max_tool_calls", "context_management", "deferred",
        "prompt_cache_retention", "web_search_options",
    }  # fmt: skip
    fields = GrokSettings.model_fields
    assert set(PARAMETERS) - set(fields) == per_call_only
    for name in set(PARAMETERS) & set(fields):
        assert fields[name].description
    for parameter in PARAMETERS.values():
        assert parameter.name == "stop" or parameter.absent or (parameter.responses and parameter.chat), parameter.name


# --- values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("temperature", 2.1, "a number from 0 to 2"),
        ("temperature", "0.2", "a number from 0 to 2"),
        ("temperature", True, "a number from 0 to 2"),
        ("temperature", float("nan"), "a number from 0 to 2"),
        ("top_p", 0, "a number above 0 and up to 1"),
        ("top_p", 1.5, "a number above 0 and up to 1"),
        ("top_k", 0, "a whole number from 1"),
        ("min_p", -0.1, "a number from 0 to 1"),
        ("max_tokens", 0, "a whole number from 1"),
        ("max_tokens", 1.5, "a whole number from 1"),
        ("n", 0, "a whole number from 1"),
        ("top_logprobs", 9, "a whole number from 0 to 8"),
        ("max_turns", 0, "a whole number from 1"),
        ("presence_penalty", 3, "a number from -2 to 2"),
        ("stop", [1], "a list of strings"),
        ("store", "yes", "a bool"),
        ("conversation_id", 5, "a string"),
        ("user", 5, "a string"),
    ],
)
def test_a_value_that_xai_would_not_take_is_named_with_the_mend(name: str, value: Any, wanted: str) -> None:
    with pytest.raises(GrokConfigurationError) as caught:
        call(**{name: value})
    assert str(caught.value).splitlines()[-1] == f"{name}={value!r} is not {wanted}: mend the value."


@pytest.mark.parametrize(
    ("name", "value"),
    [("temperature", 0), ("temperature", 2), ("top_p", 1), ("top_p", 0.0001), ("max_tokens", 10**8), ("min_p", 0)],
)
def test_the_ends_of_the_ranges_are_sent(name: str, value: Any) -> None:
    place = str(PARAMETERS[name].responses)
    assert call(**{name: value}).body[place] == value


def test_a_service_tier_that_xai_would_quietly_change_is_reported() -> None:
    for tier in ("default", "priority", "fast"):
        assert call(service_tier=tier).body["service_tier"] == tier
    assert call(service_tier="auto").body.keys() == call().body.keys()
    flex = call(service_tier="flex")
    assert "service_tier" not in flex.body
    assert "serves anything else as default" in reported(flex)["service_tier"]


def test_more_stop_sequences_than_xai_takes_are_cut_here() -> None:
    few, many = ["a", "b", "c", "d"], ["a", "b", "c", "d", "e"]
    assert call("grok-4.3", "chat", stop=few).body["stop"] == few
    prepared = call("grok-4.3", "chat", stop=many)
    assert "stop" not in prepared.body
    assert prepared.stop == tuple(many)
    assert not any(is_lost(entry) for entry in prepared.report)


def test_a_conversation_id_fits_into_a_header() -> None:
    assert call(api="chat", conversation_id="thread-1/a").headers == {"x-grok-conv-id": "thread-1/a"}
    assert call(api="chat", conversation_id="Fäden 1\n").headers == {"x-grok-conv-id": "F%C3%A4den%201%0A"}
    assert call(conversation_id="Fäden 1\n").body["prompt_cache_key"] == "Fäden 1\n"


# --- contradictions ----------------------------------------------------------------------------------------------


def test_instructions_exclude_a_previous_response() -> None:
    with pytest.raises(GrokConfigurationError, match="exclude each other"):
        call(instructions="Be brief.", previous_response_id="r-1")


def test_n_belongs_to_chat_and_to_whole_answers() -> None:
    assert "n" not in call(n=2).body
    assert "use api='chat'" in reported(call(n=2))["n"]
    assert call("grok-4.3", "chat", n=2).body["n"] == 2
    with pytest.raises(GrokConfigurationError, match="cannot be streamed"):
        call(api="chat", stream=True, n=2)


@pytest.mark.parametrize("api", ["responses", "chat"])
@pytest.mark.parametrize("zero", [0, 0.0, -0.0])
def test_a_penalty_of_zero_is_not_sent_and_not_told_of(api: str, zero: float) -> None:
    prepared = call(api=api, presence_penalty=zero, frequency_penalty=zero)
    assert not {"presence_penalty", "frequency_penalty"} & set(prepared.body)
    assert prepared.report == ()


# --- clean_params ------------------------------------------------------------------------------------------------

SCHEMA = {"name": "a", "schema": {"type": "object"}, "strict": True}


@pytest.mark.parametrize(
    ("api", "model", "given", "cleaned", "taken"),
    [
        ("responses", "grok-4.7", {"max_tokens": 9}, {"max_output_tokens": 9}, []),
        ("chat", "grok-4.7", {"max_tokens": 9}, {"max_completion_tokens": 9}, []),
        ("chat", "grok-4.7", {"max_output_tokens": 9}, {"max_completion_tokens": 9}, []),
        ("responses", "grok-4.7", {"reasoning_effort": "low"}, {"reasoning": {"effort": "low"}}, []),
        ("chat", "grok-4.7", {"reasoning": {"effort": "low"}}, {"reasoning_effort": "low"}, []),
        ("responses", "grok-4.7", {"reasoning": {"effort": "none"}}, {}, ["reasoning_effort"]),
        ("responses", "grok-4.20", {"reasoning_effort": "high"}, {}, ["reasoning_effort"]),
        (
            "responses",
            "grok-4.20",
            {"reasoning": {"effort": "high", "summary": "detailed"}},
            {"reasoning": {"summary": "detailed"}},
            ["reasoning_effort"],
        ),
        (
            "responses",
            "grok-4.7",
            {"reasoning": {"effort": "low", "new": 1}},
            {"reasoning": {"new": 1, "effort": "low"}},
            [],
        ),
        (
            "responses",
            "grok-4.7",
            {"response_format": {"type": "json_schema", "json_schema": SCHEMA}},
            {"text": {"format": {"type": "json_schema", **SCHEMA}}},
            [],
        ),
        (
            "chat",
            "grok-4.7",
            {"text": {"format": {"type": "json_schema", **SCHEMA}}},
            {"response_format": {"type": "json_schema", "json_schema": SCHEMA}},
            [],
        ),
        ("chat", "grok-4.7", {"text": {"format": {"type": "text"}}}, {"response_format": {"type": "text"}}, []),
        ("responses", "grok-4.7", {"text": {"verbosity": "low"}}, {}, ["verbosity"]),
        ("chat", "grok-4.6", {"stop": "END"}, {}, ["stop"]),
        ("chat", "grok-4.3", {"stop": "END"}, {"stop": ["END"]}, []),
        ("responses", "grok-4.3", {"stop": ["END"]}, {}, ["stop"]),
        ("responses", "grok-4.7", {"seed": 1, "n": 2}, {}, ["seed", "n"]),
        ("chat", "grok-4.7", {"store": True, "include": ["x"]}, {}, ["store", "include"]),
        ("chat", "grok-4.7", {"presence_penalty": 0}, {}, []),
        ("responses", "grok-4.7", {"stream": True, "stream_options": {}}, {"stream": True}, ["stream_options"]),
        ("chat", "grok-4.7", {"stream_options": {"a": 1}}, {"stream_options": {"a": 1}}, []),
        ("chat", "grok-4.7", {"conversation_id": "t"}, {"extra_headers": {"x-grok-conv-id": "t"}}, []),
        ("responses", "grok-4.7", {"temperature": None, "unknown": 1}, {"unknown": 1}, []),
        (
            "responses",
            "grok-4.7",
            {"instructions": "Be brief.", "previous_response_id": "r"},
            {"previous_response_id": "r"},
            ["instructions"],
        ),
        (
            "chat",
            "grok-4.7",
            {"deferred": True, "web_search_options": {"a": 1}},
            {},
            ["deferred", "web_search_options"],
        ),
        ("responses", "grok-4.7", {"context_management": [{"type": "x"}]}, {}, ["context_management"]),
    ],
)
def test_clean_params(api: Any, model: str, given: dict[str, Any], cleaned: dict[str, Any], taken: list[str]) -> None:
    before = json.dumps(given)
    out, report = clean_params(given, model, api=api)
    assert (out, [entry.name for entry in report]) == (cleaned, taken)
    assert json.dumps(given) == before
