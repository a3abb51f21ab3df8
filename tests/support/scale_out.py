"""What the tests of `examples/scale_out` share: a worker in this process, its notes, and how dense its calls were."""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from examples.scale_out import messages
from examples.scale_out.job import Job, task
from examples.scale_out.questions import Question
from examples.scale_out.store import PATTERN
from examples.scale_out.worker import Worker
from tests.support.meter import Call

QUESTION = Question()
TOPICS = ("delivery", "damage", "billing", "account")
"""What the made messages are about, in turn."""

AT_ONCE = 4
"""Calls that a worker has under way at most."""


def until(fact: Callable[[], Any], what: str, seconds: float = 90) -> Any:
    """Waits for a fact."""
    deadline = time.monotonic() + seconds
    while not (found := fact()):
        assert time.monotonic() < deadline, f"still not so after {seconds} s: {what}"
        time.sleep(0.02)
    return found


def lines(folder: Path) -> list[dict[str, Any]]:
    """All whole lines of the notes."""
    text = "".join(file.read_text() for file in sorted(folder.glob(PATTERN)))
    return [json.loads(line) for line in text.splitlines()]


def worker(folder: Path, base_url: str, framework: str = "langchain", **fields: Any) -> Worker:
    """A worker in this process, made from what a job would pickle to it."""
    folder.mkdir(exist_ok=True)
    ask = QUESTION.asker(framework, base_url=base_url, api_key="xai-key-of-the-driver")
    job = Job(folder, **{"requests_per_second": 2_000.0, **fields})
    return Worker(**pickle.loads(pickle.dumps(task(job, ask, QUESTION.id))))


def label(worker: Worker, rows: list[messages.Row]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = worker(pa.Table.from_pylist(rows)).to_pylist()
    assert [each["row"] for each in found] == [row["id"] for row in rows]
    return found


def keeps_to(rate: float, calls: list[Call]) -> bool:
    """Whether no stretch of calls is denser than the rate allows, by the server's clock.

    A token that was taken in time may be used late, by as many threads as a worker has; hence what is added.
    """
    times = sorted(call.at for call in calls)
    return all(
        j - i + 1 <= rate * (times[j] - times[i]) + 1 + AT_ONCE
        for i in range(len(times)) for j in range(i, len(times))
    )  # fmt: skip
