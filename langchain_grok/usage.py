"""What the calls of a block of code used and cost: `get_usage_cost`.

A callback handler, like langchain-core's `get_usage_metadata_callback`, that also adds up cached and reasoning tokens,
tool calls and dollars. It reads messages only, so it counts the calls of any chat model that names its model.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.tracers.context import register_configure_hook

from grok_adapter.ledger import Ledger, ModelUsage

__all__ = ["Ledger", "ModelUsage", "get_usage_cost"]


class _Counter(BaseCallbackHandler):
    """Adds each answer to a ledger; threads and tasks share it."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger

    def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:
        """Counts the answers of one call."""
        for generations in response.generations:
            for generation in generations[:1]:
                if isinstance(generation, ChatGeneration) and isinstance(message := generation.message, AIMessage):
                    if _was_kept(message):
                        continue
                    self._ledger.add(message.response_metadata.get("model_name") or "unknown", _usage_of(message))


def _was_kept(message: AIMessage) -> bool:
    """Whether the answer comes from LangChain's own cache and cost nothing; langchain-core marks it so (1.7)."""
    usage: Any = message.usage_metadata or {}
    return bool(usage.get("total_cost") == 0)


def _usage_of(message: AIMessage) -> ModelUsage:
    usage: Any = message.usage_metadata or {}
    facts = message.response_metadata
    cost = facts.get("cost_usd")
    return ModelUsage(
        calls=1,
        input_tokens=usage.get("input_tokens", 0),
        output_tokens=usage.get("output_tokens", 0),
        cached_tokens=(usage.get("input_token_details") or {}).get("cache_read") or 0,
        reasoning_tokens=(usage.get("output_token_details") or {}).get("reasoning") or 0,
        tool_calls=len(message.tool_calls),
        server_tool_calls=(facts.get("token_usage") or {}).get("num_server_side_tools_used") or 0,
        cost_usd=cost or 0.0,
        unpriced_calls=int(cost is None),
        estimated_calls=int(bool(facts.get("cost_estimated"))),
    )


_counter: ContextVar[_Counter | None] = ContextVar("grok_usage_cost", default=None)
register_configure_hook(_counter, inheritable=True)


@contextmanager
def get_usage_cost() -> Iterator[Ledger]:
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
    ledger = Ledger()
    token = _counter.set(_Counter(ledger))
    try:
        yield ledger
    finally:
        _counter.reset(token)
