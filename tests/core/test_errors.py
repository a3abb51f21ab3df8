"""The errors: every shape of body, told apart by meaning; parents; pickles; and no secret anywhere."""

from __future__ import annotations

import copy
import importlib
import json
import os
import pickle
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openai
import pytest

from grok_adapter import errors as e
from grok_adapter.errors import (
    GrokError,
    error_for,
    error_for_event,
    from_sdk_error,
    read_error_body,
    read_rate_limits,
    read_retry_after,
    redact,
    unreadable,
)
from grok_adapter.types import ChatResponse, MessageItem, TextPart

# The HTTP library of the installed SDK: httpx2 for openai 3.x, httpx for 2.x.
http: Any = importlib.import_module("httpx2" if openai.VERSION.startswith("3") else "httpx")

KEY = "xai-" + "S3cretS3cretS3cret" * 4
CLASSES = [cls for name in e.__all__ if isinstance(cls := getattr(e, name), type) and issubclass(cls, GrokError)]

# --- the tree ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cls", "parents"),
    [
        (e.GrokConfigurationError, [GrokError, ValueError]),
        (e.GrokUnsupportedParameterError, [GrokError, ValueError]),
        (e.GrokStructuredOutputError, [GrokError, ValueError]),
        (e.GrokAuthenticationError, [GrokError, openai.AuthenticationError]),
        (e.GrokPermissionError, [GrokError, openai.PermissionDeniedError]),
        (e.GrokRegionError, [e.GrokPermissionError, openai.PermissionDeniedError]),
        (e.GrokContentPolicyError, [e.GrokPermissionError, openai.PermissionDeniedError]),
        (e.GrokQuotaError, [e.GrokPermissionError, openai.PermissionDeniedError]),
        (e.GrokRateLimitError, [GrokError, openai.RateLimitError]),
        (e.GrokInvalidRequestError, [GrokError, openai.BadRequestError]),
        (e.GrokContextLengthError, [e.GrokInvalidRequestError, openai.BadRequestError]),
        (e.GrokImageError, [e.GrokInvalidRequestError, openai.BadRequestError]),
        (e.GrokUnprocessableError, [openai.BadRequestError, openai.UnprocessableEntityError]),
        (e.GrokNotFoundError, [GrokError, openai.NotFoundError]),
        (e.GrokModelNotFoundError, [e.GrokNotFoundError, openai.NotFoundError]),
        (e.GrokConflictError, [GrokError, openai.ConflictError]),
        (e.GrokServerError, [GrokError, openai.InternalServerError]),
        (e.GrokOverloadedError, [e.GrokServerError, openai.InternalServerError]),
        (e.GrokConnectionError, [GrokError, openai.APIConnectionError]),
        (e.GrokTimeoutError, [e.GrokConnectionError, openai.APITimeoutError]),
        (e.GrokStreamError, [GrokError, openai.APIError]),
        (e.GrokResponseError, [GrokError, openai.APIError]),
    ],
)
def test_parents(cls: type[GrokError], parents: list[type[Exception]]) -> None:
    assert all(issubclass(cls, parent) for parent in parents)
    assert cls.__name__ in (e.__doc__ or "")


def test_retry_rules_for_rate_limits_miss_an_empty_purse() -> None:
    assert not issubclass(e.GrokQuotaError, openai.RateLimitError)
    assert not issubclass(e.GrokAuthenticationError, openai.BadRequestError)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_class_pickles_and_copies_whole(cls: type[GrokError]) -> None:
    error = cls(
        "It broke.",
        status_code=418,
        code="teapot",
        request_id="r-1",
        rate_limits={"remaining_requests": 3},
        is_retryable=True,
        retry_after=1.5,
        attempts=4,
        model="grok-4.7",
        api="chat",
        hint="Brew coffee.",
        body="{}",
        response=http.Response(418, request=http.Request("POST", "https://api.x.ai/v1")),
    )
    cause = KeyError("why")
    error.__cause__ = cause
    for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error), copy.copy(error)):
        assert type(twin) is cls
        assert str(twin) == str(error) == "It broke. (HTTP 418, teapot)\nBrew coffee."
        assert twin.args == error.args
        lost = {"response": None, "request": None}
        assert {**twin.__dict__, **lost} == {**error.__dict__, **lost}
    assert pickle.loads(pickle.dumps(error)).response is None
    assert copy.deepcopy(error).response is error.response
    assert copy.deepcopy(error).__cause__ is cause
    assert error.request is error.response.request


