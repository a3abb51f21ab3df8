"""SDK clients: made when first needed, pooled, never kept on a model object. The one piece of global state.

A client kept on a model object would go stale when the object is copied, pickled or forked; so clients are kept per
process, base URL, HTTP client and (async) event loop, and looked up at each call. They hold no key: it travels with
each request, so that rotation and several keys share one pool. Importing this module does not import the SDK (0.7 s).

Nothing is left behind: the clients of an event loop are closed as the loop ends (`asyncio.run` does that), and a forked
child makes its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from functools import cache
from typing import Any

from grok_adapter.credentials import without_credentials
from grok_adapter.models import GrokModel
from grok_adapter.settings import GrokSettings

__all__ = ["aread_out", "omitted_headers", "pool", "read_out", "response_class", "timeout_for"]

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 600.0
REASONING_READ_TIMEOUT = 3600.0
"""Seconds; xAI's own samples and its TypeScript SDK use an hour for reasoning models (September 2026)."""


class Pool:
    """SDK clients by process, base URL, HTTP client and event loop. The one piece of global state."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sync: dict[tuple[Any, ...], Any] = {}
        self._async: weakref.WeakKeyDictionary[Any, LoopClients] = weakref.WeakKeyDictionary()

    def after_fork(self) -> None:
        """In the child: another thread of the parent may have held the lock. The parent's clients stay untouched."""
        self._lock = threading.Lock()

    def client(self, settings: GrokSettings) -> Any:
        key = (os.getpid(), settings.base_url, id(settings.http_client))
        client = self._sync.get(key)
        if client is None:
            with self._lock:
                client = self._sync.get(key) or self._sync.setdefault(key, _make_client(settings))
        return client

    def async_client(self, settings: GrokSettings) -> Any:
        loop = asyncio.get_running_loop()
        key = (os.getpid(), settings.base_url, id(settings.http_async_client))
        with self._lock:
            clients = self._async.get(loop)
            if clients is None:
                for other in [other for other in self._async if other.is_closed()]:
                    del self._async[other]
                clients = self._async[loop] = LoopClients()
            if key not in clients:
                clients[key] = _make_client(settings, asynchronous=True)
                if settings.http_async_client is not None:
                    clients.borrowed.add(key)
            return clients[key]

    def take(self, settings: GrokSettings) -> Any:
        with self._lock:
            return self._sync.pop((os.getpid(), settings.base_url, id(settings.http_client)), None)

    def take_async(self, settings: GrokSettings) -> Any:
        key = (os.getpid(), settings.base_url, id(settings.http_async_client))
        with self._lock:
            clients = self._async.get(asyncio.get_running_loop())
            return None if clients is None else clients.pop(key, None)


class LoopClients(dict[tuple[Any, ...], Any]):
    """The async clients of one event loop. Made inside the loop, and closed with it.

    A connection that is kept alive refers to its loop, so neither would ever be collected. What a loop closes as it
    ends are async generators that have begun (`loop.shutdown_asyncgens`): this has one that does nothing else.
    """

    def __init__(self) -> None:
        super().__init__()
        self.borrowed: set[tuple[Any, ...]] = set()
        self._guard = self._close_at_end()
        with contextlib.suppress(StopIteration):  # one step by hand, so that the loop knows it
            self._guard.asend(None).send(None)

    async def _close_at_end(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            while self:
                key, client = self.popitem()
                if key not in self.borrowed:  # the caller's own HTTP client is the caller's to close
                    await client.close()


pool = Pool()
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=pool.after_fork)


_KEPT_HEADERS = frozenset({"accept", "content-type", "user-agent"})


def _make_client(settings: GrokSettings, *, asynchronous: bool = False) -> Any:
    import openai  # noqa: PLC0415  0.7 s, paid at the first call instead of at import

    cls, http_client = (
        (openai.AsyncOpenAI, settings.http_async_client) if asynchronous else (openai.OpenAI, settings.http_client)
    )
    if http_client is None:
        http_client = _http_client_class(asynchronous)()
    try:
        # The key comes with each request, so that rotation and several keys share one pool.
        base_url = without_credentials(settings.base_url)  # HTTP libraries log the URL
        client = cls(api_key="with-each-request", base_url=base_url, max_retries=0, http_client=http_client)
    except (TypeError, AttributeError) as error:
        from grok_adapter.errors import GrokConfigurationError  # noqa: PLC0415  errors imports the SDK

        name = "http_async_client" if asynchronous else "http_client"
        library = http_library(openai).__name__
        kind = "AsyncClient" if asynchronous else "Client"
        raise GrokConfigurationError(
            f"{name} is a {type(http_client).__module__}.{type(http_client).__name__}: openai {openai.__version__} "
            f"takes {library}.{kind}."
        ) from error
    # Organisation, project, OPENAI_CUSTOM_HEADERS and the platform are between the user and OpenAI.
    left_out: Any = {name: openai.Omit() for name in client.default_headers if name.lower() not in _KEPT_HEADERS}
    return client.copy(set_default_headers=left_out)


