"""What an answer says of the tools that xAI ran: their calls in one shape, and the sources they found.

Reads output items as they came, dispatching on their `type`. Must not know: frameworks, what was asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grok_adapter.types import Citation

__all__ = ["ServerToolCall", "marked_citations", "server_tool_call_for", "uncited_sources"]


@dataclass(frozen=True, slots=True)
class ServerToolCall:
    """A call that xAI made itself, in one shape for all its recorded shapes (2025 and 2026).

    Attributes:
        id: The item's id.
        name: What ran: `web_search`, `x_keyword_search`, `code_execution`, an MCP tool, ...
        type: The wire's item type.
        arguments: What it was asked, as a dict.
        output: What came of it, as far as xAI says; `None` if it does not.
        status: `"completed"`, `"failed"`, ... as sent.
        server: The MCP server's label.
    """

    id: str
    name: str
    type: str
    arguments: Mapping[str, Any]
    output: Any = None
    status: str | None = None
    server: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data, keys without a value left out."""
        out = {f: getattr(self, f) for f in self.__dataclass_fields__}
        return {k: v for k, v in out.items() if v is not None}


_CALL_TYPES: dict[str, tuple[str, tuple[str, ...], str | None]] = {
    # item type: (name where the item has none, keys that are its arguments, key that is its output)
    "web_search_call": ("web_search", ("action",), None),
    "x_search_call": ("x_search", (), None),
    "custom_tool_call": ("x_search", (), None),
    "code_interpreter_call": ("code_execution", ("code",), "outputs"),
    "code_execution_call": ("code_execution", ("code",), "outputs"),
    "file_search_call": ("collections_search", ("queries",), "results"),
    "collections_search_call": ("collections_search", ("queries",), "results"),
    "attachment_search_call": ("attachment_search", ("queries",), "results"),
    "mcp_call": ("mcp", (), "output"),
    "image_generation_call": ("image_generation", ("prompt",), "result"),
    "view_image_call": ("view_image", (), "output"),
    "view_x_video_call": ("view_x_video", (), "output"),
    "tool_search_call": ("tool_search", (), None),
}


def server_tool_call_for(item: Mapping[str, Any]) -> ServerToolCall | None:
    """Reads an output item as a server-side tool call; `None` if it is something else.

    Args:
        item: The item as it came.

    Example:
        >>> server_tool_call_for({"type": "web_search_call", "id": "ws_1", "action": {"type": "search", "query": "x"}})
        ServerToolCall(id='ws_1', name='web_search', type='web_search_call', arguments={'query': 'x'}, output=None, \
status=None, server=None)
    """
    type_ = item.get("type")
    known = _CALL_TYPES.get(type_) if isinstance(type_, str) else None
    if known is None:
        return None
    default, argument_keys, output_key = known
    arguments: dict[str, Any] = {}
    for text in (item.get("arguments"), item.get("input")):  # JSON text: 2025 items and MCP; X search of 2026
        arguments.update(_json_object(text))
    for key in argument_keys:
        value = item.get(key)
        if key == "action" and isinstance(
            value, Mapping
        ):  # {"type": "search", "query", "sources"} | {"type": "open_page", "url"}
            arguments.update((k, v) for k, v in value.items() if k != "sources" and (k, v) != ("type", "search"))
        elif value:
            arguments[key] = value
    output: Any = item.get(output_key) if output_key else None
    action = item.get("action")
    if isinstance(action, Mapping) and action.get("sources"):
        output = {"sources": action["sources"]}
    if item.get("error"):
        output = {"error": item["error"]}
    name, server = str(item.get("name") or default), item.get("server_label")
    if type_ == "mcp_call" and server is None and "." in name:  # "label.tool", as pydantic-ai found it
        server, name = name.split(".", 1)
    elif isinstance(server, str):
        name = name.removeprefix(f"{server}.")
    ident = str(item.get("id") or item.get("call_id") or "")
    status = item.get("status")
    return ServerToolCall(
        ident, name, str(type_), arguments, output, status if isinstance(status, str) else None, server
    )


def _json_object(text: Any) -> dict[str, Any]:
    if isinstance(text, Mapping):
        return dict(text)
    if not isinstance(text, str) or not text:
        return {}
    try:
        value = json.loads(text)
    except ValueError:
        return {"input": text}
    return value if isinstance(value, dict) else {"input": value}


# --- sources ---------------------------------------------------------------------------------------------------------

_MARK = re.compile(r"\[\[(\d+)\]\]\((\S+?)\)")
"""A citation as xAI writes it into the text: `[[1]](https://...)`."""


def uncited_sources(items: Iterable[Mapping[str, Any]], cited: Iterable[str | None]) -> tuple[str, ...]:
    """Addresses that searches found or opened and no citation names, each once, in the order first seen.

    Args:
        items: Output items as they came.
        cited: Addresses of the citations.

    Example:
        >>> search = {"type": "web_search_call", "action": {"sources": [{"url": "https://a"}, {"url": "https://b"}]}}
        >>> uncited_sources([search], ["https://a"])
        ('https://b',)
    """
    named = set(cited)
    return tuple(dict.fromkeys(url for item in items for url in _addresses(item) if url not in named))


def _addresses(item: Mapping[str, Any]) -> Iterator[str]:
    action = item.get("action")
    if not isinstance(action, Mapping):
        return
    sources = action.get("sources")
    for source in [action, *(sources if isinstance(sources, list) else ())]:
        if isinstance(source, Mapping) and isinstance(url := source.get("url"), str) and url:
            yield url


def marked_citations(text: str) -> tuple[Citation, ...]:
    """The citations whose marks stand in a text: for one whose annotations never came, since it was cut off.

    Example:
        >>> marked_citations("Rock.[[1]](https://moon.example)")[0].start_index
        5
    """
    return tuple(Citation(m[2], m[1], m.start(), m.end()) for m in _MARK.finditer(text))
