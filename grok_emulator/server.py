"""The emulator as an object: starts the server in a thread, scripts it, tells what it was asked.

Read this first, then ``app.py``. Must not know: routes, wire shapes.
"""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType

import uvicorn

from .app import Api
from .script import Payload, RecordedRequest, Script, Scripted

_HOST = "127.0.0.1"
_START_TIMEOUT = 10.0


class Emulator:
    """An xAI-compatible server on loopback.

    Args:
        port: Port to listen on; 0 takes a free one.
        api_key: The only key that is accepted; without it every key that starts with ``xai-`` is.

    Example:
        >>> with Emulator() as emulator:
        ...     emulator.base_url.endswith("/v1")
        True
    """

    def __init__(self, port: int = 0, api_key: str | None = None) -> None:
        self._script = Script()
        self._api = Api(self._script, api_key)
        self._port = port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """What to set as the client's base URL, e.g. ``http://127.0.0.1:50321/v1``."""
        return f"http://{_HOST}:{self._port}/v1"

    @property
    def requests(self) -> list[RecordedRequest]:
        """All requests so far, oldest first."""
        return self._script.requests

    def start(self) -> Emulator:
        """Starts the server and returns when it accepts connections; a second call does nothing.

        Raises:
            OSError: The port is taken.
        """
        if self._thread is not None:
            return self
        # With the protocol named, asyncio turns Nagle's algorithm off: 40 ms a call on a kept-alive connection.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, self._port))
        except OSError:
            listener.close()
            raise
        listener.listen(1024)
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._api.app(), log_config=None, log_level="critical", access_log=False, lifespan="off", ws="none",
            server_header=False, timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="grok-emulator", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _START_TIMEOUT
        while not self._server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.002)
        return self

    def close(self) -> None:
        """Stops the server, open streams included, and waits until its thread has ended."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()
        self._server = self._thread = None

    def __enter__(self) -> Emulator:
        """Starts the server."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops the server."""
        self.close()

    def reply(
        self,
        payload: Payload,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        content_type: str | None = None,
    ) -> None:
        """Queues the answer to the next POST on Responses or Chat Completions.

        Args:
            payload: A whole answer (``dict``): sent as JSON, or to a stream request as the events xAI would have
                sent; a ``list`` of events: sent as SSE; ``str`` or ``bytes``: sent as they are.
            status: HTTP status.
            headers: Further response headers.
            content_type: Of a ``str`` or ``bytes`` payload; guessed from its first characters without it.
        """
        self._script.add_reply(Scripted(payload, status, dict(headers or {}), content_type))

    def fail(self, status: int, body: Payload, times: int = 1, headers: dict[str, str] | None = None) -> None:
        """Queues ``times`` refusals with this status and body."""
        self._script.add_reply(Scripted(body, status, dict(headers or {})), times)

    def cut_after(self, events: int) -> None:
        """Breaks the connection of the next stream after so many events."""
        self._script.add_cut(events)

    def delay(self, seconds: float) -> None:
        """Waits before the next answer."""
        self._script.add_delay(seconds)

    def reset(self) -> None:
        """Forgets all requests, queued answers, stored responses and the prompt cache."""
        self._script.clear()
        self._api.reset()
