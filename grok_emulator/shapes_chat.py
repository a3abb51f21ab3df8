"""Chat Completions on the wire: the whole answer, and the same answer as the chunks of a stream.

A stream is always made from the whole answer, so the two cannot disagree; scripted answers take the same way.
API notes 2.3 to 2.5. Must not know: how an answer came about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .answering import Answer
from .models import fingerprint
from .reading import Task
from .usage import Spent, chat_usage, tokens


def whole(task: Task, answer: Answer, spent: Spent, *, answer_id: str, call_ids: list[str], now: int) -> dict[str, Any]:
    """The body of a non-streamed answer."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if answer.reasoning and task.model.shows_reasoning:
        message["reasoning_content"] = answer.reasoning
    if answer.calls:
        message["tool_calls"] = [
            {"id": call_id, "function": {"name": call.name, "arguments": call.arguments_json}, "type": "function"}
            for call_id, call in zip(call_ids, answer.calls, strict=True)
        ]
    message["refusal"] = None
    finish = "tool_calls" if answer.calls else "length" if answer.truncated else "stop"
    choices = [
        {"index": index, "message": message, "finish_reason": finish} for index in range(task.body.get("n") or 1)
    ]
    return {
        "id": answer_id,
        "object": "chat.completion",
        "created": now,
        "model": task.model.id,
        "choices": choices,
        "usage": chat_usage(spent, task.model, task.tier),
        "system_fingerprint": fingerprint(task.model),
        "service_tier": task.tier,
    }


def chunks(body: dict[str, Any], *, include_usage: bool, hidden_reasoning: int = 0) -> Iterator[dict[str, Any]]:
    """The chunks of a stream for a whole answer.

    Args:
        body: A whole answer.
        include_usage: Whether ``stream_options.include_usage`` was set: only then is there a usage chunk.
        hidden_reasoning: How many empty deltas stand for reasoning that the model does not show.
    """
    head = {"id": body.get("id"), "object": "chat.completion.chunk", "created": body.get("created")}
    head["model"] = body.get("model")
    tail: dict[str, Any] = {
        key: body[key] for key in ("system_fingerprint", "service_tier", "citations") if key in body
    }
    for choice in body["choices"]:
        index = choice.get("index", 0)
        for delta in _deltas(choice.get("message") or {}, hidden_reasoning):
            yield {**head, "choices": [{"index": index, "delta": delta}], **tail}
        end = {"index": index, "delta": {}, "finish_reason": choice.get("finish_reason") or "stop"}
        yield {**head, "choices": [end], **tail}
    if include_usage and "usage" in body:
        yield {**head, "choices": [], "usage": body["usage"], **tail}


def _deltas(message: dict[str, Any], hidden_reasoning: int) -> Iterator[dict[str, Any]]:
    """The role comes with the first payload, or alone when reasoning is hidden (API notes 2.5)."""
    payloads: list[dict[str, Any]] = [
        {"reasoning_content": piece} for piece in tokens(message.get("reasoning_content") or "")
    ]
    if not payloads and hidden_reasoning:
        payloads = [{} for _ in range(hidden_reasoning + 1)]
    payloads += [{"content": piece} for piece in tokens(message.get("content") or "")]
    payloads += [{"refusal": piece} for piece in tokens(message.get("refusal") or "")]
    for number, call in enumerate(message.get("tool_calls") or ()):
        payloads.append({"tool_calls": [{**call, "index": number}]})
    first, *rest = payloads or [{"content": ""}]
    yield {**first, "role": "assistant"}
    yield from rest
