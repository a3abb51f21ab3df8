"""Messages in and out: blocks, the carrier, and what the next request holds after every journey a message can make."""

from __future__ import annotations

import base64
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    AudioBlock,
    CacheControl,
    CachePoint,
    ChatMessage,
    CitableBlock,
    CitationBlock,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    VideoBlock,
)
from llama_index.core.memory import ChatMemoryBuffer, Memory

from grok_emulator import Emulator
from llama_index_grok import GrokConfigurationError, GrokWarning
from tests.adapters.llama_index_support import (
    APIS,
    WAYS,
    ask,
    called,
    chat_body,
    grok,
    responses_body,
    said,
    searched,
    sent,
    thought,
    turns,
)

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PNG_URL = "data:image/png;base64," + base64.b64encode(PNG).decode()

SEARCH_MARK = {
    "type": "url_citation",
    "url": "https://example.com/a",
    "title": "1",
    "start_index": 4,
    "end_index": 7,
}
OUTPUT = [
    thought("Let me search.", ident="rs_1", encrypted="QUJD"),
    searched("towers"),
    thought(ident="rs_1", encrypted="REVG"),  # two reasoning items can share one id
    said("It's[1] 30 metres.", SEARCH_MARK),
    {"type": "never_seen_before", "id": "new_1", "payload": {"deep": [1, 2]}},
    called("height_of", '{"place": "Lima"}', "call-1"),
    called("height_of", '{"place": "Rome"}', "call-2"),
]


def answer_of(emulator: Emulator, way: str, **fields: Any) -> ChatMessage:
    """The message of an answer that has everything."""
    emulator.reply(responses_body(*OUTPUT))
    return ask(grok(emulator, **fields), way, "How high is it?").message


def next_turns(emulator: Emulator, message: ChatMessage, **fields: Any) -> list[dict[str, Any]]:
    """What goes out when a conversation goes on after a message with two calls."""
    results = [
        ChatMessage(role="tool", content=text, additional_kwargs={"tool_call_id": ident})
        for ident, text in (("call-2", "20"), ("call-1", "80"))
    ]
    api = fields.get("api", "responses")  # queued, since the emulator knows no item that is not invented yet
    emulator.reply(responses_body(said("50.")) if api == "responses" else chat_body({"content": "50."}))
    grok(emulator, **fields).chat([ChatMessage(content="How high is it?"), message, *results])
    return turns(sent(emulator))


REPLAYED = [
    {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "Let me search."}],
        "id": "rs_1",
        "encrypted_content": "QUJD",
    },
    searched("towers"),
    {"type": "reasoning", "summary": [], "id": "rs_1", "encrypted_content": "REVG"},
    {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "It's[1] 30 metres."}],
    },
    {"type": "never_seen_before", "id": "new_1", "payload": {"deep": [1, 2]}},
    {"type": "function_call", "call_id": "call-1", "name": "height_of", "arguments": '{"place": "Lima"}'},
    {"type": "function_call", "call_id": "call-2", "name": "height_of", "arguments": '{"place": "Rome"}'},
    {"type": "function_call_output", "call_id": "call-1", "output": "80"},
    {"type": "function_call_output", "call_id": "call-2", "output": "20"},
]


@pytest.mark.parametrize("way", WAYS)
def test_blocks_are_the_answer_in_output_order(emulator: Emulator, way: str) -> None:
    message = answer_of(emulator, way)
    kinds = [block.block_type for block in message.blocks]
    assert kinds == ["thinking", "thinking", "text", "thinking", "tool_call", "tool_call", "citation"]
    first, second, text, third, call, _, citation = message.blocks
    assert first.content == "Let me search."
    assert second.content is None
    assert third.content is None
    assert text.text == "It's[1] 30 metres."
    assert call.tool_kwargs == {"place": "Lima"}
    assert (citation.source, citation.title, citation.cited_content.text) == ("https://example.com/a", "1", "[1]")
    assert citation.additional_location_info == {"text_block": 0, "start_index": 4, "end_index": 7}


