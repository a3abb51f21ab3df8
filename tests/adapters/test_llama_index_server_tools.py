"""xAI's own tools as LlamaIndex's own things: facts, citation blocks; names that are taken; no credentials."""

from __future__ import annotations

import json
from typing import Any

import pytest
from llama_index.core import PromptTemplate
from llama_index.core.agent.workflow import AgentStream, FunctionAgent, ToolCallResult
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CitationBlock, TextBlock, ToolCallBlock
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

from grok_emulator import Emulator
from llama_index_grok import GrokConfigurationError, GrokError, GrokWarning, WebSearch, XSearch
from tests.adapters.llama_index_support import WAYS, ask, called, grok, responses_body, responses_of, sent, turns
from tests.support.server_items import ITEMS, USAGE, Known, answer, cited

QUESTION = "How does a monsoon form?"
URLS = ["https://moon.example/rock", "https://moon.example/dust"]
MARKS = [f"[[{n}]]({url})" for n, url in enumerate(URLS, 1)]


def web_search(query: str) -> str:
    """Searches our own documents for a query."""
    return f"Our documents say about {query}: rock."


OURS = FunctionTool.from_defaults(web_search)
ASKED = "Search our documents for the query 'moon'."


def slices(response: ChatResponse) -> list[str]:
    """The text under each citation, by the plain facts."""
    text = next(block.text for block in response.message.blocks if isinstance(block, TextBlock))
    found = response.additional_kwargs["citations"]
    return [text[entry["start_index"] : entry["end_index"]] for entry in found]


# --- calls


@pytest.mark.parametrize("known", ITEMS, ids=repr)
@pytest.mark.parametrize("way", WAYS)
def test_calls_are_facts(emulator: Emulator, known: Known, way: str) -> None:
    emulator.reply(answer(known.item))
    response = ask(grok(emulator), way, QUESTION)
    (call,) = response.additional_kwargs["server_tool_calls"]
    assert (call["id"], call["name"], call["arguments"]) == (known.item["id"], known.name, known.arguments)
    assert (call.get("output"), call.get("server")) == (known.output, known.server)
    assert not any(isinstance(block, ToolCallBlock) for block in response.message.blocks)
    assert response.message.content == "Rock."
    assert response.additional_kwargs["finish_reason"] == "stop"


@pytest.mark.parametrize("way", WAYS)
def test_all_of_them_in_one_answer_keep_their_order(emulator: Emulator, way: str) -> None:
    emulator.reply(answer(*(known.item for known in ITEMS)))
    response = ask(grok(emulator), way, QUESTION)
    facts = response.additional_kwargs
    assert [call["id"] for call in facts["server_tool_calls"]] == [known.item["id"] for known in ITEMS]
    assert facts["usage"]["num_server_side_tools_used"] == USAGE["num_server_side_tools_used"]
    assert facts["usage"]["server_side_tool_usage_details"] == USAGE["server_side_tool_usage_details"]


def test_streamed_calls_show_before_the_text(emulator: Emulator) -> None:
    emulator.reply(answer(*(known.item for known in ITEMS)))
    responses = responses_of(grok(emulator), "stream_chat", [ChatMessage(content=QUESTION)])
    before = [r for r in responses if not r.message.content]
    assert [len(r.additional_kwargs["server_tool_calls"]) for r in before] == list(range(1, len(ITEMS) + 1))


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_function_agent_runs_none_of_them(emulator: Emulator, streaming: bool) -> None:
    emulator.reply(answer(*(known.item for known in ITEMS)))
    agent = FunctionAgent(tools=[OURS], llm=grok(emulator, server_tools=[WebSearch(), XSearch()]), streaming=streaming)
    handler = agent.run(QUESTION)
    events = [event async for event in handler.stream_events()]
    assert str(await handler) == "Rock."
    assert not any(isinstance(event, ToolCallResult) for event in events)
    assert any(isinstance(event, AgentStream) for event in events) == streaming
    assert len(emulator.requests) == 1
    assert [tool["type"] for tool in sent(emulator)["tools"]] == ["function", "web_search", "x_search"]


class Shelf(BaseRetriever):
    """One document."""

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [NodeWithScore(node=TextNode(text="A monsoon is a wind."), score=1.0)]


def test_query_engines_and_chats_with_tools_have_those_of_the_model(emulator: Emulator) -> None:
    llm = grok(emulator, server_tools=[WebSearch()])
    engine = RetrieverQueryEngine.from_args(Shelf(), llm=llm)
    assert "monsoon" in str(engine.query(QUESTION)).lower()
    assert sent(emulator)["tools"] == [{"type": "web_search"}]
    llm.chat_with_tools([OURS], QUESTION)
    assert [tool["type"] for tool in sent(emulator)["tools"]] == ["function", "web_search"]


