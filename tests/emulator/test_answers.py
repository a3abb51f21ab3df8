"""What the emulator answers, for every case of ``cases.py`` on both APIs; and whether loops and inventions behave."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from .cases import CASES, INT, LAMP, PRODUCT, STR, SUM, TIDE, Case, an_object, on_chat, on_responses, user
from .conftest import Wire, calls_of, text_of


@pytest.mark.parametrize("ask", [on_chat, on_responses])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(wire: Wire, case: Case, ask: Any) -> None:
    body = ask(wire, case)
    assert calls_of(body) == list(case.calls)
    text = text_of(body)
    if case.schema:
        made = json.loads(text)
        Draft202012Validator(case.schema).validate(made)
        assert made == case.fills
        return
    for part in case.says:
        assert part in text.lower()
    for part in case.never:
        assert part not in text.lower()
    assert bool(text) != bool(case.calls)


def test_same_task_same_answer(wire: Wire) -> None:
    first, second = (wire.chat("Why do owls turn their heads?").json for _ in range(2))
    assert text_of(first) == text_of(second)
    assert first["id"] != second["id"]


@pytest.mark.parametrize(
    "schema",
    [
        an_object(code={"type": "string", "pattern": "^[A-Z]{2}-\\d{3}$"}),
        an_object(share={"type": "number", "exclusiveMinimum": 0, "maximum": 0.5}),
        an_object(rows={"type": "array", "items": an_object(x=INT, y=INT), "minItems": 2, "maxItems": 3}),
        an_object(
            either={"anyOf": [an_object(kind={"const": "a"}, size=INT), an_object(kind={"const": "b"}, text=STR)]}
        ),
        an_object(when={"type": "string", "format": "date-time"}, id={"type": "string", "format": "uuid"}),
        an_object(note={"type": ["string", "null"]}, tag={"type": "string", "minLength": 5, "maxLength": 8}),
        {"allOf": [an_object(level={"enum": [1, 2, 3]})]},
        {"$defs": {"Node": an_object({"next": {"$ref": "#/$defs/Node"}}, label=STR)}, "$ref": "#/$defs/Node"},
    ],
    ids=lambda schema: json.dumps(schema)[:60],
)
@pytest.mark.parametrize("message", ["Go ahead.", "Twelve boats left at 10:30, three came back: Ann, Bea and Cy."])
def test_invented_values_fit_the_schema(wire: Wire, schema: dict[str, Any], message: str) -> None:
    text = text_of(on_responses(wire, Case("", message, schema=schema)))
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(json.loads(text))


def test_json_object_has_the_keys_that_were_asked_for(wire: Wire) -> None:
    asked = "Give a JSON object with the keys 'owner' and 'boat'. The owner is Signe. The boat is Petrel."
    text = text_of(wire.chat(asked, response_format={"type": "json_object"}).json)
    assert json.loads(text) == {"owner": "Signe", "boat": "Petrel"}


def run_loop(
    wire: Wire, asked: str, tools: list[dict[str, Any]], run: Any, limit: int = 6, **fields: Any
) -> tuple[list[Any], str]:
    """An agent's loop on Responses; the calls made, and the last text."""
    items: list[dict[str, Any]] = [user(asked)]
    made: list[Any] = []
    body: dict[str, Any] = {}
    for _ in range(limit):
        body = wire.responses(items, tools=[{"type": "function", **tool} for tool in tools], store=False, **fields).json
        items += body["output"]
        calls = [item for item in body["output"] if item["type"] == "function_call"]
        if not calls:
            return made, text_of(body)
        for call in calls:
            arguments = json.loads(call["arguments"])
            made.append((call["name"], arguments))
            items.append(
                {"type": "function_call_output", "call_id": call["call_id"], "output": run(call["name"], arguments)}
            )
    return made, text_of(body)


def test_loop_uses_the_result_of_a_step_in_the_next(wire: Wire) -> None:
    def run(name: str, given: dict[str, Any]) -> str:
        return str(given["a"] + given["b"] if name == "add_numbers" else given["a"] * given["b"])

    made, text = run_loop(wire, "Add 2 and 3, then multiply the result by 10", [SUM, PRODUCT], run)
    assert made == [("add_numbers", {"a": 2, "b": 3}), ("multiply_numbers", {"a": 5, "b": 10})]
    assert "50" in text


def test_loop_answers_from_all_results(wire: Wire) -> None:
    made, text = run_loop(
        wire,
        "How is the tide in Port Ellery and in Skarvik?",
        [TIDE],
        lambda _, given: f"Low water in {given['harbour']}.",
    )
    assert len(made) == 2
    assert "Port Ellery" in text and "Skarvik" in text


def test_loop_without_parallel_calls_takes_one_step_at_a_time(wire: Wire) -> None:
    made, _ = run_loop(
        wire,
        "How is the tide in Port Ellery and in Skarvik?",
        [TIDE],
        lambda *_: "Low water.",
        parallel_tool_calls=False,
    )
    assert [given["harbour"] for _, given in made] == ["Port Ellery", "Skarvik"]


def test_required_calls_every_time(wire: Wire) -> None:
    made, _ = run_loop(wire, "How is the tide in Skarvik?", [TIDE], lambda *_: "Low.", limit=3, tool_choice="required")
    assert len(made) == 3


def test_named_choice_is_called(wire: Wire) -> None:
    choice = {"type": "function", "function": {"name": "switch_lamp"}}
    tools = [{"type": "function", "function": tool} for tool in (TIDE, LAMP)]
    assert [name for name, _ in calls_of(wire.chat("Good morning!", tools=tools, tool_choice=choice).json)] == [
        "switch_lamp"
    ]
