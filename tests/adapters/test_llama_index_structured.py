"""Structured output: native JSON schema, partial objects, the framework's other modes, answers that are none."""

from __future__ import annotations

import asyncio
from typing import Any, Generic, TypeVar

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.prompts import ChatPromptTemplate, PromptTemplate
from pydantic import BaseModel, Field

from grok_emulator import Emulator
from llama_index_grok import GrokStructuredOutputError
from tests.adapters.llama_index_support import APIS, WAYS, ask, called, grok, responses_body, said, sent, thought


class Person(BaseModel):
    """A person."""

    name: str
    age: int = Field(description="Age in years.")
    city: str | None = None


PROMPT = PromptTemplate("Who is it? {text}")
TEXT = "Anna is 34 years old."


async def collect(stream: Any) -> list[Any]:
    return [item async for item in await stream]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_structured_predict(emulator: Emulator, api: str, asynchronous: bool) -> None:
    llm = grok(emulator, api=api)
    if asynchronous:
        person = asyncio.run(llm.astructured_predict(Person, PROMPT, text=TEXT))
    else:
        person = llm.structured_predict(Person, PROMPT, text=TEXT)
    assert isinstance(person, Person)
    assert (person.name, person.age) == ("Anna", 34)
    body = sent(emulator)
    assert not {"tools", "tool_choice"} & set(body)
    asked = body["text"]["format"] if api == "responses" else body["response_format"]["json_schema"]
    assert asked["name"] == "Person"
    assert asked["schema"] == Person.model_json_schema()


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_partial_objects_fill_up(emulator: Emulator, api: str, asynchronous: bool) -> None:
    llm = grok(emulator, api=api)
    if asynchronous:
        objects = asyncio.run(collect(llm.astream_structured_predict(Person, PROMPT, text=TEXT)))
    else:
        objects = list(llm.stream_structured_predict(Person, PROMPT, text=TEXT))
    filled = [sum(value is not None for value in dict(item).values()) for item in objects]
    assert filled == sorted(filled)
    assert filled[0] < filled[-1]
    assert isinstance(objects[-1], Person)
    assert (objects[-1].name, objects[-1].age) == ("Anna", 34)


def test_partial_objects_of_a_class_with_aliases(emulator: Emulator) -> None:
    class Place(BaseModel):
        name: str = Field(alias="placeName")
        metres: int

    emulator.reply(responses_body(said('{"placeName": "Lima", "metres": 80}')))
    objects = list(grok(emulator).stream_structured_predict(Place, PROMPT, text="Lima"))
    assert {item.name for item in objects if item.name} >= {"Lima"}
    assert (objects[-1].name, objects[-1].metres) == ("Lima", 80)
    assert len(objects) > 1


def test_llm_kwargs_and_system_prompt(emulator: Emulator) -> None:
    llm = grok(emulator, system_prompt="Be exact.")
    prompt = ChatPromptTemplate(message_templates=[ChatMessage(content="Who is it? {text}")])
    llm.structured_predict(Person, prompt, llm_kwargs={"temperature": 0.0}, text=TEXT)
    assert sent(emulator)["temperature"] == 0.0
    assert sent(emulator)["input"][0] == {"role": "system", "content": "Be exact."}


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("mode", ["function", "llm"])
def test_other_modes_are_the_frameworks(emulator: Emulator, api: str, mode: str) -> None:
    llm = grok(emulator, api=api, pydantic_program_mode=mode)
    if mode == "function":
        person = llm.structured_predict(Person, PROMPT, text=TEXT)
        assert (person.name, person.age) == ("Anna", 34)
        assert sent(emulator)["tool_choice"] == "required"
        streamed = list(llm.stream_structured_predict(Person, PROMPT, text=TEXT))[-1]
        assert (streamed.name, streamed.age) == ("Anna", 34)
        assert asyncio.run(llm.astructured_predict(Person, PROMPT, text=TEXT)).name == "Anna"
    else:
        body = '{"name": "Anna", "age": 34}'
        emulator.reply(
            responses_body(said(body))
            if api == "responses"
            else {"id": "1", "choices": [{"message": {"content": body}, "finish_reason": "stop"}]}
        )
        assert llm.structured_predict(Person, PROMPT, text=TEXT).age == 34
        assert "text" not in sent(emulator)


