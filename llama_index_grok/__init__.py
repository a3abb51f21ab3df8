"""Grok, by xAI, for LlamaIndex: `from llama_index_grok import Grok`. (Not Groq, which is another company.)

The tools that xAI runs, the warnings and the errors come along. The errors load the `openai` SDK, so they come on first
use (PEP 562).
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
from llama_index_grok.llm import Grok
from llama_index_grok.usage import UsageCostHandler

if TYPE_CHECKING:
    from grok_adapter.errors import (
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

__all__ = [
    "CodeExecution",
    "CollectionsSearch",
    "Grok",
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
    "UsageCostHandler",
    "WebSearch",
    "XSearch",
]


def __getattr__(name: str) -> Any:
    if name in __all__:  # everything else is imported above: what is left are the errors
        return getattr(import_module("grok_adapter.errors"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
