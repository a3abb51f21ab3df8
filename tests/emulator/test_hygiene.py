"""The emulator knows no one's examples: its sources share no sentence, tool name or schema with what it may be asked.

Compared are the string literals of the emulator with those of langchain-tests, of the LlamaIndex prompts, of this
repository's examples, and with the texts of the recordings where GROK_RECORDINGS names their folder.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import grok_emulator

ROOT = Path(__file__).parents[2]
SOURCES = sorted(Path(grok_emulator.__file__).parent.glob("*.py"))
SENTENCE_WORDS = 4
IDENTIFIER = re.compile(r"[a-z]+(?:_[a-z]+)+")
# Names that belong to the wire, to JSON schema or to Python, not to anybody's example.
WIRE = re.compile(
    r"^(?:x_|web_|code_|file_|image_|mcp_|tool_|function_|custom_|reasoning_|response_|output_|input_|message)"
)
CODE_LIKE = re.compile(r"[\\^$|{}\[\]]{2}|^[\w.-]+$")


def literals(path: Path) -> Iterator[str]:
    """The string literals of a module, docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def sentences(text: str) -> Iterator[str]:
    """Its sentences of at least four words, in one spelling."""
    for part in re.split(r"(?<=[.!?])\s+|\n+", text):
        plain = " ".join(re.findall(r"[^\W_]+", part.lower()))
        if plain.count(" ") >= SENTENCE_WORDS - 1 and not CODE_LIKE.search(part):
            yield plain


def package_files(name: str, *parts: str) -> list[Path]:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return []
    return sorted(Path(next(iter(spec.submodule_search_locations)), *parts).rglob("*.py"))


def strings_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for entry in value.values():
            yield from strings_in(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from strings_in(entry)


def recorded_strings(folder: Path) -> Iterator[str]:
    """What users, models and tools said in the recordings, and how tools are called; error bodies are the wire's."""
    for meta in sorted(folder.glob("*/*.meta.json")):
        if meta.parent.name in ("issues-quoted-errors", "xai-grok-build-firstparty"):
            continue
        request = (json.loads(meta.read_text(encoding="utf-8")).get("request") or {}).get("body")
        yield from strings_in(request)
        answer = meta.with_name(meta.name.removesuffix(".meta.json"))
        if answer.suffix == ".json" and answer.exists():
            yield from (entry for entry in strings_in(json.loads(answer.read_text(encoding="utf-8"))) if " " in entry)


def foreign() -> dict[str, list[str]]:
    found = {
        "langchain_tests": [s for path in package_files("langchain_tests") for s in literals(path)],
        "llama_index prompts": [s for path in package_files("llama_index.core", "prompts") for s in literals(path)],
        "examples": [s for path in sorted((ROOT / "examples").rglob("*.py")) for s in literals(path)],
    }
    if folder := os.environ.get("GROK_RECORDINGS"):
        found["recordings"] = list(recorded_strings(Path(folder)))
    return found


FOREIGN = foreign()
ANNOTATION = {"url_citation", "start_index", "end_index"}
EXPECTED = {"langchain_tests": 200, "llama_index prompts": 50}  # literals, where the package is installed
OURS = [(path.name, literal) for path in SOURCES for literal in literals(path)]


def test_there_is_something_to_compare_with() -> None:
    assert all(len(FOREIGN[name]) == 0 or len(FOREIGN[name]) >= least for name, least in EXPECTED.items())
    assert list(sentences("What is the tide today? Low.")) == ["what is the tide today"]


@pytest.mark.parametrize("origin", FOREIGN)
def test_no_sentence_of_an_example(origin: str) -> None:
    theirs = {sentence for text in FOREIGN[origin] for sentence in sentences(text)}
    refusals = {s for name, literal in OURS if name.startswith("checks") for s in sentences(literal)}
    shared = [(name, s) for name, literal in OURS for s in sentences(literal) if s in theirs and s not in refusals]
    assert shared == []


@pytest.mark.parametrize("origin", FOREIGN)
def test_no_tool_name_of_an_example(origin: str) -> None:
    names = set(tool_names(FOREIGN[origin])) - wire_names()
    shared = [(name, literal) for name, literal in OURS if literal in names]
    assert shared == []


def tool_names(texts: Iterable[str]) -> Iterator[str]:
    return (text for text in texts if IDENTIFIER.fullmatch(text) and not WIRE.match(text))


def wire_names() -> set[str]:
    """Field names of the wire: what the emulator's checks and shapes are written in."""
    wire_modules = ("checks", "shapes", "usage", "catalogue", "reading", "replies", "spending", "store", "app")
    return {literal for name, literal in OURS if name.startswith(wire_modules)} | ANNOTATION


def test_tool_names_that_must_never_be_known() -> None:
    """Names of tools in the suites, gathered from decorated and defined functions, occur nowhere in the sources."""
    defined = set()
    for path in package_files("langchain_tests"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and any("tool" in ast.dump(d) for d in node.decorator_list):
                defined.add(node.name)
    words = {word for path in SOURCES for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}
    assert not {name for name in defined if "_" in name and not name.startswith("test")} & words


def test_imports_nothing_of_the_adapters() -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            top = {name.partition(".")[0] for name in names}
            assert top <= set(sys.stdlib_module_names) | {"starlette", "uvicorn"}, (path.name, top)


def test_sources_can_be_read_in_a_sitting() -> None:
    assert {path.name: n for path in SOURCES if (n := len(path.read_text().splitlines())) > 400} == {}
