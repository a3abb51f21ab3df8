"""The errors, and how xAI's many error bodies become one of them.

    GrokError
    +-- GrokConfigurationError          ValueError                      a setting that cannot work
    +-- GrokUnsupportedParameterError   ValueError                      on_unsupported="raise"
    +-- GrokStructuredOutputError       ValueError                      no JSON, cut JSON, or a refusal
    +-- GrokAuthenticationError         openai.AuthenticationError      missing or wrong key (xAI: mostly 400)
    +-- GrokPermissionError             openai.PermissionDeniedError    the key may not do this
    |   +-- GrokRegionError                                             the model is not offered in this region
    |   +-- GrokContentPolicyError                                      refused by a safety check; `.failed_check`
    |   +-- GrokQuotaError                                              no credit, spending limit (403 or 429)
    +-- GrokRateLimitError              openai.RateLimitError           too fast
    +-- GrokInvalidRequestError         openai.BadRequestError          the request is wrong
    |   +-- GrokContextLengthError                                      the prompt is too long
    |   +-- GrokImageError                                              an image cannot be read
    |   +-- GrokUnprocessableError      openai.UnprocessableEntityError the body does not fit the schema (422)
    +-- GrokNotFoundError               openai.NotFoundError            no such response, file or route
    |   +-- GrokModelNotFoundError                                      unknown or retired model (400 or 404)
    +-- GrokConflictError               openai.ConflictError            409
    +-- GrokServerError                 openai.InternalServerError      xAI failed
    |   +-- GrokOverloadedError                                         at capacity: 503, 529, 498, or inside a 200
    +-- GrokConnectionError             openai.APIConnectionError       no connection, or it broke
    |   +-- GrokTimeoutError            openai.APITimeoutError          nothing came in time
    +-- GrokStreamError                 openai.APIError                 a stream ended before its end; `.partial`
    +-- GrokResponseError               openai.APIError                 an answer that makes no sense

What decides is what xAI says, not the status alone: a wrong key is a 400, an empty purse a 403 or a 429, and a
failure can come inside an HTTP 200. The parents from the SDK follow the meaning too, so that rules made for
`openai.RateLimitError` do not retry an empty purse. Texts are short and hold no key; all errors pickle.

Must not know: frameworks, wire formats of answers, the network. Imports the SDK (0.7 s), so it is only ever imported
lazily. Read the classes, then `error_for` and `from_sdk_error`; what a body says is read in `error_bodies.py`.
"""

from __future__ import annotations

import builtins
import copy
import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

import openai

from grok_adapter.error_bodies import (
    Kind,
    Reading,
    failed_check_in,
    hint_for,
    kind_for,
    read_body,
    read_error_body,
    read_rate_limits,
    read_retry_after,
    redact,
    shorten,
)
from grok_adapter.types import ChatResponse, ParameterReport

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
    "error_for",
    "error_for_event",
    "from_sdk_error",
    "read_error_body",
    "read_rate_limits",
    "read_retry_after",
    "redact",
    "unreadable",
]

_LONGEST_MESSAGE = 500
_LONGEST_BODY = 2_000

E = TypeVar("E", bound="GrokError")


# --- the tree ----------------------------------------------------------------------------------------------------


