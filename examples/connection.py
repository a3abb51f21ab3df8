"""Where the examples run: against xAI if `XAI_API_KEY` is set (also in `.env`), else against the emulator."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from dotenv import load_dotenv


@contextmanager
def connect() -> Iterator[dict[str, str]]:
    """The fields that a model needs: none with a key of your own, the emulator's address without."""
    load_dotenv()
    if os.environ.get("XAI_API_KEY"):
        print("Talking to xAI: XAI_API_KEY is set. This costs a few cents.\n")
        yield {}
        return
    from grok_emulator import Emulator  # noqa: PLC0415  not needed with a key

    with Emulator() as emulator:
        print("Talking to the emulator: XAI_API_KEY is not set. Answers are picked from the text they are given.\n")
        yield {"base_url": emulator.base_url, "api_key": "xai-emulated"}


def emulated(connection: dict[str, str]) -> str:
    """What to print behind a cost."""
    return " (emulated)" if connection else ""
