"""Every example runs on the emulator and prints what it promises."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from grok_emulator import Emulator

FOLDER = Path(__file__).parent.parent / "examples"
PROMISED = {
    "chain": "painted grey because no other paint was to be had",
    "tool_call": "14:40 from pier 3",
    "structured": "Invoice(number=4711, customer='Lindqvist Timber', paid=True)",
    "rag": "A bad API key is answered with HTTP status 400, not 401.",
    "web_search": "cites https://weatherdesk.test/explained/monsoon at",
    "tool_loop": "2 calls in one turn",
    "async_server": "100 answers, 100 different ones",
}


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_an_example_prints_what_it_promises(
    name: str, settings: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    importlib.import_module(f"examples.{name}").main(**settings)
    assert PROMISED[name] in capsys.readouterr().out


def test_every_example_is_run_here() -> None:
    names = {file.stem for file in FOLDER.glob("*.py")}
    assert names - {"__init__", "connection", "quickstart"} == set(PROMISED)


def test_examples_fit_on_a_screen() -> None:
    for file in FOLDER.glob("*.py"):
        assert len(file.read_text().splitlines()) <= 50, file.name


def test_the_tool_loop_asks_twice_and_answers(settings: dict[str, Any], emulator: Emulator) -> None:
    importlib.import_module("examples.tool_loop").main(**settings)
    first, second = (request.body for request in emulator.requests)
    assert len(first["input"]) == 1
    assert [i["type"] for i in second["input"][1:] if i.get("type")].count("function_call_output") == 2
