"""Tests of the emulator with other people's clients, run by ``make clients`` in an environment of their own.

They need packages that the ordinary environments lack, so they have their own ``pytest.ini`` beside this file, and are
not collected under any other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from grok_emulator import Emulator

HERE = Path(__file__).parent

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # without it importing litellm fetches its price list
for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
    os.environ[name] = "false"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves this folder alone unless its own configuration is in force."""
    return None if config.inipath == HERE / "pytest.ini" else True


@pytest.fixture(scope="session")
def _running() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def emulator(_running: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """The emulator with nothing recorded, and no key or address from outside."""
    for name in ("XAI_API_KEY", "XAI_API_BASE", "XAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    _running.reset()
    return _running
