"""What the LlamaIndex tests share: a model at the emulator, the four ways to ask, answers in wire shape."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from llama_index.core.llms import ChatMessage, ChatResponse

from grok_emulator import Emulator
from llama_index_grok import Grok

KEY = "xai-test-key-0123456789abcdef"
APIS = ["responses", "chat"]
WAYS = ["chat", "achat", "stream_chat", "astream_chat"]
QUESTION = "The tower of Lima is 80 metres high. The tower of Oslo is 30 metres high. How high is the tower of Oslo?"
ANSWER = "The tower of Oslo is 30 metres high."


def grok(emulator: Emulator, **fields: Any) -> Grok:
    """A model that talks to the emulator."""
    return Grok(**{"base_url": emulator.base_url, "api_key": KEY, "max_retries": 0, **fields})


def responses_of(llm: Any, way: str, messages: Sequence[ChatMessage], **kwargs: Any) -> list[ChatResponse]:
    """All responses of one call, made in one of the four ways."""
    if way == "chat":
        return [llm.chat(messages, **kwargs)]
    if way == "achat":
        return [asyncio.run(llm.achat(messages, **kwargs))]
    if way == "stream_chat":
        return list(llm.stream_chat(messages, **kwargs))

    async def collect() -> list[ChatResponse]:
        return [response async for response in await llm.astream_chat(messages, **kwargs)]

    return asyncio.run(collect())


def ask(llm: Any, way: str, messages: Sequence[ChatMessage] | str, **kwargs: Any) -> ChatResponse:
    """The last response of one call."""
    given = [ChatMessage(content=messages)] if isinstance(messages, str) else messages
    return responses_of(llm, way, given, **kwargs)[-1]


def sent(emulator: Emulator, n: int = -1) -> dict[str, Any]:
    """The body of a request that the emulator got."""
    body: dict[str, Any] = emulator.requests[n].body
    return body


def turns(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The conversation in a body of either API."""
    out: list[dict[str, Any]] = body.get("input") or body["messages"]
    return out


def responses_body(*output: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A body of the Responses API."""
    usage = {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 40},
        "output_tokens": 50,
        "output_tokens_details": {"reasoning_tokens": 30},
        "total_tokens": 150,
        "cost_in_usd_ticks": 12_500_000,
    }
    return {
        "id": "resp-1",
        "object": "response",
        "created_at": 1_790_000_000,
        "model": "grok-4.7",
        "status": "completed",
        "output": list(output),
        "usage": usage,
        **fields,
    }


def chat_body(message: dict[str, Any], finish_reason: str = "stop", **fields: Any) -> dict[str, Any]:
    """A body of Chat Completions."""
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 40},
        "completion_tokens_details": {"reasoning_tokens": 30},
        "cost_in_usd_ticks": 12_500_000,
    }
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish_reason}
    return {
        "id": "resp-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "grok-4.7",
        "choices": [choice],
        "usage": usage,
        **fields,
    }


def said(text: str, *annotations: dict[str, Any], ident: str = "msg_1") -> dict[str, Any]:
    """A message item."""
    content = [{"type": "output_text", "text": text, "annotations": list(annotations), "logprobs": []}]
    return {"type": "message", "id": ident, "role": "assistant", "status": "completed", "content": content}


def thought(*summary: str, ident: str = "rs_1", encrypted: str | None = "c2VjcmV0") -> dict[str, Any]:
    """A reasoning item."""
    item: dict[str, Any] = {"type": "reasoning", "id": ident, "status": "completed"}
    item["summary"] = [{"type": "summary_text", "text": text} for text in summary]
    return item if encrypted is None else {**item, "encrypted_content": encrypted}


def called(name: str, arguments: Any, ident: str = "call-1") -> dict[str, Any]:
    """A function call item."""
    return {
        "type": "function_call",
        "id": f"fc_{ident}",
        "call_id": ident,
        "name": name,
        "arguments": arguments,
        "status": "completed",
    }


def searched(query: str, ident: str = "ws_1") -> dict[str, Any]:
    """A web search that xAI made."""
    action = {"type": "search", "query": query, "sources": [{"type": "url", "url": "https://example.com/a"}]}
    return {"type": "web_search_call", "id": ident, "status": "completed", "action": action}
