"""What a call cost: exact where xAI says so, else worked out from the model's row.

xAI reports the cost of a call in ticks (10^10 a dollar) since 2026. Where it does not (older recordings, gateways, a
stream that was closed early) the tokens are priced with the row of the model. Checked to the tick against every
recording whose model has a price for its day. Must not know: wire formats, frameworks, the network.

Prices of tools: xAI pricing page, Oct 2026. Read `estimate_ticks`, then `cost_usd`.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from grok_adapter.models import GrokModel
from grok_adapter.types import TICKS_PER_USD, Usage

__all__ = ["cost_usd", "estimate_ticks"]

_X_SEARCH_BY_FETCH = datetime.date(2026, 9, 21)
"""From this day X search is billed by the posts and profiles it fetches, before that by the call."""

# Ticks for one of each; the names are those of `usage.server_side_tool_usage_details`.
_TOOL_TICKS: Mapping[str, int] = {
    "web_search_calls": 50_000_000,  # 5 USD per 1,000; on the wire in August 2026 (ruby_llm cassettes)
    "code_interpreter_calls": 50_000_000,
    "file_search_calls": 25_000_000,  # collections search, 2.50 USD per 1,000
    "document_search_calls": 100_000_000,  # attachment search, 10 USD per 1,000
    "x_posts_fetched": 50_000_000,
    "x_users_fetched": 100_000_000,
}
_X_SEARCH_CALL_TICKS = 50_000_000  # on the wire in January 2026 (req_llm fixtures)

_DOUBLE_TIERS = frozenset({"priority", "fast"})
"""Twice the token price: `priority` is proved on the wire (any-llm fixtures, 12), `fast` is said to be the same."""


def estimate_ticks(
    usage: Usage,
    row: GrokModel,
    *,
    when: datetime.date | None = None,
    service_tier: str | None = None,
    regional: bool = False,
) -> int | None:
    """Prices the tokens and server-side tool calls of one request.

    Args:
        usage: What was used. The long-context price holds for all tokens once the prompt, cached tokens included,
            reaches the threshold.
        row: The model that answered, which may not be the one asked.
        when: Day of the call, UTC; today if not given.
        service_tier: As answered: `"priority"` and `"fast"` double the token prices.
        regional: The call went to a regional host such as `us.api.x.ai`, 10 % dearer (xAI regions page, Sept 2026).

    Returns:
        Ticks, 10^10 to the dollar; `None` if the row has no price for that day. Images that a server-side tool made
        and other charges that usage does not count are not in it.

    Example:
        >>> from grok_adapter.models import model_for
        >>> estimate_ticks(Usage(1_528, 182), model_for("grok-4.6"), when=datetime.date(2026, 8, 20))
        41480000
    """
    day = _day_of(when)
    price = row.price_on(day)
    if price is None:
        return None
    full, cached, output = price.for_prompt(usage.input_tokens)
    from_cache = min(usage.cached_tokens, usage.input_tokens)  # old answers could say more than the prompt had
    ticks = (usage.input_tokens - from_cache) * full + from_cache * cached + usage.output_tokens * output
    if service_tier in _DOUBLE_TIERS:
        ticks *= 2
    if regional:
        ticks = ticks * 11 // 10
    return ticks + _tool_ticks(usage, day)


def cost_usd(
    usage: Usage,
    row: GrokModel,
    *,
    when: datetime.date | None = None,
    service_tier: str | None = None,
    regional: bool = False,
) -> tuple[float | None, bool]:
    """What a call cost in US dollars, and whether that is an estimate.

    Args:
        usage: What was used; its ticks are taken where there are any.
        row: As for `estimate_ticks`, which is asked where there are none.
        when: As for `estimate_ticks`.
        service_tier: As for `estimate_ticks`.
        regional: As for `estimate_ticks`.

    Returns:
        Dollars and `False` where xAI said so, dollars and `True` where they were worked out, `(None, False)` where
        nothing is known.

    Example:
        >>> from grok_adapter.models import model_for
        >>> cost_usd(Usage(1_000, 100, cost_in_usd_ticks=26_000_000), model_for("grok-4.7"))
        (0.0026, False)
    """
    if usage.cost_usd is not None:
        return usage.cost_usd, False
    ticks = estimate_ticks(usage, row, when=when, service_tier=service_tier, regional=regional)
    return (None, False) if ticks is None else (ticks / TICKS_PER_USD, True)


def _day_of(when: datetime.date | None) -> datetime.date:
    if when is None:
        return datetime.datetime.now(datetime.UTC).date()
    if isinstance(when, datetime.datetime):  # which is a date, but one that does not compare with dates
        return (when.astimezone(datetime.UTC) if when.tzinfo else when).date()
    return when


def _tool_ticks(usage: Usage, day: datetime.date) -> int:
    """What the server-side tool calls cost; MCP calls are free of charge."""
    details = usage.raw.get("server_side_tool_usage_details")
    if not isinstance(details, Mapping):
        return 0
    counts = {name: count for name, count in details.items() if isinstance(count, int)}
    ticks = sum(each * counts.get(name, 0) for name, each in _TOOL_TICKS.items())
    return ticks + (counts.get("x_search_calls", 0) * _X_SEARCH_CALL_TICKS if day < _X_SEARCH_BY_FETCH else 0)
