"""Hypothesis strategies: answers in the wire shapes of both APIs, and the streams that tell of them.

Written from the documented shapes, apart from the emulator, and odder than it: several messages, items that share an
id, unknown items, citations with and without offsets, calls without arguments.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

texts = st.text(min_size=1, max_size=40)
maybe_empty = st.text(max_size=20)
names = st.from_regex(r"[a-z][a-z_]{0,12}", fullmatch=True)
arguments = st.one_of(
    st.just("{}"),
    st.just(""),
    st.dictionaries(names, st.one_of(st.integers(-9, 9), maybe_empty, st.booleans()), max_size=3).map(
        lambda d: json.dumps(d, ensure_ascii=False)
    ),
)


@st.composite
def annotations(draw: st.DrawFn, text: str) -> list[dict[str, Any]]:
    out = []
    for n in range(draw(st.integers(0, 3))):
        mark: dict[str, Any] = {"type": "url_citation", "url": f"https://example.com/{n}"}
        if text and draw(st.booleans()):
            start = draw(st.integers(0, len(text) - 1))
            mark |= {"title": str(n + 1), "start_index": start, "end_index": draw(st.integers(start + 1, len(text)))}
        out.append(mark)
    return out


@st.composite
def message_items(draw: st.DrawFn, index: int) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 2))):
        if draw(st.integers(0, 9)) == 0:
            content.append({"type": "refusal", "refusal": draw(texts)})
        else:
            text = draw(texts)
            content.append(
                {"type": "output_text", "text": text, "logprobs": [], "annotations": draw(annotations(text))}
            )
    return {"type": "message", "id": f"msg_{index}", "role": "assistant", "status": "completed", "content": content}


@st.composite
def reasoning_items(draw: st.DrawFn) -> dict[str, Any]:
    item: dict[str, Any] = {"type": "reasoning", "id": "rs_shared", "status": "completed"}
    item["summary"] = [{"type": "summary_text", "text": t} for t in draw(st.lists(texts, max_size=2))]
    if draw(st.booleans()):
        item["encrypted_content"] = draw(st.from_regex(r"[A-Za-z0-9+/]{8,30}", fullmatch=True))
    if draw(st.integers(0, 4)) == 0:
        item["content"] = [{"type": "reasoning_text", "text": draw(texts)}]
    return item


@st.composite
def call_items(draw: st.DrawFn, index: int) -> dict[str, Any]:
    return {
        "type": "function_call",
        "id": f"fc_{index}",
        "call_id": f"call-{index}",
        "name": draw(names),
        "arguments": draw(arguments),
        "status": "completed",
    }


@st.composite
def other_items(draw: st.DrawFn, index: int) -> dict[str, Any]:
    return draw(
        st.sampled_from(
            [
                {
                    "type": "web_search_call",
                    "id": f"ws_{index}",
                    "status": "completed",
                    "action": {
                        "type": "search",
                        "query": "q",
                        "sources": [{"type": "url", "url": "https://a.example"}],
                    },
                },
                {
                    "type": "custom_tool_call",
                    "id": f"ctc_{index}",
                    "call_id": f"xs_call_{index}",
                    "name": "x_keyword_search",
                    "input": '{"query":"q"}',
                    "status": "completed",
                },
                {
                    "type": "code_interpreter_call",
                    "id": f"ci_{index}",
                    "code": "1",
                    "outputs": [],
                    "status": "completed",
                },
                {"type": "invented_call", "id": f"new_{index}", "field": {"deep": [1, None]}},
            ]
        )
    )


@st.composite
def usages(draw: st.DrawFn, api: str) -> dict[str, Any]:
    entered, visible, reasoning = (draw(st.integers(0, 9999)) for _ in range(3))
    cached = draw(st.integers(0, entered))
    if api == "chat":
        return {
            "prompt_tokens": entered,
            "completion_tokens": visible,
            "total_tokens": entered + visible + reasoning,
            "prompt_tokens_details": {"text_tokens": entered, "cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": reasoning},
            "cost_in_usd_ticks": draw(st.integers(0, 10**9)),
        }
    return {
        "input_tokens": entered,
        "input_tokens_details": {"cached_tokens": cached},
        "output_tokens": visible + reasoning,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": entered + visible + reasoning,
        "num_sources_used": 0,
        "num_server_side_tools_used": draw(st.integers(0, 3)),
        "cost_in_usd_ticks": draw(st.integers(0, 10**9)),
    }


@st.composite
def responses_bodies(draw: st.DrawFn) -> dict[str, Any]:
    """A whole body of `/v1/responses`."""
    output = []
    for index in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["message", "reasoning", "call", "other"]))
        make: Any = {
            "message": message_items(index),
            "reasoning": reasoning_items(),
            "call": call_items(index),
            "other": other_items(index),
        }
        output.append(draw(make[kind]))
    cut = draw(st.booleans())
    return {
        "id": "0f0e-response",
        "object": "response",
        "model": draw(st.sampled_from(["grok-4.7", "grok-4.3"])),
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "output": output,
        "usage": draw(st.one_of(st.none(), usages("responses"))),
        "service_tier": "default",
        "metadata": {"system_fingerprint": "fp_1"},
        "error": None,
    }


@st.composite
def chat_bodies(draw: st.DrawFn) -> dict[str, Any]:
    """A whole body of `/v1/chat/completions`."""
    message: dict[str, Any] = {"role": "assistant", "content": draw(maybe_empty), "refusal": None}
    if draw(st.booleans()):
        message["reasoning_content"] = draw(texts)
    calls = draw(st.integers(0, 2))
    if calls:
        message["tool_calls"] = [
            {"id": f"call_{n}", "type": "function", "function": {"name": draw(names), "arguments": draw(arguments)}}
            for n in range(calls)
        ]
    body: dict[str, Any] = {
        "id": "0f0e-completion",
        "object": "chat.completion",
        "created": 1,
        "model": "grok-4.3",
        "service_tier": "default",
        "system_fingerprint": "fp_1",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}],
        "usage": draw(usages("chat")),
    }
    if draw(st.integers(0, 3)) == 0:
        body["citations"] = draw(st.lists(st.sampled_from(["https://a.example", "https://b.example"]), max_size=3))
    return body


def bodies(api: str) -> st.SearchStrategy[dict[str, Any]]:
    """Whole bodies of an API."""
    return responses_bodies() if api == "responses" else chat_bodies()


def _pieces(text: str, size: int) -> list[str]:
    return [text[n : n + size] for n in range(0, len(text), size)]


def events_of(api: str, body: dict[str, Any], size: int = 3) -> list[dict[str, Any]]:
    """The stream that tells of a body, texts in pieces of `size` characters."""
    return _responses_events(body, size) if api == "responses" else _chat_events(body, size)


def _chat_events(body: dict[str, Any], size: int) -> list[dict[str, Any]]:
    head = {k: body[k] for k in ("id", "created", "model", "service_tier", "system_fingerprint")}
    head["object"] = "chat.completion.chunk"
    message, reason = body["choices"][0]["message"], body["choices"][0]["finish_reason"]
    deltas: list[dict[str, Any]] = [{"role": "assistant"}]
    deltas += [{"reasoning_content": t} for t in _pieces(message.get("reasoning_content") or "", size)]
    deltas += [{}]
    deltas += [{"content": t} for t in _pieces(message["content"] or "", size)]
    deltas += [{"tool_calls": [{**call, "index": n}]} for n, call in enumerate(message.get("tool_calls") or [])]
    events = [{**head, "choices": [{"index": 0, "delta": d}]} for d in deltas]
    last: dict[str, Any] = {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}
    tail: dict[str, Any] = {**head, "choices": [], "usage": body["usage"]}
    if body.get("citations"):
        last["citations"] = tail["citations"] = body["citations"]
    return [*events, last, tail]


def _responses_events(body: dict[str, Any], size: int) -> list[dict[str, Any]]:
    early = {**body, "output": [], "status": "in_progress", "usage": None}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": early},
        {"type": "response.in_progress", "response": early},
    ]
    for index, item in enumerate(body["output"]):
        at = {"output_index": index, "item_id": item["id"]}
        if item["type"] == "message":
            events.append({"type": "response.output_item.added", **at, "item": {**item, "content": []}})
            for part, content in enumerate(item["content"]):
                events += _part_events({**at, "content_index": part}, content, size)
        elif item["type"] == "reasoning":
            events.append({"type": "response.output_item.added", **at, "item": {**item, "summary": []}})
            for part, content in enumerate(item["summary"]):
                events += _summary_events({**at, "summary_index": part}, content, size)
        elif item["type"] == "function_call":
            events.append({"type": "response.output_item.added", **at, "item": {**item, "arguments": ""}})
            events.append({"type": "response.function_call_arguments.delta", **at, "delta": item["arguments"]})
            events.append({"type": "response.function_call_arguments.done", **at, "arguments": item["arguments"]})
        else:
            events.append({"type": "response.output_item.added", **at, "item": item})
        events.append({"type": "response.output_item.done", **at, "item": item})
    kind = "response.incomplete" if body["status"] == "incomplete" else "response.completed"
    events.append({"type": kind, "response": body})
    return [{**event, "sequence_number": n} for n, event in enumerate(events)]


def _part_events(at: dict[str, Any], content: dict[str, Any], size: int) -> list[dict[str, Any]]:
    if content["type"] == "refusal":
        return [
            *({"type": "response.refusal.delta", **at, "delta": t} for t in _pieces(content["refusal"], size)),
            {"type": "response.content_part.done", **at, "part": content},
        ]
    empty = {**content, "text": "", "annotations": []}
    return [
        {"type": "response.content_part.added", **at, "part": empty},
        *({"type": "response.output_text.delta", **at, "delta": t} for t in _pieces(content["text"], size)),
        *(
            {"type": "response.output_text.annotation.added", **at, "annotation_index": n, "annotation": a}
            for n, a in enumerate(content["annotations"])
        ),
        {"type": "response.output_text.done", **at, "text": content["text"]},
        {"type": "response.content_part.done", **at, "part": content},
    ]


def _summary_events(at: dict[str, Any], content: dict[str, Any], size: int) -> list[dict[str, Any]]:
    return [
        {"type": "response.reasoning_summary_part.added", **at, "part": {**content, "text": ""}},
        *({"type": "response.reasoning_summary_text.delta", **at, "delta": t} for t in _pieces(content["text"], size)),
        {"type": "response.reasoning_summary_text.done", **at, "text": content["text"]},
        {"type": "response.reasoning_summary_part.done", **at, "part": content},
    ]


def sse_of(api: str, events: list[dict[str, Any]], newline: str = "\n") -> bytes:
    """The bytes of a stream, as xAI frames them."""
    frames = []
    for event in events:
        head = f"event: {event['type']}{newline}" if api == "responses" else ""
        frames.append(f"{head}data: {json.dumps(event, ensure_ascii=False)}{newline}{newline}")
    if api == "chat":
        frames.append(f"data: [DONE]{newline}{newline}")
    return "".join(frames).encode()