@pytest.mark.parametrize("way", WAYS)
def test_facts_beside_the_message(emulator: Emulator, way: str) -> None:
    emulator.reply(responses_body(*OUTPUT))
    facts = ask(grok(emulator), way, "How high is it?").additional_kwargs
    assert facts["citations"] == [{"url": "https://example.com/a", "title": "1", "start_index": 4, "end_index": 7}]
    assert [call["name"] for call in facts["server_tool_calls"]] == ["web_search"]
    assert facts["server_tool_calls"][0]["arguments"] == {"query": "towers"}
    assert facts["finish_reason"] == "tool_calls"
    assert json.loads(json.dumps(facts)) == facts


# --- every journey gives the same next request -----------------------------------------------------------------------


def as_is(message: ChatMessage) -> ChatMessage:
    return message


def through_json(message: ChatMessage) -> ChatMessage:
    return ChatMessage.model_validate_json(message.model_dump_json())


def through_dict(message: ChatMessage) -> ChatMessage:
    return ChatMessage.model_validate(json.loads(json.dumps(message.model_dump(mode="json"))))


def through_deepcopy(message: ChatMessage) -> ChatMessage:
    return message.model_copy(deep=True)


def through_buffer(message: ChatMessage) -> ChatMessage:
    buffer = ChatMemoryBuffer.from_defaults(token_limit=100_000)
    buffer.put(ChatMessage(content="before"))
    buffer.put(message)
    return buffer.get()[-1]


def through_memory(message: ChatMessage) -> ChatMessage:
    memory = Memory.from_defaults(token_limit=100_000)
    memory.put(message)
    return memory.get_all()[-1]


def through_prompt(message: ChatMessage) -> ChatMessage:
    from llama_index.core.prompts import ChatPromptTemplate

    return ChatPromptTemplate(message_templates=[message]).format_messages()[0]


JOURNEYS = [as_is, through_json, through_dict, through_deepcopy, through_buffer, through_memory, through_prompt]


@pytest.mark.parametrize("journey", JOURNEYS)
@pytest.mark.parametrize("way", ["chat", "stream_chat"])
def test_next_request_is_the_same_after(emulator: Emulator, journey: Any, way: str) -> None:
    message = journey(answer_of(emulator, way))
    assert next_turns(emulator, message)[1:] == REPLAYED


def test_on_chat_completions_what_has_a_place_goes_back(emulator: Emulator) -> None:
    message = answer_of(emulator, "chat")
    assistant = next_turns(emulator, message, api="chat", model="grok-4.7")[1]
    assert assistant["content"] == "It's[1] 30 metres."
    assert assistant["reasoning_content"] == "Let me search."
    assert [call["id"] for call in assistant["tool_calls"]] == ["call-1", "call-2"]


# --- edits win -------------------------------------------------------------------------------------------------------


def test_edited_text_is_what_goes_out(emulator: Emulator) -> None:
    message = answer_of(emulator, "chat")
    next(block for block in message.blocks if isinstance(block, TextBlock)).text = "It is 31 metres."
    items = next_turns(emulator, message)
    assert items[4]["content"] == [{"type": "output_text", "text": "It is 31 metres."}]
    assert items[1]["encrypted_content"] == "QUJD"


def test_edited_call_is_what_goes_out(emulator: Emulator) -> None:
    message = answer_of(emulator, "chat")
    call = next(block for block in message.blocks if isinstance(block, ToolCallBlock))
    call.tool_kwargs = {"place": "Oslo"}
    assert next_turns(emulator, message)[6]["arguments"] == '{"place": "Oslo"}'


def test_removed_blocks_are_not_sent(emulator: Emulator) -> None:
    message = answer_of(emulator, "chat")
    message.blocks = [block for block in message.blocks if not isinstance(block, ThinkingBlock)]
    kinds = [item.get("type", "message") for item in next_turns(emulator, message)]
    assert kinds == ["message", "message", *["function_call"] * 2, *["function_call_output"] * 2]


