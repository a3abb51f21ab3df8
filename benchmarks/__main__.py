"""`python -m benchmarks`: measures all adapters, writes `docs/benchmarks.{json,md,svg}` and the README's table.

Every measurement runs in a fresh process against one local server; adapters take turns (A B A B ...), the median of the
rounds counts, and what is compared are the shares of each round. Exits with 1 if a goal was missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version

from tqdm import tqdm

from benchmarks.report import (
    APIS,
    CORES,
    DOCS,
    FLOOR_TASKS,
    FLOORS,
    PAIRS,
    STREAMS,
    WORDS,
    Results,
    apis_of,
    missed,
    plot,
    table,
)
from tests.readme import README, with_tables

ROOT = DOCS.parent
PACKAGES = ("openai", "langchain-core", "langchain-xai", "llama-index-core", "llama-index-llms-openai-like")


class Bench:
    """Runs measurements against one server."""

    def __init__(self, folder: str) -> None:
        # Byte code of a checkout is kept as that of an installed package is, whatever this machine says to that.
        self._env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        self._env["PYTHONPYCACHEPREFIX"] = folder
        command = [sys.executable, "-m", "benchmarks.server"]
        self._server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._server.stdout is not None
        self._port = self._server.stdout.readline().strip()

    def measure(self, adapter: str, api: str, task: str) -> float:
        """One measurement in a process of its own, in seconds of CPU (or bytes)."""
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.measure", adapter, api, task, self._port]
        done = subprocess.run(command, cwd=ROOT, env=self._env, capture_output=True, text=True, check=True)
        return float(done.stdout.splitlines()[-1])

    def close(self) -> None:
        """Stops the server."""
        self._server.communicate("")


def run(rounds: int) -> Results:
    """All measurements."""
    jobs = [(a, api, task) for task in WORDS for pair in PAIRS.items() for api in APIS for a in pair]
    jobs += [(a, "responses", "model_size") for a in PAIRS]
    jobs += [(floor, api, task) for floor in FLOORS for task in FLOOR_TASKS for api in apis_of(floor, task)]
    jobs += [(a, api, task) for a in STREAMS for task in ("short_stream", "long_stream") for api in apis_of(a)]
    loaded = [adapter for ours, peer in PAIRS.items() for adapter in (CORES[ours], ours, peer)]
    imports = [(adapter, "chat", "import_time") for adapter in (*loaded, "openai_raw")]
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder)
        try:
            for job in imports:  # writes the byte code
                bench.measure(*job)
            for _ in range(rounds):
                for adapter, api, task in tqdm(jobs + imports, unit="run", desc="bench"):
                    seconds.setdefault(f"{task} {adapter} {api}", []).append(bench.measure(adapter, api, task))
        finally:
            bench.close()
    packages = {name: version(name) for name in PACKAGES}
    return {"about": {"rounds": rounds, "python": platform.python_version(), "packages": packages}, "seconds": seconds}


def main() -> int:
    """Measures, writes, and says which goals were missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    results = run(parser.parse_args().rounds)
    (DOCS / "benchmarks.json").write_text(json.dumps(results, indent=1) + "\n")
    (DOCS / "benchmarks.md").write_text(table(results))
    plot(results, DOCS / "benchmarks.svg")
    README.write_text(with_tables(README.read_text()))
    print(table(results))
    print("\n".join(late := list(missed(results))) or "Every goal is met.")
    return bool(late)


if __name__ == "__main__":
    sys.exit(main())
