"""Structured output: method x schema x streamed or not; and what happens when it is not what was asked."""

from __future__ import annotations

import asyncio
import json
from typing import Any, TypedDict

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.tools import tool
from pydantic import BaseModel, Field

from grok_emulator import Emulator
from langchain_grok import ChatGrok, GrokConfigurationError, GrokStructuredOutputError, WebSearch
from tests.adapters.langchain_replies import SEARCH, USAGE, call, completion, message, reasoning, response
from tests.conftest import KEY
from tests.support.generated import events_of


class City(BaseModel):
    """A city."""

    name: str = Field(description="Its name.")
    people: int = Field(description="How many live there.")


class CityDict(TypedDict):
    """A city."""

    name: str
    people: int


CITY_SCHEMA = {"title": "City", "description": "A city.", **City.model_json_schema()}
CityDict.__name__ = "City"
SCHEMAS: dict[str, Any] = {"pydantic": City, "typed dict": CityDict, "json schema": CITY_SCHEMA}
JSON = '{"name":"Bern","people":140000}'
VALUE = json.loads(JSON)


def model_at(emulator: Emulator, api: str = "responses") -> ChatGrok:
    return ChatGrok(base_url=emulator.base_url, api_key=KEY, api=api, max_retries=0)


def body_with(api: str, method: str, text: str = JSON) -> dict[str, Any]:
    if method == "function_calling":
        name = {"type": "function", "id": "c1", "function": {"name": "City", "arguments": text}}
        return response(call("City", text)) if api == "responses" else completion("", calls=[name])
    return response(message(text)) if api == "responses" else completion(text)


def plain(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else value


@pytest.mark.parametrize("api", ["responses", "chat"])
@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_object_comes_however_it_is_asked_for(emulator: Emulator, kind: str, method: Any, api: str) -> None:
    reader = model_at(emulator, api).with_structured_output(SCHEMAS[kind], method=method)
    wanted = City if kind == "pydantic" else dict
    body = body_with(api, method)
    emulator.reply(body)
    value = reader.invoke("?")
    assert isinstance(value, wanted)
    assert plain(value) == VALUE
    emulator.reply(body)
    assert asyncio.run(reader.ainvoke("?")) == value
    emulator.reply(events_of(api, body, 4))
    values = list(reader.stream("?"))
    assert values[-1] == value
    assert all(isinstance(each, wanted) for each in values)

    async def gather() -> list[Any]:
        return [each async for each in reader.astream("?")]

    emulator.reply(events_of(api, body, 4))
    assert asyncio.run(gather()) == values
    if kind != "pydantic" and method != "function_calling":
        assert len(values) > 2  # it grows


@pytest.mark.parametrize("kind", SCHEMAS)
def test_arguments_in_pieces_give_one_object(emulator: Emulator, kind: str) -> None:
    """xAI sends them whole, gateways may not; calls are handed out whole, so only the other methods' objects grow."""
    events = events_of("chat", body_with("chat", "function_calling"))
    at = next(n for n, event in enumerate(events) if "tool_calls" in str(event))
    (whole,) = events[at]["choices"][0]["delta"]["tool_calls"]
    pieces = [JSON[n : n + 6] for n in range(0, len(JSON), 6)]
    deltas = [{**whole, "function": {**whole["function"], "arguments": pieces[0]}}]
    deltas += [{"index": 0, "function": {"arguments": piece}} for piece in pieces[1:]]
    told = [{**events[at], "choices": [{"index": 0, "delta": {"tool_calls": [delta]}}]} for delta in deltas]
    emulator.reply([*events[:at], *told, *events[at + 1 :]])
    reader = model_at(emulator, "chat").with_structured_output(SCHEMAS[kind], method="function_calling")
    assert [plain(value) for value in reader.stream("?")] == [VALUE]


@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
@pytest.mark.parametrize("kind", SCHEMAS)
def test_partial_objects_only_ever_grow(emulator: Emulator, kind: str, method: Any) -> None:
    """Dicts show what has come; an object of a class is whole or not there."""
    reader = model_at(emulator).with_structured_output(SCHEMAS[kind], method=method)
    emulator.reply(events_of("responses", body_with("responses", method), 4))
    values = list(reader.stream("?"))
    if kind == "pydantic":
        assert values == [City(**VALUE)]
        return
    assert {"name": "Ber"} in values
    assert values[-1] == VALUE
    for value in values:
        assert VALUE["name"].startswith(value.get("name", ""))
        assert str(VALUE["people"]).startswith(str(value.get("people", "")))
    assert [len(str(value)) for value in values] == sorted(len(str(value)) for value in values)


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
@pytest.mark.parametrize("kind", SCHEMAS)
def test_raw_and_parsed_come_in_a_stream_too(emulator: Emulator, kind: str, method: Any) -> None:
    reader = model_at(emulator).with_structured_output(SCHEMAS[kind], method=method, include_raw=True)
    body = body_with("responses", method)
    emulator.reply(events_of("responses", body, 5))
    first, *others = reader.stream("?")
    total = dict(first)
    for piece in others:
        total |= {**piece, "raw": total["raw"] + piece["raw"]} if "raw" in piece else piece
    assert plain(total["parsed"]) == VALUE
    assert total["parsing_error"] is None
    assert total["raw"].usage_metadata["total_tokens"] == USAGE["total_tokens"]


@pytest.mark.parametrize("way", ["invoke", "stream"])
@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
def test_it_works_beside_tools_that_xai_runs(emulator: Emulator, method: Any, way: str) -> None:
    """The search, its reasoning and an earlier remark stand before the document; the document is what counts."""
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, server_tools=[WebSearch()])
    body = response(reasoning("Hm."), SEARCH, message(JSON))
    for reader in (
        model.with_structured_output(City, method=method),
        model_at(emulator).bind_tools([WebSearch()]).with_structured_output(City, method=method),  # type: ignore[attr-defined]
    ):
        emulator.reply(events_of("responses", body, 5) if way == "stream" else body)
        value = list(reader.stream("?"))[-1] if way == "stream" else reader.invoke("?")
        assert value == City(**VALUE)
        assert [t["type"] for t in emulator.requests[-1].body["tools"]] == ["web_search"]


