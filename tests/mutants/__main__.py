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
    """One patch: the law it breaks, the pytest arguments of the test that must notice, and a variable it needs."""

    path: Path
    law: str
    test: list[str]
    needs: str | None = None

    @classmethod
    def read(cls, path: Path) -> Mutant:
        """Reads the head lines, `# law: L1`, `# test: FILE -k NAME` and maybe `# needs: VARIABLE`."""
        lines = [line.partition(": ") for line in path.read_text().splitlines() if line.startswith("# ")]
        head = {name.removeprefix("# "): value for name, _, value in lines}
        return cls(path, head["law"], head["test"].split(), head.get("needs"))


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
    survivors = [f"{m.path.stem} ({m.law}): needs {m.needs}" for m in mutants if m.needs and m.needs not in os.environ]
    mutants = [mutant for mutant in mutants if not mutant.needs or mutant.needs in os.environ]
    noticed = 0
    for mutant in tqdm(mutants, desc="mutants", unit="mutant"):
        problem = notices(mutant, ROOT)
        noticed += problem is None
        if problem is not None:
            survivors.append(f"{mutant.path.stem} ({mutant.law}): {problem}")
    print(f"{noticed} of {len(mutants)} mutants noticed")
    print("\n".join(survivors))
    return noticed < len(mutants)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
