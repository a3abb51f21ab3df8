"""The search tools: items, filters, citations, usage and the order of events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import Wire, text_of
from .test_streams import unrepeated

WEB, X = {"type": "web_search"}, {"type": "x_search"}
SOURCES = ["web_search_call.action.sources"]
LUMEN = "What is the latest stable release of the Lumen programming language?"


def annotations(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [note for item in body["output"] if item["type"] == "message" for note in item["content"][0]["annotations"]]


def searches(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for item in body["output"] if item["type"] in ("web_search_call", "custom_tool_call")]


def test_web_search_cites(wire: Wire) -> None:
    body = wire.responses(LUMEN, tools=[WEB], include=SOURCES).json
    (search,) = searches(body)
    assert search["id"].startswith(f"ws_{body['id']}_call-") and search["status"] == "completed"
    assert search["action"]["type"] == "search" and "Lumen" in search["action"]["query"]
    assert {"type": "url", "url": "https://lumenlang.test/releases"} in search["action"]["sources"]
    text = text_of(body)
    assert "4.2" in text and annotations(body)
    for number, note in enumerate(annotations(body), 1):
        assert text[note["start_index"] : note["end_index"]] == f"[[{number}]]({note['url']})"
        assert note["title"] == str(number)
    usage = body["usage"]
    assert usage["num_server_side_tools_used"] == usage["server_side_tool_usage_details"]["web_search_calls"] == 1
    assert usage["context_details"]["input_tokens"] < usage["input_tokens"]
    assert body["tools"] == [{"type": "web_search", "search_context_size": "medium"}]


def test_sources_come_unasked(wire: Wire) -> None:
    asked = searches(wire.responses(LUMEN, tools=[WEB], include=SOURCES).json)[0]["action"]
    assert searches(wire.responses(LUMEN, tools=[WEB]).json)[0]["action"] == asked and asked["sources"]


def test_no_inline_citations(wire: Wire) -> None:
    body = wire.responses(LUMEN, tools=[WEB], include=["no_inline_citations"]).json
    assert "[[" not in text_of(body) and annotations(body)
    assert all("start_index" not in note for note in annotations(body))


@pytest.mark.parametrize(
    ("tool", "hosts"),
    [
        ({"allowed_domains": ["codeweekly.test"]}, {"codeweekly.test"}),
        ({"filters": {"allowed_domains": ["codeweekly.test"]}}, {"codeweekly.test"}),
        ({"excluded_domains": ["lumenlang.test", "modelwatch.test"]}, {"codeweekly.test"}),
    ],
)
def test_domain_filters(wire: Wire, tool: dict[str, Any], hosts: set[str]) -> None:
    body = wire.responses("How fast does Lumen 4.2 compile?", tools=[{**WEB, **tool}], include=SOURCES).json
    found = {source["url"].split("/")[2] for source in searches(body)[0]["action"]["sources"]}
    assert hosts <= found and not found & {"lumenlang.test", "modelwatch.test"}
    assert {note["url"].split("/")[2] for note in annotations(body)} == hosts


@pytest.mark.parametrize(
    ("tool", "posts"),
    [
        ({"allowed_x_handles": ["@lumenlang"]}, {"101", "102"}),
        ({"excluded_x_handles": ["lumenlang"]}, {"114"}),
        ({"from_date": "2026-05-12", "to_date": "2026-08-02"}, {"101"}),
    ],
)
def test_x_filters(wire: Wire, tool: dict[str, Any], posts: set[str]) -> None:
    body = wire.responses("What is said about Lumen?", tools=[{**X, **tool}]).json
    (search,) = searches(body)
    assert search["type"] == "custom_tool_call" and search["call_id"].startswith("xs_call-")
    assert search["name"] == "x_semantic_search" and "Lumen" in json.loads(search["input"])["query"]
    assert {note["url"][-3:] for note in annotations(body)} <= posts
    assert body["usage"]["server_side_tool_usage_details"]["x_posts_fetched"] == len(posts)
    assert annotations(body)[0]["url"].startswith("https://x.com/i/status/")


def test_keyword_search_for_what_looks_like_keywords(wire: Wire) -> None:
    search = searches(wire.responses('Latest posts with "Lumen"', tools=[X]).json)[0]
    assert (search["name"], json.loads(search["input"])["mode"]) == ("x_keyword_search", "Latest")


def test_events(wire: Wire) -> None:
    events = wire.responses(LUMEN, tools=[WEB, X], stream=True, model="grok-4.20-non-reasoning").events
    kinds = unrepeated([event["type"] for event in events])
    assert kinds == [
        "response.created", "response.in_progress",
        "response.output_item.added", "response.web_search_call.in_progress", "response.web_search_call.searching",
        "response.web_search_call.completed", "response.output_item.done",
        "response.output_item.added", "response.custom_tool_call_input.delta", "response.custom_tool_call_input.done",
        "response.output_item.done",
        "response.output_item.added", "response.content_part.added", "response.output_text.delta",
        "response.output_text.annotation.added", "response.output_text.done", "response.content_part.done",
        "response.output_item.done", "response.completed",
    ]  # fmt: skip
    added = next(event["item"] for event in events if event["type"] == "response.output_item.added")
    assert added["action"] == {"type": "search", "query": "", "sources": []}
    done = next(event["item"] for event in events if event["type"] == "response.output_item.done")
    assert done["action"]["query"] and done["action"]["sources"]


def test_a_function_comes_before_a_search(wire: Wire) -> None:
    tool = {"type": "function", "name": "open_gate", "description": "Opens a gate.", "parameters": {
        "type": "object", "properties": {"gate": {"type": "integer"}}, "required": ["gate"]}}  # fmt: skip
    first = wire.responses("Open gate 7.", tools=[WEB, tool], store=False).json
    assert [item["type"] for item in first["output"]] == ["reasoning", "function_call"]


def test_no_search_when_tools_are_off(wire: Wire) -> None:
    assert not searches(wire.responses(LUMEN, tools=[WEB], tool_choice="none").json)


def test_max_turns(wire: Wire) -> None:
    assert len(searches(wire.responses(LUMEN, tools=[WEB, X], max_turns=1).json)) == 1


def test_structured_answer_from_a_search(wire: Wire) -> None:
    schema = {"type": "object", "properties": {"version": {"type": "string"}}, "required": ["version"]}
    text = {"format": {"type": "json_schema", "name": "release", "schema": schema}}
    body = wire.responses(LUMEN, tools=[WEB], text=text).json
    assert json.loads(text_of(body)) == {"version": "4.2"}
    assert body["text"]["format"] == {"type": "json_schema", "schema": schema}
