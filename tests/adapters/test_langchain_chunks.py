"""Deltas to chunks where no wire is needed: pieces, both kinds of reasoning, and items that end out of order."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessageChunk

from grok_adapter.assembler import fold
from grok_adapter.types import (
    Citation,
    CitationsDelta,
    Delta,
    FinishDelta,
    ItemDelta,
    ReasoningDelta,
    ServerToolStart,
    TextDelta,
    ToolCallDelta,
)
from langchain_grok._carrier import CARRIER, items_of
from langchain_grok._messages import from_response
from langchain_grok._stream import ChunkMaker

SEARCH = {"type": "web_search_call", "id": "ws_1", "action": {"type": "search", "query": "q"}, "status": "completed"}

ANNOTATION = {"type": "url_citation", "url": "https://a.example", "title": "1", "start_index": 0, "end_index": 5}


def summed(deltas: list[Delta]) -> AIMessageChunk:
    maker = ChunkMaker()
    chunks: list[Any] = [chunk.message for delta in deltas if (chunk := maker.to_chunk(delta)) is not None]
    total: AIMessageChunk = chunks[0] + chunks[1:]
    return total


def check(deltas: list[Delta]) -> AIMessageChunk:
    """Sums the chunks and compares them with the folded answer's message."""
    total, whole = summed(deltas), from_response(fold(deltas))
    assert total.content == whole.content
    assert total.additional_kwargs == whole.additional_kwargs
    assert total.tool_calls == whole.tool_calls
    assert total.content_blocks == whole.content_blocks
    assert items_of(total) == items_of(whole) == fold(deltas).items
    return total


def test_calls_in_pieces() -> None:
    total = check(
        [
            ToolCallDelta(0, '{"a"', "call-0", "f", "fc_0"),
            ToolCallDelta(0, ":1}"),
            ToolCallDelta(1, "{}", "call-1", "g"),
            FinishDelta(finish_reason="tool_calls"),
        ]
    )
    assert [c["args"] for c in total.tool_calls] == [{"a": 1}, {}]


def test_a_summary_is_shown_and_the_raw_text_beside_it_is_kept() -> None:
    total = check(
        [
            ReasoningDelta(0, "Short."),
            ReasoningDelta(0, "Long", summary=False),
            ReasoningDelta(0, " text.", summary=False),
            ItemDelta(0, "reasoning", "rs_0", "sealed"),
            FinishDelta(),
        ]
    )
    assert total.additional_kwargs["reasoning_content"] == "Short."
    assert total.additional_kwargs[CARRIER][0]["content"] == ["Long text."]


def test_the_carrier_is_in_output_order_whenever_items_end() -> None:
    total = check(
        [
            ServerToolStart(0, "ws_1", "web_search_call", "web_search"),
            ReasoningDelta(1, "Meanwhile."),
            ItemDelta(1, "reasoning", "rs_1"),
            ItemDelta(0, "other", "ws_1", raw=SEARCH),
            TextDelta(2, "Found."),
            CitationsDelta(2, (Citation("https://a.example", "1", 0, 5, ANNOTATION),)),
            ItemDelta(2, "message", "msg_2"),
            FinishDelta(),
        ]
    )
    assert [entry["type"] for entry in total.additional_kwargs[CARRIER]] == ["web_search_call", "reasoning", "message"]


def test_items_without_an_end_of_their_own() -> None:
    check(
        [
            ReasoningDelta(0, "Hm.", summary=False),
            TextDelta(1, "Yes."),
            TextDelta(1, "No.", part=1, refusal=True),
            ToolCallDelta(2, "{}", "call-0", "f"),
            FinishDelta(),
        ]
    )


def test_a_message_that_says_nothing_leaves_nothing() -> None:
    total = summed([TextDelta(0, "Hi"), ItemDelta(0, "message", "m"), ItemDelta(1, "message", "empty"), FinishDelta()])
    assert len(total.additional_kwargs[CARRIER]) == 1
