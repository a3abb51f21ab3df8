"""The eight endpoints over both APIs: same answer, same facts, whichever way it was asked."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole, TextBlock, ThinkingBlock

from grok_emulator import Emulator
from llama_index_grok import Grok, GrokConfigurationError, GrokTimeoutError, GrokWarning, UnsupportedParameterWarning
from tests.adapters.llama_index_support import (
    ANSWER,
    APIS,
    QUESTION,
    WAYS,
    ask,
    chat_body,
    grok,
    responses_body,
    responses_of,
    said,
    sent,
    thought,
    turns,
)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("way", WAYS)
def test_chat_answers(emulator: Emulator, api: str, way: str) -> None:
    response = ask(grok(emulator, api=api), way, QUESTION)
    assert response.message.content == ANSWER
    assert response.message.role == MessageRole.ASSISTANT
    assert response.message.additional_kwargs == {}
    assert isinstance(response.raw, dict)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("way", ["complete", "acomplete", "stream_complete", "astream_complete"])
def test_complete_answers(emulator: Emulator, api: str, way: str) -> None:
    llm = grok(emulator, api=api)

    async def stream() -> list[Any]:
        return [response async for response in await llm.astream_complete(QUESTION)]

    match way:
        case "complete":
            responses = [llm.complete(QUESTION)]
        case "acomplete":
            responses = [asyncio.run(llm.acomplete(QUESTION))]
        case "stream_complete":
            responses = list(llm.stream_complete(QUESTION))
        case _:
            responses = asyncio.run(stream())
    last = responses[-1]
    assert last.text == ANSWER
    assert last.additional_kwargs["finish_reason"] == "stop"
    if len(responses) > 1:
        assert "".join(response.delta or "" for response in responses) == ANSWER


FACTS = {
    "model_provider": "xai",
    "model_name": "grok-4.7",
    "id": "resp-1",
    "finish_reason": "stop",
    "citations": [],
    "server_tool_calls": [],
    "prompt_tokens": 100,
    "completion_tokens": 50,
    "total_tokens": 150,
    "reasoning_tokens": 30,
    "cached_tokens": 40,
    "cost_usd": 0.00125,
}


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("way", WAYS)
def test_facts_have_one_place_and_one_value(emulator: Emulator, api: str, way: str) -> None:
    body = responses_body(thought("Let me see."), said("Hi.")) if api == "responses" else chat_body({"content": "Hi."})
    emulator.reply(body, headers={"x-request-id": "resp-1", "x-ratelimit-limit-requests": "60"})
    response = ask(grok(emulator, api=api), way, "Hello")
    facts = response.additional_kwargs
    assert {name: facts.get(name) for name in FACTS} == FACTS
    assert facts["usage"]["cost_in_usd_ticks"] == 12_500_000
    assert facts["request_id"] == "resp-1"
    assert facts["rate_limits"]["limit_requests"] > 0
    assert response.raw["usage"]["completion_tokens"] == 50
    json.dumps(facts)


@pytest.mark.parametrize("way", WAYS)
def test_reasoning_is_a_thinking_block(emulator: Emulator, way: str) -> None:
    emulator.reply(responses_body(thought("First. ", "Second."), said("Done.")))
    responses = responses_of(grok(emulator), way, [ChatMessage(content="Hello")])
    thinking, text = responses[-1].message.blocks
    assert isinstance(thinking, ThinkingBlock)
    assert thinking.content == "First. Second."
    assert isinstance(text, TextBlock)
    if len(responses) > 1:
        deltas = [r.additional_kwargs.get("thinking_delta", "") for r in responses]
        assert "".join(deltas) == "First. Second."
        assert "thinking_delta" not in responses[-1].additional_kwargs


def test_chat_api_shows_reasoning_content(emulator: Emulator) -> None:
    emulator.reply(chat_body({"content": "Done.", "reasoning_content": "Hm."}))
    llm = grok(emulator, api="chat", model="grok-4.3")
    first = llm.chat([ChatMessage(content="Hello")])
    assert first.message.blocks[0].content == "Hm."
    llm.chat([ChatMessage(content="Hello"), first.message, ChatMessage(content="More.")])
    assert turns(sent(emulator))[1] == {"role": "assistant", "content": "Done.", "reasoning_content": "Hm."}


@pytest.mark.parametrize("way", ["stream_chat", "astream_chat"])
def test_each_response_of_a_stream_is_a_snapshot(emulator: Emulator, way: str) -> None:
    responses = responses_of(grok(emulator), way, [ChatMessage(content=QUESTION)])
    contents = [response.message.content or "" for response in responses]
    assert contents == sorted(contents, key=len)
    assert contents[0] == ""  # still true when the stream has ended: no list is shared
    lists = {id(response.message.blocks) for response in responses}
    assert len(lists) == len(responses)
    text = ""
    for response in responses:
        text += response.delta or ""
        assert (response.message.content or "") == text


def test_a_further_text_block_starts_with_a_newline(emulator: Emulator) -> None:
    emulator.reply(responses_body(said("One."), said("Two.", ident="msg_2")))
    responses = list(grok(emulator).stream_chat([ChatMessage(content="Hello")]))
    assert responses[-1].message.content == "One.\nTwo."
    assert "".join(response.delta or "" for response in responses) == "One.\nTwo."


def test_plain_request_holds_nothing_that_was_not_asked(emulator: Emulator) -> None:
    grok(emulator, api="chat").chat([ChatMessage(content="Hello")])
    assert set(sent(emulator)) == {"model", "messages"}
    grok(emulator).chat([ChatMessage(content="Hello")])
    assert set(sent(emulator)) == {"model", "input", "store", "include"}
    assert sent(emulator)["store"] is False


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("temperature", 0.2, "temperature"),
        ("max_tokens", 99, "max_output_tokens"),
        ("reasoning_effort", "low", "reasoning"),
        ("user", "u-1", "user"),
        ("service_tier", "priority", "service_tier"),
        ("a_new_key", 7, "a_new_key"),
    ],
)
def test_keywords_of_one_call(emulator: Emulator, field: str, value: Any, place: str) -> None:
    emulator.reply(responses_body(said("Hi.")))
    response = grok(emulator).chat([ChatMessage(content="Hello")], **{field: value})
    assert sent(emulator)[place] == (value if field != "reasoning_effort" else {"effort": "low"})
    unchecked = [entry["name"] for entry in response.additional_kwargs.get("unsupported_parameters", [])]
    assert unchecked == (["a_new_key"] if field == "a_new_key" else [])


def test_additional_kwargs_go_into_the_body(emulator: Emulator) -> None:
    emulator.reply(responses_body(said("Hi.")))
    grok(emulator, additional_kwargs={"a_new_key": 7}).complete("Hello")
    assert sent(emulator)["a_new_key"] == 7


@pytest.mark.parametrize("name", ["timeout", "request_timeout"])
def test_timeout_of_one_call(name: str) -> None:
    with Emulator() as slow:  # one of its own: it goes on waiting when the client has left
        slow.delay(2.0)
        with pytest.raises(GrokTimeoutError, match="Timed out"):
            grok(slow).complete("Hello", **{name: 0.2})
        assert name not in sent(slow)


def test_lost_parameters_are_reported(emulator: Emulator) -> None:
    llm = grok(emulator, seed=7)
    with pytest.warns(UnsupportedParameterWarning, match="seed=7"):
        response = llm.complete("Hello")
    assert response.additional_kwargs["unsupported_parameters"][0]["name"] == "seed"


def test_stop_is_cut_here(emulator: Emulator) -> None:
    assert grok(emulator, stop=["30"]).complete(QUESTION).text == "The tower of Oslo is "
    assert [*grok(emulator).stream_complete(QUESTION, stop=["30"])][-1].text == "The tower of Oslo is "


def test_answer_cut_before_its_first_word_warns(emulator: Emulator) -> None:
    body = responses_body(thought("Hm."), status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    emulator.reply(body)
    with pytest.warns(GrokWarning, match="max_tokens=5 was reached with nothing visible"):
        response = grok(emulator, max_tokens=5).chat([ChatMessage(content="Hello")])
    assert response.additional_kwargs["finish_reason"] == "length"


def test_logprobs(emulator: Emulator) -> None:
    tokens = [{"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": []}]
    body = chat_body({"content": "Hi"})
    body["choices"][0]["logprobs"] = {"content": tokens}
    emulator.reply(body)
    response = grok(emulator, api="chat", model="grok-3", logprobs=True).chat([ChatMessage(content="Hello")])
    assert response.logprobs is not None
    assert response.logprobs[0][0].token == "Hi"


def test_alternatives(emulator: Emulator) -> None:
    body = chat_body({"content": "One"})
    body["choices"].append({"index": 1, "message": {"role": "assistant", "content": "Two"}, "finish_reason": "stop"})
    emulator.reply(body)
    response = grok(emulator, api="chat").chat([ChatMessage(content="Hello")], n=2)
    assert response.additional_kwargs["alternatives"] == [{"text": "Two", "finish_reason": "stop"}]


def test_refusal_is_a_fact_and_goes_back(emulator: Emulator) -> None:
    content = [{"type": "refusal", "refusal": "I will not."}]
    emulator.reply(responses_body({"type": "message", "id": "msg_1", "role": "assistant", "content": content}))
    llm = grok(emulator)
    first = llm.chat([ChatMessage(content="Hello")])
    assert first.additional_kwargs["refusal"] == "I will not."
    llm.chat([ChatMessage(content="Hello"), first.message, ChatMessage(content="Why?")])
    assert turns(sent(emulator))[1]["content"] == content


@pytest.mark.parametrize(
    ("model", "window"), [("grok-4.7", 500_000), ("grok-4.3", 1_000_000), ("anything-new", 256_000)]
)
def test_metadata(model: str, window: int) -> None:
    metadata = Grok(model=model, api_key="xai-x").metadata
    assert metadata.context_window == window
    assert metadata.is_chat_model
    assert metadata.is_function_calling_model
    assert metadata.model_name == model
    assert 1_000 < metadata.num_output < window // 10


def test_metadata_can_be_set() -> None:
    metadata = Grok(api_key="xai-x", context_window=9_000, max_tokens=300).metadata
    assert (metadata.context_window, metadata.num_output) == (9_000, 300)


def test_customary_names(emulator: Emulator) -> None:
    llm = Grok(
        model="grok-4.7",
        api_base=emulator.base_url,
        api_key="xai-x",
        reuse_client=False,
        completion_to_prompt=lambda prompt: f"{prompt} Thank you.",
        system_prompt="Be brief.",
    )
    assert llm.api_base == llm.base_url == emulator.base_url
    llm.complete("Hello")
    assert turns(sent(emulator)) == [{"role": "user", "content": "Hello Thank you."}]
    assert Grok(api_base=None, api_key="xai-x").base_url == "https://api.x.ai/v1"
    assert Grok.class_name() == "xai_grok_llm"


def test_system_prompt_in_predict(emulator: Emulator) -> None:
    from llama_index.core.prompts import PromptTemplate

    llm = grok(emulator, system_prompt="Be brief.")
    assert llm.predict(PromptTemplate("{q}"), q=QUESTION) == ANSWER
    assert turns(sent(emulator))[0] == {"role": "system", "content": "Be brief."}
    assert "".join(llm.stream(PromptTemplate("{q}"), q=QUESTION)) == ANSWER


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"api_key": None}, "XAI_API_KEY"),
        ({"api_key": "sk-other"}, "other providers"),
        ({"tempratur": 1}, "did you mean 'temperature'"),
        ({"api_base": "api.x.ai"}, "https://api.x.ai/v1"),
        ({"context_window": -1}, "context_window"),
        ({"model": ""}, "grok-4.7"),
    ],
)
def test_wrong_fields_say_what_to_do(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(GrokConfigurationError) as caught:
        Grok(**{"api_key": "xai-x", **fields})
    assert words in str(caught.value).splitlines()[-1]


@pytest.mark.parametrize("messages", [[], "Hello", [{"role": "user", "content": "Hello"}], ChatMessage(content="x")])
def test_wrong_messages_say_so(emulator: Emulator, messages: Any) -> None:
    with pytest.raises(GrokConfigurationError, match="messages"):
        grok(emulator).chat(messages)


def test_two_event_loops_one_model(emulator: Emulator) -> None:
    llm = grok(emulator)
    assert [asyncio.run(llm.acomplete(QUESTION)).text for _ in range(2)] == [ANSWER, ANSWER]


def test_many_at_once(emulator: Emulator) -> None:
    llm = grok(emulator)

    async def main() -> list[str]:
        return [r.text for r in await asyncio.gather(*(llm.acomplete(QUESTION) for _ in range(20)))]

    assert asyncio.run(main()) == [ANSWER] * 20


def test_response_type(emulator: Emulator) -> None:
    assert isinstance(grok(emulator).chat([ChatMessage(content="Hello")]), ChatResponse)
