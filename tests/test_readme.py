"""The README stays true: its snippets run, and the demo's output in it is what the demo prints."""

from __future__ import annotations

import re

import pytest

from grok_emulator import Emulator
from tests.conftest import KEY
from tests.readme import README, demo_block, run_demo, with_tables


def snippets() -> list[str]:
    return re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


def test_the_snippets_run_in_order(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XAI_API_KEY", KEY)
    monkeypatch.setenv("XAI_BASE_URL", emulator.base_url)
    namespace: dict[str, object] = {}
    for snippet in snippets():
        exec(compile(snippet, str(README), "exec"), namespace)
    out = capsys.readouterr().out
    assert "A monsoon forms when land heats faster than the sea." in out
    assert "https://weatherdesk.test/explained/monsoon" in out
    assert "Parcel 12 is late." in out
    assert len(snippets()) == 3


def test_the_two_first_snippets_are_twelve_lines() -> None:
    for snippet in snippets()[:2]:
        assert len([line for line in snippet.splitlines() if line.strip()]) <= 12


def test_the_demos_output_is_in_the_readme() -> None:
    """Regenerate it with `make docs`."""
    assert demo_block(README.read_text()) == demo_block(run_demo())


def test_the_tables_are_those_of_the_rows() -> None:
    """Regenerate them with `make docs`."""
    text = README.read_text()
    assert text == with_tables(text)
