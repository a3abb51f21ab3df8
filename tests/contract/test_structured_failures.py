"""Answers that are not the structure asked for: one error, with the text and the finish reason, from every way in."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel

from grok_adapter.errors import GrokStructuredOutputError
from grok_emulator import Emulator
from langchain_grok import ChatGrok
from llama_index_grok import Grok
from tests.adapters.langchain_replies import call, completion, message, reasoning, response
from tests.conftest import KEY
from tests.support.ways import APIS


class City(BaseModel):
    """A city."""

    name: str
    people: int


PROMPT = PromptTemplate("Which city? {text}")
CUT: dict[str, Any] = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
REFUSED = {"type": "message", "id": "m", "role": "assistant", "content": [{"type": "refusal", "refusal": "I won't."}]}


def chat_cut(text: str) -> dict[str, Any]:
    body = completion(text)
    body["choices"][0]["finish_reason"] = "length"
    return body


def chat_call(arguments: str) -> dict[str, Any]:
    return completion("", calls=[{"type": "function", "id": "c", "function": {"name": "City", "arguments": arguments}}])


# What came, in text and as a call, on both APIs; what `raw` and `finish_reason` must then be.
TEXTS: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "invalid": (response(message("Bern, of course.")), completion("Bern, of course."), "Bern, of course.", "stop"),
    "cut": (response(message('{"name": "Be'), **CUT), chat_cut('{"name": "Be'), '{"name": "Be', "length"),
    "refused": (response(REFUSED), completion(None, message={"refusal": "I won't."}), "I won't.", "stop"),
    "does not fit": (response(message('{"name": 7}')), completion('{"name": 7}'), '{"name": 7}', "stop"),
    "only thought": (response(reasoning("Hm."), **CUT), chat_cut(""), "", "length"),
    "nothing": (response(), completion(""), "", "stop"),
}
CALLS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "invalid": (response(call("City", "{name")), chat_call("{name"), "{name"),
    "cut": (response(call("City", '{"name": "Be'), **CUT), chat_call('{"name": "Be'), '{"name": "Be'),
    "does not fit": (response(call("City", '{"name": 7}')), chat_call('{"name": 7}'), '{"name":7}'),
}


async def to_list(stream: Any) -> list[Any]:
    return [item async for item in stream]


async def to_list_of(stream: Any) -> list[Any]:
    return [item async for item in await stream]


LANGCHAIN: dict[str, Callable[[Any], Any]] = {
    "invoke": lambda reader: reader.invoke("?"),
    "ainvoke": lambda reader: asyncio.run(reader.ainvoke("?")),
    "stream": lambda reader: list(reader.stream("?")),
    "astream": lambda reader: asyncio.run(to_list(reader.astream("?"))),
}
LLAMA_INDEX: dict[str, Callable[[Grok], Any]] = {
    "structured_predict": lambda llm: llm.structured_predict(City, PROMPT, text="?"),
    "astructured_predict": lambda llm: asyncio.run(llm.astructured_predict(City, PROMPT, text="?")),
    "stream_structured_predict": lambda llm: list(llm.stream_structured_predict(City, PROMPT, text="?")),
    "astream_structured_predict": lambda llm: asyncio.run(
        to_list_of(llm.astream_structured_predict(City, PROMPT, text="?"))
    ),
    "as_structured_llm.chat": lambda llm: llm.as_structured_llm(City).chat([ChatMessage(content="?")]),
    "as_structured_llm.stream_chat": lambda llm: list(
        llm.as_structured_llm(City).stream_chat([ChatMessage(content="?")])
    ),
    "as_structured_llm.complete": lambda llm: llm.as_structured_llm(City).complete("?"),
}


def raised(run: Callable[[Any], Any], what: Any) -> GrokStructuredOutputError:
    with pytest.raises(GrokStructuredOutputError) as caught:
        run(what)
    error = caught.value
    again = pickle.loads(pickle.dumps(error))
    assert (again.raw, again.finish_reason, str(again)) == (error.raw, error.finish_reason, str(error))
    return error


@pytest.mark.parametrize("way", LANGCHAIN)
@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("name", TEXTS)
def test_langchain_texts(emulator: Emulator, name: str, api: str, method: Any, way: str) -> None:
    responses, chat, raw, reason = TEXTS[name]
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, api=api)
    body = responses if api == "responses" else chat
    emulator.reply(body)
    error = raised(LANGCHAIN[way], model.with_structured_output(City, method=method))
    assert (error.raw, error.finish_reason) == (raw, reason)
    emulator.reply(body)
    both = model.with_structured_output(City, method=method, include_raw=True).invoke("?")
    assert both["parsed"] is None
    assert isinstance(both["parsing_error"], GrokStructuredOutputError)


@pytest.mark.parametrize("way", LANGCHAIN)
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("name", [*CALLS, *(f"text {name}" for name in TEXTS)])
def test_langchain_calls(emulator: Emulator, name: str, api: str, way: str) -> None:
    responses, chat, raw = CALLS[name] if name in CALLS else TEXTS[name.removeprefix("text ")][:3]
    emulator.reply(responses if api == "responses" else chat)
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, api=api)
    error = raised(LANGCHAIN[way], model.with_structured_output(City, method="function_calling"))
    assert error.raw.replace(" ", "") == raw.replace(" ", "")
    assert error.finish_reason


@pytest.mark.parametrize("way", LLAMA_INDEX)
@pytest.mark.parametrize("mode", ["default", "function", "llm"])
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("name", TEXTS)
def test_llama_index_texts(emulator: Emulator, name: str, api: str, mode: Any, way: str) -> None:
    responses, chat, raw, reason = TEXTS[name]
    emulator.reply(responses if api == "responses" else chat)
    llm = Grok(base_url=emulator.base_url, api_key=KEY, api=api, pydantic_program_mode=mode)
    error = raised(LLAMA_INDEX[way], llm)
    assert (error.raw, error.finish_reason) == (raw, reason)


@pytest.mark.parametrize("way", LLAMA_INDEX)
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("name", CALLS)
def test_llama_index_calls(emulator: Emulator, name: str, api: str, way: str) -> None:
    responses, chat, raw = CALLS[name]
    emulator.reply(responses if api == "responses" else chat)
    llm = Grok(base_url=emulator.base_url, api_key=KEY, api=api, pydantic_program_mode="function")
    error = raised(LLAMA_INDEX[way], llm)
    assert error.raw.replace(" ", "") == raw.replace(" ", "")
    assert error.finish_reason == "tool_calls"