def test_an_error_with_nothing_known_still_has_every_attribute() -> None:
    for cls in CLASSES:
        error = cls("It broke.")
        assert (error.status_code, error.code, error.model, error.response, error.request, error.body) == (None,) * 6
        assert (error.attempts, error.rate_limits, error.retry_after, error.hint) == (1, {}, None, None)
        assert str(error) == "It broke."


def test_attributes_of_their_own() -> None:
    partial = ChatResponse((MessageItem((TextPart("so far"),)),))
    assert pickle.loads(pickle.dumps(e.GrokStreamError("cut", partial=partial))).partial == partial
    assert pickle.loads(pickle.dumps(e.GrokContentPolicyError("no", failed_check="X"))).failed_check == "X"
    structured = pickle.loads(pickle.dumps(e.GrokStructuredOutputError("cut", raw='{"a', finish_reason="length")))
    assert (structured.raw, structured.finish_reason) == ('{"a', "length")
    assert e.GrokUnsupportedParameterError("no").parameters == ()


def test_recast_keeps_the_facts_under_another_class() -> None:
    class Marker(Exception):
        """A framework's own parent."""

    class Mixed(e.GrokRateLimitError, Marker):
        """Ours and the framework's."""

    error = error_for(status=429, text='{"error":"Too many requests"}', cause=KeyError("x"), model="grok-4.7")
    mixed = error.recast(Mixed)
    assert isinstance(mixed, Marker)
    assert isinstance(mixed, openai.RateLimitError)
    assert str(mixed) == str(error)
    assert mixed.__dict__ == error.__dict__
    assert mixed.__cause__ is error.__cause__


# --- reading -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "content_type", "expected"),
    [
        ('{"code":"invalid-argument","error":"No."}', "application/json", ("invalid-argument", "No.")),
        ('{"error":"No."}', "application/json", (None, "No.")),
        ("Failed to deserialize", "text/plain", (None, "Failed to deserialize")),
        (
            '{"error":{"message":"No.","type":"invalid_request_error","code":"invalid_image","param":null}}',
            "application/json",
            ("invalid_image", "No."),
        ),
        ('{"error":{"message":"No.","type":"overloaded_error"}}', "application/json", ("overloaded_error", "No.")),
        ('"Not both."', "application/json", (None, "Not both.")),
        ('{"code":429,"error":"No. [WKE=file:too-large]"}', "application/json", ("429", "No. [WKE=file:too-large]")),
        ('{"code":16,"message":"No.","details":[]}', "application/json", ("16", "No.")),
        ('[{"error":{"code":8,"message":"No."}}]', "application/json", ("8", "No.")),
        (
            "<!DOCTYPE html>\n<html><head><title>x.ai | 524: A &amp; B</title></head><body>...</body></html>",
            "text/html; charset=UTF-8",
            (None, "x.ai | 524: A & B"),
        ),
        ("<html><body><h1>502 Bad Gateway</h1></body></html>", "", (None, "502 Bad Gateway")),
        ("", "application/json", (None, "")),
        ("  \n", "", (None, "")),
        ('{"type":"error","code":503,"message":"No.","sequence_number":3}', "", ("503", "No.")),
        ('{"type":"error","code":null,"message":"No.","param":null}', "", (None, "No.")),
        ('{"type":"error","status":400,"error":{"type":"t","code":"c","message":"No."}}', "", ("c", "No.")),
        (
            '{"type":"response.failed","response":{"error":{"code":"server_error","message":"No."}}}',
            "",
            ("server_error", "No."),
        ),
        (
            '{"object":"response","status":"failed","error":{"code":"server_error","message":"No."}}',
            "",
            ("server_error", "No."),
        ),
        ('event: error\ndata: {"type":"error","code":503,"message":"No."}\n\n', "text/event-stream", ("503", "No.")),
        ('{"detail":"No."}', "application/json", (None, "No.")),
        ('{"code":"400","error":"Bad data"}', "application/json", ("400", "Bad data")),
        ('{"code":"x"}', "application/json", ("x", "x")),
        ('{"error":', "application/json", (None, '{"error":')),
        ('{"error":{"odd":1}}', "application/json", (None, '{"odd": 1}')),
        ("[]", "application/json", (None, "[]")),
        ("42", "application/json", (None, "42")),
        ("{}", "application/json", (None, "{}")),
        ("[" * 100_000, "application/json", (None, "[" * 100_000)),
    ],
)
def test_every_shape_of_body_is_read(text: str, content_type: str, expected: tuple[str | None, str]) -> None:
    assert read_error_body(text, content_type) == expected


