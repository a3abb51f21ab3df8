"""A small cache for what is asked of the network again and again. Values only: it knows neither questions nor answers.

It lives on a settings object, not in a module, so that two models share nothing and a pickle carries nothing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

__all__ = ["Cache"]


class Cache:
    """The most recently used values, at most `size` of them. Threads may share one.

    Copies and pickles of it are new and empty, and all caches count as equal: what is remembered is no part of the
    value of the object that holds it.

    Args:
        size: How many values are kept.

    Example:
        >>> cache = Cache(2)
        >>> for name in ("a", "b", "a", "c"):
        ...     cache.put(name, name.upper())
        >>> cache.get("a"), cache.get("b"), cache.get("c")
        ('A', None, 'C')
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable) -> Any:
        """The value, which becomes the most recently used one; `None` if there is none."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Hashable, value: Any) -> None:
        """Keeps a value; the least recently used one goes if there are too many."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self.size:
                self._values.popitem(last=False)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cache)

    def __hash__(self) -> int:
        return hash(Cache)

    def __reduce__(self) -> tuple[Any, ...]:
        return Cache, (self.size,)
