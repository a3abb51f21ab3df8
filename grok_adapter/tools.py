"""Tools that xAI runs, as objects.

Each object checks what excludes each other when it is built, owns its wire form (`to_wire`) and the `include` values
it needs (`include`). Sizes of lists are left to the API, whose documents disagree on them. To add a tool: one
dataclass here, one row in `_BY_TYPE`, two exports; until then `RawServerTool({...})` sends any dict.

`server_tool` turns what callers write (objects or plain dicts) into objects. Nothing here knows a framework. How their
calls read when they come back is in `server_calls`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from pydantic import SecretStr

from grok_adapter.types import ServerTool

__all__ = [
    "CodeExecution",
    "CollectionsSearch",
    "ImageGeneration",
    "MCPServer",
    "RawServerTool",
    "WebSearch",
    "XSearch",
    "is_server_tool",
    "server_tool",
]

TYPE_ALIASES = {"code_execution": "code_interpreter", "collections_search": "file_search"}
"""Type names the server takes and its schema does not declare, and the declared ones that are sent for them."""


def _exclusive(tool: str, **given: Any) -> None:
    names = [name for name, value in given.items() if value]
    if len(names) > 1:
        raise ValueError(
            f"{tool}: {' and '.join(names)} exclude each other (xAI refuses both together): give one of them."
        )


def _day(tool: str, name: str, value: date | str | None) -> str | None:
    if value is None:
        return None
    if isinstance(value, date):
        return value.strftime("%Y-%m-%d")
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise ValueError(f"{tool}: {name}={value!r} is not a date: give a datetime.date or 'YYYY-MM-DD'.") from None


def _texts(tool: str, name: str, value: Sequence[str] | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, str):
        raise ValueError(f"{tool}: {name}={value!r} is one string: give a list of strings.")
    return tuple(value)


def _wire(type_: str, **fields: Any) -> dict[str, Any]:
    """A wire entry without the keys that were not set."""
    out: dict[str, Any] = {"type": type_}
    out.update((k, list(v) if isinstance(v, tuple) else v) for k, v in fields.items() if v is not None)
    return out


@dataclass(frozen=True)
class WebSearch:
    """Search of the web, run by xAI. $5 per 1,000 calls (xAI price page, October 2026).

    Args:
        allowed_domains: Search these only; excludes `excluded_domains`.
        excluded_domains: Leave these out.
        enable_image_understanding: Let the model look at images it finds.
        enable_image_search: Let it put images (`![alt](url)`) into the answer.
        user_location: `{"country": "CH", "city": ..., "region": ..., "timezone": ...}`; `type: approximate` is added.
        inline_citations: False asks for text without `[[1]](url)` marks; citations then have no offsets.

    Raises:
        ValueError: Both domain lists were given.

    Example:
        >>> WebSearch(allowed_domains=["python.org"]).to_wire()
        {'type': 'web_search', 'allowed_domains': ['python.org']}
    """

    allowed_domains: Sequence[str] | None = None
    excluded_domains: Sequence[str] | None = None
    enable_image_understanding: bool | None = None
    enable_image_search: bool | None = None
    user_location: Mapping[str, str] | None = None
    inline_citations: bool = True

    def __post_init__(self) -> None:
        _exclusive("WebSearch", allowed_domains=self.allowed_domains, excluded_domains=self.excluded_domains)
        for name in ("allowed_domains", "excluded_domains"):
            object.__setattr__(self, name, _texts("WebSearch", name, getattr(self, name)))

    def to_wire(self) -> dict[str, Any]:
        """The entry in the request's `tools`."""
        place = None if self.user_location is None else {"type": "approximate", **self.user_location}
        return _wire(
            "web_search",
            allowed_domains=self.allowed_domains,
            excluded_domains=self.excluded_domains,
            enable_image_understanding=self.enable_image_understanding,
            enable_image_search=self.enable_image_search,
            user_location=place,
        )

    @property
    def include(self) -> tuple[str, ...]:
        """Sources are asked for: without it grok-4-fast left them empty (recorded January 2026)."""
        return ("web_search_call.action.sources", *(() if self.inline_citations else ("no_inline_citations",)))


