"""The only I/O: `GrokClient` sends what `prepare` made and decodes what comes back. Sync and async, whole and streamed.

The SDK does authentication headers, pooling, TLS, proxies and status errors; it hands over its raw HTTP response
(`cast_to` its own response class, its documented way for what it does not type), so that headers and content type are
seen before a byte is decoded: xAI sends errors inside HTTP 200 too. What a stream's bytes mean is decided once, in
`StreamRun`, which does no I/O; sync and async are the same dozen lines around it.

`sdk` keeps the SDK's clients; keys travel with each request.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr
from pydantic_core import from_json

from grok_adapter import retry
from grok_adapter.assembler import deltas_of
from grok_adapter.codecs import codec_for
from grok_adapter.params import is_lost
from grok_adapter.prepare import ENCRYPTED_REASONING, PreparedCall, prepare
from grok_adapter.sdk import pool, response_class, timeout_for
from grok_adapter.settings import GrokSettings, check_api_key
from grok_adapter.stop import cut_response
from grok_adapter.streaming import StreamRun
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


class GrokClient:
    """Talks to xAI: neutral requests in, neutral responses or deltas out.

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

    # --- whole answers

    def complete(self, request: ChatRequest) -> ChatResponse:
        """Sends a request and returns the whole answer.

        Raises:
            GrokError: See `grok_adapter.errors` for the tree.
        """
        call = self._prepare(request)
        return retry.call(self._policy(), lambda: self._complete_once(call))

    async def acomplete(self, request: ChatRequest) -> ChatResponse:
        """Async twin of `complete`."""
        call = self._prepare(request)
        return await retry.acall(self._policy(), lambda: self._acomplete_once(call))

    def _complete_once(self, call: PreparedCall) -> ChatResponse:
        try:
            response = self._post(call, stream=False)
            return _read_answer(call, response.headers, response.content)
        except Exception as error:  # noqa: BLE001  whatever it was is raised as one of ours
            ours = self._error(error, call)
            if (other := self._without_reasoning(call, ours)) is not None:
                return self._complete_once(other)
            raise ours from ours.__cause__

    async def _acomplete_once(self, call: PreparedCall) -> ChatResponse:
        try:
            response = await self._apost(call, stream=False)
            return _read_answer(call, response.headers, response.content)
        except Exception as error:  # noqa: BLE001  whatever it was is raised as one of ours
            ours = self._error(error, call)
            if (other := self._without_reasoning(call, ours)) is not None:
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
        response, chunks, run, deltas = retry.call(self._policy(), lambda: self._open_stream(call))
        try:
            yield from deltas
            while not run.closed:
                try:
                    chunk = next(chunks, None)
                    deltas = run.close() if chunk is None else run.feed(chunk)
                except Exception as error:  # noqa: BLE001  likewise
                    ours = self._stream_error(error, run)
                    raise ours from ours.__cause__
                yield from deltas
        finally:
            response.close()

    async def astream(self, request: ChatRequest) -> AsyncIterator[Delta]:
        """Async twin of `stream`."""
        call = self._prepare(request if request.stream else replace(request, stream=True))
        response, chunks, run, deltas = await retry.acall(self._policy(), lambda: self._aopen_stream(call))
        try:
            for delta in deltas:
                yield delta
            while not run.closed:
                try:
                    chunk = await anext(chunks, None)
                    deltas = run.close() if chunk is None else run.feed(chunk)
                except Exception as error:  # noqa: BLE001  likewise
                    ours = self._stream_error(error, run)
                    raise ours from ours.__cause__
                for delta in deltas:
                    yield delta
        finally:
            await response.aclose()

    def _open_stream(self, call: PreparedCall) -> tuple[Any, Iterator[bytes], StreamRun, list[Delta]]:
        """Opens a stream and reads up to its first deltas."""
        response = None
        try:
            response = self._post(call, stream=True)
            run = StreamRun(call, response.headers, self.settings.stream_idle_timeout)
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
            ours = self._error(error, call)
            if (other := self._without_reasoning(call, ours)) is not None:
                return self._open_stream(other)
            raise ours from ours.__cause__

    async def _aopen_stream(self, call: PreparedCall) -> tuple[Any, AsyncIterator[bytes], StreamRun, list[Delta]]:
        response = None
        try:
            response = await self._apost(call, stream=True)
            run = StreamRun(call, response.headers, self.settings.stream_idle_timeout)
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
            ours = self._error(error, call)
            if (other := self._without_reasoning(call, ours)) is not None:
                return await self._aopen_stream(other)
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

    def _post(self, call: PreparedCall, *, stream: bool) -> Any:
        key = self.settings.api_key
        value = key() if callable(key) else key
        if inspect.isawaitable(value):
            if inspect.iscoroutine(value):
                value.close()
            raise _configuration_error("api_key is an async callable: use the async methods, or give a sync one.")
        client = pool.client(self.settings)
        return client.post(
            call.path, body=call.body, cast_to=response_class(), stream=stream, options=self._options(call, value)
        )

    async def _apost(self, call: PreparedCall, *, stream: bool) -> Any:
        key = self.settings.api_key
        value = key() if callable(key) else key
        if inspect.isawaitable(value):
            value = await value
        client = pool.async_client(self.settings)
        return await client.post(
            call.path, body=call.body, cast_to=response_class(), stream=stream, options=self._options(call, value)
        )

    def _options(self, call: PreparedCall, key: Any) -> dict[str, Any]:
        headers = {**(self.settings.default_headers or {}), **call.headers}
        try:  # again: a callable may give anything, and a pickle leaves the key behind
            check_api_key(key, self.settings.base_url, headers)
        except ValueError as error:
            raise _configuration_error(str(error)) from None
        if key is not None:
            headers["Authorization"] = f"Bearer {_reveal(key)}"
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

    def _policy(self) -> retry.RetryPolicy:
        return retry.RetryPolicy(max_retries=self.settings.max_retries, deadline=self.settings.deadline)

    def _without_reasoning(self, call: PreparedCall, error: GrokError) -> PreparedCall | None:
        """The same call without what xAI refused: encrypted reasoning, or asking for it. `None` if it was neither."""
        if error.status_code not in (400, 422):
            return None
        text = error.message
        body = dict(call.body)
        items = body.get("input")
        if "Argument not supported: include" in text and "include" in body:
            del body["include"]
            what = "`include`"
        elif "encrypted" in text and isinstance(items, list) and any(i.get("encrypted_content") for i in items):
            body["input"] = [i for i in items if i.get("type") != "reasoning"]
            if rest := [x for x in body.get("include", ()) if x != ENCRYPTED_REASONING]:
                body["include"] = rest
            what = "the reasoning of earlier turns"
        else:
            return None
        warnings.warn(
            f"xAI refused {what}; the request was sent again without. It said: {text[:200]}", GrokWarning, stacklevel=4
        )
        return replace(call, body=body)

    def _error(self, error: Exception, call: PreparedCall) -> GrokError:
        """One of our errors for whatever went wrong, with what is known about the call."""
        from grok_adapter.errors import from_sdk_error  # noqa: PLC0415

        secrets = self._secrets(call)
        ours = from_sdk_error(error, secrets=secrets)
        return ours.fill_in(model=call.body.get("model"), api=call.api, secrets=secrets)

    def _stream_error(self, error: Exception, run: StreamRun) -> GrokError:
        """The error for a stream that failed after its first delta: it carries what had come."""
        from grok_adapter.errors import GrokStreamError  # noqa: PLC0415

        ours = self._error(error, run.call)
        if not isinstance(ours, GrokStreamError):
            typed, ours = ours, ours.recast(GrokStreamError)
            ours.message = f"The stream broke off: {typed.message}"
            ours.__cause__ = typed
        ours.partial = run.partial()
        return ours

    def _secrets(self, call: PreparedCall) -> list[str]:
        """Everything that must not appear in an error's text."""
        key = self.settings.api_key
        values: list[Any] = [key] if isinstance(key, (SecretStr, str)) else []
        values += list((self.settings.default_headers or {}).values())
        for tool in call.body.get("tools") or ():
            if isinstance(tool, dict):
                values += [tool.get("authorization"), *(tool.get("headers") or {}).values()]
        texts = [_reveal(value) for value in values if value]
        return [text for text in texts if len(text) > 3]


