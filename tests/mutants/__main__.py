"""`python -m tests.mutants [NAME...]`: applies each patch to a copy of the project and runs the test that must fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("grok_adapter", "langchain_grok", "llama_index_grok", "grok_emulator", "tests", "pyproject.toml")
TESTS_FAILED = 1
"""pytest's exit code for failed tests; anything else (no test found, a broken import) is no red law."""


@dataclass(frozen=True)
class Mutant:
    """One patch: the law it breaks and the pytest arguments of the test that must notice."""

    path: Path
    law: str
    test: list[str]

    @classmethod
    def read(cls, path: Path) -> Mutant:
        """Reads the two head lines, `# law: L1` and `# test: FILE -k NAME`."""
        law, test = path.read_text().splitlines()[:2]
        return cls(path, law.removeprefix("# law: "), test.removeprefix("# test: ").split())


def notices(mutant: Mutant, root: Path) -> str | None:
    """`None` if the test went red on a copy with the patch; else what happened instead."""
    with tempfile.TemporaryDirectory() as folder:
        for name in PACKAGES:
            source = root / name
            if source.is_dir():
                shutil.copytree(source, Path(folder, name), ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder)
        applied = subprocess.run(
            ["patch", "--strip=1", "--no-backup-if-mismatch", "--input", str(mutant.path)],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if applied.returncode:
            return f"the patch does not apply: {applied.stdout.strip()}"
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mutant.test]
        env = {**os.environ, "PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode == TESTS_FAILED:
        return None
    return f"the test did not go red (exit {done.returncode}): {done.stdout.strip().splitlines()[-1:]}"


def main(names: list[str]) -> int:
    """Runs all mutants, or those whose file names are given; 0 if every one was noticed."""
    mutants = [Mutant.read(path) for path in sorted(Path(__file__).parent.glob("*.patch"))]
    mutants = [mutant for mutant in mutants if not names or mutant.path.stem in names]
    survivors = []
    for mutant in tqdm(mutants, desc="mutants", unit="mutant"):
        if (problem := notices(mutant, ROOT)) is not None:
            survivors.append(f"{mutant.path.stem} ({mutant.law}): {problem}")
    print(f"{len(mutants) - len(survivors)} of {len(mutants)} mutants noticed")
    print("\n".join(survivors))
    return bool(survivors) or not mutants


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