class GrokError(Exception):
    """Any failure that this package reports.

    Attributes:
        message: What happened, in xAI's words where there are any; at most about 500 characters, no secrets.
        hint: How to mend it, where that is known; the last line of `str(error)`.
        status_code: HTTP status, or the status that an error inside a stream names; `None` without an answer.
        code: xAI's own code, as text (`"invalid-argument"`, `"503"`).
        request_id: xAI's id of the request, to quote to its support.
        rate_limits: The `x-ratelimit-*` headers, as `read_rate_limits` names them.
        is_retryable: Whether the same request may succeed later.
        retry_after: Seconds the server asked to wait.
        attempts: How many tries were made.
        model, api: What was asked, and over which endpoint.
        body: The body as text, shortened and without secrets.
        response, request: The SDK's HTTP objects where there are any; lost in a pickle.
    """

    status_code: Any  # int | None; the SDK types it as the one literal of each class, which is not what always comes
    body: object
    response: Any
    request: Any
    param: str | None
    type: str | None
    _retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str = "",
        *,
        status_code: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        rate_limits: Mapping[str, int] | None = None,
        is_retryable: bool | None = None,
        retry_after: float | None = None,
        attempts: int = 1,
        model: str | None = None,
        api: str | None = None,
        hint: str | None = None,
        body: str | None = None,
        response: Any = None,
        request: Any = None,
    ) -> None:
        # The SDK's constructors want a live response; their attributes are set here instead.
        Exception.__init__(self, message)
        self.message = message
        self.status_code = status_code
        self.code = code
        self.request_id = request_id
        self.rate_limits = dict(rate_limits or {})
        self.is_retryable = self._retryable if is_retryable is None else is_retryable
        self.retry_after = retry_after
        self.attempts = attempts
        self.model = model
        self.api = api
        self.hint = hint
        self.body = body
        self.response = response
        self.request = request if request is not None else getattr(response, "_request", None)
        self.param = None
        self.type = None

    def __str__(self) -> str:
        own_code = self.code if self.code != str(self.status_code) else ""
        facts = [f"HTTP {self.status_code}" if self.status_code else "", own_code or ""]
        shown = ", ".join(fact for fact in facts if fact)
        lines = [f"{self.message} ({shown})" if shown else self.message, self.hint or ""]
        return "\n".join(line for line in lines if line)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), {**self.__dict__, "response": None, "request": None})

    def __deepcopy__(self: E, memo: dict[int, Any]) -> E:
        state = {k: v if k in ("response", "request") else copy.deepcopy(v, memo) for k, v in self.__dict__.items()}
        twin = _rebuild(type(self), state)
        twin.__cause__ = self.__cause__
        return twin

    def recast(self, cls: builtins.type[E]) -> E:
        """The same facts and cause under another class, for a framework that adds parents of its own.

        Example:
            >>> GrokServerError("broken", attempts=3).recast(GrokOverloadedError).attempts
            3
        """
        twin = _rebuild(cls, dict(self.__dict__))
        twin.__cause__ = self.__cause__
        return twin

    def fill_in(
        self: E,
        *,
        model: str | None = None,
        api: str | None = None,
        headers: Mapping[str, str] | None = None,
        response: Any = None,
        secrets: Iterable[str] = (),
    ) -> E:
        """Adds what the place that raised it could not know, and blots out secrets; facts already there stay.

        Args:
            model: What was asked.
            api: Which endpoint was asked.
            headers: Response headers: request id, rate limits and `Retry-After` are read from them.
            response: The SDK's HTTP response.
            secrets: What must not appear in the error.

        Returns:
            The error itself.

        Example:
            >>> GrokStreamError("cut").fill_in(model="grok-4.7", headers={"x-request-id": "r-1"}).request_id
            'r-1'
        """
        headers = {name.lower(): value for name, value in (headers or {}).items()}
        self.model, self.api = self.model or model, self.api or api
        self.request_id = self.request_id or headers.get("x-request-id")
        self.rate_limits = self.rate_limits or read_rate_limits(headers)
        self.retry_after = read_retry_after(headers) if self.retry_after is None else self.retry_after
        self.response = response if self.response is None else self.response
        hidden = tuple(secrets)
        for name in ("message", "code", "hint", "body", "failed_check", "raw"):
            if isinstance(value := self.__dict__.get(name), str):
                self.__dict__[name] = redact(value, hidden)
        self.args = (self.message,)
        return self


def _rebuild(cls: type[E], state: dict[str, Any]) -> E:
    """Makes an error from its attributes, past every constructor: also how errors are unpickled."""
    error = cls.__new__(cls)
    error.args = (state.get("message", ""),)
    error.__dict__.update(state)
    return error


class GrokConfigurationError(GrokError, ValueError):
    """A setting that cannot work. Raised before anything is sent."""


class GrokUnsupportedParameterError(GrokError, ValueError):
    """A parameter that the model or the API would refuse or ignore, with `on_unsupported="raise"`.

    Attributes:
        parameters: The parameters in question, with values and reasons.
    """

    def __init__(self, message: str = "", *, parameters: ParameterReport = (), **facts: Any) -> None:
        super().__init__(message, **facts)
        self.parameters = parameters