# --- citations and sources


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shown", [True, False])
def test_citations_slice_the_text_and_other_sources_stand_apart(emulator: Emulator, way: str, shown: bool) -> None:
    text = f"Ünder the 🌕 rock.{MARKS[0]}"
    search = {"type": "web_search_call", "id": "ws", "action": {"type": "search", "query": "q",
              "sources": [{"url": url} for url in URLS]}}  # fmt: skip
    emulator.reply(answer(search, text=text, annotations=cited(text, URLS[0])))
    response = ask(grok(emulator, citation_blocks=shown), way, QUESTION)
    assert slices(response) == MARKS[:1]
    assert response.message.content == text
    assert response.additional_kwargs["uncited_sources"] == URLS[1:]
    marks = [block for block in response.message.blocks if isinstance(block, CitationBlock)]
    assert [block.source for block in marks] == (URLS[:1] if shown else [])
    if shown:
        place = marks[0].additional_location_info
        assert text[place["start_index"] : place["end_index"]] == MARKS[0]


@pytest.mark.parametrize("way", WAYS)
def test_citations_of_several_items_name_their_own_block(emulator: Emulator, way: str) -> None:
    texts = [f"Rock.{MARKS[0]}", f"And dust.{MARKS[0]}"]
    body = answer(text=texts[0], annotations=cited(texts[0], URLS[0]))
    other = answer(text=texts[1], annotations=cited(texts[1], URLS[0]))["output"][0] | {"id": "msg_2"}
    body["output"].append(other)
    emulator.reply(body)
    response = ask(grok(emulator), way, QUESTION)
    blocks = [block.text for block in response.message.blocks if isinstance(block, TextBlock)]
    assert blocks == texts
    places = [b.additional_location_info for b in response.message.blocks if isinstance(b, CitationBlock)]
    assert [blocks[p["text_block"]][p["start_index"] : p["end_index"]] for p in places] == [MARKS[0]] * 2


@pytest.mark.parametrize("way", WAYS)
def test_citations_before_a_stop_sequence_are_kept(emulator: Emulator, way: str) -> None:
    text = f"Rock.{MARKS[0]} END Dust.{MARKS[1]}"
    emulator.reply(answer(ITEMS[0].item, text=text, annotations=cited(text, *URLS)))
    response = ask(grok(emulator, stop=["END"]), way, QUESTION)
    assert response.message.content == text.partition("END")[0]
    assert slices(response) == MARKS[:1]


@pytest.mark.parametrize("way", WAYS)
def test_a_search_of_the_emulator_is_cited(emulator: Emulator, way: str) -> None:
    llm = grok(emulator, server_tools=[WebSearch(allowed_domains=["weatherdesk.test"])])
    response = ask(llm, way, QUESTION)
    assert {entry["url"].split("/")[2] for entry in response.additional_kwargs["citations"]} == {"weatherdesk.test"}
    assert "monsoon" in response.additional_kwargs["server_tool_calls"][0]["arguments"]["query"]
    assert response.additional_kwargs["usage"]["num_server_side_tools_used"] == 1


class Comet(BaseModel):
    """A comet."""

    name: str


def test_a_structured_answer_may_be_searched_for(emulator: Emulator) -> None:
    llm = grok(emulator, server_tools=[WebSearch()])
    assert isinstance(llm.structured_predict(Comet, PromptTemplate("Which comet can be seen?")), Comet)
    assert (sent(emulator)["tools"], sent(emulator)["text"]["format"]["type"]) == (
        [{"type": "web_search"}],
        "json_schema",
    )


# --- names that xAI keeps for itself


@pytest.mark.parametrize("api", ["responses", "chat"])
@pytest.mark.parametrize("way", WAYS)
def test_a_function_with_a_reserved_name_works(emulator: Emulator, api: str, way: str) -> None:
    llm = grok(emulator, api=api)
    prepared = llm._prepare_chat_with_tools([OURS], ASKED, tool_choice="web_search")
    history = prepared.pop("messages")
    responses = responses_of(llm, way, history, **prepared)
    calls = llm.get_tool_calls_from_response(responses[-1])
    assert [call.tool_name for call in calls] == ["web_search"]
    for response in responses:  # a snapshot in the middle of a stream, too
        assert "client_" not in str(response.message)
    body = sent(emulator)
    assert "client_web_search" in json.dumps(body["tools"]) and "client_web_search" in json.dumps(body["tool_choice"])
    extra = {"tool_call_id": calls[0].tool_id}
    result = ChatMessage(role="tool", content=web_search(**calls[0].tool_kwargs), additional_kwargs=extra)
    ask(llm, way, [*history, responses[-1].message, result], tools=prepared["tools"])
    shown = json.dumps(turns(sent(emulator)))
    assert '"client_web_search"' in shown and '"web_search"' not in shown


@pytest.mark.parametrize("streaming", [False, True])
async def test_an_agent_runs_a_function_with_a_reserved_name(emulator: Emulator, streaming: bool) -> None:
    agent = FunctionAgent(tools=[OURS], llm=grok(emulator), streaming=streaming)
    result = await agent.run(ASKED)
    assert [call.tool_name for call in result.tool_calls] == ["web_search"]
    assert "rock" in str(result)


