"""Agents and graphs: `create_agent` with tools of both kinds, middleware, structured answers, checkpoints, streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    HumanInTheLoopMiddleware,
    ModelCallLimitMiddleware,
    ModelFallbackMiddleware,
    ModelRetryMiddleware,
    SummarizationMiddleware,
    ToolCallLimitMiddleware,
)
from langchain.agents.structured_output import ToolStrategy
from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatResult
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel

from grok_adapter import GrokModel
from grok_emulator import Emulator
from langchain_grok import ChatGrok, GrokError, GrokTimeoutError, WebSearch, XSearch
from tests.adapters.langchain_replies import SEARCH, X_SEARCH, call, completion, message, reasoning, response
from tests.conftest import KEY
from tests.support.generated import events_of

APIS = ["responses", "chat"]
PARIS = '{"city":"Paris","celsius":21}'


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


@pytest.mark.parametrize(
    ("streaming", "word"), [(False, "stop"), (False, None), (True, "stop"), (True, "tool_calls")]
)  # a stream without any was cut off
def test_an_agent_goes_on_whatever_the_finish_reason_says(
    emulator: Emulator, word: str | None, streaming: bool
) -> None:
    """Calls decide: some servers and versions say `stop`, or nothing, beside a call."""
    agent: Any = create_agent(model_at(emulator, "chat", streaming=streaming), [get_weather])
    function = {"name": "get_weather", "arguments": '{"city":"Paris"}'}
    body = completion("", calls=[{"id": "c1", "type": "function", "function": function}])
    body["choices"][0]["finish_reason"] = word
    emulator.reply(events_of("chat", body) if streaming else body)
    out = agent.invoke(ask("What is the weather in Paris?"))["messages"]
    assert out[1].response_metadata["finish_reason"] == "tool_calls"
    assert "21 degrees in Paris" in out[-1].text


def test_server_side_calls_cost_one_model_call(emulator: Emulator) -> None:
    agent: Any = create_agent(model_at(emulator), [get_weather, WebSearch().to_wire(), XSearch().to_wire()])
    emulator.reply(response(SEARCH, X_SEARCH, message("Found.")))
    out = agent.invoke(ask("?"))
    assert out["messages"][-1].content == "Found."
    assert len(emulator.requests) == 1
    assert [t["type"] for t in emulator.requests[0].body["tools"]] == ["function", "web_search", "x_search"]


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
@pytest.mark.parametrize("api", APIS)
def test_a_native_response_format_in_every_way(emulator: Emulator, api: str, way: str) -> None:
    """With a name that LangChain does not know: only the profile can tell it that the model has native output."""
    model = model_at(emulator, api, model="grok-99-unheard-of", streaming=way.endswith("stream"))
    agent: Any = create_agent(model, [get_weather], response_format=Weather)
    asked = ask("The weather in Paris: 21 celsius.")
    body = response(message(PARIS)) if api == "responses" else completion(PARIS)
    emulator.reply(events_of(api, body, 5) if model.streaming else body)
    if way == "invoke":
        out = agent.invoke(asked)
    elif way == "ainvoke":
        out = asyncio.run(agent.ainvoke(asked))
    elif way == "stream":
        *_, out = agent.stream(asked, stream_mode="values")
    else:
        out = asyncio.run(last_of(agent.astream(asked, stream_mode="values")))
    assert out["structured_response"] == Weather(city="Paris", celsius=21)
    sent = emulator.requests[-1].body
    assert (sent["text"]["format"] if api == "responses" else sent["response_format"]["json_schema"])["name"]
    assert len(sent["tools"]) == 1  # no tool stands in for the format
    assert len(emulator.requests) == 1


async def last_of(pieces: AsyncIterator[Any]) -> Any:
    *_, last = [piece async for piece in pieces]
    return last


def test_a_response_format_beside_tools_that_xai_runs(emulator: Emulator) -> None:
    agent: Any = create_agent(model_at(emulator), [get_weather, WebSearch().to_wire()], response_format=Weather)
    emulator.reply(response(SEARCH, message(PARIS)))
    assert agent.invoke(ask("?"))["structured_response"] == Weather(city="Paris", celsius=21)
    assert [t["type"] for t in emulator.requests[-1].body["tools"]] == ["function", "web_search"]


def test_a_response_format_by_a_tool_works_too(emulator: Emulator) -> None:
    agent: Any = create_agent(model_at(emulator), [get_weather], response_format=ToolStrategy(Weather))
    emulator.reply(response(call("Weather", PARIS)))
    assert agent.invoke(ask("?"))["structured_response"] == Weather(city="Paris", celsius=21)
    assert emulator.requests[-1].body["tool_choice"] == "required"


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


@pytest.mark.parametrize(
    ("refusal", "tries"),
    [
        ((503, {"error": "The model is at capacity."}), 2),
        ((429, {"error": "Too many requests"}), 2),
        ((403, {"code": "permission-denied", "error": "Your team has used all available credits"}), 1),
        ((400, {"code": "invalid-argument", "error": "Incorrect API key provided"}), 1),
    ],
)
def test_middleware_knows_what_may_pass(emulator: Emulator, refusal: tuple[int, Any], tries: int) -> None:
    retry = ModelRetryMiddleware(max_retries=1, initial_delay=0, on_failure="error")
    agent: Any = create_agent(model_at(emulator), [], middleware=[retry])
    emulator.fail(*refusal, times=4)
    for run in (agent.invoke, lambda asked: asyncio.run(agent.ainvoke(asked))):
        before = len(emulator.requests)
        with pytest.raises(GrokError):
            run(ask("?"))
        assert len(emulator.requests) - before == tries


def test_a_read_timeout_is_not_tried_again_by_middleware(emulator: Emulator) -> None:
    """The call may have been billed: `is_retryable` says so, and LangChain's middleware reads it."""
    retry = ModelRetryMiddleware(max_retries=2, initial_delay=0, on_failure="error")
    agent: Any = create_agent(model_at(emulator, timeout=0.2), [], middleware=[retry])
    emulator.delay(0.6)
    with pytest.raises(GrokTimeoutError):
        agent.invoke(ask("?"))
    assert len(emulator.requests) == 1


