"""What a run came to: rows, dollars by model and label, and what nobody knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from examples.scale_out.store import Store
from grok_adapter.ledger import Ledger, ModelUsage


@dataclass(frozen=True)
class Report:
    """Sums of a run; `print` shows them.

    Attributes:
        keys: Of all rows.
        before: Of those that earlier runs had paid for.
        problems: Why rows have no answer, and how many.
        store: The notes.
    """

    keys: tuple[str, ...]
    before: frozenset[str]
    problems: Counter[str]
    store: Store

    @property
    def ledger(self) -> Ledger:
        """Tokens and dollars of all rows, whichever run paid, by model and label."""
        return self._ledger(self.keys)

    @property
    def paid_now(self) -> Ledger:
        """The same of the rows that this run paid for."""
        return self._ledger(key for key in self.keys if key not in self.before)

    @property
    def unanswered(self) -> int:
        """Rows without an answer."""
        return sum(key not in self.store.answers for key in self.keys)

    @property
    def open_calls(self) -> int:
        """Calls for these rows of which nobody knows whether xAI answered and billed them."""
        return sum(self.store.open_calls[key] for key in self.keys)

    def _ledger(self, keys: Iterable[str]) -> Ledger:
        ledger = Ledger()
        for key in keys:
            if answer := self.store.answers.get(key):
                label = answer["label"] or {"topic": "without a label"}
                ledger.add(f"{answer['model']} {label['topic']}", ModelUsage(**answer["usage"]))
        return ledger

    def __str__(self) -> str:
        """The report."""
        now = self.paid_now.total
        parts = (
            f"{now.calls} paid now (${now.cost_usd:.6f})",
            f"{len(self.before)} paid by earlier runs",
            f"{self.unanswered} without an answer",
        )
        lines = [str(self.ledger), f"{len(self.keys)} rows: {', '.join(parts)}."]
        if self.open_calls:
            lines.append(f"Of {self.open_calls} calls no end was noted: xAI may have billed them too.")
        lines += [f"{rows} rows: {problem}" for problem, rows in self.problems.most_common(5)]
        return "\n".join(lines)