@pytest.mark.parametrize("way", WAYS)
def test_as_structured_llm(emulator: Emulator, way: str) -> None:
    response = ask(grok(emulator).as_structured_llm(Person), way, f"Who is it? {TEXT}")
    assert isinstance(response.raw, Person)
    assert response.raw.name == "Anna"


@pytest.mark.parametrize(
    "format_",
    [
        Person,
        {"type": "json_schema", "json_schema": {"name": "Person", "schema": Person.model_json_schema()}},
        {"type": "json_schema", "name": "Person", "schema": Person.model_json_schema()},
    ],
)
def test_response_format_of_a_chat(emulator: Emulator, format_: Any) -> None:
    response = grok(emulator).chat([ChatMessage(content=f"Who is it? {TEXT}")], response_format=format_)
    assert Person.model_validate_json(response.message.content or "").name == "Anna"


T = TypeVar("T")


class Box(BaseModel, Generic[T]):
    """A box."""

    inside: T


def test_names_of_generic_classes_are_cleaned(emulator: Emulator) -> None:
    emulator.reply(responses_body(called("Box_int_", '{"inside": 3}')))
    by_function = grok(emulator, pydantic_program_mode="function")
    assert by_function.structured_predict(Box[int], PROMPT, text="3").inside == 3
    emulator.reply(responses_body(said('{"inside": 3}')))
    assert grok(emulator).structured_predict(Box[int], PROMPT, text="3").inside == 3
    assert sent(emulator)["text"]["format"]["name"] == "Box_int_"


def test_the_last_document_counts(emulator: Emulator) -> None:
    documents = [said('{"name": "Bo", "age": 1}'), said('{"name": "Anna", "age": 34}', ident="msg_2")]
    llm = grok(emulator)
    emulator.reply(responses_body(*documents))
    assert llm.structured_predict(Person, PROMPT, text=TEXT).name == "Anna"
    emulator.reply(responses_body(*documents))
    assert list(llm.stream_structured_predict(Person, PROMPT, text=TEXT))[-1].name == "Anna"


@pytest.mark.parametrize(
    "text", ['```json\n{"name": "Anna", "age": 34}\n```', '{"name": "Bo"}\n{"name": "Anna", "age": 34}']
)
def test_fences_and_earlier_documents_are_passed_over(emulator: Emulator, text: str) -> None:
    for streamed in (False, True):
        emulator.reply(responses_body(said(text)))
        llm = grok(emulator)
        found = list(llm.stream_structured_predict(Person, PROMPT, text=TEXT))[-1:] if streamed else []
        found = found or [llm.structured_predict(Person, PROMPT, text=TEXT)]
        assert found == [Person(name="Anna", age=34)]


def test_a_call_in_place_of_a_document(emulator: Emulator) -> None:
    emulator.reply(responses_body(called("Person", '{"name": "Anna", "age": 34}')))
    assert grok(emulator).structured_predict(Person, PROMPT, text=TEXT).age == 34


REFUSAL = {"type": "message", "id": "m", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
CUT = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}


@pytest.mark.parametrize(
    ("body", "words", "raw", "reason"),
    [
        (responses_body(said("Not JSON.")), "no JSON", "Not JSON.", "stop"),
        (responses_body(said('{"name": "An'), **CUT), "cut off", '{"name": "An', "length"),
        (responses_body(said('{"name": "Anna", "age": "old"}')), "age", '{"name": "Anna", "age": "old"}', "stop"),
        (responses_body(REFUSAL), "refused: No", "No.", "stop"),
        (responses_body(thought("Hm.")), "no JSON came", "", "stop"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_what_is_no_object_raises(
    emulator: Emulator, body: dict[str, Any], words: str, raw: str, reason: str, streamed: bool
) -> None:
    emulator.reply(body)
    llm = grok(emulator)

    def predict() -> Any:
        if streamed:
            return list(llm.stream_structured_predict(Person, PROMPT, text=TEXT))
        return llm.structured_predict(Person, PROMPT, text=TEXT)

    with pytest.raises(GrokStructuredOutputError, match=words) as caught:
        predict()
    assert (caught.value.raw, caught.value.finish_reason) == (raw, reason)
