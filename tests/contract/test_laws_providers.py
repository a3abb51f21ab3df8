"""Laws of the two providers side by side: L6 (the same facts) and L12 (every request fits the official schema).

Each answer goes through a real socket to both. `shared_facts` is the common denominator: what a user of either
framework can read off a message, in neutral words. What only one framework has a place for is not compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage, message_chunk_to_message
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, TextBlock, ThinkingBlock, ToolCallBlock

from grok_adapter import CodeExecution, MCPServer, WebSearch, XSearch
from grok_adapter.settings import GrokSettings
from grok_emulator import Emulator
from langchain_grok import ChatGrok
from llama_index_grok import Grok
from tests.conftest import KEY
from tests.support import recordings
from tests.support.generated import bodies, events_of
from tests.support.schema import problems

APIS = ["responses", "chat"]
ASKED = "Go on."
ENVELOPE = (
    "model_provider",
    "model_name",
    "id",
    "finish_reason",
    "service_tier",
    "system_fingerprint",
    "rate_limits",
    "sources",
    "unsupported_parameters",
    "cost_usd",
    "cost_estimated",
    "usage_estimated",
)
"""`request_id` is left out: two calls have two."""
ENDS = ("response.completed", "response.incomplete", "response.done")
RECORDED = [
    recording
    for recording in recordings.load()
    if recording.api == "chat"
    or not recording.streaming
    or any(payload.get("type") in ENDS for payload in recording.payloads)
]
over_sockets = settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def both(server: Emulator, api: str, **fields: Any) -> tuple[ChatGrok, Grok]:
    """The two models, with the same fields."""
    given_fields: dict[str, Any] = {
        "base_url": server.base_url,
        "api_key": KEY,
        "api": api,
        "max_retries": 0,
        **fields,
    }
    return ChatGrok(**given_fields), Grok(**given_fields)


# --- the same names


def test_both_have_all_shared_fields_with_the_same_meaning() -> None:
    for name, field in GrokSettings.model_fields.items():
        for cls in (ChatGrok, Grok):
            assert name in cls.model_fields, (cls.__name__, name)
            assert cls.model_fields[name].description == field.description, (cls.__name__, name)


# --- L6: both frameworks report the same facts


def facts_of_langchain(message: AIMessage) -> dict[str, Any]:
    """What LangChain's message says."""
    metadata, usage = message.response_metadata, message.usage_metadata
    blocks = message.content_blocks
    marks = [a for b in blocks if b["type"] == "text" for a in b.get("annotations") or () if a["type"] == "citation"]
    cited = [(mark.get("url"), mark.get("title")) for mark in marks]
    named = {url for url, _ in cited}
    cited += [(url, None) for url in metadata.get("sources", ()) if url not in named]  # those that mark no place
    counted = usage and [
        usage["input_tokens"],
        usage["output_tokens"],
        usage["total_tokens"],
        usage.get("output_token_details", {}).get("reasoning"),
        usage.get("input_token_details", {}).get("cache_read"),
    ]
    calls = [(call["id"], call["name"], call["args"]) for call in message.tool_calls]
    calls += [(call["id"], call["name"], call["args"]) for call in message.invalid_tool_calls]
    server_calls = [(b["id"], b["name"], b["args"]) for b in blocks if b["type"] == "server_tool_call"]
    return {
        "text": message.content,
        "reasoning": message.additional_kwargs.get("reasoning_content") or "",
        "refusal": message.additional_kwargs.get("refusal"),
        "calls": sorted(calls, key=repr),
        "server calls": server_calls,
        "citations": cited,
        "usage": counted or None,
        "raw usage": metadata.get("token_usage"),
        "envelope": {key: metadata.get(key) for key in ENVELOPE},
    }


