"""The rows: every id, alias and retired id finds what it should, and what is not settled stays open."""

from __future__ import annotations

import dataclasses
import datetime
import pickle

import pytest

from grok_adapter.models import RETIRED, ROWS, GrokModel, Price, model_for, retirement_for

DAY = datetime.date(2026, 10, 5)


@pytest.mark.parametrize(
    ("name", "row_id"),
    [
        ("grok-4.7", "grok-4.7"),
        ("grok-4.7-latest", "grok-4.7"),
        ("grok-4.7-0921", "grok-4.7"),
        ("grok-4.5-latest", "grok-4.5"),
        ("grok-build-latest", "grok-4.5"),
        ("grok-4.20", "grok-4.20-0309-reasoning"),
        ("grok-4.20-reasoning-latest", "grok-4.20-0309-reasoning"),
        ("grok-4.20-experimental-beta-0304-reasoning", "grok-4.20-0309-reasoning"),
        ("grok-4.20-non-reasoning-latest", "grok-4.20-0309-non-reasoning"),
        ("grok-4.20-experimental-beta-0304-non-reasoning", "grok-4.20-0309-non-reasoning"),
        ("grok-4.20-multi-agent-beta-0309", "grok-4.20-multi-agent-0309"),
        ("grok-4-1-fast-reasoning", "grok-4.3"),
        ("grok-4-fast-non-reasoning", "grok-4.3"),
        ("grok-4-0709", "grok-4.3"),
        ("grok-4", "grok-4.3"),
        ("grok-4-latest", "grok-4.3"),
        ("grok-3-mini-fast-latest", "grok-4.3"),
        ("grok-3-fast", "grok-4.3"),
        ("grok-code-fast-1", "grok-build-0.1"),
        ("grok-code-fast-1-0825", "grok-build-0.1"),
        ("xai/grok-4.7", "grok-4.7"),
        ("x-ai/Grok-4.7", "grok-4.7"),
        (" GROK-4.6 ", "grok-4.6"),
    ],
)
def test_a_name_finds_the_row_of_what_answers(name: str, row_id: str) -> None:
    assert model_for(name).id == row_id


@pytest.mark.parametrize("name", ["grok-99", "grok-4.70", "grok-latest", "latest", "gpt-5", "", "my-finetune"])
def test_an_unknown_name_gets_a_row_that_refuses_nothing(name: str) -> None:
    row = model_for(name)
    assert (row.id, row.context_window, row.efforts, row.refuses, row.ignores, row.prices, row.served) == (
        name,
        256_000,
        None,
        frozenset(),
        frozenset(),
        (),
        True,
    )
    assert row.accepts_effort("anything")
    assert row.price_on(DAY) is None


@pytest.mark.parametrize(
    ("model", "accepted", "refused"),
    [
        ("grok-4.7", "low medium high xhigh", "none"),
        ("grok-4.6", "minimal low medium high xhigh", "none"),
        ("grok-4.5", "low medium high xhigh", "none"),
        ("grok-4.3", "none low medium high xhigh", "minimal"),
        ("grok-4.20", "", "none low high"),
        ("grok-4.20-non-reasoning", "", "none low high"),
        ("grok-4.20-multi-agent", "low medium high xhigh", "none"),
        ("grok-build-0.1", "", "none low high"),
    ],
)
def test_efforts(model: str, accepted: str, refused: str) -> None:
    row = model_for(model)
    assert all(row.accepts_effort(value) for value in accepted.split())
    assert not any(row.accepts_effort(value) for value in refused.split())
    assert ("reasoning_effort" in row.refuses) == (row.efforts == ())


def test_what_every_current_model_refuses_and_ignores() -> None:
    for row in ROWS:
        assert {"presence_penalty", "frequency_penalty"} <= row.refuses
        assert {"logprobs", "top_logprobs"} == row.ignores
        takes_stop = row.id.startswith(("grok-4.3", "grok-4.20"))
        assert ("stop" not in row.refuses) == takes_stop