@cache
def _http_client_class(asynchronous: bool) -> Any:
    """The SDK's own HTTP client, without cookies.

    A pool serves several keys, and what one of them was given (Cloudflare in front of xAI sets `__cf_bm`) must not
    travel with the others. It also spares 75 of a call's 750 us: httpx 0.28 makes a `urllib` request of every answer
    to look for cookies (measured November 2026; httpx2 looks for the header first).
    """
    import openai  # noqa: PLC0415  0.7 s, as above

    class NoCookies(http_library(openai).Cookies):  # type: ignore[misc]
        def extract_cookies(self, response: Any) -> None:
            """Keeps none."""

    class HttpClient(openai.DefaultAsyncHttpxClient if asynchronous else openai.DefaultHttpxClient):  # type: ignore[misc]
        none = NoCookies()

        @property
        def cookies(self) -> Any:
            return self.none

    return HttpClient


def http_library(openai: Any) -> Any:
    """`httpx` for openai 2.x, `httpx2` for 3.x."""
    if int(openai.__version__.partition(".")[0]) >= 3:
        import httpx2  # noqa: PLC0415

        return httpx2
    import httpx  # noqa: PLC0415

    return httpx


@cache
def omitted_headers() -> dict[str, Any]:
    """What the SDK would add to each single request, left out; what it adds to all is left out of its client."""
    import openai  # noqa: PLC0415  0.7 s, as above

    return dict.fromkeys(("x-stainless-read-timeout", "x-stainless-retry-count"), openai.Omit())


def response_class() -> Any:
    """The SDK's own HTTP response class, to be asked for by `cast_to`."""
    import openai  # noqa: PLC0415  0.7 s, as above

    return http_library(openai).Response


LAST_READ = 0.1
"""Seconds by which the end of a body may come after its last event."""


def read_out(response: Any, chunks: Iterator[bytes]) -> None:
    """Reads what is left of a stream whose last event has come, so that its connection serves the next call.

    It is the end mark of the body, some bytes that most often are there already; without them a connection is closed
    with the stream, and the next call pays for another handshake. Who does not send them is not waited for.

    Args:
        response: The response; its owner closes it afterwards in any case.
        chunks: The iterator over its bytes that was read so far.
    """
    import openai  # noqa: PLC0415  0.7 s, as above

    stream = response.extensions.get("network_stream")
    if stream is None or response.http_version != "HTTP/1.1":  # in HTTP/2 the connection outlives its streams
        return
    read = stream.read
    # httpcore asks for a response's read timeout once, before the first read; in HTTP/1.1 nobody else reads here.
    try:
        stream.read = lambda max_bytes, timeout=None: read(max_bytes, timeout=LAST_READ)
    except AttributeError:  # the stream of a transport of the caller's own: closed with the response
        return
    try:
        with contextlib.suppress(http_library(openai).TransportError):
            for _ in zip(chunks, range(_LAST_READS), strict=False):
                pass
    finally:
        del stream.read


async def aread_out(response: Any, chunks: AsyncIterator[bytes]) -> None:
    """Async twin of `read_out`."""
    import openai  # noqa: PLC0415  0.7 s, as above

    if response.http_version != "HTTP/1.1":
        return
    with contextlib.suppress(http_library(openai).TransportError, TimeoutError):
        async with asyncio.timeout(LAST_READ):
            for _ in range(_LAST_READS):
                if await anext(chunks, None) is None:
                    break


_LAST_READS = 4  # who goes on and on after the end is not listened to

_PARTS = ("connect", "read", "write", "pool")


def timeout_for(settings: GrokSettings, row: GrokModel, *, stream: bool) -> Any:
    """The timeout of one call: the caller's, or long enough for the model to think.

    A stream's reads end at `stream_idle_timeout`, so that plain silence is noticed by the socket.
    """
    import openai  # noqa: PLC0415  0.7 s, as above

    timeout = settings.timeout
    if timeout is None:
        full = openai.Timeout(REASONING_READ_TIMEOUT if row.reasoning else READ_TIMEOUT, connect=CONNECT_TIMEOUT)
    elif all(hasattr(timeout, part) for part in _PARTS):  # a `Timeout` of either HTTP library
        full = openai.Timeout(**{part: getattr(timeout, part) for part in _PARTS})
    elif isinstance(timeout, (int, float)) and not isinstance(timeout, bool) and timeout > 0:
        full = openai.Timeout(timeout)
    else:
        from grok_adapter.errors import GrokConfigurationError  # noqa: PLC0415  errors imports the SDK

        raise GrokConfigurationError(f"timeout={timeout!r} is no timeout: give seconds above 0, or an openai.Timeout.")
    idle = settings.stream_idle_timeout
    if not idle or not stream:
        return full
    read = idle if full.read is None else min(full.read, idle)
    return openai.Timeout(connect=full.connect, read=read, write=full.write, pool=full.pool)
