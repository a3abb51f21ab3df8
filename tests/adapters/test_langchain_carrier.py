"""What a message carries to the next request: order, ids, sealed reasoning; and that edits are what is sent."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

from grok_adapter import GrokWarning
from grok_emulator import Emulator
from langchain_grok import ChatGrok, GrokConfigurationError
from tests.adapters.langchain_replies import INVENTED, SEARCH, X_SEARCH, call, completion, message, reasoning, response
from tests.conftest import KEY

CITATION = {"type": "url_citation", "url": "https://moon.example", "title": "1", "start_index": 0, "end_index": 4}

OUTPUT = [
    reasoning("Hm. ", "I should search."),
    SEARCH,
    message("Let me look.", ident="msg_1"),
    reasoning(sealed="YmxvYg==", ident="rs_resp-1"),  # the same id: recorded in August 2026
    X_SEARCH,
    INVENTED,
    message("Rock", ", mostly.", ident="msg_2", annotations=[CITATION]),
    call("weigh", '{"what":"moon"}'),
]


@pytest.fixture
def grok(emulator: Emulator) -> ChatGrok:
    return ChatGrok(base_url=emulator.base_url, api_key=KEY, max_retries=0)


def sent(emulator: Emulator, model: ChatGrok, *history: BaseMessage) -> list[dict[str, Any]]:
    """The items that a history is sent as."""
    emulator.reply(response(message("ok")) if model.api == "responses" else completion("ok"))
    model.invoke(list(history))
    body = emulator.requests[-1].body
    items: list[dict[str, Any]] = body.get("input") or body["messages"]
    return items


def answer_of(emulator: Emulator, model: ChatGrok, *output: dict[str, Any]) -> AIMessage:
    emulator.reply(response(*output))
    return model.invoke("What is the moon made of?")


def test_items_come_back_in_order_with_ids_and_sealed_reasoning(emulator: Emulator, grok: ChatGrok) -> None:
    answer = answer_of(emulator, grok, *OUTPUT)
    assert answer.content == "Let me look.Rock, mostly."
    items = sent(emulator, grok, HumanMessage("?"), answer, ToolMessage("heavy", tool_call_id="call-0"))
    types = [item.get("type") for item in items[1:]]
    assert types == [
        "reasoning", "web_search_call", "message", "reasoning", "custom_tool_call", "invented_call", "message",
        "function_call", "function_call_output",
    ]  # fmt: skip
    assert [i.get("id") for i in items[1:9]] == [o["id"] for o in OUTPUT]
    assert items[1]["summary"] == OUTPUT[0]["summary"]
    assert items[1]["encrypted_content"] == "c2VhbGVk"
    assert "content" not in items[1]
    assert items[4]["summary"] == []
    assert items[2] == SEARCH
    assert items[5:7] == [X_SEARCH, INVENTED]
    assert [part["text"] for part in items[7]["content"]] == ["Rock", ", mostly."]
    assert items[7]["content"][0]["annotations"] == OUTPUT[6]["content"][0]["annotations"]
    assert items[8]["arguments"] == '{"what":"moon"}'


def test_the_carrier_holds_only_what_the_message_does_not_show(emulator: Emulator, grok: ChatGrok) -> None:
    answer = answer_of(emulator, grok, *OUTPUT)
    entries = answer.additional_kwargs["xai_output_v1"]
    assert entries[0] == {"type": "reasoning", "id": "rs_resp-1", "n": [4, 16], "encrypted_content": "c2VhbGVk"}
    assert entries[-1] == {"type": "function_call", "id": "fc_resp-1_0", "call_id": "call-0"}
    assert entries[5] == {"type": "invented_call", "item": INVENTED}
    assert "Rock" not in str(entries)
    assert "Hm." not in str(entries)


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        ("Cheese.", ["Cheese."]),
        ("Let me look.Rock, mostly!!", ["Let me look.Rock, mostly!!"]),
        ("", []),
    ],
)
def test_edited_text_is_what_is_sent(emulator: Emulator, grok: ChatGrok, edited: str, expected: list[str]) -> None:
    answer = answer_of(emulator, grok, *OUTPUT)
    answer.content = edited
    items = sent(emulator, grok, HumanMessage("?"), answer, ToolMessage("heavy", tool_call_id="call-0"))
    texts = [part["text"] for item in items if item.get("type") == "message" for part in item["content"]]
    assert texts == expected
    assert [i["type"] for i in items if i.get("type") == "reasoning"] == ["reasoning"] * 2
    if expected:  # it stands where the last message item stood
        assert [i.get("type") for i in items[1:]].index("message") == 5


def test_edited_v1_blocks_are_what_is_sent(emulator: Emulator) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, output_version="v1")
    answer = answer_of(emulator, model, reasoning("Hm."), message("Rock."))
    assert isinstance(answer.content, list)
    answer.content = [{**b, "text": "Green cheese."} if b["type"] == "text" else b for b in answer.content]  # type: ignore[index]
    items = sent(emulator, model, HumanMessage("?"), answer, HumanMessage("Sure?"))
    assert items[2]["content"] == [{"type": "output_text", "text": "Green cheese."}]
    assert items[1]["encrypted_content"] == "c2VhbGVk"


def test_edited_calls_are_what_is_sent(emulator: Emulator, grok: ChatGrok) -> None:
    answer = answer_of(emulator, grok, call("weigh", '{"what":"moon"}'), call("weigh", '{"what":"sun"}', n=1))
    answer.tool_calls = [
        {"name": "weigh", "args": {"what": "mars"}, "id": "call-0", "type": "tool_call"},
        {"name": "look", "args": {}, "id": "new", "type": "tool_call"},
    ]
    results = [ToolMessage("1", tool_call_id="call-0"), ToolMessage("2", tool_call_id="new")]
    items = sent(emulator, grok, HumanMessage("?"), answer, *results)
    calls = [(i["call_id"], i["name"], i["arguments"], i.get("id")) for i in items if i.get("type") == "function_call"]
    assert calls == [("call-0", "weigh", '{"what":"mars"}', "fc_resp-1_0"), ("new", "look", "{}", None)]


def test_edited_reasoning_is_what_is_sent(emulator: Emulator, grok: ChatGrok) -> None:
    answer = answer_of(emulator, grok, reasoning("Hm."), message("Rock."))
    answer.additional_kwargs["reasoning_content"] = ""
    items = sent(emulator, grok, HumanMessage("?"), answer, HumanMessage("Sure?"))
    assert items[1]["summary"] == []
    assert items[1]["encrypted_content"] == "c2VhbGVk"


def test_raw_reasoning_is_sent_back_as_raw_reasoning(emulator: Emulator, grok: ChatGrok) -> None:
    item = {**reasoning(), "content": [{"type": "reasoning_text", "text": "Hm."}]}
    answer = answer_of(emulator, grok, item, message("Rock."))
    assert answer.additional_kwargs["reasoning_content"] == "Hm."
    items = sent(emulator, grok, HumanMessage("?"), answer, HumanMessage("Sure?"))
    assert items[1]["content"] == item["content"]
    both = {**reasoning("Short."), "content": [{"type": "reasoning_text", "text": "Long."}]}
    answer = answer_of(emulator, grok, both, message("Rock."))
    assert answer.additional_kwargs["reasoning_content"] == "Short."
    items = sent(emulator, grok, HumanMessage("?"), answer, HumanMessage("Sure?"))
    assert (items[1]["summary"], items[1]["content"]) == (both["summary"], both["content"])


def test_reasoning_goes_back_on_its_message_on_chat(emulator: Emulator) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, api="chat")
    tool = {"id": "c1", "type": "function", "function": {"name": "weigh", "arguments": "null"}}
    emulator.reply(completion(None, calls=[tool], message={"reasoning_content": "Hm."}))
    answer = model.invoke("?")
    assert answer.tool_calls[0]["args"] == {}
    items = sent(emulator, model, HumanMessage("?"), answer, ToolMessage("", tool_call_id="c1"))
    assert items[1]["content"] == ""
    assert items[1]["reasoning_content"] == "Hm."
    assert items[1]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert items[2] == {"role": "tool", "content": "", "tool_call_id": "c1"}


def test_the_conversation_may_change_apis(emulator: Emulator, grok: ChatGrok) -> None:
    answer = answer_of(emulator, grok, *OUTPUT)
    chat = ChatGrok(base_url=emulator.base_url, api_key=KEY, api="chat")
    items = sent(emulator, chat, HumanMessage("?"), answer, ToolMessage("heavy", tool_call_id="call-0"))
    assert items[1]["content"] == "Let me look.Rock, mostly."
    assert items[1]["reasoning_content"] == "Hm. I should search."


def test_a_stream_that_was_left_can_be_continued(emulator: Emulator, grok: ChatGrok) -> None:
    emulator.reply(response(reasoning("Hm."), message("The moon is made of rock.")))
    total: Any = None
    for chunk in grok.stream("?"):
        total = chunk if total is None else total + chunk
        if len(str(total.content)) > 3:
            break
    assert isinstance(total, AIMessageChunk)
    items = sent(emulator, grok, HumanMessage("?"), total, HumanMessage("Go on."))
    assert items[1]["type"] == "reasoning"
    assert items[2]["content"] == [{"type": "output_text", "text": total.content}]


def test_merged_runs_of_messages_keep_reasoning_and_text(emulator: Emulator, grok: ChatGrok) -> None:
    from langchain_core.messages import merge_message_runs

    one = answer_of(emulator, grok, reasoning("Hm."), message("Rock."))
    two = answer_of(emulator, grok, reasoning("So."), message("Dust."))
    merged = merge_message_runs([one, two])
    items = sent(emulator, grok, HumanMessage("?"), *merged, HumanMessage("Sure?"))
    assert [i.get("type") for i in items] == [None, "reasoning", "reasoning", "message", None]
    assert items[3]["content"][0]["text"] == "Rock.\nDust."


# --- histories of others

FOREIGN = {
    "anthropic": AIMessage(
        [
            {"type": "thinking", "thinking": "secret plan", "signature": "c2ln"},
            {"type": "text", "text": "Rock. "},
            {"type": "tool_use", "id": "toolu_1", "name": "weigh", "input": {"what": "moon"}},
        ],
        tool_calls=[{"name": "weigh", "args": {"what": "moon"}, "id": "toolu_1"}],
        response_metadata={"model_provider": "anthropic"},
    ),
    "openai responses": AIMessage(
        [
            {"type": "reasoning", "id": "rs_openai", "summary": [], "encrypted_content": "secret plan"},
            {"type": "text", "text": "Rock. ", "annotations": []},
            {"type": "function_call", "name": "weigh", "arguments": '{"what":"moon"}', "call_id": "toolu_1"},
        ],
        tool_calls=[{"name": "weigh", "args": {"what": "moon"}, "id": "toolu_1"}],
        response_metadata={"model_provider": "openai"},
    ),
    "deepseek": AIMessage(
        "Rock. ",
        additional_kwargs={"reasoning_content": "secret plan"},
        tool_calls=[{"name": "weigh", "args": {"what": "moon"}, "id": "toolu_1"}],
    ),
    "standard blocks": AIMessage(
        content_blocks=[
            {"type": "reasoning", "reasoning": "secret plan"},
            {"type": "text", "text": "Rock. "},
            {"type": "tool_call", "name": "weigh", "args": {"what": "moon"}, "id": "toolu_1"},
        ],
        response_metadata={"output_version": "v1", "model_provider": "google_genai"},
    ),
}


@pytest.mark.parametrize("api", ["responses", "chat"])
@pytest.mark.parametrize("who", FOREIGN)
def test_other_providers_messages_keep_text_and_calls_and_lose_reasoning(
    emulator: Emulator, who: str, api: str
) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, api=api)
    result = ToolMessage("heavy", tool_call_id="toolu_1")
    items = sent(emulator, model, HumanMessage("?"), FOREIGN[who], result)
    assert "secret" not in str(items)
    assert "Rock. " in str(items)
    assert str(items).count("toolu_1") == 2
    assert '{"what":"moon"}' in str(items)


def test_roles_and_names_go_in_the_given_order(emulator: Emulator, grok: ChatGrok) -> None:
    items = sent(
        emulator,
        grok,
        SystemMessage("A"),
        HumanMessage("B", name="ann"),
        SystemMessage("C"),
        SystemMessage("D", additional_kwargs={"__openai_role__": "developer"}),
        ChatMessage("E", role="developer"),
        ChatMessage("F", role="user"),
        ChatMessage("G", role="assistant"),
        FunctionMessage("H", name="f"),
        AIMessage(""),
        HumanMessage("I"),
    )
    roles = ["system", "user", "system", "developer", "developer", "user", "assistant", "user", "user"]
    assert [item["role"] for item in items] == roles
    assert items[1] == {"role": "user", "content": "B", "name": "ann"}
    assert items[7] == {"role": "user", "content": "H", "name": "f"}


def test_tool_results_are_sorted_and_missing_ones_said(emulator: Emulator, grok: ChatGrok) -> None:
    asked = AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": n} for n in ("a", "b", "c")])
    results = [
        ToolMessage("B", tool_call_id="b"),
        ToolMessage("A", tool_call_id="a"),
        ToolMessage("X", tool_call_id="x"),
    ]
    with pytest.warns(GrokWarning, match="'x' was dropped"):
        items = sent(emulator, grok, HumanMessage("?"), asked, *results)
    outputs = [(i["call_id"], i["output"]) for i in items if i.get("type") == "function_call_output"]
    assert outputs[:2] == [("a", "A"), ("b", "B")]
    assert outputs[2][0] == "c"
    assert "No result" in outputs[2][1]


def test_a_message_that_cannot_be_sent_is_named(grok: ChatGrok) -> None:
    with pytest.raises(GrokConfigurationError, match=r"messages\[1\].*RemoveMessage"):
        grok.invoke([HumanMessage("?"), RemoveMessage(id="1")])
    with pytest.raises(GrokConfigurationError, match=r"messages\[0\].*role 'wizard'"):
        grok.invoke([ChatMessage("?", role="wizard")])
