"""Costs: exact from ticks, else from the row; the same to the tick as every recording that has both."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grok_adapter.models import GrokModel, model_for, retirement_for
from grok_adapter.pricing import cost_usd, estimate_ticks
from grok_adapter.types import Usage

DAY = datetime.date(2026, 10, 5)
ROW = model_for("grok-4.7")


def tools(**counts: int) -> dict[str, Any]:
    return {"server_side_tool_usage_details": counts}


@pytest.mark.parametrize(
    ("usage", "options", "ticks"),
    [
        (Usage(1_000, 100), {}, 26_000_000),
        (Usage(1_000, 100, cached_tokens=600), {}, 400 * 20_000 + 600 * 5_000 + 100 * 60_000),
        (Usage(1_000, 100, cached_tokens=9_000), {}, 1_000 * 5_000 + 100 * 60_000),
        (Usage(199_999, 10), {}, 199_999 * 20_000 + 10 * 60_000),
        (Usage(200_000, 10, cached_tokens=150_000), {}, 50_000 * 40_000 + 150_000 * 10_000 + 10 * 120_000),
        (Usage(1_000, 100), {"service_tier": "priority"}, 52_000_000),
        (Usage(1_000, 100), {"service_tier": "fast"}, 52_000_000),
        (Usage(1_000, 100), {"service_tier": "default"}, 26_000_000),
        (Usage(1_000, 100), {"regional": True}, 28_600_000),
        (Usage(0, 0, raw=tools(web_search_calls=2, code_interpreter_calls=1)), {}, 150_000_000),
        (Usage(0, 0, raw=tools(file_search_calls=2, document_search_calls=1, mcp_calls=5)), {}, 150_000_000),
        (Usage(0, 0, raw=tools(x_search_calls=3, x_posts_fetched=10, x_users_fetched=1)), {}, 600_000_000),
        (Usage(0, 0, raw=tools(web_search_calls=1)), {"service_tier": "priority"}, 50_000_000),
        (Usage(1, 0, raw={"server_side_tool_usage_details": None}), {}, 20_000),
    ],
)
def test_estimate(usage: Usage, options: dict[str, Any], ticks: int) -> None:
    assert estimate_ticks(usage, ROW, when=DAY, **options) == ticks


def test_x_search_was_billed_by_the_call_until_september() -> None:
    usage = Usage(0, 0, raw=tools(x_search_calls=3))
    assert estimate_ticks(usage, model_for("grok-4.3"), when=datetime.date(2026, 9, 20)) == 150_000_000


def test_the_recorded_priority_call() -> None:
    """1528 prompt and 182 output tokens on grok-4.6 under `priority` cost 82,960,000 ticks (any-llm fixtures, 12)."""
    usage = Usage(1_528, 182)
    day = datetime.date(2026, 8, 12)
    assert estimate_ticks(usage, model_for("grok-4.6"), when=day, service_tier="priority") == 82_960_000


@pytest.mark.parametrize(
    ("usage", "row", "when", "expected"),
    [
        (Usage(1_000, 100, cost_in_usd_ticks=26_000_001), ROW, DAY, (0.0026000001, False)),
        (Usage(1_000, 100, cost_in_usd_ticks=0), ROW, DAY, (0.0, False)),
        (Usage(1_000, 100, cost_in_usd_ticks=26_000_000), GrokModel(id="x"), DAY, (0.0026, False)),
        (Usage(1_000, 100), ROW, DAY, (0.0026, True)),
        (Usage(1_000, 100, estimated=True), ROW, None, (0.0026, True)),
        (Usage(1_000, 100), ROW, datetime.datetime(2026, 10, 5, 23, tzinfo=datetime.UTC), (0.0026, True)),
        (Usage(1_000, 100), ROW, datetime.date(2026, 9, 20), (None, False)),
        (Usage(1_000, 100), GrokModel(id="x"), DAY, (None, False)),
    ],
)
def test_cost(usage: Usage, row: GrokModel, when: datetime.date | None, expected: tuple[float | None, bool]) -> None:
    assert cost_usd(usage, row, when=when) == expected


# --- recordings --------------------------------------------------------------------------------------------------

RECORDINGS = os.environ.get("GROK_RECORDINGS")

EXCEPTIONS = {
    "responses_xai-image-generation-tool": "ids, times and numbers replaced by the authors (ticks 123456)",
    "responses_xai-13218-web-search-provider-tool-result": "its day was replaced by the authors (1970)",
}
"""Recordings whose ticks cannot come out, by the start of their file name, with the reason."""


def bodies(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a recording: one body, or the payloads of a stream."""
    text = path.read_text()
    lines = [text] if path.suffix == ".json" else [line.removeprefix("data:").strip() for line in text.splitlines()]
    for line in lines:
        if line.startswith("{"):
            body = json.loads(line)
            yield body["response"] if isinstance(body.get("response"), dict) else body


