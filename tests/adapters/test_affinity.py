"""Conversation affinity: in LangGraph the thread is the conversation, everywhere else only what was given."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from llama_index.core.llms import ChatMessage

from grok_emulator import Emulator
from langchain_grok import ChatGrok
from llama_index_grok import Grok
from tests.conftest import KEY

APIS = pytest.mark.parametrize("api", ["responses", "chat"])
WAYS = ["invoke", "ainvoke", "stream", "astream", "messages", "amessages"]


def conversations(emulator: Emulator) -> list[str | None]:
    """The conversation of each request, wherever it was said."""
    return [r.body.get("prompt_cache_key") or r.headers.get("x-grok-conv-id") for r in emulator.requests]


def graph_of(model: ChatGrok, *, how: str, asynchronous: bool) -> Any:
    """A graph of one node that invokes or streams the model."""

    def node(state: MessagesState) -> dict[str, Any]:
        if how == "invoke":
            return {"messages": [model.invoke(state["messages"])]}
        first, *rest = model.stream(state["messages"])
        return {"messages": [first + rest]}

    async def anode(state: MessagesState) -> dict[str, Any]:
        if how == "invoke":
            return {"messages": [await model.ainvoke(state["messages"])]}
        chunks = [chunk async for chunk in model.astream(state["messages"])]
        return {"messages": [chunks[0] + chunks[1:]]}

    graph = StateGraph(MessagesState).add_node("model", anode if asynchronous else node).add_edge(START, "model")
    return graph.compile(checkpointer=InMemorySaver())


async def _run_async(graph: Any, way: str, asked: Any, config: Any) -> None:
    if way == "ainvoke":
        await graph.ainvoke(asked, config)
    else:
        mode = "messages" if way == "amessages" else "values"
        async for _ in graph.astream(asked, config, stream_mode=mode):
            pass


def run(graph: Any, way: str, thread: Any) -> None:
    config = {"configurable": {"thread_id": thread}}
    asked = {"messages": [("user", "Hello there.")]}
    if way.startswith("a"):
        asyncio.run(_run_async(graph, way, asked, config))
    elif way == "invoke":
        graph.invoke(asked, config)
    else:
        list(graph.stream(asked, config, stream_mode="messages" if way == "messages" else "values"))


@APIS
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", ["invoke", "stream"])
def test_each_thread_is_a_conversation(emulator: Emulator, api: str, way: str, how: str) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, api=api)  # type: ignore[arg-type]
    graph = graph_of(model, how=how, asynchronous=way.startswith("a"))
    for thread in ("one", "one", "two"):
        run(graph, way, thread)
    assert conversations(emulator) == ["one", "one", "two"]


@APIS
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("given", "sent"), [(False, None), ("own", "own")])
def test_the_field_wins_over_the_thread(emulator: Emulator, api: str, way: str, given: Any, sent: Any) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, api=api, conversation_id=given)  # type: ignore[arg-type]
    run(graph_of(model, how="invoke", asynchronous=way.startswith("a")), way, "one")
    assert conversations(emulator) == [sent]


@tool
def ferry_departure(island: str) -> str:
    """Departure of the next ferry to an island."""
    return f"The next ferry to {island} departs at 14:40."


@APIS
@pytest.mark.parametrize("way", WAYS)
def test_an_agents_calls_are_one_conversation_with_a_growing_cache(emulator: Emulator, api: str, way: str) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, api=api)  # type: ignore[arg-type]
    agent = create_agent(model, tools=[ferry_departure], checkpointer=InMemorySaver())
    thread = uuid.uuid4()
    config: Any = {"configurable": {"thread_id": thread}}
    asked: Any = {"messages": [HumanMessage("When does the next ferry to Kerrera depart?")]}
    if way.startswith("a"):
        asyncio.run(_run_async(agent, way, asked, config))
        state = asyncio.run(agent.aget_state(config))
    else:
        run_with = {"invoke": lambda: agent.invoke(asked, config)}
        mode: Any = "messages" if way == "messages" else "values"
        run_with.get(way, lambda: list(agent.stream(asked, config, stream_mode=mode)))()
        state = agent.get_state(config)
    assert conversations(emulator) == [str(thread)] * 2
    first, second = [m for m in state.values["messages"] if m.type == "ai"]
    cached = [m.usage_metadata["input_token_details"]["cache_read"] for m in (first, second)]
    assert cached[1] > cached[0]


@APIS
def test_outside_of_a_graph_only_what_was_given_counts(emulator: Emulator, api: str) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, api=api)  # type: ignore[arg-type]
    model.invoke("Hi")
    model.invoke("Hi", conversation_id="per-call")
    list(model.stream("Hi", conversation_id="per-call"))
    assert conversations(emulator) == [None, "per-call", "per-call"]


@APIS
def test_llama_index_takes_the_field_or_a_value_per_call(emulator: Emulator, api: str) -> None:
    llm = Grok(base_url=emulator.base_url, api_key=KEY, api=api, conversation_id="own")  # type: ignore[arg-type]
    asked = [ChatMessage(content="Hi")]
    llm.chat(asked)
    list(llm.stream_chat(asked, conversation_id="per-call"))
    asyncio.run(llm.achat(asked, conversation_id=False))
    assert conversations(emulator) == ["own", "per-call", None]


def test_a_thread_may_have_any_name(emulator: Emulator) -> None:
    """Headers hold ASCII only; the id is percent-encoded there, and the same each time."""
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, api="chat")
    graph = graph_of(model, how="invoke", asynchronous=False)
    for _ in range(2):
        run(graph, "invoke", "Gespräch №1")
    assert conversations(emulator) == ["Gespr%C3%A4ch%20%E2%84%961"] * 2
