"""The only I/O: `GrokClient` sends what `prepare` made and decodes what comes back. Sync and async, whole and streamed.

The SDK does authentication headers, pooling, TLS, proxies and status errors; it hands over its raw HTTP response
(`cast_to` its own response class, its documented way for what it does not type), so that headers and content type are
seen before a byte is decoded: xAI sends errors inside HTTP 200 too. What a stream's bytes mean is decided once, in
`StreamRun`, which does no I/O; sync and async are the same dozen lines around it.

`sdk` keeps the SDK's clients; keys travel with each request.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr
from pydantic_core import from_json

from grok_adapter import retry
from grok_adapter.assembler import deltas_of
from grok_adapter.codecs import codec_for
from grok_adapter.credentials import Hidden, auth_headers, secrets_of
from grok_adapter.lookups import Lookups
from grok_adapter.notices import Notice, notice_before, notices_after, says_something
from grok_adapter.params import is_lost
from grok_adapter.prepare import PreparedCall, prepare
from grok_adapter.sdk import aread_out, omitted_headers, pool, read_out, response_class, timeout_for
from grok_adapter.second_try import second_try
from grok_adapter.settings import GrokSettings, check_api_key, is_regional
from grok_adapter.stop import cut_response
from grok_adapter.streaming import StreamRun, call_facts, idle_error
from grok_adapter.types import (
    ChatRequest,
    ChatResponse,
    Delta,
    GrokWarning,
    UnsupportedParameterWarning,
)

if TYPE_CHECKING:
    from grok_adapter.errors import GrokError

__all__ = ["GrokClient"]


class GrokClient(Lookups):
    """Talks to xAI: neutral requests in, neutral responses or deltas out; models and token counts on the side.

    Args:
        settings: Settings; the providers pass themselves.
        **fields: Fields of `GrokSettings`, if no settings are given.

    Raises:
        GrokConfigurationError: A field is unknown or wrong.

    Example:
        >>> from grok_emulator import Emulator
        >>> from grok_adapter import Message
        >>> from grok_adapter.types import TextPart
        >>> with Emulator() as emulator:
        ...     client = GrokClient(base_url=emulator.base_url, api_key="xai-demo")
        ...     request = client.settings.to_request([Message("user", (TextPart("Is the moon made of rock?"),))])
        ...     response = client.complete(request)
        >>> response.finish_reason
        'stop'
    """

    def __init__(self, settings: GrokSettings | None = None, **fields: Any) -> None:
        self.settings = settings if settings is not None else GrokSettings(**fields)
        self._given_keys: deque[str] = deque(maxlen=8)

    def __getstate__(self) -> dict[str, Any]:
        """The settings, which leave their secrets behind; keys that a callable gave stay here too."""
        return {"settings": self.settings}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.settings = state["settings"]
        self._given_keys = deque(maxlen=8)

    # --- whole answers

    def complete(self, request: ChatRequest) -> ChatResponse:
        """Sends a request and returns the whole answer.

        Raises:
            GrokError: See `grok_adapter.errors` for the tree.
        """
        call = self._prepare(request)
        if request.check_context:
            self.check_length(request, call)
        return self._tell(call, retry.call(self._policy(), lambda: self._complete_once(call)))

    async def acomplete(self, request: ChatRequest) -> ChatResponse:
        """Async twin of `complete`."""
        call = self._prepare(request)
        if request.check_context:
            await self.acheck_length(request, call)
        return self._tell(call, await retry.acall(self._policy(), lambda: self._acomplete_once(call)))

    def _complete_once(self, call: PreparedCall) -> ChatResponse:
        response = None
        try:
            response = self._post(call, stream=False)
            return self._read(call, response.headers, response.content)
        except Exception as error:  # noqa: BLE001  whatever it was is raised as one of ours
            ours = self._error(error, call, response)
            if (other := self._mended(call, ours)) is not None:
                return self._complete_once(other)
            raise ours from ours.__cause__

    async def _acomplete_once(self, call: PreparedCall) -> ChatResponse:
        response = None
        try:
            response = await self._apost(call, stream=False)
            return self._read(call, response.headers, response.content)
        except Exception as error:  # noqa: BLE001  whatever it was is raised as one of ours
            ours = self._error(error, call, response)
            if (other := self._mended(call, ours)) is not None:
                return await self._acomplete_once(other)
            raise ours from ours.__cause__

    # --- streams

    def stream(self, request: ChatRequest) -> Iterator[Delta]:
        """Sends a request and hands out deltas as they come; the last one is a `FinishDelta`.

        Tries again until the first delta is there, never after it. Closing the iterator closes the connection.

        Raises:
            GrokStreamError: The stream stopped half-way; its `partial` holds what had come.
            GrokError: See `grok_adapter.errors` for the tree.
        """
        call = self._prepare(request if request.stream else replace(request, stream=True))
        if request.check_context:
            self.check_length(request, call)
        tries = count(1)
        response, chunks, run, deltas = retry.call(self._policy(), lambda: self._open_stream(call, next(tries)))
        try:
            yield from deltas
            while not run.closed:
                try:
                    chunk = next(chunks, None) if run.wants_bytes() else b""
                    deltas = run.close() if chunk is None else run.feed(chunk)
                except Exception as error:  # noqa: BLE001  likewise
                    ours = self._stream_error(error, run.call, run)
                    raise ours from ours.__cause__
                yield from deltas
            self._tell_end(run)
            if run.whole:
                read_out(response, chunks)
        finally:
            response.close()

    async def astream(self, request: ChatRequest) -> AsyncIterator[Delta]:
        """Async twin of `stream`."""
        call = self._prepare(request if request.stream else replace(request, stream=True))
        if request.check_context:
            await self.acheck_length(request, call)
        tries = count(1)
        response, chunks, run, deltas = await retry.acall(self._policy(), lambda: self._aopen_stream(call, next(tries)))
        try:
            for delta in deltas:
                yield delta
            while not run.closed:
                try:
                    chunk = await anext(chunks, None) if run.wants_bytes() else b""
                    deltas = run.close() if chunk is None else run.feed(chunk)
                except Exception as error:  # noqa: BLE001  likewise
                    ours = self._stream_error(error, run.call, run)
                    raise ours from ours.__cause__
                for delta in deltas:
                    yield delta
            self._tell_end(run)
            if run.whole:
                await aread_out(response, chunks)
        finally:
            await response.aclose()

    def _open_stream(self, call: PreparedCall, attempt: int) -> tuple[Any, Iterator[bytes], StreamRun, list[Delta]]:
        """Opens a stream and reads up to its first deltas."""
        response = run = None
        try:
            response = self._post(call, stream=True)
            run = self._run(call, response.headers, attempt)
            if not _is_event_stream(response.headers):
                return response, iter(()), run, _whole_as_deltas(run, response.read())
            chunks = response.iter_bytes()
            for chunk in chunks:
                if deltas := run.feed(chunk):
                    return response, chunks, run, deltas
            return response, chunks, run, run.close()
        except BaseException as error:
            if response is not None:
                response.close()
            if not isinstance(error, Exception):
                raise
            ours = self._stream_error(error, call, run, response)
            if (other := self._mended(call, ours)) is not None:
                return self._open_stream(other, attempt)
            raise ours from ours.__cause__

    async def _aopen_stream(
        self, call: PreparedCall, attempt: int
    ) -> tuple[Any, AsyncIterator[bytes], StreamRun, list[Delta]]:
        response = run = None
        try:
            response = await self._apost(call, stream=True)
            run = self._run(call, response.headers, attempt)
            if not _is_event_stream(response.headers):
                return response, response.aiter_bytes(), run, _whole_as_deltas(run, await response.aread())
            chunks = response.aiter_bytes()
            async for chunk in chunks:
                if deltas := run.feed(chunk):
                    return response, chunks, run, deltas
            return response, chunks, run, run.close()
        except BaseException as error:
            if response is not None:
                await response.aclose()
            if not isinstance(error, Exception):
                raise
            ours = self._stream_error(error, call, run, response)
            if (other := self._mended(call, ours)) is not None:
                return await self._aopen_stream(other, attempt)
            raise ours from ours.__cause__

    # --- connection

    def close(self) -> None:
        """Closes the pooled connections of these settings. Further calls open new ones."""
        if (client := pool.take(self.settings)) is not None and self.settings.http_client is None:
            client.close()

    async def aclose(self) -> None:
        """Async twin of `close`, for the running event loop."""
        if (client := pool.take_async(self.settings)) is not None and self.settings.http_async_client is None:
            await client.close()

    def _fetch(self, call: PreparedCall) -> Any:
        return retry.call(self._policy(), lambda: self._fetch_once(call))

    async def _afetch(self, call: PreparedCall) -> Any:
        return await retry.acall(self._policy(), lambda: self._afetch_once(call))

    def _fetch_once(self, call: PreparedCall) -> Any:
        try:
            response = self._post(call, stream=False)
            return _read_object(response.headers, response.content)
        except Exception as error:  # noqa: BLE001  whatever it was is raised as one of ours
            ours = self._error(error, call)
            raise ours from ours.__cause__

    async def _afetch_once(self, call: PreparedCall) -> Any:
        try:
            response = await self._apost(call, stream=False)
            return _read_object(response.headers, response.content)
        except Exception as error:  # noqa: BLE001  whatever it was is raised as one of ours
            ours = self._error(error, call)
            raise ours from ours.__cause__

    def _post(self, call: PreparedCall, *, stream: bool) -> Any:
        key = self.settings.api_key
        value = key() if callable(key) else key
        if inspect.isawaitable(value):
            if inspect.iscoroutine(value):
                value.close()
            raise _configuration_error("api_key is an async callable: use the async methods, or give a sync one.")
        client, options = pool.client(self.settings), self._options(call, self._noted(value))
        url = f"{client.base_url}{call.path[1:]}"  # whole, else it is parsed twice on the way
        if call.method == "GET":
            return client.get(url, cast_to=response_class(), options=options)
        return client.post(url, body=call.body, cast_to=response_class(), stream=stream, options=options)

    async def _apost(self, call: PreparedCall, *, stream: bool) -> Any:
        key = self.settings.api_key
        value = key() if callable(key) else key
        if inspect.isawaitable(value):
            value = await value
        client, options = pool.async_client(self.settings), self._options(call, self._noted(value))
        url = f"{client.base_url}{call.path[1:]}"
        if call.method == "GET":
            return await client.get(url, cast_to=response_class(), options=options)
        return await client.post(url, body=call.body, cast_to=response_class(), stream=stream, options=options)

    def _noted(self, key: Any) -> Any:
        """The key, wrapped so that nothing prints it; one that a callable gave is noted, to be kept out of errors."""
        if key is None or isinstance(key, SecretStr):
            return key
        if str(key) not in self._given_keys:
            self._given_keys.append(str(key))
        return SecretStr(str(key))

    def _options(self, call: PreparedCall, key: Any) -> dict[str, Any]:
        own = self.settings.default_headers or {}
        headers: dict[str, Any] = {name: Hidden(value) for name, value in own.items()}
        headers |= call.headers
        try:  # again: a callable may give anything, and a pickle leaves the key behind
            check_api_key(key, self.settings.base_url, headers)
        except ValueError as error:
            raise _configuration_error(str(error)) from None
        headers |= auth_headers(self.settings.base_url, key)
        headers |= omitted_headers()
        options: dict[str, Any] = {
            "headers": headers,
            "timeout": timeout_for(self.settings, call.row, stream=bool(call.body.get("stream"))),
        }
        if self.settings.default_query:
            options["params"] = dict(self.settings.default_query)
        return options

    # --- before and after

    def _prepare(self, request: ChatRequest) -> PreparedCall:
        call = prepare(request)
        if (notice := notice_before(call)) is not None:
            self._say([notice])
        for advice in call.advice:
            if self.settings.first_time(("parameter", advice.about)):
                warnings.warn(advice.text, advice.category, stacklevel=_outside())
        if request.on_unsupported == "warn":
            self._warn(call)
        return call

    def _warn(self, call: PreparedCall) -> None:
        """Warns once per settings object and parameter."""
        for entry in call.report:
            if is_lost(entry) and self.settings.first_time(("parameter", entry.name)):
                text = f"{entry.name}={entry.value!r} was not sent: {entry.reason}"
                warnings.warn(text, UnsupportedParameterWarning, stacklevel=4)
        for note in call.notes:
            warnings.warn(note, GrokWarning, stacklevel=4)

    def _tell(self, call: PreparedCall, response: ChatResponse) -> ChatResponse:
        """Warns of what is odd about an answer: another model, a budget that reasoning ate."""
        self._say(notices_after(call, response, visible=says_something(response)))
        return response

    def _tell_end(self, run: StreamRun) -> None:
        """The same for a stream that came to its end."""
        if run.last is not None:
            self._say(notices_after(run.call, run.last, visible=run.visible))

    def _say(self, notices: list[Notice]) -> None:
        for what, text in notices:
            if what is None or self.settings.first_time(what):
                warnings.warn(text, GrokWarning, stacklevel=5)

    def _run(self, call: PreparedCall, headers: Mapping[str, str], attempt: int) -> StreamRun:
        idle, regional = self.settings.stream_idle_timeout, is_regional(self.settings.base_url)
        return StreamRun(call, headers, idle_timeout=idle, regional=regional, attempt=attempt)

    def _read(self, call: PreparedCall, headers: Mapping[str, str], content: bytes) -> ChatResponse:
        return _read_answer(call, headers, content, regional=is_regional(self.settings.base_url))

    def _policy(self) -> retry.RetryPolicy:
        return retry.RetryPolicy(max_retries=self.settings.max_retries, deadline=self.settings.deadline)

    def _mended(self, call: PreparedCall, error: GrokError) -> PreparedCall | None:
        """The same call without what xAI refused, if the caller can do without it."""
        found = second_try(call, error.status_code, error.message)
        if found is None:
            return None
        other, said = found
        self._say([(None, said)])
        return other

    def _error(self, error: Exception, call: PreparedCall, response: Any = None) -> GrokError:
        """One of our errors for whatever went wrong, with what is known about the call."""
        from grok_adapter.errors import from_sdk_error  # noqa: PLC0415  errors imports the SDK

        secrets = self._secrets(call)
        ours = from_sdk_error(error, secrets=secrets)
        if response is not None and ours.status_code == 200:
            ours.status_code = response.status_code  # any other success, such as an empty 202
        headers = None if response is None else response.headers
        return ours.fill_in(model=call.body.get("model"), api=call.api, headers=headers, secrets=secrets)

    def _stream_error(
        self, error: Exception, call: PreparedCall, run: StreamRun | None, response: Any = None
    ) -> GrokError:
        """The error for a stream that failed: once it has begun, it carries what had come."""
        from grok_adapter.errors import GrokStreamError, GrokTimeoutError  # noqa: PLC0415  errors imports the SDK

        ours = self._error(error, call, response)
        if isinstance(ours, GrokTimeoutError) and not ours.is_retryable and self._limits_silence(call):
            ours, typed = self._error(idle_error(self.settings.stream_idle_timeout or 0), call), ours
            ours.__cause__ = typed
        elif run is not None and run.started and not isinstance(ours, GrokStreamError):
            typed, ours = ours, ours.recast(GrokStreamError)
            ours.message = f"The stream broke off: {typed.message}"
            ours.args = (ours.message,)
            ours.__cause__ = typed
        if run is None:
            return ours
        if isinstance(ours, GrokStreamError):
            ours.partial = run.partial()
            if run.started:
                ours.hint = ours.hint or "What had come is in its `partial`."
        ours.attempts = run.attempt
        return ours.fill_in(headers=run.headers)

    def _limits_silence(self, call: PreparedCall) -> bool:
        """Whether it is `stream_idle_timeout` that ends a read, and not a shorter `timeout`."""
        idle = self.settings.stream_idle_timeout
        return bool(idle) and bool(timeout_for(self.settings, call.row, stream=True).read == idle)

    def _secrets(self, call: PreparedCall) -> list[str]:
        """Everything that must not appear in an error's text."""
        key, headers = self.settings.api_key, self.settings.default_headers
        keys = [*self._given_keys, *([] if callable(key) else [key])]
        return secrets_of(call.body, keys=keys, base_url=self.settings.base_url, headers=headers)


