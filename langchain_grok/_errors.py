"""The errors of `grok_adapter`, with LangChain's own as further parents: its middleware knows them by those.

`GrokRateLimitError` is an `openai.RateLimitError` and LangChain's `ModelRateLimitError`. Errors without a
counterpart in LangChain are the core's own classes. Imports the SDK, so it is only imported when something failed.
"""

from __future__ import annotations

from langchain_core import exceptions as lc

from grok_adapter import errors as core
from grok_adapter.errors import (
    GrokConfigurationError,
    GrokConflictError,
    GrokError,
    GrokNotFoundError,
    GrokUnsupportedParameterError,
)

__all__ = [
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
    "from_core_error",
]


class GrokAuthenticationError(core.GrokAuthenticationError, lc.ModelAuthenticationError):
    """The key is missing or wrong."""


class GrokPermissionError(core.GrokPermissionError, lc.ModelPermissionDeniedError):
    """The key is known and may not do this."""


class GrokRegionError(core.GrokRegionError, GrokPermissionError):
    """The model is not offered in the caller's region."""


class GrokContentPolicyError(core.GrokContentPolicyError, GrokPermissionError):
    """The request was refused by a safety check."""


class GrokQuotaError(core.GrokQuotaError, GrokPermissionError):
    """No credit left, or the spending limit is reached. Not a rate limit: waiting does not help."""


class GrokRateLimitError(core.GrokRateLimitError, lc.ModelRateLimitError):
    """Too many requests or tokens in too little time."""


class GrokInvalidRequestError(core.GrokInvalidRequestError, lc.ModelInvalidRequestError):
    """The request itself is wrong."""


class GrokContextLengthError(core.GrokContextLengthError, GrokInvalidRequestError, lc.ContextOverflowError):
    """The prompt is longer than the model's window: LangChain's summarisation listens for it."""


class GrokImageError(core.GrokImageError, GrokInvalidRequestError):
    """An image cannot be read."""


class GrokUnprocessableError(core.GrokUnprocessableError, GrokInvalidRequestError):
    """The body does not fit xAI's schema (422)."""


class GrokModelNotFoundError(core.GrokModelNotFoundError, lc.ModelNotFoundError):
    """Unknown or retired model, or one the team has no access to."""


class GrokServerError(core.GrokServerError, lc.ModelAPIError):
    """xAI failed."""


class GrokOverloadedError(core.GrokOverloadedError, GrokServerError):
    """xAI is at capacity."""


class GrokConnectionError(core.GrokConnectionError, lc.ModelConnectionError):
    """No connection, or it broke before an answer began."""


class GrokTimeoutError(core.GrokTimeoutError, GrokConnectionError, lc.ModelTimeoutError):
    """Nothing came in time. Retryable only while connecting: a request that was sent may have been billed."""


class GrokStreamError(core.GrokStreamError, lc.ModelAPIError):
    """A stream stopped before its end; `partial` holds what had arrived."""


class GrokResponseError(core.GrokResponseError, lc.ModelAPIError):
    """An answer that is none."""


class GrokStructuredOutputError(core.GrokStructuredOutputError, lc.OutputParserException):
    """A structured answer was asked for and what came is not one; `raw` is the text, `finish_reason` why it ended."""

    def __init__(self, message: str = "", *, raw: str = "", finish_reason: str | None = None) -> None:
        super().__init__(message, raw=raw, finish_reason=finish_reason)
        # What parsers that mend outputs read; langchain-core's constructor would set them.
        self.observation = None
        self.llm_output = raw
        self.send_to_llm = False


_OURS: dict[type[GrokError], type[GrokError]] = {
    base: cls
    for cls in list(globals().values())
    if isinstance(cls, type) and issubclass(cls, GrokError) and cls.__module__ == __name__
    for base in cls.__bases__[:1]
}
"""Core class -> the one of this module; each names its core class first."""


def from_core_error(error: core.GrokError) -> core.GrokError:
    """The same error with LangChain's parents, if it has any."""
    cls = _OURS.get(type(error))
    return error if cls is None else error.recast(cls)
