"""Objects that count in one process, in pickles: made anew where that can be told, missed aloud where it cannot."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import pytest

from grok_adapter import GrokWarning
from grok_adapter.portable import portable


class Bucket:
    """As the frameworks' limiters: holds a lock, and says what it was made of."""

    def __init__(self, rate: float, *, size: int = 1) -> None:
        self.rate, self.size = rate, size
        self.lock, self.used = threading.Lock(), 0


class Silent(Bucket):
    """Says half of what it was made of."""

    def __init__(self, rate: float, secret: int) -> None:
        super().__init__(rate)


class Open(Bucket):
    """Takes anything."""

    def __init__(self, **anything: Any) -> None:
        super().__init__(1)


def arrived(value: Any) -> Any:
    return pickle.loads(pickle.dumps(portable(value, name="rate_limiter")))


def test_what_pickles_goes_as_it_is() -> None:
    assert portable(None, name="rate_limiter") is None
    assert portable(whole := {"rate": 5}, name="rate_limiter") is whole


def test_what_does_not_is_made_anew() -> None:
    mine = Bucket(5, size=3)
    mine.used = 2
    bucket = arrived(mine)
    assert (bucket.rate, bucket.size, bucket.used) == (5, 3, 0)
    assert bucket.lock is not mine.lock


@pytest.mark.parametrize("value", [Silent(5, 7), Open(a=1), Bucket(threading.Lock())], ids=lambda v: type(v).__name__)  # type: ignore[arg-type]
def test_what_cannot_be_told_is_missed_aloud(value: Any) -> None:
    with pytest.warns(GrokWarning, match=f"rate_limiter={type(value).__name__}.*model_copy") as seen:
        assert arrived(value) is None
    assert seen[0].filename.endswith("test_portable.py")
