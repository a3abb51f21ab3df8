"""`stop` works on every model, API and way to ask: over any chunk boundary, after reasoning, after calls."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from grok_adapter.models import ROWS, GrokModel
from grok_emulator import Emulator
from tests.adapters.langchain_replies import call, message, reasoning, response
from tests.support.generated import events_of
from tests.support.ways import APIS, WAYS, Way

TEXT = "one STO two ENDE three STOP four"
CASES = [
    (["STOP"], "one STO two ENDE three "),
    (["ENDE", "STOP"], "one STO two "),
    (["STOP", "ENDE"], "one STO two "),
    (["END", "ENDE"], "one STO two "),
    (["E three S"], "one STO two END"),
    (["one"], ""),
    (["STOPP", "five"], TEXT),
    ([""], TEXT),
    (["four"], "one STO two ENDE three STOP "),
]


def body_of(api: str) -> dict[str, Any]:
    """An answer with reasoning, on Responses with a call of a function before the text too."""
    if api == "responses":
        return response(reasoning("I think so."), call("look", '{"a": 1}'), message(TEXT))
    said = {"role": "assistant", "content": TEXT, "reasoning_content": "I think so."}
    return {
        "id": "c-1",
        "object": "chat.completion",
        "created": 1_791_000_000,
        "model": "grok-4.7",
        "service_tier": "default",
        "system_fingerprint": "fp_1",
        "choices": [{"index": 0, "message": said, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 9, "total_tokens": 14},
    }


def last_of(way: Way, model: Any, **options: Any) -> Any:
    """The message that is left of an answer, in the framework's own form."""

    async def collect() -> list[Any]:
        return [piece async for piece in await way.astream(model, **options)]

    if not way.streamed:
        asked: Any = "Hi" if way.provider == "langchain" else [_user("Hi")]
        sync, twin = ("invoke", "ainvoke") if way.provider == "langchain" else ("chat", "achat")
        if way.asynchronous:
            return asyncio.run(getattr(model, twin)(asked, **options))
        return getattr(model, sync)(asked, **options)
    pieces = asyncio.run(collect()) if way.asynchronous else list(way.stream(model, **options))
    if way.provider == "llama_index":
        return pieces[-1]
    return pieces[0] if len(pieces) == 1 else pieces[0] + pieces[1:]


def _user(text: str) -> Any:
    from llama_index.core.llms import ChatMessage

    return ChatMessage(content=text)


def facts_of(way: Way, answer: Any) -> tuple[str, list[str], str, dict[str, Any]]:
    """Text, names of the calls, reasoning, and what the answer says of itself."""
    if way.provider == "langchain":
        calls = [each["name"] for each in answer.tool_calls]
        return answer.text, calls, answer.additional_kwargs.get("reasoning_content", ""), answer.response_metadata
    blocks = answer.message.blocks
    calls = [block.tool_name for block in blocks if block.block_type == "tool_call"]
    thoughts = "".join(block.content or "" for block in blocks if block.block_type == "thinking")
    return answer.message.content or "", calls, thoughts, answer.additional_kwargs


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("api", APIS)
def test_the_text_ends_at_the_first_sequence(emulator: Emulator, api: str, way: Way) -> None:
    model = way.model(emulator.base_url, api=api)
    for stop, wanted in CASES:
        for size in (1, 3, 50) if way.streamed else (1,):
            body = body_of(api)
            emulator.reply(events_of(api, body, size) if way.streamed else body)
            text, calls, thoughts, said = facts_of(way, last_of(way, model, stop=stop))
            assert text == wanted, (stop, size)
            assert calls == (["look"] if api == "responses" else [])
            assert thoughts == "I think so."
            if wanted != TEXT:
                assert said["finish_reason"] == "stop"
                assert said.get("usage_estimated", False) == way.streamed
            if stop != [""]:
                assert [entry["name"] for entry in said["unsupported_parameters"]] == ["stop"]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_it_works_on_every_model(emulator: Emulator, row: GrokModel, way: Way) -> None:
    for api in row.apis:
        model = way.model(emulator.base_url, model=row.id, api=api, stop=[" red"])
        assert way.ask(model, "The gate is red. What colour is the gate?") == "The gate is"
        sent = emulator.requests[-1].body.get("stop")
        assert sent == ([" red"] if api == "chat" and "stop" not in row.refuses else None)
