"""Writes what is generated into the README: `python -m tests.readme --write`.

That is the demo's output (times do not count as changes) and the tables that `tests.tables` makes from the rows.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.tables import TABLES

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"<!-- demo -->\n(?:```\n)?(.*?)(?:```\n)?<!-- /demo -->", re.DOTALL)


def run_demo() -> str:
    """What the demo prints without a key."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("XAI_")} | {"XAI_API_KEY": ""}
    done = subprocess.run(
        [sys.executable, "examples/quickstart.py"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return f"<!-- demo -->\n```\n{done.stdout.strip()}\n```\n<!-- /demo -->\n"


def demo_block(text: str) -> str:
    """The demo's output within a text, without its times and token counts, which the retrieved text decides."""
    found = BLOCK.search(text)
    return re.sub(r"\[\d+ tokens, \$[\d.]+ \(emulated\), [\d.]+ s\]", "[...]", found[1]) if found else ""


def with_tables(text: str) -> str:
    """A text with its tables as the rows have them now."""
    for name, make in TABLES.items():
        block = re.compile(rf"<!-- {name} -->\n.*?<!-- /{name} -->", re.DOTALL)
        filled = f"<!-- {name} -->\n{make()}<!-- /{name} -->"
        if len(block.findall(text)) != 1:
            raise ValueError(f"README.md has no block {name!r}, or several.")
        text = block.sub(lambda _, filled=filled: filled, text)
    return text


if __name__ == "__main__":
    text = BLOCK.sub(lambda _: run_demo().rstrip("\n"), README.read_text())
    README.write_text(with_tables(text))
    print("README.md: the demo's output and the tables are up to date.")
