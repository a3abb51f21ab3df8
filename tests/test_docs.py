"""The documents stay true: every snippet runs against the emulator, and prints what the document says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from grok_emulator import Emulator
from tests.conftest import KEY
from tests.docs import FILES, run, snippets

WITH_SNIPPETS = [file for file in FILES if any(snippets(file))]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("file", WITH_SNIPPETS, ids=lambda file: file.name)
def test_the_snippets_of_a_document(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    """Regenerate the outputs with `python -m tests.docs --write`."""
    monkeypatch.setenv("XAI_API_KEY", KEY)
    monkeypatch.setenv("XAI_BASE_URL", emulator.base_url)
    namespace: dict[str, Any] = {"__name__": "snippet"}
    for snippet in snippets(file):
        printed = run(snippet, namespace)
        if snippet.promised is not None:
            assert printed == snippet.promised, snippet.where


def test_every_python_block_is_found() -> None:
    """No fence is written so that it would not run."""
    for file in FILES:
        fences = [line for line in file.read_text().splitlines() if line.startswith(("```py", "```diff"))]
        assert len(fences) == len(list(snippets(file))), file.name


def test_links_lead_somewhere() -> None:
    """To files that are there; and never to another provider's documentation."""
    pages = [file.parents[1] / name for file in FILES[:1] for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
    for file in [*FILES, *pages]:
        prose = re.sub(r"^```.*?^```$|`[^`\n]*`", "", file.read_text(), flags=re.DOTALL | re.MULTILINE)
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose):
            assert "://" in target or (file.parent / target).exists(), f"{file.name}: {target}"
            assert "openai.com" not in target, f"{file.name}: {target}"