def test_every_row_is_complete_and_has_a_source_and_a_date() -> None:
    for row in ROWS:
        assert row.source
        assert row.checked
        assert row.released
        assert row.prices
        assert row.default_effort is None or row.accepts_effort(row.default_effort)
        assert set(row.inputs) == {"text", "image"}
        assert set(row.apis) == ({"responses"} if row.effort_means == "agents" else {"responses", "chat"})
        assert list(row.prices) == sorted(row.prices, key=lambda price: price.from_date)
        for price in row.prices:
            assert (price.long_input, price.long_output) == (2 * price.input, 2 * price.output)
            assert 0 < price.cached_input < price.input < price.output


def test_names_are_not_shared_between_rows() -> None:
    names = [name for row in ROWS for name in (row.id, *row.aliases)] + list(RETIRED)
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("model", "window", "price"),
    [
        ("grok-4.7", 500_000, (20_000, 5_000, 60_000)),
        ("grok-4.6", 500_000, (20_000, 5_000, 60_000)),
        ("grok-4.5", 500_000, (20_000, 3_000, 60_000)),
        ("grok-4.3", 1_000_000, (12_500, 2_000, 25_000)),
        ("grok-4.20-multi-agent", 1_000_000, (12_500, 2_000, 25_000)),
        ("grok-build-0.1", 256_000, (10_000, 2_000, 20_000)),
    ],
)
def test_windows_and_prices(model: str, window: int, price: tuple[int, int, int]) -> None:
    row = model_for(model)
    current = row.price_on(DAY)
    assert row.context_window == window
    assert current is not None
    assert current.for_prompt(199_999) == price
    assert current.for_prompt(200_000) == tuple(2 * ticks for ticks in price)


def test_a_price_holds_from_its_day_on() -> None:
    row = model_for("grok-4.5")
    assert row.price_on(datetime.date(2026, 7, 7)) is None
    july, august = row.price_on(datetime.date(2026, 7, 8)), row.price_on(datetime.date(2026, 8, 15))
    assert july
    assert august
    assert (july.cached_input, august.cached_input) == (5_000, 3_000)


def test_a_price_without_a_long_tier_stays_the_same() -> None:
    assert Price(DAY, 1, 2, 3).for_prompt(10**6) == (1, 2, 3)


@pytest.mark.parametrize(
    ("name", "served_by", "effort"),
    [
        ("grok-3-mini", "grok-4.3", "low"),
        ("grok-3-mini-fast", "grok-4.3", "low"),
        ("grok-3", "grok-4.3", "none"),
        ("grok-4-1-fast-non-reasoning", "grok-4.3", "none"),
        ("x-ai/grok-4-fast", "grok-4.3", "low"),
        ("grok-code-fast-1", "grok-build-0.1", None),
        ("grok-beta", None, None),
        ("grok-2-1212", None, None),
    ],
)
def test_retired_ids(name: str, served_by: str | None, effort: str | None) -> None:
    gone = retirement_for(name)
    assert gone is not None
    assert (gone.served_by, gone.effort) == (served_by, effort)
    assert model_for(name).served == (served_by is not None)
    assert served_by is None or model_for(served_by).id == served_by


def test_a_redirect_brings_its_effort_and_is_billed_like_its_target_from_its_day_on() -> None:
    row, target = model_for("grok-3"), model_for("grok-4.3")
    assert (row.id, row.default_effort, row.replaced_by) == ("grok-4.3", "none", "grok-4.3")
    assert row.retired == datetime.date(2026, 5, 15)
    assert row.price_on(datetime.date(2026, 5, 14)) is None
    now, then = row.price_on(DAY), target.price_on(DAY)
    assert now
    assert then
    assert now.for_prompt(10) == then.for_prompt(10)
    assert (target.default_effort, target.retired) == ("low", None)


@pytest.mark.parametrize("name", ["grok-4.7", "grok-4.3-latest", "grok-99", "grok-4.20-non-reasoning"])
def test_current_and_unknown_ids_are_not_retired(name: str) -> None:
    assert retirement_for(name) is None


def test_rows_are_values() -> None:
    row = model_for("grok-4.7")
    assert pickle.loads(pickle.dumps(row)) == row
    assert hash(row)
    assert dataclasses.replace(row, context_window=1).context_window == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        row.id = "other"  # type: ignore[misc]
    assert GrokModel(id="mine").served
