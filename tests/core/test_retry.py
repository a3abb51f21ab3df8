"""What is tried again, how long is waited, and when it is given up. Nothing here sleeps."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable

import pytest

from grok_adapter.errors import (
    GrokConnectionError,
    GrokError,
    GrokInvalidRequestError,
    GrokOverloadedError,
    GrokQuotaError,
    GrokRateLimitError,
    GrokServerError,
    GrokTimeoutError,
    error_for,
)
from grok_adapter.retry import RetryPolicy, acall, call

Runner = Callable[..., str]


class Flaky:
    """Fails with the given errors, one a try, then answers; works called and awaited."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.tries = 0

    def __call__(self) -> str:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answered"

    async def later(self) -> str:
        await asyncio.sleep(0)
        return self()


def run_sync(policy: RetryPolicy, flaky: Flaky, waits: list[float]) -> str:
    return call(policy, flaky, sleep=waits.append)


def run_async(policy: RetryPolicy, flaky: Flaky, waits: list[float]) -> str:
    async def note(seconds: float) -> None:
        waits.append(seconds)

    return asyncio.run(acall(policy, flaky.later, sleep=note))


both = pytest.mark.parametrize("run", [run_sync, run_async])


@both
def test_it_is_tried_until_it_succeeds(run: Runner) -> None:
    waits: list[float] = []
    flaky = Flaky(GrokRateLimitError("slow"), GrokOverloadedError("full"), GrokConnectionError("gone"))
    assert run(RetryPolicy(), flaky, waits) == "answered"
    assert flaky.tries == 4
    assert len(waits) == 3


@both
def test_the_last_error_is_raised_itself_and_says_how_often_it_was_tried(run: Runner) -> None:
    last = GrokServerError("third")
    flaky = Flaky(GrokServerError("first"), GrokServerError("second"), last, GrokServerError("never"))
    with pytest.raises(GrokServerError) as caught:
        run(RetryPolicy(max_retries=2), flaky, [])
    assert caught.value is last
    assert (last.attempts, flaky.tries) == (3, 3)


@both
@pytest.mark.parametrize(
    "error",
    [
        GrokQuotaError("empty"),
        GrokInvalidRequestError("wrong"),
        GrokTimeoutError("read", is_retryable=False),
        GrokServerError("vetoed", is_retryable=False),
        GrokRateLimitError("tomorrow", retry_after=121.0),
        KeyError("not ours"),
        KeyboardInterrupt(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_not_worth_it_is_tried_once(run: Runner, error: BaseException) -> None:
    waits: list[float] = []
    flaky = Flaky(error)
    with pytest.raises(type(error)) as caught:
        run(RetryPolicy(), flaky, waits)
    assert caught.value is error
    assert (flaky.tries, waits) == (1, [])
    assert getattr(error, "attempts", 1) == 1


@both
def test_attempts_count_up_to_the_try_that_was_not_worth_another(run: Runner) -> None:
    quota = GrokQuotaError("empty")
    with pytest.raises(GrokQuotaError):
        run(RetryPolicy(), Flaky(GrokRateLimitError("slow"), quota), [])
    assert quota.attempts == 2


@both
def test_no_retries_is_one_try(run: Runner) -> None:
    flaky = Flaky(GrokServerError("broken"))
    with pytest.raises(GrokServerError) as caught:
        run(RetryPolicy(max_retries=0), flaky, [])
    assert (flaky.tries, caught.value.attempts) == (1, 1)


@both
def test_waits_double_up_to_a_minute_with_full_jitter(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    longest: list[float] = []

    def uniform(low: float, high: float) -> float:
        assert low == 0.0
        longest.append(high)
        return high / 2

    monkeypatch.setattr(random, "uniform", uniform)
    waits: list[float] = []
    run(RetryPolicy(max_retries=8), Flaky(*[GrokServerError("broken") for _ in range(8)]), waits)
    assert longest == [1, 2, 4, 8, 16, 32, 60, 60]
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30]


@both
@pytest.mark.parametrize(("asked", "waited"), [(17.0, 17.0), (120.0, 120.0)])
def test_retry_after_is_honoured(run: Runner, asked: float, waited: float) -> None:
    waits: list[float] = []
    run(RetryPolicy(), Flaky(GrokRateLimitError("slow", retry_after=asked)), waits)
    assert waits == [waited]


@both
def test_retry_after_of_nothing_still_waits_its_turn(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: 0.7)
    waits: list[float] = []
    run(RetryPolicy(), Flaky(GrokRateLimitError("slow", retry_after=0.0)), waits)
    assert waits == [0.7]


@both
def test_no_wait_begins_that_would_end_after_the_deadline(run: Runner) -> None:
    waits: list[float] = []
    flaky = Flaky(GrokRateLimitError("slow", retry_after=5.0), GrokRateLimitError("slow", retry_after=30.0))
    with pytest.raises(GrokRateLimitError) as caught:
        run(RetryPolicy(deadline=20.0), flaky, waits)
    assert waits == [5.0]
    assert caught.value.attempts == 2


@both
def test_the_deadline_counts_the_first_try(run: Runner) -> None:
    class Slow(Flaky):
        def __call__(self) -> str:
            time.sleep(0.3)
            return super().__call__()

    waits: list[float] = []
    with pytest.raises(GrokRateLimitError):
        run(RetryPolicy(deadline=0.4), Slow(GrokRateLimitError("slow", retry_after=0.2)), waits)
    assert waits == []


def test_each_wait_is_logged_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    error = error_for(status=503, text='{"code":"unavailable","error":"The model is at capacity."}')
    with caplog.at_level(logging.INFO, logger="grok_adapter"):
        run_sync(RetryPolicy(), Flaky(error), [])
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("grok_adapter", "INFO")
    said = record.getMessage()
    assert "try 1 of 5" in said
    assert "GrokOverloadedError" in said
    assert "at capacity" in said
    assert "\n" not in said


def test_cancelling_a_wait_ends_it() -> None:
    async def go() -> None:
        task = asyncio.ensure_future(acall(RetryPolicy(), Flaky(GrokRateLimitError("slow", retry_after=60)).later))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())


@pytest.mark.parametrize(
    ("status", "headers", "retried"),
    [
        (400, {}, False),
        (401, {}, False),
        (402, {}, False),
        (403, {}, False),
        (404, {}, False),
        (408, {}, True),
        (409, {}, True),
        (410, {}, False),
        (413, {}, False),
        (422, {}, False),
        (429, {}, True),
        (498, {}, True),
        (500, {}, True),
        (502, {}, True),
        (503, {}, True),
        (504, {}, True),
        (520, {}, True),
        (524, {}, True),
        (525, {}, False),
        (526, {}, False),
        (529, {}, True),
        (530, {}, True),
        (503, {"x-should-retry": "false"}, False),
        (503, {"X-Should-Retry": "true"}, True),
        (400, {"x-should-retry": "true"}, False),
        (429, {"Retry-After": "119"}, True),
        (429, {"Retry-After": "3600"}, False),
    ],
)
def test_which_statuses_are_tried_again(status: int, headers: dict[str, str], retried: bool) -> None:
    flaky = Flaky(error_for(status=status, text='{"error":"no"}', headers=headers))
    try:
        run_sync(RetryPolicy(), flaky, [])
    except GrokError:
        assert not retried
    assert flaky.tries == (2 if retried else 1)
