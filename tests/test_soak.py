"""The short form of `make soak`."""

from __future__ import annotations

import pytest

from tests.soak import soak


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_short_soak() -> None:
    report = soak(200)
    assert report.problems == []
    assert report.calls == 200
    assert report.failures == 40
