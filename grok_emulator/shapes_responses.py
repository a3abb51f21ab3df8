"""Responses on the wire: the whole answer, and the same answer as the events of a stream.

A stream is always made from the whole answer, so the two cannot disagree; scripted answers take the same way, which
is also how code, MCP, file and image items are produced. API notes 3.5, 3.6 and 3.10.
Must not know: how an answer came about.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterator
from typing import Any

from .answering import Answer
from .models import fingerprint
from .reading import Task
from .reasoning import seal
from .usage import Spent, responses_usage, tokens

Item = dict[str, Any]


def whole(
    task: Task, answer: Answer, spent: Spent, *, answer_id: str, call_ids: list[str], created: int, completed: int
) -> dict[str, Any]:
    """The body of a non-streamed answer, keys in the order in which xAI sends them."""
    body = task.body
    return {
        "created_at": created,
        "completed_at": None if answer.truncated else completed,
        "id": answer_id,
        "max_output_tokens": body.get("max_output_tokens"),
        "model": task.model.id,
        "object": "response",
        "output": _output(task, answer, answer_id, call_ids),
        "parallel_tool_calls": task.parallel,
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": {"effort": task.effort, "summary": "detailed"},
        "temperature": _or(body.get("temperature"), 0.7),
        "text": {"format": _format_echo(body)},
        "tool_choice": _or(body.get("tool_choice"), "auto"),
        "tools": [_tool_echo(tool) for tool in body.get("tools") or ()],
        "top_p": _or(body.get("top_p"), 0.95),
        "usage": responses_usage(spent, task.model, task.tier),
        "user": body.get("user"),
        "incomplete_details": {"reason": "max_output_tokens"} if answer.truncated else None,
        "status": "incomplete" if answer.truncated else "completed",
        "store": body.get("store") is not False,
        "metadata": {"system_fingerprint": fingerprint(task.model)},
        "background": False,
        "service_tier": task.tier,
        "truncation": "disabled",
        "top_logprobs": 0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "prompt_cache_key": body.get("prompt_cache_key"),
        "max_tool_calls": None,
        "safety_identifier": body.get("safety_identifier"),
        "error": None,
        "instructions": body.get("instructions"),
    }


def stream_echo(body: dict[str, Any], *, effort_sent: bool) -> dict[str, Any]:
    """The envelope as streams echo it: float32 numbers, and no effort unless one was sent (API notes 3.1, 3.5)."""
    echo = {**body, "temperature": _float32(body["temperature"]), "top_p": _float32(body["top_p"])}
    if not effort_sent:
        echo["reasoning"] = {"effort": None, "summary": None}
    return echo


def events(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The events of a stream for a whole answer."""
    for number, (kind, fields) in enumerate(_events(body)):
        yield {"sequence_number": number, "type": kind, **fields}


