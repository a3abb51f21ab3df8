"""Fuzz: bytes cut anywhere, events and bodies that no server should send. Never anything but our errors, nothing lost.

Generated answers always, the recordings of xAI where they are at hand.
"""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import from_json

from grok_adapter.assembler import fold
from grok_adapter.codecs import codec_for
from grok_adapter.errors import GrokError, GrokStreamError
from grok_adapter.prepare import prepare
from grok_adapter.sse import EventReader
from grok_adapter.streaming import StreamRun
from grok_adapter.types import ChatRequest, ChatResponse, Delta, Message, TextPart
from langchain_grok._messages import from_response as to_langchain
from langchain_grok._messages import to_messages as of_langchain
from langchain_grok._stream import ChunkMaker
from llama_index_grok._messages import to_messages as of_llama_index
from llama_index_grok._responses import Snapshots
from llama_index_grok._responses import from_response as to_llama_index
from tests.support import recordings
from tests.support.generated import bodies, events_of, sse_of
from tests.support.ways import APIS

RECORDED = [r for r in recordings.load() if r.payloads]
USER = Message("user", (TextPart("Go on."),))
ODD: list[Any] = [None, 7, -1, 10**30, -1.5, True, "", "x", "\ud800", "{", [], [None], [1, "a"], {}, {"a": None}]
NOISE = [b": keepalive\n\n", b":\n", b'event: ping\ndata: {"type":"ping"}\n\n', b"id: 7\n\n", b"retry: 10\n\n", b"\n\n"]


def run_of(api: str) -> StreamRun:
    return StreamRun(prepare(ChatRequest("grok-4.7", (USER,), api=api, stream=True)), {})  # type: ignore[arg-type]


def drain(run: StreamRun, chunks: Iterator[bytes] | list[bytes]) -> tuple[list[Delta], GrokError | None]:
    """All deltas of some bytes, and the error that ended them: what the client does, without a connection."""
    deltas: list[Delta] = []
    try:
        for chunk in chunks:
            if run.closed:
                break
            if run.wants_bytes():
                deltas += run.feed(chunk)
        while not run.closed:
            deltas += run.feed(b"") if not run.wants_bytes() else run.close()
    except GrokError as error:
        return deltas, error
    return deltas, None


def cut(data: bytes, places: list[int]) -> list[bytes]:
    at = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(at)]


# --- bytes


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
def test_any_cut_any_line_end_and_any_noise_give_the_same_answer(api: str, data: st.DataObject) -> None:
    body = data.draw(bodies(api))
    newline = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    whole = sse_of(api, events_of(api, body, data.draw(st.integers(1, 9))), newline)
    end = (newline * 2).encode()
    parts = [part + end for part in whole.split(end) if part]
    noisy = b"".join(data.draw(st.sampled_from([b"", *NOISE])).replace(b"\n", newline.encode()) + p for p in parts)
    chunks = cut(noisy, data.draw(st.lists(st.integers(0, 10**6), max_size=30)))
    deltas, error = drain(run_of(api), chunks)
    assert error is None
    told = fold(deltas)
    assert told.items == codec_for(api).decode_response(body).items  # type: ignore[arg-type]


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
def test_every_byte_on_its_own(api: str, data: st.DataObject) -> None:
    body = data.draw(bodies(api))
    whole = sse_of(api, events_of(api, body), data.draw(st.sampled_from(["\n", "\r\n"])))
    deltas, error = drain(run_of(api), [bytes([byte]) for byte in whole])
    assert error is None
    assert fold(deltas).items == codec_for(api).decode_response(body).items  # type: ignore[arg-type]


@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
def test_a_stream_cut_at_any_byte_loses_nothing_that_came_and_how_it_is_cut_up_makes_no_difference(
    api: str, data: st.DataObject
) -> None:
    whole = sse_of(api, events_of(api, data.draw(bodies(api))))
    ending = data.draw(st.sampled_from([b"", b'data: {"type":"error","code":503,"message":"no"}\n\n', b"data: <\n\n"]))
    data_so_far = whole[: data.draw(st.integers(0, len(whole)))] + ending
    first, second = run_of(api), run_of(api)
    deltas, error = drain(first, [data_so_far])
    again, same = drain(second, cut(data_so_far, data.draw(st.lists(st.integers(0, 10**6), max_size=20))))
    assert type(error) is type(same)
    assert str(error) == str(same)
    assert fold(deltas) == fold(again)
    if error is not None:
        assert first.partial() == second.partial()
        assert [*_texts(fold(deltas))] == [*_texts(first.partial())]