def facts_of_llama_index(response: ChatResponse) -> dict[str, Any]:
    """What LlamaIndex's response says."""
    facts, blocks = response.additional_kwargs, response.message.blocks
    names = ("prompt_tokens", "completion_tokens", "total_tokens", "reasoning_tokens", "cached_tokens")
    calls = [(b.tool_call_id, b.tool_name, b.tool_kwargs) for b in blocks if isinstance(b, ToolCallBlock)]
    return {
        "text": "".join(block.text for block in blocks if isinstance(block, TextBlock)),
        "reasoning": "".join(block.content or "" for block in blocks if isinstance(block, ThinkingBlock)),
        "refusal": facts.get("refusal"),
        "calls": sorted(calls, key=repr),
        "server calls": [(call["id"], call["name"], call["arguments"]) for call in facts["server_tool_calls"]],
        "citations": [(entry["url"], entry.get("title")) for entry in facts["citations"] if "url" in entry],
        "usage": [facts[name] for name in names] if "total_tokens" in facts else None,
        "raw usage": facts.get("usage"),
        "envelope": {key: facts.get(key) for key in ENVELOPE},
    }


def asked_of_both(server: Emulator, api: str, answer: Any, streamed: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """The facts that each provider reports of one answer, a body or the events of a stream."""
    chat, llm = both(server, api)
    server.reply(answer)
    if streamed:
        first, *others = chat.stream(ASKED)
        for chunk in others:
            first = first + chunk  # type: ignore[assignment]
        message: BaseMessage = message_chunk_to_message(first)  # type: ignore[arg-type]
    else:
        message = chat.invoke(ASKED)
    server.reply(answer)
    messages = [ChatMessage(content=ASKED)]
    *_, response = llm.stream_chat(messages) if streamed else [llm.chat(messages)]
    assert isinstance(message, AIMessage)
    server.reset()
    return facts_of_langchain(message), facts_of_llama_index(response)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
@over_sockets
def test_l6_both_report_the_same_facts(server: Emulator, api: str, streamed: bool, data: st.DataObject) -> None:
    body = data.draw(bodies(api))
    one, other = asked_of_both(server, api, events_of(api, body, 4) if streamed else body, streamed)
    assert one == other


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("recording", RECORDED, ids=repr)
def test_l6_recorded_answers(server: Emulator, recording: recordings.Recording) -> None:
    answer = recording.payloads if recording.streaming else recording.payloads[0]
    one, other = asked_of_both(server, recording.api, answer, recording.streaming)
    assert one == other


@pytest.mark.parametrize("api", APIS)
def test_l6_what_was_not_sent_is_reported_alike(server: Emulator, api: str) -> None:
    chat, llm = both(server, api, presence_penalty=0.5, on_unsupported="ignore")
    one = chat.invoke(ASKED).response_metadata["unsupported_parameters"]
    other = llm.complete(ASKED).additional_kwargs["unsupported_parameters"]
    assert one == other
    assert [entry["name"] for entry in one] == ["presence_penalty"]


@pytest.mark.parametrize("api", APIS)
def test_l6_a_cost_that_xai_did_not_name_is_worked_out_by_both(server: Emulator, api: str) -> None:
    usage = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100, "prompt_tokens": 1000}
    answers = {
        "responses": {"id": "r", "model": "grok-4.7", "status": "completed", "output": [], "usage": usage},
        "chat": {
            "id": "r",
            "model": "grok-4.7",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "."}, "finish_reason": "stop"}],
            "usage": {**usage, "completion_tokens": 100},
        },
    }
    one, other = asked_of_both(server, api, answers[api], False)
    assert one == other
    assert (one["envelope"]["cost_usd"], one["envelope"]["cost_estimated"]) == (pytest.approx(0.0026), True)


# --- L12: what both providers send fits the schema

