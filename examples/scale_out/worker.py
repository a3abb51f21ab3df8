"""A worker: a process that Ray starts once and gives one batch of rows after the other.

It keeps what should be made once: the limiter, a few threads (calls are waiting, not work), its file of notes, and the
model with its connections. Order counts: look into the notes, wait for the limiter, note the call, call, note the
answer, and only then hand the row on. Must not know: the driver, progress, sums.
"""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
from langchain_core.rate_limiters import InMemoryRateLimiter

from examples.scale_out.messages import Row
from examples.scale_out.questions import Answer, Ask, key_of
from examples.scale_out.store import Notes, Store
from grok_adapter import (
    GrokAuthenticationError,
    GrokConfigurationError,
    GrokContentPolicyError,
    GrokError,
    GrokModelNotFoundError,
    GrokPermissionError,
)
from grok_adapter.ledger import ModelUsage

_EVERY_ROW = (GrokAuthenticationError, GrokConfigurationError, GrokModelNotFoundError, GrokPermissionError)
"""What every further row would meet as well: no key, no credit, no such model."""
_REFUSALS = frozenset({*range(400, 500), 503, 529}) - {408}
"""What xAI says before it works on a request; behind a 408, 500, 502, 504 or 52x it may have worked, and billed."""

_WAITS = (1.0, 2.0, 4.0, 8.0)
"""Seconds, at most, before each further try after a refusal that may pass."""

IN_DOUBT = "It may have been paid for already."


class Worker:
    """Labels batches of rows.

    Args:
        ask: How to ask; it arrived here as a pickle.
        question_id: What is asked, as part of the rows' keys.
        folder: Where the notes are.
        requests_per_second: Of this worker alone.
        at_once: How many calls it has under way at most.
        leave_doubts: Whether a row is left alone of which nobody knows whether it was paid for.
    """

    def __init__(
        self, ask: Ask, question_id: str, folder: str, requests_per_second: float, at_once: int, leave_doubts: bool
    ) -> None:
        self._ask, self._question_id, self._leave_doubts = ask, question_id, leave_doubts
        self._store, self._notes = Store(Path(folder)), Notes(Path(folder))
        self._threads = ThreadPoolExecutor(at_once)
        # LangChain's limiter for both frameworks: LlamaIndex's lets through a minute's worth at first (0.14). Asked
        # here and not inside of the model, so that no call stands in the notes that is still waiting to be made.
        self._limiter = InMemoryRateLimiter(
            requests_per_second=requests_per_second, check_every_n_seconds=min(0.1, 0.25 / requests_per_second)
        )
        self._hopeless: str | None = None

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Labels the rows of a batch; for each, what it cost now, or why it has no answer."""
        self._store.refresh()  # Ray gives the batch of a worker that died to the next one: part of it may be paid
        return pa.Table.from_pylist(list(self._threads.map(self._label, batch.to_pylist())))

    def _label(self, row: Row) -> dict[str, Any]:
        key = key_of(row, self._question_id)
        if key in self._store.answers:
            return _outcome(row)
        if self._leave_doubts and self._store.is_in_doubt(key):
            return _outcome(row, problem=IN_DOUBT)
        problem = ""
        for longest_wait in (*_WAITS, None):
            if not self._hopeless:
                self._limiter.acquire()
            if self._hopeless:
                return _outcome(row, problem=self._hopeless)
            try:
                return self._paid(key, row)
            except GrokError as error:
                problem = f"{type(error).__name__}: {error}"
                if isinstance(error, _EVERY_ROW):
                    self._hopeless = problem
                if not self._may_pass(key, error) or longest_wait is None:
                    break
                time.sleep(max(error.retry_after or 0, random.uniform(0, longest_wait)))
        return _outcome(row, problem=problem)

    def _paid(self, key: str, row: Row) -> dict[str, Any]:
        """One call, noted before and after."""
        self._notes.asked(key)
        try:
            answer = self._ask(row["text"])
        except GrokContentPolicyError as error:  # asking again would be refused, and billed, again
            answer = Answer("refused", ModelUsage(calls=1, unpriced_calls=1), problem=str(error))
        label = answer.label and answer.label.model_dump()
        facts = {"label": label, "problem": answer.problem, "model": answer.model, "usage": asdict(answer.usage)}
        self._notes.answered(key, row=row["id"], **facts)
        return _outcome(row, cost_usd=answer.usage.cost_usd)

    def _may_pass(self, key: str, error: GrokError) -> bool:
        """Notes a refusal, which costs nothing, and tells whether another try may help.

        A timeout, a broken connection, a failing gateway or nonsense may hide an answer that was billed: such a call
        stays in doubt, and is not made again in this run.
        """
        if not isinstance(error, _EVERY_ROW) and error.status_code not in _REFUSALS:
            return False
        self._notes.refused(key)
        return error.is_retryable and (error.retry_after or 0) <= 60


def _outcome(row: Row, *, problem: str = "", cost_usd: float = 0.0) -> dict[str, Any]:
    return {"row": row["id"], "problem": problem, "cost_usd": cost_usd}