@pytest.mark.parametrize("api", ["responses", "chat"])
def test_what_is_sent(emulator: Emulator, api: str) -> None:
    model = model_at(emulator, api)
    for method in ("json_schema", "json_mode", "function_calling"):
        emulator.reply(body_with(api, method))
        model.with_structured_output(City, method=method, strict=True).invoke("?")
        body = emulator.requests[-1].body
        asked = body["text"]["format"] if api == "responses" and "text" in body else body.get("response_format")
        if method == "json_schema":
            inner = asked["json_schema"] if api == "chat" else asked
            assert (asked["type"], inner["name"], inner["strict"]) == ("json_schema", "City", True)
            assert set(inner["schema"]["properties"]) == {"name", "people"}
        elif method == "json_mode":
            assert asked == {"type": "json_object"}
        else:
            assert asked is None
            named = (
                {"type": "function", "name": "City"}
                if api == "responses"
                else {"type": "function", "function": {"name": "City"}}
            )
            assert body["tool_choice"] == named
        assert "ls_structured_output_format" not in body


def test_the_last_of_several_documents_counts(emulator: Emulator) -> None:
    reader = model_at(emulator).with_structured_output(City)
    early = '{"name":"?","people":0}'
    for output in (
        [message(early, ident="m1"), reasoning("Hm."), message(JSON, ident="m2")],
        [message(early + "\n" + JSON)],
    ):
        body = response(*output)
        emulator.reply(body)
        assert plain(reader.invoke("?")) == VALUE
        emulator.reply(events_of("responses", body, 5))
        assert plain(list(reader.stream("?"))[-1]) == VALUE


def test_content_of_invoke_is_the_last_document_and_the_earlier_go_back(emulator: Emulator) -> None:
    model = model_at(emulator).bind(response_format={"type": "json_object"})
    emulator.reply(response(message('{"a":1}', ident="m1"), message('{"a":2}', ident="m2")))
    answer = model.invoke("?")
    assert answer.content == '{"a":2}'
    emulator.reply(response(message("{}")))
    model.invoke(["?", answer, "And now?"])
    items = [i for i in emulator.requests[-1].body["input"] if i.get("type") == "message"]
    assert [(i["id"], i["content"][0]["text"]) for i in items] == [("m1", '{"a":1}'), ("m2", '{"a":2}')]