# --- what older programs write, and Chat Completions


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "fields",
    [
        {"search_parameters": {"sources": [{"type": "web"}]}},
        {"extra_body": {"search_enabled": True}},
        {"extra_body": {"search_parameters": {"sources": [{"type": "web"}]}}},
        {"additional_kwargs": {"search_enabled": True}},
    ],
    ids=str,
)
def test_live_search_becomes_a_tool(emulator: Emulator, way: str, fields: dict[str, Any]) -> None:
    with pytest.warns(DeprecationWarning, match=r"server_tools=\[WebSearch\(\)\]"):
        response = ask(grok(emulator, **fields), way, QUESTION)
    assert sent(emulator)["tools"] == [{"type": "web_search"}]
    assert response.additional_kwargs["server_tool_calls"]


@pytest.mark.parametrize("way", WAYS)
def test_tools_and_include_of_extra_body_are_merged(emulator: Emulator, way: str) -> None:
    extra = {"tools": [{"type": "x_search"}], "include": ["no_inline_citations"]}
    ask(grok(emulator, server_tools=[WebSearch()], extra_body=extra), way, QUESTION)
    body = sent(emulator)
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
        ask(grok(emulator, api="chat", **fields), way, QUESTION)


@pytest.mark.parametrize("way", WAYS)
def test_the_multi_agent_model(emulator: Emulator, way: str) -> None:
    team = grok(emulator, model="grok-4.20-multi-agent", reasoning_effort="xhigh")
    prepared = grok(emulator)._prepare_chat_with_tools([OURS], QUESTION)
    with pytest.warns(GrokWarning, match="not known to call functions"):
        ask(team, way, prepared.pop("messages"), **prepared)
    assert sent(emulator)["reasoning"] == {"effort": "xhigh"}
    assert not team.metadata.is_function_calling_model  # so that agents say so before they start
    with pytest.raises(GrokConfigurationError, match="api='responses'"):
        ask(grok(emulator, model="grok-4.20-multi-agent", api="chat"), way, QUESTION)


# --- arguments and schemas


@pytest.mark.parametrize("way", WAYS)
def test_html_entities_are_decoded_before_anyone_sees_the_call(emulator: Emulator, way: str) -> None:
    for decode, seen in ((True, "a && b"), (False, "a &amp;&amp; b")):
        emulator.reply(responses_body(called("run", '{"c":"a &amp;&amp; b"}')))
        llm = grok(emulator, decode_html_entities=decode)
        for response in responses_of(llm, way, [ChatMessage(content=QUESTION)]):
            selections: list[ToolSelection] = llm.get_tool_calls_from_response(response)
            assert selections[0].tool_kwargs == {"c": seen}


@pytest.mark.parametrize("way", WAYS)
def test_a_schema_that_xai_cannot_read_goes_out_once_more_plainly(emulator: Emulator, way: str) -> None:
    function = {
        "name": "go",
        "parameters": {"type": "object", "properties": {"to": {"type": "string", "pattern": "a+"}}},
    }
    emulator.fail(400, {"code": "invalid-argument", "error": "Invalid arguments passed to the model."})
    emulator.reply(answer())
    with pytest.warns(GrokWarning, match="could not read the schemas"):
        assert ask(grok(emulator), way, QUESTION, tools=[function]).message.content == "Rock."
    first, second = (request.body["tools"][0]["parameters"]["properties"]["to"] for request in emulator.requests)
    assert (first["pattern"], second) == ("a+", {"type": "string", "description": "(pattern: a+)"})


# --- credentials; spans and events of calls are in test_llama_index_instrumentation

SECRET = "mcp-secret-1"
MCP = {"type": "mcp", "server_url": "https://a.example", "server_label": "a", "authorization": SECRET,
       "headers": {"X-A": SECRET}}  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "kwargs"),
    [
        ({"server_tools": [MCP]}, {}),
        ({"extra_body": {"tools": [MCP]}}, {}),
        ({}, {"tools": [MCP]}),
        ({}, {"server_tools": [MCP]}),
        ({}, {"extra_body": {"tools": [MCP]}}),
    ],
    ids=["field", "field of the body", "call, tools", "call, server_tools", "call, body"],
)
@pytest.mark.parametrize("way", WAYS)
def test_credentials_given_as_a_dict_are_sent_and_never_shown(
    emulator: Emulator, fields: dict[str, Any], kwargs: dict[str, Any], way: str
) -> None:
    llm = grok(emulator, **fields)
    emulator.reply(answer(ITEMS[6].item))
    response = ask(llm, way, QUESTION, **kwargs)
    assert sent(emulator)["tools"] == [MCP]
    emulator.fail(400, {"code": "invalid-argument", "error": f"MCP server refused {SECRET}."})
    with pytest.raises(GrokError, match="MCP server refused") as caught:
        ask(llm, way, QUESTION, **kwargs)
    error = caught.value
    shown = [repr(llm), str(llm), llm.to_json(), str(llm.to_dict()), repr(response), response.model_dump_json()]
    assert SECRET not in "".join([*shown, str(error), repr(error), repr(error.__dict__)])
