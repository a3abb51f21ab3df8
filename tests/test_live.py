"""The twenty calls of `make live` are sound: they hold on the emulator, which proves nothing about xAI."""

from __future__ import annotations

from pathlib import Path

import pytest

from grok_emulator import Emulator
from live.__main__ import LIMIT_USD, run
from live.calls import CALLS
from tests.conftest import KEY


@pytest.mark.filterwarnings("ignore::grok_adapter.types.GrokWarning")
def test_the_calls_hold_on_the_emulator_and_write_what_came(emulator: Emulator, tmp_path: Path) -> None:
    failures, spent = run({"base_url": emulator.base_url, "api_key": KEY}, tmp_path)
    assert failures == []
    assert 0 < spent < LIMIT_USD
    assert len(CALLS) == 20
    assert len(list(tmp_path.glob("*.meta.json"))) == len(emulator.requests) >= 20
    assert any(b"response.completed" in file.read_bytes() for file in tmp_path.glob("*.sse"))
    assert all(KEY not in file.read_text() for file in tmp_path.iterdir())


def test_a_call_that_does_not_hold_is_named(emulator: Emulator, tmp_path: Path) -> None:
    emulator.reply({"id": "r", "status": "completed", "model": "m", "output": []})
    failures, _ = run({"base_url": emulator.base_url, "api_key": KEY}, tmp_path)
    assert [line.partition(":")[0] for line in failures] == ["text, Responses"]
