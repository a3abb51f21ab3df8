"""One item of each of xAI's own tools, in the shapes that were recorded, and how each should read.

Written from recordings of October 2025 to August 2026; an item of every shape that is known of a tool.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PNG = "iVBORw0KGgo="


@dataclass(frozen=True)
class Known:
    """An item, and the call that it is."""

    item: dict[str, Any]
    name: str
    arguments: dict[str, Any]
    output: Any = None
    server: str | None = None
    failed: bool = False

    def __repr__(self) -> str:
        return f"{self.item['type']}-{self.name}"


def _item(type_: str, ident: str, **fields: Any) -> dict[str, Any]:
    return {"type": type_, "id": ident, "status": "completed", **fields}


SOURCES = [{"type": "url", "url": "https://moon.example/rock"}]
RESULTS = [{"file_id": "file_1", "filename": "moon.pdf", "score": 0.7, "text": "The moon is made of rock."}]

ITEMS = [
    Known(
        _item("web_search_call", "ws_1", action={"type": "search", "query": "moon", "sources": SOURCES}),
        "web_search",
        {"query": "moon"},
        {"sources": SOURCES},
    ),
    Known(
        _item("web_search_call", "ws_2", action={"type": "open_page", "url": "https://moon.example/rock"}),
        "web_search",
        {"type": "open_page", "url": "https://moon.example/rock"},
    ),
    Known(
        _item("custom_tool_call", "ctc_1", call_id="xs_call_1", name="x_keyword_search", input='{"query":"moon"}'),
        "x_keyword_search",
        {"query": "moon"},
    ),
    Known(
        _item("x_search_call", "xs_1", name="x_semantic_search", arguments='{"query":"moon"}'),
        "x_semantic_search",
        {"query": "moon"},
    ),
    Known(
        _item("code_interpreter_call", "ci_1", code="print(6*7)", outputs=[{"type": "logs", "logs": "42\n"}]),
        "code_execution",
        {"code": "print(6*7)"},
        [{"type": "logs", "logs": "42\n"}],
    ),
    Known(
        _item("file_search_call", "fs_1", queries=["moon"], results=RESULTS),
        "collections_search",
        {"queries": ["moon"]},
        RESULTS,
    ),
    Known(
        _item(
            "mcp_call", "mcp_1", server_label="atlas", name="atlas.find", arguments='{"place":"Lima"}', output="here"
        ),
        "find",
        {"place": "Lima"},
        "here",
        "atlas",
    ),
    Known(
        _item("mcp_call", "mcp_2", name="atlas.find", arguments="{}", output=None, error="no such place"),
        "find",
        {},
        {"error": "no such place"},
        "atlas",
        failed=True,
    ),
    Known(
        _item("image_generation_call", "ig_1", prompt="A moon.", result=PNG),
        "image_generation",
        {"prompt": "A moon."},
        PNG,
    ),
]

USAGE = {
    "input_tokens": 30,
    "output_tokens": 20,
    "total_tokens": 50,
    "num_server_side_tools_used": 9,
    "server_side_tool_usage_details": {"web_search_calls": 2, "x_search_calls": 2, "mcp_calls": 2},
}


def answer(
    *items: dict[str, Any], text: str = "Rock.", annotations: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """A body of Responses with some items, and a text behind them."""
    part = {"type": "output_text", "text": text, "logprobs": [], "annotations": annotations or []}
    message = _item("message", "msg_1", role="assistant", content=[part])
    return {"id": "r-1", "object": "response", "model": "grok-4.7", "status": "completed", "output": [*items, message],
            "usage": USAGE}  # fmt: skip


def cited(text: str, *urls: str) -> list[dict[str, Any]]:
    """The annotations of the marks `[[n]](url)` in a text."""
    out = []
    for number, url in enumerate(urls, 1):
        mark = f"[[{number}]]({url})"
        start = text.index(mark)
        place = {"start_index": start, "end_index": start + len(mark)}
        out.append({"type": "url_citation", "url": url, "title": str(number), **place})
    return out