# --- histories of others ---------------------------------------------------------------------------------------------


def test_reasoning_of_others_is_left_out_and_their_text_stays(emulator: Emulator) -> None:
    other = ChatMessage(
        role="assistant",
        blocks=[
            ThinkingBlock(content="Private.", additional_information={"signature": "abc", "id": "rs_other"}),
            TextBlock(text="Hello."),
            ToolCallBlock(tool_call_id="t-1", tool_name="look", tool_kwargs={}),
        ],
    )
    result = ChatMessage(role="tool", content="seen", additional_kwargs={"tool_call_id": "t-1"})
    grok(emulator).chat([ChatMessage(content="Hi"), other, result])
    assert [item.get("type", item.get("role")) for item in turns(sent(emulator))] == [
        "user",
        "message",
        "function_call",
        "function_call_output",
    ]


@pytest.mark.parametrize(("model", "kept"), [("grok-4.7-latest", True), ("grok-4.3", False)])
def test_reasoning_of_another_model_family_is_left_out(emulator: Emulator, model: str, kept: bool) -> None:
    message = answer_of(emulator, "chat")
    items = next_turns(emulator, message, model=model)
    assert any(item.get("type") == "reasoning" for item in items) is kept


@pytest.mark.parametrize(
    "call",
    [
        {"id": "c-1", "type": "function", "function": {"name": "look", "arguments": '{"at": "x"}'}},
        {"id": "c-1", "function": {"name": "look", "arguments": {"at": "x"}}},
        {"call_id": "c-1", "name": "look", "arguments": '{"at": "x"}'},
    ],
)
@pytest.mark.parametrize("api", APIS)
def test_legacy_tool_calls(emulator: Emulator, api: str, call: dict[str, Any]) -> None:
    old = ChatMessage(role="assistant", content="", additional_kwargs={"tool_calls": [call]})
    result = ChatMessage(role="tool", content="seen", additional_kwargs={"tool_call_id": "c-1"})
    grok(emulator, api=api).chat([ChatMessage(content="Hi"), old, result])
    item = turns(sent(emulator))[1]
    function = item if api == "responses" else item["tool_calls"][0]["function"]
    assert function["name"] == "look"
    assert json.loads(function["arguments"]) == {"at": "x"}


@pytest.mark.parametrize("api", APIS)
def test_roles_go_in_the_given_order(emulator: Emulator, api: str) -> None:
    roles = ["system", "user", "developer", "user", "chatbot", "model", "user", "system"]
    messages = [ChatMessage(role=MessageRole(role), content=f"{n} {role}") for n, role in enumerate(roles)]
    grok(emulator, api=api).chat(messages)
    developer = "developer" if api == "responses" else "system"
    assert [item["role"] for item in turns(sent(emulator))] == [
        "system",
        "user",
        developer,
        "user",
        "assistant",
        "assistant",
        "user",
        "system",
    ]


def test_names_and_functions(emulator: Emulator) -> None:
    messages = [
        ChatMessage(content="Hi", additional_kwargs={"name": "ann"}),
        ChatMessage(role="function", content="12", additional_kwargs={"name": "clock"}),
    ]
    grok(emulator).chat(messages)
    assert turns(sent(emulator)) == [
        {"role": "user", "content": "Hi", "name": "ann"},
        {"role": "user", "content": "12", "name": "clock"},
    ]


def test_missing_and_orphan_results_are_mended_with_a_word(emulator: Emulator) -> None:
    call = ChatMessage(role="assistant", blocks=[ToolCallBlock(tool_call_id="a", tool_name="look", tool_kwargs={})])
    orphan = ChatMessage(role="tool", content="seen", additional_kwargs={"tool_call_id": "zzz"})
    with pytest.warns(GrokWarning, match="zzz"):
        grok(emulator).chat([ChatMessage(content="Hi"), call, orphan])
    assert turns(sent(emulator))[-1]["call_id"] == "a"


