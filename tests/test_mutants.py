"""The mutants stay usable: there is one for each law, and every patch still applies. `make mutants` runs them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.mutants.__main__ import ROOT, Mutant

PATCHES = sorted((Path(__file__).parent / "mutants").glob("*.patch"))


def test_there_is_a_mutant_for_each_law() -> None:
    assert {Mutant.read(path).law for path in PATCHES} == {f"L{n}" for n in range(1, 13)}


@pytest.mark.parametrize("path", PATCHES, ids=lambda path: path.stem)
def test_a_patch_applies_and_names_its_test(path: Path) -> None:
    command = ["patch", "--strip=1", "--dry-run", "--input", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    file, *named = Mutant.read(path).test
    assert all(name in (ROOT / file).read_text() for name in named[1:])