def _is_event_stream(headers: Mapping[str, str]) -> bool:
    """Whether a stream request was answered with a stream; xAI may answer with a JSON body that tells of an error."""
    kind = headers.get("content-type", "").lower()
    return "json" not in kind and "html" not in kind


def _whole_as_deltas(run: StreamRun, content: bytes) -> list[Delta]:
    response = _read_answer(run.call, run.headers, content)
    run.closed = True
    return deltas_of(response)


def _read_answer(call: PreparedCall, headers: Mapping[str, str], content: bytes) -> ChatResponse:
    """The neutral response for a body that came with HTTP 200."""
    from grok_adapter.errors import error_for, read_rate_limits  # noqa: PLC0415

    try:
        body = from_json(content)
    except ValueError:
        raise error_for(status=200, text=content.decode("utf-8", "replace"), headers=headers) from None
    response = codec_for(call.api).decode_response(body)
    if call.stop:
        response = cut_response(response, call.stop)
    decoded: ChatResponse = replace(
        response,
        request_id=headers.get("x-request-id"),
        rate_limits=read_rate_limits(headers),
        unsupported_parameters=call.report,
    )
    return decoded


def _reveal(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _configuration_error(text: str) -> Exception:
    from grok_adapter.errors import GrokConfigurationError  # noqa: PLC0415

    return GrokConfigurationError(text)
