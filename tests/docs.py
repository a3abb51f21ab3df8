"""The snippets of `docs/*.md`: found, run in order, and their outputs written: `python -m tests.docs --write`.

A `python` block runs. A `diff` block is a change to a program: its after side runs, its before side is only compiled,
since it needs packages that this project does not. A `text` block that follows either holds what it prints.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "docs"
FILES = sorted(FOLDER.glob("*.md"))
_FENCE = re.compile(r"^```(python|diff)\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Snippet:
    """A program in a document, what it replaces, and what the document says it prints."""

    where: str
    code: str
    before: str
    promised: str | None
    span: tuple[int, int]
    """Of the promised output, in the document."""


def snippets(file: Path) -> Iterator[Snippet]:
    """The snippets of a document, in order."""
    text = file.read_text()
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        code, before = match[2], ""
        if match[1] == "diff":
            code, before = _side(match[2], "+"), _side(match[2], "-")
        yield Snippet(f"{file.name}:{line}", code, before, match[3], match.span(3))


def _side(change: str, sign: str) -> str:
    lines = [line or " " for line in change.splitlines()]
    return "".join(line[1:] + "\n" for line in lines if line[0] in (sign, " "))


def run(snippet: Snippet, namespace: dict[str, Any]) -> str:
    """What a snippet prints."""
    out = io.StringIO()
    compile(snippet.before, snippet.where, "exec")
    with contextlib.redirect_stdout(out):
        exec(compile(snippet.code, snippet.where, "exec"), namespace)
    return out.getvalue()


def write() -> None:
    """Puts what the snippets print now into the documents."""
    from grok_emulator import Emulator

    with Emulator() as emulator:
        os.environ |= {"XAI_API_KEY": "xai-emulated", "XAI_BASE_URL": emulator.base_url}
        for file in FILES:
            emulator.reset()
            namespace: dict[str, Any] = {"__name__": "snippet"}
            text, moved = file.read_text(), 0
            for snippet in snippets(file):
                printed = run(snippet, namespace)
                if snippet.promised is not None:
                    start, end = (place + moved for place in snippet.span)
                    text = text[:start] + printed + text[end:]
                    moved += len(printed) - len(snippet.promised)
            file.write_text(text)


if __name__ == "__main__" and "--write" in sys.argv:
    write()
