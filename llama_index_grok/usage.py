"""What calls cost: a ledger that listens to LlamaIndex's instrumentation events.

It reads the facts that `Grok` puts into each response and nothing else, so it sees streams, agents and query engines
alike. Responses of other providers are not counted. Must not know: requests, HTTP, prices.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.llm import LLMChatEndEvent, LLMCompletionEndEvent
from pydantic import PrivateAttr

from grok_adapter.ledger import Ledger, ModelUsage

__all__ = ["ModelUsage", "UsageCostHandler"]


class UsageCostHandler(BaseEventHandler):
    """A ledger of calls, tokens and dollars per model.

    Add it to a dispatcher, or use it as a context manager, which adds it to the root one and takes it off again. An
    answer is counted when it is complete: a stream that is abandoned is not. `print(handler)` shows a table.

    Example:
        >>> from grok_emulator import Emulator
        >>> from llama_index_grok import Grok
        >>> with Emulator() as emulator, UsageCostHandler() as ledger:
        ...     _ = Grok(base_url=emulator.base_url, api_key="xai-demo").complete("Is the moon made of rock?")
        >>> ledger.total.calls, list(ledger.models)
        (1, ['grok-4.7'])
    """

    _ledger: Ledger = PrivateAttr(default_factory=Ledger)

    @classmethod
    def class_name(cls) -> str:
        """The handler's name among LlamaIndex's."""
        return "UsageCostHandler"

    def handle(self, event: Any, **kwargs: Any) -> None:
        """Counts the answer of an end event; every other event is ignored."""
        if not isinstance(event, (LLMChatEndEvent, LLMCompletionEndEvent)) or event.response is None:
            return
        facts = event.response.additional_kwargs
        if facts.get("model_provider") != "xai":
            return
        message = getattr(event.response, "message", None)
        calls = sum(isinstance(block, ToolCallBlock) for block in message.blocks) if message is not None else 0
        self._ledger.add(str(facts.get("model_name") or "unknown"), _usage_of(facts, calls))

    @property
    def models(self) -> dict[str, ModelUsage]:
        """Sums by the model that answered: a snapshot."""
        return self._ledger.models

    @property
    def total(self) -> ModelUsage:
        """Sums over all models."""
        return self._ledger.total

    def reset(self) -> None:
        """Starts again from nothing."""
        self._ledger.reset()

    def __enter__(self) -> Self:
        """Listens to everything."""
        get_dispatcher().add_event_handler(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops listening; the ledger stays."""
        handlers = get_dispatcher().event_handlers
        handlers[:] = [handler for handler in handlers if handler is not self]

    def __str__(self) -> str:
        """The table."""
        return str(self._ledger)


def _usage_of(facts: dict[str, Any], tool_calls: int) -> ModelUsage:
    cost = facts.get("cost_usd")
    return ModelUsage(
        calls=1,
        input_tokens=facts.get("prompt_tokens", 0),
        output_tokens=facts.get("completion_tokens", 0),
        cached_tokens=facts.get("cached_tokens", 0),
        reasoning_tokens=facts.get("reasoning_tokens", 0),
        tool_calls=tool_calls,
        server_tool_calls=len(facts.get("server_tool_calls") or ()),
        cost_usd=cost or 0.0,
        unpriced_calls=int(cost is None),
        estimated_calls=int(bool(facts.get("cost_estimated"))),
    )
