"""What is known about each Grok model: one frozen row per id, with its source and date.

A row holds limits, inputs, reasoning efforts, refused parameters, prices and aliases. It sharpens what the adapter
does (which parameters to leave out, what a call costs, how long a prompt may be) and never forbids a name: the API
is the authority, so an id that is not listed here gets a permissive row, and a fact that is not settled is left open.
Must not know: wire formats, the SDK, any framework, the network.

Sources are named as in the project's API notes: "xAI models page", "xAI pricing page" and so on are pages of
docs.x.ai; "xAI OpenAPI, Oct 2026" is the specification in `xai-org/xai-sdk-ts`; "grok-build" is xAI's own client;
"hackathon notes" are live probes of 2026-09-12; "any-llm fixtures" are recorded bodies.

To add a model: add a row to `ROWS`. Read `Price`, `GrokModel`, the rows, the retired ids, then `model_for`.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from grok_adapter.types import Api

__all__ = ["RETIRED", "ROWS", "GrokModel", "Price", "Retirement", "model_for", "retirement_for"]

DEFAULT_CONTEXT_WINDOW = 256_000
"""Window assumed for a model that is not listed: the smallest of any current text model (xAI models page, Oct 2026)."""

LONG_CONTEXT_THRESHOLD = 200_000
"""Prompt tokens, cached ones included, from which the long-context price holds for all tokens of a request."""

_day = datetime.date


@dataclass(frozen=True, slots=True)
class Price:
    """What tokens cost from a day on.

    The unit is ticks per token (1 USD = 10^10 ticks), which is also the unit of the `*_price` integers that
    `/v1/models` returns: USD per million tokens times 10,000 (any-llm fixtures, Aug 2026: 20000 is 2 USD).

    Attributes:
        from_date: First day on which the price held.
        input: A prompt token that was not cached.
        cached_input: A prompt token that came from the prompt cache.
        output: A generated token, reasoning included.
        long_input, long_cached_input, long_output: The same for a request whose prompt reaches the threshold;
            `None` where there is no such tier.
        long_context_threshold: Prompt tokens (cached ones included) from which the long-context trio holds, for every
            token of the request (xAI pricing page, Oct 2026).
    """

    from_date: datetime.date
    input: int
    cached_input: int
    output: int
    long_input: int | None = None
    long_cached_input: int | None = None
    long_output: int | None = None
    long_context_threshold: int = LONG_CONTEXT_THRESHOLD

    def for_prompt(self, tokens: int) -> tuple[int, int, int]:
        """The trio (input, cached input, output) that holds for a prompt of that many tokens, in ticks per token.

        Example:
            >>> Price(datetime.date(2026, 9, 21), 20_000, 5_000, 60_000, 40_000, 10_000, 120_000).for_prompt(200_000)
            (40000, 10000, 120000)
        """
        long = (self.long_input, self.long_cached_input, self.long_output)
        short = (self.input, self.cached_input, self.output)
        if tokens < self.long_context_threshold:
            return short
        first, second, third = (own if own is not None else usual for own, usual in zip(long, short, strict=True))
        return first, second, third


@dataclass(frozen=True, slots=True)
class GrokModel:
    """What one model is and takes. All defaults are the permissive ones: nothing is refused, nothing is promised.

    Attributes:
        id: The id that answers.
        context_window: Prompt tokens, in tokens.
        inputs: Kinds of content it reads: `"text"`, `"image"`.
        efforts: `reasoning_effort` values it takes. `None`: unknown, so any is sent. `()`: the parameter is refused.
        default_effort: Effort used when none is sent; `None` where unknown or not configurable.
        reasoning: Whether it reasons at all.
        refuses: Neutral parameter names that it answers with a 400.
        ignores: Neutral parameter names that it accepts and silently does nothing with.
        apis: The endpoints that serve it.
        client_tools: Whether it calls the caller's own functions.
        effort_means: `"agents"` where the effort chooses how many agents work (multi-agent), else `"reasoning"`.
        prices: Price periods, oldest first; empty where unknown.
        aliases: Other ids that xAI answers with this model.
        released: Day it came to the API.
        knowledge_cutoff: As xAI writes it, such as `"May 2026"`.
        retired: Day the id that was looked up was retired; `None` for current ones.
        replaced_by: Id that answers in its place, at its price.
        served: False for ids that the API no longer answers at all.
        source: Where the facts come from.
        checked: Day they were last looked up.
    """

    id: str
    context_window: int = DEFAULT_CONTEXT_WINDOW
    inputs: tuple[str, ...] = ("text", "image")
    efforts: tuple[str, ...] | None = None
    default_effort: str | None = None
    reasoning: bool = True
    refuses: frozenset[str] = frozenset()
    ignores: frozenset[str] = frozenset()
    apis: tuple[Api, ...] = ("responses", "chat")
    client_tools: bool = True
    effort_means: Literal["reasoning", "agents"] = "reasoning"
    prices: tuple[Price, ...] = ()
    aliases: tuple[str, ...] = ()
    released: datetime.date | None = None
    knowledge_cutoff: str | None = None
    retired: datetime.date | None = None
    replaced_by: str | None = None
    served: bool = True
    source: str = ""
    checked: datetime.date | None = None

    def price_on(self, when: datetime.date) -> Price | None:
        """The price that held on a day; `None` where none is known for it.

        Example:
            >>> model_for("grok-4.7").price_on(datetime.date(2026, 10, 1)).output
            60000
        """
        known = [price for price in self.prices if price.from_date <= when]
        return known[-1] if known else None

    def accepts_effort(self, value: str) -> bool:
        """Whether a `reasoning_effort` may be sent; True where it is not known.

        Example:
            >>> model_for("grok-4.7").accepts_effort("none"), model_for("grok-99").accepts_effort("none")
            (False, True)
        """
        return "reasoning_effort" not in self.refuses and (self.efforts is None or value in self.efforts)


@dataclass(frozen=True, slots=True)
class Retirement:
    """What became of a retired id.

    Attributes:
        name: The retired id.
        retired: Day it was retired, `None` where only "earlier" is known.
        served_by: Id that answers in its place, at that one's price; `None` where nothing does.
        effort: The `reasoning_effort` that the redirect sets.
    """

    name: str
    retired: datetime.date | None
    served_by: str | None
    effort: str | None = None


# --- current models ----------------------------------------------------------------------------------------------

# Every current model answers a penalty with 400, even 0 (hackathon notes, Sept 2026).
_PENALTIES = frozenset({"presence_penalty", "frequency_penalty"})
# Accepted by 4.3 and 4.20, 400 on 4.6 (hackathon notes, Sept 2026; opencodex#5278). Not settled for 4.5 and 4.7: the
# specification says "not for reasoning models", and `stop` works anyway since it is then cut client-side.
_NO_STOP = _PENALTIES | {"stop"}
# Accepted and silently missing from the answer on grok-4.20 and newer (xAI models page, Sept 2026).
_NO_LOGPROBS = frozenset({"logprobs", "top_logprobs"})


def _usd(
    from_date: datetime.date,
    usual: tuple[float, float, float],
    long: tuple[float, float, float],
) -> Price:
    """A price as the pricing page writes it, USD per million tokens: input, cached input, output."""
    ticks = [round(value * 10_000) for value in (*usual, *long)]
    return Price(from_date, *ticks)


# The pages give no day for these prices. Rows of 4.20 and build carry the day of the May 2026 migration, after which
# both price and window stood as they do now; before it no estimate is made. Release days: 4.20 as in its id; of
# build only "April or May 2026" is known.
_CHEAP = ((1.25, 0.20, 2.50), (2.50, 0.40, 5.00))

ROWS: tuple[GrokModel, ...] = (
    GrokModel(
        id="grok-4.7",
        context_window=500_000,
        efforts=("low", "medium", "high", "xhigh"),
        default_effort="high",
        refuses=_NO_STOP,
        ignores=_NO_LOGPROBS,
        prices=(_usd(_day(2026, 9, 21), (2.00, 0.50, 6.00), (4.00, 1.00, 12.00)),),
        released=_day(2026, 9, 21),
        knowledge_cutoff="May 2026",
        # No recording of this model was found: everything here is documentation.
        source="docs.x.ai/developers/grok-4-7; xAI pricing page, Oct 2026",
        checked=_day(2026, 10, 5),
    ),
    GrokModel(
        id="grok-4.6",
        context_window=500_000,
        # `minimal` is accepted and means `low` (hackathon notes, Sept 2026); `none` is a 400 (any-llm fixtures, 13).
        efforts=("minimal", "low", "medium", "high", "xhigh"),
        default_effort="high",
        refuses=_NO_STOP,
        ignores=_NO_LOGPROBS,
        prices=(_usd(_day(2026, 8, 12), (2.00, 0.50, 6.00), (4.00, 1.00, 12.00)),),
        released=_day(2026, 8, 12),
        knowledge_cutoff="2026-02-01",
        source="any-llm fixtures 12 to 14 and grok-build default_models.json, Aug 2026; xAI pricing page, Oct 2026",
        checked=_day(2026, 10, 5),
    ),
    GrokModel(
        id="grok-4.5",
        context_window=500_000,
        # `xhigh` is not settled: the reasoning page (Aug 2026) says it is lowered to high, the any-llm README that it
        # is refused. It may be sent; `none` is a 400 (any-llm fixtures, 03).
        efforts=("low", "medium", "high", "xhigh"),
        default_effort="high",
        refuses=_NO_STOP,
        ignores=_NO_LOGPROBS,
        # Cached input was 0.50 in recordings up to 2026-07-17; 0.30 on later pages. The day of the change is a guess.
        prices=(
            _usd(_day(2026, 7, 8), (2.00, 0.50, 6.00), (4.00, 1.00, 12.00)),
            _usd(_day(2026, 8, 1), (2.00, 0.30, 6.00), (4.00, 0.60, 12.00)),
        ),
        aliases=("grok-4.5-latest", "grok-build-latest"),
        released=_day(2026, 7, 8),
        knowledge_cutoff="Feb 2026",
        source="any-llm fixtures 01 to 14, Jul and Aug 2026; xAI pricing page, Oct 2026",
        checked=_day(2026, 10, 5),
    ),
    GrokModel(
        id="grok-4.3",
        context_window=1_000_000,
        # The newest model page also lists `xhigh`, the reasoning page does not: it may be sent.
        efforts=("none", "low", "medium", "high", "xhigh"),
        default_effort="low",
        refuses=_PENALTIES,
        ignores=_NO_LOGPROBS,
        prices=(_usd(_day(2026, 4, 30), *_CHEAP),),
        aliases=("grok-4.3-latest",),
        released=_day(2026, 4, 30),
        source="ruby_llm cassettes, Aug 2026; xAI models and pricing pages, Oct 2026",
        checked=_day(2026, 10, 5),
    ),
    GrokModel(
        id="grok-4.20-0309-reasoning",
        context_window=1_000_000,  # an older page said 2M at 2 and 6 USD
        efforts=(),
        refuses=_PENALTIES | {"reasoning_effort"},
        ignores=_NO_LOGPROBS,
        prices=(_usd(_day(2026, 5, 15), *_CHEAP),),
        aliases=("grok-4.20", "grok-4.20-reasoning", "grok-4.20-reasoning-latest", "grok-4.20-0309"),
        released=_day(2026, 3, 9),
        source="xAI models and pricing pages, Oct 2026; hackathon notes, Sept 2026",
        checked=_day(2026, 10, 5),
    ),
    GrokModel(
        id="grok-4.20-0309-non-reasoning",
        context_window=1_000_000,
        efforts=(),
        reasoning=False,
        refuses=_PENALTIES | {"reasoning_effort"},
        ignores=_NO_LOGPROBS,
        prices=(_usd(_day(2026, 5, 15), *_CHEAP),),
        aliases=("grok-4.20-non-reasoning", "grok-4.20-non-reasoning-latest"),
        released=_day(2026, 3, 9),
        source="xAI models and pricing pages, Oct 2026; langchain-xai 1.3.0 for `stop`",
        checked=_day(2026, 10, 5),
    ),
    GrokModel(
        id="grok-4.20-multi-agent-0309",
        context_window=1_000_000,
        # 4 agents for low and medium, 16 for high and xhigh (xAI reasoning page, Aug 2026).
        efforts=("low", "medium", "high", "xhigh"),
        effort_means="agents",
        refuses=_PENALTIES,
        ignores=_NO_LOGPROBS,
        # Responses only, no functions of the caller's (opencode#18179, lobehub#12743, langchain-xai 1.3.0, 2026).
        apis=("responses",),
        client_tools=False,
        prices=(_usd(_day(2026, 5, 15), *_CHEAP),),
        aliases=("grok-4.20-multi-agent", "grok-4.20-multi-agent-latest"),
        released=_day(2026, 3, 9),
        source="xAI models, reasoning and pricing pages, Aug to Oct 2026",
        checked=_day(2026, 10, 5),
    ),
    GrokModel(
        id="grok-build-0.1",
        context_window=256_000,
        efforts=(),
        refuses=_NO_STOP | {"reasoning_effort"},
        ignores=_NO_LOGPROBS,
        prices=(_usd(_day(2026, 5, 15), (1.00, 0.20, 2.00), (2.00, 0.40, 4.00)),),
        released=_day(2026, 4, 30),
        source="xAI models and pricing pages, Oct 2026; langchain-xai 1.3.0 for `stop`",
        checked=_day(2026, 10, 5),
    ),
)
"""Every text model that xAI lists (xAI models page, Sept 2026), newest first."""


# --- retired ids -------------------------------------------------------------------------------------------------

_MAY_15 = _day(2026, 5, 15)

_RETIREMENTS = (
    # "xAI migration page" (may-15-retirement), later edition: requests are redirected and billed at the target's price.
    # Proved on the wire: grok-3-mini is answered by grok-4.3 with effort low (rig cassettes, Aug 2026).
    Retirement("grok-4-1-fast", _MAY_15, "grok-4.3", "low"),
    Retirement("grok-4-1-fast-reasoning", _MAY_15, "grok-4.3", "low"),
    Retirement("grok-4-1-fast-non-reasoning", _MAY_15, "grok-4.3", "none"),
    Retirement("grok-4-fast", _MAY_15, "grok-4.3", "low"),
    Retirement("grok-4-fast-reasoning", _MAY_15, "grok-4.3", "low"),
    Retirement("grok-4-fast-non-reasoning", _MAY_15, "grok-4.3", "none"),
    Retirement("grok-4", _MAY_15, "grok-4.3", "low"),
    Retirement("grok-4-0709", _MAY_15, "grok-4.3", "low"),
    Retirement("grok-3-mini", _MAY_15, "grok-4.3", "low"),
    Retirement("grok-3", _MAY_15, "grok-4.3", "none"),
    Retirement("grok-code-fast", _MAY_15, "grok-build-0.1"),
    Retirement("grok-code-fast-1", _MAY_15, "grok-build-0.1"),
    # Gone before that. grok-beta's own error text says 2025-09-15 (req_llm fixtures, Oct 2025).
    Retirement("grok-beta", _day(2025, 9, 15), None),
    Retirement("grok-vision-beta", None, None),
    Retirement("grok-2", None, None),
)

RETIRED: Mapping[str, Retirement] = {entry.name: entry for entry in _RETIREMENTS}
"""Retired text ids. A dated or `-latest` variant (`grok-3-mini-fast-latest`) follows the longest id that fits."""


# --- look-up -----------------------------------------------------------------------------------------------------

_BY_NAME: Mapping[str, GrokModel] = {name: row for row in ROWS for name in (row.id, *row.aliases)}
_ROUTERS = ("xai/", "x-ai/", "xai:", "x-ai:", "openrouter/x-ai/")


def _plain(name: str) -> str:
    """The id without case, blanks and the prefix that routers put in front."""
    plain = name.strip().lower()
    for router in sorted(_ROUTERS, key=len, reverse=True):
        plain = plain.removeprefix(router)
    return plain


def _known_part(name: str) -> str | None:
    """The longest known id that the name is or starts with, at a hyphen: `grok-4.7-0921` is a `grok-4.7`."""
    while name:
        if name in _BY_NAME or name in RETIRED:
            return name
        name = name.rpartition("-")[0]
    return None


def _redirected(row: GrokModel, gone: Retirement) -> GrokModel:
    """The row that answers for a retired id: its prices hold only since then, its effort is the redirect's."""
    since = gone.retired or datetime.date.min
    prices = [price for price in row.prices if price.from_date > since]
    if (first := row.price_on(since)) is not None:
        prices.insert(0, replace(first, from_date=since))
    return replace(
        row,
        default_effort=gone.effort or row.default_effort,
        prices=tuple(prices),
        retired=gone.retired,
        replaced_by=gone.served_by,
    )


