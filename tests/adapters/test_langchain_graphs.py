"""LangGraph: what its streams show, checkpoints that outlive a process, branches that run side by side."""

from __future__ import annotations

import asyncio
import operator
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.tools import tool
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph

from grok_emulator import Emulator
from langchain_grok import ChatGrok
from tests.adapters.langchain_replies import message, reasoning, response
from tests.conftest import KEY
from tests.support.generated import events_of
from tests.support.restart import take_turn

APIS = ["responses", "chat"]
ROOT = Path(__file__).parents[2]


def model_at(emulator: Emulator, api: str = "responses", **fields: Any) -> ChatGrok:
    return ChatGrok(base_url=emulator.base_url, api_key=KEY, api=api, max_retries=0, **fields)


@tool
def tide_table(harbour: str) -> str:
    """Tells the tide of a harbour."""
    get_stream_writer()({"looked up": harbour})
    return f"High tide in {harbour} is at 17:20."


ASKED: Any = {"messages": [HumanMessage("When is high tide in Oban?")]}


def pieces_of(agent: Any, modes: Any, *, way: str) -> list[Any]:
    """What a graph's stream hands out."""
    if way == "sync":
        return list(agent.stream(ASKED, stream_mode=modes))

    async def gather() -> list[Any]:
        return [piece async for piece in agent.astream(ASKED, stream_mode=modes)]

    return asyncio.run(gather())


# --- stream modes


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("api", APIS)
def test_all_modes_at_once(emulator: Emulator, api: str, way: str) -> None:
    agent = create_agent(model_at(emulator, api), [tide_table])
    pieces = pieces_of(agent, ["messages", "updates", "custom"], way=way)
    by_mode: dict[str, list[Any]] = defaultdict(list)
    for mode, piece in pieces:
        by_mode[mode].append(piece)
    assert by_mode["custom"] == [{"looked up": "Oban"}]
    assert [next(iter(update)) for update in by_mode["updates"]] == ["model", "tools", "model"]
    tokens = [token for token, _ in by_mode["messages"] if isinstance(token, AIMessageChunk)]
    final = by_mode["updates"][-1]["model"]["messages"][0]
    assert isinstance(final, AIMessage)
    assert "17:20" in final.text
    said: Any = sum_of([token for token in tokens if token.id == final.id])
    assert said.content == final.content
    assert said.usage_metadata == final.usage_metadata
    assert said.response_metadata == final.response_metadata
    assert all(isinstance(count, int) for count in (final.usage_metadata or {}).values() if not isinstance(count, dict))
    assert len([token for token in tokens if token.id == final.id]) > 2
    asked = next(iter(by_mode["updates"][0].values()))["messages"][0]
    assert asked.response_metadata["finish_reason"] == "tool_calls"
    metadata = [facts for _, facts in by_mode["messages"]]
    assert {facts["ls_provider"] for facts in metadata if facts["langgraph_node"] == "model"} == {"xai"}


def sum_of(chunks: list[Any]) -> Any:
    first, *others = chunks
    return first + others


@pytest.mark.parametrize("way", ["sync", "async"])
def test_tokens_come_while_the_answer_is_still_being_told(emulator: Emulator, way: str) -> None:
    """Reasoning and text arrive apart, in order, before the node's update."""
    agent = create_agent(model_at(emulator), [])
    emulator.reply(events_of("responses", response(reasoning("Think first."), message("Then speak.")), 4))
    pieces = pieces_of(agent, ["messages", "updates"], way=way)
    assert [mode for mode, _ in pieces].index("updates") == len(pieces) - 1
    kinds = [block["type"] for mode, piece in pieces if mode == "messages" for block in piece[0].content_blocks]
    assert [kind for n, kind in enumerate(kinds) if n == 0 or kinds[n - 1] != kind] == ["reasoning", "text"]


# --- checkpoints


def test_reasoning_outlives_the_process(emulator: Emulator, tmp_path: Path) -> None:
    """The emulator seals its reasoning and refuses what comes back changed, so an answer proves the replay."""
    file = str(tmp_path / "checkpoints.sqlite")
    ways = {"whole": "streamed", "streamed": "async", "async": "whole"}  # of the turn before, and after the restart
    earlier: dict[str, list[Any]] = {}
    for way in ways:
        assert "17:20" in take_turn(file, emulator.base_url, "When is high tide in Oban?", way, way)
        earlier[way] = emulator.requests[-1].body["input"]
    told = len(emulator.requests)
    question = "What did you say about the high tide?"
    conversations = [f"{thread}:{way}" for thread, way in ways.items()]
    command = [sys.executable, "-m", "tests.support.restart", file, emulator.base_url, question, *conversations]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("17:20") == len(ways)
    asked = [request.body["input"] for request in emulator.requests[told:]]
    asked = [history for history in asked if history[-1].get("role") == "user"]  # it may look at the table again
    for before, history in zip(earlier.values(), asked, strict=True):
        kinds = [item.get("type", item.get("role")) for item in history]
        assert kinds == ["user", "reasoning", "function_call", "function_call_output", "reasoning", "message", "user"]
        assert history[: len(before)] == before  # the prompt cache goes by the prefix
        sealed = {item["encrypted_content"] for item in history if item.get("type") == "reasoning"}
        assert len(sealed) == 2
        assert all(sealed)


# --- branches


class Report(TypedDict):
    harbours: list[str]
    found: Annotated[list[str], operator.add]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("way", ["sync", "async"])
def test_branches_that_run_side_by_side_stay_apart(emulator: Emulator, api: str, way: str) -> None:
    model = model_at(emulator, api)
    harbours = ["Oban", "Mallaig", "Ullapool", "Kyle", "Largs"]

    def question(harbour: str) -> str:
        return f"The tide in {harbour} is high at noon. What is the tide in {harbour}?"

    def branch(harbour: str) -> Any:
        def node(state: Report) -> dict[str, Any]:
            return {"found": [str(model.invoke(question(harbour)).text)]}

        async def anode(state: Report) -> dict[str, Any]:
            return {"found": [str((await model.ainvoke(question(harbour))).text)]}

        return node if way == "sync" else anode

    graph = StateGraph(Report)
    for harbour in harbours:
        graph.add_node(harbour, branch(harbour))
        graph.add_edge(START, harbour)
        graph.add_edge(harbour, END)
    compiled: Any = graph.compile()
    given: Any = {"harbours": harbours, "found": []}
    if way == "sync":
        pieces = list(compiled.stream(given, stream_mode=["messages", "values"]))
    else:

        async def gather() -> list[Any]:
            return [piece async for piece in compiled.astream(given, stream_mode=["messages", "values"])]

        pieces = asyncio.run(gather())
    found = pieces[-1][1]["found"]
    assert len(found) == len(harbours)
    streams: dict[str, list[Any]] = defaultdict(list)
    for mode, piece in pieces:
        if mode == "messages":
            streams[piece[1]["langgraph_node"]].append(piece[0])
    for harbour in harbours:
        chunks = streams[harbour]
        assert len({chunk.id for chunk in chunks}) == 1
        assert sum_of(chunks).content in found
        assert harbour in sum_of(chunks).content
