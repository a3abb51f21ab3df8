"""xAI's own tools as LangChain's own things: blocks, annotations, metadata; names that are taken; no credentials."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.load import dumps
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_core.tracers.base import BaseTracer
from langchain_core.tracers.schemas import Run
from pydantic import BaseModel

from grok_emulator import Emulator
from langchain_grok import ChatGrok, GrokConfigurationError, GrokError, GrokWarning, WebSearch
from tests.conftest import KEY
from tests.support.server_items import ITEMS, PNG, USAGE, Known, answer, cited

WAYS = ["invoke", "ainvoke", "stream", "astream"]
QUESTION = "How does a monsoon form?"
URLS = ["https://moon.example/rock", "https://moon.example/dust"]
MARKS = [f"[[{n}]]({url})" for n, url in enumerate(URLS, 1)]


@tool
def web_search(query: str) -> str:
    """Searches our own documents for a query."""
    return f"Our documents say about {query}: rock."


def grok(emulator: Emulator, **fields: Any) -> ChatGrok:
    return ChatGrok(**{"base_url": emulator.base_url, "api_key": KEY, "max_retries": 0, **fields})


def chunks_of(model: Any, given: Any = QUESTION, **kwargs: Any) -> list[AIMessageChunk]:
    return list(model.stream(given, **kwargs))


def ask(model: Any, way: str, given: Any = QUESTION, **kwargs: Any) -> AIMessage:
    """The answer, made in one of the four ways."""
    if way == "invoke":
        return model.invoke(given, **kwargs)
    if way == "ainvoke":
        return asyncio.run(model.ainvoke(given, **kwargs))

    async def gather() -> list[AIMessageChunk]:
        return [chunk async for chunk in model.astream(given, **kwargs)]

    first, *others = chunks_of(model, given, **kwargs) if way == "stream" else asyncio.run(gather())
    return first + others  # type: ignore[return-value]


def blocks(message: AIMessage, *types: str) -> list[dict[str, Any]]:
    return [dict(block) for block in message.content_blocks if block["type"] in types]


# --- calls and results


@pytest.mark.parametrize("known", ITEMS, ids=repr)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("version", ["v0", "v1"])
def test_calls_and_results_are_blocks(emulator: Emulator, known: Known, way: str, version: str) -> None:
    emulator.reply(answer(known.item))
    message = ask(grok(emulator, output_version=version), way)
    (called,) = blocks(message, "server_tool_call", "server_tool_call_chunk")
    (result,) = blocks(message, "server_tool_result")
    args = called["args"] if isinstance(called["args"], dict) else json.loads(called["args"])
    assert (called["id"], called["name"], args) == (known.item["id"], known.name, known.arguments)
    assert called.get("extras", {}).get("server") == known.server
    assert result["tool_call_id"] == known.item["id"]
    assert result["status"] == ("error" if known.failed else "success")
    if known.output == PNG:
        assert [block["base64"] for block in blocks(message, "image")] == [PNG]
    else:
        assert result.get("output") == known.output
    assert message.tool_calls == message.invalid_tool_calls == []
    assert message.response_metadata["finish_reason"] == "stop"
    assert message.text == "Rock."


@pytest.mark.parametrize("known", ITEMS, ids=repr)
def test_streamed_calls_show_when_they_start_and_results_when_they_end(emulator: Emulator, known: Known) -> None:
    emulator.reply(answer(known.item))
    shown = [block for chunk in chunks_of(grok(emulator)) for block in chunk.content_blocks]
    kinds = [block["type"] for block in shown if block["type"] != "text" or block["text"]]
    assert kinds[:3] == ["server_tool_call_chunk", "server_tool_call_chunk", "server_tool_result"]
    assert kinds.index("text") > 2
    start, end = (block for block in shown if block["type"] == "server_tool_call_chunk")
    assert (start["id"], start["name"], start["args"]) == (known.item["id"], known.name, "")
    assert json.loads(end["args"]) == known.arguments


def test_all_of_them_in_one_answer_keep_their_order(emulator: Emulator) -> None:
    for way in WAYS:
        emulator.reply(answer(*(known.item for known in ITEMS)))
        message = ask(grok(emulator), way)
        assert [block["id"] for block in blocks(message, "server_tool_call")] == [known.item["id"] for known in ITEMS]
        used = message.response_metadata["token_usage"]
        assert used["num_server_side_tools_used"] == USAGE["num_server_side_tools_used"]
        assert used["server_side_tool_usage_details"] == USAGE["server_side_tool_usage_details"]


@pytest.mark.parametrize("streamed", [False, True])
def test_an_agent_runs_none_of_them(emulator: Emulator, streamed: bool) -> None:
    emulator.reply(answer(*(known.item for known in ITEMS)))
    agent: Any = create_agent(grok(emulator, server_tools=[WebSearch()]), [web_search])
    given = {"messages": [HumanMessage(QUESTION)]}
    if streamed:
        text = "".join(str(chunk.text) for chunk, _ in agent.stream(given, stream_mode="messages"))
        assert text == "Rock."
    else:
        assert [type(m).__name__ for m in agent.invoke(given)["messages"]] == ["HumanMessage", "AIMessage"]
    assert len(emulator.requests) == 1


# --- citations and sources


@pytest.mark.parametrize("way", WAYS)
def test_citations_slice_their_block_and_other_sources_stand_apart(emulator: Emulator, way: str) -> None:
    text = f"Ünder the 🌕 rock.{MARKS[0]}"
    search = {"type": "web_search_call", "id": "ws", "action": {"type": "search", "query": "q",
              "sources": [{"url": url} for url in URLS]}}  # fmt: skip
    emulator.reply(answer(search, text=text, annotations=cited(text, URLS[0])))
    message = ask(grok(emulator), way)
    (block,) = blocks(message, "text")
    (mark,) = block["annotations"]
    assert mark["type"] == "citation"
    assert block["text"][mark["start_index"] : mark["end_index"]] == MARKS[0]
    assert message.response_metadata["uncited_sources"] == [URLS[1]]


@pytest.mark.parametrize("way", WAYS)
def test_citations_of_several_items_slice_each_its_own_block(emulator: Emulator, way: str) -> None:
    texts = [f"Rock.{MARKS[0]}", f"And dust.{MARKS[0]}"]
    body = answer(text=texts[0], annotations=cited(texts[0], URLS[0]))
    other = answer(text=texts[1], annotations=cited(texts[1], URLS[0]))["output"][0] | {"id": "msg_2"}
    body["output"].append(other)
    emulator.reply(body)
    found = blocks(ask(grok(emulator), way), "text")
    assert [block["text"] for block in found] == texts
    for block in found:
        (mark,) = block["annotations"]
        assert block["text"][mark["start_index"] : mark["end_index"]] == MARKS[0]


@pytest.mark.parametrize("way", WAYS)
def test_citations_before_a_stop_sequence_are_kept(emulator: Emulator, way: str) -> None:
    text = f"Rock.{MARKS[0]} END Dust.{MARKS[1]}"
    emulator.reply(answer(ITEMS[0].item, text=text, annotations=cited(text, *URLS)))
    message = ask(grok(emulator, stop=["END"]), way)
    (block,) = blocks(message, "text")
    assert block["text"] == text.partition("END")[0]
    assert [block["text"][m["start_index"] : m["end_index"]] for m in block["annotations"]] == MARKS[:1]


@pytest.mark.parametrize("way", WAYS)
def test_a_search_of_the_emulator_is_cited(emulator: Emulator, way: str) -> None:
    message = ask(grok(emulator, server_tools=[WebSearch(allowed_domains=["weatherdesk.test"])]), way)
    (block,) = blocks(message, "text")
    assert {mark["url"].split("/")[2] for mark in block["annotations"]} == {"weatherdesk.test"}
    (called,) = blocks(message, "server_tool_call")
    assert "monsoon" in called["args"]["query"]
    assert message.response_metadata["token_usage"]["num_server_side_tools_used"] == 1


class Comet(BaseModel):
    """A comet."""

    name: str


def test_a_structured_answer_may_be_searched_for(emulator: Emulator) -> None:
    found = grok(emulator, server_tools=[WebSearch()]).with_structured_output(Comet).invoke("Which comet can be seen?")
    assert isinstance(found, Comet)
    body = emulator.requests[-1].body
    assert (body["tools"], body["text"]["format"]["type"]) == ([{"type": "web_search"}], "json_schema")


# --- names that xAI keeps for itself


@pytest.mark.parametrize("api", ["responses", "chat"])
@pytest.mark.parametrize("way", WAYS)
def test_a_function_with_a_reserved_name_works(emulator: Emulator, api: str, way: str) -> None:
    model = grok(emulator, api=api).bind_tools([web_search], tool_choice="web_search")
    asked = ask(model, way, "Search our documents for the query 'moon'.")
    assert [call["name"] for call in asked.tool_calls] == ["web_search"]
    sent = emulator.requests[-1].body
    assert "client_web_search" in json.dumps(sent["tools"]) and "client_web_search" in json.dumps(sent["tool_choice"])
    results = [ToolMessage(web_search.invoke(call["args"]), tool_call_id=call["id"]) for call in asked.tool_calls]
    ask(model, way, [HumanMessage("?"), asked, *results])
    turns = emulator.requests[-1].body.get("input") or emulator.requests[-1].body["messages"]
    assert '"client_web_search"' in json.dumps(turns) and '"web_search"' not in json.dumps(turns)


@pytest.mark.parametrize("api", ["responses", "chat"])
def test_streamed_call_chunks_have_the_functions_own_name(emulator: Emulator, api: str) -> None:
    model = grok(emulator, api=api).bind_tools([web_search], tool_choice="any")
    chunks = chunks_of(model, "Search our documents for the query 'moon'.")
    assert [piece["name"] for chunk in chunks for piece in chunk.tool_call_chunks] == ["web_search"]


@pytest.mark.parametrize("api", ["responses", "chat"])
def test_an_agent_runs_a_function_with_a_reserved_name(emulator: Emulator, api: str) -> None:
    agent: Any = create_agent(grok(emulator, api=api), [web_search])
    out = agent.invoke({"messages": [HumanMessage("Search our documents for the query 'moon'.")]})["messages"]
    assert [m.name for m in out if isinstance(m, ToolMessage)] == ["web_search"]
    assert "rock" in out[-1].text


# --- what older programs write, and Chat Completions


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "fields",
    [
        {"search_parameters": {"sources": [{"type": "web"}]}},
        {"extra_body": {"search_enabled": True}},
        {"extra_body": {"search_parameters": {"sources": [{"type": "web"}]}}},
        {"model_kwargs": {"search_enabled": True}},
    ],
    ids=str,
)
def test_live_search_becomes_a_tool(emulator: Emulator, way: str, fields: dict[str, Any]) -> None:
    with pytest.warns(DeprecationWarning, match=r"server_tools=\[WebSearch\(\)\]"):
        message = ask(grok(emulator, **fields), way)
    assert emulator.requests[-1].body["tools"] == [{"type": "web_search"}]
    assert blocks(message, "server_tool_call")


@pytest.mark.parametrize("way", WAYS)
def test_tools_and_include_of_extra_body_are_merged(emulator: Emulator, way: str) -> None:
    extra = {"tools": [{"type": "x_search"}], "include": ["no_inline_citations"]}
    ask(grok(emulator, server_tools=[WebSearch()], extra_body=extra), way)
    body = emulator.requests[-1].body
    assert [entry["type"] for entry in body["tools"]] == ["web_search", "x_search"]
    assert {"no_inline_citations", "web_search_call.action.sources"} <= set(body["include"])


@pytest.mark.parametrize(
    "fields",
    [
        {"server_tools": [WebSearch()]},
        {"extra_body": {"tools": [{"type": "web_search"}]}},
        {"extra_body": {"search_enabled": True}},
        {"search_parameters": {}},
    ],
    ids=str,
)
@pytest.mark.parametrize("way", WAYS)
def test_chat_completions_has_none(emulator: Emulator, fields: dict[str, Any], way: str) -> None:
    with pytest.raises(GrokConfigurationError, match="api='responses'"):
        ask(grok(emulator, api="chat", **fields), way)


@pytest.mark.parametrize("way", WAYS)
def test_the_multi_agent_model(emulator: Emulator, way: str) -> None:
    team = grok(emulator, model="grok-4.20-multi-agent", reasoning_effort="xhigh")
    with pytest.warns(GrokWarning, match="not known to call functions"):
        ask(team.bind_tools([web_search]), way)
    assert emulator.requests[-1].body["reasoning"] == {"effort": "xhigh"}
    with pytest.raises(GrokConfigurationError, match="api='responses'"):
        ask(grok(emulator, model="grok-4.20-multi-agent", api="chat"), way)


# --- arguments and schemas


@pytest.mark.parametrize("way", WAYS)
def test_html_entities_are_decoded_before_anyone_sees_the_call(emulator: Emulator, way: str) -> None:
    item = {"type": "function_call", "id": "fc", "call_id": "c", "name": "run", "arguments": '{"c":"a &amp;&amp; b"}'}
    for decode, seen in ((True, "a && b"), (False, "a &amp;&amp; b")):
        emulator.reply({**answer(), "output": [item]})
        message = ask(grok(emulator, decode_html_entities=decode), way)
        assert message.tool_calls[0]["args"] == {"c": seen}


@pytest.mark.parametrize("way", WAYS)
def test_a_schema_that_xai_cannot_read_goes_out_once_more_plainly(emulator: Emulator, way: str) -> None:
    function = {
        "name": "go",
        "parameters": {"type": "object", "properties": {"to": {"type": "string", "pattern": "a+"}}},
    }
    emulator.fail(400, {"code": "invalid-argument", "error": "Invalid arguments passed to the model."})
    emulator.reply(answer())
    with pytest.warns(GrokWarning, match="could not read the schemas"):
        assert ask(grok(emulator).bind_tools([function]), way).text == "Rock."
    first, second = (request.body["tools"][0]["parameters"]["properties"]["to"] for request in emulator.requests)
    assert (first["pattern"], second) == ("a+", {"type": "string", "description": "(pattern: a+)"})


# --- credentials

SECRET = "mcp-secret-1"
MCP = {"type": "mcp", "server_url": "https://a.example", "server_label": "a", "authorization": SECRET,
       "headers": {"X-A": SECRET}}  # fmt: skip


class Everything(BaseCallbackHandler):
    """Writes down all that callbacks are told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        self.told.append(repr((args, kwargs)))

    def on_llm_new_token(self, *args: Any, **kwargs: Any) -> None:
        self.told.append(repr((args, kwargs)))

    def on_llm_end(self, *args: Any, run_id: UUID, **kwargs: Any) -> None:
        self.told.append(repr((args, kwargs)))


