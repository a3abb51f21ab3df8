"""A server that answers every request with the same bytes, as fast as it can: it must not be what is measured.

`python -m benchmarks.server` prints its port and serves until its standard input closes. A body with `"stream": true`
gets a stream of as many chunks as the path says: `/n/500/v1/responses`.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from functools import cache
from typing import Any

TEXT = "The quick brown fox jumps over the lazy dog and then has a rest in the warm shade of an old oak tree. "
WORD = "word "


def responses_body(text: str) -> dict[str, Any]:
    """A whole answer of `/v1/responses`, with reasoning and usage as recorded in August 2026."""
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": text, "logprobs": [], "annotations": []}],
    }
    thought = {"id": "rs_1", "type": "reasoning", "status": "completed", "encrypted_content": "b" * 800}
    usage = {
        "input_tokens": 200,
        "input_tokens_details": {"cached_tokens": 128},
        "output_tokens": 90,
        "output_tokens_details": {"reasoning_tokens": 40},
        "total_tokens": 290,
        "num_sources_used": 0,
        "num_server_side_tools_used": 0,
        "cost_in_usd_ticks": 1234567,
    }
    reasoning = {**thought, "summary": [{"type": "summary_text", "text": TEXT}]}
    return {
        "id": "resp-1",
        "object": "response",
        "created_at": 1786400864,
        "model": "grok-4.3",
        "status": "completed",
        "output": [reasoning, message],
        "usage": usage,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "text": {"format": {"type": "text"}},
        "temperature": 0.7,
        "top_p": 0.95,
        "store": False,
        "service_tier": "default",
        "truncation": "disabled",
        "metadata": {"system_fingerprint": "fp_1"},
        "error": None,
        "incomplete_details": None,
        "background": False,
        "reasoning": {"effort": "low", "summary": "detailed"},
        "top_logprobs": 0,
        "instructions": None,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
    }


def chat_body(text: str) -> dict[str, object]:
    """A whole answer of `/v1/chat/completions`."""
    message = {"role": "assistant", "content": text, "reasoning_content": TEXT, "refusal": None}
    return {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 1786400864,
        "model": "grok-4.3",
        "system_fingerprint": "fp_1",
        "service_tier": "default",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 200,
            "completion_tokens": 50,
            "total_tokens": 290,
            "prompt_tokens_details": {"text_tokens": 200, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 128},
            "completion_tokens_details": {"reasoning_tokens": 40, "audio_tokens": 0},
            "num_sources_used": 0,
            "cost_in_usd_ticks": 1234567,
        },
    }


def responses_stream(chunks: int) -> bytes:
    """A text stream of `/v1/responses`."""
    text = WORD * chunks
    body = responses_body(text)
    message = body["output"][1]
    body["output"] = [message]
    early = {**body, "output": [], "usage": None, "status": "in_progress"}
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    events: list[dict[str, object]] = [
        {"type": "response.created", "response": early},
        {"type": "response.in_progress", "response": early},
        {"type": "response.output_item.added", "output_index": 0, "item": {**message, "content": []}},
        {"type": "response.content_part.added", **at, "part": {"type": "output_text", "text": "", "annotations": []}},
        *({"type": "response.output_text.delta", **at, "delta": WORD, "logprobs": []} for _ in range(chunks)),
        {"type": "response.output_text.done", **at, "text": text},
        {"type": "response.content_part.done", **at, "part": message["content"][0]},
        {"type": "response.output_item.done", "output_index": 0, "item": message},
        {"type": "response.completed", "response": body},
    ]
    frames = (f"event: {e['type']}\ndata: {json.dumps({**e, 'sequence_number': n})}\n\n" for n, e in enumerate(events))
    return "".join(frames).encode()


def chat_stream(chunks: int) -> bytes:
    """A text stream of `/v1/chat/completions`."""
    body = chat_body("")
    head = {k: body[k] for k in ("id", "created", "model", "system_fingerprint", "service_tier")}
    head["object"] = "chat.completion.chunk"

    def chunk(delta: dict[str, object], **more: object) -> dict[str, object]:
        return {**head, "choices": [{"index": 0, "delta": delta, **more}]}

    events = [
        chunk({"role": "assistant", "content": ""}),
        *(chunk({"content": WORD}) for _ in range(chunks)),
        chunk({}, finish_reason="stop"),
        {**head, "choices": [], "usage": body["usage"]},
    ]
    return ("".join(f"data: {json.dumps(e)}\n\n" for e in events) + "data: [DONE]\n\n").encode()


def chunks_of(url: str) -> int:
    """How many chunks a stream at this URL, or path, has."""
    found = re.search(r"/n/(\d+)/", url)
    return int(found[1]) if found else 100


@cache
def answer(path: str, streamed: bool) -> bytes:
    """The whole HTTP answer for a path."""
    chunks = chunks_of(path)
    is_chat = path.endswith("chat/completions")
    if streamed:
        content, kind = (chat_stream if is_chat else responses_stream)(chunks), "text/event-stream"
    else:
        content, kind = json.dumps((chat_body if is_chat else responses_body)(TEXT)).encode(), "application/json"
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nx-request-id: r1\r\ncontent-length: {len(content)}\r\n\r\n"
    return head.encode() + content


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection: any number of requests."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            body = await reader.readexactly(int(length[1])) if length else b""
            streamed = re.search(rb'"stream": ?true', body) is not None
            writer.write(answer(path, streamed))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        writer.close()


async def main() -> None:
    """Prints the port, serves until standard input closes."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**26)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
