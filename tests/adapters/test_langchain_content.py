"""Content blocks of every generation reach the wire; facts of an answer reach `content_blocks`."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from grok_emulator import Emulator
from langchain_grok import ChatGrok, GrokConfigurationError
from tests.adapters.langchain_replies import (
    INVENTED,
    SEARCH,
    X_SEARCH,
    call,
    completion,
    message,
    reasoning,
    response,
)
from tests.conftest import KEY

IMAGE = "https://example.com/a.png"
INLINE = "data:image/png;base64,iVBORw=="
PDF = {"filename": "a.pdf", "mime_type": "application/pdf"}

HI = {"type": "input_text", "text": "Hi"}
LINKED = {"type": "input_image", "image_url": IMAGE}

BLOCKS: dict[str, tuple[Any, dict[str, Any]]] = {
    "string": ("Hi", {"type": "input_text", "text": "Hi"}),
    "text": ({"type": "text", "text": "Hi"}, HI),
    "input text": ({"type": "input_text", "text": "Hi"}, {"type": "input_text", "text": "Hi"}),
    "plain text": ({"type": "text-plain", "text": "Hi", "mime_type": "text/plain"}, HI),
    "openai image": (
        {"type": "image_url", "image_url": {"url": IMAGE, "detail": "low"}},
        {"type": "input_image", "image_url": IMAGE, "detail": "low"},
    ),
    "openai image as text": ({"type": "image_url", "image_url": IMAGE}, {"type": "input_image", "image_url": IMAGE}),
    "input image": ({"type": "input_image", "image_url": IMAGE}, {"type": "input_image", "image_url": IMAGE}),
    "v1 image url": ({"type": "image", "url": IMAGE}, {"type": "input_image", "image_url": IMAGE}),
    "v1 image inline": (
        {"type": "image", "base64": "iVBORw==", "mime_type": "image/png"},
        {"type": "input_image", "image_url": INLINE},
    ),
    "v1 image id": ({"type": "image", "file_id": "file-1"}, {"type": "input_image", "file_id": "file-1"}),
    "v0 image": (
        {"type": "image", "source_type": "base64", "data": "iVBORw==", "mime_type": "image/png"},
        {"type": "input_image", "image_url": INLINE},
    ),
    "v0 image url": ({"type": "image", "source_type": "url", "url": IMAGE}, LINKED),
    "anthropic image": (
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="}},
        {"type": "input_image", "image_url": INLINE},
    ),
    "v1 file": (
        {"type": "file", "base64": "JVBERg==", "mime_type": "application/pdf", "filename": "a.pdf"},
        {"type": "input_file", "file_data": "JVBERg==", **PDF},
    ),
    "v1 file url": ({"type": "file", "url": "https://e.example/a.pdf"}, {"type": "input_file", "file_url": "https://e.example/a.pdf"}),
    "v1 file id": ({"type": "file", "file_id": "file-1"}, {"type": "input_file", "file_id": "file-1"}),
    "openai file": (
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERg==", "filename": "a.pdf"}},
        {"type": "input_file", "file_data": "JVBERg==", **PDF},
    ),
    "input file": ({"type": "input_file", "file_url": "https://e.example/a"}, {"type": "input_file", "file_url": "https://e.example/a"}),
}  # fmt: skip


@pytest.fixture
def grok(emulator: Emulator) -> ChatGrok:
    return ChatGrok(base_url=emulator.base_url, api_key=KEY, max_retries=0)


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("where", ["user", "tool"])
def test_content_blocks_of_every_generation_reach_the_wire(
    emulator: Emulator, grok: ChatGrok, name: str, where: str
) -> None:
    block, expected = BLOCKS[name]
    emulator.reply(response(message("ok")))
    if where == "user":
        grok.invoke([HumanMessage(["Look:", block])])
        content = emulator.requests[-1].body["input"][0]["content"]
    else:
        asked = AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "c"}])
        grok.invoke([HumanMessage("?"), asked, ToolMessage(["Look:", block], tool_call_id="c")])
        content = emulator.requests[-1].body["input"][-1]["output"]
    if expected["type"] == "input_text":
        assert content in ("Look:Hi", [{"type": "input_text", "text": "Look:"}, expected])
    else:
        assert content == [{"type": "input_text", "text": "Look:"}, expected]


def test_images_on_chat(emulator: Emulator) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, api="chat")
    emulator.reply(completion("ok"))
    model.invoke([HumanMessage([{"type": "text", "text": "Look:"}, {"type": "image", "url": IMAGE}])])
    assert emulator.requests[-1].body["messages"][0]["content"][1] == {"type": "image_url", "image_url": {"url": IMAGE}}


@pytest.mark.parametrize(
    ("block", "named"),
    [
        ({"type": "video", "url": IMAGE}, "messages.0.*'video'"),
        ({"type": "image"}, "'image' block has no data"),
        ({"no": "type"}, "of type None"),
    ],
)
def test_what_cannot_be_sent_is_named(grok: ChatGrok, block: dict[str, Any], named: str) -> None:
    with pytest.raises(GrokConfigurationError, match=named):
        grok.invoke([HumanMessage([block])])


X_ASKED = {"query": "moon", "limit": 5}
CITED = [
    {"type": "url_citation", "url": "https://moon.example", "title": "1", "start_index": 5, "end_index": 9},
    {"type": "url_citation", "url": "https://old.example"},
    {"type": "file_citation", "file_id": "file-1"},
]
OUTPUT = [
    reasoning("Hm."),
    SEARCH,
    X_SEARCH,
    message("Rock.[1].", annotations=CITED),
    INVENTED,
    call("weigh", '{"what":"moon"}'),
]


def expected_blocks() -> list[dict[str, Any]]:
    return [
        {"type": "reasoning", "reasoning": "Hm.", "id": "rs_resp-1"},
        {"type": "server_tool_call", "id": "ws_resp-1", "name": "web_search", "args": {"query": "moon"}},
        {
            "type": "server_tool_result",
            "tool_call_id": "ws_resp-1",
            "status": "success",
            "output": {"sources": SEARCH["action"]["sources"]},  # type: ignore[index]
        },
        {"type": "server_tool_call", "id": "ctc_resp-1", "name": "x_keyword_search", "args": X_ASKED},
        {"type": "server_tool_result", "tool_call_id": "ctc_resp-1", "status": "success"},
        {
            "type": "text",
            "text": "Rock.[1].",
            "annotations": [
                {"type": "citation", "url": "https://moon.example", "title": "1", "start_index": 5, "end_index": 9},
                {"type": "citation", "url": "https://old.example"},
                {"type": "non_standard_annotation", "value": CITED[2]},
            ],
            "id": "msg_resp-1",
        },
        {"type": "non_standard", "value": INVENTED},
        {"type": "tool_call", "id": "call-0", "name": "weigh", "args": {"what": "moon"}},
    ]  # fmt: skip


def test_every_fact_has_its_block(emulator: Emulator, grok: ChatGrok) -> None:
    emulator.reply(response(*OUTPUT))
    answer = grok.invoke("?")
    assert answer.content == "Rock.[1]."
    assert answer.content_blocks == expected_blocks()
    assert answer.tool_calls == [{"name": "weigh", "args": {"what": "moon"}, "id": "call-0", "type": "tool_call"}]
    assert answer.additional_kwargs["reasoning_content"] == "Hm."


def test_sealed_reasoning_shows_no_empty_block(emulator: Emulator, grok: ChatGrok) -> None:
    emulator.reply(response(reasoning(), message("ok")))
    answer = grok.invoke("?")
    assert [block["type"] for block in answer.content_blocks] == ["text"]
    assert answer.additional_kwargs["xai_output_v1"][0]["encrypted_content"] == "c2VhbGVk"


def test_metadata_and_usage(emulator: Emulator, grok: ChatGrok) -> None:
    emulator.reply(response(message("ok"), system_fingerprint="fp_1"), headers={"x-request-id": "req-1"})
    answer = grok.invoke("?")
    assert answer.usage_metadata == {
        "input_tokens": 30,
        "output_tokens": 20,
        "total_tokens": 50,
        "input_token_details": {"cache_read": 10},
        "output_token_details": {"reasoning": 12},
    }
    metadata = answer.response_metadata
    assert metadata["cost_usd"] == pytest.approx(0.0037756)
    assert metadata["token_usage"]["cost_in_usd_ticks"] == 37_756_000
    expected = {"model_provider": "xai", "model_name": "grok-4.7", "id": "resp-1", "finish_reason": "stop"}
    assert {k: metadata[k] for k in expected} == expected
    assert (metadata["service_tier"], metadata["system_fingerprint"]) == ("default", "fp_1")
    assert metadata["request_id"] == "req-1"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "stop"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter"),
    ],
)
def test_finish_reasons(emulator: Emulator, grok: ChatGrok, fields: dict[str, Any], reason: str) -> None:
    emulator.reply(response(message("ok"), **fields))
    assert grok.invoke("?").response_metadata["finish_reason"] == reason
    emulator.reply(response(call("f", ""), **fields))
    assert grok.invoke("?").response_metadata["finish_reason"] == "tool_calls"


def test_a_refusal_is_no_text(emulator: Emulator, grok: ChatGrok) -> None:
    refusal = {**message(), "content": [{"type": "refusal", "refusal": "No."}]}
    emulator.reply(response(refusal))
    answer = grok.invoke("?")
    assert (answer.content, answer.additional_kwargs["refusal"]) == ("", "No.")
    assert answer.content_blocks == [{"type": "non_standard", "value": {"type": "refusal", "refusal": "No."}}]


def test_a_picture_that_was_made_is_an_image_block(emulator: Emulator, grok: ChatGrok) -> None:
    made = {
        "type": "image_generation_call",
        "id": "ig_1",
        "status": "completed",
        "prompt": "moon",
        "result": "iVBORw==",
    }
    emulator.reply(response(made, message("Here.")))
    blocks = grok.invoke("?").content_blocks
    assert [b["type"] for b in blocks] == ["server_tool_call", "server_tool_result", "image", "text"]
    assert blocks[2]["base64"] == "iVBORw=="  # type: ignore[typeddict-item]


def test_malformed_arguments_are_an_invalid_call(emulator: Emulator, grok: ChatGrok) -> None:
    emulator.reply(response(call("weigh", '{"what": "mo')))
    answer = grok.invoke("?")
    assert answer.tool_calls == []
    assert answer.invalid_tool_calls[0]["args"] == '{"what": "mo'


def test_several_answers_on_chat(emulator: Emulator) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, api="chat", n=2)
    body = completion("one")
    body["choices"].append({"index": 1, "message": {"role": "assistant", "content": "two"}, "finish_reason": "stop"})
    emulator.reply(body)
    emulator.reply(body)
    result = model.generate([[HumanMessage("?")]])
    assert [g.text for g in result.generations[0]] == ["one", "two"]
    assert [g.message.usage_metadata is not None for g in result.generations[0]] == [True, False]  # type: ignore[union-attr]
    assert [chunk.content for chunk in model.stream("?")] == ["one"]  # several answers are never streamed
    assert "stream" not in emulator.requests[-1].body
    assert emulator.requests[-1].body["n"] == 2


def test_logprobs_where_sent(emulator: Emulator) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, api="chat")
    body = completion("Hi")
    body["choices"][0]["logprobs"] = {"content": [{"token": "Hi", "logprob": -0.1}]}
    emulator.reply(body)
    assert model.invoke("?").response_metadata["logprobs"] == {"content": [{"token": "Hi", "logprob": -0.1}]}
