"""What an error body says: xAI's code and message, which kind of failure that is, and a hint for the mend.

`errors.py` makes exceptions of it. This half needs no SDK, so it loads fast and is tested with plain strings; the
table of words below is where a new wording of xAI's goes. Shapes: recordings of April to August 2026 (apicity,
any-llm, ruby_llm), quoted bodies of GitHub issues, and the tests of xAI's own client, grok-build (Aug 2026).

Must not know: exceptions, the SDK, requests. Read `read_body`, then `kind_for`, then `hint_for`; `redact` and the
header readers stand alone.
"""

from __future__ import annotations

import difflib
import html
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import quote

from grok_adapter.models import ROWS, retirement_for

__all__ = [
    "Kind",
    "Reading",
    "failed_check_in",
    "hint_for",
    "kind_for",
    "read_body",
    "read_error_body",
    "read_rate_limits",
    "read_retry_after",
    "redact",
    "shorten",
    "shown",
]

Kind = Literal[
    "authentication",
    "permission",
    "region",
    "content_policy",
    "quota",
    "rate_limit",
    "context_length",
    "model_not_found",
    "not_found",
    "image",
    "invalid_request",
    "unprocessable",
    "conflict",
    "overloaded",
    "server",
]
"""What went wrong, whatever the status says."""

# --- reading -----------------------------------------------------------------------------------------------------

