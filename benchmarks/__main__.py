"""`python -m benchmarks`: measures all adapters, writes `docs/benchmarks.md` and `docs/benchmarks.svg`.

Every measurement runs in a fresh process against one local server; adapters take turns (A B A B ...), the median of the
rounds counts, and what is compared are ratios of one run.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from tqdm import tqdm

ROOT = Path(__file__).parent.parent
PAIRS = {"langchain_grok": "langchain_xai", "llama_index_grok": "openai_like"}
APIS = ("chat", "responses")


def _goals(*four: float) -> dict[tuple[str, str], float]:
    places = [(adapter, api) for adapter in PAIRS for api in APIS]
    return dict(zip(places, four, strict=True))


GOALS = {
    "one_call": _goals(0.65, 0.48, 0.62, 0.55),
    "one_chunk": _goals(0.20, 0.25, 0.22, 0.30),
    "long_history": _goals(0.05, 0.02, 0.06, 0.03),
    "many_tools": _goals(0.35, 0.12, 0.12, 0.08),
}
"""Our cost as a share of the peer's, at the most."""

WORDS = {
    "one_call": "one call",
    "one_chunk": "one streamed chunk",
    "long_history": "400 messages of history",
    "many_tools": "40 tools bound",
    "construct": "construct, after the first",
}


class Bench:
    """Runs measurements against one server."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "benchmarks.server"]
        self._server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._server.stdout is not None
        self._port = self._server.stdout.readline().strip()

    def measure(self, adapter: str, api: str, task: str) -> float:
        """One measurement in a process of its own, in seconds of CPU (or bytes)."""
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.measure", adapter, api, task, self._port]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return float(done.stdout.splitlines()[-1])

    def close(self) -> None:
        """Stops the server."""
        self._server.communicate("")


def run(rounds: int) -> dict[str, list[float]]:
    """All measurements, by `task adapter api`."""
    jobs = [(a, api, task) for task in WORDS for pair in PAIRS.items() for api in APIS for a in pair]
    jobs += [(a, "responses", "model_size") for a in PAIRS]
    cores = ("langchain_core", "llama_index_core")
    jobs += [(a, "chat", "import_time") for a in (*cores, *PAIRS, *PAIRS.values())]
    bench, out = Bench(), {}
    try:
        for _ in range(rounds):
            for adapter, api, task in tqdm(jobs, unit="run", desc="bench"):
                out.setdefault(f"{task} {adapter} {api}", []).append(bench.measure(adapter, api, task))
    finally:
        bench.close()
    return out


def table(results: dict[str, list[float]]) -> str:
    """The report, in Markdown."""

    def median(task: str, adapter: str, api: str) -> float:
        return statistics.median(results[f"{task} {adapter} {api}"])

    packages = ("openai", "langchain-core", "langchain-xai", "llama-index-core", "llama-index-llms-openai-like")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    rounds = len(next(iter(results.values())))
    lead = (
        f"CPU time of the client process over the same bytes from a local server, median of {rounds} rounds, each "
        f"measurement in a process of its own; `make bench` writes this page. Python {platform.python_version()}; "
        f"{versions}. Compare ratios, not machines."
    )
    lines = [
        "# What the adapter costs",
        "",
        lead,
        "",
        "| | API | ours | peer | ratio | goal |",
        "|---|---|---|---|---|---|",
    ]
    for ours, peer in PAIRS.items():
        for task, words in WORDS.items():
            for api in APIS:
                mine, theirs = median(task, ours, api), median(task, peer, api)
                goal = GOALS.get(task, {}).get((ours, api))
                shown = "under 1 ms" if goal is None else f"{goal:.2f}"
                lines.append(
                    f"| {ours}: {words} | {api} | {_time(mine)} | {_time(theirs)} | {mine / theirs:.3f} | {shown} |"
                )
    lines += ["", "| import, whole process | seconds | of the framework's core alone |", "|---|---|---|"]
    for adapter, core in (
        ("langchain_grok", "langchain_core"),
        ("langchain_xai", "langchain_core"),
        ("llama_index_grok", "llama_index_core"),
        ("openai_like", "llama_index_core"),
    ):
        mine, base = median("import_time", adapter, "chat"), median("import_time", core, "chat")
        lines.append(f"| {adapter} | {mine:.2f} | {base:.2f} |")
    sizes = ", ".join(f"{a} {median('model_size', a, 'responses') / 1000:.1f} kB" for a in PAIRS)
    return "\n".join([*lines, "", f"A model object: {sizes}.", "", "![ratios](benchmarks.svg)", ""])


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:.1f} us" if seconds < 1e-3 else f"{seconds * 1e3:.2f} ms"


def plot(results: dict[str, list[float]], path: Path) -> None:
    """The ratios as bars."""
    import matplotlib  # only `make bench` installs it

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 3.6))
    for n, (ours, peer) in enumerate(PAIRS.items()):
        for m, api in enumerate(APIS):
            ratios = [
                statistics.median(results[f"{task} {ours} {api}"]) / statistics.median(results[f"{task} {peer} {api}"])
                for task in GOALS
            ]
            at = [k + (2 * n + m - 1.5) * 0.2 for k in range(len(GOALS))]
            axes.bar(at, ratios, 0.18, label=f"{ours} / {peer}, {api}")
    axes.set_xticks(range(len(GOALS)), [WORDS[task] for task in GOALS])
    axes.set_ylabel("CPU time, ours / peer")
    axes.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path)


def main() -> int:
    """Measures, writes, and says which goals were missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    results = run(rounds)
    docs = ROOT / "docs"
    (docs / "benchmarks.md").write_text(table(results))
    (docs / "benchmarks.json").write_text(json.dumps(results, indent=1))
    plot(results, docs / "benchmarks.svg")
    missed = []
    for task, goals in GOALS.items():
        for (ours, api), goal in goals.items():
            mine = statistics.median(results[f"{task} {ours} {api}"])
            ratio = mine / statistics.median(results[f"{task} {PAIRS[ours]} {api}"])
            if ratio > goal:
                missed.append(f"{task} {ours} {api}: {ratio:.3f}, goal {goal}")
    print((docs / "benchmarks.md").read_text())
    print("\n".join(missed) or "Every goal is met.")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