def test_rate_limits_and_retry_after() -> None:
    headers = {"X-RateLimit-Limit-Tokens": "10", "x-ratelimit-remaining-requests": "odd", "Retry-After": " 60 "}
    assert read_rate_limits(headers) == {"limit_tokens": 10}
    assert read_retry_after(headers) == 60.0
    now = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
    assert read_retry_after({"retry-after": "Fri, 20 Nov 2026 12:01:30 GMT"}, now=now) == 90.0
    assert read_retry_after({"retry-after": "Fri, 20 Nov 2026 11:00:00 GMT"}, now=now) == 0.0
    assert read_retry_after({"retry-after": "soon"}) is None
    assert read_retry_after({}) is None


# --- telling apart -----------------------------------------------------------------------------------------------

CREDIT = "Your team t has either used all available credits or reached its monthly spending limit."
GRPC = "Some resource has been exhausted"


@pytest.mark.parametrize(
    ("status", "body", "cls", "retryable"),
    [
        (400, {"code": "invalid-argument", "error": "Incorrect API key provided."}, e.GrokAuthenticationError, False),
        (401, "", e.GrokAuthenticationError, False),
        (401, {"code": 16, "message": "no", "details": []}, e.GrokAuthenticationError, False),
        (400, {"error": "Model not found: grok-99"}, e.GrokModelNotFoundError, False),
        (
            404,
            {"error": "The model X does not exist or your team t does not have access"},
            e.GrokModelNotFoundError,
            False,
        ),
        (404, {"error": "Response with id=resp_1 not found"}, e.GrokNotFoundError, False),
        (
            403,
            {"error": "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_CYBER"},
            e.GrokContentPolicyError,
            False,
        ),
        (400, {"error": "Content violates usage guidelines."}, e.GrokContentPolicyError, False),
        (
            400,
            {"error": {"message": "Values detected in request that violate rules: JWT Token"}},
            e.GrokContentPolicyError,
            False,
        ),
        (403, {"error": "The model grok-4.5 is not available in your region."}, e.GrokRegionError, False),
        (403, {"code": "permission-denied", "error": CREDIT}, e.GrokQuotaError, False),
        (429, {"code": GRPC, "error": CREDIT}, e.GrokQuotaError, False),
        (429, {"code": 429, "error": "Out. [WKE=personal-team-blocked:spending-limit]"}, e.GrokQuotaError, False),
        (429, {"code": GRPC, "error": "Too many requests for team t"}, e.GrokRateLimitError, True),
        (429, {"code": GRPC, "error": "The model is at capacity"}, e.GrokRateLimitError, True),
        (429, "", e.GrokRateLimitError, True),
        (403, {"error": "Access to the chat endpoint is denied."}, e.GrokPermissionError, False),
        (
            400,
            {"error": "This model's maximum prompt length is 5 but the request contains 6"},
            e.GrokContextLengthError,
            False,
        ),
        (400, {"code": "invalid_image", "error": "Invalid PNG image."}, e.GrokImageError, False),
        (500, {"code": "invalid_image", "error": "Invalid PNG image."}, e.GrokImageError, False),
        (400, {"error": "Argument not supported: include"}, e.GrokInvalidRequestError, False),
        (410, {"error": "Live search is deprecated."}, e.GrokInvalidRequestError, False),
        (422, "Failed to deserialize", e.GrokUnprocessableError, False),
        (415, "", e.GrokInvalidRequestError, False),
        (409, "", e.GrokConflictError, True),
        (408, "", e.GrokServerError, True),
        (498, "", e.GrokOverloadedError, True),
        (500, {"code": 500, "error": "internal server error"}, e.GrokServerError, True),
        (500, {"error": "The model is at capacity"}, e.GrokOverloadedError, True),
        (503, "<html><title>503</title></html>", e.GrokOverloadedError, True),
        (529, {"error": {"type": "overloaded_error", "message": "Overloaded"}}, e.GrokOverloadedError, True),
        (524, "<html><title>524</title></html>", e.GrokServerError, True),
        (525, "<html><title>525</title></html>", e.GrokServerError, False),
        (526, "<html><title>526</title></html>", e.GrokServerError, False),
        # inside an HTTP 200
        (
            200,
            {"code": "The service is currently unavailable", "error": "Timed out waiting for first token"},
            e.GrokOverloadedError,
            True,
        ),
        (200, {"code": "unavailable", "error": "no"}, e.GrokOverloadedError, True),
        (200, {"type": "error", "code": 503, "message": "no"}, e.GrokOverloadedError, True),
        (200, {"type": "error", "code": 500, "message": "no"}, e.GrokServerError, True),
        (200, {"type": "error", "status": 400, "error": {"message": "no"}}, e.GrokInvalidRequestError, False),
        (200, {"type": "error", "message": "The model produced an invalid tool call"}, e.GrokServerError, True),
        (200, {"type": "error", "message": "Invalid arguments passed to the model."}, e.GrokInvalidRequestError, False),
        (
            200,
            {"type": "response.failed", "response": {"error": {"code": "server_error", "message": "no"}}},
            e.GrokServerError,
            True,
        ),
        (200, {"code": "resource-exhausted", "error": "Too many requests"}, e.GrokRateLimitError, True),
        (200, {"code": "permission-denied", "error": CREDIT}, e.GrokQuotaError, False),
        (200, {"code": "invalid-argument", "error": "Model not found: grok-99"}, e.GrokModelNotFoundError, False),
        (200, "", e.GrokResponseError, False),
        (200, "<html><title>Log in</title></html>", e.GrokResponseError, False),
        (200, '{"id": "half an ans', e.GrokResponseError, False),
        (302, "<html><title>Moved</title></html>", e.GrokInvalidRequestError, False),
        (400, {"error": "The model called a tool that does not exist"}, e.GrokInvalidRequestError, False),
        (401, {"error": "API key is missing"}, e.GrokAuthenticationError, False),
        (None, {"code": "not-found", "error": "no"}, e.GrokNotFoundError, False),
    ],
)
def test_told_apart_by_what_is_said(status: int | None, body: Any, cls: type[GrokError], retryable: bool) -> None:
    error = error_for(status=status, text=body if isinstance(body, str) else json.dumps(body))
    assert type(error) is cls
    assert error.is_retryable is retryable
    assert error.message