_SECRET_PATTERNS = (
    (re.compile(r"\b(xai|sk)-(?!sdk|org)[A-Za-z0-9_-]{12,}"), r"\1-***"),
    (re.compile(r"(?i)\b(bearer|basic)\s+(?=[^\s\"']*[\d_.=-])[A-Za-z0-9._~+/=-]{8,}"), r"\1 ***"),
    (re.compile(r"(?<=://)[^/\s@\"']+@"), "***@"),
    (
        re.compile(
            r"(?i)\b((?:x-)?api[_-]?key|access[_-]?token|client[_-]?secret|password)"
            r"(\"?\s*[=:]\s*\"?)[^\s\"'&,;}]{6,}"
        ),
        r"\1\2***",
    ),
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Blots out keys, bearer tokens, passwords in URLs, and the given secrets.

    Args:
        text: Any text on its way out of the process.
        secrets: What must not appear: as it is, URL-encoded, or as JSON. Shorter than 4 characters is ignored.

    Example:
        >>> redact("Bearer abc-123-def at http://me:pw@proxy:3128", ["3128"])
        'Bearer *** at http://***@proxy:***'
    """
    forms = {form for s in secrets if len(s) >= 4 for form in (s, quote(s, safe=""), quote(s), json.dumps(s)[1:-1])}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, "***")
    for pattern, mask in _SECRET_PATTERNS:
        text = pattern.sub(mask, text)
    return text


def shorten(text: str, limit: int) -> str:
    """The text, or its beginning and how long it was. The first `limit - 60` characters stay as they are."""
    text = text.strip()
    return text if len(text) <= limit else f"{text[: limit - 60]} ... ({len(text):,} characters)"


def shown(value: object) -> str:
    """A refused value for an error's text: plain ones as they are, secrets blotted out, all others by their type.

    What holds other values may hold a credential that no pattern knows.

    Example:
        >>> shown("hot"), shown({"authorization": "token"})
        ("'hot'", '<dict>')
    """
    plain = value is None or isinstance(value, (bool, int, float, str))
    return shorten(redact(repr(value)), 100) if plain else f"<{type(value).__name__}>"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a body says.

    Attributes:
        code: xAI's code, as text.
        message: xAI's text; empty if the body is.
        status: The status that the body itself names, 400 to 599: an event inside a 200 may.
        param, type: As OpenAI's error object has them.
        structured: Whether it is an error in JSON, rather than any text or page.
    """

    code: str | None = None
    message: str = ""
    status: int | None = None
    param: str | None = None
    type: str | None = None
    structured: bool = False


def read_error_body(text: str, content_type: str = "") -> tuple[str | None, str]:
    """Finds xAI's code and message in an error body of any known shape.

    Args:
        text: The body, or one `data:` line of a stream. Flat (`{"code", "error"}`), nested (`{"error": {...}}`), bare
            JSON string, plain text, HTML, gRPC gateway (`{"code": 16, "message"}`), `error` and `response.failed`
            events; anything else gives its own text.
        content_type: As sent; only HTML is told by it.

    Returns:
        The code as text or `None`, and the message, which is empty if the body is.

    Example:
        >>> read_error_body('{"code":"invalid-argument","error":"Model not found: grok-99"}')
        ('invalid-argument', 'Model not found: grok-99')
    """
    reading = read_body(text, content_type)
    return reading.code, reading.message


def read_body(text: str, content_type: str = "") -> Reading:
    """As `read_error_body`, with everything else that the body says about itself.

    Example:
        >>> read_body('{"type":"error","code":503,"message":"Service temporarily unavailable"}').status
        503
    """
    text = text.strip().lstrip("\ufeff")
    if "html" in content_type.lower() or re.match(r"(?i)<!doctype html|<html", text):
        title = re.search(r"(?is)<title[^>]*>(.*?)</title>", text) or re.search(r"(?is)<h1[^>]*>(.*?)</h1>", text)
        return Reading(message=html.unescape(re.sub(r"(?s)<[^>]+>", " ", title[1] if title else text)).strip())
    if re.match(r"(?:event|data|id|:)\s*:?", text) and (data := re.search(r"(?m)^data:\s*(\{.*)$", text)):
        text = data[1]
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return Reading(message=text)
    if isinstance(body, list) and body:  # gRPC gateways wrap stream errors in a list
        body = body[0]
    if isinstance(body, str):
        return Reading(message=body, structured=True)
    return _read_object(body, text) if isinstance(body, dict) else Reading(message=text)


def _read_object(body: Mapping[str, Any], text: str) -> Reading:
    if isinstance(inner := body.get("response"), dict):  # a response.failed event
        body = inner
    error = body.get("error")
    nested = error if isinstance(error, dict) else {}
    said = (nested.get("message"), nested.get("error"), error, body.get("message"), body.get("detail"))
    message = next((m for m in said if isinstance(m, str) and m.strip()), "")
    kind = nested.get("type")
    codes = (nested.get("code"), kind, body.get("code"))
    code = next((str(c) for c in codes if isinstance(c, (str, int)) and not isinstance(c, bool) and c != ""), None)
    statuses = (nested.get("status"), body.get("status"), body.get("status_code"), code)
    status = next((int(s) for s in map(str, statuses) if re.fullmatch("[45][0-9][0-9]", s)), None)
    if not message and not code:
        message = text if error is None else json.dumps(error)
    param = nested.get("param", body.get("param"))
    return Reading(
        code=code,
        message=message or str(code),
        structured=bool(code) or error is not None or message != text,
        status=status,
        param=param if isinstance(param, str) else None,
        type=kind if isinstance(kind, str) else None,
    )


def read_rate_limits(headers: Mapping[str, str]) -> dict[str, int]:
    """The `x-ratelimit-*` headers as numbers; only answers to inference that succeeded carry them (Aug 2026).

    Example:
        >>> read_rate_limits({"X-RateLimit-Remaining-Requests": "1799", "Date": "today"})
        {'remaining_requests': 1799}
    """
    found = ((name.lower(), value) for name, value in headers.items())
    return {
        name.removeprefix("x-ratelimit-").replace("-", "_"): int(value)
        for name, value in found
        if name.startswith("x-ratelimit-") and value.strip().isdecimal()
    }


def read_retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Seconds that `Retry-After` asks for, given in seconds or as an HTTP date; `None` if absent or unreadable.

    Example:
        >>> read_retry_after({"retry-after": "17"})
        17.0
    """
    value = next((v for k, v in headers.items() if k.lower() == "retry-after"), "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())


# --- telling apart -----------------------------------------------------------------------------------------------

# xAI's codes were sentences until about June 2026 and are slugs since; gateways send gRPC's numbers.
_CODE_WORDS = {
    "client specified an invalid argument": "invalid-argument",
    "some resource has been exhausted": "resource-exhausted",
    "some requested entity was not found": "not-found",
    "the caller does not have permission to execute the specified operation": "permission-denied",
    "the service is currently unavailable": "unavailable",
    "3": "invalid-argument",
    "5": "not-found",
    "7": "permission-denied",
    "8": "resource-exhausted",
    "14": "unavailable",
    "16": "unauthenticated",
}

# Words of the message or the code that mean one thing whatever the status is; the first that fits decides.
_WORDS: Mapping[Kind, tuple[str, ...]] = {
    "authentication": (
        r"(incorrect|invalid|missing|no|expired) api key|api key (is )?(missing|required|invalid|expired|disabled)",
        r"invalid or expired credentials|missing credentials",
        r"^unauthenticated|^invalid_api_key|^authentication_error",
    ),
    "quota": (
        r"spending[- ]limit",
        r"(used all|purchase more|ran out of|run out of|have any|insufficient) (\w+ )?credit",
        r"free[- ]usage|storage-exhausted|insufficient_quota",
    ),
    "content_policy": (r"violates? (\w+ )?usage guidelines|SAFETY_CHECK_TYPE|violate rules|^content_policy",),
    "region": (
        r"not (available|offered|supported) in (your|the|this) (\w+ )?(region|country)",
        r"^unsupported_country",
    ),
    "context_length": (
        r"maximum prompt length|prompt length is|prompt is too long|max_prompt_tokens",
        r"maximum context|context (length|window)|context_length_exceeded",
    ),
    "model_not_found": (
        r"^model not found|model_not_found",
        r"\bmodel( ['\"`]?[\w.:/-]+['\"`]?)? does not exist",
        r"\bmodel\b.{0,80} (is no longer accessible|was deprecated on)",
    ),
    "image": (r"^invalid_image|invalid \w{0,9} ?image|(decode|read|fetch|download)\w* (the |your )?image",),
}
_RULES = tuple((kind, re.compile("|".join(words), re.IGNORECASE)) for kind, words in _WORDS.items())

_BY_STATUS: Mapping[int, Kind] = {
    401: "authentication",
    402: "quota",
    403: "permission",
    404: "not_found",
    408: "server",
    409: "conflict",
    422: "unprocessable",
    429: "rate_limit",
    451: "region",
    498: "overloaded",  # in the tables of older clients; no recording has one
    503: "overloaded",
    529: "overloaded",
}

_BY_CODE: Mapping[str, Kind] = {
    "invalid-argument": "invalid_request",
    "invalid_request_error": "invalid_request",
    "resource-exhausted": "rate_limit",
    "rate_limit_error": "rate_limit",
    "rate_limit_exceeded": "rate_limit",
    "permission-denied": "permission",
    "not-found": "not_found",
    "unavailable": "overloaded",
    "overloaded_error": "overloaded",
    "service_unavailable_error": "overloaded",
}

_OVERLOADED = re.compile(r"at capacity|overloaded|temporarily unavailable|waiting for first token", re.IGNORECASE)
_TOO_FAST = re.compile(r"too many (requests|tokens)|rate limit", re.IGNORECASE)
_INVALID = re.compile(
    r"^invalid (argument|request)|^argument not supported|failed to deserialize|^bad data", re.IGNORECASE
)


def kind_for(status: int, reading: Reading) -> Kind:
    """Tells failures apart: by what is said, then by a status that means something, then by xAI's code.

    Args:
        status: HTTP status, or the one that the body names; below 400 for an error inside a success.
        reading: What the body says.

    Example:
        >>> kind_for(400, Reading("invalid-argument", "Incorrect API key provided."))
        'authentication'
    """
    code = (reading.code or "").lower()
    word = _CODE_WORDS.get(code, code)
    for kind, words in _RULES:
        if words.search(word) or words.search(reading.message):
            return kind
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:
        return "overloaded" if _OVERLOADED.search(reading.message) else "server"
    if status >= 300:  # a redirect that was not followed, too
        return "not_found" if word == "not-found" else "invalid_request"
    if _TOO_FAST.search(reading.message):
        return "rate_limit"
    if _OVERLOADED.search(reading.message):
        return "overloaded"
    # An error inside a 200 that nothing tells apart is a 500 for xAI's own client, to be tried again (Aug 2026).
    return _BY_CODE.get(word) or ("invalid_request" if _INVALID.search(reading.message) else "server")


def failed_check_in(message: str) -> str | None:
    """The safety check that a refusal names.

    Example:
        >>> failed_check_in("Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO")
        'SAFETY_CHECK_TYPE_BIO'
    """
    check = re.search(r"(?i)SAFETY_CHECK_TYPE_\w+|(?<=violate rules: )[^.\n]{1,80}", message)
    return check[0].strip() if check else None


# --- hints -------------------------------------------------------------------------------------------------------

_CONSOLE = "https://console.x.ai"

_HINTS: Mapping[str, str] = {
    r"at least one content element": "A message is empty: give it text, or leave it out.",
    r"encrypted_content": "Send reasoning back unchanged, to the model and team it came from, or leave it out.",
    r"(?i)live search is deprecated": "Use server_tools=[WebSearch(), XSearch()] in place of search_parameters.",
    r"No handler found on route": "Check base_url: xAI's own is https://api.x.ai/v1.",
    r"length limit exceeded": "The request is too large: send files and images by URL or file id.",
    r"content elements of type image": "This model reads no images: choose one that does.",
    r"tool_choice was set": "Give tools together with tool_choice.",
    r"instructions and previous_response_id": "Leave the system message out when continuing a stored response.",
}

_KIND_HINTS: Mapping[Kind, str] = {
    "authentication": f"Set XAI_API_KEY, or pass api_key=; keys are made at {_CONSOLE}.",
    "quota": f"Buy credits or raise the spending limit at {_CONSOLE}; trying again does not help before that.",
    "content_policy": "Change the request; xAI may charge a fee for each one it refuses.",
    "region": "Choose another model, or an endpoint of your region, such as base_url='https://us.api.x.ai/v1'.",
    "permission": f"Give the key access to this model and endpoint at {_CONSOLE}.",
    "context_length": "Shorten the conversation, or choose a model with a larger window.",
    "image": "Send JPEG or PNG of at least 8 x 8 pixels and at most 20 MiB.",
    "rate_limit": f"Send less at a time, or raise max_retries; the team's limits are at {_CONSOLE}.",
    "overloaded": "Try again later, or raise max_retries.",
}


def hint_for(kind: Kind, message: str, model: str | None = None) -> str | None:
    """How to mend it, in one line, where that is known.

    Example:
        >>> hint_for("invalid_request", "Model grok-4.6 does not support parameter stop.")
        'Leave stop out, or choose a model that takes it.'
    """
    if kind == "model_not_found":
        return _model_hint(message, model)
    if kind in ("invalid_request", "unprocessable", "not_found"):
        for words, hint in _HINTS.items():
            if re.search(words, message):
                return hint
        refused = re.search(r"(?i)(?:not supported(?: on this model)?: |support (?:parameter )?`?)(\w+)\b`?", message)
        if refused and ("parameter" in message or "Argument" in message or "`" in message):
            name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", refused[1]).lower()  # texts spell it presencePenalty
            value = re.search(r"value `(\w+)`", message)
            return f"Leave {name}{f'={value[1]!r}' if value else ''} out, or choose a model that takes it."
    return _KIND_HINTS.get(kind)


def _model_hint(message: str, model: str | None) -> str:
    """The nearest id that xAI serves, or what became of a retired one."""
    named = re.search(r"(?i)\bmodel(?: not found:)? '?([\w.:/-]+)", message)
    name = model or (named[1] if named else "")
    current = [row.id for row in ROWS]
    if (gone := retirement_for(name)) is not None:
        when = f" on {gone.retired}" if gone.retired else ""
        return f"{name!r} was retired{when}: use {gone.served_by or current[0]!r}."
    near = difflib.get_close_matches(name.lower(), current, n=1, cutoff=0.6)
    if near and near[0] != name:
        return f"model={name!r}: did you mean {near[0]!r}?"
    return f"model={name!r}: current models are {', '.join(current[:4])} and older ones."
