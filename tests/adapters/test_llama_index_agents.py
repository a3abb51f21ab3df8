"""Agents: function agents, workflows with handoffs, ReAct, a run that is stored half-way."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from llama_index.core.agent.workflow import AgentStream, AgentWorkflow, FunctionAgent, ReActAgent, ToolCallResult
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.memory import Memory
from llama_index.core.workflow import Context, HumanResponseEvent, InputRequiredEvent
from pydantic import BaseModel

from grok_emulator import Emulator
from tests.adapters.llama_index_support import (
    APIS,
    called,
    grok,
    responses_body,
    said,
    sent,
    thought,
    turns,
)

ASKED = "What is the height of the tower of Lima?"


def height_of(place: str) -> str:
    """Height of the tower of a place, in metres."""
    return f"The tower of {place} is 80 metres high."


def founded(place: str) -> str:
    """Year in which a place was founded."""
    return f"{place} was founded in 1535."


async def events_of(handler: Any) -> tuple[list[Any], Any]:
    """All events of a run, and its result."""
    events = [event async for event in handler.stream_events()]
    return events, await handler


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("streaming", [False, True])
async def test_function_agent(emulator: Emulator, api: str, streaming: bool) -> None:
    agent = FunctionAgent(tools=[height_of], llm=grok(emulator, api=api), streaming=streaming)
    events, result = await events_of(agent.run(ASKED))
    assert "80 metres" in str(result)
    results = [event for event in events if isinstance(event, ToolCallResult)]
    assert [event.tool_kwargs for event in results] == [{"place": "Lima"}]
    streams = [event for event in events if isinstance(event, AgentStream)]
    if streaming:
        assert "".join(event.delta for event in streams) == str(result)
        assert bool([e for e in streams if e.thinking_delta]) is (api == "responses")


async def test_reasoning_and_calls_stay_together_in_the_loop(emulator: Emulator) -> None:
    agent = FunctionAgent(tools=[height_of], llm=grok(emulator))
    await agent.run(ASKED)
    kinds = [item.get("type", item.get("role")) for item in turns(sent(emulator))]
    assert kinds == ["user", "reasoning", "function_call", "function_call_output"]


async def test_two_calls_at_once(emulator: Emulator) -> None:
    agent = FunctionAgent(tools=[height_of, founded], llm=grok(emulator))
    result = await agent.run("What is the height of the tower of Lima, and in which year was Lima founded?")
    assert len(result.tool_calls) == 2
    results = [item["call_id"] for item in turns(sent(emulator)) if item.get("type") == "function_call_output"]
    calls = [item["call_id"] for item in turns(sent(emulator)) if item.get("type") == "function_call"]
    assert results == calls


async def test_a_tool_without_arguments(emulator: Emulator) -> None:
    def now() -> str:
        """Current time of day."""
        return "It is noon."

    emulator.reply(responses_body(called("now", None)))
    agent = FunctionAgent(tools=[now], llm=grok(emulator))
    assert "noon" in str(await agent.run("What is the current time of day?"))


async def test_output_cls(emulator: Emulator) -> None:
    class Height(BaseModel):
        """The height of a tower."""

        metres: int

    agent = FunctionAgent(tools=[height_of], llm=grok(emulator), output_cls=Height)
    result = await agent.run(ASKED)
    assert result.get_pydantic_model(Height).metres == 80


async def test_initial_tool_choice(emulator: Emulator) -> None:
    agent = FunctionAgent(tools=[height_of, founded], llm=grok(emulator), initial_tool_choice="founded")
    await agent.run("Tell me about Lima.")
    choices = [request.body.get("tool_choice") for request in emulator.requests]
    assert choices == [{"type": "function", "name": "founded"}, None]


@pytest.mark.parametrize("api", APIS)
async def test_memory_over_two_runs(emulator: Emulator, api: str) -> None:
    memory = Memory.from_defaults(token_limit=50_000)
    agent = FunctionAgent(tools=[height_of], llm=grok(emulator, api=api))
    await agent.run(ASKED, memory=memory)
    await agent.run("Thank you.", memory=memory)
    body = sent(emulator)
    if api == "responses":
        kinds = [item.get("type", item.get("role")) for item in turns(body)]
        assert kinds == [
            "user",
            "reasoning",
            "function_call",
            "function_call_output",
            "reasoning",
            "message",
            "user",
        ]
    else:
        assert [item["role"] for item in turns(body)] == ["user", "assistant", "tool", "assistant", "user"]


async def test_handoff_keeps_the_reasoning(emulator: Emulator) -> None:
    llm = grok(emulator)
    first = FunctionAgent(name="Clerk", description="Greets.", tools=[founded], llm=llm, can_handoff_to=["Surveyor"])
    second = FunctionAgent(name="Surveyor", description="Knows heights of towers.", tools=[height_of], llm=llm)
    hand_over = called("handoff", json.dumps({"to_agent": "Surveyor", "reason": "It is about a height."}), "call-h")
    emulator.reply(responses_body(thought("Not mine.", encrypted="SEFORA=="), hand_over))
    workflow = AgentWorkflow(agents=[first, second], root_agent="Clerk")
    assert "80 metres" in str(await workflow.run(ASKED))
    second_request = emulator.requests[1].body
    assert [i["encrypted_content"] for i in turns(second_request) if i.get("type") == "reasoning"] == ["SEFORA=="]


@pytest.mark.parametrize("api", APIS)
async def test_handoff_by_itself(emulator: Emulator, api: str) -> None:
    llm = grok(emulator, api=api)
    first = FunctionAgent(name="Clerk", description="Greets.", tools=[founded], llm=llm, can_handoff_to=["Surveyor"])
    second = FunctionAgent(name="Surveyor", description="Knows heights of towers.", tools=[height_of], llm=llm)
    workflow = AgentWorkflow(agents=[first, second], root_agent="Clerk")
    result = await workflow.run(f"Handoff to Surveyor, please. {ASKED}")
    assert "80 metres" in str(result)
    assert [call.tool_name for call in result.tool_calls] == ["handoff", "height_of"]
    assert result.current_agent_name == "Surveyor"


@pytest.mark.filterwarnings("ignore:Skipping serialization")
async def test_a_run_can_be_stored_half_way(emulator: Emulator) -> None:
    async def approve(ctx: Context, what: str) -> str:
        """Asks a human to approve something."""
        answer = await ctx.wait_for_event(HumanResponseEvent, waiter_event=InputRequiredEvent(prefix=what))
        return f"The human said {answer.response}."

    approve.__annotations__["ctx"] = Context  # the framework looks for the class, not for its name
    agent = FunctionAgent(tools=[approve], llm=grok(emulator))
    emulator.reply(responses_body(thought("I ask.", encrypted="SEFMRg=="), called("approve", '{"what": "the plan"}')))
    handler = agent.run("Is the plan good?")
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            stored = json.dumps(handler.ctx.to_dict())
            await handler.cancel_run()
            break
    emulator.reply(responses_body(said("It is approved.")))
    again = agent.run(ctx=Context.from_dict(agent, json.loads(stored)))
    await again.ctx.store.set("memory", Memory.from_defaults())  # the framework does not store it
    again.ctx.send_event(HumanResponseEvent(response="yes"))
    assert str(await again) == "It is approved."
    items = {item.get("type", item.get("role")): item for item in turns(sent(emulator))}
    assert items["reasoning"]["encrypted_content"] == "SEFMRg=="
    assert items["function_call_output"]["output"] == "The human said yes."


@pytest.mark.parametrize("streaming", [False, True])
async def test_react_agent(emulator: Emulator, streaming: bool) -> None:
    emulator.reply(responses_body(said('Thought: I look it up.\nAction: height_of\nAction Input: {"place": "Lima"}')))
    emulator.reply(responses_body(said("Thought: I can answer.\nAnswer: 80 metres.")))
    agent = ReActAgent(tools=[height_of], llm=grok(emulator), streaming=streaming)
    events, result = await events_of(agent.run(ASKED))
    assert str(result) == "80 metres."
    assert [e.tool_kwargs for e in events if isinstance(e, ToolCallResult)] == [{"place": "Lima"}]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("streaming", [False, True])
async def test_react_agent_by_itself(emulator: Emulator, api: str, streaming: bool) -> None:
    agent = ReActAgent(tools=[height_of, founded], llm=grok(emulator, api=api), streaming=streaming)
    events, result = await events_of(agent.run(ASKED))
    assert "80 metres" in str(result)
    assert [e.tool_kwargs for e in events if isinstance(e, ToolCallResult)] == [{"place": "Lima"}]
    assert "tools" not in sent(emulator)


async def test_react_agent_stops(emulator: Emulator) -> None:
    """What comes after the model's own invented observation is cut, though xAI has no stop sequences."""
    text = 'Thought: I look.\nAction: height_of\nAction Input: {"place": "Lima"}\n'
    emulator.reply(responses_body(said(text + "Observation: invented\nAnswer: 1 metre.")))
    emulator.reply(responses_body(said("Thought: I can answer.\nAnswer: 80 metres.")))
    agent = ReActAgent(tools=[height_of], llm=grok(emulator, stop=["Observation:"]))
    assert str(await agent.run(ASKED)) == "80 metres."


def test_agents_from_sync_code(emulator: Emulator) -> None:
    async def main() -> str:
        agent = FunctionAgent(tools=[height_of], llm=grok(emulator))
        return str(await agent.run(user_msg=ChatMessage(content=ASKED)))

    assert "80 metres" in asyncio.run(main())
    assert "80 metres" in asyncio.run(main())
