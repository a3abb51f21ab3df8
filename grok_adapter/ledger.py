"""A ledger of calls, tokens and dollars per model: what both providers add up, each from its framework's own events.

Values only. It knows no framework; the providers decide what is counted and when.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, fields

__all__ = ["Ledger", "ModelUsage"]


@dataclass(slots=True)
class ModelUsage:
    """Sums over the calls of one model.

    Attributes:
        calls: Answers, streamed or not.
        input_tokens: Prompt tokens, cached ones included.
        cached_tokens: How many of them came from the prompt cache.
        output_tokens: Generated tokens, reasoning included.
        reasoning_tokens: How many of them were reasoning.
        tool_calls: Calls of the caller's functions.
        server_tool_calls: Calls that xAI made itself.
        cost_usd: US dollars, as far as known.
        unpriced_calls: Answers whose cost is not known.
        estimated_calls: Answers whose cost was worked out here instead of told by xAI.
    """

    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    tool_calls: int = 0
    server_tool_calls: int = 0
    cost_usd: float = 0.0
    unpriced_calls: int = 0
    estimated_calls: int = 0

    @property
    def total_tokens(self) -> int:
        """`input_tokens + output_tokens`."""
        return self.input_tokens + self.output_tokens

    @property
    def cached_share(self) -> float:
        """Cached tokens as a share of the input, 0 to 1."""
        return self.cached_tokens / self.input_tokens if self.input_tokens else 0.0

    @property
    def reasoning_share(self) -> float:
        """Reasoning tokens as a share of the output, 0 to 1."""
        return self.reasoning_tokens / self.output_tokens if self.output_tokens else 0.0

    def add(self, other: ModelUsage) -> None:
        """Adds another's numbers to these."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


class Ledger:
    """Adds up what models were used for. Threads and tasks may share one; `print` shows a table.

    Example:
        >>> ledger = Ledger()
        >>> ledger.add("grok-4.7", ModelUsage(calls=1, input_tokens=100, cached_tokens=64, output_tokens=20))
        >>> print(ledger)
        model     calls  input  cached  output  reasoning  tools  server tools       cost
        grok-4.7      1    100     64%      20         0%      0             0  $0.000000
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._models: dict[str, ModelUsage] = {}

    def add(self, model: str, usage: ModelUsage) -> None:
        """Counts some usage of a model."""
        with self._lock:
            self._models.setdefault(model, ModelUsage()).add(usage)

    @property
    def models(self) -> dict[str, ModelUsage]:
        """Sums by the model that answered: a snapshot."""
        with self._lock:
            return {name: _copy(usage) for name, usage in self._models.items()}

    @property
    def total(self) -> ModelUsage:
        """Sums over all models."""
        out = ModelUsage()
        for usage in self.models.values():
            out.add(usage)
        return out

    @property
    def cost_usd(self) -> float:
        """US dollars over all models, as far as known."""
        return self.total.cost_usd

    @property
    def total_tokens(self) -> int:
        """Tokens over all models."""
        return self.total.total_tokens

    def reset(self) -> None:
        """Starts again from nothing."""
        with self._lock:
            self._models.clear()

    def __str__(self) -> str:
        """The table."""
        rows = list(self.models.items())
        if len(rows) != 1:
            rows.append(("total", self.total))
        cells = [_HEAD, *(_cells(name, usage) for name, usage in rows)]
        widths = [max(len(row[n]) for row in cells) for n in range(len(_HEAD))]
        return "\n".join(_line(row, widths) for row in cells)


_HEAD = ("model", "calls", "input", "cached", "output", "reasoning", "tools", "server tools", "cost")


def _copy(usage: ModelUsage) -> ModelUsage:
    out = ModelUsage()
    out.add(usage)
    return out


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(row, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]).rstrip()


def _cells(name: str, usage: ModelUsage) -> tuple[str, ...]:
    cost = f"{'~' if usage.estimated_calls else ''}${usage.cost_usd:.6f}"
    if usage.unpriced_calls:
        cost += f" (+{usage.unpriced_calls} unpriced)"
    return (
        name,
        f"{usage.calls}",
        f"{usage.input_tokens:,}",
        f"{usage.cached_share:.0%}",
        f"{usage.output_tokens:,}",
        f"{usage.reasoning_share:.0%}",
        f"{usage.tool_calls}",
        f"{usage.server_tool_calls}",
        cost,
    )
