"""Small servers on real sockets: a forward proxy, one with fixed bodies for a few paths, one for measurements."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit


@dataclass
class Seen:
    """One request as a server saw it."""

    method: str
    target: str
    peer: str
    connection: tuple[str, int]
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class _Server:
    """A server in a thread; `requests` holds what it saw."""

    def __init__(self) -> None:
        outer = self
        self.requests: list[Seen] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_request(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                peer = self.client_address
                seen = Seen(self.command, self.path, peer[0], (peer[0], peer[1]), headers, body)
                outer.requests.append(seen)
                status, kind, content = outer.answer(seen)
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_CONNECT = handle_request

            def log_message(self, format: str, *args: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, seen: Seen) -> tuple[int, str, bytes]:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class Proxy(_Server):
    """A forward proxy: plain requests are passed on, tunnels (for https) are noted and refused."""

    def answer(self, seen: Seen) -> tuple[int, str, bytes]:
        if seen.method == "CONNECT":
            return 502, "text/plain", b"no tunnels here"
        target = urlsplit(seen.target)
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=20)
        passed_on = {name: value for name, value in seen.headers.items() if not name.startswith("proxy-")}
        connection.request(seen.method, target.path, seen.body, passed_on)
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        return reply.status, reply.getheader("content-type") or "", content


class Fixed(_Server):
    """Answers paths with JSON bodies, or with `(status, body)`; 404 for every other path."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = answers
        super().__init__()

    def answer(self, seen: Seen) -> tuple[int, str, bytes]:
        found = self.answers.get(seen.target, (404, {"code": "not-found", "error": "No handler found on route."}))
        status, body = found if isinstance(found, tuple) else (200, found)
        return status, "application/json", json.dumps(body).encode()


@contextmanager
def same_bytes() -> Iterator[Callable[[int], str]]:
    """The benchmarks' server, in a process of its own, so that nothing of it is counted with the client.

    Yields:
        A function from the number of chunks in a stream to the base URL at which streams have so many.
    """
    command = [sys.executable, "-m", "benchmarks.server"]
    root = Path(__file__).parents[2]
    server = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    port = server.stdout.readline().strip()
    try:
        yield lambda chunks: f"http://127.0.0.1:{port}/n/{chunks}/v1"
    finally:
        server.communicate("")  # the end of its input ends it
