"""The data set: short messages to a parcel service, made by rule, or read from a file of one's own."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path

Row = dict[str, str]
"""`id`, which no other row has, and `text`."""

_SENTENCES = (
    "The delivery of parcel {n} was due on {day} and nothing came.",
    "There is damage to parcel {n}: the box was crushed on {day}.",
    "The billing for parcel {n} is wrong, I paid twice on {day}.",
    "I forgot the password of my account, and parcel {n} comes on {day}.",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_ENDS = ("", " This is urgent.", " Thank you for your patience.")


def made(count: int) -> list[Row]:
    """So many messages, always the same ones.

    Example:
        >>> made(2)[1]
        {'id': 'message-0002', 'text': 'There is damage to parcel 2: the box was crushed on Tuesday. This is urgent.'}
    """
    parts = zip(itertools.cycle(_SENTENCES), itertools.cycle(_DAYS), itertools.cycle(_ENDS), range(1, count + 1))
    return [{"id": f"message-{n:04d}", "text": said.format(n=n, day=day) + end} for said, day, end, n in parts]


def read(file: Path) -> list[Row]:
    """The rows of a JSON Lines file whose lines have an `id` and a `text`.

    Raises:
        ValueError: A line has no `id` or `text`, or an id stands there twice; results are kept by it.
    """
    rows = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict) or not all(isinstance(row.get(name), str) for name in ("id", "text")):
            raise ValueError(f"row {number} of {file} is {row!r}\ngive it an id and a text, both strings.")
    twice = [name for name, count in Counter(row["id"] for row in rows).items() if count > 1]
    if twice:
        raise ValueError(f"id={twice[0]!r} stands in {file} more than once\ngive each row an id of its own.")
    return rows