class Broken(FakeMessagesListChatModel):
    """Another provider's model on a bad day."""

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise ConnectionError("the other provider is down")


@pytest.mark.parametrize("api", APIS)
def test_grok_steps_in_for_another_providers_model(emulator: Emulator, api: str) -> None:
    broken = Broken(responses=[])
    agent: Any = create_agent(broken, [], middleware=[ModelFallbackMiddleware(model_at(emulator, api))])
    theirs = AIMessage(
        [{"type": "thinking", "thinking": "Theirs.", "signature": "c2ln"}, {"type": "text", "text": "It is rock."}],
        response_metadata={"model_provider": "anthropic"},
    )
    asked = {"messages": [HumanMessage("Is the moon made of rock?"), theirs, HumanMessage("Is it made of rock?")]}
    assert "rock" in agent.invoke(asked)["messages"][-1].text
    assert "rock" in asyncio.run(agent.ainvoke(asked))["messages"][-1].text
    sent = str(emulator.requests[-1].body)
    assert "It is rock." in sent
    assert "Theirs." not in sent  # another provider's reasoning is not Grok's to continue
    assert "rock" in str(broken.with_fallbacks([model_at(emulator, api)]).invoke(asked["messages"]).text)


@pytest.mark.parametrize("streamed", [False, True])
def test_another_providers_model_steps_in_for_grok(emulator: Emulator, streamed: bool) -> None:
    other = FakeMessagesListChatModel(responses=[AIMessage("from the other")])
    chain = model_at(emulator).with_fallbacks([other])
    emulator.fail(429, {"error": "Too many requests"})
    text = "".join(str(c.text) for c in chain.stream("?")) if streamed else chain.invoke("?").text
    assert text == "from the other"


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


def test_middleware_limits_calls_of_a_tool(emulator: Emulator) -> None:
    limit = ToolCallLimitMiddleware(tool_name="get_weather", run_limit=1, exit_behavior="end")
    agent: Any = create_agent(model_at(emulator), [get_weather], middleware=[limit])
    emulator.reply(response(call("get_weather", '{"city":"Paris"}')))
    emulator.reply(response(call("get_weather", '{"city":"Rome"}', n=1)))
    out = agent.invoke(ask("?"))
    assert len(emulator.requests) == 2
    assert sum("21 degrees" in str(m.content) for m in out["messages"]) == 1


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        ({"type": "approve"}, "It is 21 degrees in Paris."),
        ({"type": "reject", "message": "Not today."}, "Not today."),
    ],
)
def test_a_person_decides_about_a_call(emulator: Emulator, decision: dict[str, Any], said: str) -> None:
    """The turn goes on with its reasoning in place, approved or not."""
    person = HumanInTheLoopMiddleware(interrupt_on={"get_weather": True})
    agent: Any = create_agent(model_at(emulator), [get_weather], middleware=[person], checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    waiting = agent.invoke(ask("What is the weather in Paris?"), config)
    (action,) = waiting["__interrupt__"][0].value["action_requests"]
    assert (action["name"], action["args"]) == ("get_weather", {"city": "Paris"})
    agent.invoke(Command(resume={"decisions": [decision]}), config)
    items = emulator.requests[-1].body["input"]  # the emulator refuses reasoning that was changed
    assert [i.get("type") for i in items] == [None, "reasoning", "function_call", "function_call_output"]
    assert said in items[-1]["output"]


def test_summaries_are_due_by_the_models_own_window(emulator: Emulator) -> None:
    """A share of the window needs the profile; a summary's prompt that is too long itself is cut and sent again."""
    model = model_at(emulator, model_info=GrokModel("grok-4.7", context_window=1000))
    summary = SummarizationMiddleware(model, trigger=("fraction", 0.5), keep=("messages", 1))
    agent: Any = create_agent(model, [], middleware=[summary])
    emulator.reply(response(message("Rock.")))
    agent.invoke(ask("Short."))
    assert len(emulator.requests) == 1  # not due
    too_long = "This model's maximum prompt length is 1000 but the request contains 2000 tokens."
    emulator.fail(400, {"code": "invalid-argument", "error": too_long})
    emulator.reply(response(message("They spoke of the moon.")))
    emulator.reply(response(message("Rock.")))
    history = [HumanMessage("moon " * 400), AIMessage("rock " * 400), HumanMessage("So?")]
    assert agent.invoke({"messages": history})["messages"][-1].content == "Rock."
    first, second, last = (str(request.body["input"]) for request in emulator.requests[1:])
    assert len(second) < len(first)
    assert "They spoke of the moon." in last


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
