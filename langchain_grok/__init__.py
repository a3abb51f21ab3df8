"""Grok for LangChain: `ChatGrok`, the tools that xAI runs, the errors, and a ledger of what calls cost.

Importing this loads no SDK: it comes with the first call, and the error classes and the ledger on first use (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from grok_adapter.tools import (
    CodeExecution,
    CollectionsSearch,
    ImageGeneration,
    MCPServer,
    RawServerTool,
    WebSearch,
    XSearch,
)
from grok_adapter.types import GrokWarning, UnsupportedParameterWarning
from langchain_grok.chat_models import ChatGrok

if TYPE_CHECKING:
    from langchain_grok._errors import (
        GrokAuthenticationError,
        GrokConfigurationError,
        GrokConflictError,
        GrokConnectionError,
        GrokContentPolicyError,
        GrokContextLengthError,
        GrokError,
        GrokImageError,
        GrokInvalidRequestError,
        GrokModelNotFoundError,
        GrokNotFoundError,
        GrokOverloadedError,
        GrokPermissionError,
        GrokQuotaError,
        GrokRateLimitError,
        GrokRegionError,
        GrokResponseError,
        GrokServerError,
        GrokStreamError,
        GrokStructuredOutputError,
        GrokTimeoutError,
        GrokUnprocessableError,
        GrokUnsupportedParameterError,
    )
    from langchain_grok.usage import get_usage_cost

__all__ = [
    "ChatGrok",
    "CodeExecution",
    "CollectionsSearch",
    "GrokAuthenticationError",
    "GrokConfigurationError",
    "GrokConflictError",
    "GrokConnectionError",
    "GrokContentPolicyError",
    "GrokContextLengthError",
    "GrokError",
    "GrokImageError",
    "GrokInvalidRequestError",
    "GrokModelNotFoundError",
    "GrokNotFoundError",
    "GrokOverloadedError",
    "GrokPermissionError",
    "GrokQuotaError",
    "GrokRateLimitError",
    "GrokRegionError",
    "GrokResponseError",
    "GrokServerError",
    "GrokStreamError",
    "GrokStructuredOutputError",
    "GrokTimeoutError",
    "GrokUnprocessableError",
    "GrokUnsupportedParameterError",
    "GrokWarning",
    "ImageGeneration",
    "MCPServer",
    "RawServerTool",
    "UnsupportedParameterWarning",
    "WebSearch",
    "XSearch",
    "get_usage_cost",
]


def __getattr__(name: str) -> Any:
    if name == "get_usage_cost":
        return import_module("langchain_grok.usage").get_usage_cost
    if name in __all__:  # what is left are the errors
        return getattr(import_module("langchain_grok._errors"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
