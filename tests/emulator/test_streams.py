"""Streams: event names and their order, framing, and that a stream says what the whole answer says."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from grok_emulator import Emulator

from .conftest import KEY, Wire, calls_of, text_of

TEXT_EVENTS = [
    "response.created", "response.in_progress",
    "response.output_item.added", "response.reasoning_summary_part.added", "response.reasoning_summary_text.delta",
    "response.reasoning_summary_text.done", "response.reasoning_summary_part.done", "response.output_item.done",
    "response.output_item.added", "response.content_part.added", "response.output_text.delta",
    "response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed",
]  # fmt: skip
TOOL = {"name": "open_gate", "description": "Opens a gate.", "parameters": {
    "type": "object", "properties": {"gate": {"type": "integer"}}, "required": ["gate"]}}  # fmt: skip


def unrepeated(kinds: list[str]) -> list[str]:
    return [kind for n, kind in enumerate(kinds) if n == 0 or kind != kinds[n - 1]]


def test_responses_text(wire: Wire) -> None:
    reply = wire.responses("The gate is red. What colour is the gate?", stream=True)
    events = reply.events
    assert unrepeated([event["type"] for event in events]) == TEXT_EVENTS
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    frames = [frame.split("\n") for frame in reply.text.strip().split("\n\n")]
    assert all(head == f"event: {json.loads(data[6:])['type']}" for head, data in frames)
    assert "[DONE]" not in reply.text
    spoken = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    assert spoken == text_of(events[-1]["response"]) == "The gate is red."
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers["x-request-id"] == events[-1]["response"]["id"]


def test_responses_function_call_comes_in_one_delta(wire: Wire) -> None:
    events = wire.responses("Open gate 7.", stream=True, tools=[{"type": "function", **TOOL}]).events
    calls = [event for event in events if "function_call" in event["type"]]
    assert [event["type"] for event in calls] == [
        "response.function_call_arguments.delta", "response.function_call_arguments.done",
    ]  # fmt: skip
    assert calls[0]["delta"] == calls[1]["arguments"] == '{"gate":7}'
    added = [e["item"] for e in events if e["type"] == "response.output_item.added"][-1]
    assert added["arguments"] == "" and added["status"] == "in_progress"
    assert added["id"].startswith("fc_") and added["call_id"].startswith("call-")


@pytest.mark.parametrize(("sent", "echoed"), [(None, 0.699999988079071), (0.3, 0.30000001192092896), (1, 1.0)])
def test_streams_echo_float32(wire: Wire, sent: Any, echoed: float) -> None:
    fields = {} if sent is None else {"temperature": sent}
    final = wire.responses("Hello!", stream=True, **fields).events[-1]["response"]
    assert final["temperature"] == echoed
    assert final["top_p"] == 0.949999988079071
    assert final["reasoning"] == {"effort": None, "summary": None}
    whole = wire.responses("Hello!", **fields).json
    assert whole["temperature"] == (0.7 if sent is None else sent)
    assert whole["reasoning"] == {"effort": "low", "summary": "detailed"}


def test_a_sent_effort_is_echoed_in_streams(wire: Wire) -> None:
    final = wire.responses("Hello!", stream=True, reasoning={"effort": "high"}).events[-1]["response"]
    assert final["reasoning"]["effort"] == "high"


def test_incomplete_stream(wire: Wire) -> None:
    final = wire.responses("Why do owls turn their heads?", stream=True, max_output_tokens=5).events[-1]
    assert final["type"] == "response.incomplete"
    assert final["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    assert final["response"]["completed_at"] is None


def test_chat_text(wire: Wire) -> None:
    reply = wire.chat("The gate is red. What colour is the gate?", stream=True)
    chunks = reply.events
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert reply.text.endswith("data: [DONE]\n\n") and "event:" not in reply.text
    assert set(deltas[0]) == {"reasoning_content", "role"}
    assert all("role" not in delta for delta in deltas[1:])
    assert "".join(delta.get("content", "") for delta in deltas) == "The gate is red."
    assert chunks[-1]["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    assert all("finish_reason" not in chunk["choices"][0] for chunk in chunks[:-1])
    assert all("usage" not in chunk for chunk in chunks)


def test_chat_usage_only_when_asked_for(wire: Wire) -> None:
    chunks = wire.chat("Hello!", stream=True, stream_options={"include_usage": True}).events
    assert chunks[-1]["choices"] == [] and chunks[-1]["usage"]["total_tokens"] > 0
    assert all("usage" not in chunk for chunk in chunks[:-1])


def test_chat_tool_calls_come_whole(wire: Wire) -> None:
    chunks = wire.chat(
        "Open gate 7 and open gate 9.", stream=True, tools=[{"type": "function", "function": TOOL}]
    ).events
    calls = [c["choices"][0]["delta"]["tool_calls"] for c in chunks if "tool_calls" in c["choices"][0]["delta"]]
    assert [[(call["index"], call["function"]["arguments"]) for call in one] for one in calls] == [
        [(0, '{"gate":7}')], [(1, '{"gate":9}')],
    ]  # fmt: skip
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_chat_hidden_reasoning_is_empty_deltas(wire: Wire) -> None:
    chunks = wire.chat("Hello!", model="grok-4.7", stream=True, stream_options={"include_usage": True}).events
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks[:-1]]
    assert deltas[0] == {"role": "assistant"}
    empty = sum(1 for delta in deltas[1:-1] if delta == {})
    assert empty == chunks[-1]["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0


def test_chat_several_choices(wire: Wire) -> None:
    chunks = wire.chat("Hello!", stream=True, n=2).events
    assert {chunk["choices"][0]["index"] for chunk in chunks} == {0, 1}
    assert len(wire.chat("Hello!", n=2).json["choices"]) == 2


def test_with_the_openai_sdk(emulator: Emulator) -> None:
    client = openai.OpenAI(base_url=emulator.base_url, api_key=KEY, max_retries=0)
    whole = client.responses.create(model="grok-4.3", input="The gate is red. What colour is the gate?")
    assert whole.output_text == "The gate is red."
    kinds = [event.type for event in client.responses.create(model="grok-4.3", input="Hello!", stream=True)]
    assert kinds[-1] == "response.completed"
    answer = client.chat.completions.create(
        model="grok-4.3",
        messages=[{"role": "user", "content": "Open gate 7."}],
        tools=[{"type": "function", "function": TOOL}],
    )  # type: ignore[list-item]
    assert calls_of(answer.model_dump()) == [("open_gate", {"gate": 7})]
    chunks = client.chat.completions.create(
        model="grok-4.3", messages=[{"role": "user", "content": "Hello!"}], stream=True
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks).startswith("Hello")
    assert next(iter(client.models.list())).id == "grok-4.7"
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model="grok-99", input="Hello!")
    assert refused.value.response.json()["error"] == "Model not found: grok-99"