@lru_cache(maxsize=512)
def retirement_for(name: str) -> Retirement | None:
    """What became of an id, if it was retired.

    Args:
        name: Any model id.

    Returns:
        When it was retired and what answers now, or `None` for current and unknown ids.

    Example:
        >>> retirement_for("grok-3-mini-latest").served_by
        'grok-4.3'
    """
    known = _known_part(_plain(name))
    return RETIRED.get(known) if known else None


@lru_cache(maxsize=512)
def model_for(name: str) -> GrokModel:
    """The row of a model: its own, that of what serves a retired id, that of its family, or a permissive one.

    A retired id gives the row of what answers, whose `id` then differs from `name`; see `retirement_for`.

    Args:
        name: Any id: pinned, `-latest`, dated, retired, with a router's `xai/` in front, in any case, or unknown.

    Returns:
        The row. Never fails: an unknown model gets 256k tokens, refuses nothing and has no price.

    Example:
        >>> model_for("x-ai/grok-4.7-latest").context_window
        500000
        >>> model_for("grok-99").efforts is None
        True
    """
    plain = _plain(name)
    known = _known_part(plain)
    if known is None:
        return GrokModel(id=name.strip(), source="not listed: permissive")
    if (gone := RETIRED.get(known)) is not None:
        if gone.served_by is None:
            return GrokModel(id=plain, served=False, retired=gone.retired, source="xAI migration page, May 2026")
        return _redirected(_BY_NAME[gone.served_by], gone)
    row = _BY_NAME[known]
    if plain.endswith("-non-reasoning") and row.reasoning:
        # grok-4.20-beta-0309-non-reasoning and the like: the family's row that does not reason.
        family = known.split("-0309")[0]
        row = _BY_NAME.get(f"{family}-non-reasoning", replace(row, reasoning=False))
    return row
