"""What was asked and answered, on disk: one file for each worker's life, one line for each fact.

    asked      written just before a call; where nothing follows, nobody knows whether xAI answered, and billed
    answered   written and forced to the disk as soon as the answer is there, before the row is handed on
    refused    xAI refused, which costs nothing

No two workers share a file, so no line is mixed with another's. A line that a kill tore has no end and is never read,
nor written on: the worker that comes next has a file of its own. A worker holds its file locked for as long as it
lives, since Ray's workers outlive a killed driver by a second or two and go on paying: the next run waits for them.

On several machines the folder has to be on a file system that they share, with locks (NFS 4 has them). Must not know:
Ray, models, what a row is. Read `Notes`, then `Store`.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

PATTERN = "worker-*.jsonl"


class Notes:
    """A worker's own file. Its threads may share it."""

    def __init__(self, folder: Path) -> None:
        name = f"worker-{time.strftime('%Y%m%d-%H%M%S')}-{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self._file = (folder / f"{name}.jsonl").open("ab")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._lock = threading.Lock()

    def asked(self, key: str) -> None:
        """Notes that a call begins. Not forced to the disk: a kill does not lose it, a power cut may."""
        self._write({"asked": key}, forced=False)

    def answered(self, key: str, **facts: Any) -> None:
        """Notes an answer that was paid for; returns when it is on the disk."""
        self._write({"answered": key, **facts}, forced=True)

    def refused(self, key: str) -> None:
        """Notes that the call cost nothing and brought nothing."""
        self._write({"refused": key}, forced=False)

    def close(self) -> None:
        """Ends the notes, as the end of the process does: nobody waits for this worker any longer."""
        self._file.close()

    def _write(self, line: dict[str, Any], *, forced: bool) -> None:
        data = json.dumps(line, ensure_ascii=False).encode() + b"\n"
        with self._lock:
            self._file.write(data)
            self._file.flush()
        if forced:
            os.fsync(self._file.fileno())


class Store:
    """All workers' files of a folder, as far as they have been read.

    Attributes:
        answers: What was noted about each answer, by key.
        open_calls: By key, how many calls were begun of which nothing else is known. Those of a worker at work are
            under way; those of a dead one are in doubt.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answers: dict[str, dict[str, Any]] = {}
        self.open_calls: Counter[str] = Counter()
        self._read: Counter[Path] = Counter()

    def refresh(self) -> Self:
        """Reads what was written since the last time.

        Raises:
            ValueError: A whole line is no JSON: something else has written into the folder.
        """
        for path in sorted(self.folder.glob(PATTERN)):
            with path.open("rb") as file:
                file.seek(self._read[path])
                whole, end, _ = file.read().rpartition(b"\n")
            for line in whole.splitlines():
                try:
                    self._take(json.loads(line))
                except ValueError as error:
                    raise ValueError(f"{path} has a line that is no JSON: {line[:60]!r}\nremove the line.") from error
            self._read[path] += len(whole) + len(end)
        return self

    def is_in_doubt(self, key: str) -> bool:
        """Whether a call was begun whose end nobody knows, and no other has brought an answer."""
        return self.open_calls[key] > 0 and key not in self.answers

    def _take(self, line: dict[str, Any]) -> None:
        if key := line.get("asked"):
            self.open_calls[key] += 1
            return
        self.open_calls[line.get("answered") or line["refused"]] -= 1
        if key := line.pop("answered", None):
            self.answers[key] = line


@contextmanager
def only_run(folder: Path, *, patience: float = 60.0) -> Iterator[Store]:
    """The store, for the one run that may work in a folder, once the workers of earlier runs are gone.

    Args:
        folder: Made if it is not there.
        patience: Seconds to wait for those workers.

    Raises:
        BlockingIOError: Another run is at work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("wb") as lock:
        _acquire(lock, folder, time.monotonic())
        deadline = time.monotonic() + patience
        for path in folder.glob(PATTERN):
            with path.open("rb") as file:
                _acquire(file, folder, deadline)
        yield Store(folder).refresh()


def _acquire(file: Any, folder: Path, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                mend = "wait until it is done, or give another folder."
                raise BlockingIOError(f"another run, or a worker of one, writes to {folder}\n{mend}") from None
            time.sleep(0.05)
