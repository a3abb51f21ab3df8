"""Asking with LangChain: a chain that answers with a `Label`, and a ledger for what each call cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import Runnable

from examples.scale_out.questions import TASK, Answer, Label
from langchain_grok import ChatGrok, GrokStructuredOutputError, get_usage_cost


@dataclass(frozen=True)
class Asker:
    """Asks a chain. Pickles, as the chain does."""

    chain: Runnable[Any, Any]

    def __call__(self, text: str) -> Answer:
        label, problem = None, None
        with get_usage_cost() as cost:  # of this thread only
            try:
                label = self.chain.invoke([("system", TASK), ("human", text)])
            except GrokStructuredOutputError as error:  # an answer came all the same, and was billed
                problem = str(error)
        ((model, usage),) = cost.models.items()
        return Answer(model, usage, label, problem)


def asker(**settings: Any) -> Asker:
    return Asker(ChatGrok(**settings).with_structured_output(Label))