SCHEMA = {"type": "object", "properties": {"metres": {"type": "integer"}}, "required": ["metres"]}
FUNCTION = {
    "type": "function",
    "function": {"name": "height_of", "description": "Height.", "parameters": {"type": "object", "properties": {}}},
}
KEYWORDS = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from([0.0, 1.0]),
        "top_p": st.just(0.5),
        "max_tokens": st.integers(16, 999),
        "stop": st.just(["END"]),
        "seed": st.integers(0, 9),
        "reasoning_effort": st.sampled_from(["none", "low", "high"]),
        "parallel_tool_calls": st.booleans(),
        "store": st.booleans(),
        "conversation_id": st.just("thread-1"),
        "service_tier": st.sampled_from(["auto", "priority"]),
        "user": st.just("someone"),
        "presence_penalty": st.just(0.5),
        "tools": st.just([FUNCTION]),
        "response_format": st.just({"type": "json_schema", "json_schema": {"name": "height", "schema": SCHEMA}}),
    },
)
SERVER_TOOLS = st.lists(
    st.sampled_from(
        [
            WebSearch(allowed_domains=["example.com"]),
            XSearch(from_date="2026-01-02"),
            CodeExecution(),
            MCPServer("https://mcp.example.com/", authorization="mcp-secret"),
        ]
    ),
    max_size=2,
    unique_by=type,
)


SHORTEST: dict[str, dict[str, Any]] = {
    "responses": {"object": "response", "status": "completed", "output": []},
    "chat": {"choices": [{"index": 0, "message": {"role": "assistant", "content": "."}, "finish_reason": "stop"}]},
}


def without_unknown_items(body: dict[str, Any]) -> dict[str, Any]:
    """A body without invented items, which are replayed verbatim and fit no schema."""
    if "output" not in body:
        return body
    known = ("message", "reasoning", "function_call")
    return {**body, "output": [item for item in body["output"] if item["type"] in known]}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("api", APIS)
@given(data=st.data())
@over_sockets
def test_l12_every_request_of_both_fits_the_schema(
    server: Emulator, api: str, streamed: bool, data: st.DataObject
) -> None:
    body = without_unknown_items(data.draw(bodies(api)))
    keywords = data.draw(KEYWORDS)
    if api == "responses":
        keywords["server_tools"] = data.draw(SERVER_TOOLS)
    model = data.draw(st.sampled_from(["grok-4.7", "grok-4.3", "grok-4.20", "anything"]))
    sent = sent_by_both(server, api, body, streamed, keywords, model)
    assert [problems(api, each) for each in sent] == [[], []]
    assert without_names(sent[0]) == without_names(sent[1])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("recording", [r for r in RECORDED if not r.streaming], ids=repr)
def test_l12_recorded_answers_go_back_alike(server: Emulator, recording: recordings.Recording) -> None:
    sent = sent_by_both(server, recording.api, recording.payloads[0], False, {}, "grok-4.7")
    assert [problems(recording.api, body) for body in sent] == [[], []]


def without_names(body: dict[str, Any]) -> str:
    """A body but for what LangChain and LlamaIndex keep differently: one text per answer, or one per message item."""
    kept = {k: v for k, v in body.items() if k not in ("input", "messages")}
    return json.dumps(kept, sort_keys=True)


def sent_by_both(
    server: Emulator, api: str, answer: Any, streamed: bool, keywords: dict[str, Any], model: str
) -> list[dict[str, Any]]:
    """The second request of a conversation as each provider sends it: the first one's answer, results, a question."""
    chat, llm = both(server, api, model=model, on_unsupported="ignore")
    server.reply(answer)
    message = chat.invoke(ASKED)
    results: list[Any] = [ToolMessage("ok", tool_call_id=call["id"]) for call in message.tool_calls]
    history: list[Any] = [HumanMessage(ASKED), message, *results, HumanMessage("And then?")]
    server.reply(SHORTEST[api])
    _ = list(chat.stream(history, **keywords)) if streamed else chat.invoke(history, **keywords)
    server.reply(answer)
    response = llm.chat([ChatMessage(content=ASKED)])
    calls = [block for block in response.message.blocks if isinstance(block, ToolCallBlock)]
    results = [ChatMessage("ok", role="tool", additional_kwargs={"tool_call_id": c.tool_call_id}) for c in calls]
    turns = [ChatMessage(content=ASKED), response.message, *results, ChatMessage(content="And then?")]
    server.reply(SHORTEST[api])
    _ = list(llm.stream_chat(turns, **keywords)) if streamed else llm.chat(turns, **keywords)
    sent = [server.requests[1].body, server.requests[3].body]
    server.reset()
    return sent