def _texts(response: ChatResponse) -> Iterator[str]:
    yield response.text
    yield response.reasoning


@given(st.binary(max_size=400))
def test_any_bytes_at_all(noise: bytes) -> None:
    for api in APIS:
        deltas, error = drain(run_of(api), [noise])
        assert error is not None
        assert not fold(deltas).text
    assert all(isinstance(event, dict) for event in EventReader().feed(noise))


# --- events and bodies


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a JSON value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(entries):
        yield value, key
        yield from places(inner)


def mutate(draw: st.DrawFn | Any, value: Any) -> Any:
    """A JSON value with one to three fields dropped, nulled, retyped, doubled or reordered."""
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        at = list(places(value))
        if not at:
            break
        holder, key = draw(st.sampled_from(at))
        match draw(st.sampled_from(["drop", "retype", "double", "reorder", "nest"])):
            case "drop":
                del holder[key]
            case "retype":
                holder[key] = copy.deepcopy(draw(st.sampled_from(ODD)))
            case "nest":
                holder[key] = {"value": [holder[key]]}
            case "double" if isinstance(holder, list):
                holder.insert(key, copy.deepcopy(holder[key]))
            case "reorder" if isinstance(holder, list):
                holder.reverse()
            case _:
                holder[f"{key}_2"] = copy.deepcopy(holder[key]) if isinstance(holder, dict) else None
    return value


def into_frameworks(api: str, response: ChatResponse) -> None:
    """Through both providers and back into a next request."""
    message = to_langchain(response)
    message.model_dump_json()
    prepare(ChatRequest("grok-4.7", (USER, *of_langchain([message]), USER), api=api))  # type: ignore[arg-type]
    chat = to_llama_index(response, "grok-4.7")
    chat.message.model_dump_json()
    history = of_llama_index([chat.message], "grok-4.7", lambda text: None)
    prepare(ChatRequest("grok-4.7", (USER, *history, USER), api=api))  # type: ignore[arg-type]


def check_body(api: str, body: Any) -> None:
    try:
        read = from_json(json.dumps(body))
    except ValueError:  # half a surrogate pair, which never gets as far as the codec
        return
    with contextlib.suppress(GrokError):
        into_frameworks(api, codec_for(api).decode_response(read))  # type: ignore[arg-type]


def check_events(api: str, events: list[Any]) -> None:
    data = b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events)
    run = run_of(api)
    deltas, error = drain(run, [data])
    if error is not None and run.started:
        into_frameworks(api, run.partial())
    maker, snapshots = ChunkMaker(), Snapshots("grok-4.7")
    total: Any = None
    for delta in deltas:
        if (chunk := maker.to_chunk(delta)) is not None:
            total = chunk if total is None else total + chunk
        snapshots.feed(delta)
    if total is not None:
        total.message.model_dump_json()
        assert total.message.content_blocks is not None
    if error is None:
        into_frameworks(api, fold(deltas))


@pytest.mark.parametrize("api", APIS)
@settings(deadline=None)
@given(data=st.data())
def test_mutated_bodies(api: str, data: st.DataObject) -> None:
    check_body(api, mutate(data.draw, data.draw(bodies(api))))


@pytest.mark.parametrize("api", APIS)
@settings(deadline=None)
@given(data=st.data())
def test_mutated_streams(api: str, data: st.DataObject) -> None:
    check_events(api, mutate(data.draw, events_of(api, data.draw(bodies(api)))))


@pytest.mark.parametrize("recording", RECORDED, ids=repr)
@settings(deadline=None, max_examples=6)
@given(data=st.data())
def test_mutated_recordings(recording: recordings.Recording, data: st.DataObject) -> None:
    if recording.streaming:
        check_events(recording.api, mutate(data.draw, recording.payloads))
    else:
        check_body(recording.api, mutate(data.draw, recording.payloads[0]))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_bodies_that_are_no_objects(body: Any) -> None:
    for api in APIS:
        with pytest.raises(GrokError):
            codec_for(api).decode_response(json.loads(json.dumps(body)))  # type: ignore[arg-type]


def test_the_end_that_never_came_is_named() -> None:
    for api in APIS:
        _, error = drain(run_of(api), [b""])
        assert isinstance(error, GrokStreamError)
        assert "before the answer was complete" in str(error)