@dataclass(frozen=True)
class XSearch:
    """Search of posts, users and threads on X. $5 per 1,000 posts and $10 per 1,000 profiles since 2026-09-21.

    Args:
        allowed_x_handles: Only these accounts; excludes `excluded_x_handles`. A leading `@` is taken off.
        excluded_x_handles: Not these accounts.
        from_date: First day, a `date` or `"YYYY-MM-DD"`.
        to_date: Day before which to stop (00:00 UTC).
        enable_image_understanding: Let the model look at images in posts.
        enable_video_understanding: Let it watch videos in posts.
        inline_citations: As in `WebSearch`.

    Raises:
        ValueError: Both handle lists, a date that is none, or `from_date` after `to_date`.

    Example:
        >>> XSearch(allowed_x_handles=["@xai"], from_date="2026-10-01").to_wire()
        {'type': 'x_search', 'allowed_x_handles': ['xai'], 'from_date': '2026-10-01'}
    """

    allowed_x_handles: Sequence[str] | None = None
    excluded_x_handles: Sequence[str] | None = None
    from_date: date | str | None = None
    to_date: date | str | None = None
    enable_image_understanding: bool | None = None
    enable_video_understanding: bool | None = None
    inline_citations: bool = True

    def __post_init__(self) -> None:
        _exclusive("XSearch", allowed_x_handles=self.allowed_x_handles, excluded_x_handles=self.excluded_x_handles)
        for name in ("allowed_x_handles", "excluded_x_handles"):
            handles = _texts("XSearch", name, getattr(self, name))
            object.__setattr__(self, name, None if handles is None else tuple(h.removeprefix("@") for h in handles))
        for name in ("from_date", "to_date"):
            object.__setattr__(self, name, _day("XSearch", name, getattr(self, name)))
        if self.from_date and self.to_date and str(self.from_date) > str(self.to_date):
            raise ValueError(f"XSearch: from_date={self.from_date!r} is after to_date={self.to_date!r}: swap them.")

    def to_wire(self) -> dict[str, Any]:
        """The entry in the request's `tools`."""
        return _wire(
            "x_search",
            allowed_x_handles=self.allowed_x_handles,
            excluded_x_handles=self.excluded_x_handles,
            from_date=self.from_date,
            to_date=self.to_date,
            enable_image_understanding=self.enable_image_understanding,
            enable_video_understanding=self.enable_video_understanding,
        )

    @property
    def include(self) -> tuple[str, ...]:
        """Nothing, unless inline marks are not wanted."""
        return () if self.inline_citations else ("no_inline_citations",)


@dataclass(frozen=True)
class CodeExecution:
    """Python, written and run by xAI in a sandbox. $5 per 1,000 calls. Goes out as `code_interpreter`.

    Example:
        >>> CodeExecution().to_wire()
        {'type': 'code_interpreter'}
    """

    def to_wire(self) -> dict[str, Any]:
        """The entry in the request's `tools`."""
        return _wire("code_interpreter")

    @property
    def include(self) -> tuple[str, ...]:
        """What the code printed."""
        return ("code_interpreter_call.outputs",)


@dataclass(frozen=True)
class CollectionsSearch:
    """Search of document collections kept at xAI. $2.50 per 1,000 calls. Goes out as `file_search`.

    Args:
        collection_ids: Ids of the collections.
        max_num_results: Most passages a search may return.

    Raises:
        ValueError: No collection was named.

    Example:
        >>> CollectionsSearch(["collection_1"]).to_wire()
        {'type': 'file_search', 'vector_store_ids': ['collection_1']}
    """

    collection_ids: Sequence[str]
    max_num_results: int | None = None

    def __post_init__(self) -> None:
        ids = _texts("CollectionsSearch", "collection_ids", self.collection_ids)
        if not ids:
            raise ValueError("CollectionsSearch: collection_ids=[] is empty: name at least one collection.")
        object.__setattr__(self, "collection_ids", ids)

    def to_wire(self) -> dict[str, Any]:
        """The entry in the request's `tools`."""
        return _wire("file_search", vector_store_ids=self.collection_ids, max_num_results=self.max_num_results)

    @property
    def include(self) -> tuple[str, ...]:
        """The passages found."""
        return ("file_search_call.results",)


