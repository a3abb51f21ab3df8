"""What is turned down, with which status and body; and what is accepted although it looks odd."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from .conftest import Wire

USER = [{"role": "user", "content": "Hello!"}]
PING = {"name": "ping", "description": "Pings.", "parameters": {"type": "object", "properties": {}}}
CHAT_PING, PING_TOOL = {"type": "function", "function": PING}, {"type": "function", **PING}
CALL = {"id": "c1", "type": "function", "function": {"name": "ping", "arguments": "{"}}
FAKE_PNG = "data:image/png;base64," + base64.b64encode(b"no picture").decode()
REAL_PNG = "data:image/jpeg;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 64).decode()

CHAT = [
    ({"model": "grok-99"}, 400, "Model not found: grok-99"),
    ({"model": None}, 400, "Model not found: latest"),
    ({"presence_penalty": 0}, 400, "Argument not supported on this model: presencePenalty"),
    ({"frequency_penalty": 0.5}, 400, "Argument not supported on this model: frequencyPenalty"),
    ({"model": "grok-4.6", "stop": ["x"]}, 400, "Model grok-4.6 does not support parameter stop."),
    ({"model": "grok-4.6", "reasoning_effort": "none"}, 400, "does not support `reasoning_effort` value `none`"),
    ({"model": "grok-4.3", "reasoning_effort": "huge"}, 400, "Invalid reasoning effort."),
    ({"model": "grok-4.20", "reasoning_effort": "low"}, 400, "Argument not supported on this model: reasoning_effort"),
    ({"messages": []}, 400, "Messages cannot be empty"),
    ({"messages": [{"role": "user", "content": ""}]}, 400, "at least one content element"),
    ({"messages": [{"role": "user", "content": None}]}, 422, "messages[0].content: invalid type: null"),
    ({"messages": [{"role": "robot", "content": "x"}]}, 422, "unknown variant `robot`, expected one of `developer`"),
    ({"messages": "Hello!"}, 422, "messages: invalid type"),
    ({"temperature": "hot"}, 422, "temperature: invalid type"),
    ({"temperature": 3}, 400, "temperature"),
    ({"tools": [CHAT_PING, CHAT_PING]}, 400, "Duplicate tool names: ping"),
    ({"tool_choice": "auto"}, 400, "A tool_choice was set on the request but no tools were specified."),
    ({"tools": [{"type": "web_search"}]}, 422, "unknown variant `web_search`"),
    ({"tools": [{"type": "live_search", "sources": []}]}, 410, "Live search is deprecated"),
    ({"search_parameters": {"mode": "auto"}}, 410, "Live search is deprecated"),
    ({"stream": True, "deferred": True}, 400, "either be streaming or deferred"),
    ({"messages": [*USER, {"role": "assistant", "content": "", "tool_calls": [CALL]}]}, 400, "tool_call with ID 'c1'"),
    (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": FAKE_PNG}}]}]},
        400,
        "Invalid PNG",
    ),
    (
        {"tools": [{"type": "function", "function": {**PING, "parameters": {"type": "string"}}}]},
        400,
        "Invalid function schema",
    ),
    (
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "x", "schema": {"type": "object", "properties": {"a": {"enum": []}}}},
            }
        },
        400,
        "/properties/a/enum: [] has less than 1 item",
    ),
]
RESPONSES = [
    ({"model": "grok-99"}, 400, "Model not found: grok-99"),
    ({"max_tokens": 5}, 400, "max_output_tokens"),
    ({"response_format": {"type": "json_object"}}, 400, "text.format"),
    ({"background": True}, 400, "background"),
    ({"search_parameters": {}, "tools": [{"type": "live_search"}]}, 410, "Live search is deprecated"),
    ({"model": "grok-4.5", "reasoning": {"effort": "none"}}, 400, "does not support `reasoning_effort` value `none`"),
    ({"input": 5}, 422, "untagged enum ModelInput"),
    ({"input": [{"role": "user", "content": None}]}, 422, "untagged enum ModelInput"),
    ({"input": [{"type": "reasoning", "summary": [], "content": None}]}, 422, "untagged enum ModelInput"),
    ({"input": [{"role": "assistant", "content": ""}]}, 400, "at least one content element"),
    ({"input": []}, 400, "Messages cannot be empty"),
    (
        {"input": [{"type": "function_call", "call_id": "c", "name": "ping", "arguments": "[]"}]},
        400,
        "tool_call with ID 'c'",
    ),
    ({"input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]}, 400, "call_id"),
    ({"input": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}, 400, "Empty content block"),
    ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": FAKE_PNG}]}]}, 400, "Invalid PNG"),
    ({"instructions": "x", "previous_response_id": "none"}, 404, "not found"),
    ({"previous_response_id": "nobody"}, 404, "Response with id=nobody not found"),
    ({"tools": [{"type": "web_search"}, {"type": "web_search"}]}, 400, "Duplicate tool names: web_search"),
    ({"tools": [{"type": "web_search"}, {**PING_TOOL, "name": "web_search"}]}, 400, "Duplicate tool names: web_search"),
    ({"tools": [{"type": "telepathy"}]}, 422, "unknown variant `telepathy`"),
    ({"tools": [{"type": "function", "name": "ping"}]}, 422, "missing field `parameters`"),
    (
        {"tools": [{"type": "web_search", "allowed_domains": ["a.test"], "excluded_domains": ["b.test"]}]},
        400,
        "together",
    ),
    ({"tools": [{"type": "web_search", "filters": {"allowed_domains": list("abcdef")}}]}, 400, "at most 5"),
    ({"tools": [{"type": "code_interpreter", "container": {}}]}, 400, "container"),
    ({"tools": [PING_TOOL], "tool_choice": {"type": "web_search"}}, 422, "ModelToolChoice"),
    ({"tool_choice": "required"}, 400, "A tool_choice was set on the request but no tools were specified."),
]
ACCEPTED_CHAT = [
    {"model": "grok-4.3", "stop": ["zzz"]},
    {"max_tokens": 5},
    {"max_completion_tokens": 5},
    {"seed": 1, "user": "u"},
    {"logprobs": True, "top_logprobs": 3},
    {"nonsense": 1},
    {"model": "grok-4.6", "reasoning_effort": "minimal"},
    {"model": "grok-4.5", "reasoning_effort": "xhigh"},
    {"tools": [CHAT_PING], "tool_choice": "misspelt"},
    {"messages": [{"role": "developer", "content": "x"}, *USER, {"role": "system", "content": "y"}]},
    {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": REAL_PNG}}]}]},
]
ACCEPTED_RESPONSES = [
    {"stop": ["x"], "seed": 3},
    {"presence_penalty": 1},
    {"metadata": {"a": "b"}},
    {"truncation": "auto"},
    {"max_output_tokens": 100000000},
    {"store": False},
    {"reasoning": {"effort": "low", "summary": "concise"}},
    {"tools": [{"type": "code_interpreter"}, {"type": "mcp", "server_url": "https://m.test", "server_label": "m"}]},
    {"tools": [{"type": "file_search", "vector_store_ids": ["c1"]}, {"type": "image_generation"}]},
    {
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "See"}, {"type": "input_file", "file_id": "f"}]}
        ]
    },
    {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "https://pictures.test/a.png"}]}]},
]


@pytest.mark.parametrize(("fields", "status", "says"), CHAT)
def test_chat_refuses(wire: Wire, fields: dict[str, Any], status: int, says: str) -> None:
    body = {"model": "grok-4.3", "messages": USER, **fields}
    reply = wire.send("POST", "/chat/completions", body)
    assert (reply.status, says in reply.text) == (status, True), reply.text
    if status == 422:
        assert reply.headers["content-type"].startswith("text/plain")
        assert reply.text.startswith("Failed to deserialize the JSON body into the target type: ")
    elif status == 400 and "deferred" not in fields:
        assert set(reply.json) == {"code", "error"}
    assert "x-ratelimit-limit-requests" not in reply.headers


@pytest.mark.parametrize(("fields", "status", "says"), RESPONSES)
def test_responses_refuses(wire: Wire, fields: dict[str, Any], status: int, says: str) -> None:
    reply = wire.send("POST", "/responses", {"model": "grok-4.3", "input": "Hello!", **fields})
    assert (reply.status, says in reply.text) == (status, True), reply.text
    assert set(reply.json) == ({"error"} if status in (410, 422) else {"code", "error"})


@pytest.mark.parametrize("fields", ACCEPTED_CHAT)
def test_chat_accepts(wire: Wire, fields: dict[str, Any]) -> None:
    reply = wire.send("POST", "/chat/completions", {"model": "grok-4.3", "messages": USER, **fields})
    assert reply.status == 200, reply.text


@pytest.mark.parametrize("fields", ACCEPTED_RESPONSES)
def test_responses_accepts(wire: Wire, fields: dict[str, Any]) -> None:
    reply = wire.send("POST", "/responses", {"model": "grok-4.3", "input": "Hello!", **fields})
    assert reply.status == 200, reply.text
    assert reply.json["tools"] == [] or [tool["type"] for tool in fields["tools"]] == [
        t["type"] for t in reply.json["tools"]
    ]


def test_keys(wire: Wire) -> None:
    body = {"model": "grok-4.3", "input": "Hello!"}
    bad = wire.send("POST", "/responses", body, key="sk-1")
    assert bad.status == 400 and bad.json["error"].startswith("Incorrect API key provided.")
    assert wire.send("POST", "/responses", body, key=None).status == 401
    assert wire.send("POST", "/responses", body, key=None, headers={"x-api-key": "xai-1"}).status == 200
    assert wire.send("GET", "/models", key="sk-1").status == 400


def test_order_of_the_checks(wire: Wire) -> None:
    """Types before model, model before key, key before arguments."""
    assert wire.send("POST", "/chat/completions", b"{", key="bad").status == 400
    wrong = {"model": "grok-99", "messages": [{"role": "robot"}], "presence_penalty": 1}
    assert wire.send("POST", "/chat/completions", wrong, key="bad").status == 422
    wrong["messages"] = USER
    assert "Model not found" in wire.send("POST", "/chat/completions", wrong, key="bad").text
    wrong["model"] = "grok-4.3"
    assert "Incorrect API key" in wire.send("POST", "/chat/completions", wrong, key="bad").text
    assert "presencePenalty" in wire.send("POST", "/chat/completions", wrong).text


def test_unknown_route(wire: Wire) -> None:
    reply = wire.send("POST", "/embeddings", {})
    assert reply.status == 404 and "No handler found on route" in reply.text


@pytest.mark.parametrize(
    ("asked", "answers", "effort"),
    [
        ("grok-3-mini", "grok-4.3", "low"),
        ("grok-4", "grok-4.3", "low"),
        ("grok-3-fast", "grok-4.3", "none"),
        ("grok-4-fast-non-reasoning", "grok-4.3", "none"),
        ("grok-4.20", "grok-4.20-0309-reasoning", None),
        ("grok-code-fast-1", "grok-build-0.1", None),
        ("grok-4.7", "grok-4.7", "high"),
    ],
)
def test_which_model_answers(wire: Wire, asked: str, answers: str, effort: str | None) -> None:
    body = wire.responses("Hello!", model=asked).json
    assert (body["model"], body["reasoning"]["effort"]) == (answers, effort)


def test_a_prompt_longer_than_the_window_is_refused(wire: Wire) -> None:
    """In the words of a report (API notes 8.2), by the window of the model, before anything is spent."""
    text = "a " * 256_000
    for reply in (wire.responses(text, model="grok-build-0.1"), wire.chat(text, model="grok-build-0.1", stream=True)):
        assert reply.status == 400
        assert reply.json["code"] == "invalid-argument"
        assert "maximum prompt length is 256000 but the request contains 25" in reply.json["error"]
    assert wire.send("POST", "/tokenize-text", {"model": "grok-build-0.1", "text": text}).status == 200


@pytest.mark.parametrize("wrong", ["decline", [{"category": 1}], {"type": "policy"}])
def test_guidelines_are_a_list_of_policies(wire: Wire, wrong: object) -> None:
    assert wire.responses("Hello!", guidelines=wrong).status == 422
    assert wire.chat("Hello!", guidelines=wrong).status == 422
    right = [{"type": "policy", "category": "violence", "behavior": "decline"}]
    assert wire.responses("Hello!", guidelines=right).status == 200
