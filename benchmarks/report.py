"""What was measured, put into words: the goals, the tables, the plot. Knows no adapter and runs nothing.

`results` is what `docs/benchmarks.json` holds: `{"about": {...}, "seconds": {"task adapter api": [a value a round]}}`.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent.parent / "docs"
PAIRS = {"langchain_grok": "langchain_xai", "llama_index_grok": "openai_like"}
CORES = {"langchain_grok": "langchain_core", "llama_index_grok": "llama_index_core"}
CLASSES = {
    "langchain_grok": "`ChatGrok`",
    "langchain_xai": "`ChatXAI`",
    "llama_index_grok": "`Grok`",
    "openai_like": "`OpenAILike`",
}
APIS = ("chat", "responses")
PLACES = [(ours, api) for ours in PAIRS for api in APIS]


def _goals(*four: float) -> dict[tuple[str, str], float]:
    return dict(zip(PLACES, four, strict=True))


GOALS = {
    "one_call": _goals(0.65, 0.48, 0.62, 0.55),
    "one_chunk": _goals(0.20, 0.25, 0.22, 0.30),
    "long_history": _goals(0.05, 0.02, 0.06, 0.03),
    "many_tools": _goals(0.35, 0.12, 0.12, 0.08),
}
"""Our cost as a share of the peer's, at the most."""

CONSTRUCT_GOAL = 1e-3
"""Seconds, for a model after the first."""
SIZE_GOAL = 50_000
"""Bytes of a model object."""
LANGCHAIN_IMPORT_GOAL = 0.60
"""As a share of the peer's, whole process."""
LLAMA_INDEX_IMPORT_GOAL = 0.080
"""Seconds beyond LlamaIndex's own core."""

WORDS = {
    "one_call": "one call",
    "one_chunk": "one streamed chunk",
    "long_history": "400 messages of history",
    "many_tools": "40 tools bound",
    "construct": "construct, after the first",
}
FLOORS = {
    "langchain_floor": "LangChain, a model that does nothing",
    "llama_index_floor": "LlamaIndex, a model that does nothing",
    "openai_raw": "the `openai` SDK, raw response",
}
FLOOR_TASKS = ("one_call", "one_chunk", "long_history")
STREAMS = {
    "core": "our core, bytes to deltas",
    "langchain_grok": "langchain_grok",
    "langchain_floor": "LangChain's own share",
    "llama_index_grok": "llama_index_grok",
    "llama_index_floor": "LlamaIndex's own share",
}
"""What is measured on streams of 100 and of 50,000 chunks."""

Results = Mapping[str, Any]


def apis_of(adapter: str, task: str = "") -> tuple[str, ...]:
    """The APIs at which something is measured: a floor of a framework knows none, and the SDK has no history."""
    if adapter == "openai_raw" and task == "long_history":
        return ()
    return APIS[:1] if adapter.endswith("_floor") else APIS


def median(results: Results, task: str, adapter: str, api: str = "chat") -> float:
    """The middle of all rounds, in seconds (or bytes)."""
    return statistics.median(results["seconds"][f"{task} {adapter} {api}"])


def ratio(results: Results, task: str, ours: str, api: str) -> float:
    """Our cost as a share of the peer's: the middle of the rounds' shares, since a machine's speed drifts."""
    mine, theirs = (results["seconds"][f"{task} {adapter} {api}"] for adapter in (ours, PAIRS[ours]))
    return statistics.median(a / b for a, b in zip(mine, theirs, strict=True))


def missed(results: Results) -> Iterator[str]:
    """Each goal that was not met."""
    for task, goals in GOALS.items():
        for (ours, api), goal in goals.items():
            if (found := ratio(results, task, ours, api)) > goal:
                yield f"{WORDS[task]}, {ours}, {api}: {found:.3f} of the peer's, goal {goal:.2f}"
    for ours, api in PLACES:
        if (found := median(results, "construct", ours, api)) > CONSTRUCT_GOAL:
            yield f"{WORDS['construct']}, {ours}: {_time(found)}, goal 1 ms"
    for ours in PAIRS:
        if (found := median(results, "model_size", ours, "responses")) > SIZE_GOAL:
            yield f"a model object, {ours}: {found / 1000:.0f} kB, goal 50 kB"
    if (found := ratio(results, "import_time", "langchain_grok", "chat")) > LANGCHAIN_IMPORT_GOAL:
        yield f"import, langchain_grok: {found:.2f} of the peer's, goal {LANGCHAIN_IMPORT_GOAL:.2f}"
    if (found := beyond_core(results, "llama_index_grok")) > LLAMA_INDEX_IMPORT_GOAL:
        yield f"import, llama_index_grok: {_time(found)} beyond LlamaIndex's core, goal 80 ms"


def beyond_core(results: Results, adapter: str) -> float:
    """Seconds that importing an adapter takes beyond its framework's core."""
    mine, core = (results["seconds"][f"import_time {name} chat"] for name in (adapter, CORES[adapter]))
    return statistics.median(a - b for a, b in zip(mine, core, strict=True))


def about(results: Results) -> str:
    """How it was measured, and with what."""
    facts = results["about"]
    return (
        f"CPU time of the client process over the same bytes from a local server, medians of {facts['rounds']} rounds "
        "(shares are taken in each round), each measurement in a process of its own; `make bench` writes this anew. "
        f"Python {facts['python']}; {', '.join(f'{k} {v}' for k, v in facts['packages'].items())}."
    )


