"""Tools: what is bound, what is sent, what comes back, and the loop between."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel, Field

from grok_adapter import GrokWarning
from grok_emulator import Emulator
from langchain_grok import (
    ChatGrok,
    CodeExecution,
    CollectionsSearch,
    GrokConfigurationError,
    GrokUnsupportedParameterError,
    ImageGeneration,
    MCPServer,
    RawServerTool,
    WebSearch,
    XSearch,
)
from tests.adapters.langchain_replies import SEARCH, X_SEARCH, call, message, response
from tests.conftest import KEY


def get_weather(city: str, unit: str = "celsius") -> str:
    """Tells the weather of a city.

    Args:
        city: Name of the city.
        unit: celsius or fahrenheit.
    """
    return f"Sunny in {city}, 21 {unit}."


@tool
def multiply(a: int, b: int) -> int:
    """Multiplies two numbers."""
    return a * b


class Reminder(BaseModel):
    """Sets a reminder."""

    text: str = Field(description="What to be reminded of.")


class Note(TypedDict):
    """Writes a note."""

    text: Annotated[str, ..., "What to write."]


AS_DICT = {"name": "ping", "description": "Pings.", "parameters": {"type": "object", "properties": {}}}
FUNCTIONS: dict[str, Any] = {
    "get_weather": get_weather,
    "multiply": multiply,
    "Reminder": Reminder,
    "Note": Note,
    "ping": AS_DICT,
    "ping in a function": {"type": "function", "function": AS_DICT},
    "ping flat": {"type": "function", **AS_DICT},
}
SERVER_TOOLS = [
    (WebSearch(allowed_domains=["python.org"]), {"type": "web_search", "allowed_domains": ["python.org"]}),
    (XSearch(from_date="2026-10-01"), {"type": "x_search", "from_date": "2026-10-01"}),
    (CodeExecution(), {"type": "code_interpreter"}),
    (CollectionsSearch(["c1"]), {"type": "file_search", "vector_store_ids": ["c1"]}),
    (ImageGeneration(), {"type": "image_generation"}),
    (RawServerTool({"type": "shell"}), {"type": "shell"}),
    ({"type": "x_search", "allowed_x_handles": ["xai"]}, {"type": "x_search", "allowed_x_handles": ["xai"]}),
    ({"type": "code_execution"}, {"type": "code_interpreter"}),
    (
        {"type": "mcp", "server_url": "https://mcp.example.com", "server_label": "m", "authorization": "mcp-secret"},
        {"type": "mcp", "server_url": "https://mcp.example.com", "server_label": "m", "authorization": "mcp-secret"},
    ),
]


@pytest.fixture
def grok(emulator: Emulator) -> ChatGrok:
    return ChatGrok(base_url=emulator.base_url, api_key=KEY, max_retries=0)


def body_of(emulator: Emulator, model: Any) -> dict[str, Any]:
    emulator.reply(response(message("ok")))
    model.invoke("Hi")
    body: dict[str, Any] = emulator.requests[-1].body
    return body


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_in_every_form(emulator: Emulator, grok: ChatGrok, name: str) -> None:
    (sent,) = body_of(emulator, grok.bind_tools([FUNCTIONS[name]]))["tools"]
    assert (sent["type"], sent["name"]) == ("function", name.split(maxsplit=1)[0])
    assert sent["description"]
    assert sent["parameters"]["type"] == "object"
    assert "strict" not in sent


@pytest.mark.parametrize(("given", "wire"), SERVER_TOOLS, ids=lambda v: str(v)[:30])
def test_server_side_tools_stand_next_to_functions(
    emulator: Emulator, grok: ChatGrok, given: Any, wire: dict[str, Any]
) -> None:
    tools = body_of(emulator, grok.bind_tools([multiply, given]))["tools"]
    assert [entry["type"] for entry in tools] == ["function", wire["type"]]
    assert tools[1] == wire
    assert body_of(emulator, ChatGrok(base_url=grok.base_url, api_key=KEY, server_tools=[given]))["tools"] == [wire]
    assert body_of(emulator, grok.bind(server_tools=[given]))["tools"] == [wire]


def test_bound_tools_join_those_of_the_model(emulator: Emulator) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, server_tools=[WebSearch()])
    tools = body_of(emulator, model.bind_tools([multiply, XSearch()]))["tools"]
    assert [entry["type"] for entry in tools] == ["function", "web_search", "x_search"]


CHOICES = [
    (None, None),
    ("auto", "auto"),
    ("none", "none"),
    ("any", "required"),
    ("required", "required"),
    (True, "required"),
    (False, None),
    ("multiply", {"type": "function", "name": "multiply"}),
    ({"type": "function", "function": {"name": "multiply"}}, {"type": "function", "name": "multiply"}),
    ({"type": "function", "name": "multiply"}, {"type": "function", "name": "multiply"}),
    ({"type": "any"}, "required"),
]


@pytest.mark.parametrize(("given", "wire"), CHOICES, ids=str)
def test_tool_choices(emulator: Emulator, grok: ChatGrok, given: Any, wire: Any) -> None:
    assert body_of(emulator, grok.bind_tools([multiply, get_weather], tool_choice=given)).get("tool_choice") == wire
    # Given with the call rather than bound, it means the same.
    emulator.reply(response(message("ok")))
    grok.invoke("Hi", tools=[multiply, get_weather], tool_choice=given)
    assert emulator.requests[-1].body.get("tool_choice") == wire


def test_options_of_tools(emulator: Emulator, grok: ChatGrok) -> None:
    body = body_of(emulator, grok.bind_tools([multiply], strict=True, parallel_tool_calls=False, temperature=0.5))
    assert body["tools"][0]["strict"] is True
    assert (body["parallel_tool_calls"], body["temperature"]) == (False, 0.5)


def test_no_tools_means_no_tool_choice(emulator: Emulator, grok: ChatGrok) -> None:
    body = body_of(emulator, grok.bind_tools([], tool_choice="auto", parallel_tool_calls=True))
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & set(body)


@pytest.mark.parametrize("choice", ["web_search", {"type": "web_search"}, WebSearch()])
def test_a_server_side_tool_cannot_be_forced(emulator: Emulator, grok: ChatGrok, choice: Any) -> None:
    bound = grok.bind_tools([multiply, WebSearch()], tool_choice=choice)
    with pytest.warns(GrokWarning, match="tool_choice='web_search' was not sent: xAI cannot be told"):
        assert "tool_choice" not in body_of(emulator, bound)
    with pytest.raises(GrokUnsupportedParameterError, match="web_search"):
        bound.invoke("Hi", on_unsupported="raise")


def test_wrong_tools_and_choices_are_named(grok: ChatGrok) -> None:
    with pytest.raises(GrokConfigurationError, match="tools: 5 is no tool"):
        grok.bind_tools([5])
    with pytest.raises(GrokConfigurationError, match=r"'divide' names no tool.*'multiply'"):
        grok.bind_tools([multiply], tool_choice="divide")
    with pytest.raises(GrokConfigurationError, match="tool_choice=5"):
        grok.bind_tools([multiply], tool_choice=5)  # type: ignore[arg-type]
    with pytest.raises(GrokConfigurationError, match="'multiply' twice"):
        grok.bind_tools([multiply, multiply]).invoke("Hi")
    with pytest.raises(GrokConfigurationError, match="api='responses'"):
        ChatGrok(api_key=KEY, api="chat").bind_tools([WebSearch()]).invoke("Hi")


def test_server_side_calls_are_never_tool_calls(emulator: Emulator, grok: ChatGrok) -> None:
    emulator.reply(response(SEARCH, X_SEARCH, message("ok")))
    answer = grok.bind_tools([XSearch()]).invoke("?")
    assert answer.tool_calls == []
    assert answer.response_metadata["finish_reason"] == "stop"


def test_bound_arguments_survive_further_binding(emulator: Emulator, grok: ChatGrok) -> None:
    bound = grok.bind(temperature=0.5).bind_tools([multiply]).bind(top_p=0.9)
    body = body_of(emulator, bound)
    assert (body["temperature"], body["top_p"], body["tools"][0]["name"]) == (0.5, 0.9, "multiply")


def test_configuration_survives_binding(emulator: Emulator, grok: ChatGrok) -> None:
    bound: Any = grok.with_config(tags=["a"]).bind_tools([multiply])
    assert bound.config["tags"] == ["a"]
    reader: Any = bound.with_structured_output({"title": "A", "type": "object", "properties": {}})
    assert reader.first.config["tags"] == ["a"]
    assert reader.first.kwargs["tools"]


def test_a_bound_model_streams_events(emulator: Emulator, grok: ChatGrok) -> None:
    emulator.reply(response(call("multiply", '{"a":2,"b":3}')))
    stream: Any = grok.bind_tools([multiply]).stream_events("2*3?", version="v3")
    assert stream.output.tool_calls[0]["args"] == {"a": 2, "b": 3}


def test_credentials_of_mcp_tools_are_not_bound_in_clear(grok: ChatGrok) -> None:
    bound = grok.bind_tools([{"type": "mcp", "server_url": "https://mcp.example.com", "authorization": "mcp-secret"}])
    assert isinstance(bound.kwargs["tools"][0], MCPServer)  # type: ignore[attr-defined]
    assert "mcp-secret" not in repr(bound)


@pytest.mark.parametrize("api", ["responses", "chat"])
@pytest.mark.parametrize("how", ["invoke", "ainvoke", "stream", "astream"])
def test_the_tool_loop(emulator: Emulator, api: str, how: str) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, api=api).bind_tools([get_weather, multiply])
    history: list[Any] = [HumanMessage("What is the weather in Paris?")]

    async def gather() -> Any:
        chunks = [chunk async for chunk in model.astream(history)]
        return chunks[0] + chunks[1:]

    def ask() -> Any:
        if how == "invoke":
            return model.invoke(history)
        if how == "ainvoke":
            return asyncio.run(model.ainvoke(history))
        if how == "stream":
            first, *others = model.stream(history)
            return first + others  # type: ignore[operator]
        return asyncio.run(gather())

    asked = ask()
    assert [(c["name"], c["args"].get("city")) for c in asked.tool_calls] == [("get_weather", "Paris")]
    assert asked.response_metadata["finish_reason"] == "tool_calls"
    result = ToolMessage(get_weather(**asked.tool_calls[0]["args"]), tool_call_id=asked.tool_calls[0]["id"])
    history += [asked, result]
    answer = ask()
    assert answer.tool_calls == []
    assert "Sunny in Paris" in answer.text


def test_two_parallel_calls(emulator: Emulator, grok: ChatGrok) -> None:
    emulator.reply(response(call("multiply", '{"a":2,"b":3}'), call("multiply", '{"a":4,"b":5}', n=1)))
    asked = grok.bind_tools([multiply]).invoke("2*3 and 4*5?")
    results = [multiply.invoke(c) for c in asked.tool_calls]
    assert [r.content for r in results] == ["6", "20"]
    emulator.reply(response(message("6 and 20")))
    grok.invoke([HumanMessage("?"), asked, *reversed(results)])
    items = emulator.requests[-1].body["input"]
    assert [i["call_id"] for i in items if "call_id" in i] == ["call-0", "call-1", "call-0", "call-1"]


def test_hand_written_calls_need_no_carrier(emulator: Emulator, grok: ChatGrok) -> None:
    asked = AIMessage("", tool_calls=[{"name": "f", "args": {"ü": 1}, "id": "c"}])
    emulator.reply(response(message("ok")))
    grok.invoke([HumanMessage("?"), asked, ToolMessage("", tool_call_id="c")])
    assert emulator.requests[-1].body["input"][1:] == [
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"ü":1}'},
        {"type": "function_call_output", "call_id": "c", "output": ""},
    ]