def test_the_status_is_the_one_that_says_something() -> None:
    event = {"type": "error", "code": 503, "message": "no"}
    assert error_for_event(event).status_code == 503
    assert error_for(status=500, text=json.dumps(event)).status_code == 500
    assert error_for_event({"code": "unavailable", "error": "no"}).status_code == 200


@pytest.mark.parametrize(
    ("status", "message", "model", "hint"),
    [
        (400, "Incorrect API key provided.", None, "XAI_API_KEY"),
        (400, "Model not found: grok-4.77", "grok-4.77", "model='grok-4.77': did you mean 'grok-4.7'?"),
        (404, "model 'nope' does not exist", None, "model='nope': current models are grok-4.7"),
        (
            404,
            "The model grok-2-1212 was deprecated on 2025-09-15 and",
            None,
            "'grok-2-1212' was retired: use 'grok-4.7'",
        ),
        (400, "Argument not supported on this model: presencePenalty", None, "Leave presence_penalty out"),
        (400, "Model grok-4.6 does not support parameter stop.", None, "Leave stop out"),
        (
            400,
            "This model does not support `reasoning_effort` value `none`.",
            None,
            "Leave reasoning_effort='none' out",
        ),
        (410, "Live search is deprecated.", None, "server_tools=[WebSearch(), XSearch()]"),
        (404, "No handler found on route.", None, "https://api.x.ai/v1"),
        (403, CREDIT, None, "https://console.x.ai"),
        (429, "Too many requests", None, "max_retries"),
    ],
)
def test_the_last_line_is_the_mend(status: int, message: str, model: str | None, hint: str) -> None:
    lines = str(error_for(status=status, text=json.dumps({"error": message}), model=model)).splitlines()
    assert lines[0].startswith(message)
    assert hint in lines[-1]
    assert len(lines) == 2


