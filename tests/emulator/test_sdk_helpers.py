"""The parse and stream helpers of the ``openai`` SDK, in whichever version the environment has."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from pydantic import BaseModel

from grok_emulator import Emulator

from .conftest import KEY
from .test_search import LUMEN

MODEL = "grok-4.3"
QUESTION, ANSWER = "The gate is red. What colour is the gate?", "The gate is red."


class Gate(BaseModel):
    """A gate."""

    number: int
    colour: str


class OpenGate(BaseModel):
    """Opens a gate."""

    gate: int


TOOL = openai.pydantic_function_tool(OpenGate, name="open_gate")
DESCRIBED, GATE = "Gate number 7 is red.", Gate(number=7, colour="red")


@pytest.fixture
def client(emulator: Emulator) -> openai.OpenAI:
    return openai.OpenAI(base_url=emulator.base_url, api_key=KEY, max_retries=0)


def user(text: str) -> Any:
    return [{"role": "user", "content": text}]


def test_responses_parse(client: openai.OpenAI) -> None:
    assert client.responses.parse(model=MODEL, input=DESCRIBED, text_format=Gate).output_parsed == GATE


def test_responses_parse_tool_loop(client: openai.OpenAI) -> None:
    given = user("Open gate 7.")
    fields: Any = {"tools": [TOOL], "include": ["reasoning.encrypted_content"], "store": False}
    first = client.responses.parse(model=MODEL, input=given, **fields)
    (call,) = [item for item in first.output if item.type == "function_call"]
    assert call.parsed_arguments == OpenGate(gate=7)
    result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "Gate 7 is open."}
    last = client.responses.parse(model=MODEL, input=[*given, *first.output, result], **fields)
    assert last.output_text == "Gate 7 is open."


def test_responses_stream(client: openai.OpenAI) -> None:
    with client.responses.stream(model=MODEL, input=QUESTION) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == ANSWER
    assert final.output_text == ANSWER and events[-1].type == "response.completed"
    assert final.usage is not None and final.usage.output_tokens_details.reasoning_tokens > 0


def test_responses_stream_parsed(client: openai.OpenAI) -> None:
    with client.responses.stream(model=MODEL, input=DESCRIBED, text_format=Gate) as stream:
        stream.until_done()
        assert stream.get_final_response().output_parsed == GATE


def test_responses_stream_tool(client: openai.OpenAI) -> None:
    with client.responses.stream(model=MODEL, input="Open gate 7.", tools=[TOOL]) as stream:  # type: ignore[list-item]
        final = stream.get_final_response()
    (call,) = [item for item in final.output if item.type == "function_call"]
    assert call.parsed_arguments == OpenGate(gate=7)


@pytest.mark.parametrize(
    ("given", "tool", "kind"),
    [
        (LUMEN, "web_search", "web_search_call"),
        ("What is said about Lumen?", "x_search", "custom_tool_call"),
        ("Draw a blue kettle.", "image_generation", "image_generation_call"),
    ],
)
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # the SDK has no type for an echoed x_search
def test_responses_stream_server_side_tools(client: openai.OpenAI, given: str, tool: Any, kind: str) -> None:
    with client.responses.stream(model=MODEL, input=given, tools=[{"type": tool}]) as stream:
        final = stream.get_final_response()
    whole = client.responses.create(model=MODEL, input=given, tools=[{"type": tool}])
    assert [item.type for item in final.output] == [item.type for item in whole.output]
    assert kind in [item.type for item in final.output] and final.output_text == whole.output_text


def test_chat_parse(client: openai.OpenAI) -> None:
    answer = client.chat.completions.parse(model=MODEL, messages=user(DESCRIBED), response_format=Gate)
    assert answer.choices[0].message.parsed == GATE


def test_chat_parse_tool_loop(client: openai.OpenAI) -> None:
    messages = user("Open gate 7.")
    message = client.chat.completions.parse(model=MODEL, messages=messages, tools=[TOOL]).choices[0].message
    (call,) = message.tool_calls or []
    assert call.function.parsed_arguments == OpenGate(gate=7)
    messages += [message, {"role": "tool", "tool_call_id": call.id, "content": "Gate 7 is open."}]
    last = client.chat.completions.parse(model=MODEL, messages=messages, tools=[TOOL])
    assert last.choices[0].message.content == "Gate 7 is open."


@pytest.mark.parametrize("usage", [True, False])
def test_chat_stream(client: openai.OpenAI, usage: bool) -> None:
    options: Any = {"stream_options": {"include_usage": True}} if usage else {}
    with client.chat.completions.stream(model=MODEL, messages=user(QUESTION), **options) as stream:
        pieces = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion()
    assert "".join(pieces) == final.choices[0].message.content == ANSWER and len(pieces) > 1
    assert (final.usage is not None) == usage


def test_chat_stream_parsed(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model=MODEL, messages=user(DESCRIBED), response_format=Gate) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == GATE


def test_chat_stream_tool(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model=MODEL, messages=user("Open gate 7."), tools=[TOOL]) as stream:
        done = [event for event in stream if event.type == "tool_calls.function.arguments.done"]
        final = stream.get_final_completion()
    assert [event.parsed_arguments for event in done] == [OpenGate(gate=7)]
    assert final.choices[0].finish_reason == "tool_calls"
