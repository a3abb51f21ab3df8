"""What is asked about a row, of which model, and what comes back. How it is asked: in_langchain.py, in_llama_index.py.

An asker is made once, by the driver, and pickled to the workers. A pickled model leaves its key behind: where it
arrives it reads `XAI_API_KEY` of that process. The same question has the same keys in both frameworks, so a run may be
begun in one and finished in the other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from pydantic import BaseModel, Field

from examples.scale_out.messages import Row
from grok_adapter.ledger import ModelUsage

TASK = "Label the message, which was written to a parcel service."
"""The prompt. Whoever changes it asks another question: rows labelled before are asked again."""


class Label(BaseModel):
    """What a message is about."""

    topic: Literal["delivery", "damage", "billing", "account"] = Field(description="What the message is about.")
    urgent: bool = Field(description="Whether the message says that it is urgent.")


@dataclass(frozen=True)
class Answer:
    """One answer, which was paid for: a label, or the problem with it."""

    model: str
    usage: ModelUsage
    label: Label | None = None
    problem: str | None = None


Ask = Callable[[str], Answer]


@dataclass(frozen=True)
class Question:
    """What is asked about every row; the answer to another question is no answer to this one."""

    model: str = "grok-4.7"
    reasoning_effort: str = "low"

    @property
    def id(self) -> str:
        """Names the model, the prompt and the schema."""
        return _digest(self.model, self.reasoning_effort, TASK, Label.model_json_schema())

    def asker(self, framework: str = "langchain", **connection: Any) -> Ask:
        """How to ask, with a model of a framework: `"langchain"` or `"llama_index"`."""
        settings: dict[str, Any] = {"model": self.model, "reasoning_effort": self.reasoning_effort}
        # One conversation for all rows: they begin alike, and xAI finds a cached beginning by this name (of 1,234
        # tokens 1,152 with it and 128 without, any-llm's recordings of July 2026).
        settings["conversation_id"] = self.id
        # The worker tries again, under its limiter and with a note of each try: a model that did so by itself would
        # ask twice where a broken connection hides an answer that was billed.
        settings["max_retries"] = 0
        # A worker imports what it is sent: one framework, not both.
        asker: Ask = import_module(f"examples.scale_out.in_{framework}").asker(**connection, **settings)
        return asker


def key_of(row: Row, question_id: str) -> str:
    """What the result of a row is kept under: its id, its text, and what was asked about it."""
    return _digest(row["id"], row["text"], question_id)


def _digest(*facts: Any) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:24]
