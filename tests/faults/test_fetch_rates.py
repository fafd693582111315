"""Many series at once, by one process and by four: no limit of the gateway's is passed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from adapters.simulated_gateway.limits import MESSAGES_PER_SECOND
from adapters.simulated_gateway.requests import CONTRACT_DETAILS, HEAD_TIMESTAMP
from adapters.simulated_gateway.server import SimulatedGateway
from tests.cli import Cli
from tests.faults.fetches import (
    Running,
    all_ended,
    all_rows,
    asked,
    gateway,
    held,
    most_in_a_second,
    named,
    served,
    wanted,
)
from tests.faults.state import assert_tidy

FIRST, LAST = "2024-06-24", "2024-06-26"
# Nothing else may be told by the gateway: neither 100, 162, 322 and 420, nor 326.
NEWS = {2104, 2106, 2158}
HEADS_IN_TEN_MINUTES = 60
LONG = pytest.mark.soak


def _assert_kept(at: SimulatedGateway, commands: Sequence[Running]) -> None:
    """Hold that all went well, and that the gateway was asked as it may be."""
    for one in commands:
        one.succeeded()
        assert set(one.codes) <= NEWS, one.codes
    assert most_in_a_second([one.at for one in at.seen]) <= MESSAGES_PER_SECOND
    assert len(at.requests(HEAD_TIMESTAMP)) <= HEADS_IN_TEN_MINUTES
    assert at.open_requests == at.abandoned_requests == ()
    assert set(asked(at.history_requests()).values()) == {1}
    clients = {one.connection: one.client_id for one in at.seen}
    assert len(set(clients.values())) == len(clients) == len(commands)


def test_forty_series_in_one_process(cli: Cli) -> None:
    names = named(40)
    bars = served(names, FIRST, LAST)
    with gateway(bars) as at:
        words = (*wanted(names, FIRST, LAST), "--port", str(at.port))
        with Running(cli, "fetch", *words) as fetch:
            _assert_kept(at, [fetch])
        assert len(at.history_requests()) == len(names)
    assert held(cli.catalog) == all_rows(bars)
    assert_tidy(cli.catalog)


@pytest.mark.parametrize("count", [8, pytest.param(40, marks=LONG)])
def test_the_same_series_in_four_processes(count: int, cli: Cli) -> None:
    names = named(count)
    bars = served(names, FIRST, LAST)
    with gateway(bars) as at:
        words = (*wanted(names, FIRST, LAST), "--port", str(at.port))
        commands = [Running(cli, f"fetch{place}", *words) for place in range(4)]
        with all_ended(commands):
            for one in commands:
                one.succeeded()
            _assert_kept_by_some(at, commands)
        assert len(at.history_requests()) == len(names)
    assert held(cli.catalog) == all_rows(bars)
    assert_tidy(cli.catalog)


def _assert_kept_by_some(at: SimulatedGateway, commands: Sequence[Running]) -> None:
    """Hold the same where a process may have found that the others had fetched everything."""
    told = [one for one in commands if one.codes]
    assert told
    _assert_kept(at, told)


@pytest.mark.parametrize("count", [8, pytest.param(40, marks=LONG)])
def test_other_series_in_each_of_four_processes(count: int, cli: Cli) -> None:
    groups = [named(count, letter) for letter in "ABCD"]
    names = [name for group in groups for name in group]
    bars = served(names, FIRST, LAST)
    with gateway(bars) as at:
        commands = [
            Running(cli, group[0], *wanted(group, FIRST, LAST), "--port", str(at.port))
            for group in groups
        ]
        with all_ended(commands):
            _assert_kept(at, commands)
        assert len(at.requests(CONTRACT_DETAILS)) >= len(names)
        assert len(at.history_requests()) == len(names)
    assert held(cli.catalog) == all_rows(bars)
    assert_tidy(cli.catalog)