def _events(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    start = {**body, "output": [], "status": "in_progress", "completed_at": None, "usage": None}
    start["incomplete_details"] = None
    yield "response.created", {"response": start}
    yield "response.in_progress", {"response": start}
    for index, item in enumerate(body["output"]):
        steps = _ITEM_EVENTS.get(item.get("type"), _plain_item)
        yield from steps(item, {"item_id": item.get("id"), "output_index": index})
        yield "response.output_item.done", {"item": item, "output_index": index}
    status = body.get("status")
    yield f"response.{status if status in ('incomplete', 'failed') else 'completed'}", {"response": body}


def _added(item: Item, at: Item, **blank: Any) -> tuple[str, dict[str, Any]]:
    item = {**item, **blank, "status": "in_progress"}
    item.pop("encrypted_content", None)
    return "response.output_item.added", {"item": item, "output_index": at["output_index"]}


def _plain_item(item: Item, at: Item) -> Iterator[tuple[str, dict[str, Any]]]:
    yield _added(item, at)


def _reasoning(item: Item, at: Item) -> Iterator[tuple[str, dict[str, Any]]]:
    yield _added(item, at, summary=[])
    for number, part in enumerate(item.get("summary") or ()):
        here = {**at, "summary_index": number}
        yield "response.reasoning_summary_part.added", {**here, "part": {**part, "text": ""}}
        for piece in tokens(part["text"]):
            yield "response.reasoning_summary_text.delta", {"delta": piece, **here}
        yield "response.reasoning_summary_text.done", {**here, "text": part["text"]}
        yield "response.reasoning_summary_part.done", {**here, "part": part}


def _message(item: Item, at: Item) -> Iterator[tuple[str, dict[str, Any]]]:
    yield _added(item, at, content=[])
    for number, part in enumerate(item.get("content") or ()):
        here = {"content_index": number, **at}
        if part.get("type") != "output_text":
            yield "response.content_part.added", {**here, "part": part}
            yield "response.content_part.done", {**here, "part": part}
            continue
        blank = {**part, "text": "", "annotations": []}
        yield "response.content_part.added", {**here, "part": blank}
        for piece in tokens(part["text"]):
            yield "response.output_text.delta", {"delta": piece, **here, "logprobs": []}
        for position, annotation in enumerate(part.get("annotations") or ()):
            fields = {"annotation": annotation, "annotation_index": position, **here}
            yield "response.output_text.annotation.added", fields
        yield "response.output_text.done", {**here, "text": part["text"], "logprobs": []}
        yield "response.content_part.done", {**here, "part": part}


def _function_call(item: Item, at: Item) -> Iterator[tuple[str, dict[str, Any]]]:
    """All arguments in one delta (API notes 3.10)."""
    yield _added(item, at, arguments="")
    yield "response.function_call_arguments.delta", {"delta": item["arguments"], **at}
    yield "response.function_call_arguments.done", {"arguments": item["arguments"], **at}


def _custom_tool_call(item: Item, at: Item) -> Iterator[tuple[str, dict[str, Any]]]:
    yield _added(item, at, input="")
    yield "response.custom_tool_call_input.delta", {**at, "delta": item["input"]}
    yield "response.custom_tool_call_input.done", {**at, "input": item["input"]}


def _web_search_call(item: Item, at: Item) -> Iterator[tuple[str, dict[str, Any]]]:
    """Query and sources are empty until the item is done (API notes 3.10)."""
    action = item.get("action") or {}
    if action.get("type") == "search":
        yield _added(item, at, action={"type": "search", "query": "", "sources": []})
    else:
        yield _added(item, at)
    for state in ("in_progress", "searching", "completed"):
        yield f"response.web_search_call.{state}", dict(at)


def _code_interpreter_call(item: Item, at: Item) -> Iterator[tuple[str, dict[str, Any]]]:
    code = item.get("code") or ""
    yield _added(item, at, code="", outputs=None)
    yield "response.code_interpreter_call.in_progress", dict(at)
    yield "response.code_interpreter_call_code.delta", {"delta": code, **at}
    yield "response.code_interpreter_call_code.done", {"code": code, **at}
    yield "response.code_interpreter_call.interpreting", dict(at)
    yield "response.code_interpreter_call.completed", dict(at)


def _file_search_call(item: Item, at: Item) -> Iterator[tuple[str, dict[str, Any]]]:
    yield _added(item, at, queries=[], results=None)
    for state in ("in_progress", "searching", "completed"):
        yield f"response.file_search_call.{state}", dict(at)


def _mcp_call(item: Item, at: Item) -> Iterator[tuple[str, dict[str, Any]]]:
    arguments = item.get("arguments") or ""
    yield _added(item, at, arguments="", output=None)
    yield "response.mcp_call.in_progress", dict(at)
    yield "response.mcp_call_arguments.delta", {"delta": arguments, **at}
    yield "response.mcp_call_arguments.done", {"arguments": arguments, **at}
    yield f"response.mcp_call.{'failed' if item.get('error') else 'completed'}", dict(at)


def _image_generation_call(item: Item, at: Item) -> Iterator[tuple[str, dict[str, Any]]]:
    blank = {key: value for key, value in item.items() if key != "prompt"}
    yield _added(blank, at, result=None)
    for state in ("in_progress", "generating", "completed"):
        yield f"response.image_generation_call.{state}", dict(at)


_ITEM_EVENTS = {
    "reasoning": _reasoning,
    "message": _message,
    "function_call": _function_call,
    "custom_tool_call": _custom_tool_call,
    "web_search_call": _web_search_call,
    "code_interpreter_call": _code_interpreter_call,
    "file_search_call": _file_search_call,
    "mcp_call": _mcp_call,
    "image_generation_call": _image_generation_call,
}


def _output(task: Task, answer: Answer, answer_id: str, call_ids: list[str]) -> list[Item]:
    sealed = "reasoning.encrypted_content" in task.include or task.model.id == "grok-4.7"  # 4.7 never waits to be asked
    output: list[Item] = []
    if answer.reasoning:
        summary = [{"text": answer.reasoning, "type": "summary_text"}]
        output.append(_reasoning_item(task, f"rs_{answer_id}", summary, {"summary": answer.reasoning}, sealed))
    searches = []
    for number, search in enumerate(answer.searches):
        call_id = f"call-{uuid.uuid5(uuid.NAMESPACE_OID, answer_id)}-{number}"
        searches.append((f"tco_{answer_id}_{call_id}", search))
        if search.kind == "web_search":
            # Sources come unasked since summer 2026, on top of what ``include`` says (API notes 3.4).
            sources = [{"type": "url", "url": url} for url in search.urls]
            action: Item = {"type": "search", "query": search.query, "sources": sources}
            output.append(
                {"id": f"ws_{answer_id}_{call_id}", "type": "web_search_call", "status": "completed", "action": action}
            )
        else:
            xs_id = "xs_" + call_id
            output.append(
                {
                    "call_id": xs_id,
                    "input": search.input_json,
                    "name": search.name,
                    "type": "custom_tool_call",
                    "id": f"ctc_{answer_id}_{xs_id}",
                    "status": "completed",
                }
            )
    for number, picture in enumerate(answer.pictures):
        call_id = f"call-{uuid.uuid5(uuid.NAMESPACE_OID, answer_id)}-{number}"
        output.append(
            {
                "id": f"ig_{answer_id}_{call_id}",
                "type": "image_generation_call",
                "status": "completed",
                "result": picture.data,
                "prompt": picture.prompt,
            }
        )
    if searches and sealed and answer.reasoning:
        for item_id, search in searches:
            item = _reasoning_item(task, item_id, [], {"found": list(search.urls)}, sealed)
            item["encrypted_content"] = f"{item_id}_{item['encrypted_content']}"
            output.append(item)
        # The same id twice in one response is what xAI sends (API notes 3.6).
        output.append(_reasoning_item(task, f"rs_{answer_id}", [], {"step": 2}, sealed))
    for number, (call_id, call) in enumerate(zip(call_ids, answer.calls, strict=False)):
        output.append(
            {
                "arguments": call.arguments_json,
                "call_id": call_id,
                "name": call.name,
                "type": "function_call",
                "id": f"fc_{answer_id}_{number}",
                "status": "completed",
            }
        )
    if answer.text or not answer.calls:
        part = {"type": "output_text", "text": answer.text, "logprobs": [], "annotations": list(answer.annotations)}
        output.append(
            {
                "content": [part],
                "id": f"msg_{answer_id}",
                "role": "assistant",
                "type": "message",
                "status": "completed",
            }
        )
    return output


def _reasoning_item(task: Task, item_id: str, summary: list[Item], content: Item, sealed: bool) -> Item:
    item: Item = {"id": item_id, "summary": summary, "type": "reasoning", "status": "completed"}
    if sealed:
        item["encrypted_content"] = seal({"family": task.model.family, "item": item_id, **content})
    return item


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def _float32(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])


def _format_echo(body: dict[str, Any]) -> Item:
    """The echo drops name, strict and description (API notes 3.5)."""
    given = (body.get("text") or {}).get("format") or {"type": "text"}
    return {key: value for key, value in given.items() if key in ("type", "schema")}


def _tool_echo(tool: Item) -> Item:
    if tool["type"] == "function":
        return {**tool, "strict": bool(tool.get("strict"))}
    if tool["type"] == "web_search":
        return {**tool, "search_context_size": tool.get("search_context_size") or "medium"}
    return dict(tool)
