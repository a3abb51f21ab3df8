"""Streams: chunks, blocks of v1, events of v3, callbacks, and connections that close."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessageChunk

from grok_emulator import Emulator
from langchain_grok import ChatGrok, GrokStreamError
from tests.adapters.langchain_replies import INVENTED, SEARCH, call, completion, message, reasoning, response
from tests.conftest import KEY
from tests.support.generated import events_of

CITED = [{"type": "url_citation", "url": "https://moon.example", "title": "1", "start_index": 0, "end_index": 4}]
BODY = response(
    reasoning("Let me think."), SEARCH, message("Rock.", "Dust.", annotations=CITED), INVENTED, call("weigh", '{"a":1}')
)


@pytest.fixture
def grok(emulator: Emulator) -> ChatGrok:
    return ChatGrok(base_url=emulator.base_url, api_key=KEY, max_retries=0)


def chunks_of(emulator: Emulator, model: ChatGrok) -> list[AIMessageChunk]:
    emulator.reply(events_of("responses", BODY, 3))
    return list(model.stream("?"))


def test_each_fact_comes_in_one_chunk(emulator: Emulator, grok: ChatGrok) -> None:
    chunks = chunks_of(emulator, grok)
    text = "\n".join(str(chunk.model_dump()) for chunk in chunks)
    assert all(chunk.response_metadata["model_provider"] == "xai" for chunk in chunks)
    assert sum("model_name" in chunk.response_metadata for chunk in chunks) == 1
    assert sum(chunk.usage_metadata is not None for chunk in chunks) == 1
    assert chunks[-1].chunk_position == "last"
    assert chunks[-1].usage_metadata is not None
    assert all(chunk.chunk_position is None for chunk in chunks[:-1])
    for fact in ("c2VhbGVk", "'call_id': 'call-0'", "cost_usd"):
        assert text.count(fact) == 1, fact


def test_blocks_of_a_stream_are_told_apart(emulator: Emulator, grok: ChatGrok) -> None:
    blocks = [block for chunk in chunks_of(emulator, grok) for block in chunk.content_blocks]
    indexes = list(dict.fromkeys(block["index"] for block in blocks))  # type: ignore[typeddict-item]
    assert indexes == ["lc_rs_0", "lc_st_1", "lc_sr_1_0", "lc_txt_2_0", "lc_txt_2_1", "lc_it_3", "lc_tc_4"]
    started, ended = [block for block in blocks if block["index"] == "lc_st_1"]  # type: ignore[typeddict-item]
    assert (started["id"], started["name"], started["args"]) == ("ws_resp-1", "web_search", "")  # type: ignore[typeddict-item]
    assert ended["args"] == '{"query": "moon"}'  # type: ignore[typeddict-item]
    assert blocks.index(started) < blocks.index(ended)


def test_events_of_v3_come_in_order(emulator: Emulator, grok: ChatGrok) -> None:
    emulator.reply(events_of("responses", BODY, 3))
    events: list[Any] = list(grok.stream_events("?", version="v3"))
    assert events[0]["event"] == "message-start"
    assert events[-1]["event"] == "message-finish"
    starts = [e["content"]["type"] for e in events if e["event"] == "content-block-start"]
    assert starts == [
        "reasoning", "server_tool_call_chunk", "server_tool_result", "text", "text", "non_standard", "tool_call_chunk",
    ]  # fmt: skip
    deltas = [e for e in events if e["event"] == "content-block-delta"]
    assert "".join(e["delta"]["text"] for e in deltas if e["delta"]["type"] == "text-delta") == "Rock.Dust."
    assert (
        "".join(e["delta"]["reasoning"] for e in deltas if e["delta"]["type"] == "reasoning-delta") == "Let me think."
    )
    assert [e["index"] for e in deltas] == sorted(e["index"] for e in deltas)
    ends = [e["content"] for e in events if e["event"] == "content-block-finish"]
    assert [end["type"] for end in ends] == [
        "reasoning", "server_tool_call", "server_tool_result", "text", "text", "non_standard", "tool_call",
    ]  # fmt: skip
    assert ends[1]["args"] == {"query": "moon"}
    assert ends[3]["annotations"][0]["url"] == "https://moon.example"


class Listener(BaseCallbackHandler):
    def __init__(self) -> None:
        self.tokens: list[tuple[str, Any]] = []

    def on_llm_new_token(self, token: Any, *, chunk: Any = None, **_: Any) -> None:
        self.tokens.append((token, chunk))


def test_callbacks_see_tokens_with_chunks(emulator: Emulator) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, streaming=True)
    for ask in (model.invoke, lambda q, config: list(model.stream(q, config))):
        listener = Listener()
        emulator.reply(events_of("responses", BODY, 3))
        ask("?", config={"callbacks": [listener]})  # type: ignore[operator]
        assert "".join(token for token, _ in listener.tokens) == "Rock.Dust."
        assert all(isinstance(chunk.message, AIMessageChunk) for _, chunk in listener.tokens)


@pytest.mark.parametrize("stream_usage", [True, False])
def test_stream_usage_is_asked_for_on_chat(emulator: Emulator, stream_usage: bool) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, api="chat", stream_usage=stream_usage)
    list(model.stream("Hi"))
    assert ("stream_options" in emulator.requests[-1].body) is stream_usage


@pytest.mark.parametrize("place", ["early", "repeated", "absent"])
def test_usage_counts_once_wherever_it_comes(emulator: Emulator, place: str) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, api="chat")
    *events, tail = events_of("chat", completion("Rock."))
    usage = tail["usage"]
    if place == "early":
        events[0]["usage"] = usage
    elif place == "repeated":
        events = [{**event, "usage": usage} for event in events]
    emulator.reply(events)
    first, *others = model.stream("?")
    total = first + others
    assert (total.usage_metadata or {}).get("total_tokens") == (None if place == "absent" else 50)


def test_a_stream_that_breaks_off_says_what_had_come(emulator: Emulator, grok: ChatGrok) -> None:
    emulator.reply(events_of("responses", BODY, 3)[:-1])
    with pytest.raises(GrokStreamError) as caught:
        list(grok.stream("?"))
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Rock.Dust."


# --- closing


class Slow:
    """A server that streams on until its reader goes away."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def __enter__(self) -> str:
        import socket

        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def _serve(self) -> None:
        peer, _ = self._listener.accept()
        with peer:
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
            event = b'data: {"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"x"}\n\n'
            try:
                while True:
                    peer.sendall(event)
                    time.sleep(0.005)
            except OSError:
                self.closed.set()

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self._thread.join(5)


def test_leaving_a_stream_closes_its_connection() -> None:
    slow = Slow()
    with slow as url:
        stream: Iterator[Any] = ChatGrok(base_url=url, api_key=KEY).stream("?")
        assert next(stream).content == "x"
        stream.close()  # type: ignore[attr-defined]
        assert slow.closed.wait(5)


def test_leaving_an_async_stream_closes_its_connection() -> None:
    async def run(url: str) -> None:
        stream: AsyncIterator[Any] = ChatGrok(base_url=url, api_key=KEY).astream("?")
        assert (await anext(stream)).content == "x"
        await stream.aclose()  # type: ignore[attr-defined]
        await asyncio.to_thread(slow.closed.wait, 5)

    slow = Slow()
    with slow as url:
        asyncio.run(run(url))
        assert slow.closed.is_set()
