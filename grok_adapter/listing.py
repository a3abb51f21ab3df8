"""What `/v1/models` and `/v1/language-models` say, as rows of the same kind as those of `models`.

Both are needed: the window stands in the first only, the inputs in the second only (hackathon notes, Sept 2026), and
the second alone tells text models from those for images and video. Facts that neither states (which parameters a
model refuses) are taken over from the known row. Must not know: HTTP, SDK, frameworks.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from grok_adapter.models import GrokModel, Price, model_for

__all__ = ["rows_from_listing"]

SOURCE = "/v1/models and /v1/language-models"

Entry = Mapping[str, Any]


def rows_from_listing(
    models: Entry, language_models: Entry, today: datetime.date | None = None
) -> tuple[GrokModel, ...]:
    """The text models that a team may use now, in the order of the listing.

    Args:
        models: Body of `/v1/models`: `{"data": [...]}`.
        language_models: Body of `/v1/language-models`: `{"models": [...]}`; empty where a gateway has none, and then
            everything in the first counts that has no price for images.
        today: Day of the listing, UTC; today if not given.

    Returns:
        Rows; `checked` is the day of the listing, and a price that differs from the known one holds from that day on.

    Example:
        >>> entry = {"id": "grok-5", "context_length": 600_000, "prompt_text_token_price": 30_000,
        ...          "completion_text_token_price": 90_000}
        >>> row = rows_from_listing({"data": [entry]}, {}, datetime.date(2026, 12, 1))[0]
        >>> row.id, row.context_window, row.prices[0].output
        ('grok-5', 600000, 90000)
    """
    day = today or datetime.datetime.now(datetime.UTC).date()
    # The wire says `data` for the first (any-llm fixtures, 14), the example in the specification `models`.
    first, second = _by_id(models.get("data") or models.get("models")), _by_id(language_models.get("models"))
    names = list(second) or [name for name, entry in first.items() if not _makes_images(entry)]
    return tuple(_row(name, {**first.get(name, {}), **second.get(name, {})}, day) for name in names)


def _by_id(entries: Any) -> dict[str, Entry]:
    found = entries if isinstance(entries, list) else []
    return {str(entry["id"]): entry for entry in found if isinstance(entry, Mapping) and entry.get("id")}


def _makes_images(entry: Entry) -> bool:
    return bool(entry.get("image_price") or entry.get("pricing"))


def _row(name: str, entry: Entry, day: datetime.date) -> GrokModel:
    """One row: what the listing says, over what was known."""
    known = replace(model_for(name), id=name, served=True, retired=None, replaced_by=None)
    facts: dict[str, Any] = {"source": SOURCE, "checked": day, "prices": _prices(known, entry, day)}
    if (window := _count(entry.get("context_length"))) is not None:
        facts["context_window"] = window
    if isinstance(entry.get("aliases"), list):
        facts["aliases"] = tuple(map(str, entry["aliases"]))
    if isinstance(entry.get("input_modalities"), list):
        facts["inputs"] = tuple(map(str, entry["input_modalities"]))
    if (created := _count(entry.get("created"))) is not None:
        facts["released"] = datetime.datetime.fromtimestamp(created, datetime.UTC).date()
    capabilities = entry.get("capabilities")
    if isinstance(capabilities, Mapping) and isinstance(capabilities.get("reasoning_effort"), list):
        efforts = tuple(map(str, capabilities["reasoning_effort"]))
        refuses = known.refuses - {"reasoning_effort"} if efforts else known.refuses | {"reasoning_effort"}
        facts |= {"efforts": efforts, "refuses": refuses}
        facts["default_effort"] = capabilities.get("default_reasoning_effort") or known.default_effort
    return replace(known, **facts)


def _prices(known: GrokModel, entry: Entry, day: datetime.date) -> tuple[Price, ...]:
    """The known price periods, and one from today on if the listing has other figures. Its integers are ticks."""
    usual, cached, output = (
        _count(entry.get(name))
        for name in ("prompt_text_token_price", "cached_prompt_text_token_price", "completion_text_token_price")
    )
    if usual is None or output is None:
        return known.prices
    now = Price(
        day,
        usual,
        usual if cached is None else cached,
        output,
        _count(entry.get("prompt_text_token_price_long_context")),
        _count(entry.get("cached_prompt_text_token_price_long_context")),
        _count(entry.get("completion_text_token_price_long_context")),
        *((threshold,) if (threshold := _count(entry.get("long_context_threshold"))) else ()),
    )
    before = known.price_on(day)
    if before is not None and replace(before, from_date=day) == now:
        return known.prices
    return (*(price for price in known.prices if price.from_date < day), now)


def _count(value: Any) -> int | None:
    """A number above zero; zero is how the specification says that there is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
