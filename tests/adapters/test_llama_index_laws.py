"""Laws over generated answers: the last response of a stream is the whole answer, sync is async, every turn replays."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ThinkingBlock, ToolCallBlock

from grok_emulator import Emulator
from llama_index_grok._messages import CARRIER
from tests.adapters.llama_index_support import APIS, ask, grok, responses_of, turns
from tests.support import recordings, schema
from tests.support.generated import bodies, events_of

ENDS = ("response.completed", "response.incomplete", "response.done")
RECORDED = [
    recording
    for recording in recordings.load(streaming=True)
    if recording.api == "chat" or any(payload.get("type") in ENDS for payload in recording.payloads)
]
EXAMPLES = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def facts(response: ChatResponse) -> dict[str, Any]:
    """A response but for its delta and the wire's own body, which differs between a stream and a body."""
    dumped = response.model_dump(exclude={"delta", "raw"})
    for transport in ("request_id", "rate_limits"):  # of the HTTP answer, not of what it says
        dumped["additional_kwargs"].pop(transport, None)
    return dumped


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("api", APIS)
@EXAMPLES
@given(data=st.data())
def test_l5_the_last_response_is_the_whole_answer(server: Emulator, api: str, data: st.DataObject) -> None:
    body = data.draw(bodies(api))
    llm = grok(server, api=api)
    server.reply(body)
    whole = ask(llm, "chat", "Go on.")
    server.reply(events_of(api, body, data.draw(st.integers(1, 9))))
    responses = responses_of(llm, "stream_chat", [ChatMessage(content="Go on.")])
    assert facts(responses[-1]) == facts(whole)
    assert "".join(response.delta or "" for response in responses) == (whole.message.content or "")
    thought = "".join(b.content or "" for b in whole.message.blocks if isinstance(b, ThinkingBlock))
    told = "".join(response.additional_kwargs.get("thinking_delta", "") for response in responses)
    assert told.startswith(thought) or thought in told
    server.reset()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("api", APIS)
@EXAMPLES
@given(data=st.data())
def test_l4_sync_is_async(server: Emulator, api: str, data: st.DataObject) -> None:
    body = data.draw(bodies(api))
    llm = grok(server, api=api)
    for ways in (("chat", "achat"), ("stream_chat", "astream_chat")):
        told = []
        for way in ways:
            server.reply(body)
            told.append([facts(r) for r in responses_of(llm, way, [ChatMessage(content="Go on.")])])
        assert told[0] == told[1]
    server.reset()


@pytest.mark.filterwarnings("ignore")
@EXAMPLES
@given(body=bodies("responses"))
def test_l3_every_turn_replays(server: Emulator, body: dict[str, Any]) -> None:
    llm = grok(server)
    server.reply(body)
    message = ask(llm, "stream_chat", "Go on.").message
    again = ChatMessage.model_validate_json(message.model_dump_json())
    sent = []
    for each in (message, again):
        server.reply(body)
        llm.chat([ChatMessage(content="Go on."), each, ChatMessage(content="And?")])
        sent.append(server.requests[-1].raw)
    assert sent[0] == sent[1]  # byte by byte
    items = turns(json.loads(sent[0]))[1:]
    kept = [item for item in body["output"] if item["type"] not in ("message", "function_call")]
    back = [item for item in items if item.get("type") in {k["type"] for k in kept}]
    assert [(i.get("id"), i.get("encrypted_content")) for i in back] == [
        (k.get("id"), k.get("encrypted_content")) for k in kept
    ]
    server.reset()


@pytest.mark.filterwarnings("ignore")
def test_recorded_streams(server: Emulator) -> None:
    """Every recorded stream: no raise, plain facts, a carrier that survives JSON, a next request the schema accepts."""
    problems = {recording.name: _replay_problems(server, recording) for recording in RECORDED}
    assert {name: found for name, found in problems.items() if found} == {}


def _replay_problems(server: Emulator, recording: recordings.Recording) -> list[str]:
    llm = grok(server, api=recording.api)
    server.reply(recording.payloads)
    response = ask(llm, "stream_chat", "Go on.")
    json.dumps(response.additional_kwargs)
    message = ChatMessage.model_validate_json(response.message.model_dump_json())
    results = [
        ChatMessage(role="tool", content="ok", additional_kwargs={"tool_call_id": block.tool_call_id})
        for block in message.blocks
        if isinstance(block, ToolCallBlock)
    ]
    server.reply({"id": "1", "output": [], "choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]})
    llm.chat([ChatMessage(content="Go on."), message, *results, ChatMessage(content="And?")])
    found = schema.problems(recording.api, server.requests[-1].body)
    server.reset()
    return found


def test_the_carrier_is_plain_data(emulator: Emulator) -> None:
    message = asyncio.run(grok(emulator).achat([ChatMessage(content="Is the moon made of rock?")])).message
    thinking = next(block for block in message.blocks if isinstance(block, ThinkingBlock))
    carrier = thinking.additional_information[CARRIER]
    assert set(carrier) == {"model", "items"}
    assert carrier["model"] == "grok-4.7"
    assert carrier["items"][0]["encrypted_content"]
    assert set(thinking.additional_information) == {CARRIER}
