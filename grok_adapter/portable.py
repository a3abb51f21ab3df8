"""What a pickle holds in place of an object that counts in one process: how to make a new one.

A rate limiter counts the calls of its process under a lock, and locks cannot be pickled. Left out, a model would answer
without limits where it arrives, and nobody would be told; so a pickle says what the limiter was made of, and where it
arrives a new one with the same limits is made. Several workers have one each: together they send that many times more.

Must not know: frameworks, settings. Read `portable`.
"""

from __future__ import annotations

import inspect
import pickle
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from grok_adapter.types import GrokWarning

__all__ = ["pickles", "portable"]


def portable(value: Any, *, name: str) -> Any:
    """What to pickle in place of a value: itself if it can be, else something that arrives as a new one of its kind.

    What the constructor takes is read from the attributes of the same names, as LangChain's `InMemoryRateLimiter` and
    LlamaIndex's `TokenBucketRateLimiter` and `SlidingWindowRateLimiter` keep it. An object of which that cannot be told
    stays behind, with a `GrokWarning`.

    Args:
        value: Such as a rate limiter.
        name: The field that holds it, for the warning.

    Example:
        >>> portable(5, name="rate_limiter")
        5
    """
    if value is None or pickles(value):
        return value
    made_of = _made_of(value)
    if made_of is not None and pickles(anew := _MadeAnew(type(value), made_of)):
        return anew
    mend = f"give the copy one of its own with model_copy(update={{{name!r}: ...}})."
    warnings.warn(
        f"{name}={type(value).__name__}(...) cannot be pickled and was left out: {mend}", GrokWarning, stacklevel=3
    )
    return None


def pickles(value: Any) -> bool:
    """Whether a value can be pickled.

    Example:
        >>> pickles(print), pickles(lambda: None)
        (True, False)
    """
    try:
        pickle.dumps(value)
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError):
        return False
    return True


class _MadeAnew:
    """Stands in a pickle for an object, and arrives as a new one."""

    def __init__(self, cls: type, made_of: Mapping[str, Any]) -> None:
        self._make = partial(cls, **made_of)

    def __reduce__(self) -> tuple[Callable[[], Any], tuple[()]]:
        return self._make, ()


def _made_of(value: Any) -> dict[str, Any] | None:
    """The keywords that would make such an object again; `None` if they cannot be told."""
    parameters = inspect.signature(type(value)).parameters.values()
    by_name = all(p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and hasattr(value, p.name) for p in parameters)
    return {p.name: getattr(value, p.name) for p in parameters} if by_name else None
