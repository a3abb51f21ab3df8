"""Function names that xAI keeps for itself: renamed on the wire, and back in whole, streamed and broken answers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grok_adapter import ChatRequest, GrokClient, GrokConfigurationError, GrokStreamError, Message, WebSearch
from grok_adapter.assembler import fold
from grok_adapter.prepare import prepare
from grok_adapter.reserved import RESERVED_NAMES, CallReader, decoded_arguments, wire_names
from grok_adapter.tools import SERVER_TOOL_TYPES
from grok_adapter.types import FunctionTool, NamedTool, TextPart, ToolCall
from grok_emulator import Emulator
from tests.conftest import KEY

APIS = ["responses", "chat"]
USER = Message("user", (TextPart("Look it up."),))
SCHEMA = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}
NAMES = st.lists(st.sampled_from([*sorted(RESERVED_NAMES), "look", "client_web_search", "client_mcp"]), unique=True)


def tool(name: str) -> FunctionTool:
    return FunctionTool(name, "Looks something up.", SCHEMA)


def body_with_call(api: str, name: str, arguments: str = '{"query":"moon"}') -> dict[str, Any]:
    """An answer that calls one function."""
    if api == "chat":
        call = {"id": "call-0", "type": "function", "function": {"name": name, "arguments": arguments}}
        message = {"role": "assistant", "content": "", "tool_calls": [call]}
        return {"id": "c", "model": "grok-4.7", "choices": [{"message": message, "finish_reason": "tool_calls"}]}
    item = {"type": "function_call", "id": "fc_0", "call_id": "call-0", "name": name, "arguments": arguments}
    return {"id": "r", "model": "grok-4.7", "status": "completed", "output": [item]}


def names_in(body: dict[str, Any]) -> list[str]:
    """Every function name in a body: definitions, the choice, history."""
    found = [(t.get("function") or t)["name"] for t in body.get("tools", []) if t["type"] == "function"]
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        found.append((choice.get("function") or choice)["name"])
    for item in body.get("input") or body["messages"]:
        found += [call["function"]["name"] for call in item.get("tool_calls", [])]
        if item.get("type") == "function_call" or item.get("role") == "function":
            found.append(item["name"])
    return found


@given(NAMES, NAMES)
def test_the_map_is_a_bijection_that_avoids_every_name_in_use(names: list[str], taken: list[str]) -> None:
    renamed = wire_names(names, taken)
    assert set(renamed) == set(names) & RESERVED_NAMES
    assert len(set(renamed.values())) == len(renamed)
    assert not set(renamed.values()) & (set(names) | set(taken) | RESERVED_NAMES)
    assert renamed == wire_names(reversed(names), taken)


def test_every_type_of_tool_is_reserved() -> None:
    named = {"browse_page", "web_search", "x_search", "tool_search", "collections_search", "file_search"}
    assert SERVER_TOOL_TYPES | named <= RESERVED_NAMES


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_no_reserved_name_is_ever_sent(api: str, name: str) -> None:
    asked = Message("assistant", (ToolCall("c", name, "{}"), ToolCall("d", "look", "{}")))
    results = [Message("tool", (TextPart("ok"),), tool_call_id=ident) for ident in "cd"]
    old = Message("function", (TextPart("ok"),), name=name)
    call = prepare(
        ChatRequest("grok-4.7", (USER, asked, *results, old), api=api, tools=(tool(name), tool("look")),  # type: ignore[arg-type]
                    tool_choice=NamedTool(name)),
    )  # fmt: skip
    sent = names_in(call.body)
    assert name not in sent
    assert {f"client_{name}", "look"} == set(sent)


@pytest.mark.parametrize("api", APIS)
def test_a_name_that_is_free_stays(api: str) -> None:
    call = prepare(ChatRequest("grok-4.7", (USER,), api=api, tools=(tool("look"), tool("client_web_search"))))  # type: ignore[arg-type]
    assert names_in(call.body) == ["look", "client_web_search"]
    assert call.calls is None


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("way", ["complete", "acomplete", "stream", "astream"])
def test_calls_come_back_under_their_own_names(emulator: Emulator, api: str, way: str) -> None:
    client = GrokClient(base_url=emulator.base_url, api_key=KEY, api=api)
    tools = [tool("web_search"), tool("client_web_search")]
    request = client.settings.to_request([USER], tools=tools, tool_choice=NamedTool("web_search"))

    async def gather() -> Any:
        return fold([delta async for delta in client.astream(request)])

    for wire, own in (("client_web_search_2", "web_search"), ("client_web_search", "client_web_search")):
        emulator.reply(body_with_call(api, wire))
        response: Any = {
            "complete": lambda: client.complete(request),
            "acomplete": lambda: asyncio.run(client.acomplete(request)),
            "stream": lambda: fold(client.stream(request)),
            "astream": lambda: asyncio.run(gather()),
        }[way]()
        assert [(call.name, call.arguments) for call in response.tool_calls] == [(own, '{"query":"moon"}')]
    assert names_in(emulator.requests[-1].body) == ["client_web_search_2", "client_web_search", "client_web_search_2"]
    again = client.settings.to_request(
        [USER, response.message, Message("tool", (TextPart("ok"),), tool_call_id="call-0")], tools=tools
    )
    assert prepare(again).body.get("tools") == emulator.requests[-1].body["tools"]


def test_the_calls_of_a_stream_that_broke_off_have_their_own_names_too(emulator: Emulator) -> None:
    client = GrokClient(base_url=emulator.base_url, api_key=KEY, max_retries=0)
    item = {"type": "function_call", "id": "fc", "call_id": "c", "name": "client_shell", "arguments": ""}
    emulator.reply(
        [
            {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Hm"},
            {"type": "response.output_item.added", "output_index": 1, "item": item},
            {"type": "response.function_call_arguments.done", "output_index": 1, "arguments": '{"query":"x"}'},
        ]
    )
    with pytest.raises(GrokStreamError) as caught:
        list(client.stream(client.settings.to_request([USER], tools=[tool("shell")])))
    assert caught.value.partial is not None
    assert [call.name for call in caught.value.partial.tool_calls] == ["shell"]


def test_all_of_several_answers_are_read(emulator: Emulator) -> None:
    body = body_with_call("chat", "client_mcp")
    body["choices"] *= 2
    emulator.reply(body)
    client = GrokClient(base_url=emulator.base_url, api_key=KEY, api="chat")
    response = client.complete(client.settings.to_request([USER], tools=[tool("mcp")], n=2))
    assert [answer.tool_calls[0].name for answer in (response, *response.alternatives)] == ["mcp", "mcp"]


def test_the_emulator_calls_a_renamed_function(emulator: Emulator) -> None:
    """It refuses a function that is named like a tool in the same request, as xAI does."""
    client = GrokClient(base_url=emulator.base_url, api_key=KEY, server_tools=[WebSearch()])
    response = client.complete(client.settings.to_request([USER], tools=[tool("web_search")], tool_choice="required"))
    assert [call.name for call in response.tool_calls] == ["web_search"]


def test_functions_in_extra_body_go_out_untouched_and_their_names_are_avoided() -> None:
    extra = {"tools": [{"type": "function", "name": "client_web_search", "parameters": SCHEMA}]}
    call = prepare(ChatRequest("grok-4.7", (USER,), tools=(tool("web_search"),), extra_body=extra))
    assert names_in(call.body) == ["client_web_search_2", "client_web_search"]


def test_names_are_still_checked_by_themselves() -> None:
    with pytest.raises(GrokConfigurationError, match="'web_search' twice"):
        prepare(ChatRequest("grok-4.7", (USER,), tools=(tool("web_search"), tool("web_search"))))


# --- HTML entities in arguments


ESCAPED = [
    ('{"c": "a &amp;&amp; b"}', {"c": "a && b"}),
    ('{"c": "x &lt; y &gt; z &quot;q&quot; &#39;s&#39; &#x27;"}', {"c": "x < y > z \"q\" 's' '"}),
    ('{"c": ["&lt;p&gt;", {"&lt;k": 1}]}', {"c": ["<p>", {"<k": 1}]}),
    ('{"c": "&amp;lt;p&amp;gt;"}', {"c": "&amp;lt;p&amp;gt;"}),  # someone wrote HTML that shows HTML
    ('{"c": "R&D &copy; &unknown; AT&T"}', {"c": "R&D &copy; &unknown; AT&T"}),
    ("{&quot;c&quot;: 1}", {"c": 1}),
]


@pytest.mark.parametrize(("arguments", "meant"), ESCAPED)
def test_entities_are_decoded_once(arguments: str, meant: Any) -> None:
    assert json.loads(decoded_arguments(arguments)) == meant


def test_text_that_is_no_json_either_way_is_kept() -> None:
    assert decoded_arguments("{&lt;") == "{&lt;"
    assert CallReader({}).call(None, "&lt;") == (None, "&lt;")


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("decode", [False, True])
def test_decoding_is_an_option(emulator: Emulator, api: str, stream: bool, decode: bool) -> None:
    client = GrokClient(base_url=emulator.base_url, api_key=KEY, api=api)
    emulator.reply(body_with_call(api, "look", '{"query":"a &amp;&amp; b"}'))
    request = client.settings.to_request([USER], tools=[tool("look")], decode_html_entities=decode)
    response = fold(client.stream(request)) if stream else client.complete(request)
    assert json.loads(response.tool_calls[0].arguments) == {"query": "a && b" if decode else "a &amp;&amp; b"}
