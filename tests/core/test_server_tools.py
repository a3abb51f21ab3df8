"""Server-side tools in a request: joined from all places, never forced, on Responses only; the multi-agent model."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import pytest

from grok_adapter import (
    ChatRequest,
    CodeExecution,
    CollectionsSearch,
    GrokClient,
    GrokConfigurationError,
    GrokUnsupportedParameterError,
    GrokWarning,
    ImageGeneration,
    MCPServer,
    Message,
    RawServerTool,
    WebSearch,
    XSearch,
)
from grok_adapter.prepare import PreparedCall, prepare
from grok_adapter.settings import GrokSettings
from grok_adapter.types import FunctionTool, NamedTool, TextPart
from grok_emulator import Emulator
from tests.conftest import KEY

USER = Message("user", (TextPart("Hi"),))
TOOL = FunctionTool("look", "Looks.", {"type": "object", "properties": {}})
TEAM = "grok-4.20-multi-agent"
MCP = {"type": "mcp", "server_url": "https://a.example", "server_label": "a", "authorization": "SECRET"}


def call(**fields: Any) -> PreparedCall:
    return prepare(ChatRequest(fields.pop("model", "grok-4.7"), (USER,), **fields))


@pytest.mark.parametrize(
    ("fields", "types"),
    [
        ({"server_tools": (WebSearch(), XSearch(), CodeExecution())}, ["web_search", "x_search", "code_interpreter"]),
        ({"extra_body": {"tools": [{"type": "code_execution"}]}}, ["code_execution"]),  # untouched
        ({"extra_body": {"tools": [WebSearch(), {"type": "x_search"}]}}, ["web_search", "x_search"]),
        ({"server_tools": (XSearch(),), "extra_body": {"tools": [WebSearch()]}}, ["x_search", "web_search"]),
    ],
)
def test_tools_of_all_places_are_sent(fields: dict[str, Any], types: list[str]) -> None:
    assert [tool["type"] for tool in call(**fields).body["tools"]] == types


@pytest.mark.parametrize(
    ("tool", "wanted"),
    [
        (WebSearch(), ["web_search_call.action.sources"]),
        (WebSearch(inline_citations=False), ["web_search_call.action.sources", "no_inline_citations"]),
        (XSearch(), []),
        (XSearch(inline_citations=False), ["no_inline_citations"]),
        (CodeExecution(), ["code_interpreter_call.outputs"]),
        (RawServerTool({"type": "code_execution"}), ["code_interpreter_call.outputs"]),
        (CollectionsSearch(["c"]), ["file_search_call.results"]),
        (RawServerTool({"type": "collections_search", "vector_store_ids": ["c"]}), ["file_search_call.results"]),
        (MCPServer("https://a.example"), []),
        (ImageGeneration(), []),
    ],
    ids=repr,
)
def test_each_tool_asks_for_what_it_needs(tool: Any, wanted: list[str]) -> None:
    asked = call(server_tools=(tool,), params={"include": ["mine"]}).body["include"]
    assert asked == ["reasoning.encrypted_content", "mine", *wanted]


def test_of_each_kind_the_one_that_was_given_last_is_sent() -> None:
    """xAI refuses two entries of one tool; MCP servers differ by their label."""
    one, two = WebSearch(), WebSearch(allowed_domains=["a.org"])
    assert call(server_tools=(one, two)).body["tools"] == [two.to_wire()]
    raw = {"type": "web_search", "allowed_domains": ["b.org"]}
    assert call(server_tools=(one,), extra_body={"tools": [raw]}).body["tools"] == [raw]
    servers = (MCPServer("https://a.example"), MCPServer("https://b.example"))
    assert len(call(server_tools=servers).body["tools"]) == 2
    alias = RawServerTool({"type": "code_execution"})
    assert call(server_tools=(CodeExecution(), alias)).body["tools"] == [{"type": "code_interpreter"}]


@pytest.mark.parametrize("tools", [(), (TOOL,)])
def test_a_tool_of_xais_own_cannot_be_forced(tools: tuple[FunctionTool, ...]) -> None:
    asked: dict[str, Any] = {"tools": tools, "server_tools": (WebSearch(),)}
    forced = call(**asked, tool_choice=NamedTool("web_search", hosted=True))
    assert "tool_choice" not in forced.body
    assert [(e.name, e.value, e.sent) for e in forced.report] == [("tool_choice", "web_search", False)]
    with pytest.raises(GrokUnsupportedParameterError, match="ask for it in the prompt"):
        call(**asked, tool_choice=NamedTool("web_search", hosted=True), on_unsupported="raise")


def test_a_function_of_that_name_can_be_forced() -> None:
    tool = FunctionTool("web_search", "", TOOL.parameters)
    asked = call(tools=(tool,), tool_choice=NamedTool("web_search"))
    assert asked.body["tool_choice"]["name"] == asked.body["tools"][0]["name"]


@pytest.mark.parametrize("api", ["responses", "chat"])
def test_tools_of_extra_body_count_for_what_concerns_tools(api: Any) -> None:
    function = {"name": "f", "parameters": TOOL.parameters}
    flat = {"type": "function", **(function if api == "responses" else {"function": function})}
    body = call(
        api=api, extra_body={"tools": [flat]}, tool_choice="required", params={"parallel_tool_calls": False}
    ).body
    assert (body["tool_choice"], body["parallel_tool_calls"]) == ("required", False)
    body = call(api=api, extra_body={"tools": [flat], "tool_choice": "none"}, tool_choice="required").body
    assert body["tool_choice"] == "none"


@pytest.mark.parametrize(
    "fields",
    [
        {"server_tools": (WebSearch(),)},
        {"extra_body": {"tools": [{"type": "web_search"}]}},
        {"extra_body": {"tools": [WebSearch()]}},
    ],
)
def test_on_chat_completions_the_error_says_what_to_change(fields: dict[str, Any]) -> None:
    with pytest.raises(GrokConfigurationError) as caught:
        call(api="chat", **fields)
    last = str(caught.value).splitlines()[-1]
    assert "web_search" in last
    assert "set api='responses' instead of api='chat'" in last


def test_credentials_of_any_tool_are_sent_and_never_shown() -> None:
    tools = [MCP, {**MCP, "server_label": "b", "invented": 1, "headers": {"X": "SECRET"}}]
    settings = GrokSettings(api_key=KEY, server_tools=tools, extra_body={"tools": [{**MCP, "server_label": "c"}]})
    for shown in (repr(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "SECRET" not in shown
    assert b"SECRET" not in pickle.dumps(settings)
    sent = prepare(settings.to_request([USER])).body["tools"]
    assert [tool["authorization"] for tool in sent] == ["SECRET"] * 3
    assert sent[1]["headers"] == {"X": "SECRET"}


# --- the multi-agent model


def test_the_effort_of_the_team_is_how_many_work() -> None:
    body = call(model=TEAM, params={"reasoning_effort": "xhigh"}, server_tools=(WebSearch(),)).body
    assert body["reasoning"] == {"effort": "xhigh"}


def test_the_team_is_on_responses_only() -> None:
    with pytest.raises(GrokConfigurationError, match=r"grok-4.20-multi-agent.*set api='responses' instead"):
        call(model=TEAM, api="chat")


def test_functions_given_to_the_team_are_warned_about_once_and_sent(emulator: Emulator) -> None:
    client = GrokClient(base_url=emulator.base_url, api_key=KEY, model=TEAM)
    request = client.settings.to_request([USER], tools=[TOOL])
    with pytest.warns(GrokWarning, match="not known to call functions"):
        client.complete(request)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client.complete(request)
    assert emulator.requests[-1].body["tools"][0]["name"] == "look"
