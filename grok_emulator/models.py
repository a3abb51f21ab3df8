"""The models this server answers for: one frozen row each, and the look-up from any name xAI understands.

Facts come from the API notes (sections 1.2 to 1.4, 2.1 and 2.9). Must not know: requests, wire shapes, HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Price:
    """Ticks per token (1 USD = 10**10 ticks), which is also the unit of the ``*_price`` fields of ``/v1/models``."""

    input: int
    cached: int
    output: int

    def doubled(self) -> Price:
        """The priority tier: twice the price (API notes 2.6)."""
        return Price(2 * self.input, 2 * self.cached, 2 * self.output)


@dataclass(frozen=True)
class ModelRow:
    """What one model is and takes.

    Attributes:
        family: Reasoning sealed by one family cannot be opened by another (API notes 4).
        efforts: Accepted ``reasoning_effort`` values; empty means that the parameter itself is refused.
        effort_synonyms: Values that are accepted and silently mean another one.
        reasons: Whether it reasons at all.
        shows_reasoning: Whether Chat Completions carries ``reasoning_content``; where it does not, streams hold one
            empty delta per reasoning token (API notes 2.5).
        takes_stop: Whether Chat Completions accepts ``stop``.
        hidden_prompt: Tokens of the system prompt that xAI puts in front (API notes 3.8).
    """

    id: str
    family: str
    created: int
    context_length: int
    price: Price
    long_price: Price
    aliases: tuple[str, ...] = ()
    efforts: tuple[str, ...] = ()
    effort_synonyms: dict[str, str] = field(default_factory=dict)
    default_effort: str | None = None
    reasons: bool = True
    shows_reasoning: bool = True
    takes_stop: bool = True
    hidden_prompt: int = 190
    requests_per_minute: int = 1800
    tokens_per_minute: int = 10_000_000


LONG_CONTEXT = 200_000
"""Prompt tokens (cached ones included) from which the long-context price holds for the whole request."""

_CHEAP, _CHEAP_LONG = Price(12_500, 2_000, 25_000), Price(25_000, 4_000, 50_000)
_TOP, _TOP_LONG = Price(20_000, 5_000, 60_000), Price(40_000, 10_000, 120_000)

MODELS: tuple[ModelRow, ...] = (
    ModelRow(
        "grok-4.7", "grok-4.7", 1_789_948_800, 500_000, _TOP, _TOP_LONG,
        efforts=("low", "medium", "high", "xhigh"), default_effort="high", shows_reasoning=False, takes_stop=False,
        hidden_prompt=1_520, requests_per_minute=140_000, tokens_per_minute=50_000_000,
    ),
    ModelRow(
        "grok-4.6", "grok-4.6", 1_786_492_800, 500_000, _TOP, _TOP_LONG,
        efforts=("low", "medium", "high", "xhigh"), effort_synonyms={"minimal": "low"}, default_effort="high",
        shows_reasoning=False, takes_stop=False, hidden_prompt=1_520,
        requests_per_minute=140_000, tokens_per_minute=50_000_000,
    ),
    ModelRow(
        "grok-4.5", "grok-4.5", 1_783_468_800, 500_000, Price(20_000, 3_000, 60_000), Price(40_000, 6_000, 120_000),
        aliases=("grok-4.5-latest", "grok-build-latest"), efforts=("low", "medium", "high"),
        effort_synonyms={"xhigh": "high"}, default_effort="high", takes_stop=False, hidden_prompt=200,
        requests_per_minute=41_000, tokens_per_minute=50_000_000,
    ),
    ModelRow(
        "grok-4.3", "grok-4.3", 1_777_507_200, 1_000_000, _CHEAP, _CHEAP_LONG,
        aliases=("grok-4.3-latest", "grok-latest"), efforts=("none", "low", "medium", "high", "xhigh"),
        default_effort="low",
    ),
    ModelRow(
        "grok-4.20-0309-reasoning", "grok-4.20", 1_773_014_400, 1_000_000, _CHEAP, _CHEAP_LONG,
        aliases=("grok-4.20", "grok-4.20-reasoning", "grok-4.20-reasoning-latest", "grok-4.20-0309"),
    ),
    ModelRow(
        "grok-4.20-0309-non-reasoning", "grok-4.20", 1_773_014_400, 1_000_000, _CHEAP, _CHEAP_LONG,
        aliases=("grok-4.20-non-reasoning", "grok-4.20-non-reasoning-latest"), reasons=False,
    ),
    ModelRow(
        "grok-4.20-multi-agent-0309", "grok-4.20", 1_773_014_400, 1_000_000, _CHEAP, _CHEAP_LONG,
        aliases=("grok-4.20-multi-agent", "grok-4.20-multi-agent-latest"),
        efforts=("low", "medium", "high", "xhigh"), default_effort="low", requests_per_minute=432,
        tokens_per_minute=2_500_000,
    ),
    ModelRow(
        "grok-build-0.1", "grok-build", 1_777_593_600, 256_000, Price(10_000, 2_000, 20_000),
        Price(20_000, 4_000, 40_000), aliases=("grok-code-fast-1", "grok-code-fast"), takes_stop=False,
    ),
)  # fmt: skip

_BY_NAME = {name: row for row in MODELS for name in (row.id, *row.aliases)}

# Retired names, longest first: (prefix, who answers, effort when the request names none). API notes 1.3.
_RETIRED: tuple[tuple[str, str, str | None], ...] = (
    ("grok-4-1-fast-non-reasoning", "grok-4.3", "none"),
    ("grok-4-fast-non-reasoning", "grok-4.3", "none"),
    ("grok-4-1-fast", "grok-4.3", "low"),
    ("grok-4-fast", "grok-4.3", "low"),
    ("grok-4-0709", "grok-4.3", "low"),
    ("grok-4-latest", "grok-4.3", "low"),
    ("grok-3-mini", "grok-4.3", "low"),
    ("grok-3", "grok-4.3", "none"),
    # Said to be gone, last seen answering in early 2026; answered here too, so that requests of that time can be sent.
    ("grok-2-vision-1212", "grok-4.3", "none"),
    ("grok-2-1212", "grok-4.3", "none"),
)


@dataclass(frozen=True)
class Resolved:
    """Which row answers for a requested name, and the effort that a redirect brings along."""

    row: ModelRow
    effort: str | None


def resolve(name: str) -> Resolved | None:
    """The row that answers under ``name``, or ``None`` when xAI would say that the model is not found.

    >>> resolve("grok-3-mini").row.id
    'grok-4.3'
    """
    if row := _BY_NAME.get(name):
        return Resolved(row, None)
    if name == "grok-4":
        return Resolved(_BY_NAME["grok-4.3"], "low")
    for prefix, target, effort in _RETIRED:
        if name == prefix or name.startswith(prefix + "-"):
            return Resolved(_BY_NAME[target], effort)
    return None


def fingerprint(row: ModelRow) -> str:
    """A stable ``system_fingerprint``: the same for every answer of a model."""
    number = 0xCBF29CE484222325
    for byte in row.id.encode():
        number = ((number ^ byte) * 0x100000001B3) % 2**64
    return f"fp_{number:016x}"
