"""No cost is above its ceiling, and none grows with how much there is. Counted, not timed: see `tests/costs.py`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.costs import CEILINGS, COSTS, WHO, Server, measured, table
from tests.support.servers import same_bytes
from tests.support.ways import APIS


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with same_bytes() as url:
        yield url


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("what", COSTS)
def test_the_cost_of(server: Server, what: str, who: str, api: str) -> None:
    some, much = measured(what, who, api, server)
    assert much <= some * COSTS[what].same, table(server)
    assert max(some, much) <= CEILINGS[what, who][APIS.index(api)], table(server)
