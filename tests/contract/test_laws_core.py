"""Laws of the core: L1 to L4, L8 to L10. A stream and a body are two tellings of one answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grok_adapter import ChatRequest, ChatResponse, GrokClient, Message
from grok_adapter.assembler import deltas_of, fold
from grok_adapter.codecs import codec_for
from grok_adapter.errors import GrokError, GrokStreamError
from grok_adapter.prepare import prepare
from grok_adapter.sse import EventReader
from grok_adapter.types import (
    CitationsDelta,
    Delta,
    FinishDelta,
    OtherItem,
    ReasoningDelta,
    TextDelta,
    TextPart,
    ToolCall,
)
from grok_emulator import Emulator
from tests.support import recordings
from tests.support.generated import bodies, events_of, sse_of

APIS = ["responses", "chat"]
RECORDED_STREAMS = recordings.load(streaming=True)
RECORDED_BODIES = recordings.load(streaming=False)
USER = Message("user", (TextPart("Go on."),))


def decode_stream(api: str, events: list[dict[str, Any]]) -> list[Delta]:
    decoder = codec_for(api).StreamDecoder()  # type: ignore[arg-type]
    deltas = [delta for event in events for delta in decoder.feed(event)]
    return deltas + decoder.close()


def final_body(recording: recordings.Recording) -> dict[str, Any] | None:
    ends = [p["response"] for p in recording.payloads if str(p.get("type")).startswith("response.comp")]
    return ends[-1] if ends else None


# --- L1: folding a stream == decoding its final response


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
def test_l1_folding_a_stream_gives_the_decoded_body(api: str, data: st.DataObject) -> None:
    body = data.draw(bodies(api))
    size = data.draw(st.integers(1, 9))
    assert fold(decode_stream(api, events_of(api, body, size))) == codec_for(api).decode_response(body)  # type: ignore[arg-type]


@given(data=st.data())
def test_l1_the_last_event_makes_up_for_missing_ones(data: st.DataObject) -> None:
    body = data.draw(bodies("responses"))
    events = events_of("responses", body)
    # Whole texts may come or not; pieces of a text only make sense in order and from the start.
    whole = [e for e in events if "delta" not in e["type"] and "added" not in e["type"]]
    keep = data.draw(st.lists(st.booleans(), min_size=len(whole), max_size=len(whole)))
    kept = [e for e, wanted in zip(whole, keep, strict=True) if wanted or e is events[-1]]
    assert fold(decode_stream("responses", kept)) == codec_for("responses").decode_response(body)


@pytest.mark.parametrize("recording", [r for r in RECORDED_STREAMS if r.api == "responses"], ids=repr)
def test_l1_recorded_streams(recording: recordings.Recording) -> None:
    body = final_body(recording)
    if body is None:  # one recording shows an event type and no end
        with pytest.raises(GrokStreamError):
            decode_stream("responses", recording.payloads)
        return
    told, whole = fold(decode_stream("responses", recording.payloads)), codec_for("responses").decode_response(body)
    assert searched(told) == searched(whole)
    assert without_sources(told) == without_sources(whole)


def searched(response: ChatResponse) -> set[str]:
    """Every address that the web searches of an answer found.

    The event that ends a search lists its own sources, the final body of the same stream those of all searches under
    each (recorded in vercel/ai#13218): which search found what is told by the stream alone.
    """
    actions = [item.raw["action"] for item in response.items if isinstance(item, OtherItem) and "action" in item.raw]
    return {source["url"] for action in actions for source in action.get("sources") or ()}


def without_sources(response: ChatResponse) -> ChatResponse:
    def bare(item: Any) -> Any:
        if isinstance(item, OtherItem) and "action" in item.raw:
            action = {k: v for k, v in item.raw["action"].items() if k != "sources"}
            return OtherItem({**item.raw, "action": action})
        return item

    return replace(response, items=tuple(bare(item) for item in response.items))


@pytest.mark.parametrize("recording", RECORDED_BODIES, ids=repr)
def test_l1_a_body_told_as_deltas_folds_to_itself(recording: recordings.Recording) -> None:
    response: ChatResponse = codec_for(recording.api).decode_response(recording.payloads[0])  # type: ignore[arg-type]
    assert fold(deltas_of(response)) == response


# --- L2: any re-cutting of the bytes or of the deltas folds to the same response


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
def test_l2_bytes_may_be_cut_anywhere(api: str, data: st.DataObject) -> None:
    body = data.draw(bodies(api))
    events = events_of(api, body)
    raw = sse_of(api, events, data.draw(st.sampled_from(["\n", "\r\n", "\r"])))
    if data.draw(st.booleans()):
        raw = b": keepalive\n\n" + raw
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=12)))
    reader, seen = EventReader(), []
    for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        seen += list(reader.feed(raw[start:end]))
    seen += list(reader.close())
    assert seen == events
    assert reader.unreadable is None
    assert reader.done == (api == "chat")


def split(delta: Delta, at: int) -> list[Delta]:
    """A text delta as two; any other as it is."""
    if isinstance(delta, TextDelta):
        head = TextDelta(delta.index, delta.text[:at], delta.part, delta.refusal, delta.logprobs)
        return [head, TextDelta(delta.index, delta.text[at:], delta.part, delta.refusal)]
    if isinstance(delta, ReasoningDelta):
        return [
            ReasoningDelta(delta.index, delta.text[:at], delta.part, delta.summary),
            ReasoningDelta(delta.index, delta.text[at:], delta.part, delta.summary),
        ]
    return [delta]


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
def test_l2_deltas_may_be_cut_anywhere(api: str, data: st.DataObject) -> None:
    deltas = decode_stream(api, events_of(api, data.draw(bodies(api))))
    recut = [part for delta in deltas for part in split(delta, data.draw(st.integers(0, 3)))]
    assert fold(recut) == fold(deltas)


@pytest.mark.parametrize("recording", RECORDED_STREAMS, ids=repr)
def test_l2_recorded_bytes_byte_by_byte(recording: recordings.Recording) -> None:
    raw = recording.raw if recording.name.endswith(".sse") else sse_of(recording.api, recording.payloads)
    reader = EventReader()
    assert [e for n in range(len(raw)) for e in reader.feed(raw[n : n + 1])] == recording.payloads


# --- L3: decode, then encode the next turn: everything the API needs is back, in order, and twice the same


def next_turn(api: str, response: ChatResponse) -> dict[str, Any]:
    results = [Message("tool", (TextPart("ok"),), tool_call_id=call.id) for call in response.tool_calls]
    request = ChatRequest("grok-4.7", (USER, response.message, *results, USER), api=api)  # type: ignore[arg-type]
    return prepare(request).body


def check_next_turn(body: dict[str, Any], response: ChatResponse, raw_items: list[dict[str, Any]]) -> None:
    def says_something(item: dict[str, Any]) -> bool:
        return item["type"] != "message" or any(c.get("text") or c.get("refusal") for c in item["content"])

    sent = [i for i in body["input"][1:-1] if i.get("type") != "function_call_output"]
    want = [i for i in raw_items if says_something(i)]
    assert [i["type"] for i in sent] == [i["type"] for i in want]
    assert [i.get("id") for i in sent] == [i.get("id") for i in want]
    assert [i.get("encrypted_content") for i in sent] == [i.get("encrypted_content") for i in want]
    assert [i.get("call_id") for i in sent] == [i.get("call_id") for i in want]
    assert all("content" not in i or i["content"] for i in sent)


@given(body=bodies("responses"))
def test_l3_the_next_turn_keeps_ids_order_and_encrypted_content(body: dict[str, Any]) -> None:
    response = codec_for("responses").decode_response(body)
    again = next_turn("responses", response)
    check_next_turn(again, response, body["output"])
    assert json.dumps(again) == json.dumps(next_turn("responses", response))


@pytest.mark.parametrize("recording", [r for r in RECORDED_BODIES if r.api == "responses"], ids=repr)
def test_l3_recorded_bodies(recording: recordings.Recording) -> None:
    response = codec_for("responses").decode_response(recording.payloads[0])
    check_next_turn(next_turn("responses", response), response, recording.payloads[0]["output"])


@given(body=bodies("chat"))
def test_l3_on_chat_calls_and_reasoning_go_back(body: dict[str, Any]) -> None:
    response = codec_for("chat").decode_response(body)
    message = body["choices"][0]["message"]
    turn = [m for m in next_turn("chat", response)["messages"] if m["role"] == "assistant"]
    if not message["content"] and not message.get("tool_calls"):
        assert turn == []
        return
    assert turn[0]["content"] == message["content"]
    assert turn[0].get("reasoning_content") == message.get("reasoning_content")
    assert [c["id"] for c in turn[0].get("tool_calls", [])] == [c["id"] for c in message.get("tool_calls", [])]
    assert all(isinstance(json.loads(c["function"]["arguments"]), dict) for c in turn[0].get("tool_calls", []))


# --- L4: sync == async


@pytest.mark.parametrize("api", APIS)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_l4_sync_equals_async(api: str, data: st.DataObject, emulator: Emulator) -> None:
    body = data.draw(bodies(api))
    client = GrokClient(base_url=emulator.base_url, api_key="xai-law", api=api, max_retries=0)
    request = client.settings.to_request([USER])
    for _ in range(4):
        emulator.reply(body, headers={"x-request-id": "same"})
    assert asyncio.run(client.acomplete(request)) == client.complete(request)

    async def collect() -> list[Delta]:
        return [delta async for delta in client.astream(request)]

    assert asyncio.run(collect()) == list(client.stream(request))


# --- L8: unknown things survive and never raise; a truncated stream raises


@given(data=st.data())
def test_l8_unknown_fields_and_events_change_nothing(data: st.DataObject) -> None:
    body = data.draw(bodies("responses"))
    events = events_of("responses", body)
    at = data.draw(st.integers(0, len(events) - 1))
    strange = [{"type": "ping"}, {"type": "response.invented", "output_index": 7}, {"type": "response.doom_loop_check"}]
    more = [*events[:at], *strange, *({**e, "invented_field": [None]} for e in events[at:])]
    assert fold(decode_stream("responses", more)) == fold(decode_stream("responses", events))


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
def test_l8_odd_types_never_raise_anything_but_ours(api: str, data: st.DataObject) -> None:
    body = json.loads(json.dumps(data.draw(bodies(api))))
    odd = data.draw(st.sampled_from([None, 7, "x", [], {}, [1], {"a": 1}, True, -1.5]))
    places = list(_places(body))
    holder, key = data.draw(st.sampled_from(places))
    holder[key] = odd
    with contextlib.suppress(GrokError):
        next_turn(api, codec_for(api).decode_response(body))  # type: ignore[arg-type]


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
def test_l8_odd_types_in_events_never_raise_anything_but_ours(api: str, data: st.DataObject) -> None:
    events = json.loads(json.dumps(events_of(api, data.draw(bodies(api)))))
    odd = data.draw(st.sampled_from([None, 7, "x", [], {}, [1], {"a": 1}, True, -1.5]))
    holder, key = data.draw(st.sampled_from(list(_places(events))))
    holder[key] = odd
    with contextlib.suppress(GrokError):
        fold(decode_stream(api, [e for e in events if isinstance(e, dict)]))


def _places(value: Any) -> Any:
    """Every (container, key) of a JSON value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(entries):
        yield value, key
        yield from _places(inner)


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
def test_l8_a_truncated_stream_raises(api: str, data: st.DataObject) -> None:
    events = events_of(api, data.draw(bodies(api)))
    whole = 1 if api == "responses" else 2  # on chat the usage chunk may be missing
    cut = data.draw(st.integers(0, len(events) - whole))
    with pytest.raises(GrokStreamError):
        decode_stream(api, events[:cut])


# --- L9: each fact in exactly one delta


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
def test_l9_citations_of_a_part_come_in_one_delta_and_the_envelope_in_one(api: str, data: st.DataObject) -> None:
    deltas = decode_stream(api, events_of(api, data.draw(bodies(api))))
    cited = [(d.index, d.part) for d in deltas if isinstance(d, CitationsDelta)]
    assert len(cited) == len(set(cited))
    assert [type(d) for d in deltas].count(FinishDelta) == 1
    assert isinstance(deltas[-1], FinishDelta)


# --- L10: input + output == total


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
def test_l10_input_plus_output_is_total(api: str, data: st.DataObject) -> None:
    body = data.draw(bodies(api))
    usage = codec_for(api).decode_response(body).usage  # type: ignore[arg-type]
    if usage is not None:
        assert usage.input_tokens + usage.output_tokens == usage.total_tokens == body["usage"]["total_tokens"]
        assert usage.reasoning_tokens <= usage.output_tokens
        assert usage.cached_tokens <= usage.input_tokens


@pytest.mark.parametrize("recording", RECORDED_BODIES, ids=repr)
def test_l10_recorded_totals_are_kept(recording: recordings.Recording) -> None:
    raw = recording.payloads[0].get("usage") or {}
    usage = codec_for(recording.api).decode_response(recording.payloads[0]).usage  # type: ignore[arg-type]
    if usage is not None and raw.get("total_tokens"):
        assert usage.input_tokens + usage.output_tokens == usage.total_tokens == raw["total_tokens"]


def test_tool_calls_are_never_empty_arguments() -> None:
    body = {"output": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "null"}]}
    response = codec_for("responses").decode_response(body)
    assert response.items == (ToolCall("c", "f", "{}"),)
