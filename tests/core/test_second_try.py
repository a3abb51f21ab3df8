"""Schemas that xAI cannot read: one more try with plain ones, their constraints told in the descriptions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_adapter import GrokClient, GrokInvalidRequestError, GrokWarning, Message
from grok_adapter.assembler import fold
from grok_adapter.schemas import CONSTRAINTS, plain_schema, with_plain_schemas
from grok_adapter.types import FunctionTool, JsonSchemaFormat, TextPart
from grok_emulator import Emulator
from tests.conftest import KEY

USER = Message("user", (TextPart("?"),))
REFUSAL = {"code": "invalid-argument", "error": "Invalid arguments passed to the model."}
ERROR_EVENT = {"type": "error", "code": None, "message": "Invalid arguments passed to the model.", "param": None}
SCHEMA = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "pattern": "^/[a-z]+$", "maxLength": 9, "description": "Where."},
        "kind": {"enum": ["text/plain", "text/html"]},
        "pattern": {"type": "string", "minLength": 1},
        "many": {"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": 3},
        "one": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "ref": {"$ref": "#/$defs/Inner"},
    },
    "$defs": {"Inner": {"type": "object", "additionalProperties": False, "properties": {}}},
    "required": ["path"],
    "additionalProperties": False,
}
PLAIN = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "description": "Where. (pattern: ^/[a-z]+$; maxLength: 9)"},
        "kind": {"description": '(one of: "text/plain", "text/html")'},
        "pattern": {"type": "string", "description": "(minLength: 1)"},
        "many": {
            "type": "array",
            "items": {"type": "integer", "description": "(minimum: 1)"},
            "description": "(maxItems: 3)",
        },
        "one": {"anyOf": [{"type": "string", "description": "(format: date)"}, {"type": "null"}]},
        "ref": {"$ref": "#/$defs/Inner"},
    },
    "$defs": {"Inner": {"type": "object", "properties": {}}},
    "required": ["path"],
}
TOOL = FunctionTool("look", "Looks.", SCHEMA)
FORMAT = JsonSchemaFormat("answer", SCHEMA)
DONE = {"responses": {"id": "r", "status": "completed", "output": []}}
DONE["chat"] = {"id": "c", "choices": [{"message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}]}


def schemas_in(body: dict[str, Any]) -> list[Any]:
    found = [(tool.get("function") or tool)["parameters"] for tool in body.get("tools", [])]
    asked = body.get("text", {}).get("format") or (body.get("response_format") or {}).get("json_schema") or {}
    return found + ([asked["schema"]] if "schema" in asked else [])


def test_constraints_become_descriptions() -> None:
    assert plain_schema(SCHEMA) == PLAIN
    assert plain_schema(PLAIN) == PLAIN


def test_a_body_without_constraints_has_no_plainer_form() -> None:
    assert (
        with_plain_schemas({"input": [], "tools": [{"type": "web_search"}, {"type": "function"}], "text": {}}) is None
    )


schemas = st.recursive(
    st.one_of(st.booleans(), st.fixed_dictionaries({}, optional={"type": st.just("string"), "maxLength": st.just(3)})),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from(["a", "enum", "pattern", "format"]), inner, max_size=3),
            "items": inner,
            "anyOf": st.lists(inner, max_size=2),
            "enum": st.lists(st.sampled_from(["x", "x/y"]), min_size=1),
            "pattern": st.just("a+"),
        },
    ),
    max_leaves=6,
)


@given(schemas)
def test_every_property_survives_and_no_constraint_does(schema: Any) -> None:
    def walk(value: Any) -> None:
        if isinstance(value, dict):
            assert not set(value) & set(CONSTRAINTS)
            assert not any("/" in x for x in value.get("enum", ()))
            for inner in [*value.get("properties", {}).values(), value.get("items"), *value.get("anyOf", ())]:
                walk(inner)

    plain = plain_schema(schema)
    walk(plain)
    if isinstance(schema, dict):
        assert set(plain.get("properties", {})) == set(schema.get("properties", {}))


@pytest.mark.parametrize("api", ["responses", "chat"])
@pytest.mark.parametrize("way", ["complete", "acomplete", "stream", "astream"])
@pytest.mark.parametrize("refused_by", ["status", "event"])
def test_one_more_try_with_plain_schemas(emulator: Emulator, api: str, way: str, refused_by: str) -> None:
    if refused_by == "event" and "stream" in way:
        emulator.reply([ERROR_EVENT] if api == "responses" else [REFUSAL])
    else:
        emulator.fail(400, REFUSAL)
    emulator.reply(DONE[api])
    client = GrokClient(base_url=emulator.base_url, api_key=KEY, api=api, max_retries=0)
    request = client.settings.to_request([USER], tools=[TOOL], response_format=FORMAT)

    async def gather() -> Any:
        return fold([delta async for delta in client.astream(request)])

    with pytest.warns(GrokWarning, match="could not read the schemas.*Invalid arguments passed to the model"):
        response: Any = {
            "complete": lambda: client.complete(request),
            "acomplete": lambda: asyncio.run(client.acomplete(request)),
            "stream": lambda: fold(client.stream(request)),
            "astream": lambda: asyncio.run(gather()),
        }[way]()
    assert response.finish_reason == "stop"
    first, second = (sent.body for sent in emulator.requests)
    assert schemas_in(first) == [SCHEMA, SCHEMA]  # as they are
    assert schemas_in(second) == [PLAIN, PLAIN]
    left = {"tools", "text", "response_format"}
    assert {k: v for k, v in first.items() if k not in left} == {k: v for k, v in second.items() if k not in left}


@pytest.mark.parametrize("stream", [False, True])
def test_never_a_third_try(emulator: Emulator, stream: bool) -> None:
    emulator.fail(400, REFUSAL, times=3)
    client = GrokClient(base_url=emulator.base_url, api_key=KEY)
    request = client.settings.to_request([USER], tools=[TOOL])
    with pytest.warns(GrokWarning), pytest.raises(GrokInvalidRequestError, match="Invalid arguments passed"):
        _ = list(client.stream(request)) if stream else client.complete(request)
    assert len(emulator.requests) == 2


def test_other_refusals_are_not_tried_again(emulator: Emulator) -> None:
    emulator.fail(400, {"code": "invalid-argument", "error": "Invalid function schema. Tool: look"})
    client = GrokClient(base_url=emulator.base_url, api_key=KEY)
    with pytest.raises(GrokInvalidRequestError):
        client.complete(client.settings.to_request([USER], tools=[TOOL]))
    assert len(emulator.requests) == 1
