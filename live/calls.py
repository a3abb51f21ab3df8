"""The twenty calls: each asks something small and says what must be true of the answer.

A call raises `AssertionError` where a fact does not hold. Prompts are short, effort is low: all together cost cents.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from grok_adapter import (
    ChatResponse,
    GrokAuthenticationError,
    GrokClient,
    GrokModelNotFoundError,
    Message,
    WebSearch,
    XSearch,
)
from grok_adapter.assembler import fold
from grok_adapter.types import FunctionTool, ImagePart, JsonSchemaFormat, OtherItem, ReasoningItem, TextPart

Ask = Callable[..., GrokClient]
Call = Callable[[Ask], ChatResponse | None]

QUESTION = "Parcel 12 is late and parcel 7 is lost. Which parcel is late? Answer in five words at most."
TOOL = FunctionTool(
    "parcel_state",
    "The state of a parcel by its number.",
    {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]},
)
SCHEMA = {
    "type": "object",
    "properties": {"number": {"type": "integer"}, "late": {"type": "boolean"}},
    "required": ["number", "late"],
}


class Parcel(BaseModel):
    """What a structured answer must fit."""

    number: int
    late: bool


def user(text: str) -> Message:
    """A user's message."""
    return Message("user", (TextPart(text),))


def send(client: GrokClient, *messages: Message, stream: bool = False, **per_call: Any) -> ChatResponse:
    """One answer, whole or folded from a stream."""
    request = client.settings.to_request(messages, **per_call)
    return fold(client.stream(request)) if stream else client.complete(request)


def check_usage(response: ChatResponse) -> None:
    """What must be true of any answer."""
    usage = response.usage
    assert usage is not None, "no usage came"
    assert usage.input_tokens + usage.output_tokens == usage.total_tokens, usage
    assert usage.raw["total_tokens"] == usage.total_tokens, (usage, dict(usage.raw))
    assert usage.cost_in_usd_ticks is not None, "no cost came"
    assert response.id, "no id came"
    assert response.model, "no model came"


def text(ask: Ask, *, api: str, stream: bool) -> ChatResponse:
    """Plain text, and the usage of each API."""
    response = send(ask(api=api), user(QUESTION), stream=stream)
    assert "12" in response.text, response.text
    assert response.finish_reason == "stop", response.raw_finish_reason
    check_usage(response)
    return response


def reasoning(ask: Ask) -> ChatResponse:
    """Reasoning comes encrypted, and is taken back on the next turn."""
    client = ask()
    first = send(client, user(QUESTION))
    blobs = [item.encrypted_content for item in first.items if isinstance(item, ReasoningItem)]
    assert any(blobs), "no encrypted reasoning came"
    again = send(client, user(QUESTION), first.message, user("And which one is lost?"))
    assert "7" in again.text, again.text
    return again


def reasoning_on_chat(ask: Ask) -> ChatResponse:
    """On Chat Completions reasoning tokens are counted beside the completion tokens."""
    response = send(ask(api="chat", model="grok-4.3"), user(QUESTION))
    check_usage(response)
    usage = response.usage
    assert usage is not None
    assert usage.raw["completion_tokens"] + usage.reasoning_tokens == usage.output_tokens, dict(usage.raw)
    return response


def tool_loop(ask: Ask, *, api: str, stream: bool = False) -> ChatResponse:
    """A call of a function, its result, the answer."""
    client = ask(api=api)
    asked = user("What is the state of parcel number 12?")
    first = send(client, asked, tools=[TOOL], stream=stream)
    assert first.finish_reason == "tool_calls", first.raw_finish_reason
    (call,) = first.tool_calls
    assert json.loads(call.arguments) == {"number": 12}, call.arguments
    result = Message("tool", (TextPart("Parcel 12 waits in Bergen."),), tool_call_id=call.id)
    second = send(client, asked, first.message, result, tools=[TOOL], stream=stream)
    assert "Bergen" in second.text, second.text
    return second


def structured(ask: Ask, *, api: str) -> ChatResponse:
    """An answer that fits a schema."""
    schema = JsonSchemaFormat("parcel", SCHEMA)
    response = send(ask(api=api), user("Number: 12. Late: yes."), response_format=schema)
    assert Parcel.model_validate_json(response.text) == Parcel(number=12, late=True)
    return response


