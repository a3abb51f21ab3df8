"""Functions described in words and called in lines: both common ways of spelling the protocol out."""

from __future__ import annotations

import json

import pytest

from .conftest import Wire, calls_of, text_of

SCHEMA = json.dumps({"type": "object", "properties": {"harbour": {"type": "string"}}, "required": ["harbour"]})
RULES = f"""You help people.

## Tools
> Tool Name: tide_table
Tool Description: tide_table(harbour: str) -> str
Times of low water in a harbour.
Tool Args: {SCHEMA}

> Tool Name: lamp_switch
Tool Description: lamp_switch(room: str) -> str
Switches a lamp.
Tool Args: {{"type": "object", "properties": {{"room": {{"type": "string"}}}}, "required": ["room"]}}

Answer in this form:
Thought: what to do next
Action: tool name (one of tide_table, lamp_switch) if using a tool.
Action Input: the input, as JSON
Observation: what the tool said
Answer: [your answer]
"""
ASKED = {"role": "user", "content": "When is low water in Skarvik?"}


@pytest.mark.parametrize("role", ["system", "developer"])
def test_a_call_is_a_step_in_lines(wire: Wire, role: str) -> None:
    body = wire.responses([{"role": role, "content": RULES}, ASKED]).json
    assert calls_of(body) == []
    assert text_of(body).splitlines()[1:] == ["Action: tide_table", 'Action Input: {"harbour": "Skarvik"}']


def test_an_observation_is_its_result(wire: Wire) -> None:
    step = 'Thought: I need it.\nAction: tide_table\nAction Input: {"harbour": "Skarvik"}'
    seen = {"role": "user", "content": "Observation: Low water in Skarvik is at 06:12."}
    turns = [{"role": "system", "content": RULES}, ASKED, {"role": "assistant", "content": step}, seen]
    text = text_of(wire.chat(turns).json)
    assert text.startswith("Thought:")
    assert text.splitlines()[-1] == "Answer: Low water in Skarvik is at 06:12."


ONE_MESSAGE = """Answer the question with these tools:

tide_table: times of low water in a harbour
lamp_switch: switches a lamp

Use this form:
Question: the question
Thought: what to do
Action: the action, should be one of [tide_table, lamp_switch]
Action Input: the input
Observation: the result
Final Answer: the answer

Question: When is low water in Skarvik?
Thought:"""


def test_everything_in_one_message(wire: Wire) -> None:
    lines = text_of(wire.chat(ONE_MESSAGE).json).splitlines()
    assert lines[1] == "Action: tide_table"
    assert "Skarvik" in lines[2]
    so_far = f"{ONE_MESSAGE} I look.\n" + "\n".join(lines[1:]) + "\nObservation: Low water is at 06:12.\nThought:"
    assert text_of(wire.chat(so_far).json).splitlines()[-1] == "Final Answer: Low water is at 06:12."


def test_without_the_protocol_nothing_changes(wire: Wire) -> None:
    text = text_of(wire.chat("Action: the crew answered. What did the crew do?").json)
    assert "Thought:" not in text
