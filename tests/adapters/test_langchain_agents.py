"""Agents and graphs: `create_agent` with tools of both kinds, middleware, structured answers, checkpoints, streams."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    HumanInTheLoopMiddleware,
    ModelCallLimitMiddleware,
    ModelFallbackMiddleware,
    ModelRetryMiddleware,
    SummarizationMiddleware,
)
from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel

from grok_emulator import Emulator
from langchain_grok import ChatGrok, WebSearch, XSearch
from tests.adapters.langchain_replies import SEARCH, X_SEARCH, call, message, reasoning, response
from tests.conftest import KEY
from tests.support.generated import events_of

APIS = ["responses", "chat"]


class Weather(BaseModel):
    """The weather of a city."""

    city: str
    celsius: int


@tool
def get_weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"It is 21 degrees in {city}."


def model_at(emulator: Emulator, api: str = "responses", **fields: Any) -> ChatGrok:
    return ChatGrok(base_url=emulator.base_url, api_key=KEY, api=api, max_retries=0, **fields)


def ask(question: str) -> dict[str, Any]:
    return {"messages": [HumanMessage(question)]}


@pytest.mark.parametrize("api", APIS)
def test_an_agent_calls_its_tool_and_answers(emulator: Emulator, api: str) -> None:
    agent: Any = create_agent(model_at(emulator, api), [get_weather])
    out = agent.invoke(ask("What is the weather in Paris?"))
    assert [type(m).__name__ for m in out["messages"]] == ["HumanMessage", "AIMessage", "ToolMessage", "AIMessage"]
    assert "21 degrees in Paris" in out["messages"][-1].text
    assert len(emulator.requests) == 2
    again = asyncio.run(agent.ainvoke(ask("What is the weather in Paris?")))
    assert again["messages"][-1].text == out["messages"][-1].text


def test_server_side_calls_cost_one_model_call(emulator: Emulator) -> None:
    agent: Any = create_agent(model_at(emulator), [get_weather, WebSearch().to_wire(), XSearch().to_wire()])
    emulator.reply(response(SEARCH, X_SEARCH, message("Found.")))
    out = agent.invoke(ask("?"))
    assert out["messages"][-1].content == "Found."
    assert len(emulator.requests) == 1
    assert [t["type"] for t in emulator.requests[0].body["tools"]] == ["function", "web_search", "x_search"]


@pytest.mark.parametrize("model", ["grok-4.7", "grok-99-unheard-of"])
def test_a_response_format_is_asked_for_natively(emulator: Emulator, model: str) -> None:
    agent: Any = create_agent(model_at(emulator, model=model), [get_weather], response_format=Weather)
    emulator.reply(response(call("get_weather", '{"city":"Paris"}')))
    emulator.reply(
        response(message('{"city":"?","celsius":0}', ident="m1"), message('{"city":"Paris","celsius":21}', ident="m2"))
    )
    out = agent.invoke(ask("What is the weather in Paris?"))
    assert out["structured_response"] == Weather(city="Paris", celsius=21)
    body = emulator.requests[-1].body
    assert body["text"]["format"]["name"] == "Weather"
    assert [t["name"] for t in body["tools"]] == ["get_weather"]


def test_middleware_retries_what_may_pass(emulator: Emulator) -> None:
    agent: Any = create_agent(model_at(emulator), [], middleware=[ModelRetryMiddleware(max_retries=1, initial_delay=0)])
    emulator.fail(503, {"error": "The model is at capacity."})
    emulator.reply(response(message("second try")))
    assert agent.invoke(ask("?"))["messages"][-1].content == "second try"


def test_middleware_falls_back_to_and_from_others(emulator: Emulator) -> None:
    other = FakeMessagesListChatModel(responses=[AIMessage("from the other")])
    agent: Any = create_agent(model_at(emulator), [], middleware=[ModelFallbackMiddleware(other)])
    emulator.fail(500, {"error": "Internal error"})
    out = agent.invoke(ask("?"))
    assert out["messages"][-1].content == "from the other"
    emulator.reply(response(message("Grok again")))
    out = agent.invoke({"messages": [*out["messages"], HumanMessage("And now?")]})
    assert out["messages"][-1].content == "Grok again"
    assert "from the other" in str(emulator.requests[-1].body["input"])


def test_middleware_limits_calls_and_asks_people(emulator: Emulator) -> None:
    limit = ModelCallLimitMiddleware(run_limit=1)
    agent: Any = create_agent(model_at(emulator), [get_weather], middleware=[limit])
    emulator.reply(response(call("get_weather", '{"city":"Paris"}')))
    agent.invoke(ask("?"))
    assert len(emulator.requests) == 1
    person = HumanInTheLoopMiddleware(interrupt_on={"get_weather": True})
    agent = create_agent(model_at(emulator), [get_weather], middleware=[person], checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    emulator.reply(response(reasoning("Hm."), call("get_weather", '{"city":"Paris"}')))
    agent.invoke(ask("?"), config)
    edited = {"type": "edit", "edited_action": {"name": "get_weather", "args": {"city": "Rome"}}}
    emulator.reply(response(message("21")))
    agent.invoke(Command(resume={"decisions": [edited]}), config)
    items = emulator.requests[-1].body["input"]
    assert [i.get("type") for i in items] == [None, "reasoning", "function_call", "function_call_output"]
    assert "Rome" in items[3]["output"]  # the middleware says so in the result and leaves the call as it was made


def test_middleware_summarises(emulator: Emulator) -> None:
    summary = SummarizationMiddleware(model_at(emulator), trigger=("messages", 4), keep=("messages", 1))
    agent: Any = create_agent(model_at(emulator), [], middleware=[summary])
    emulator.reply(response(message("They spoke of the moon.")))
    emulator.reply(response(message("Rock.")))
    history = [HumanMessage("a"), AIMessage("b"), HumanMessage("c"), AIMessage("d"), HumanMessage("e")]
    agent.invoke({"messages": history})
    assert "They spoke of the moon." in str(emulator.requests[-1].body["input"])


@pytest.mark.parametrize("streamed", [False, True])
def test_reasoning_is_replayed_after_a_restart(emulator: Emulator, streamed: bool) -> None:
    config: Any = {"configurable": {"thread_id": "1"}}
    body = response(reasoning("Hm."), SEARCH, message("Rock."))
    saver = InMemorySaver()
    agent: Any = create_agent(model_at(emulator), [], checkpointer=saver)
    if streamed:
        emulator.reply(events_of("responses", body))
        list(agent.stream(ask("?"), config, stream_mode="messages"))
    else:
        emulator.reply(body)
        agent.invoke(ask("?"), config)
    emulator.reply(response(message("Sure.")))
    again: Any = create_agent(model_at(emulator), [], checkpointer=saver)  # what is kept are bytes
    again.invoke(ask("Sure?"), config)
    items = emulator.requests[-1].body["input"]
    assert [i.get("type") for i in items] == [None, "reasoning", "web_search_call", "message", None]
    assert items[1]["encrypted_content"] == "c2VhbGVk"
    assert items[3]["content"][0]["text"] == "Rock."


def test_streams_of_a_graph(emulator: Emulator) -> None:
    agent: Any = create_agent(model_at(emulator), [get_weather])
    pieces = list(agent.stream(ask("What is the weather in Paris?"), stream_mode=["messages", "updates"]))
    tokens = [piece[1][0] for piece in pieces if piece[0] == "messages"]
    assert any(isinstance(token, AIMessageChunk) and token.tool_call_chunks for token in tokens)
    text = "".join(str(t.text) for t in tokens if isinstance(t, AIMessageChunk))
    updates = [piece[1] for piece in pieces if piece[0] == "updates"]
    assert "21 degrees in Paris" in text
    assert [next(iter(update)) for update in updates] == ["model", "tools", "model"]
    assert updates[-1]["model"]["messages"][0].usage_metadata["total_tokens"] > 0


def test_branches_run_in_parallel(emulator: Emulator) -> None:
    model = model_at(emulator)

    async def run() -> list[Any]:
        return await asyncio.gather(*(model.ainvoke(f"Is number {n} even? Number {n} is fine.") for n in range(20)))

    assert len(asyncio.run(run())) == 20
    assert len(asyncio.run(run())) == 20  # a second event loop
