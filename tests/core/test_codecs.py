"""Odd shapes, one by one: what was seen on the wire or reported by users of other integrations."""

from __future__ import annotations

from typing import Any

import pytest

from grok_adapter import ChatResponse
from grok_adapter.assembler import fold
from grok_adapter.codecs import codec_for
from grok_adapter.types import Citation, Delta, ItemDelta, ServerToolStart


def chat_stream(*chunks: dict[str, Any]) -> ChatResponse:
    decoder = codec_for("chat").StreamDecoder()
    deltas: list[Delta] = [delta for chunk in chunks for delta in decoder.feed(chunk)]
    return fold(deltas + decoder.close())


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    choice: dict[str, Any] = {"index": 0, "delta": fields}
    return {"id": "c", "model": "grok-4.3", "choices": [choice | ({"finish_reason": finish} if finish else {})]}


def call(name: str | None = None, arguments: Any = "", ident: str | None = None, **more: Any) -> dict[str, Any]:
    return {"id": ident, "type": "function", "function": {"name": name, "arguments": arguments}, **more}


USAGE = {
    "prompt_tokens": 32,
    "completion_tokens": 9,
    "total_tokens": 46,
    "completion_tokens_details": {"reasoning_tokens": 5},
}


@pytest.mark.parametrize(
    ("api", "raw", "want"),
    [
        ("chat", USAGE, (32, 14, 46, 5, 0)),
        (
            "chat",
            {
                "prompt_tokens": 32,
                "completion_tokens": 14,
                "total_tokens": 46,
                "completion_tokens_details": {"reasoning_tokens": 5},
            },
            (32, 14, 46, 5, 0),
        ),
        ("chat", {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}, (3, 1, 4, 0, 0)),
        (
            "chat",
            {"prompt_tokens": 10, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 150}},
            (160, 0, 160, 0, 150),
        ),
        (
            "responses",
            {
                "input_tokens": 208,
                "output_tokens": 33,
                "total_tokens": 241,
                "output_tokens_details": {"reasoning_tokens": 22},
            },
            (208, 33, 241, 22, 0),
        ),
        (
            "responses",
            {
                "input_tokens": 32,
                "output_tokens": 9,
                "total_tokens": 151,
                "output_tokens_details": {"reasoning_tokens": 110},
            },
            (32, 119, 151, 110, 0),
        ),
        ("responses", {"input_tokens": None, "output_tokens": "x", "total_tokens": -3}, (0, 0, 0, 0, 0)),
    ],
)
def test_usage_counts_alike_on_both_apis(api: str, raw: Any, want: tuple[int, ...]) -> None:
    body: dict[str, Any] = {"output": [], "choices": [{"message": {"content": "x"}}], "usage": raw}
    usage = codec_for(api).decode_response(body).usage  # type: ignore[arg-type]
    got = (usage.input_tokens, usage.output_tokens, usage.total_tokens, usage.reasoning_tokens, usage.cached_tokens)
    assert got == want


@pytest.mark.parametrize("raw", [None, {}, [], "none", 7])
def test_absent_usage_is_none(raw: Any) -> None:
    assert codec_for("responses").decode_response({"output": [], "usage": raw}).usage is None


def test_2709000_ticks_are_27_hundred_thousandths_of_a_dollar() -> None:
    usage = codec_for("responses").decode_response({"output": [], "usage": {"cost_in_usd_ticks": 2_709_000}}).usage
    assert usage.cost_usd == pytest.approx(0.0002709)


@pytest.mark.parametrize("place", ["every", "first", "tail", "early"])
def test_usage_in_a_stream_counts_once_wherever_it_stands(place: str) -> None:
    chunks = [delta(role="assistant", content="a"), delta(content="b"), delta("stop")]
    if place == "every":
        chunks = [{**chunk, "usage": USAGE} for chunk in chunks]
    elif place == "tail":
        chunks.append({"id": "c", "choices": [], "usage": USAGE})
    else:
        chunks[0 if place == "first" else 1]["usage"] = USAGE
    assert chat_stream(*chunks).usage.total_tokens == 46  # type: ignore[union-attr]


def test_a_stream_without_usage_has_none() -> None:
    assert chat_stream(delta(content="a"), delta("stop")).usage is None


@pytest.mark.parametrize(
    "pieces",
    [
        [[call("f", '{"a": 1}', "c1", index=0)], [call("g", "{}", "c2", index=1)]],
        [[call("f", '{"a"', "c1", index=0)], [call(None, ": 1}", index=0)], [call("g", "{}", "c2", index=1)]],
        [[call("f", '{"a"', "c1", index=0), call("g", "", "c2", index=1)], [call(None, ": 1}", index=0)]],
        [[call("f", '{"a": 1}', "c1"), call("g", None, "c2")]],
        [[call("f", '{"a": 1}', "c1")], [call("g", "null", "c2")]],
        [[call("f", '{"a"', "c1")], [call(None, ": 1}")], [call("g", "", "c2")]],
        [[call("f", '{"a": 1}', "c1", index=0)], [call("g", "{}", "c2", index=0)]],
        [[call("f", {"a": 1}, "c1", index=0)], [call("g", {}, "c2", index=1)]],
    ],
)
def test_calls_come_whole_in_pieces_or_without_an_index(pieces: list[list[dict[str, Any]]]) -> None:
    response = chat_stream(*(delta(tool_calls=piece) for piece in pieces), delta("tool_calls"))
    assert [(c.id, c.name, c.arguments) for c in response.tool_calls] == [("c1", "f", '{"a": 1}'), ("c2", "g", "{}")]


