"""What would be sent: histories as agents make them, tools, formats, reasoning, `extra_body`, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from grok_adapter import ChatRequest, GrokConfigurationError, Message, WebSearch, clean_params
from grok_adapter.prepare import PreparedCall, prepare
from grok_adapter.types import (
    FilePart,
    FunctionTool,
    ImagePart,
    JsonSchemaFormat,
    MessageItem,
    NamedTool,
    OtherItem,
    ReasoningItem,
    TextPart,
    ToolCall,
)

USER = Message("user", (TextPart("Hi"),))
TOOL = FunctionTool("look", "Looks.", {"type": "object", "properties": {}})


def call(*messages: Message, api: str = "responses", **fields: Any) -> PreparedCall:
    return prepare(ChatRequest(fields.pop("model", "grok-4.7"), messages or (USER,), api=api, **fields))  # type: ignore[arg-type]


def assistant(*items: Any) -> Message:
    return Message("assistant", items)


def result(ident: str, text: str = "ok") -> Message:
    return Message("tool", (TextPart(text),) if text else (), tool_call_id=ident)


def test_calls_go_before_their_results_in_the_order_of_the_calls() -> None:
    turn = assistant(ToolCall("a", "look", "{}"), ToolCall("b", "look", "{}"))
    body = call(USER, turn, result("b", "second"), result("a", "first"), USER).body
    outputs = [(i["call_id"], i["output"]) for i in body["input"] if i.get("type") == "function_call_output"]
    assert outputs == [("a", "first"), ("b", "second")]
    body = call(USER, turn, result("b", "second"), result("a", "first"), USER, api="chat").body
    assert [(m["tool_call_id"], m["content"]) for m in body["messages"] if m["role"] == "tool"] == outputs


def test_a_missing_result_is_made_up_and_an_orphan_dropped_both_said() -> None:
    prepared = call(USER, assistant(ToolCall("a", "look", "{}")), USER, result("gone"))
    assert [i.get("call_id") for i in prepared.body["input"]] == [None, "a", "a", None]
    assert "not answered" in prepared.body["input"][2]["output"]
    assert len(prepared.notes) == 2


def test_ids_used_again_in_a_later_turn_keep_their_own_results() -> None:
    turn = assistant(ToolCall("call_0", "look", "{}"))
    body = call(USER, turn, result("call_0", "one"), turn, result("call_0", "two")).body
    assert [i["output"] for i in body["input"] if "output" in i] == ["one", "two"]


def test_an_empty_result_stays_empty_and_calls_only_turns_have_no_message() -> None:
    turn = assistant(ToolCall("a", "look", ""))
    body = call(USER, turn, result("a", "")).body
    assert [i.get("type") for i in body["input"]] == [None, "function_call", "function_call_output"]
    assert body["input"][1]["arguments"] == "{}"
    assert body["input"][2]["output"] == ""
    message = call(USER, turn, result("a", ""), api="chat").body["messages"][1]
    assert message["content"] == ""
    assert "reasoning_content" not in message


def test_a_wholly_empty_turn_is_left_out() -> None:
    for api in ("responses", "chat"):
        body = call(USER, assistant(), assistant(MessageItem((TextPart(""),))), USER, api=api).body
        assert len(body.get("input") or body["messages"]) == 2


@pytest.mark.parametrize("arguments", ["[1]", "not json", "7", '"x"'])
def test_arguments_sent_back_are_always_an_object(arguments: str) -> None:
    for api in ("responses", "chat"):
        body = call(USER, assistant(ToolCall("a", "look", arguments)), result("a"), api=api).body
        sent = body["input"][1] if api == "responses" else body["messages"][1]["tool_calls"][0]["function"]
        assert isinstance(json.loads(sent["arguments"]), dict)


def test_reasoning_goes_back_with_summary_and_without_null_content() -> None:
    items = [
        ReasoningItem(("thought",), (), "blob", "rs_1"),
        ReasoningItem((), (), "tco_blob", "rs_1"),
        OtherItem({"type": "web_search_call", "id": "ws_1", "action": {"type": "search", "query": "q"}}),
        MessageItem((TextPart("Yes."),), "msg_1"),
    ]
    body = call(USER, assistant(*items), USER).body
    first, second, search, message = body["input"][1:5]
    assert first == {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "thought"}],
        "id": "rs_1",
        "encrypted_content": "blob",
    }
    assert second == {"type": "reasoning", "summary": [], "id": "rs_1", "encrypted_content": "tco_blob"}
    assert search == items[2].raw  # type: ignore[attr-defined]
    assert message["content"] == [{"type": "output_text", "text": "Yes."}]


def test_on_chat_reasoning_goes_back_on_its_message() -> None:
    items = [ReasoningItem(content=("because",)), MessageItem((TextPart("Yes."),))]
    message = call(USER, assistant(*items), USER, api="chat").body["messages"][1]
    assert message == {"role": "assistant", "content": "Yes.", "reasoning_content": "because"}


def test_roles_go_in_the_given_order_and_system_text_is_an_input_item() -> None:
    conversation = [
        Message("developer", (TextPart("d"),)),
        USER,
        Message("system", (TextPart("s"),)),
        Message("function", (TextPart("f"),), name="look"),
        Message("user", (TextPart("u"),), name="ada"),
    ]
    body = call(*conversation).body
    assert "instructions" not in body
    assert [i["role"] for i in body["input"]] == ["developer", "user", "system", "user", "user"]
    assert body["input"][4] == {"role": "user", "content": "u", "name": "ada"}
    roles = [m["role"] for m in call(*conversation, api="chat").body["messages"]]
    assert roles == ["system", "user", "system", "function", "user"]


def test_images_and_files_have_each_apis_own_form() -> None:
    parts = (
        TextPart("See:"),
        ImagePart("https://e.example/a.png", detail="low"),
        FilePart(file_id="file_1"),
        FilePart(data="JVBERg==", filename="a.pdf", mime_type="application/pdf"),
    )
    message = Message("user", parts)
    assert call(message).body["input"][0]["content"] == [
        {"type": "input_text", "text": "See:"},
        {"type": "input_image", "image_url": "https://e.example/a.png", "detail": "low"},
        {"type": "input_file", "file_id": "file_1"},
        {"type": "input_file", "file_data": "JVBERg==", "filename": "a.pdf", "mime_type": "application/pdf"},
    ]
    assert call(message, api="chat").body["messages"][0]["content"] == [
        {"type": "text", "text": "See:"},
        {"type": "image_url", "image_url": {"url": "https://e.example/a.png", "detail": "low"}},
        {"type": "file", "file": {"file_id": "file_1"}},
        {"type": "file", "file": {"url": "data:application/pdf;base64,JVBERg=="}},
    ]


def test_tools_and_choice_have_each_apis_own_form() -> None:
    asked: dict[str, Any] = {"tools": (TOOL,), "tool_choice": NamedTool("look")}
    body = call(**asked).body
    assert body["tools"] == [
        {"type": "function", "name": "look", "parameters": TOOL.parameters, "description": "Looks."}
    ]
    assert body["tool_choice"] == {"type": "function", "name": "look"}
    body = call(api="chat", **asked).body
    assert body["tools"][0]["function"]["name"] == "look"
    assert body["tool_choice"] == {"type": "function", "function": {"name": "look"}}


@pytest.mark.parametrize("api", ["responses", "chat"])
@pytest.mark.parametrize("choice", ["auto", "none", "required", NamedTool("look")])
def test_without_tools_there_is_no_choice_and_no_parallel(api: str, choice: Any) -> None:
    prepared = call(api=api, tool_choice=choice, params={"parallel_tool_calls": True}, on_unsupported="ignore")
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & set(prepared.body)
    forced = choice not in ("auto", "none")
    assert ("tool_choice" in {e.name for e in prepared.report}) == forced


def test_formats() -> None:
    schema = JsonSchemaFormat("answer", {"type": "object"}, strict=True)
    assert call(response_format=schema).body["text"] == {
        "format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}, "strict": True}
    }
    assert call(response_format="json_object", api="chat").body["response_format"] == {"type": "json_object"}
    assert call(response_format=schema, api="chat").body["response_format"]["json_schema"]["name"] == "answer"


def test_encrypted_reasoning_is_asked_of_models_that_reason() -> None:
    assert call().body["include"] == ["reasoning.encrypted_content"]
    assert "include" not in call(model="grok-4.20-non-reasoning").body
    assert "include" not in call(api="chat").body
    tools = (WebSearch(inline_citations=False),)
    assert call(server_tools=tools).body["include"] == [
        "reasoning.encrypted_content",
        "web_search_call.action.sources",
        "no_inline_citations",
    ]


def test_a_stored_answer_is_not_sent_again() -> None:
    earlier = assistant(MessageItem((TextPart("Yes."),), "msg_r-1"), ToolCall("c", "look", "{}", "fc_r-1_0"))
    prepared = call(USER, earlier, result("c"), params={"previous_response_id": "r-1", "store": True})
    assert prepared.body["input"] == [{"type": "function_call_output", "call_id": "c", "output": "ok"}]
    assert prepared.body["previous_response_id"] == "r-1"
    assert prepared.notes == ()


def test_extra_body_wins_and_its_lists_join() -> None:
    extra = {"temperature": 1, "tools": [{"type": "web_search"}], "include": ["x"], "new_key": 5}
    body = call(tools=(TOOL,), params={"temperature": 0.2}, extra_body=extra).body
    assert body["temperature"] == 1
    assert [t["type"] for t in body["tools"]] == ["function", "web_search"]
    assert body["include"] == ["reasoning.encrypted_content", "x"]
    assert body["new_key"] == 5


def test_unknown_keywords_go_through_and_are_reported() -> None:
    prepared = call(unchecked={"new_key": 5, "max_output_tokens": 7, "reasoning": {"effort": "low"}})
    assert prepared.body["new_key"] == 5
    assert prepared.body["max_output_tokens"] == 7
    assert prepared.body["reasoning"] == {"effort": "low"}
    assert [(e.name, e.sent) for e in prepared.report] == [("new_key", True)]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"api": "chat", "server_tools": (WebSearch(),)}, "set api='responses'"),
        ({"api": "completions"}, "api='completions' is neither"),
        ({"stream": True, "params": {"n": 2}, "api": "chat"}, "n=2 cannot be streamed"),
        ({"tools": (TOOL, TOOL)}, "tools holds 'look' twice"),
        ({"params": {"temperature": "hot"}}, "temperature='hot' is not a number"),
        ({"params": {"instructions": "a", "previous_response_id": "b"}}, "exclude each other"),
    ],
)
def test_what_cannot_be_sent_is_refused(fields: dict[str, Any], text: str) -> None:
    with pytest.raises(GrokConfigurationError, match=text.replace("(", r"\(")):
        call(**fields)


def test_clean_params_for_those_who_call_the_sdk() -> None:
    given = {"max_tokens": 9, "presence_penalty": 0.5, "reasoning_effort": "none", "stop": "x", "model": "grok-4.7"}
    cleaned, report = clean_params(given, "grok-4.7", api="chat")
    assert cleaned == {"max_completion_tokens": 9, "model": "grok-4.7"}
    assert {entry.name for entry in report} == {"presence_penalty", "reasoning_effort", "stop"}
    assert given["max_tokens"] == 9
    cleaned, _ = clean_params({"conversation_id": "t"}, "grok-4.7", api="chat")
    assert cleaned == {"extra_headers": {"x-grok-conv-id": "t"}}
