"""Function names that xAI keeps for its own tools: renamed on the wire, and back in everything that comes from it.

A caller's function named `web_search` or `tool_search` was answered with a 400, or never called, also when it was the
only tool (oh-my-pi#7970, pi-web-access#138, hermes#95003, 2026). So it goes out under another name, in definitions,
tool choice and history alike, and each call comes back under its own.

`wire_names` makes the map, `with_wire_names` applies it to a request, `CallReader` undoes it in answers: whole ones,
streamed ones and the half of one that broke off. It knows no wire format and no framework.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from grok_adapter.types import ChatRequest, ChatResponse, Delta, Message, NamedTool, ToolCall, ToolCallDelta

__all__ = ["RESERVED_NAMES", "CallReader", "wire_names", "with_wire_names"]

RESERVED_NAMES = frozenset(
    {
        # Types of tools that the server's error text lists (422, September 2026), and the retired one.
        "web_search", "x_search", "code_execution", "code_interpreter", "collections_search", "file_search",
        "image_generation", "mcp", "shell", "tool_search", "attachment_search", "live_search",
        # Names under which its own calls were recorded (2025 and 2026), or that xAI's SDKs list.
        "web_search_with_snippets", "browse_page", "open_page", "find_in_page", "search_images", "view_image",
        "view_x_video", "x_keyword_search", "x_semantic_search", "x_user_search", "x_thread_fetch",
    }
)  # fmt: skip
"""Names that a caller's function cannot have on the wire."""

PREFIX = "client_"


def wire_names(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """The names under which reserved ones go out.

    Args:
        names: Names of the caller's functions, called or offered.
        taken: Further names in the request.

    Returns:
        Own name -> name on the wire, for the reserved ones only. The same names always give the same map, so that the
        prompt cache keeps its prefix.

    Example:
        >>> wire_names(["web_search", "look"]), wire_names(["web_search", "client_web_search"])
        ({'web_search': 'client_web_search'}, {'web_search': 'client_web_search_2'})
    """
    own = set(names)
    reserved = own & RESERVED_NAMES
    if not reserved:
        return {}
    used = own | set(taken)
    out: dict[str, str] = {}
    for name in sorted(reserved):
        alias, number = PREFIX + name, 2
        while alias in used:
            alias, number = f"{PREFIX}{name}_{number}", number + 1
        used.add(alias)
        out[name] = alias
    return out


def with_wire_names(
    request: ChatRequest, messages: Sequence[Message], taken: Iterable[str] = ()
) -> tuple[ChatRequest, Sequence[Message], dict[str, str]]:
    """A request and its conversation with reserved function names replaced.

    Args:
        request: What is asked; its tools and choice are renamed.
        messages: The conversation; calls in it are renamed, of functions that are offered no more, too.
        taken: Further function names in the body.

    Returns:
        Both, and the way back: name on the wire -> own name.
    """
    called = {part.name for message in messages for part in message.content if isinstance(part, ToolCall)}
    called |= {message.name for message in messages if message.role == "function" and message.name}
    names = wire_names([*(tool.name for tool in request.tools), *called], taken)
    if not names:
        return request, messages, {}
    choice = request.tool_choice
    if isinstance(choice, NamedTool) and not choice.hosted:
        choice = replace(choice, name=names.get(choice.name, choice.name))
    tools = tuple(replace(tool, name=names.get(tool.name, tool.name)) for tool in request.tools)
    renamed = [_with_names(message, names) for message in messages]
    return replace(request, tools=tools, tool_choice=choice), renamed, {wire: own for own, wire in names.items()}


def _with_names(message: Message, names: Mapping[str, str]) -> Message:
    if message.role == "function":
        return replace(message, name=names.get(message.name or "", message.name))
    if not any(isinstance(part, ToolCall) and part.name in names for part in message.content):
        return message
    content = (
        replace(part, name=names.get(part.name, part.name)) if isinstance(part, ToolCall) else part
        for part in message.content
    )
    return replace(message, content=tuple(content))


# --- reading ---------------------------------------------------------------------------------------------------------

_ENTITY = re.compile(
    r"&(?:amp(?!;(?:amp|lt|gt|quot|apos|nbsp|#\d+|#x[0-9a-fA-F]+);)|lt|gt|quot|apos|#39|#x27|#34|#x22);"
)
"""Entities of the characters that HTML escapes. An escaped entity (`&amp;lt;`) was written by someone: left alone."""


@dataclass(frozen=True, slots=True)
class CallReader:
    """Gives calls their own names back and, where it was asked for, takes HTML entities out of their arguments.

    Attributes:
        names: Name on the wire -> own name.
        decode_html: Whether arguments are decoded.

    Example:
        >>> CallReader({"client_web_search": "web_search"}).call("client_web_search", "{}")
        ('web_search', '{}')
    """

    names: Mapping[str, str]
    decode_html: bool = False

    def call(self, name: str | None, arguments: str) -> tuple[str | None, str]:
        """Name and arguments of one call, as the caller should see them."""
        own = self.names.get(name, name) if name is not None else None
        return own, decoded_arguments(arguments) if self.decode_html else arguments

    def response(self, response: ChatResponse) -> ChatResponse:
        """A whole answer with its calls read."""
        items = tuple(self._item(item) for item in response.items)
        others = tuple(self.response(other) for other in response.alternatives)
        return replace(response, items=items, alternatives=others)

    def _item(self, item: Any) -> Any:
        if not isinstance(item, ToolCall):
            return item
        name, arguments = self.call(item.name, item.arguments)
        return replace(item, name=name or "", arguments=arguments)

    def deltas(self, deltas: Iterable[Delta]) -> list[Delta]:
        """Deltas of a stream with its calls read. The decoders hand out a call's arguments in one piece."""
        out: list[Delta] = []
        for delta in deltas:
            if isinstance(delta, ToolCallDelta):
                delta.name, delta.arguments = self.call(delta.name, delta.arguments)
            out.append(delta)
        return out


def decoded_arguments(arguments: str) -> str:
    """JSON arguments with HTML entities in their strings decoded, once; unchanged where there are none.

    Some models escape what they write into arguments (deepagents#2954, openclaw#35276, 2026): `a &amp;&amp; b`.

    Example:
        >>> decoded_arguments('{"command": "a &amp;&amp; b &lt; c", "html": "&amp;lt;"}')
        '{"command": "a && b < c", "html": "&amp;lt;"}'
    """
    if not _ENTITY.search(arguments):
        return arguments
    try:
        value = json.loads(arguments)
    except ValueError:  # perhaps the quotes of the JSON itself were escaped
        whole = str(_decoded(arguments))
        try:
            json.loads(whole)
        except ValueError:
            return arguments
        return whole
    return json.dumps(_decoded(value), ensure_ascii=False)


def _decoded(value: Any) -> Any:
    if isinstance(value, str):
        return _ENTITY.sub(lambda match: html.unescape(match[0]), value)
    if isinstance(value, dict):
        return {_decoded(key): _decoded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_decoded(inner) for inner in value]
    return value
