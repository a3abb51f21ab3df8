"""Fixtures for all tests: no key and no base URL from outside, tracing off, one emulator per test process."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from grok_emulator import Emulator
from tests.support.meter import Meter

KEY = "xai-test-key-0123456789abcdef"

for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
    os.environ[name] = "false"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes away what the developer's shell may have set."""
    for name in ("XAI_API_KEY", "XAI_BASE_URL", "XAI_API_BASE", "LC_OUTPUT_VERSION", "HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def _emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(_emulator: Emulator) -> Iterator[Emulator]:
    """The emulator, with nothing queued and no request recorded."""
    _emulator.reset()
    yield _emulator
    _emulator.reset()


@pytest.fixture
def settings(emulator: Emulator) -> dict[str, str]:
    """The fields that point a model at the emulator."""
    return {"base_url": emulator.base_url, "api_key": KEY}


@pytest.fixture
def meter(emulator: Emulator) -> Iterator[Meter]:
    """An independent meter in front of the emulator, for the tests of `examples/scale_out`."""
    with Meter(emulator.base_url) as meter:
        yield meter
        meter.release()


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """The key where that example's workers are: in their environment."""
    monkeypatch.setenv("XAI_API_KEY", KEY)
    return KEY
