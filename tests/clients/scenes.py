"""What every client is asked, and the neutral form in which every driver reports what came of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

MODEL = "grok-4.3"
KEY, BAD_KEY = "xai-any-key", "sk-not-of-this-house"
ENCRYPTED = "reasoning.encrypted_content"

QUESTION, ANSWER = "The gate is red. What colour is the gate?", "The gate is red."
COMMAND, RESULT = "Open gate 7.", "Gate 7 is open."
DESCRIPTION = "Gate number 7 is red."
SEARCHED = "What is the latest stable release of the Lumen programming language?"
FOUND, CITED = "4.2", "https://lumenlang.test/releases"

FUNCTION: dict[str, Any] = {
    "name": "open_gate",
    "description": "Opens a gate.",
    "parameters": {
        "type": "object",
        "properties": {"gate": {"type": "integer"}},
        "required": ["gate"],
        "additionalProperties": False,
    },
}
CHAT_TOOL = {"type": "function", "function": FUNCTION}
RESPONSES_TOOL = {"type": "function", **FUNCTION}


class Gate(BaseModel):
    """A gate."""

    number: int
    colour: str


GATE = Gate(number=7, colour="red")


@dataclass(frozen=True)
class Usage:
    """Tokens as the client reports them; ``output`` without reasoning where ``apart``."""

    input: int
    output: int
    total: int
    reasoning: int
    apart: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a client made of an answer; what a case is not about stays empty."""

    text: str = ""
    pieces: list[str] = field(default_factory=list)
    reasoning: str = ""
    usage: Usage | None = None
    data: Any = None
    calls: list[dict[str, Any]] = field(default_factory=list)
    citations: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    status: int = 0
    error: str = ""


class Driver(ABC):
    """One client on one API.

    Args:
        base_url: Where the emulator is.
        api: ``responses`` or ``chat``.
    """

    def __init__(self, base_url: str, api: str) -> None:
        self.base_url, self.api = base_url, api

    @abstractmethod
    def text(self) -> Outcome:
        """Asks ``QUESTION``: text, reasoning, usage."""

    @abstractmethod
    def stream(self) -> Outcome:
        """The same, streamed: with the pieces of text."""

    @abstractmethod
    def tools(self) -> Outcome:
        """Gives ``COMMAND`` and the function, answers its call with ``RESULT``: the call, and the last text."""

    @abstractmethod
    def structured(self) -> Outcome:
        """Asks for a ``Gate`` made of ``DESCRIPTION``."""

    @abstractmethod
    def structured_stream(self) -> Outcome:
        """The same, streamed."""

    @abstractmethod
    def search(self) -> Outcome:
        """Asks ``SEARCHED`` with web search: text, the cited and, where the client tells, the looked-at addresses."""

    @abstractmethod
    def search_stream(self) -> Outcome:
        """The same, streamed."""

    @abstractmethod
    def bad_key(self) -> Outcome:
        """Asks ``QUESTION`` with ``BAD_KEY``: status and text of the error."""