@pytest.mark.parametrize("word", ["stop", "", "tool_calls"])
def test_calls_decide_the_finish_reason(word: str) -> None:
    body = {"choices": [{"message": {"tool_calls": [call("f", "{}", "c")]}, "finish_reason": word}]}
    assert codec_for("chat").decode_response(body).finish_reason == "tool_calls"
    chunk = delta(tool_calls=[call("f", "{}", "c")])
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": word}]}
    assert chat_stream(chunk, end).finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("reason", "want"),
    [("max_output_tokens", "length"), ("max_time_limit", "length"), ("content_filter", "content_filter")],
)
def test_incomplete_answers_say_why(reason: str, want: str) -> None:
    body = {"output": [], "status": "incomplete", "incomplete_details": {"reason": reason}}
    response = codec_for("responses").decode_response(body)
    assert (response.finish_reason, response.raw_finish_reason) == (want, reason)


def test_the_placeholder_of_2025_is_shown_once() -> None:
    thoughts = [delta(reasoning_content="Thinking... ") for _ in range(3)]
    assert chat_stream(*thoughts, delta(content="Yes"), delta("stop")).reasoning == "Thinking... "


def test_empty_chunks_of_hidden_reasoning_say_nothing() -> None:
    response = chat_stream(*[delta() for _ in range(9)], delta(content="Yes"), delta("stop"))
    assert response.text == "Yes"
    assert response.reasoning == ""


def test_citations_of_live_search_count_once() -> None:
    ends = [delta("stop") | {"citations": ["https://a", "https://b"]}, {"choices": [], "citations": ["https://a"]}]
    response = chat_stream(delta(content="Yes"), *ends)
    assert response.citations == (Citation("https://a"), Citation("https://b"))
    assert response.sources == ("https://a", "https://b")


def test_offsets_of_zero_are_no_offsets() -> None:
    part = {"type": "output_text", "text": "x", "annotations": [{"url": "u", "start_index": 0, "end_index": 0}]}
    response = codec_for("responses").decode_response({"output": [{"type": "message", "content": [part]}]})
    assert response.citations == (Citation("u"),)


def test_several_messages_stay_apart_and_join_with_nothing_between() -> None:
    output = [
        {"type": "message", "id": i, "content": [{"type": "output_text", "text": t}]}
        for i, t in (("a", "1"), ("b", "2"))
    ]
    response = codec_for("responses").decode_response({"output": output})
    assert response.text == "12"
    assert [item.id for item in response.items] == ["a", "b"]


def test_a_refusal_is_no_answer_text() -> None:
    output = [{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}]
    response = codec_for("responses").decode_response({"output": output})
    assert (response.text, response.refusal) == ("", "No.")
    response = codec_for("chat").decode_response({"choices": [{"message": {"content": None, "refusal": "No."}}]})
    assert (response.text, response.refusal) == ("", "No.")


def test_other_choices_are_alternatives() -> None:
    choices = [{"index": n, "message": {"content": str(n)}, "finish_reason": "stop"} for n in range(3)]
    response = codec_for("chat").decode_response({"choices": choices})
    assert [response.text, *(other.text for other in response.alternatives)] == ["0", "1", "2"]


def test_a_server_tool_is_told_when_it_starts_and_when_it_ends() -> None:
    decoder = codec_for("responses").StreamDecoder()
    item = {"type": "web_search_call", "id": "ws", "action": {"type": "search", "query": ""}}
    started = decoder.feed({"type": "response.output_item.added", "output_index": 0, "item": item})
    ended = decoder.feed({"type": "response.output_item.done", "output_index": 0, "item": item})
    assert started == [ServerToolStart(0, "ws", "web_search_call", "web_search")]
    assert ended == [ItemDelta(0, "other", "ws", raw=item)]


def test_text_that_is_repeated_in_a_done_event_is_not_doubled() -> None:
    decoder = codec_for("responses").StreamDecoder()
    at = {"output_index": 0, "content_index": 0, "item_id": "m"}
    events = [
        {"type": "response.output_text.delta", **at, "delta": "Hel"},
        {"type": "response.output_text.done", **at, "text": "Hello"},
        {"type": "response.content_part.done", **at, "part": {"type": "output_text", "text": "Hello"}},
    ]
    assert fold(d for e in events for d in decoder.feed(e)).text == "Hello"


def test_events_without_an_index_find_their_item() -> None:
    decoder = codec_for("responses").StreamDecoder()
    events = [
        {"type": "response.output_item.added", "item": {"type": "reasoning", "id": "r", "summary": []}},
        {"type": "response.reasoning_summary_text.delta", "item_id": "r", "delta": "hm"},
        {"type": "response.output_item.added", "item": {"type": "message", "id": "m", "content": []}},
        {"type": "response.output_text.delta", "item_id": "m", "delta": "Hi"},
    ]
    response = fold(d for e in events for d in decoder.feed(e))
    assert (response.reasoning, response.text) == ("hm", "Hi")
