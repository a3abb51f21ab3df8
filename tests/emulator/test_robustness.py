"""Whatever JSON arrives, the answer is an answer or a refusal, never a failure of the server itself."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grok_emulator.filling import MISSING, Filler
from grok_emulator.gleaning import Source
from grok_emulator.patterns import sample

from .conftest import Wire

TOOL = {
    "name": "open_gate",
    "description": "Opens a gate.",
    "parameters": {
        "type": "object",
        "properties": {"gate": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}}},
        "required": ["gate"],
    },
}
CHAT: dict[str, Any] = {
    "model": "grok-4.3",
    "temperature": 0.5,
    "top_p": 0.9,
    "n": 1,
    "stop": ["zz"],
    "stream": False,
    "max_tokens": 50,
    "stream_options": {"include_usage": True},
    "tools": [{"type": "function", "function": TOOL}],
    "tool_choice": "auto",
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "x", "schema": {"type": "object", "properties": {}}},
    },
    "messages": [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Open gate 7."},
                {"type": "image_url", "image_url": {"url": "https://a.test"}},
            ],
        },
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "open_gate", "arguments": '{"gate":7}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "open"},
    ],
}
RESPONSES: dict[str, Any] = {
    "model": "grok-4.3",
    "instructions": "Be brief.",
    "max_output_tokens": 50,
    "include": ["no_inline_citations"],
    "reasoning": {"effort": "low"},
    "text": {"format": {"type": "json_object"}},
    "tool_choice": "auto",
    "stream": False,
    "tools": [
        {"type": "function", **TOOL},
        {"type": "web_search", "filters": {"allowed_domains": ["a.test"]}},
        {"type": "x_search", "allowed_x_handles": ["a"], "from_date": "2026-01-01"},
    ],
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "Open gate 7."}]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "x"}]},
        {"type": "function_call", "call_id": "c1", "name": "open_gate", "arguments": '{"gate":7}'},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "open"}]},
    ],
}
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    [],
    [None],
    [[]],
    {},
    {"type": None},
    {"type": "text"},
    [{"role": "user"}],
    ["x"],
]


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in entries:
        yield from places(value, (*path, key))


def with_odd_value(body: dict[str, Any], rng: random.Random) -> Any:
    body = copy.deepcopy(body)
    path = rng.choice([place for place in places(body) if place])
    node: Any = body
    for key in path[:-1]:
        node = node[key]
    if rng.random() < 0.2 and isinstance(node, dict):
        del node[path[-1]]
    else:
        node[path[-1]] = rng.choice(ODD)
    return body


@pytest.mark.parametrize("seed", range(8))
def test_odd_values_are_refused_or_answered(wire: Wire, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(60):
        for path, body in (("/chat/completions", CHAT), ("/responses", RESPONSES)):
            odd = with_odd_value(with_odd_value(body, rng), rng) if rng.random() < 0.3 else with_odd_value(body, rng)
            reply = wire.send("POST", path, odd)
            assert reply.status < 500, (reply.text, json.dumps(odd))


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b'"x"', b"{", b"\xff", b"1"])
@pytest.mark.parametrize("path", ["/chat/completions", "/responses", "/tokenize-text"])
def test_odd_bodies(wire: Wire, path: str, raw: bytes) -> None:
    assert wire.send("POST", path, raw).status in (400, 422)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=300).filter(lambda text: text.strip()))
def test_any_text_is_answered(wire: Wire, text: str) -> None:
    assert wire.chat(text, tools=[{"type": "function", "function": TOOL}]).status == 200
    assert wire.responses(text, tools=[{"type": "web_search"}], text={"format": {"type": "json_object"}}).status == 200


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("^[A-Z]{3}-\\d+$", "AAA-0"),
        ("(red|green)?x+", "x"),
        ("[^a-z]{2}", "00"),
        ("\\w+@\\w+\\.test", "a@a.test"),
        ("(", None),
    ],
)
def test_samples_of_patterns(pattern: str, fits: str | None) -> None:
    assert sample(pattern) == fits


def test_circular_references_come_to_an_end() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}, "required": ["next"]}
    root = {"$defs": {"Node": node}, "$ref": "#/$defs/Node"}
    assert Filler([Source("Go.")], invent=True, root=root).fill() is MISSING
