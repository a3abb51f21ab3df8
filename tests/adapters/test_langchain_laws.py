"""Laws of the LangChain provider: L3 to L5 over generated answers, and over the recordings where they are at hand.

Each answer goes through a real socket: the body to `invoke`, its events to `stream`.
"""

from __future__ import annotations

import asyncio
import json
import pickle
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.load import dumpd, load
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    HumanMessage,
    ToolMessage,
    message_chunk_to_message,
    message_to_dict,
    messages_from_dict,
)
from langchain_tests.utils.stream_lifecycle import assert_valid_event_stream
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from grok_emulator import Emulator
from langchain_grok import ChatGrok
from tests.conftest import KEY
from tests.support import recordings
from tests.support.generated import bodies, events_of

APIS = ["responses", "chat"]
over_sockets = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def model_at(emulator: Emulator, api: str, **fields: Any) -> ChatGrok:
    return ChatGrok(base_url=emulator.base_url, api_key=KEY, api=api, max_retries=0, **fields)


def summed(chunks: list[Any]) -> Any:
    first, *others = chunks
    total = first
    for chunk in others:  # one by one, as most programs do it
        total = total + chunk
    return total


def facts(message: AIMessage) -> dict[str, Any]:
    """Everything a message says; ids of messages and requests differ from call to call."""
    metadata = {k: v for k, v in message.response_metadata.items() if k not in ("request_id", "rate_limits")}
    return {
        "content": message.content,
        "kwargs": message.additional_kwargs,
        "calls": message.tool_calls,
        "invalid": message.invalid_tool_calls,
        "usage": message.usage_metadata,
        "metadata": metadata,
    }


def whole(chunk: AIMessageChunk) -> AIMessage:
    message = message_chunk_to_message(chunk)
    assert isinstance(message, AIMessage)
    return message


# --- L5: sum of chunks == invoke


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
@over_sockets
def test_l5_the_sum_of_the_chunks_is_what_invoke_returns(emulator: Emulator, api: str, data: st.DataObject) -> None:
    body = data.draw(bodies(api))
    events = events_of(api, body, data.draw(st.integers(1, 30)))
    model = model_at(emulator, api)
    emulator.reply(body)
    answer = model.invoke("Go on.")
    emulator.reply(events)
    total = summed(list(model.stream("Go on.")))
    assert facts(whole(total)) == facts(answer)
    assert total.content_blocks == answer.content_blocks
    assert whole(total).content_blocks == answer.content_blocks


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
@over_sockets
def test_l4_async_says_what_sync_says(emulator: Emulator, api: str, data: st.DataObject) -> None:
    body = data.draw(bodies(api))
    events = events_of(api, body)
    model = model_at(emulator, api)

    async def run() -> tuple[AIMessage, Any]:
        emulator.reply(body)
        answer = await model.ainvoke("Go on.")
        emulator.reply(events)
        return answer, summed([chunk async for chunk in model.astream("Go on.")])

    emulator.reply(body)
    answer = model.invoke("Go on.")
    other, total = asyncio.run(run())
    assert facts(other) == facts(answer)
    assert facts(whole(total)) == facts(answer)


def plain(blocks: list[Any]) -> list[Any]:
    """Blocks without the `index` that only streamed ones have, and without empty pieces."""
    return [{k: v for k, v in block.items() if k != "index"} for block in blocks]


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
@over_sockets
def test_l5_holds_for_v1_blocks_and_v3_events(emulator: Emulator, api: str, data: st.DataObject) -> None:
    body = data.draw(bodies(api))
    events = events_of(api, body, 4)
    emulator.reply(body)
    blocks = model_at(emulator, api).invoke("Go on.").content_blocks
    model = model_at(emulator, api, output_version="v1")
    emulator.reply(body)
    assert model.invoke("Go on.").content == blocks
    emulator.reply(events)
    assert plain(summed(list(model.stream("Go on."))).content) == blocks
    emulator.reply(events)
    message = model_at(emulator, api).stream_events("Go on.", version="v3").output
    assert plain(message.content) == blocks


