"""Every example runs on the emulator and prints what it promises."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from grok_adapter import tools
from grok_emulator import Emulator
from tests.support.server_items import ITEMS, answer

TOOLS = [name for name in tools.__all__ if name[0].isupper()]
FOLDER = Path(__file__).parent.parent / "examples"
PROMISED = {
    "chain": "painted grey because no other paint was to be had",
    "tool_call": "14:40 from pier 3",
    "structured": "Invoice(number=4711, customer='Lindqvist Timber', paid=True)",
    "rag": "A bad API key is answered with HTTP status 400, not 401.",
    "web_search": "cites https://weatherdesk.test/explained/monsoon at",
    "tool_loop": "2 calls in one turn",
    "async_server": "100 answers, 100 different ones",
    "context": "LlamaIndex summary: ",
    "transport": "LlamaIndex, own address: The gate is red.",
    "langchain.web_search": "cites https://",
    "langchain.x_search": "xAI runs x_keyword_search ...\n... success\n",
    "langchain.code_execution": "No code was run; the emulator runs none.",
    "langchain.collections_search": "No collection was searched; the emulator keeps none.",
    "langchain.mcp_server": "No server was asked; the emulator opens no connection.",
    "langchain.image_generation": "A picture: ",
    "langchain.raw_server_tool": "xAI ran web_search({'query': 'monsoon form'})",
    "llama_index.web_search": "cites https://",
    "llama_index.x_search": "https://x.com/i/status/",
    "llama_index.code_execution": "No code was run; the emulator runs none.",
    "llama_index.collections_search": "No collection was searched; the emulator keeps none.",
    "llama_index.mcp_server": "No server was asked; the emulator opens no connection.",
    "llama_index.image_generation": "A picture of 'a red lighthouse': ",
    "llama_index.raw_server_tool": "xAI ran web_search({'query': 'monsoon form'})",
}
FRAMEWORKS = ("langchain", "llama_index")
TOOL_TYPES = {
    "web_search": "web_search",
    "x_search": "x_search",
    "code_execution": "code_interpreter",
    "collections_search": "file_search",
    "mcp_server": "mcp",
    "image_generation": "image_generation",
    "raw_server_tool": "web_search",
}
"""Each server-side tool has an example of its name in both frameworks; what it sends."""

FOUND = {  # what the examples print when a tool that the emulator does not run was run: the type of the item, the text
    "code_execution": ("code_interpreter_call", "xAI ran:\nprint(6*7)\nIt printed: [{'type': 'logs'"),
    "collections_search": ("file_search_call", "moon.pdf: The moon is made of rock."),
    "mcp_server": ("mcp_call", "xAI ran find({'place': 'Lima'}) on atlas"),
}


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_an_example_prints_what_it_promises(
    name: str, settings: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    importlib.import_module(f"examples.{name}").main(**settings)
    assert PROMISED[name] in capsys.readouterr().out


def test_every_example_is_run_here() -> None:
    """All but the program in `scale_out`, which has tests of its own."""
    files = (file.relative_to(FOLDER).with_suffix("") for file in FOLDER.rglob("*.py") if file.stem != "__init__")
    names = {".".join(file.parts) for file in files if file.parts[0] != "scale_out"}
    assert names - {"connection", "quickstart"} == set(PROMISED)


def test_folders_of_examples_hide_no_framework() -> None:
    """The demo runs as a script, with `examples` on the path: a package in it would be found for `llama_index`."""
    assert not list(FOLDER.glob("*/__init__.py"))


def test_every_server_side_tool_has_its_example() -> None:
    for framework in FRAMEWORKS:
        assert {f"{framework}.{name}" for name in TOOL_TYPES} <= set(PROMISED)
        shown = {name for name in importlib.import_module(f"{framework}_grok").__all__ if name in TOOLS}
        texts = "".join(file.read_text() for file in (FOLDER / framework).glob("*.py"))
        assert len(shown) == len(TOOLS) == len(TOOL_TYPES)
        assert all(f"{name}(" in texts for name in shown)


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", TOOL_TYPES)
def test_an_example_sends_its_tool(
    framework: str, name: str, settings: dict[str, Any], emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    importlib.import_module(f"examples.{framework}.{name}").main(**settings)
    assert TOOL_TYPES[name] in [tool["type"] for tool in emulator.requests[0].body["tools"]]
    assert len(emulator.requests) == 1
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", FOUND)
def test_an_example_prints_what_a_tool_found(
    framework: str, name: str, settings: dict[str, Any], emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, text = FOUND[name]
    emulator.reply(answer(next(known.item for known in ITEMS if known.item["type"] == kind)))
    importlib.import_module(f"examples.{framework}.{name}").main(**settings)
    assert text in capsys.readouterr().out


def test_examples_fit_on_a_screen() -> None:
    for file in FOLDER.glob("*.py"):
        assert len(file.read_text().splitlines()) <= 50, file.name
    for file in FOLDER.glob("*/*.py"):
        assert len(file.read_text().splitlines()) <= (150 if file.parent.name == "scale_out" else 40), file.name


def test_the_tool_loop_asks_twice_and_answers(settings: dict[str, Any], emulator: Emulator) -> None:
    importlib.import_module("examples.tool_loop").main(**settings)
    first, second = (request.body for request in emulator.requests)
    assert len(first["input"]) == 1
    assert [i["type"] for i in second["input"][1:] if i.get("type")].count("function_call_output") == 2


def test_a_shorter_conversation_costs_less_in_both_frameworks(
    settings: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    importlib.import_module("examples.context").main(**settings)
    found = re.findall(r"(LangChain|LlamaIndex) (\w+): (\d+) tokens in, \$([\d.]+): (.*)", capsys.readouterr().out)
    tokens = {(framework, way): int(count) for framework, way, count, _, _ in found}
    for framework in ("LangChain", "LlamaIndex"):
        assert tokens[framework, "flush"] < tokens[framework, "window"] < tokens[framework, "whole"]
        assert tokens[framework, "summary"] > tokens[framework, "window"]
    assert all(float(dollars) > 0 for *_, dollars, _ in found)
    assert all(("goes to pier 4" in answer) == (way != "flush") for _, way, _, _, answer in found)
