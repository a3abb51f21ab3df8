"""Bodies in the recorded shapes, for the tests of the LangChain provider."""

from __future__ import annotations

from typing import Any

USAGE = {
    "input_tokens": 30,
    "input_tokens_details": {"cached_tokens": 10},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 12},
    "total_tokens": 50,
    "num_server_side_tools_used": 1,
    "cost_in_usd_ticks": 37_756_000,
}


def response(*output: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A body of `/v1/responses`."""
    body = {"id": "resp-1", "object": "response", "model": "grok-4.7", "status": "completed", "output": list(output)}
    return {**body, "usage": USAGE, "service_tier": "default", "incomplete_details": None, "error": None, **fields}


def message(*texts: str, ident: str = "msg_resp-1", annotations: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A message item; the annotations are those of its first part."""
    content = [
        {"type": "output_text", "text": t, "logprobs": [], "annotations": (annotations or []) if n == 0 else []}
        for n, t in enumerate(texts)
    ]
    return {"type": "message", "id": ident, "role": "assistant", "status": "completed", "content": content}


def reasoning(*summary: str, sealed: str | None = "c2VhbGVk", ident: str = "rs_resp-1") -> dict[str, Any]:
    """A reasoning item."""
    item: dict[str, Any] = {"type": "reasoning", "id": ident, "status": "completed"}
    item["summary"] = [{"type": "summary_text", "text": text} for text in summary]
    return item | ({"encrypted_content": sealed} if sealed else {})


def call(name: str, arguments: str, *, n: int = 0) -> dict[str, Any]:
    """A call of the caller's function."""
    return {
        "type": "function_call", "id": f"fc_resp-1_{n}", "call_id": f"call-{n}", "name": name, "arguments": arguments,
        "status": "completed",
    }  # fmt: skip


SEARCH = {
    "type": "web_search_call",
    "id": "ws_resp-1",
    "status": "completed",
    "action": {"type": "search", "query": "moon", "sources": [{"type": "url", "url": "https://moon.example"}]},
}
X_SEARCH = {
    "type": "custom_tool_call",
    "id": "ctc_resp-1",
    "call_id": "xs_call_1",
    "name": "x_keyword_search",
    "input": '{"query":"moon","limit":5}',
    "status": "completed",
}
INVENTED = {"type": "invented_call", "id": "new_1", "index": 3, "deep": {"er": [1, None]}}


def completion(text: str | None = "", *, calls: list[dict[str, Any]] | None = None, **fields: Any) -> dict[str, Any]:
    """A body of `/v1/chat/completions`."""
    said: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    if calls:
        said["tool_calls"] = calls
    said.update(fields.pop("message", {}))
    choice = {"index": 0, "message": said, "finish_reason": "tool_calls" if calls else "stop"}
    usage = {"prompt_tokens": 30, "completion_tokens": 8, "total_tokens": 50,
             "prompt_tokens_details": {"cached_tokens": 10}, "completion_tokens_details": {"reasoning_tokens": 12},
             "cost_in_usd_ticks": 37_756_000}  # fmt: skip
    body = {"id": "chat-1", "object": "chat.completion", "created": 1, "model": "grok-4.7", "choices": [choice],
            "service_tier": "default"}  # fmt: skip
    return {**body, "usage": usage, "system_fingerprint": "fp_1", **fields}