def test_the_failed_check_is_named() -> None:
    check = "Failed check: SAFETY_CHECK_TYPE_BIO"
    error = error_for(status=403, text=json.dumps({"error": f"Content violates usage guidelines. {check}"}))
    assert isinstance(error, e.GrokContentPolicyError)
    assert error.failed_check == "SAFETY_CHECK_TYPE_BIO"
    jwt = error_for(status=400, text='{"error":"Values detected in request that violate rules: JWT Token"}')
    assert isinstance(jwt, e.GrokContentPolicyError)
    assert jwt.failed_check == "JWT Token"


def test_headers_and_context_are_kept() -> None:
    headers = {
        "X-Request-Id": "r-1",
        "Retry-After": "5",
        "X-RateLimit-Limit-Requests": "9",
        "Content-Type": "text/html",
    }
    error = error_for(status=503, text="<title>Busy</title>", headers=headers, model="grok-4.7", api="responses")
    assert (error.request_id, error.retry_after, error.rate_limits) == ("r-1", 5.0, {"limit_requests": 9})
    assert (error.model, error.api, error.message) == ("grok-4.7", "responses", "Busy")


def test_long_texts_are_cut_and_their_beginning_stays() -> None:
    text = "".join(chr(ord("a") + n % 26) for n in range(5_000))
    error = error_for(status=500, text=text)
    assert error.message.startswith(text[:200])
    assert len(str(error)) < 600
    assert len(str(error.body)) <= 2_000


def test_an_empty_body_says_its_status() -> None:
    assert str(error_for(status=415, text="")) == "Unsupported Media Type, with an empty body. (HTTP 415)"
    assert "Status 530" in str(error_for(status=530, text=""))


def test_unreadable_says_what_came() -> None:
    assert "got [1, 2]" in str(unreadable("an object", [1, 2]))
    assert "got nothing" in str(unreadable("an object", ""))
    assert type(unreadable("an object", {"a": 1}, model="grok-4.7")) is e.GrokResponseError
    assert type(unreadable("an object", {"code": "unavailable", "error": "no"})) is e.GrokOverloadedError
    assert KEY not in str(unreadable("an object", {"echo": KEY}))


def test_fill_in_adds_what_was_missing_and_keeps_what_was_there() -> None:
    error = error_for_event({"code": "unavailable", "error": "echo hunter22"}, model="asked")
    headers = {"X-Request-Id": "r-1", "Retry-After": "7", "x-ratelimit-limit-tokens": "5"}
    assert error.fill_in(model="other", api="chat", headers=headers, secrets=["hunter22"]) is error
    assert (error.model, error.api, error.request_id, error.retry_after) == ("asked", "chat", "r-1", 7.0)
    assert error.rate_limits == {"limit_tokens": 5}
    assert "hunter22" not in f"{error!r}{error}{error.__dict__}"


# --- from the SDK ------------------------------------------------------------------------------------------------


def sdk_error(status: int, body: Any, **headers: str) -> openai.APIStatusError:
    """What the installed SDK raises for an answer, made by itself on a transport that is no network."""
    text = body if isinstance(body, str) else json.dumps(body)
    transport = http.MockTransport(lambda request: http.Response(status, text=text, headers=headers))
    client = openai.OpenAI(
        api_key=KEY, base_url="https://api.x.ai/v1", max_retries=0, http_client=http.Client(transport=transport)
    )
    with pytest.raises(openai.APIStatusError) as caught:
        client.post("/responses", body={}, cast_to=http.Response)
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "cls"),
    [
        (400, {"code": "invalid-argument", "error": "Incorrect API key provided."}, e.GrokAuthenticationError),
        (429, {"code": GRPC, "error": CREDIT}, e.GrokQuotaError),
        (422, "Failed to deserialize the JSON body", e.GrokUnprocessableError),
        (400, "not both", e.GrokInvalidRequestError),
        (415, "", e.GrokInvalidRequestError),
        (503, "<html><title>Busy</title></html>", e.GrokOverloadedError),
    ],
)
def test_status_errors_of_the_sdk(status: int, body: Any, cls: type[GrokError]) -> None:
    theirs = sdk_error(status, body, **{"x-request-id": "r-9"})
    ours = from_sdk_error(theirs, model="grok-4.7", api="responses", secrets=[KEY])
    assert type(ours) is cls
    assert (ours.status_code, ours.request_id, ours.model, ours.api) == (status, "r-9", "grok-4.7", "responses")
    assert ours.response is theirs.response
    assert ours.request is theirs.request
    assert ours.__cause__ is theirs
    assert type(pickle.loads(pickle.dumps(ours))) is cls


