"""A server that misbehaves on purpose, on raw sockets: what no well-behaved HTTP server can be made to do.

`FaultServer` plays one fault a request, in the order queued, and a plain answer when none is left. A fault is a
function of the `Peer` it talks to; the ones below refuse, reset, hang, drip, cut, lie about length and type, and stay
silent. The server also counts: connections that are open now, requests that came, clients that left before the end.

Must not know: providers, frameworks. Read `FaultServer`, then the faults.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any

Fault = Callable[["Peer"], None]
EVENTS = "text/event-stream"
JSON = "application/json"


class Gone(Exception):
    """The client closed its end."""


class Peer:
    """One connection, as a fault sees it.

    Attributes:
        request: The JSON body of the request being answered.
        keep: Whether the connection may serve another request.
    """

    def __init__(self, sock: socket.socket, stopping: threading.Event) -> None:
        self._sock = sock
        self._stopping = stopping
        self.request: Any = None
        self.keep = True

    def read_request(self) -> bool:
        """Reads one request; false when the client closed instead."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += (more := self._receive())
            if not more:
                return False
        head, _, body = data.partition(b"\r\n\r\n")
        length = next((int(h[15:]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:")), 0)
        while len(body) < length:
            body += (more := self._receive())
            if not more:
                return False
        self.request = json.loads(body) if body else None
        return True

    def _receive(self) -> bytes:
        self.wait(None)
        return self._sock.recv(65_536)

    def send(self, data: bytes) -> None:
        """Sends bytes.

        Raises:
            Gone: The client has left.
        """
        if self.wait(0):
            raise Gone
        try:
            self._sock.sendall(data)
        except OSError as error:
            raise Gone from error

    def wait(self, seconds: float | None) -> bool:
        """Waits until the client says something, or leaves, or the time is over; true unless the time was over."""
        until = None if seconds is None else time.monotonic() + seconds
        while not self._stopping.is_set():
            left = 0.05 if until is None else min(0.05, until - time.monotonic())
            if select.select([self._sock], [], [], max(left, 0))[0]:
                return True
            if left <= 0:
                return False
        raise Gone

    def sleep(self, seconds: float | None) -> None:
        """Stays silent, for ever without `seconds`.

        Raises:
            Gone: The client has left meanwhile.
        """
        if self.wait(seconds):
            raise Gone

    def reset(self) -> None:
        """Ends the connection with a TCP reset."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.keep = False

    def close(self) -> None:
        """Ends the connection after this answer."""
        self.keep = False


class FaultServer:
    """Plays faults on loopback.

    Args:
        usual: What is played when no fault is queued.
        backlog: How many connections may wait to be accepted.

    Example:
        >>> with FaultServer(answer({"error": "no"}, status=500)) as server:
        ...     server.base_url.startswith("http://127.0.0.1:")
        True
    """

    def __init__(self, usual: Fault, *, backlog: int = 128) -> None:
        self._usual = usual
        self._queue: deque[Fault] = deque()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._sockets: set[socket.socket] = set()
        self._open = 0
        self.accepted = 0
        self.left_early = 0
        self.requests: list[Any] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def play(self, *faults: Fault) -> None:
        """Queues faults, one a request."""
        with self._lock:
            self._queue.extend(faults)

    def reset(self) -> None:
        """Forgets what is queued and what was asked."""
        with self._lock:
            self._queue.clear()
            self.requests.clear()

    @property
    def open(self) -> int:
        """How many connections are open now."""
        with self._lock:
            return self._open

    def settles(self, connections: int = 0, within: float = 2.0) -> bool:
        """Whether no more than so many connections are open, now or within some seconds."""
        until = time.monotonic() + within
        while self.open > connections and time.monotonic() < until:
            time.sleep(0.005)
        return self.open <= connections

    def __enter__(self) -> FaultServer:
        """Starts to listen."""
        threading.Thread(target=self._accept, name="fault-server", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stops, and waits until every connection is done."""
        self._stopping.set()
        with self._lock:
            for sock in self._sockets:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)  # wakes its thread
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                ready = select.select([self._listener], [], [], 0.05)[0]
                sock = self._listener.accept()[0] if ready else None
            except (OSError, ValueError):  # closed
                return
            if sock is not None:
                with self._lock:
                    self._open += 1
                    self.accepted += 1
                    self._sockets.add(sock)
                thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, sock: socket.socket) -> None:
        peer = Peer(sock, self._stopping)
        try:
            while peer.keep and peer.read_request():
                with self._lock:
                    self.requests.append(peer.request)
                    fault = self._queue.popleft() if self._queue else self._usual
                try:
                    fault(peer)
                except Gone:
                    with self._lock:
                        self.left_early += not self._stopping.is_set()
                    return
        except (Gone, OSError):
            return
        finally:
            with self._lock:
                self._sockets.discard(sock)
            with contextlib.suppress(OSError):
                sock.close()
            with self._lock:
                self._open -= 1


def refused_url() -> str:
    """A base URL at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return f"http://127.0.0.1:{sock.getsockname()[1]}/v1"


# --- faults ------------------------------------------------------------------------------------------------------


def _head(status: int, content_type: str, headers: dict[str, str], length: int | None) -> bytes:
    size = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
    lines = [f"HTTP/1.1 {status} X", size, *(f"{name}: {value}" for name, value in headers.items())]
    if content_type:
        lines.append(f"content-type: {content_type}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _as_bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()


def answer(body: Any, *, status: int = 200, content_type: str = JSON, **headers: str) -> Fault:
    """A whole answer, of whatever status and type; underscores in header names stand for hyphens."""
    data = _as_bytes(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda peer: peer.send(_head(status, content_type, named, len(data)) + data)


def by_kind(whole: Fault, streamed: Fault) -> Fault:
    """One fault for requests that ask for a stream, another for the rest."""
    return lambda peer: (streamed if (peer.request or {}).get("stream") else whole)(peer)


def reset(peer: Peer) -> None:
    """Resets the connection before a byte of the answer."""
    peer.reset()


def hang(peer: Peer) -> None:
    """Says nothing, ever."""
    peer.sleep(None)


def garbage(peer: Peer) -> None:
    """Speaks something that is not HTTP."""
    peer.send(b"\x00\xffSMTP ready, how may I help?\r\n\r\n")
    peer.close()


def close_at_once(peer: Peer) -> None:
    """Closes the connection without an answer."""
    peer.close()


def late(seconds: float, fault: Fault) -> Fault:
    """Stays silent first, before the headers."""

    def play(peer: Peer) -> None:
        peer.sleep(seconds)
        fault(peer)

    return play


def short(body: Any, by: int = 10) -> Fault:
    """A body that is shorter than its announced length; then the connection closes."""
    data = _as_bytes(body)

    def play(peer: Peer) -> None:
        peer.send(_head(200, JSON, {}, len(data) + by) + data)
        peer.close()

    return play


def stream(
    pieces: Iterable[bytes],
    *,
    gap: float = 0.0,
    silent: float = 0.0,
    end: str = "end",
    content_type: str = EVENTS,
    **headers: str,
) -> Fault:
    """A stream in chunked encoding.

    Args:
        pieces: What is sent, one chunk each.
        gap: Seconds between chunks.
        silent: Seconds between the headers and the first chunk.
        end: `"end"` ends well, `"cut"` closes without the last chunk, `"reset"` resets, `"hang"` says nothing more.
        content_type: What it says it is.
        **headers: Further headers.
    """
    given = list(pieces)
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def play(peer: Peer) -> None:
        peer.send(_head(200, content_type, named, None))
        if silent:
            peer.sleep(silent)
        for piece in given:
            peer.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            if gap:
                peer.sleep(gap)
        if end == "end":
            peer.send(b"0\r\n\r\n")
        elif end == "reset":
            time.sleep(0.05)  # so that what was sent is read before the reset throws it away
            peer.reset()
        elif end == "hang":
            peer.sleep(None)
        else:
            peer.close()

    return play


def endless(piece: bytes, gap: float, first: bytes = b"") -> Fault:
    """A stream that repeats something until the client leaves."""

    def play(peer: Peer) -> None:
        peer.send(_head(200, EVENTS, {}, None))
        if first:
            peer.send(b"%x\r\n%b\r\n" % (len(first), first))
        while True:
            peer.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            peer.sleep(gap)

    return play


@contextlib.contextmanager
def deaf_url() -> Iterator[str]:
    """A base URL at which connecting takes for ever: the queue of those who wait for an accept is full (Linux)."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


class Crowd:
    """A fault that counts how many requests are being answered at once, and notes when they came.

    Args:
        usual: What is played then.
        expected: So many at once are waited for, so that who may send that many is seen to, however slow the machine.
        within: Seconds after which that is given up.
    """

    def __init__(self, usual: Fault, *, expected: int = 1, within: float = 2.0) -> None:
        self.most = 0
        self.came: list[float] = []
        self._now = 0
        self._usual, self._expected, self._within = usual, expected, within
        self._changed = threading.Condition()

    def __call__(self, peer: Peer) -> None:
        with self._changed:
            self.came.append(time.monotonic())
            self._now += 1
            self.most = max(self.most, self._now)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.most >= self._expected, self._within)
        time.sleep(0.02)  # if one more may come, it comes now
        with self._changed:
            self._now -= 1  # before the answer, upon which the client sends the next
        self._usual(peer)
