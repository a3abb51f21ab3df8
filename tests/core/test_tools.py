"""Server-side tools: what excludes each other, wire forms, secrets, and how their calls read in all shapes."""

from __future__ import annotations

import copy
import datetime
import pickle
from typing import Any

import pytest

from grok_adapter import CodeExecution, CollectionsSearch, ImageGeneration, MCPServer, RawServerTool, WebSearch, XSearch
from grok_adapter.server_calls import server_tool_call_for
from grok_adapter.tools import is_server_tool, server_tool
from grok_adapter.types import OtherItem
from tests.support import recordings
from tests.support.schema import problems


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: WebSearch(allowed_domains=["a"], excluded_domains=["b"]), "exclude each other"),
        (lambda: XSearch(allowed_x_handles=["a"], excluded_x_handles=["b"]), "exclude each other"),
        (lambda: XSearch(from_date="soon"), "from_date='soon' is not a date"),
        (lambda: XSearch(from_date="2026-02-01", to_date="2026-01-01"), "is after to_date"),
        (lambda: WebSearch(allowed_domains="a.example"), "is one string: give a list"),
        (lambda: CollectionsSearch([]), "name at least one collection"),
        (lambda: MCPServer("mcp.example.com"), "is not an http"),
        (lambda: ImageGeneration(action="draw"), "is none of"),
        (lambda: RawServerTool({}), "has no 'type'"),
    ],
)
def test_what_cannot_be_is_refused_at_construction(make: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.parametrize(
    "tool",
    [
        WebSearch(),
        WebSearch(allowed_domains=["a.example"], enable_image_understanding=True, user_location={"country": "CH"}),
        XSearch(allowed_x_handles=["@xai"], from_date=datetime.date(2026, 1, 2), to_date="2026-02-01"),
        CodeExecution(),
        CollectionsSearch(["c1"], max_num_results=4),
        MCPServer("https://mcp.example.com/sse", allowed_tools=["a"], authorization="t", headers={"X": "y"}),
        ImageGeneration(action="edit"),
        RawServerTool({"type": "tool_search", "execution": "server"}),
        server_tool({"type": "code_execution"}),
        server_tool({"type": "collections_search", "vector_store_ids": ["c"]}),
    ],
    ids=lambda tool: type(tool).__name__,
)
def test_wire_forms_fit_the_official_schema(tool: Any) -> None:
    assert problems("responses", {"input": "Hi", "tools": [tool.to_wire()]}) == []


def test_aliases_go_out_under_their_declared_names() -> None:
    assert server_tool({"type": "code_execution"}).to_wire() == {"type": "code_interpreter"}
    assert server_tool({"type": "code_execution"}).include == CodeExecution().include


def test_handles_and_dates_are_normalised() -> None:
    tool = XSearch(allowed_x_handles=["@xai"], from_date=datetime.date(2026, 1, 2))
    assert tool.to_wire() == {"type": "x_search", "allowed_x_handles": ["xai"], "from_date": "2026-01-02"}


@pytest.mark.parametrize(
    "tool",
    [
        MCPServer("https://mcp.example.com/", authorization="SECRET", headers={"X": "SECRET"}),
        server_tool({"type": "mcp", "server_url": "https://mcp.example.com/", "authorization": "SECRET"}),
        server_tool(
            {"type": "mcp", "server_url": "https://mcp.example.com/", "authorization": "SECRET", "invented": 1}
        ),
    ],
)
def test_credentials_are_sent_and_never_shown(tool: Any) -> None:
    assert tool.to_wire()["authorization"] == "SECRET"
    assert "SECRET" not in repr(tool)
    assert copy.deepcopy(tool).to_wire()["authorization"] == "SECRET"


def test_a_pickled_mcp_tool_leaves_its_credentials_behind() -> None:
    tool = MCPServer("https://mcp.example.com/", authorization="SECRET", headers={"X": "SECRET"})
    assert b"SECRET" not in pickle.dumps(tool)
    assert pickle.loads(pickle.dumps(tool)).to_wire() == {
        "type": "mcp",
        "server_url": "https://mcp.example.com/",
        "server_label": "mcp.example.com",
    }


def test_what_is_a_server_tool() -> None:
    assert is_server_tool(WebSearch())
    assert is_server_tool({"type": "x_search"})
    assert not is_server_tool(WebSearch)
    assert not is_server_tool({"type": "function", "function": {"name": "web_search"}})
    assert not is_server_tool({"name": "web_search"})
    with pytest.raises(ValueError, match="functions go to tools"):
        server_tool(len)


@pytest.mark.parametrize(
    ("item", "name", "arguments"),
    [
        (
            {"type": "web_search_call", "id": "1", "action": {"type": "search", "query": "q"}},
            "web_search",
            {"query": "q"},
        ),
        (
            {"type": "web_search_call", "id": "1", "action": {"type": "open_page", "url": "u"}},
            "web_search",
            {"type": "open_page", "url": "u"},
        ),
        ({"type": "web_search_call", "name": "web_search", "arguments": '{"query":"q"}'}, "web_search", {"query": "q"}),
        ({"type": "x_search_call", "name": "x_semantic_search", "arguments": '{"a":1}'}, "x_semantic_search", {"a": 1}),
        ({"type": "custom_tool_call", "name": "x_keyword_search", "input": '{"a":1}'}, "x_keyword_search", {"a": 1}),
        (
            {"type": "custom_tool_call", "name": "x_keyword_search", "input": "broken{"},
            "x_keyword_search",
            {"input": "broken{"},
        ),
        ({"type": "code_interpreter_call", "code": "1+1", "outputs": None}, "code_execution", {"code": "1+1"}),
        ({"type": "file_search_call", "queries": ["q"], "results": None}, "collections_search", {"queries": ["q"]}),
        ({"type": "mcp_call", "name": "srv.tool", "server_label": "srv", "arguments": "{}"}, "tool", {}),
        ({"type": "mcp_call", "name": "srv.tool", "arguments": None}, "tool", {}),
        ({"type": "image_generation_call", "prompt": "p", "result": "b64"}, "image_generation", {"prompt": "p"}),
    ],
)
def test_calls_read_alike_in_all_shapes(item: dict[str, Any], name: str, arguments: dict[str, Any]) -> None:
    call = server_tool_call_for(item)
    assert call is not None
    assert (call.name, call.arguments) == (name, arguments)


def test_mcp_names_split_into_server_and_tool_and_errors_are_the_output() -> None:
    call = server_tool_call_for({"type": "mcp_call", "id": "m", "name": "srv.tool", "arguments": "{}", "error": "no"})
    assert call is not None
    assert call.to_dict() == {
        "id": "m",
        "name": "tool",
        "type": "mcp_call",
        "arguments": {},
        "output": {"error": "no"},
        "server": "srv",
    }


def test_other_items_are_no_calls() -> None:
    assert server_tool_call_for({"type": "compaction"}) is None
    assert server_tool_call_for({"type": ["odd"]}) is None


@pytest.mark.parametrize("recording", [r for r in recordings.load(streaming=False) if r.api == "responses"], ids=repr)
def test_every_recorded_server_item_reads_as_a_call(recording: recordings.Recording) -> None:
    for item in recording.payloads[0]["output"]:
        if item["type"] not in ("message", "reasoning", "function_call"):
            call = server_tool_call_for(OtherItem(item).raw)
            assert call is not None
            assert call.name