def test_an_empty_turn_is_left_out(emulator: Emulator) -> None:
    grok(emulator).chat([ChatMessage(content="Hi"), ChatMessage(role="assistant", blocks=[]), ChatMessage(content="?")])
    assert [item["role"] for item in turns(sent(emulator))] == ["user", "user"]


# --- blocks of users -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("form", ["bytes", "base64", "path", "url", "data_url"])
def test_images(emulator: Emulator, api: str, form: str, tmp_path: Path) -> None:
    path = tmp_path / "dot.png"
    path.write_bytes(PNG)
    block = {
        "bytes": lambda: ImageBlock(image=PNG, detail="low"),
        "base64": lambda: ImageBlock(image=base64.b64encode(PNG), detail="low"),
        "path": lambda: ImageBlock(path=path, detail="low"),
        "url": lambda: ImageBlock(url="https://example.com/dot.png", detail="low"),
        "data_url": lambda: ImageBlock(url=PNG_URL, detail="low"),
    }[form]()
    emulator.reply(responses_body(said("A dot.")) if api == "responses" else {"id": "1", "choices": [CHOICE]})
    grok(emulator, api=api).chat([ChatMessage(blocks=[TextBlock(text="What is it?"), block])])
    text, image = turns(sent(emulator))[0]["content"]
    url = "https://example.com/dot.png" if form == "url" else PNG_URL
    if api == "responses":
        assert text == {"type": "input_text", "text": "What is it?"}
        assert image == {"type": "input_image", "image_url": url, "detail": "low"}
    else:
        assert image == {"type": "image_url", "image_url": {"url": url, "detail": "low"}}


CHOICE = {"index": 0, "message": {"role": "assistant", "content": "A dot."}, "finish_reason": "stop"}


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (DocumentBlock(url="https://example.com/a.pdf"), {"file_url": "https://example.com/a.pdf"}),
        (DocumentBlock(url="file_0a1b-2c"), {"file_id": "file_0a1b-2c"}),
        (
            DocumentBlock(data=b"Plain words.", title="a.txt", document_mimetype="text/plain"),
            {
                "file_data": base64.b64encode(b"Plain words.").decode(),
                "filename": "a.txt",
                "mime_type": "text/plain",
            },
        ),
    ],
)
def test_documents(emulator: Emulator, block: DocumentBlock, part: dict[str, Any]) -> None:
    emulator.reply(responses_body(said("Words.")))
    grok(emulator).chat([ChatMessage(blocks=[TextBlock(text="What is it?"), block])])
    assert turns(sent(emulator))[0]["content"][1] == {"type": "input_file", **part}


