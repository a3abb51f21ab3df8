"""The routes: what happens between a request's bytes and a response's bytes.

Every POST to Responses or Chat Completions goes the same way: record, scripted answer if one is queued, check, read,
answer, lay out, send. Read after ``server.py``; then ``checks.py``, ``reading.py``, ``answering.py``, the two
``shapes_*`` modules. Must not know: rules of answering, wire details of either API.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import catalogue, shapes_chat, shapes_responses
from .answering import Answer, answer
from .checks import DESERIALIZE, Refusal, check_key, check_model, invalid
from .checks_chat import check_chat_arguments, check_chat_types
from .checks_responses import check_responses_arguments, check_responses_types
from .models import Resolved
from .reading import Task, chat_task, responses_task
from .replies import EventStream, chat_frames, refusal_response, responses_frames
from .script import RecordedRequest, Script, Scripted
from .spending import Ledger, read_prompt
from .store import ResponseStore
from .usage import Spent
from .wire_types import type_problem

Handler = Callable[[Request], Awaitable[Response]]
_NAMESPACE = uuid.UUID("6f6b1c1e-7a0f-4d0a-9c58-5d0e8f1a2b3c")


class Api:
    """The state of one emulator and the endpoints over it."""

    def __init__(self, script: Script, api_key: str | None) -> None:
        self.script, self.api_key = script, api_key
        self.reset()

    def reset(self) -> None:
        """Forgets stored responses, the prompt cache, deferred answers and the id sequence."""
        self.store, self.ledger = ResponseStore(), Ledger()
        self._deferred: dict[str, dict[str, Any]] = {}
        self._serial = 0

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/v1/responses", self._guarded(self.responses), methods=["POST"]),
            Route("/v1/responses/{id}", self._guarded(self.stored_response), methods=["GET", "DELETE"]),
            Route("/v1/responses/{id}/input_items", self._guarded(self.stored_input), methods=["GET"]),
            Route("/v1/chat/completions", self._guarded(self.chat), methods=["POST"]),
            Route("/v1/chat/deferred-completion/{id}", self._guarded(self.deferred), methods=["GET"]),
            Route("/v1/tokenize-text", self._guarded(self.tokenize), methods=["POST"]),
            Route("/v1/api-key", self._guarded(self.key_info), methods=["GET"]),
            Route("/v1/models", self._guarded(self.models), methods=["GET"]),
            Route("/v1/models/{id:path}", self._guarded(self.models), methods=["GET"]),
            Route("/v1/language-models", self._guarded(self.language_models), methods=["GET"]),
            Route("/v1/language-models/{id:path}", self._guarded(self.language_models), methods=["GET"]),
            Route("/{rest:path}", self._guarded(self.nowhere), methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]
        return Starlette(routes=routes)

    async def chat(self, request: Request) -> Response:
        """POST /v1/chat/completions."""
        body = _json(await request.body(), plain=True)
        check_chat_types(body)
        model = self._admit(request, body)
        check_chat_arguments(body, model.row)
        task = chat_task(body, model, request.headers.get("x-grok-conv-id"))
        whole = self._chat_whole(task)
        if body.get("deferred"):
            self._deferred[whole["id"]] = whole
            return JSONResponse({"request_id": whole["id"]})
        headers = _success_headers(task, whole["id"])
        if body.get("stream"):
            return self._chat_stream(whole, body, headers, hidden=_hidden_reasoning(task, whole))
        return JSONResponse(whole, headers=headers)

    async def responses(self, request: Request) -> Response:
        """POST /v1/responses."""
        body = _json(await request.body())
        check_responses_types(body)
        model = self._admit(request, body)
        history = self.store.history(body.get("previous_response_id"))
        check_responses_arguments(body, model.row, history)
        task = responses_task(body, model, request.headers.get("x-grok-conv-id"), history)
        found, spent = self._answer(task)
        answer_id, call_ids = self._ids(len(found.calls))
        now = int(time.time())
        whole = shapes_responses.whole(
            task, found, spent, answer_id=answer_id, call_ids=call_ids, created=now, completed=now
        )
        if whole["store"]:
            self.store.keep(whole, task)
        headers = _success_headers(task, answer_id)
        if body.get("stream"):
            return self._responses_stream(shapes_responses.stream_echo(whole, effort_sent=task.effort_sent), headers)
        return JSONResponse(whole, headers=headers)

    async def stored_response(self, request: Request) -> Response:
        """GET and DELETE /v1/responses/{id}."""
        check_key(dict(request.headers), self.api_key)
        answer_id = request.path_params["id"]
        if request.method == "DELETE":
            self.store.delete(answer_id)
            return JSONResponse({"id": answer_id, "object": "response", "deleted": True})
        return JSONResponse(self.store.get(answer_id))

    async def stored_input(self, request: Request) -> Response:
        """GET /v1/responses/{id}/input_items."""
        check_key(dict(request.headers), self.api_key)
        return JSONResponse(self.store.input_items(request.path_params["id"], dict(request.query_params)))

    async def deferred(self, request: Request) -> Response:
        """GET /v1/chat/deferred-completion/{id}: readable once (API notes 2.7)."""
        check_key(dict(request.headers), self.api_key)
        whole = self._deferred.pop(request.path_params["id"], None)
        if whole is None:
            raise invalid("Deferred completion not found", status=404, code="not-found")
        return JSONResponse(whole)

    async def models(self, request: Request) -> Response:
        """GET /v1/models and /v1/models/{id}."""
        check_key(dict(request.headers), self.api_key)
        return JSONResponse(catalogue.models(request.path_params.get("id")))

    async def language_models(self, request: Request) -> Response:
        """GET /v1/language-models and /v1/language-models/{id}."""
        check_key(dict(request.headers), self.api_key)
        return JSONResponse(catalogue.language_models(request.path_params.get("id")))

    async def tokenize(self, request: Request) -> Response:
        """POST /v1/tokenize-text."""
        body = _json(await request.body())
        self._admit(request, body)
        return JSONResponse(catalogue.tokenized(str(body.get("text") or "")))

    async def key_info(self, request: Request) -> Response:
        """GET /v1/api-key."""
        check_key(dict(request.headers), self.api_key)
        return JSONResponse(catalogue.key_info())

    async def nowhere(self, request: Request) -> Response:
        """Any other path."""
        text = "No handler found on route. Please double check your URL and consult https://api.x.ai/docs"
        raise invalid(f"{text} for more information.", status=404, code="not-found")

    def _guarded(self, handler: Handler) -> Handler:
        """Records the request, plays a scripted answer if one is due, and turns refusals into responses."""

        async def endpoint(request: Request) -> Response:
            raw = await request.body()
            headers = {name.lower(): value for name, value in request.headers.items()}
            parsed = _parsed(raw)
            self.script.record(RecordedRequest(request.method, request.url.path, headers, parsed, raw))
            try:
                if handler in (self.chat, self.responses):
                    # Both at once: what is queued belongs to requests in the order in which they came.
                    delay, scripted = self.script.next_delay(), self.script.next_reply()
                    if delay:
                        await asyncio.sleep(delay)
                        if await request.is_disconnected():
                            return Response(status_code=499)  # nobody hears it; it must spend nothing of later tests
                    if scripted:
                        return self._scripted(scripted, parsed, chat=handler == self.chat)
                return await handler(request)
            except Refusal as refusal:
                return refusal_response(refusal)

        return endpoint

    def _scripted(self, scripted: Scripted, body: Any, *, chat: bool) -> Response:
        payload = scripted.payload
        answer_id = payload.get("id") if isinstance(payload, dict) else None
        headers = {"x-request-id": str(answer_id or self._ids(0)[0])}
        headers |= {name.lower(): value for name, value in scripted.headers.items()}
        if isinstance(payload, (str, bytes)):
            kind = scripted.content_type or _guess_type(payload)
            return Response(payload, scripted.status, headers=headers, media_type=kind)
        if isinstance(payload, list):
            frames = chat_frames(payload) if chat else responses_frames(payload)
            return EventStream(frames, headers, self.script.next_cut(), scripted.status)
        streamed = isinstance(body, dict) and body.get("stream") is True and scripted.status == 200
        if streamed and ("choices" if chat else "output") in payload:
            if chat:
                return self._chat_stream(payload, body, headers)
            return self._responses_stream(payload, headers)
        return Response(json.dumps(payload), scripted.status, headers, scripted.content_type or "application/json")

    def _chat_stream(
        self, whole: dict[str, Any], body: dict[str, Any], headers: dict[str, str], hidden: int = 0
    ) -> Response:
        usage = bool((body.get("stream_options") or {}).get("include_usage"))
        chunks = shapes_chat.chunks(whole, include_usage=usage, hidden_reasoning=hidden)
        return EventStream(chat_frames(chunks), headers, self.script.next_cut())

    def _responses_stream(self, whole: dict[str, Any], headers: dict[str, str]) -> Response:
        return EventStream(responses_frames(shapes_responses.events(whole)), headers, self.script.next_cut())

    def _chat_whole(self, task: Task) -> dict[str, Any]:
        found, spent = self._answer(task)
        answer_id, call_ids = self._ids(len(found.calls))
        return shapes_chat.whole(task, found, spent, answer_id=answer_id, call_ids=call_ids, now=int(time.time()))

    def _answer(self, task: Task) -> tuple[Answer, Spent]:
        prompt = read_prompt(task)
        found = answer(task)
        return found, self.ledger.spend(task, found, prompt)

    def _admit(self, request: Request, body: dict[str, Any]) -> Resolved:
        model = check_model(body)
        check_key(dict(request.headers), self.api_key)
        return model

    def _ids(self, calls: int) -> tuple[str, list[str]]:
        """An answer's id and its calls' ids: the same on every run of the same sequence of requests."""
        self._serial += 1
        group = uuid.uuid5(_NAMESPACE, f"calls {self._serial}")
        return str(uuid.uuid5(_NAMESPACE, f"answer {self._serial}")), [f"call-{group}-{n}" for n in range(calls)]


def _hidden_reasoning(task: Task, whole: dict[str, Any]) -> int:
    if task.model.shows_reasoning:
        return 0
    return int(whole["usage"]["completion_tokens_details"]["reasoning_tokens"])


def _json(raw: bytes, *, plain: bool = False) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise invalid(f"Failed to parse the request body as JSON: {error}") from None
    if not isinstance(body, dict):
        problem = type_problem(body, {}, "body")
        raise Refusal(422, DESERIALIZE + str(problem) if plain else {"error": DESERIALIZE + str(problem)}, plain=plain)
    return body


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None


def _guess_type(payload: str | bytes) -> str:
    start = (payload.encode() if isinstance(payload, str) else payload).lstrip()[:6]
    if start.startswith((b"data:", b"event:", b": ")):
        return "text/event-stream"
    return "text/html" if start.startswith(b"<") else "text/plain"


def _success_headers(task: Task, answer_id: str) -> dict[str, str]:
    """Headers of a successful inference; refusals have none of the rate-limit ones (API notes 9)."""
    row = task.model
    headers = {
        "x-request-id": answer_id,
        "x-ratelimit-limit-requests": str(row.requests_per_minute),
        "x-ratelimit-remaining-requests": str(row.requests_per_minute),
        "x-ratelimit-limit-tokens": str(row.tokens_per_minute),
        "x-ratelimit-remaining-tokens": str(row.tokens_per_minute),
        "x-zero-data-retention": "false",
        "x-data-retention": "general",
    }
    if not task.body.get("stream"):
        headers |= {"x-metrics-ttft-ms": "1.0", "x-metrics-e2e-ms": "1.0"}
    return headers
