"""Thousands of mixed calls against the emulator, a fifth of which fail at first: `make soak`.

Both providers, both APIs, whole and streamed, in threads and in tasks, on a few shared models. Every question is asked
once and has one right answer; failures are refusals and errors inside HTTP 200, which another try mends. Checked: each
answer, that xAI answered none twice, and that no file descriptor, thread, task or memory is left.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from grok_adapter import GrokClient
from grok_emulator import Emulator
from tests.support.ways import APIS, WAYS, Way

ROUND = 250
"""Calls after which the emulator forgets what it recorded, and everything is counted."""

PLACES = ("Oslo", "Lima", "Bern", "Cork", "Pune", "Graz", "Turku")


@dataclass
class Report:
    """What a run came to."""

    calls: int = 0
    failures: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    left: dict[str, tuple[int, int]] = field(default_factory=dict)
    mebibytes: list[float] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """What should not have been."""
        out = [*self.wrong[:5], *(f"answered twice: {text}" for text in self.twice[:5])]
        out += [f"{what} grew from {a} to {b}" for what, (a, b) in self.left.items() if b > a]
        if self.failures < self.calls // 6:
            out.append(f"only {self.failures} of {self.calls} calls failed at first")
        half = self.mebibytes[len(self.mebibytes) // 2 :]
        if len(half) > 2 and half[-1] > half[0] + 8:
            out.append(f"memory grew from {half[0]:.0f} to {half[-1]:.0f} MiB over the second half")
        return out


def question(number: int) -> str:
    """A question that no other call asks."""
    return f"Parcel {number} is in {PLACES[number % 7]}. Parcel {number + 1} is lost. Where is parcel {number}?"


def is_right(number: int, answer: str) -> bool:
    """Whether an answer is the one to this question."""
    return f"Parcel {number} is in {PLACES[number % 7]}" in answer


def trouble(emulator: Emulator, number: int) -> None:
    """Makes one call of five fail at first; which one it is, the race decides."""
    if number % 5:
        return
    match number // 5 % 4:
        case 0:
            emulator.fail(429, {"error": "Too many requests"}, headers={"retry-after": "0"})
        case 1:
            emulator.fail(503, {"code": "unavailable", "error": "The service is temporarily unavailable"})
        case 2:
            emulator.fail(200, {"code": "unavailable", "error": "Timed out waiting for first token"})
        case _:
            emulator.fail(500, {"code": 500, "error": "internal server error"})


def counted() -> dict[str, int]:
    """What a leak would make grow."""
    return {"file descriptors": len(os.listdir("/proc/self/fd")), "threads": threading.active_count()}


def settled(limit: dict[str, int] | None = None) -> dict[str, int]:
    """The same, once it is down to a limit, or no longer changes; at most some seconds later."""
    gc.collect()
    last = counted()
    for _ in range(40):
        time.sleep(0.05)
        now = counted()
        if now == last if limit is None else all(now[what] <= limit[what] for what in limit):
            return now
        last = now
    return last


def mebibytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def short_waits() -> Iterator[None]:
    """Waits between tries of some milliseconds."""
    with patch.object(random, "uniform", lambda low, high: random.random() / 100):
        yield


def run_round(emulator: Emulator, models: dict[Any, Any], numbers: range, report: Report) -> None:
    """One round: half of the calls from threads, half from tasks of one loop."""
    emulator.reset()
    ways = [(way, api) for way in WAYS for api in APIS]

    def plan(number: int) -> tuple[Way, Any]:
        way, api = ways[number % len(ways)]
        return way, models[way.provider, api]

    def note(number: int, answer: str) -> None:
        if not is_right(number, answer):
            report.wrong.append(f"{question(number)} -> {answer!r}")

    def call(number: int) -> None:
        way, model = plan(number)
        trouble(emulator, number)
        note(number, way.ask(model, question(number)))

    async def task(number: int, room: asyncio.Semaphore) -> None:
        async with room:
            way, model = plan(number)
            trouble(emulator, number)
            note(number, await way.aask(model, question(number)))

    async def tasks() -> int:
        room = asyncio.Semaphore(16)
        await asyncio.gather(*(task(n, room) for n in numbers if plan(n)[0].asynchronous))
        for _ in range(100):  # callbacks and closing generators end a moment later
            if len(asyncio.all_tasks()) == 1:
                break
            await asyncio.sleep(0.01)
        return len(asyncio.all_tasks()) - 1

    with ThreadPoolExecutor(8) as threads:
        loop = threads.submit(asyncio.run, tasks())
        sync = [threads.submit(call, n) for n in numbers if not plan(n)[0].asynchronous]
        for each in sync:
            each.result()
        report.left["tasks"] = (0, max(loop.result(), report.left.get("tasks", (0, 0))[1]))
    for model in models.values():
        GrokClient(model).close()
    queued = sum(number % 5 == 0 for number in numbers)
    failed = len(emulator.requests) - len(numbers)
    if failed != queued:  # a call ends with one good answer, and all failures have been met by then
        report.twice.append(f"{len(emulator.requests)} requests for {len(numbers)} calls and {queued} failures")
    report.calls += len(numbers)
    report.failures += failed
    emulator.reset()


def soak(calls: int) -> Report:
    """Runs so many calls.

    Args:
        calls: How many; rounded up to whole rounds.

    Returns:
        What it came to; `problems` is empty if all is well.
    """
    report = Report()
    began = time.monotonic()
    with Emulator() as emulator, short_waits():
        models = {
            (way.provider, api): way.model(emulator.base_url, api=api, max_retries=12)
            for way in WAYS[::4]
            for api in APIS
        }
        run_round(emulator, models, range(32), Report())  # what is loaded and cached once
        before = settled()
        for first in range(1_000, 1_000 + calls, ROUND):
            run_round(emulator, models, range(first, first + min(ROUND, calls)), report)
            after = settled(before)
            report.mebibytes.append(mebibytes())
        report.left |= {what: (before[what], after[what]) for what in before}
    report.seconds = time.monotonic() - began
    return report


def main(calls: int) -> int:
    report = soak(calls)
    memory = f"{report.mebibytes[0]:.0f} -> {report.mebibytes[-1]:.0f} MiB"
    print(f"{report.calls} calls, {report.failures} failed at first, {report.seconds:.0f} s, memory {memory}")
    print(", ".join(f"{what}: {a} before, {b} after" for what, (a, b) in report.left.items()))
    for problem in report.problems:
        print("PROBLEM:", problem)
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000))
