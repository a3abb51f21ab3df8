"""Tools: what is offered, what is chosen, what comes back and runs; server-side ones too."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ToolCallBlock
from llama_index.core.tools import FunctionTool, ToolMetadata

from grok_adapter import GrokModel, GrokWarning
from grok_emulator import Emulator
from llama_index_grok import CodeExecution, GrokConfigurationError, GrokUnsupportedParameterError, MCPServer, WebSearch
from tests.adapters.llama_index_support import (
    APIS,
    WAYS,
    ask,
    called,
    chat_body,
    grok,
    responses_body,
    responses_of,
    said,
    sent,
)


def height_of(place: str) -> str:
    """Height of the tower of a place, in metres."""
    return f"The tower of {place} is 80 metres high."


def founded(place: str) -> str:
    """Year in which a place was founded."""
    return f"{place} was founded in 1535."


HEIGHT = FunctionTool.from_defaults(height_of)
FOUNDED = FunctionTool.from_defaults(founded)
ASKED = "What is the height of the tower of Lima?"


def spec_of(body: dict[str, Any], n: int = 0) -> dict[str, Any]:
    tool: dict[str, Any] = body["tools"][n]
    return tool.get("function") or {k: v for k, v in tool.items() if k != "type"}


@pytest.mark.parametrize("api", APIS)
def test_the_offer_is_clean(emulator: Emulator, api: str) -> None:
    grok(emulator, api=api).chat_with_tools([HEIGHT], ASKED)
    assert spec_of(sent(emulator)) == {
        "name": "height_of",
        "description": "Height of the tower of a place, in metres.",  # no Python signature in front
        "parameters": {
            "type": "object",
            "properties": {"place": {"title": "Place", "type": "string"}},
            "required": ["place"],
        },
    }


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("height_of(place: str) -> str\nHeight.", "Height."),
        ("Calls height_of(place).", "Calls height_of(place)."),
        ("height_of(place: str) -> str", ""),
        ("height_of(*args: Any, **kwargs: Any) -> Model\nModel function.", ""),
    ],
)
def test_descriptions(emulator: Emulator, description: str, expected: str) -> None:
    tool = FunctionTool(height_of, metadata=ToolMetadata(description=description, name="height_of"))
    grok(emulator).chat_with_tools([tool], ASKED)
    assert spec_of(sent(emulator)).get("description", "") == expected


@pytest.mark.parametrize(
    ("choice", "responses", "chat"),
    [
        ("auto", "auto", "auto"),
        ("none", "none", "none"),
        ("required", "required", "required"),
        ("any", "required", "required"),
        (
            "height_of",
            {"type": "function", "name": "height_of"},
            {"type": "function", "function": {"name": "height_of"}},
        ),
        (
            {"type": "function", "function": {"name": "height_of"}},
            {"type": "function", "name": "height_of"},
            {"type": "function", "function": {"name": "height_of"}},
        ),
        (None, None, None),
    ],
)
@pytest.mark.parametrize("api", APIS)
def test_tool_choice(emulator: Emulator, api: str, choice: Any, responses: Any, chat: Any) -> None:
    grok(emulator, api=api).chat_with_tools([HEIGHT, FOUNDED], ASKED, tool_choice=choice)
    assert sent(emulator).get("tool_choice") == (responses if api == "responses" else chat)


def test_tool_required_and_parallel(emulator: Emulator) -> None:
    llm = grok(emulator)
    llm.chat_with_tools([HEIGHT], ASKED, tool_required=True)
    assert sent(emulator)["tool_choice"] == "required"
    assert sent(emulator)["parallel_tool_calls"] is False
    llm.chat_with_tools([HEIGHT], ASKED, allow_parallel_tool_calls=True)
    assert "parallel_tool_calls" not in sent(emulator)
    grok(emulator, parallel_tool_calls=False).chat_with_tools([HEIGHT], ASKED, allow_parallel_tool_calls=True)
    assert sent(emulator)["parallel_tool_calls"] is False


def test_without_tools_nothing_about_them_is_sent(emulator: Emulator) -> None:
    grok(emulator).chat_with_tools([], "Hello", tool_required=True)
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & set(sent(emulator))


@pytest.mark.parametrize("choice", ["web_search", {"type": "web_search"}, WebSearch()])
def test_a_server_side_tool_cannot_be_forced(emulator: Emulator, choice: Any) -> None:
    llm = grok(emulator, server_tools=[WebSearch()])
    with pytest.warns(GrokWarning, match="tool_choice='web_search' was not sent: xAI cannot be told"):
        llm.chat_with_tools([HEIGHT], ASKED, tool_choice=choice)
    assert "tool_choice" not in sent(emulator)
    with pytest.raises(GrokUnsupportedParameterError, match="web_search"):
        llm.chat_with_tools([HEIGHT], ASKED, tool_choice=choice, on_unsupported="raise")


@pytest.mark.parametrize("choice", ["unknown", {"type": "function", "function": {"name": "unknown"}}])
def test_choice_of_what_is_not_offered(emulator: Emulator, choice: Any) -> None:
    with pytest.raises(GrokConfigurationError, match="tool_choice"):
        grok(emulator).chat_with_tools([HEIGHT], ASKED, tool_choice=choice)


def test_odd_tools_are_named(emulator: Emulator) -> None:
    with pytest.raises(GrokConfigurationError, match="function"):
        grok(emulator).chat([ChatMessage(content="Hi")], tools=[height_of])


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("way", WAYS)
def test_a_call_is_a_block(emulator: Emulator, api: str, way: str) -> None:
    llm = grok(emulator, api=api)
    prepared = llm._prepare_chat_with_tools([HEIGHT], ASKED)
    response = ask(llm, way, prepared.pop("messages"), **prepared)
    calls = [block for block in response.message.blocks if isinstance(block, ToolCallBlock)]
    assert [(call.tool_name, call.tool_kwargs) for call in calls] == [("height_of", {"place": "Lima"})]
    assert response.additional_kwargs["finish_reason"] == "tool_calls"
    selection = llm.get_tool_calls_from_response(response)
    assert (selection[0].tool_id, selection[0].tool_kwargs) == (calls[0].tool_call_id, {"place": "Lima"})


@pytest.mark.parametrize("arguments", [None, "", "{}", "null"])
@pytest.mark.parametrize("api", APIS)
def test_no_arguments_are_an_empty_dict(emulator: Emulator, api: str, arguments: Any) -> None:
    if api == "responses":
        emulator.reply(responses_body(called("now", arguments)))
    else:
        call = {"id": "call-1", "type": "function", "function": {"name": "now", "arguments": arguments}}
        emulator.reply(chat_body({"content": None, "tool_calls": [call]}, "tool_calls"))
    llm = grok(emulator, api=api)
    response = llm.chat([ChatMessage(content="Now?")])
    assert llm.get_tool_calls_from_response(response)[0].tool_kwargs == {}


def test_cut_arguments_stay_as_text(emulator: Emulator) -> None:
    emulator.reply(responses_body(called("look", '{"at": "th')))
    llm = grok(emulator)
    response = llm.chat([ChatMessage(content="Look")])
    assert response.message.blocks[0].tool_kwargs == '{"at": "th'
    assert llm.get_tool_calls_from_response(response)[0].tool_kwargs == {}


def test_no_call(emulator: Emulator) -> None:
    llm = grok(emulator)
    response = llm.chat([ChatMessage(content="Hello")])
    assert llm.get_tool_calls_from_response(response, error_on_no_tool_call=False) == []
    with pytest.raises(ValueError, match="at least one tool call"):
        llm.get_tool_calls_from_response(response)


def test_two_calls_where_one_was_allowed_come_back_and_run(emulator: Emulator) -> None:
    output = [
        called("height_of", '{"place": "Lima"}', "call-1"),
        called("height_of", '{"place": "Rome"}', "call-2"),
    ]
    llm = grok(emulator)
    emulator.reply(responses_body(*output))
    response = llm.chat_with_tools([HEIGHT], ASKED)
    assert len(llm.get_tool_calls_from_response(response)) == 2
    emulator.reply(responses_body(*output))
    ran = llm.predict_and_call([HEIGHT], ASKED)
    assert [source.raw_input["kwargs"] for source in ran.sources] == [{"place": "Lima"}, {"place": "Rome"}]
    emulator.reply(responses_body(*output))
    assert str(asyncio.run(llm.apredict_and_call([HEIGHT], ASKED))) == str(ran)


@pytest.mark.parametrize("api", APIS)
def test_predict_and_call(emulator: Emulator, api: str) -> None:
    llm = grok(emulator, api=api)
    assert str(llm.predict_and_call([HEIGHT, FOUNDED], ASKED)) == "The tower of Lima is 80 metres high."
    assert str(asyncio.run(llm.apredict_and_call([HEIGHT, FOUNDED], ASKED))) == "The tower of Lima is 80 metres high."


def test_predict_without_a_call_gives_the_text(emulator: Emulator) -> None:
    answer = grok(emulator).predict_and_call([HEIGHT], "Hello!", error_on_no_tool_call=False)
    assert answer.response
    assert answer.sources == []


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_model_without_functions_reasons_about_tools_in_text(emulator: Emulator, asynchronous: bool) -> None:
    text = 'Thought: I look it up.\nAction: height_of\nAction Input: {"place": "Lima"}'
    emulator.reply(responses_body(said(text)))
    llm = grok(emulator, model_info=GrokModel(id="grok-4.7", client_tools=False))
    assert not llm.metadata.is_function_calling_model
    answer = (
        asyncio.run(llm.apredict_and_call([HEIGHT], ASKED)) if asynchronous else llm.predict_and_call([HEIGHT], ASKED)
    )
    assert str(answer) == "The tower of Lima is 80 metres high."
    assert "tools" not in sent(emulator)


def test_failing_tool(emulator: Emulator) -> None:
    def height_of(place: str) -> str:
        """Height of the tower of a place."""
        raise RuntimeError(f"no ladder in {place}")

    tool = FunctionTool.from_defaults(height_of)
    llm = grok(emulator)
    assert "no ladder" in str(llm.predict_and_call([tool], ASKED))
    with pytest.raises(ValueError, match="no ladder"):
        llm.predict_and_call([tool], ASKED, error_on_tool_error=True)


@pytest.mark.parametrize("api", APIS)
def test_the_loop_by_hand_with_two_parallel_calls(emulator: Emulator, api: str) -> None:
    llm = grok(emulator, api=api)
    asked = "What is the height of the tower of Lima, and in which year was Lima founded?"
    history = [ChatMessage(content=asked)]
    response = llm.chat_with_tools([HEIGHT, FOUNDED], chat_history=history, allow_parallel_tool_calls=True)
    calls = llm.get_tool_calls_from_response(response)
    assert {call.tool_name for call in calls} == {"height_of", "founded"}
    history.append(response.message)
    for call in reversed(calls):  # any order: they are sorted into the order of the calls
        tool = {"height_of": height_of, "founded": founded}[call.tool_name]
        text = tool(**call.tool_kwargs)
        history.append(ChatMessage(role="tool", content=text, additional_kwargs={"tool_call_id": call.tool_id}))
    final = llm.chat_with_tools([HEIGHT, FOUNDED], chat_history=history)
    assert "80" in (final.message.content or "")
    items = sent(emulator).get("input") or sent(emulator)["messages"]
    results = [i.get("call_id") or i.get("tool_call_id") for i in items if "output" in i or i.get("role") == "tool"]
    assert results == [call.tool_id for call in calls]


def test_streamed_calls_are_in_snapshots_and_the_last_message_is_plain(emulator: Emulator) -> None:
    emulator.reply(responses_body(called("height_of", '{"place": "Lima"}')))
    llm = grok(emulator)
    responses = responses_of(llm, "stream_chat", [ChatMessage(content=ASKED)])
    assert any(response.message.additional_kwargs.get("tool_calls") for response in responses[:-1])
    assert responses[-1].message.additional_kwargs == {}
    for response in responses:
        assert isinstance(response, ChatResponse)
    assert llm.get_tool_calls_from_response(responses[0])[0].tool_kwargs == {"place": "Lima"}


# --- server-side tools -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["field", "call", "tools", "dict"])
def test_server_tools(emulator: Emulator, where: str) -> None:
    tool: Any = {"type": "web_search"} if where == "dict" else WebSearch()
    fields = {"server_tools": [tool]} if where == "field" else {}
    per_call = {"server_tools": [tool]} if where == "call" else {"tools": [tool]} if where != "field" else {}
    response = grok(emulator, **fields).chat([ChatMessage(content="What is the height of Mount Everest?")], **per_call)
    assert sent(emulator)["tools"] == [{"type": "web_search"}]
    assert response.additional_kwargs["server_tool_calls"]
    assert response.message.additional_kwargs == {}


def test_server_tools_join_functions(emulator: Emulator) -> None:
    llm = grok(emulator, server_tools=[CodeExecution()])
    llm.chat_with_tools([HEIGHT, WebSearch()], ASKED)  # type: ignore[list-item]  more than the framework's type says
    assert [tool["type"] for tool in sent(emulator)["tools"]] == ["function", "code_interpreter", "web_search"]


def test_server_tools_on_chat_completions_say_what_to_change(emulator: Emulator) -> None:
    with pytest.raises(GrokConfigurationError, match="api='responses'"):
        grok(emulator, api="chat", server_tools=[WebSearch()]).complete("Hello")


def test_mcp_credentials_go_over_the_wire(emulator: Emulator) -> None:
    emulator.reply(responses_body())
    grok(emulator).complete("Hi", server_tools=[MCPServer("https://mcp.example.com/sse", authorization="t0ken-value")])
    assert sent(emulator)["tools"][0]["authorization"] == "t0ken-value"
