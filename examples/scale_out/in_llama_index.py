"""Asking with LlamaIndex: a chat whose answer has the schema of a `Label`, and a ledger for what each call cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llama_index.core.instrumentation.events.llm import LLMChatEndEvent
from llama_index.core.llms import ChatMessage
from pydantic import ValidationError

from examples.scale_out.questions import TASK, Answer, Label
from llama_index_grok import Grok, UsageCostHandler


@dataclass(frozen=True)
class Asker:
    """Asks an LLM. Pickles, as the LLM does."""

    llm: Grok

    def __call__(self, text: str) -> Answer:
        messages = [ChatMessage(TASK, role="system"), ChatMessage(text)]
        response = self.llm.chat(messages, response_format=Label)
        cost = UsageCostHandler()  # as a context manager it would hear the other threads too: it is told of this answer
        cost.handle(LLMChatEndEvent(messages=messages, response=response))
        ((model, usage),) = cost.models.items()
        try:
            return Answer(model, usage, label=Label.model_validate_json(response.message.content or ""))
        except ValidationError as error:
            return Answer(model, usage, problem=str(error))


def asker(**settings: Any) -> Asker:
    return Asker(Grok(**settings))