def usage_of(raw: dict[str, Any]) -> Usage:
    """The wire's usage in neutral words; Chat Completions leaves reasoning out of the completion."""
    prompt = raw.get("input_tokens", raw.get("prompt_tokens", 0))
    cached = (raw.get("input_tokens_details") or raw.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
    return Usage(prompt, raw["total_tokens"] - prompt, raw["total_tokens"], cached_tokens=cached, raw=raw)


def with_ticks() -> Iterator[tuple[str, dict[str, Any], datetime.date]]:
    """Each recording that reports ticks: file name, last body, day."""
    root = Path(RECORDINGS) if RECORDINGS else None
    for row in json.loads((root / "manifest.json").read_text()) if root else []:
        if root is None or row["endpoint"] not in ("chat.completions", "responses"):
            continue
        said = [body for body in bodies(root / row["file"]) if (body.get("usage") or {}).get("cost_in_usd_ticks")]
        if not said:
            continue
        last = said[-1]
        created = last.get("created_at") or last.get("created") or 0
        yield Path(row["file"]).name, last, datetime.datetime.fromtimestamp(created, datetime.UTC).date()


def is_excused(name: str) -> bool:
    return any(name.startswith(start) for start in EXCEPTIONS)


def recorded() -> list[Any]:
    """A case for each recording whose answering model has a row with a price for its day."""
    return [
        pytest.param(body, day, id=name)
        for name, body, day in with_ticks()
        if model_for(body["model"]).price_on(day) and not is_excused(name)
    ]


@pytest.mark.skipif(not RECORDINGS, reason="GROK_RECORDINGS names no recordings")
def test_there_are_recordings_to_check() -> None:
    assert len(recorded()) >= 60


@pytest.mark.parametrize(("body", "day"), recorded())
def test_recorded_ticks_come_out_to_the_tick(body: dict[str, Any], day: datetime.date) -> None:
    row = model_for(body["model"])
    ticks = estimate_ticks(usage_of(body["usage"]), row, when=day, service_tier=body.get("service_tier"))
    assert ticks == body["usage"]["cost_in_usd_ticks"]


def test_what_is_not_checked_has_a_reason() -> None:
    """Made-up numbers, or a model of before its retirement, which has no price here; its ticks are exact anyway."""
    for name, body, day in with_ticks():
        row = model_for(body["model"])
        if row.price_on(day) is None and not is_excused(name):
            gone = retirement_for(body["model"])
            assert gone is not None, name
            assert gone.served_by is None or day < (gone.retired or day), name


def test_the_exact_cost_of_every_recording_is_its_ticks() -> None:
    for _, body, _ in with_ticks():
        usage = replace(usage_of(body["usage"]), cost_in_usd_ticks=body["usage"]["cost_in_usd_ticks"])
        dollars, estimated = cost_usd(usage, model_for(body["model"]))
        assert dollars is not None
        assert (round(dollars * 10**10), estimated) == (body["usage"]["cost_in_usd_ticks"], False)