STREAMED_AS = {"tool_call": "tool_call_chunk", "server_tool_call": "server_tool_call_chunk"}
"""Types of blocks that begin under another name than they end."""


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
@over_sockets
def test_events_of_v3_are_well_formed_and_in_order(emulator: Emulator, api: str, data: st.DataObject) -> None:
    """Typed starts, deltas and ends, each block in its turn, whatever the answer; sync and async alike."""
    body = data.draw(bodies(api))
    events = events_of(api, body, data.draw(st.integers(1, 30)))
    model = model_at(emulator, api)
    emulator.reply(events)
    told: list[Any] = list(model.stream_events("Go on.", version="v3"))
    assert_valid_event_stream(told)
    starts = {e["index"]: e["content"] for e in told if e["event"] == "content-block-start"}
    ends = {e["index"]: e["content"] for e in told if e["event"] == "content-block-finish"}
    assert list(starts) == sorted(starts)
    assert set(ends) == set(starts)
    assert {n: STREAMED_AS.get(end["type"], end["type"]) for n, end in ends.items()} == {
        n: start["type"] for n, start in starts.items()
    }
    emulator.reply(body)
    blocks = model_at(emulator, api, output_version="v1").invoke("Go on.").content_blocks
    assert plain([ends[n] for n in sorted(ends)]) == blocks

    async def gather() -> list[Any]:
        return [event async for event in await model.astream_events("Go on.", version="v3")]

    emulator.reply(events)
    others = asyncio.run(gather())
    assert [(e["event"], e.get("index")) for e in others] == [(e["event"], e.get("index")) for e in told]


# --- L3: the next request


DONE: dict[str, dict[str, Any]] = {
    "responses": {"object": "response", "status": "completed", "output": []},
    "chat": {"choices": [{"index": 0, "message": {"role": "assistant", "content": "."}, "finish_reason": "stop"}]},
}


def next_items(emulator: Emulator, model: ChatGrok, answer: Any) -> str:
    """The next request's items, as text, when an answer stands in its history."""
    results = [ToolMessage("ok", tool_call_id=call["id"]) for call in answer.tool_calls]
    emulator.reply(DONE[model.api])  # what was generated was never encrypted by the emulator, which would refuse it
    model.invoke([HumanMessage("Go on."), answer, *results, HumanMessage("And then?")])
    body = emulator.requests[-1].body
    return json.dumps(body.get("input") or body.get("messages"))


def forms_of(message: AIMessage) -> dict[str, AIMessage]:
    """The same message after what happens to messages between two turns."""
    serde = JsonPlusSerializer()
    return {
        "itself": message,
        "dict": messages_from_dict([json.loads(json.dumps(message_to_dict(message)))])[0],
        "dump": AIMessage.model_validate(message.model_dump()),
        "json": AIMessage.model_validate_json(message.model_dump_json()),
        "load": load(json.loads(json.dumps(dumpd(message))), allowed_objects="messages"),
        "checkpoint": serde.loads_typed(serde.dumps_typed(message)),
        "pickle": pickle.loads(pickle.dumps(message)),
        "copy": message.model_copy(deep=True),
    }  # type: ignore[dict-item]


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
@settings(over_sockets, max_examples=8)
def test_l3_all_forms_of_an_answer_give_the_same_next_request(
    emulator: Emulator, api: str, data: st.DataObject
) -> None:
    body = data.draw(bodies(api))
    events = events_of(api, body, 5)
    model, v1 = model_at(emulator, api), model_at(emulator, api, output_version="v1")
    answers: dict[str, Any] = {}
    for name, asked in (("v0", model), ("v1", v1)):
        emulator.reply(body)
        answers[f"{name} invoke"] = asked.invoke("Go on.")
        emulator.reply(events)
        answers[f"{name} summed"] = summed(list(asked.stream("Go on.")))
        answers[f"{name} whole"] = whole(answers[f"{name} summed"])
    emulator.reply(events)
    answers["v3"] = model.stream_events("Go on.", version="v3").output
    forms = {f"{a} sum": answers.pop(a) for a in list(answers) if "summed" in a}
    forms |= {f"{a} {b}": form for a, answer in answers.items() for b, form in forms_of(answer).items()}
    wanted = next_items(emulator, model, forms.pop("v0 invoke itself"))
    for name, form in forms.items():
        assert next_items(emulator, model, form) == wanted, name


# --- the recordings

RECORDED_STREAMS = recordings.load(streaming=True)


@pytest.mark.parametrize("recording", RECORDED_STREAMS, ids=repr)
def test_recorded_streams_fold_to_what_their_final_body_says(
    emulator: Emulator, recording: recordings.Recording
) -> None:
    final = [p["response"] for p in recording.payloads if str(p.get("type")) == "response.completed"]
    if recording.api == "chat" or not final:
        return
    # One recorded stream names other sources in `output_item.done` than at its end; what was streamed counts.
    done = {p["output_index"]: p["item"] for p in recording.payloads if p.get("type") == "response.output_item.done"}
    output = [
        done.get(n, item) if item["type"].endswith("_call") else item for n, item in enumerate(final[-1]["output"])
    ]
    model = model_at(emulator, recording.api)
    emulator.reply(recording.payloads)
    total = whole(summed(list(model.stream("Go on."))))
    emulator.reply({**final[-1], "output": output})
    assert facts(total) == facts(model.invoke("Go on."))