def search(ask: Ask, *, tool: Any, stream: bool) -> ChatResponse:
    """A search that xAI runs: its calls are no tool calls, its citations slice the text."""
    question = "Which version of the Lumen programming language is the latest? Search once."
    response = send(ask(), user(question), server_tools=[tool], stream=stream)
    assert response.tool_calls == ()
    assert any(isinstance(item, OtherItem) for item in response.items), "no search ran"
    for citation in response.citations:
        assert citation.url, citation
        if citation.start_index is not None:
            assert response.text[citation.start_index : citation.end_index].startswith("[["), citation
    return response


def stop(ask: Ask, *, api: str) -> ChatResponse:
    """A stop sequence ends the text, whoever has to cut it."""
    response = send(ask(api=api), user("Repeat exactly: Parcel 12 is late."), stop=["is late"])
    assert "is late" not in response.text, response.text
    assert response.finish_reason == "stop"
    return response


def image(ask: Ask) -> ChatResponse:
    """An image goes in as a data URL."""
    picture = Message("user", (TextPart("Which colour is this? One word."), ImagePart(url=red_square())))
    response = send(ask(), picture)
    assert response.text, "no answer came"
    return response


def red_square(side: int = 32) -> str:
    """A PNG as a data URL."""

    def block(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + b"\xff\x00\x00" * side for _ in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + block(b"IHDR", head) + block(b"IDAT", zlib.compress(rows)) + block(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(png).decode()


def stored(ask: Ask) -> ChatResponse:
    """A stored answer is continued by its id; only the new message is sent."""
    client = ask(store=True)
    first = send(client, user(QUESTION))
    assert first.id
    second = send(client, user("And which one is lost?"), previous_response_id=first.id)
    assert "7" in second.text, second.text
    return second


def cached(ask: Ask) -> ChatResponse:
    """A conversation id keeps the prompt cache: the same long prefix is cached the second time."""
    client = ask(conversation_id="live-check-1")
    prefix = Message("system", (TextPart("Notes on parcels. " + "Parcel 7 is lost; parcel 12 is late. " * 150),))
    send(client, prefix, user("Which parcel is late? One word."))
    response = send(client, prefix, user("Which parcel is lost? One word."))
    assert response.usage is not None
    assert response.usage.cached_tokens > 0, response.usage
    return response


def bad_key(ask: Ask) -> None:
    """A bad key is an authentication error, whatever its status."""
    try:
        send(ask(api_key="xai-not-a-key" if ask().settings.base_url.startswith("https") else "bad-key"), user("Hi"))
    except GrokAuthenticationError:
        return
    raise AssertionError("a bad key was taken")


def unknown_model(ask: Ask) -> None:
    """An unknown model is a not-found error, whatever its status."""
    try:
        send(ask(model="grok-does-not-exist"), user("Hi"))
    except GrokModelNotFoundError:
        return
    raise AssertionError("an unknown model was taken")


def retired(ask: Ask) -> ChatResponse:
    """A retired id is answered by another model, which the answer names."""
    response = send(ask(model="grok-3-mini"), user(QUESTION))
    assert response.model != "grok-3-mini", response.model
    return response


CALLS: dict[str, Call] = {
    "text, Responses": lambda ask: text(ask, api="responses", stream=False),
    "text, Responses, streamed": lambda ask: text(ask, api="responses", stream=True),
    "text, chat": lambda ask: text(ask, api="chat", stream=False),
    "text, chat, streamed": lambda ask: text(ask, api="chat", stream=True),
    "encrypted reasoning goes back": reasoning,
    "reasoning on chat": reasoning_on_chat,
    "tool loop, Responses": lambda ask: tool_loop(ask, api="responses"),
    "tool loop, Responses, streamed": lambda ask: tool_loop(ask, api="responses", stream=True),
    "tool loop, chat": lambda ask: tool_loop(ask, api="chat"),
    "structured output, Responses": lambda ask: structured(ask, api="responses"),
    "structured output, chat": lambda ask: structured(ask, api="chat"),
    "web search": lambda ask: search(ask, tool=WebSearch(), stream=False),
    "X search, streamed": lambda ask: search(ask, tool=XSearch(), stream=True),
    "stop, Responses": lambda ask: stop(ask, api="responses"),
    "image": image,
    "stored answer": stored,
    "prompt cache": cached,
    "bad key": bad_key,
    "unknown model": unknown_model,
    "retired id": retired,
}