_OURS = frozenset({"grok_adapter", "langchain_grok", "llama_index_grok", "langchain_core", "langchain", "llama_index"})


def _outside() -> int:
    """The `stacklevel` of the caller's own code: Python shows deprecations of a script's own lines only."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in _OURS:
        frame, level = frame.f_back, level + 1
    return level


def _is_event_stream(headers: Mapping[str, str]) -> bool:
    """Whether a stream request was answered with a stream; xAI may answer with a JSON body that tells of an error."""
    kind = headers.get("content-type", "").lower()
    return not kind or "event-stream" in kind


def _whole_as_deltas(run: StreamRun, content: bytes) -> list[Delta]:
    """The deltas of an answer that did not call itself a stream: events all the same, or one body."""
    if content.lstrip().startswith((b"data:", b"event:", b":")):
        return [*run.feed(content), *run.close()]
    response = _read_answer(run.call, run.headers, content, regional=run.regional)
    return run.take(deltas_of(response))


def _read_answer(call: PreparedCall, headers: Mapping[str, str], content: bytes, *, regional: bool) -> ChatResponse:
    """The neutral response for a body that came with HTTP 200."""
    try:
        body = from_json(content)
    except ValueError:
        from grok_adapter.errors import error_for  # noqa: PLC0415  errors imports the SDK

        raise error_for(status=200, text=content.decode("utf-8", "replace"), headers=headers) from None
    response: ChatResponse = codec_for(call.api).decode_response(body)
    if call.calls is not None:
        response = call.calls.response(response)
    if call.stop:
        response = cut_response(response, call.stop)
    return replace(response, **call_facts(call, headers, response, regional=regional))


def _read_object(headers: Mapping[str, str], content: bytes) -> dict[str, Any]:
    """The JSON object of an answer that is no answer of a model; xAI's errors can come with HTTP 200 here too."""
    try:
        body = from_json(content)
    except ValueError:
        body = None
    if not isinstance(body, dict) or body.get("error"):
        from grok_adapter.errors import error_for  # noqa: PLC0415  errors imports the SDK

        raise error_for(status=200, text=content.decode("utf-8", "replace"), headers=headers)
    return body


def _configuration_error(text: str) -> Exception:
    from grok_adapter.errors import GrokConfigurationError  # noqa: PLC0415  errors imports the SDK

    return GrokConfigurationError(text)