class Traced(BaseTracer):
    """Keeps runs as a tracing service would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[str] = []

    def _persist_run(self, run: Run) -> None:
        self.runs.append(run.model_dump_json() if hasattr(run, "model_dump_json") else run.json())


PLACES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "field": ({"server_tools": [MCP]}, {}),
    "field of the body": ({"extra_body": {"tools": [MCP]}}, {}),
    "call, tools": ({}, {"tools": [MCP]}),
    "call, server_tools": ({}, {"server_tools": [MCP]}),
    "call, body": ({}, {"extra_body": {"tools": [MCP]}}),
    "bound": ({}, {}),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", WAYS)
def test_credentials_given_as_a_dict_are_sent_and_never_shown(emulator: Emulator, place: str, way: str) -> None:
    fields, kwargs = PLACES[place]
    model: Any = grok(emulator, **fields)
    if place == "bound":
        model = model.bind_tools([web_search, MCP])
    heard, traced = Everything(), Traced()
    emulator.reply(answer(ITEMS[6].item))
    message = ask(model, way, QUESTION, config={"callbacks": [heard, traced]}, **kwargs)
    assert emulator.requests[-1].body["tools"][-1] == MCP
    assert heard.told and traced.runs
    shown = "".join([repr(model), str(model), dumps(model), repr(message), dumps(message), *heard.told, *traced.runs])
    assert SECRET not in shown


def test_credentials_are_not_in_the_events_of_a_run(emulator: Emulator) -> None:
    emulator.reply(answer())
    model = grok(emulator).bind_tools([MCP])

    async def events() -> str:
        return "".join([repr(event) async for event in model.astream_events(QUESTION, version="v2")])

    shown = asyncio.run(events())
    assert "Rock." in shown
    assert SECRET not in shown


def test_credentials_are_not_in_errors(emulator: Emulator) -> None:
    emulator.fail(400, {"code": "invalid-argument", "error": f"MCP server refused {SECRET}."})
    with pytest.raises(GrokError) as caught:
        grok(emulator).invoke(QUESTION, tools=[MCP])
    assert SECRET not in "".join((str(caught.value), repr(caught.value), repr(caught.value.__dict__)))
