"""What is secret about a call: where it goes, and how it is kept out of everything that is printed.

Keys, secret headers, credentials of MCP tools and passwords within URLs are sent as they are; `Hidden` keeps them out
of logs and tracebacks on the way, `secrets_of` lists them for the errors, which blot them out of whatever comes back.

Must not know: requests, the SDK, what an answer means.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import getproxies

from pydantic import SecretStr

__all__ = [
    "Hidden",
    "auth_headers",
    "credentials_in",
    "hide_credentials",
    "reveal",
    "secrets_of",
    "without_credentials",
]


class Hidden(str):
    """A secret within a request: itself for the HTTP library, `'***'` for whatever prints the request.

    openai 2.x logs headers and bodies at DEBUG, and error trackers print the locals of every frame of a traceback.

    Example:
        >>> {"authorization": Hidden("Bearer xai-1")}, str(Hidden("Bearer xai-1"))
        ({'authorization': '***'}, 'Bearer xai-1')
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def reveal(value: Any) -> str:
    """The text of a secret, or of anything else."""
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def auth_headers(base_url: str, key: Any) -> dict[str, str]:
    """The headers that carry the key, and the user name and password that a gateway's URL may hold.

    Both want `Authorization`, where HTTP libraries put what a URL holds; xAI takes its key as `x-api-key` too
    (documentation of October 2026).

    Example:
        >>> {k: str(v) for k, v in auth_headers("https://api.x.ai/v1", "xai-1").items()}
        {'Authorization': 'Bearer xai-1'}
        >>> {k: str(v) for k, v in auth_headers("https://me:pw@gateway.example/v1", "xai-1").items()}
        {'Authorization': 'Basic bWU6cHc=', 'x-api-key': 'xai-1'}
    """
    basic = credentials_in(base_url)
    headers: dict[str, str] = {"Authorization": Hidden(f"Basic {_base64(basic)}")} if basic else {}
    if key is not None:
        headers |= {"x-api-key": Hidden(reveal(key))} if basic else {"Authorization": Hidden(f"Bearer {reveal(key)}")}
    return headers


def hide_credentials(body: dict[str, Any]) -> dict[str, Any]:
    """The body with the credentials of its MCP tools as `Hidden`; it is sent as it was.

    Example:
        >>> hide_credentials({"tools": [{"type": "mcp", "authorization": "token"}]})
        {'tools': [{'type': 'mcp', 'authorization': '***'}]}
    """
    if not any(tool.get("authorization") or tool.get("headers") for tool in _tools_of(body)):
        return body
    return {**body, "tools": [_hidden_tool(tool) if isinstance(tool, dict) else tool for tool in body["tools"]]}


def _tools_of(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    tools = body.get("tools")
    return [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []


def _hidden_tool(tool: dict[str, Any]) -> dict[str, Any]:
    out = dict(tool)
    if isinstance(value := out.get("authorization"), str):
        out["authorization"] = Hidden(value)
    if isinstance(headers := out.get("headers"), Mapping):
        out["headers"] = {k: Hidden(v) if isinstance(v, str) else v for k, v in headers.items()}
    return out


def credentials_in(url: str) -> str:
    """User name and password within a URL, as `name:password`; empty if there are none.

    Example:
        >>> credentials_in("https://me:p%40ss@gateway.example/v1"), credentials_in("https://api.x.ai/v1")
        ('me:p@ss', '')
    """
    if "@" not in url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:  # no URL: a proxy variable may hold anything
        return ""
    return f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if "@" in parts.netloc else ""


def without_credentials(url: str) -> str:
    """The URL as HTTP libraries may log it.

    Example:
        >>> without_credentials("https://me:pw@gateway.example/v1")
        'https://gateway.example/v1'
    """
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def secrets_of(
    body: Mapping[str, Any], *, keys: Iterable[Any], base_url: str, headers: Mapping[str, str] | None
) -> list[str]:
    """Everything that must not appear in an error's text, even when the server echoes it.

    Args:
        body: What was sent; credentials of MCP tools are looked for in it.
        keys: Keys that were, or may have been, sent.
        base_url: May hold a user name and a password.
        headers: The caller's own, any of which may be secret.
    """
    values: list[Any] = [key for key in keys if key]
    for value in (headers or {}).values():
        values += [value, str(value).rpartition(" ")[2]]  # of "Bearer ..." the token alone is a secret too
    for url in (base_url, *getproxies().values()):
        if pair := credentials_in(url):
            values += [pair, pair.partition(":")[2], _base64(pair)]
    for tool in _tools_of(body):
        own = tool.get("headers")
        values += [tool.get("authorization"), *(own.values() if isinstance(own, Mapping) else ())]
    return [text for value in values if value and len(text := reveal(value)) > 3]


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()
