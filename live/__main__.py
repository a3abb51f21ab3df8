"""`python -m live`: runs the twenty calls, says which facts hold, what they cost, and against what they ran."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from dotenv import load_dotenv

from grok_adapter import ChatRequest, ChatResponse, GrokClient, GrokError
from grok_adapter.types import Delta, FinishDelta
from grok_emulator import Emulator
from live.calls import CALLS
from live.tee import recording_client

LIMIT_USD = 0.25
"""No further call is made once this much is spent; a call costs about a cent."""

FIXTURES = Path(__file__).parent / "fixtures"


class MeteredClient(GrokClient):
    """A client that adds up what its answers say they cost."""

    def __init__(self, meter: list[float], **fields: Any) -> None:
        super().__init__(**fields)
        self._meter = meter

    def complete(self, request: ChatRequest) -> ChatResponse:
        """As the parent's; counts."""
        response = super().complete(request)
        self._meter.append((response.usage and response.usage.cost_usd) or 0.0)
        return response

    def stream(self, request: ChatRequest) -> Iterator[Delta]:
        """As the parent's; counts."""
        for delta in super().stream(request):
            if isinstance(delta, FinishDelta):
                self._meter.append((delta.usage and delta.usage.cost_usd) or 0.0)
            yield delta


def run(connection: dict[str, Any], fixtures: Path) -> tuple[list[str], float]:
    """Runs the calls.

    Args:
        connection: Fields that point at xAI or the emulator.
        fixtures: Where the bodies are written.

    Returns:
        What failed, a line each, and the dollars that the answers say they cost.
    """
    failures: list[str] = []
    meter: list[float] = []
    with recording_client(fixtures) as http_client:

        def ask(**fields: Any) -> GrokClient:
            usual = {"model": "grok-4.3", "max_tokens": 400, "http_client": http_client, **connection}
            return MeteredClient(meter, **{**usual, **fields})

        for name, call in CALLS.items():
            before = sum(meter)
            if before >= LIMIT_USD:
                failures.append(f"{name}: not run, ${before:.4f} of ${LIMIT_USD} are spent")
                continue
            try:
                call(ask)
            except (AssertionError, GrokError, ValueError) as error:
                failures.append(f"{name}: {type(error).__name__}: {error}")
                print(f"  FAILED  {name}")
            else:
                print(f"  holds   {name:32s} ${sum(meter) - before:.6f}")
    return failures, sum(meter)


def main() -> int:
    """Runs everything; 0 if all facts hold."""
    load_dotenv()
    warnings.simplefilter("ignore")
    with ExitStack() as stack:
        connection: dict[str, Any] = {}
        if os.environ.get("XAI_API_KEY"):
            print("Against xAI:")
        else:
            emulator = stack.enter_context(Emulator())
            connection = {"base_url": emulator.base_url, "api_key": "xai-emulated"}
            print("Against the emulator, since XAI_API_KEY is not set: this proves nothing about xAI.")
        failures, spent = run(connection, FIXTURES)
    print(f"{len(CALLS) - len(failures)} of {len(CALLS)} hold, ${spent:.4f}, bodies in {FIXTURES.name}/")
    print("\n".join(failures))
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
