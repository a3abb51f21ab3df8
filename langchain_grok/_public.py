"""What of a call's arguments may be shown, pickled or made a cache's key: credentials are blotted out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from grok_adapter.tools import MCPServer
from grok_adapter.types import ServerTool
from langchain_grok._tools import without_credentials

__all__ = ["as_key", "public_kwargs", "public_value", "public_wire", "without_secrets"]

HIDDEN = frozenset({"authorization", "headers", "api_key", "default_headers", "extra_headers"})
"""Keys whose values are credentials, or may be."""


def public_wire(tool: ServerTool) -> dict[str, Any]:
    """A server-side tool's wire form without its credentials."""
    shown: dict[str, Any] = public_value(tool.to_wire())
    return shown


def public_value(value: Any) -> Any:
    """A value without the credentials in it, at any depth."""
    if isinstance(value, Mapping):
        return {key: public_value(inner) for key, inner in value.items() if str(key).lower() not in HIDDEN}
    if isinstance(value, (list, tuple)):
        return [public_value(inner) for inner in value]
    return value


def public_kwargs(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """A call's arguments as tracing and caches may see them."""
    out = dict(kwargs)
    for name in ("tools", "server_tools"):
        if isinstance(out.get(name), (list, tuple)):
            out[name] = [without_credentials(tool) for tool in out[name]]
    if out.get("extra_body"):
        out["extra_body"] = public_value(out["extra_body"])
    return out


def without_secrets(tool: ServerTool) -> ServerTool:
    """A tool without its credentials, as it may be pickled."""
    return dataclasses.replace(tool, authorization=None, headers=None) if isinstance(tool, MCPServer) else tool


def as_key(value: Any) -> Any:
    """What JSON cannot hold, in a form that is equal for equal values: for cache keys."""
    if hasattr(value, "to_wire") and not isinstance(value, type):
        return [public_wire(value), *value.include]
    if isinstance(value, type) and hasattr(value, "model_json_schema"):
        return value.model_json_schema()
    return repr(value)