class GrokStructuredOutputError(GrokError, ValueError):
    """A structured answer was asked for and what came is not one.

    Attributes:
        raw: The text that came.
        finish_reason: Why the answer ended: `"length"` means that it was cut.
    """

    def __init__(self, message: str = "", *, raw: str = "", finish_reason: str | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.raw = raw
        self.finish_reason = finish_reason


class GrokAuthenticationError(GrokError, openai.AuthenticationError):
    """The key is missing or wrong. xAI answers 400 to a wrong one (any-llm fixtures, July 2026)."""


class GrokPermissionError(GrokError, openai.PermissionDeniedError):
    """The key is known and may not do this."""


class GrokRegionError(GrokPermissionError):
    """The model is not offered in the caller's region."""


class GrokContentPolicyError(GrokPermissionError):
    """The request was refused by a safety check.

    Attributes:
        failed_check: The check as xAI names it, such as `"SAFETY_CHECK_TYPE_BIO"`; `None` where it does not.
    """

    def __init__(self, message: str = "", *, failed_check: str | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.failed_check = failed_check


class GrokQuotaError(GrokPermissionError):
    """No credit left, or the spending limit is reached (403 or 429). Waiting does not help."""


class GrokRateLimitError(GrokError, openai.RateLimitError):
    """Too many requests or tokens in too little time."""

    _retryable = True


class GrokInvalidRequestError(GrokError, openai.BadRequestError):
    """The request itself is wrong (400, 410, 413)."""


class GrokContextLengthError(GrokInvalidRequestError):
    """The prompt is longer than the model's window."""


class GrokImageError(GrokInvalidRequestError):
    """An image cannot be read (400, but 500 has been seen)."""


class GrokUnprocessableError(GrokInvalidRequestError, openai.UnprocessableEntityError):
    """The body does not fit xAI's schema (422): an SDK error of both kinds."""


class GrokNotFoundError(GrokError, openai.NotFoundError):
    """No such response, file or route."""


class GrokModelNotFoundError(GrokNotFoundError):
    """Unknown or retired model, or one the team has no access to (400 or 404)."""


class GrokConflictError(GrokError, openai.ConflictError):
    """The request collided with another one (409)."""

    _retryable = True


class GrokServerError(GrokError, openai.InternalServerError):
    """xAI failed: 5xx, 408, or an error that says so inside an HTTP 200."""

    _retryable = True


class GrokOverloadedError(GrokServerError):
    """xAI is at capacity: 503, 529, 498, or an error that says so inside an HTTP 200."""


class GrokConnectionError(GrokError, openai.APIConnectionError):
    """No connection, or it broke before an answer began."""

    _retryable = True


class GrokTimeoutError(GrokConnectionError, openai.APITimeoutError):
    """Nothing came in time. Retryable only while connecting: a request that was sent may have been billed."""


class GrokStreamError(GrokError, openai.APIError):
    """A stream stopped before its end: cut, ended too early, silent for too long, or an error event.

    Attributes:
        partial: Everything that had arrived, `None` if nothing had.
    """

    _retryable = True

    def __init__(self, message: str = "", *, partial: ChatResponse | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.partial = partial


class GrokResponseError(GrokError, openai.APIError):
    """An answer that is none: empty, cut or wrongly typed JSON, a web page."""


# --- making ------------------------------------------------------------------------------------------------------

_CLASSES: Mapping[Kind, type[GrokError]] = {
    "authentication": GrokAuthenticationError,
    "permission": GrokPermissionError,
    "region": GrokRegionError,
    "content_policy": GrokContentPolicyError,
    "quota": GrokQuotaError,
    "rate_limit": GrokRateLimitError,
    "context_length": GrokContextLengthError,
    "model_not_found": GrokModelNotFoundError,
    "not_found": GrokNotFoundError,
    "image": GrokImageError,
    "invalid_request": GrokInvalidRequestError,
    "unprocessable": GrokUnprocessableError,
    "conflict": GrokConflictError,
    "overloaded": GrokOverloadedError,
    "server": GrokServerError,
}


def error_for(
    *,
    status: int | None,
    text: str,
    headers: Mapping[str, str] | None = None,
    content_type: str = "",
    request_id: str | None = None,
    model: str | None = None,
    api: str | None = None,
    cause: BaseException | None = None,
    secrets: Iterable[str] = (),
    response: Any = None,
) -> GrokError:
    """Makes the error that an answer or a stream event means.

    Args:
        status: HTTP status; 200 for an error inside a success or a stream.
        text: The body, or the event's data.
        headers: Response headers, any case.
        content_type: Taken from `headers` if empty.
        request_id: Taken from `headers` if not given.
        model: What was asked.
        api: Which endpoint was asked.
        cause: What led here; kept as `__cause__` unless its text holds a secret.
        secrets: What must not appear in the error.
        response: The SDK's HTTP response, for `error.response`.

    Returns:
        The error, to be raised by the caller.

    Example:
        >>> error_for(status=400, text='{"error": "Incorrect API key provided."}').__class__.__name__
        'GrokAuthenticationError'
    """
    headers = {name.lower(): value for name, value in (headers or {}).items()}
    hidden = tuple(secrets)
    reading = read_body(text, content_type or headers.get("content-type", ""))
    http_status = status or 0
    seen = http_status if http_status >= 400 else (reading.status or http_status)
    facts: dict[str, Any] = {
        "status_code": seen or None,
        "code": None if reading.code is None else shorten(redact(reading.code, hidden), 100),
        "request_id": request_id or headers.get("x-request-id"),
        "rate_limits": read_rate_limits(headers),
        "retry_after": read_retry_after(headers),
        "model": model,
        "api": api,
        "body": shorten(redact(text, hidden), _LONGEST_BODY),
        "response": response if response is not None else getattr(cause, "response", None),
    }
    if redact(text, hidden) != text:
        facts["response"] = None  # its body echoes a secret, and LangChain's tracing prints `error.response.json()`
    if not reading.message and seen < 400:
        return _finish(GrokResponseError("xAI sent an empty answer.", **facts), reading, cause, hidden)
    kind = kind_for(seen, reading)
    if kind == "server" and seen < 400 and not reading.structured:  # a web page, or half an answer
        return _finish(_nonsense("JSON", text, hidden, facts), reading, cause, hidden)
    cls = _CLASSES[kind]
    message = shorten(redact(reading.message, hidden), _LONGEST_MESSAGE) or f"{_phrase(seen)}, with an empty body."
    if kind == "content_policy":
        check = failed_check_in(reading.message)
        facts["failed_check"] = redact(check, hidden) if check else None
    # 525 and 526 are TLS faults between the edge and xAI, which stay (grok-build, Aug 2026).
    vetoed = headers.get("x-should-retry", "").strip().lower() == "false" or seen in (525, 526)
    error = cls(message, hint=hint_for(kind, message, model), is_retryable=False if vetoed else None, **facts)
    return _finish(error, reading, cause, hidden)


def error_for_event(event: Mapping[str, Any], **context: Any) -> GrokError:
    """Makes the error that a stream event, or a JSON body inside an HTTP 200, means.

    Args:
        event: The event's object: `{"code", "error"}`, `{"type": "error", ...}`, `response.failed`.
        **context: As for `error_for`, such as `model` and `secrets`; the status is 200 unless given.

    Example:
        >>> error_for_event({"type": "error", "code": 503, "message": "Service temporarily unavailable"}).status_code
        503
    """
    return error_for(**{"status": 200, "text": json.dumps(event, ensure_ascii=False, default=str), **context})


def unreadable(expected: str, got: object, **context: Any) -> GrokError:
    """Makes the error for an answer that is not what it should be; if it is an error body, the one that it means.

    Args:
        expected: What should have come, such as "an object with `choices`".
        got: What came, decoded or as text.
        **context: As for `error_for`.

    Example:
        >>> print(unreadable("an object with `choices`", []))
        xAI's answer makes no sense: expected an object with `choices`, got [].
    """
    if isinstance(got, Mapping) and (got.get("error") or got.get("status") == "failed"):
        return error_for_event(got, **context)
    facts = {key: value for key, value in context.items() if key in ("model", "api", "request_id", "response")}
    text = got if isinstance(got, str) else json.dumps(got, ensure_ascii=False, default=str)
    hidden = tuple(context.get("secrets", ()))
    facts |= {"status_code": context.get("status"), "body": shorten(redact(text, hidden), _LONGEST_BODY)}
    return _nonsense(expected, text, hidden, facts)


def _nonsense(expected: str, text: str, hidden: tuple[str, ...], facts: Mapping[str, Any]) -> GrokResponseError:
    shown = shorten(redact(text, hidden), 200) or "nothing"
    return GrokResponseError(f"xAI's answer makes no sense: expected {expected}, got {shown}.", **facts)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


def _finish(error: E, reading: Reading, cause: BaseException | None, secrets: tuple[str, ...]) -> E:
    error.param, error.type = reading.param, reading.type
    error.__cause__ = None if cause is None or _holds_secret(cause, secrets) else cause
    return error


def _holds_secret(cause: BaseException, secrets: tuple[str, ...]) -> bool:
    """Whether anything that is printed of the cause, or of what led to it, would be blotted out."""
    seen: set[int] = set()
    at: BaseException | None = cause
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        shown = "\n".join((str(at), repr(at), str(getattr(at, "body", "")), *getattr(at, "__notes__", ())))
        if redact(shown, secrets) != shown:
            return True
        at = at.__cause__ or at.__context__
    return False


def from_sdk_error(
    exc: BaseException,
    *,
    model: str | None = None,
    api: str | None = None,
    secrets: Iterable[str] = (),
) -> GrokError:
    """Makes ours of an error that the SDK, or the HTTP library under it, raised.

    Args:
        exc: `openai.APIStatusError`, `APITimeoutError`, `APIConnectionError`, or the HTTP library's own, which come
            through when a body is read (`httpx` with openai 2.x, `httpx2` with 3.x; told by name, so neither is
            imported).
        model: What was asked.
        api: Which endpoint was asked.
        secrets: What must not appear in the error.

    Returns:
        The error, to be raised by the caller; one of ours comes back itself, filled in.

    Example:
        >>> from_sdk_error(OSError("connection reset")).is_retryable
        True
    """
    hidden = tuple(secrets)
    if isinstance(exc, GrokError):
        return exc.fill_in(model=model, api=api, secrets=hidden)
    if isinstance(exc, openai.APIStatusError):
        return error_for(
            status=exc.status_code,
            text=_body_text(exc),
            headers=exc.response.headers,
            model=model,
            api=api,
            cause=exc,
            secrets=hidden,
            response=exc.response,
        )
    # Only the cause: the context may be an unrelated error that the caller is just handling.
    chain = [exc] if exc.__cause__ is None else [exc, exc.__cause__]
    if ours := next((e for e in chain if isinstance(e, GrokError)), None):
        return ours.fill_in(
            model=model, api=api, secrets=hidden
        )  # raised in a callback, such as a callable api_key, and wrapped by the SDK
    kinds = {base.__name__ for e in chain for base in type(e).__mro__}
    reason = redact(str(chain[-1]) or type(chain[-1]).__name__, hidden)
    facts: dict[str, Any] = {"model": model, "api": api, "request": _request_of(exc)}
    if kinds & {"APITimeoutError", "TimeoutException", "TimeoutError"}:
        return _finish(_timeout_error(kinds, facts), Reading(), exc, hidden)
    message = shorten(reason, _LONGEST_MESSAGE)
    if "DecodingError" in kinds:  # a body that is not compressed as it says
        return _finish(GrokResponseError(f"xAI's answer cannot be read: {message}", **facts), Reading(), exc, hidden)
    if kinds & {"APIConnectionError", "TransportError", "StreamError", "OSError"}:
        lasting = kinds & {"UnsupportedProtocol", "LocalProtocolError", "InvalidURL"} or "CERTIFICATE_VERIFY" in reason
        error: GrokError = GrokConnectionError(
            f"Connection error: {message}",
            hint="Check the network, base_url, and the proxy settings (HTTPS_PROXY, NO_PROXY).",
            is_retryable=not lasting,
            **facts,
        )
        return _finish(error, Reading(), exc, hidden)
    return _finish(GrokResponseError(f"{type(exc).__name__}: {message}", **facts), Reading(), exc, hidden)


def _timeout_error(kinds: set[str], facts: Mapping[str, Any]) -> GrokTimeoutError:
    """Before the request was sent whole, another try costs nothing; after that it may have been billed."""
    for kind, phase in (("ConnectTimeout", "connecting"), ("PoolTimeout", "waiting for a free connection")):
        if kind in kinds:
            hint = "Check the network, base_url, and the proxy settings; or raise the connect timeout."
            return GrokTimeoutError(f"Timed out {phase}.", hint=hint, is_retryable=True, **facts)
    if "WriteTimeout" in kinds:
        return GrokTimeoutError("Timed out sending the request.", hint="Raise timeout=.", is_retryable=True, **facts)
    hint = "Raise timeout= (reasoning can take many minutes), or stream. Not tried again: it may have been billed."
    return GrokTimeoutError("Timed out waiting for an answer.", hint=hint, is_retryable=False, **facts)


def _request_of(exc: BaseException) -> Any:
    try:
        return getattr(exc, "request", None)
    except RuntimeError:  # the HTTP library's errors have none outside of a request
        return None


def _body_text(exc: openai.APIStatusError) -> str:
    """The body of a status error. One of a stream that was not read has only what the SDK kept."""
    try:
        return str(exc.response.text)
    except RuntimeError:  # ResponseNotRead
        return exc.body if isinstance(exc.body, str) else json.dumps(exc.body) if exc.body is not None else ""
