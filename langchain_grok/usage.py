"""What the calls of a block of code used and cost: `get_usage_cost`.

A callback handler, like langchain-core's `get_usage_metadata_callback`, that also adds up cached and reasoning tokens,
tool calls and dollars. It reads messages only, so it counts the calls of any chat model that names its model.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.tracers.context import register_configure_hook

__all__ = ["ModelUsage", "UsageCost", "get_usage_cost"]


@dataclass(slots=True)
class ModelUsage:
    """Sums over the calls of one model.

    Attributes:
        calls: How many answers came.
        input_tokens: Prompt tokens, cached ones included.
        cached_tokens: How many of them came from the prompt cache.
        output_tokens: Generated tokens, reasoning included.
        reasoning_tokens: How many of them were reasoning.
        tool_calls: Calls of your functions.
        server_tool_calls: Calls of xAI's own tools.
        cost_usd: What xAI said the calls cost.
        unpriced: How many calls came without a price.
    """

    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    tool_calls: int = 0
    server_tool_calls: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0

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

    def add(self, message: AIMessage) -> None:
        """Counts one answer."""
        usage: Any = message.usage_metadata or {}
        raw = message.response_metadata.get("token_usage") or {}
        self.calls += 1
        self.input_tokens += usage.get("input_tokens", 0)
        self.output_tokens += usage.get("output_tokens", 0)
        self.cached_tokens += (usage.get("input_token_details") or {}).get("cache_read") or 0
        self.reasoning_tokens += (usage.get("output_token_details") or {}).get("reasoning") or 0
        self.tool_calls += len(message.tool_calls)
        self.server_tool_calls += raw.get("num_server_side_tools_used") or 0
        cost = message.response_metadata.get("cost_usd")
        if cost is None:
            self.unpriced += 1
        else:
            self.cost_usd += cost


@dataclass(slots=True)
class UsageCost:
    """The ledger that `get_usage_cost` hands out. `print` shows it as a table.

    Attributes:
        models: Sums by the model that answered.
    """

    models: dict[str, ModelUsage] = field(default_factory=dict)

    @property
    def total(self) -> ModelUsage:
        """Sums over all models."""
        out = ModelUsage()
        for usage in list(self.models.values()):
            for name in ModelUsage.__slots__:
                setattr(out, name, getattr(out, name) + getattr(usage, name))
        return out

    @property
    def cost_usd(self) -> float:
        """Dollars over all models."""
        return self.total.cost_usd

    @property
    def total_tokens(self) -> int:
        """Tokens over all models."""
        return self.total.total_tokens

    def __str__(self) -> str:
        rows = [*self.models.items()]
        if len(rows) != 1:
            rows.append(("total", self.total))
        table: list[tuple[str, ...]] = [("model", "calls", "input", "cached", "output", "reasoning", "tools", "cost")]
        table += [_row(name, usage) for name, usage in rows]
        widths = [max(len(line[n]) for line in table) for n in range(len(table[0]))]
        lines = []
        for first, *others in table:
            cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
            lines.append("  ".join([first.ljust(widths[0]), *cells]))
        return "\n".join(lines)


def _row(name: str, usage: ModelUsage) -> tuple[str, ...]:
    missing = f" (+{usage.unpriced} unpriced)" if usage.unpriced else ""
    return (
        name,
        f"{usage.calls}",
        f"{usage.input_tokens:,}",
        f"{usage.cached_share:.0%}",
        f"{usage.output_tokens:,}",
        f"{usage.reasoning_share:.0%}",
        f"{usage.tool_calls + usage.server_tool_calls}",
        f"${usage.cost_usd:.6f}{missing}",
    )


class _Counter(BaseCallbackHandler):
    """Adds each answer to a ledger; threads and tasks share it."""

    def __init__(self, ledger: UsageCost) -> None:
        super().__init__()
        self._ledger = ledger
        self._lock = threading.Lock()

    def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:
        """Counts the answers of one call."""
        for generations in response.generations:
            for generation in generations[:1]:
                if isinstance(generation, ChatGeneration) and isinstance(message := generation.message, AIMessage):
                    name = message.response_metadata.get("model_name") or "unknown"
                    with self._lock:
                        self._ledger.models.setdefault(name, ModelUsage()).add(message)


_counter: ContextVar[_Counter | None] = ContextVar("grok_usage_cost", default=None)
register_configure_hook(_counter, inheritable=True)


@contextmanager
def get_usage_cost() -> Iterator[UsageCost]:
    """Adds up what the chat models called inside the block use and cost, agents and threads they start included.

    Blocks nest: the inner one's calls count in the inner one only.

    Yields:
        The ledger; read it at any time, also afterwards.

    Example:
        >>> with get_usage_cost() as cost:
        ...     pass
        >>> cost.total.calls
        0
    """
    ledger = UsageCost()
    token = _counter.set(_Counter(ledger))
    try:
        yield ledger
    finally:
        _counter.reset(token)