def test_document_from_a_path(emulator: Emulator, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Plain words.")
    emulator.reply(responses_body(said("Words.")))
    grok(emulator).chat([ChatMessage(blocks=[DocumentBlock(path=path)])])
    part = turns(sent(emulator))[0]["content"][0]
    assert (part["filename"], base64.b64decode(part["file_data"])) == ("notes.txt", b"Plain words.")


def test_citable_blocks_are_text(emulator: Emulator) -> None:
    block = CitableBlock(title="Towers", source="https://example.com", content="Oslo has one.")
    grok(emulator).chat([ChatMessage(blocks=[block])])
    assert turns(sent(emulator))[0]["content"] == "Towers (https://example.com):\nOslo has one."


@pytest.mark.parametrize(
    "block", [AudioBlock(audio=b"RIFF....WAVE", format="wav"), VideoBlock(video=b"....", video_mimetype="video/mp4")]
)
def test_blocks_that_cannot_be_sent_are_named(emulator: Emulator, block: Any) -> None:
    with pytest.raises(GrokConfigurationError, match=type(block).__name__):
        grok(emulator).chat([ChatMessage(blocks=[TextBlock(text="Listen"), block])])
    assert emulator.requests == []


def test_cache_points_are_left_out_with_one_word(emulator: Emulator) -> None:
    llm = grok(emulator)
    messages = [ChatMessage(blocks=[TextBlock(text="Hi"), CachePoint(cache_control=CacheControl(type="ephemeral"))])]
    with pytest.warns(GrokWarning, match="CachePoint"):
        llm.chat(messages)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        llm.chat(messages)
    assert turns(sent(emulator)) == [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize("api", APIS)
def test_images_in_tool_results(emulator: Emulator, api: str) -> None:
    call = ChatMessage(role="assistant", blocks=[ToolCallBlock(tool_call_id="a", tool_name="look", tool_kwargs={})])
    result = ChatMessage(
        role="tool", blocks=[TextBlock(text="A dot"), ImageBlock(image=PNG)], additional_kwargs={"tool_call_id": "a"}
    )
    emulator.reply(responses_body(said("A dot.")) if api == "responses" else {"id": "1", "choices": [CHOICE]})
    grok(emulator, api=api).chat([ChatMessage(content="Look"), call, result])
    last = turns(sent(emulator))[-1]
    parts = last["output"] if api == "responses" else last["content"]
    assert [part["type"] for part in parts] == (
        ["input_text", "input_image"] if api == "responses" else ["text", "image_url"]
    )


# --- citations -------------------------------------------------------------------------------------------------------


def test_citation_blocks_can_be_left_out(emulator: Emulator) -> None:
    message = answer_of(emulator, "chat", citation_blocks=False)
    assert not any(isinstance(block, CitationBlock) for block in message.blocks)


def test_offsets_count_within_the_text_block(emulator: Emulator) -> None:
    part = {"type": "output_text", "logprobs": []}
    item = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "content": [
            {**part, "text": "One. ", "annotations": []},
            {**part, "text": "Two[1]", "annotations": [{**SEARCH_MARK, "start_index": 3, "end_index": 6}]},
        ],
    }
    emulator.reply(responses_body(item))
    response = grok(emulator).chat([ChatMessage(content="Hi")])
    entry = response.additional_kwargs["citations"][0]
    assert response.message.blocks[0].text[entry["start_index"] : entry["end_index"]] == "[1]"
    assert response.message.blocks[1].cited_content.text == "[1]"


def test_addresses_beside_the_text_are_citations_too(emulator: Emulator) -> None:
    emulator.reply({"id": "1", "model": "grok-4.3", "citations": ["https://example.com/x"], "choices": [CHOICE]})
    response = grok(emulator, api="chat").chat([ChatMessage(content="Hi")])
    assert response.additional_kwargs["citations"] == [{"url": "https://example.com/x"}]
    assert [b.source for b in response.message.blocks if isinstance(b, CitationBlock)] == ["https://example.com/x"]


@pytest.mark.parametrize("model", ["grok-4.7", "grok-4.20-non-reasoning"])
@pytest.mark.parametrize("way", ["chat", "stream_chat"])
def test_what_a_stored_answer_knows_is_not_sent_again(emulator: Emulator, model: str, way: str) -> None:
    llm = grok(emulator, model=model, store=True)
    history = [ChatMessage(content="My cat is called Minka.")]
    first = ask(llm, way, history)
    history += [through_json(first.message), ChatMessage(content="What is my cat called?")]
    second = ask(llm, way, history, previous_response_id=first.additional_kwargs["id"])
    assert turns(sent(emulator)) == [{"role": "user", "content": "What is my cat called?"}]
    assert "Minka" in (second.message.content or "")
    llm.chat(history)  # without the id, everything goes
    assert [item["role"] for item in turns(sent(emulator)) if "role" in item] == ["user", "assistant", "user"]


def test_memory_counts_what_is_readable(emulator: Emulator) -> None:
    emulator.reply(responses_body(thought("Hm.", encrypted="A" * 8_000), said("Hi.")))
    message = grok(emulator).chat([ChatMessage(content="Hello")]).message
    assert sum(block.estimate_tokens() for block in message.blocks) < 10
