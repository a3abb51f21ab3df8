"""The core of the Grok integration: neutral values, codecs for xAI's two APIs, errors, and the client (the only I/O).

It knows xAI and the `openai` SDK and no framework; `langchain_grok` and `llama_index_grok` are built on it. Importing
it loads no SDK: the errors and the client come on first use (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from grok_adapter.models import GrokModel, model_for
from grok_adapter.params import clean_params
from grok_adapter.tools import (
    CodeExecution,
    CollectionsSearch,
    ImageGeneration,
    MCPServer,
    RawServerTool,
    WebSearch,
    XSearch,
)
from grok_adapter.types import (
    ChatRequest,
    ChatResponse,
    Citation,
    GrokWarning,
    Message,
    UnsupportedParameterWarning,
    Usage,
)

if TYPE_CHECKING:
    from grok_adapter.client import GrokClient
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

__version__ = "0.1.0"

__all__ = [
    "ChatRequest",
    "ChatResponse",
    "Citation",
    "CodeExecution",
    "CollectionsSearch",
    "GrokAuthenticationError",
    "GrokClient",
    "GrokConfigurationError",
    "GrokConflictError",
    "GrokConnectionError",
    "GrokContentPolicyError",
    "GrokContextLengthError",
    "GrokError",
    "GrokImageError",
    "GrokInvalidRequestError",
    "GrokModel",
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
    "Message",
    "RawServerTool",
    "UnsupportedParameterWarning",
    "Usage",
    "WebSearch",
    "XSearch",
    "__version__",
    "clean_params",
    "model_for",
]


def __getattr__(name: str) -> Any:
    if name == "GrokClient":
        return import_module("grok_adapter.client").GrokClient
    if name in __all__:  # what is left are the errors
        return getattr(import_module("grok_adapter.errors"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