@dataclass(frozen=True)
class MCPServer:
    """A remote MCP server (streamable HTTP or SSE) whose tools xAI may call.

    Args:
        server_url: Address of the server.
        server_label: Short name; tool names come back as `label.tool`. Taken from the host if not given.
        server_description: What it is for.
        allowed_tools: Only these of its tools.
        authorization: Token, sent by xAI as the `Authorization` header. Kept as `SecretStr`.
        headers: Further headers; their values are kept as `SecretStr`.

    Raises:
        ValueError: `server_url` is not an http(s) URL.

    Example:
        >>> MCPServer("https://mcp.example.com/sse", authorization="secret")
        MCPServer(server_url='https://mcp.example.com/sse', server_label='mcp.example.com')
    """

    server_url: str
    server_label: str | None = None
    server_description: str | None = field(default=None, repr=False)
    allowed_tools: Sequence[str] | None = field(default=None, repr=False)
    authorization: SecretStr | str | None = field(default=None, repr=False)
    headers: Mapping[str, SecretStr | str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        scheme, _, rest = self.server_url.partition("://")
        if scheme not in ("http", "https") or not rest:
            raise ValueError(f"MCPServer: server_url={self.server_url!r} is not an http(s) URL: give the full address.")
        host = rest.partition("/")[0].rpartition("@")[2]
        object.__setattr__(self, "server_label", self.server_label or host)
        object.__setattr__(self, "allowed_tools", _texts("MCPServer", "allowed_tools", self.allowed_tools))
        object.__setattr__(self, "authorization", _secret(self.authorization))
        headers = None if self.headers is None else {k: _secret(v) for k, v in self.headers.items()}
        object.__setattr__(self, "headers", headers)

    def __getstate__(self) -> dict[str, Any]:
        """A pickle carries no credentials."""
        return {**self.__dict__, "authorization": None, "headers": None}

    def __deepcopy__(self, memo: dict[int, Any]) -> MCPServer:
        return self  # nothing in it changes

    def to_wire(self) -> dict[str, Any]:
        """The entry in the request's `tools`, credentials in clear: it is what goes over the wire."""
        return _wire(
            "mcp",
            server_url=self.server_url,
            server_label=self.server_label,
            server_description=self.server_description,
            allowed_tools=self.allowed_tools,
            authorization=_reveal(self.authorization),
            headers=None if self.headers is None else {k: _reveal(v) for k, v in self.headers.items()},
        )

    @property
    def include(self) -> tuple[str, ...]:
        """Nothing: xAI always returns the output of MCP calls."""
        return ()


@dataclass(frozen=True)
class ImageGeneration:
    """Images made or edited by xAI within an answer. `action` is `"auto"`, `"generate"` or `"edit"`.

    Example:
        >>> ImageGeneration(action="generate").to_wire()
        {'type': 'image_generation', 'action': 'generate'}
    """

    action: Literal["auto", "generate", "edit"] | None = None

    def __post_init__(self) -> None:
        if self.action not in (None, "auto", "generate", "edit"):
            raise ValueError(f"ImageGeneration: action={self.action!r} is none of 'auto', 'generate', 'edit'.")

    def to_wire(self) -> dict[str, Any]:
        """The entry in the request's `tools`."""
        return _wire("image_generation", action=self.action)

    @property
    def include(self) -> tuple[str, ...]:
        """Nothing."""
        return ()


@dataclass(frozen=True, repr=False)
class RawServerTool:
    """Any server-side tool, sent as the given dict. Its repr shows the type only.

    Args:
        wire: The dict as xAI's documentation shows it. `authorization` and the values of `headers` are kept as
            `SecretStr`, as in `MCPServer`.

    Raises:
        ValueError: The dict has no `type`.

    Example:
        >>> RawServerTool({"type": "tool_search", "execution": "server"})
        RawServerTool(type='tool_search')
    """

    wire: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not isinstance(self.wire, Mapping) or not isinstance(self.wire.get("type"), str):
            raise ValueError("RawServerTool: the dict has no 'type': give the tool as xAI's documentation shows it.")
        object.__setattr__(self, "wire", _each_credential(self.wire, _secret))

    def __repr__(self) -> str:
        return f"RawServerTool(type={self.wire['type']!r})"

    def __getstate__(self) -> dict[str, Any]:
        """A pickle carries no credentials."""
        return {"wire": {k: v for k, v in self.wire.items() if k not in _CREDENTIALS}}

    def __deepcopy__(self, memo: dict[int, Any]) -> RawServerTool:
        return self  # nothing in it changes

    def to_wire(self) -> dict[str, Any]:
        """The dict, credentials in clear, aliases of the type resolved."""
        type_ = self.wire["type"]
        return {**_each_credential(self.wire, _reveal), "type": TYPE_ALIASES.get(type_, type_)}

    @property
    def include(self) -> tuple[str, ...]:
        """What the tool of this type needs."""
        return _INCLUDE.get(TYPE_ALIASES.get(self.wire["type"], self.wire["type"]), ())


_INCLUDE = {
    "web_search": ("web_search_call.action.sources",),
    "code_interpreter": ("code_interpreter_call.outputs",),
    "file_search": ("file_search_call.results",),
}

SERVER_TOOL_TYPES = frozenset(
    {
        "web_search",
        "x_search",
        "code_execution",
        "code_interpreter",
        "collections_search",
        "file_search",
        "mcp",
        "image_generation",
        "shell",
        "tool_search",
    }
)
"""The types the server's own error text lists (422, September 2026), `function` aside."""


def is_server_tool(tool: Any) -> bool:
    """Whether a tool, object or dict, is one that xAI runs."""
    if isinstance(tool, Mapping):
        return tool.get("type") in SERVER_TOOL_TYPES and "function" not in tool
    return not isinstance(tool, type) and hasattr(tool, "to_wire") and hasattr(tool, "include")


def server_tool(tool: Any) -> ServerTool:
    """The server-side tool for what a caller wrote: an object, or a dict as xAI's documentation shows it.

    Raises:
        ValueError: It is neither; the text says what is.
    """
    if isinstance(tool, Mapping):
        if tool.get("type") == "mcp":
            fields = {k: v for k, v in tool.items() if k != "type"}
            if set(fields) <= set(MCPServer.__dataclass_fields__) and "server_url" in fields:
                return MCPServer(**fields)
        return RawServerTool(tool)
    if is_server_tool(tool):
        known: ServerTool = tool
        return known
    mend = "give WebSearch(), XSearch(), ... or a dict such as {'type': 'web_search'}; functions go to tools."
    raise ValueError(f"server_tools: a {type(tool).__name__} is not a server-side tool: {mend}")


def _secret(value: SecretStr | str | None) -> SecretStr | None:
    return value if value is None or isinstance(value, SecretStr) else SecretStr(value)


_CREDENTIALS = ("authorization", "headers")


def _each_credential(wire: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """A tool's dict with each credential in it changed; values of other types are left to the API to refuse."""
    out = dict(wire)
    for name in _CREDENTIALS:
        value = out.get(name)
        if isinstance(value, Mapping):
            out[name] = {k: change(v) if isinstance(v, (str, SecretStr)) else v for k, v in value.items()}
        elif isinstance(value, (str, SecretStr)):
            out[name] = change(value)
    return out


def _reveal(value: SecretStr | str | None) -> str | None:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
