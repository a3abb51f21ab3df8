"""Which failures are worth another try, and how long to wait. tenacity does the waiting.

The SDK's own retries are off: they look at the status only, and would try again with an empty purse. Whether an error
may pass is decided where errors are made (`error.is_retryable`); this module decides how often and how long:

    retried   connection failures, connect timeouts, 408, 409, 429, 498, 5xx, the same inside an HTTP 200
    never     quota and policy refusals, other 4xx, read timeouts (they may have been billed), 525 and 526,
              anything with `x-should-retry: false`
    wait      a random time up to 1, 2, 4 ... 60 s (full jitter), and at least what `Retry-After` says
    given up  at once if `Retry-After` is over 120 s; when the tries, or the deadline over all of them, are used up

A call that succeeds at once does not pay for tenacity (25 of a call's 600 us, November 2026): the first try is made
outside, and its failure handed in.

Must not know: the SDK, wire formats, what is being tried. Whoever streams uses it up to the first delta only. Read
`RetryPolicy`, then `call` and `acall`.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import tenacity

__all__ = ["RetryPolicy", "acall", "call"]

T = TypeVar("T")

_log = logging.getLogger("grok_adapter")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long. Times are in seconds.

    Attributes:
        max_retries: Further tries after the first; 0 is one try.
        deadline: What all tries and waits together may take; no wait begins that would end after it. A running try
            is not cut short (that is what timeouts are for).
        first_wait: Longest wait before the second try; doubles for each further one.
        longest_wait: Where the doubling ends.
        longest_retry_after: A longer `Retry-After` is not waited for. xAI's own client caps it there too
            (grok-build, Aug 2026; Cloudflare's 52x pages ask for 60 to 120).

    Example:
        >>> call(RetryPolicy(max_retries=2), lambda: "answered")
        'answered'
    """

    max_retries: int = 4
    deadline: float | None = None
    first_wait: float = 1.0
    longest_wait: float = 60.0
    longest_retry_after: float = 120.0

    def retrying(self, *, sleep: Callable[[float], None] = time.sleep) -> tenacity.Retrying:
        """A fresh tenacity loop for one synchronous call.

        Args:
            sleep: How to wait; tests give one that does not.
        """
        return tenacity.Retrying(sleep=sleep, **self._rules())

    def async_retrying(self, *, sleep: Callable[[float], Awaitable[None]] | None = None) -> tenacity.AsyncRetrying:
        """A fresh tenacity loop for one asynchronous call.

        Args:
            sleep: How to wait; tenacity's own works under asyncio and trio.
        """
        return tenacity.AsyncRetrying(**self._rules() if sleep is None else {**self._rules(), "sleep": sleep})

    def _rules(self) -> dict[str, Any]:
        stop: Any = tenacity.stop_after_attempt(self.max_retries + 1)
        if self.deadline is not None:
            stop = stop | tenacity.stop_before_delay(self.deadline)
        return {
            "retry": self._worth_it,
            "wait": self._wait,
            "stop": stop,
            "before_sleep": self._log_wait,
            "reraise": True,  # the error itself, not tenacity's RetryError
        }

    def _worth_it(self, state: tenacity.RetryCallState) -> bool:
        """Whether to try again; called after every try, so it also counts them on the error."""
        error = state.outcome.exception() if state.outcome else None
        _count(error, state.attempt_number)
        if not getattr(error, "is_retryable", False):
            return False
        return (getattr(error, "retry_after", None) or 0.0) <= self.longest_retry_after

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Full jitter: the whole wait is random, so that clients that failed together do not come back together."""
        error = state.outcome.exception() if state.outcome else None
        longest = min(self.longest_wait, self.first_wait * 2.0 ** min(state.attempt_number - 1, 30))
        return max(random.uniform(0.0, longest), getattr(error, "retry_after", None) or 0.0)

    def _log_wait(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        reason = str(error).partition("\n")[0]
        _log.info(
            "try %d of %d failed, next in %.1f s: %s: %s",
            state.attempt_number,
            self.max_retries + 1,
            state.upcoming_sleep,
            type(error).__name__,
            reason,
        )


def call(policy: RetryPolicy, fn: Callable[[], T], *, sleep: Callable[[float], None] = time.sleep) -> T:
    """Calls a function until it succeeds or another try is not worth it.

    Args:
        policy: How often and how long.
        fn: Makes one try; errors that carry `is_retryable = True` are tried again.
        sleep: How to wait.

    Returns:
        What the first successful try returned.

    Raises:
        GrokError: The last try's error, its `attempts` set.
    """
    if policy.max_retries == 0:
        return fn()
    first: list[Exception] = []
    if policy.deadline is None:  # which counts the first try too
        try:
            return fn()
        except Exception as error:  # noqa: BLE001  tenacity gets it as the first try's
            first.append(error)

    def again() -> T:
        if first:
            raise first.pop()
        return fn()

    return policy.retrying(sleep=sleep)(again)


async def acall(
    policy: RetryPolicy,
    fn: Callable[[], Awaitable[T]],
    *,
    sleep: Callable[[float], Awaitable[None]] | None = None,
) -> T:
    """As `call`, for a function that is awaited.

    Raises:
        GrokError: The last try's error, its `attempts` set.
    """
    if policy.max_retries == 0:
        return await fn()

    first: list[Exception] = []
    if policy.deadline is None:
        try:
            return await fn()
        except Exception as error:  # noqa: BLE001  likewise
            first.append(error)

    async def again() -> T:  # tenacity awaits coroutine functions only, not what merely returns an awaitable
        if first:
            raise first.pop()
        return await fn()

    return await policy.async_retrying(sleep=sleep)(again)


def _count(error: BaseException | None, attempts: int) -> None:
    """Notes on one of our errors how many tries were made; others have no place for it."""
    if error is not None and hasattr(error, "attempts"):
        error.attempts = attempts
