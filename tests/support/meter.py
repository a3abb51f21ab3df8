"""A meter in front of the emulator: when each call came, with which key, what it was billed; it can hold calls back.

A call that is held is not passed on, hence not billed, and is told at last that xAI is overloaded. One that is
swallowed is passed on and billed, and its answer never comes.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.support.servers import Seen, _Server


@dataclass(frozen=True)
class Call:
    """One call: its last message, the time in seconds, and what the answer said it cost; `None` if there was none."""

    text: str
    at: float
    key: str
    ticks: int | None = None


class Meter(_Server):
    """Passes calls on.

    Args:
        base_url: Where to.
    """

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who was killed hears no answer
        self._to = urlsplit(base_url)
        self._lock = threading.Lock()
        self._passed = 0
        self._open_until: int | None = None
        self._swallowed = -1
        self._released = threading.Event()
        self.came: list[Call] = []
        self.held: list[Call] = []
        self.billed: list[Call] = []

    @property
    def base_url(self) -> str:
        return f"{self.url}{self._to.path}"

    @property
    def ticks(self) -> int:
        """What was billed in all."""
        return sum(call.ticks or 0 for call in self.billed)

    def hold_after(self, calls: int) -> None:
        """Lets so many more calls through, and no other until `release`."""
        self._released.clear()
        self._open_until = self._passed + calls

    def swallow_after(self, calls: int) -> None:
        """Lets so many more calls through, and withholds the answer to the next one until `release`."""
        self._released.clear()
        self._swallowed = self._passed + calls

    def release(self) -> None:
        """Sends away what is held, and holds nothing more."""
        self._open_until = None
        self._released.set()

    def answer(self, seen: Seen) -> tuple[int, str, bytes]:
        body = json.loads(seen.body)
        call = Call(body["input"][-1]["content"], time.monotonic(), seen.headers["authorization"])
        with self._lock:
            self.came.append(call)
            hold = self._open_until is not None and self._passed >= self._open_until
            number = self._passed
            self._passed += not hold
        if hold:
            self.held.append(call)
            return self._overloaded()
        connection = http.client.HTTPConnection(self._to.hostname or "", self._to.port, timeout=20)
        connection.request("POST", seen.target, seen.body, seen.headers)
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        if reply.status == 200:
            ticks = json.loads(content)["usage"]["cost_in_usd_ticks"]
            self.billed.append(Call(call.text, call.at, call.key, ticks))
        if number == self._swallowed:
            return self._overloaded()
        return reply.status, "application/json", content

    def _overloaded(self) -> tuple[int, str, bytes]:
        self._released.wait(60)
        return 503, "application/json", b'{"code":"The service is currently unavailable","error":"At capacity"}'