def summary(results: Results) -> str:
    """The README's table: what is ours as a share of the peer's, with our own time beside it."""
    pairs = [f"{CLASSES[ours]} / {CLASSES[PAIRS[ours]]}, {api}" for ours, api in PLACES]
    lines = [f"| ours / the peer's | {' | '.join(pairs)} |", f"|---|{'---|' * len(pairs)}"]
    for task in GOALS:
        shares = (ratio(results, task, *place) for place in PLACES)
        times = (_time(median(results, task, *place)) for place in PLACES)
        cells = (
            f"{share:.2f} ({own})" if share > 0.1 else f"{share:.3f} ({own})"
            for share, own in zip(shares, times, strict=True)
        )
        lines.append(f"| {WORDS[task]} | {' | '.join(cells)} |")
    built = (_time(median(results, "construct", *place)) for place in PLACES)
    lines.append(f"| {WORDS['construct']} | {' | '.join(built)} |")
    shares = (ratio(results, "import_time", ours, "chat") for ours in PAIRS)
    more = (max(0, round(beyond_core(results, ours) * 1000)) for ours in PAIRS)
    cells = (f"{share:.2f} (the framework's core + {ms} ms)" for share, ms in zip(shares, more, strict=True))
    lines.append(f"| import | {' | | '.join(cells)} | |")
    return "\n".join([*lines, "", about(results), ""])


def table(results: Results) -> str:
    """The whole report, in Markdown."""
    lines = ["# What the adapter costs", "", f"{about(results)} Compare ratios, not machines."]
    lines += ["", "| | API | ours | peer | ratio | goal |", "|---|---|---|---|---|---|"]
    for ours, peer in PAIRS.items():
        for task, words in WORDS.items():
            for api in APIS:
                mine, theirs = _time(median(results, task, ours, api)), _time(median(results, task, peer, api))
                goal = GOALS.get(task, {}).get((ours, api))
                shown = "under 1 ms" if goal is None else f"{goal:.2f}"
                share = ratio(results, task, ours, api)
                lines.append(f"| {ours}: {words} | {api} | {mine} | {theirs} | {share:.3f} | {shown} |")
    lines += ["", "| the floor | API | one call | one chunk | 400 messages |", "|---|---|---|---|---|"]
    for floor, words in FLOORS.items():
        for api in apis_of(floor):
            costs = [_time(median(results, t, floor, api)) if api in apis_of(floor, t) else "" for t in FLOOR_TASKS]
            lines.append(f"| {words} | {api if len(apis_of(floor)) > 1 else ''} | {' | '.join(costs)} |")
    lines += ["", "| a chunk in a stream of | API | 100 | 50,000 | ratio |", "|---|---|---|---|---|"]
    for adapter, words in STREAMS.items():
        for api in apis_of(adapter):
            few, many = (median(results, task, adapter, api) for task in ("short_stream", "long_stream"))
            shown = api if len(apis_of(adapter)) > 1 else ""
            lines.append(f"| {words} | {shown} | {_time(few)} | {_time(many)} | {many / few:.2f} |")
    lines += [
        "",
        "LangChain keeps every chunk until a stream ends, and the garbage collector looks through all of them again",
        "and again: its own share grows, and with it the sum. What we add to it does not.",
        "",
        "| import, whole process | seconds | the framework's core alone | goal |",
        "|---|---|---|---|",
    ]
    for ours, peer in PAIRS.items():
        goal = "0.60 of the peer's" if ours == "langchain_grok" else "the core's + 80 ms"
        for adapter in (ours, peer):
            mine, base = median(results, "import_time", adapter), median(results, "import_time", CORES[ours])
            lines.append(f"| {adapter} | {mine:.2f} | {base:.2f} | {goal if adapter == ours else ''} |")
    lines.append(f"| the `openai` SDK alone | {median(results, 'import_time', 'openai_raw'):.2f} | | |")
    sizes = ", ".join(f"{ours} {median(results, 'model_size', ours, 'responses') / 1000:.1f} kB" for ours in PAIRS)
    lines += [
        "",
        f"A model object that has answered: {sizes} (goal: under 50 kB).",
        "",
        "![ratios](benchmarks.svg)",
        "",
    ]
    return "\n".join(lines)


def _time(seconds: float) -> str:
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.2f} ms" if seconds < 0.01 else f"{seconds * 1e3:.0f} ms"
    return f"{seconds * 1e6:.0f} us" if seconds >= 1e-4 else f"{seconds * 1e6:.1f} us"


def plot(results: Results, path: Path) -> None:
    """Our cost as a share of the peers', as bars, with each goal as a mark."""
    import matplotlib  # only `make bench` installs it

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "benchmarks"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 3.6))
    for n, (ours, api) in enumerate(PLACES):
        at = [k + (n - 1.5) * 0.2 for k in range(len(GOALS))]
        shares = [ratio(results, task, ours, api) for task in GOALS]
        axes.bar(at, shares, 0.18, label=f"{ours} / {PAIRS[ours]}, {api}".replace("_", "-"))
        goals = [GOALS[task][ours, api] for task in GOALS]
        axes.scatter(at, goals, marker="_", s=90, color="black", label="goal" if n == 0 else None)
    axes.set_xticks(range(len(GOALS)), [WORDS[task] for task in GOALS])
    axes.set_ylabel("CPU time, ours / the peer's")
    axes.set_ylim(0, 1)
    axes.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def load() -> Results:
    """The last run that was kept."""
    kept: Results = json.loads((DOCS / "benchmarks.json").read_text())
    return kept
