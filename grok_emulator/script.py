"""What a test has scripted, and what it can look at afterwards: queued answers, delays, cuts, recorded requests.

Shared between the test's thread and the server's, hence the lock. Must not know: how answers are made.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

Payload = dict[str, Any] | list[dict[str, Any]] | str | bytes


@dataclass(frozen=True)
class RecordedRequest:
    """A request as it arrived: header names in lower case, ``body`` parsed (``None`` if it is not JSON)."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    raw: bytes


@dataclass(frozen=True)
class Scripted:
    """One queued answer."""

    payload: Payload
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str | None = None


class Script:
    """Thread-safe queues, one entry taken per request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._replies: deque[Scripted] = deque()
        self._cuts: deque[int] = deque()
        self._delays: deque[float] = deque()
        self._requests: list[RecordedRequest] = []

    def add_reply(self, reply: Scripted, times: int = 1) -> None:
        """Queues ``reply``, ``times`` times."""
        with self._lock:
            self._replies.extend([reply] * times)

    def add_cut(self, events: int) -> None:
        """Queues a cut for the next stream."""
        with self._lock:
            self._cuts.append(events)

    def add_delay(self, seconds: float) -> None:
        """Queues a delay for the next answer."""
        with self._lock:
            self._delays.append(seconds)

    def record(self, request: RecordedRequest) -> None:
        """Remembers a request."""
        with self._lock:
            self._requests.append(request)

    def next_reply(self) -> Scripted | None:
        """Takes the next queued answer."""
        with self._lock:
            return self._replies.popleft() if self._replies else None

    def next_cut(self) -> int | None:
        """Takes the next queued cut."""
        with self._lock:
            return self._cuts.popleft() if self._cuts else None

    def next_delay(self) -> float:
        """Takes the next queued delay."""
        with self._lock:
            return self._delays.popleft() if self._delays else 0.0

    @property
    def requests(self) -> list[RecordedRequest]:
        """A copy of what was recorded."""
        with self._lock:
            return list(self._requests)

    def clear(self) -> None:
        """Forgets everything queued and recorded."""
        with self._lock:
            for queue in (self._replies, self._cuts, self._delays, self._requests):
                queue.clear()
