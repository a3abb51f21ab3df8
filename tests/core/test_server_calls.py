"""What an answer says of xAI's own tools: sources apart from citations, and citations where a stop sequence cut."""

from __future__ import annotations

from typing import Any

import pytest

from grok_adapter import ChatResponse, GrokClient, Message, WebSearch
from grok_adapter.assembler import fold
from grok_adapter.server_calls import marked_citations, uncited_sources
from grok_adapter.types import MessageItem, TextPart
from grok_emulator import Emulator
from tests.conftest import KEY

USER = Message("user", (TextPart("?"),))
URLS = [f"https://{name}.example/page" for name in "abc"]
MARKS = [f"[[{n}]]({url})" for n, url in enumerate(URLS, 1)]


def search(*urls: str, ident: str = "ws_1") -> dict[str, Any]:
    action = {"type": "search", "query": "q", "sources": [{"type": "url", "url": url} for url in urls]}
    return {"type": "web_search_call", "id": ident, "status": "completed", "action": action}


def message(text: str, *urls: str, ident: str = "msg_1") -> dict[str, Any]:
    """A message that cites addresses where their marks stand in the text."""
    notes = []
    for n, url in enumerate(urls, 1):
        mark = f"[[{n}]]({url})"
        start = text.index(mark)
        notes.append(
            {"type": "url_citation", "url": url, "title": str(n), "start_index": start, "end_index": start + len(mark)}
        )
    part = {"type": "output_text", "text": text, "annotations": notes, "logprobs": []}
    return {"type": "message", "id": ident, "role": "assistant", "status": "completed", "content": [part]}


def answer(emulator: Emulator, *output: dict[str, Any], stream: bool, **fields: Any) -> ChatResponse:
    emulator.reply({"id": "r", "model": "grok-4.7", "status": "completed", "output": list(output)})
    client = GrokClient(base_url=emulator.base_url, api_key=KEY, server_tools=[WebSearch()])
    request = client.settings.to_request([USER], **fields)
    return fold(client.stream(request)) if stream else client.complete(request)


def slices(response: ChatResponse) -> list[str]:
    parts = [part for item in response.items if isinstance(item, MessageItem) for part in item.parts]
    return [part.text[c.start_index : c.end_index] for part in parts for c in part.citations]


@pytest.mark.parametrize("stream", [False, True])
def test_sources_that_were_searched_and_not_cited_stand_apart(emulator: Emulator, stream: bool) -> None:
    opened = {"type": "web_search_call", "id": "ws_2", "action": {"type": "open_page", "url": "https://d.example/"}}
    text = f"Rock.{MARKS[0]}"
    response = answer(emulator, search(*URLS), opened, message(text, URLS[0]), stream=stream)
    assert [citation.url for citation in response.citations] == URLS[:1]
    assert response.uncited_sources == (*URLS[1:], "https://d.example/")
    assert response.sources == ()


def test_odd_items_have_no_sources() -> None:
    odd: list[Any] = [{}, {"action": 7}, {"action": {"sources": 7}}, {"action": {"sources": [7, {"url": 7}, {}]}}]
    assert uncited_sources(odd, [None]) == ()


@pytest.mark.parametrize("stream", [False, True])
def test_offsets_slice_their_part_where_an_answer_has_several_items(emulator: Emulator, stream: bool) -> None:
    first, second = f"Ünïcode 🌕 rock.{MARKS[0]}", f"Dust too.{MARKS[0]}"
    output = [search(*URLS), message(first, URLS[0]), search(ident="ws_2"), message(second, URLS[0], ident="msg_2")]
    assert slices(answer(emulator, *output, stream=stream)) == [MARKS[0], MARKS[0]]


def test_a_cut_text_keeps_the_citations_before_the_cut_streamed_or_not(emulator: Emulator) -> None:
    text = f"Rock.{MARKS[0]} Dust.{MARKS[1]} END More.{MARKS[2]}"
    whole = answer(emulator, search(*URLS), message(text, *URLS), stream=False, stop=["END"])
    told = answer(emulator, search(*URLS), message(text, *URLS), stream=True, stop=["END"])
    for response in (whole, told):
        assert response.text == text.partition("END")[0]
        assert slices(response) == MARKS[:2]
        assert response.uncited_sources == (URLS[2],)
    assert whole.citations == told.citations


def test_a_cut_within_a_mark_keeps_none_of_it(emulator: Emulator) -> None:
    text = f"Rock.{MARKS[0]} Dust.{MARKS[1]}"
    for stream in (False, True):
        response = answer(emulator, search(*URLS), message(text, *URLS[:2]), stream=stream, stop=["b.exam"])
        assert slices(response) == MARKS[:1]


@pytest.mark.parametrize("stream", [False, True])
def test_what_looks_like_a_mark_is_none_where_nothing_was_searched(emulator: Emulator, stream: bool) -> None:
    response = answer(emulator, message(f"Write {MARKS[0]} so. END", ident="m"), stream=stream, stop=["END"])
    assert response.citations == ()


def test_marks() -> None:
    text = f"Ü{MARKS[0]} and [1](https://x) and [[2]] (y) and {MARKS[1]}"
    assert [(c.url, c.title) for c in marked_citations(text)] == [(URLS[0], "1"), (URLS[1], "2")]
