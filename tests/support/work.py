"""What code does, counted instead of timed: lines of ours that run, and bytes that a step allocates.

Lines are what `sys.settrace` reports for frames of our own packages. Time differs from machine to machine and from
minute to minute; instructions differ by a fifth between versions of Python; calls, too, since comprehensions stopped
being functions in 3.12. Lines are the same on Python 3.11 and 3.13 to 3 in 100, and with both SDKs, and what a
framework does in its own files is not counted, so that a new version of it changes nothing.

What lines cannot see is work in C: `text += piece` is one line however long the text is. That is what `allocated` sees.

Must not know: models, providers, what is being counted.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterable
from types import CodeType, FrameType
from typing import Any

import grok_adapter
import langchain_grok
import llama_index_grok

__all__ = ["allocated", "lines"]

OURS = tuple(package.__path__[0] for package in (grok_adapter, langchain_grok, llama_index_grok))
KEPT = 4


def lines(run: Callable[[], object]) -> int:
    """How many lines of our own packages run, in this thread.

    Example:
        >>> from grok_adapter.tokens import estimate_tokens
        >>> lines(lambda: estimate_tokens("Hi")) > 0, lines(lambda: sorted([2, 1]))
        (True, 0)
    """
    count = 0
    known: dict[CodeType, bool] = {}

    def inside(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return inside

    def enter(frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        if (ours := known.get(code)) is None:
            ours = known[code] = code.co_filename.startswith(OURS)
        return inside if ours else None

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        run()
    finally:
        sys.settrace(before)
    return count


def allocated(steps: Iterable[Any], inherent: Callable[[Any], int] = lambda step: 0) -> int:
    """How many bytes the steps of an iteration allocate, each at its peak.

    The last few results are kept, so that freeing them does not hide what the next step allocates. What a step frees
    itself before it allocates more is seen as far as it is the most: a second copy of what is `inherent` may hide.

    Args:
        steps: What is iterated over.
        inherent: Bytes that cannot but be allocated for a result, and are not counted.

    Example:
        >>> growing = ("x" * n for n in (10_000, 20_000))
        >>> 30_000 < allocated(growing) < 40_000
        True
    """
    kept: deque[Any] = deque()
    total, iterator = 0, iter(steps)
    gc.collect()
    tracemalloc.start()
    try:
        while True:
            if len(kept) == KEPT:
                kept.popleft()
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            step = next(iterator, kept)
            if step is kept:
                return total
            total += tracemalloc.get_traced_memory()[1] - before - inherent(step)
            kept.append(step)
    finally:
        tracemalloc.stop()