CUT: dict[str, Any] = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
BROKEN = [
    (response(message('{"name":"Be'), **CUT), "length", "max_tokens"),
    (response(**CUT), "length", "reasoning: 12"),
    (response(message("Sure! Bern.")), "stop", "no JSON"),
    (response(message('{"name":"Bern"}')), "stop", "people: Field required"),
    (response({**message(), "content": [{"type": "refusal", "refusal": "I won't."}]}), "stop", "I won't."),
    (response(), "stop", "no JSON came"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "reason", "says"), BROKEN, ids=lambda v: v if isinstance(v, str) else "")
def test_what_is_no_structured_answer_says_why(
    emulator: Emulator, body: dict[str, Any], reason: str, says: str
) -> None:
    reader = model_at(emulator).with_structured_output(City)
    emulator.reply(body)
    with pytest.raises(GrokStructuredOutputError, match=says) as caught:
        reader.invoke("?")
    assert caught.value.finish_reason == reason
    assert isinstance(caught.value, (ValueError, OutputParserException))
    emulator.reply(events_of("responses", body, 4))
    with pytest.raises(GrokStructuredOutputError):
        list(reader.stream("?"))
    emulator.reply(body)
    out = model_at(emulator).with_structured_output(City, include_raw=True).invoke("?")
    assert out["parsed"] is None
    assert isinstance(out["parsing_error"], GrokStructuredOutputError)
    assert out["raw"].usage_metadata["total_tokens"] == USAGE["total_tokens"]


def test_include_raw_gives_all_three(emulator: Emulator) -> None:
    emulator.reply(response(message(JSON)))
    out = model_at(emulator).with_structured_output(City, include_raw=True).invoke("?")
    assert (out["parsed"], out["parsing_error"], out["raw"].content) == (City(**VALUE), None, JSON)


@tool
def count_people(city: str) -> int:
    """Counts the people of a city."""
    return 140_000


@pytest.mark.parametrize("how", ["bound before", "given beside"])
def test_tools_stay_beside_the_schema(emulator: Emulator, how: str) -> None:
    model = model_at(emulator)
    tools = [count_people, WebSearch()]
    if how == "bound before":
        reader = model.bind_tools(tools).with_structured_output(City)  # type: ignore[attr-defined]
    else:
        reader = model.with_structured_output(City, tools=tools)
    emulator.reply(response(call("count_people", '{"city":"Bern"}')))
    assert reader.invoke("?") is None  # a tool is called first
    body = emulator.requests[-1].body
    assert [t.get("name") or t["type"] for t in body["tools"]] == ["count_people", "web_search"]
    assert body["text"]["format"]["name"] == "City"


def test_tools_bound_before_stay_beside_the_function(emulator: Emulator) -> None:
    bound = model_at(emulator).bind_tools([count_people])
    reader = bound.with_structured_output(City, method="function_calling")  # type: ignore[attr-defined]
    emulator.reply(response(call("City", JSON)))
    assert reader.invoke("?") == City(**VALUE)
    assert [t["name"] for t in emulator.requests[-1].body["tools"]] == ["count_people", "City"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"schema": City, "method": "xml"}, "method='xml'"),
        ({"schema": None}, "schema is missing"),
        ({"schema": 5}, "schema=5"),
        ({"schema": {}}, "empty"),
        ({"schema": City, "method": "function_calling", "tools": [count_people]}, "exclude each other"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(GrokConfigurationError, match=says):
        ChatGrok(api_key=KEY).with_structured_output(**arguments)


def test_json_mode_without_a_schema(emulator: Emulator) -> None:
    emulator.reply(response(message('```json\n{"a": 1}\n```')))
    assert model_at(emulator).with_structured_output(method="json_mode").invoke("?") == {"a": 1}


@pytest.mark.parametrize("fields", [{"output_version": "v1"}, {"disable_streaming": True}, {"streaming": True}])
@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_it_works_whatever_the_model_is_told(emulator: Emulator, fields: dict[str, Any], method: Any) -> None:
    model = ChatGrok(base_url=emulator.base_url, api_key=KEY, **fields)
    body = body_with("responses", method)
    for include_raw in (False, True):
        reader = model.with_structured_output(City, method=method, include_raw=include_raw)
        emulator.reply(body)
        out = reader.invoke("?")
        emulator.reply(body)
        *_, last = reader.stream("?")
        if include_raw:
            assert out["parsing_error"] is None
            out, last = out["parsed"], last.get("parsed", City(**VALUE))
        assert plain(out) == plain(last) == VALUE