def raised_by_sdk(failure: Exception) -> openai.APIError:
    """What the installed SDK raises when its transport fails."""

    def fail(request: Any) -> Any:
        raise failure

    client = openai.OpenAI(
        api_key=KEY,
        base_url="https://api.x.ai/v1",
        max_retries=0,
        http_client=http.Client(transport=http.MockTransport(fail)),
    )
    with pytest.raises(openai.APIError) as caught:
        client.post("/responses", body={}, cast_to=http.Response)
    return caught.value


@pytest.mark.parametrize("wrapped", [True, False], ids=["through the SDK", "while reading"])
@pytest.mark.parametrize(
    ("failure", "cls", "retryable", "says"),
    [
        (http.ConnectTimeout("slow"), e.GrokTimeoutError, True, "connecting"),
        (http.PoolTimeout("full"), e.GrokTimeoutError, True, "free connection"),
        (http.WriteTimeout("slow"), e.GrokTimeoutError, True, "sending"),
        (http.ReadTimeout("slow"), e.GrokTimeoutError, False, "waiting for an answer"),
        (http.ConnectError("refused"), e.GrokConnectionError, True, "refused"),
        (http.ReadError("reset"), e.GrokConnectionError, True, "reset"),
        (http.RemoteProtocolError("cut short"), e.GrokConnectionError, True, "cut short"),
        (http.UnsupportedProtocol("ftp"), e.GrokConnectionError, False, "ftp"),
        (http.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]"), e.GrokConnectionError, False, "CERTIFICATE"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_connections_and_timeouts(
    failure: Exception, cls: type[GrokError], retryable: bool, says: str, wrapped: bool
) -> None:
    theirs = raised_by_sdk(failure) if wrapped else failure
    ours = from_sdk_error(theirs, model="grok-4.7", api="chat")
    assert type(ours) is cls
    assert ours.is_retryable is retryable
    assert says in str(ours)
    assert ours.__cause__ is theirs
    assert (ours.model, ours.status_code) == ("grok-4.7", None)


def test_ours_comes_back_itself_even_from_inside_the_sdk() -> None:
    ours = e.GrokConfigurationError("no key in the vault")
    assert from_sdk_error(ours) is ours
    wrapped = openai.APIConnectionError(request=http.Request("POST", "https://api.x.ai/v1"))
    wrapped.__cause__ = ours
    assert from_sdk_error(wrapped, model="grok-4.7") is ours
    assert ours.model == "grok-4.7"


def test_an_error_that_the_caller_is_handling_is_not_taken_for_the_cause() -> None:
    earlier = e.GrokQuotaError("an hour ago")
    later = http.ReadError("reset")
    later.__context__ = earlier
    assert type(from_sdk_error(later)) is e.GrokConnectionError


def test_anything_else_is_a_response_error() -> None:
    ours = from_sdk_error(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"))
    assert type(ours) is e.GrokResponseError
    assert "UnicodeDecodeError" in str(ours)


# --- secrets -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "secrets", "gone"),
    [
        (f"Incorrect API key provided: {KEY}.", [], KEY),
        ("used sk-proj-abcdefghijkl0123456789", [], "abcdefghijkl"),
        ("Authorization: Bearer abc123.def-456", [], "abc123"),
        ("proxy http://me:hunter2@proxy:3128 refused", [], "hunter2"),
        ('{"api_key": "abcdef123456"}', [], "abcdef123456"),
        ("mcp said t0ken!", ["t0ken!"], "t0ken"),
        ("quoted p%40ss%2Fword", ["p@ss/word"], "p%40ss"),
        ('json "a\\"bcd"', ['a"bcd'], 'a\\"bcd'),
    ],
)
def test_redact(text: str, secrets: list[str], gone: str) -> None:
    clean = redact(text, secrets)
    assert gone not in clean
    assert "***" in clean
    assert redact(clean, secrets) == clean


@pytest.mark.parametrize(
    "text",
    [
        "See xai-org/xai-sdk-python",
        "Bearer authentication is required",
        "Incorrect API key provided: in***ey. You can obtain an API key from https://console.x.ai.",
        "Invalid or expired credentials (auth_kind=bearer)",
        "max_tokens: 100 and token count 5000",
        "short",
    ],
)
def test_redact_leaves_ordinary_text(text: str) -> None:
    assert redact(text, ["sho", ""]) == text


def test_no_secret_is_left_even_when_the_server_echoes_it() -> None:
    secret = "mcp-p4ssphrase"
    body = {
        "code": KEY,
        "error": f"Incorrect API key provided: {KEY}; header {secret}",
        "more": {"authorization": secret},
    }
    theirs = sdk_error(400, body)
    ours = from_sdk_error(theirs, secrets=[KEY, secret])
    ours_text = "".join(traceback.format_exception(ours))
    for shown in (
        str(ours),
        repr(ours),
        str(ours.args),
        str(ours.__dict__),
        ours_text,
        pickle.dumps(ours).decode("latin1"),
    ):
        assert KEY not in shown
        assert secret not in shown
    assert ours.__cause__ is None  # its text holds the key
    assert type(ours) is e.GrokAuthenticationError


def test_a_secret_deeper_in_the_chain_drops_the_cause() -> None:
    deep = http.ConnectError("407 from http://me:hunter2@proxy")
    ours = from_sdk_error(raised_by_sdk(deep))
    assert ours.__cause__ is None
    assert "hunter2" not in str(ours)
    assert "***@proxy" in str(ours)


# --- recordings --------------------------------------------------------------------------------------------------

RECORDINGS = os.environ.get("GROK_RECORDINGS")


def recorded() -> list[Any]:
    """One case for each recorded error body: status, text, and what its message begins with."""
    cases = []
    root = Path(RECORDINGS) if RECORDINGS else None
    for row in json.loads((root / "manifest.json").read_text()) if root else []:
        if root is not None and row["endpoint"] == "error":
            cases.append(pytest.param(row["status"], (root / row["file"]).read_text(), id=Path(row["file"]).name))
    return cases


@pytest.mark.parametrize(("status", "text"), recorded())
def test_recorded_errors_are_told_apart_and_say_why(status: int, text: str) -> None:
    error = error_for(status=status, text=text)
    assert isinstance(error, openai.APIError)
    _, message = read_error_body(text)
    assert message
    assert message.strip()[:200] in str(error)
    assert "{" not in error.message[:1]
    assert "<" not in error.message[:1]
    assert len(str(error)) < 800
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.skipif(not RECORDINGS, reason="GROK_RECORDINGS names no recordings")
def test_the_recorded_kinds() -> None:
    kinds = {case.id: type(error_for(status=case.values[0], text=case.values[1])) for case in recorded()}
    starts: dict[str, type[GrokError]] = {
        "403_no_credits": e.GrokQuotaError,
        "429_spending": e.GrokQuotaError,
        "429_free_usage": e.GrokQuotaError,
        "429_numeric_code_wke": e.GrokQuotaError,
        "429_tokens_per_minute": e.GrokRateLimitError,
        "403_safety_bio": e.GrokContentPolicyError,
        "403_content_violation": e.GrokContentPolicyError,
        "403_permission_denied_endpoint": e.GrokPermissionError,
        "200_chat_body_is_error": e.GrokOverloadedError,
        "200_stream_responses_error_event_first": e.GrokInvalidRequestError,
        "400_invalid_image": e.GrokImageError,
        "400_model_does_not_exist": e.GrokModelNotFoundError,
        "404_no_handler": e.GrokNotFoundError,
        "422_": e.GrokUnprocessableError,
    }
    for start, cls in starts.items():
        found = [kind for name, kind in kinds.items() if name.startswith(start)]
        assert set(found) == {cls}, start
