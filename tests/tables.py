"""The README's tables, made from the rows and from what was measured: what they say is what the code does."""

from __future__ import annotations

from benchmarks import report
from grok_adapter.models import RETIRED, ROWS, GrokModel, Price, model_for
from grok_adapter.params import HEADER, PARAMETERS, Parameter

__all__ = ["TABLES"]

SEEDS = {
    "grok-4": ("256k", "3 / 0.75 / 15", "refused"),
    "grok-4-fast": ("2M", '"varies"', "refused"),
    "grok-4-fast-reasoning": ("2M", '"varies"', "refused"),
    "grok-4-fast-non-reasoning": ("2M", '"varies"', "refused"),
    "grok-4-1-fast": ("2M", "", "refused"),
    "grok-4-1-fast-reasoning": ("2M", "", "refused"),
    "grok-4-1-fast-non-reasoning": ("2M", "", "refused"),
    "grok-3-mini": ("128k", "", "low, high"),
    "grok-3": ("", "", "refused"),
    "grok-2": ("", "", "refused"),
}
"""What the two documents this project was created from say of models since retired: window, price, effort."""


def models() -> str:
    """One line a current model."""
    head = ["model", "since", "window", "`reasoning_effort` (default)", "refuses", "$ per 1M tokens", "from 200k on"]
    rows = [
        [
            f"`{row.id}`" + "".join(f"<br>{alias}" for alias in row.aliases),
            str(row.released),
            tokens(row.context_window),
            efforts(row),
            ", ".join(sorted(row.refuses - {"reasoning_effort"})),
            dollars(row.prices[-1]),
            dollars(row.prices[-1], long=True),
        ]
        for row in ROWS
    ]
    return table(head, rows)


def retired() -> str:
    """One line a retired id: what the documents said of it, and what answers now."""
    head = ["retired id", "window then", "$ then", "effort then", "answered by", "window now", "$ now", "effort now"]
    rows = []
    for name, gone in RETIRED.items():
        if gone.served_by is None and name not in SEEDS:
            continue
        now = ["nothing", "", "", ""]
        if gone.served_by:
            row = model_for(name)
            effort = f"{gone.effort} unless asked" if gone.effort else "refused"
            now = [f"`{gone.served_by}`", tokens(row.context_window), dollars(row.prices[-1]), effort]
        rows.append([f"`{name}`", *SEEDS.get(name, ("", "", "")), *now])
    return table(head, rows)


def parameters() -> str:
    """One line a parameter."""
    head = ["parameter", "Responses", "Chat Completions", "left out and reported where"]
    return table(head, [[f"`{p.name}`", place(p.responses), place(p.chat), against(p)] for p in PARAMETERS.values()])


# --- cells -------------------------------------------------------------------------------------------------------


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def tokens(count: int) -> str:
    return f"{count // 1_000_000}M" if count % 1_000_000 == 0 else f"{count // 1_000}k"


def dollars(price: Price, *, long: bool = False) -> str:
    """Input, cached input, output."""
    ticks = price.for_prompt(price.long_context_threshold if long else 0)
    return " / ".join(f"{value / 10_000:.2f}" for value in ticks)


def efforts(row: GrokModel) -> str:
    if not row.efforts:
        return "refused"
    shown = ", ".join(f"**{value}**" if value == row.default_effort else value for value in row.efforts)
    return shown + (" (how many agents)" if row.effort_means == "agents" else "")


def place(where: str | None) -> str:
    if where is None:
        return "-"
    return f"header `{where.removeprefix(HEADER)}`" if where.startswith(HEADER) else f"`{where}`"


def against(parameter: Parameter) -> str:
    """Where it is not sent: by the API, by models, or nowhere."""
    if parameter.name == "search_parameters":
        return (
            "Live Search is gone (410 since 2026): turned into server tools on Responses, an error on Chat Completions"
        )
    if parameter.responses is None and parameter.chat is None:
        return parameter.absent.rstrip(".")
    reasons = []
    if parameter.chat is None:
        reasons.append("on Chat Completions")
    if parameter.responses is None and parameter.name != "stop":
        reasons.append("on Responses")
    if parameter.name == "stop":
        reasons.append("never: cut here where xAI has no place for it")
    refusing = [row.id for row in ROWS if parameter.name in row.refuses]
    ignoring = [row.id for row in ROWS if parameter.name in row.ignores]
    for names, verb in ((refusing, "refuse"), (ignoring, "ignore")):
        if names and parameter.name != "stop":
            reasons.append(f"{'all current models' if len(names) == len(ROWS) else ', '.join(names)} {verb} it")
    if parameter.name == "reasoning_effort":
        reasons.append("a value that the model does not take")
    if parameter.name == "parallel_tool_calls":
        reasons.append("there are no tools")
    if parameter.name == "service_tier":
        reasons.append("a value that xAI would serve as default")
    return "; ".join(reasons)


def benchmarks() -> str:
    """What a call, a chunk and the like cost beside the peers, as `make bench` last found."""
    return report.summary(report.load())


TABLES = {"models": models, "retired": retired, "parameters": parameters, "benchmarks": benchmarks}
"""The README's blocks (`<!-- models -->` to `<!-- /models -->`) and what fills them."""
