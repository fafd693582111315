"""Steps of features/auto_fetch.feature and of unavailable_data.feature: how commands end."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_bdd import given, parsers, then, when

from domain.bar_type import BarType
from domain.instrument import InstrumentId, Series
from tests.acceptance.ibkr import TSLA, TSLA_BARS, Ibkr, coin
from tests.acceptance.terminal import Terminal
from tests.builders import minute_bars
from tests.cli import Cli, Run
from tests.faults.small_disk import SmallDisk, small_disk

VENUES = ("BTC/USD.PAXOS", "BTC/USD.ZEROHASH")
# Half of what the bars of TSLA are said to need.
ROOM = 512 * 1024
# Whoever waits in vain must be told.
_PATIENCE = 60


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path) as disk:
        disk.mount(ROOM)
        yield disk


# Given


@given("IBKR knows BTC/USD at two venues")
def two_venues(ibkr: Ibkr) -> None:
    minute = BarType.parse("1_MIN")
    bars = {Series(InstrumentId.parse(name), minute): minute_bars() for name in VENUES}
    ibkr.connect(bars, instruments=[coin(name) for name in VENUES])


@given("IBKR is connected, and the disk has less room than the bars need")
def little_room(trader: Cli, ibkr: Ibkr, disk: SmallDisk) -> None:
    ibkr.connect({TSLA: TSLA_BARS})
    trader.prefix = disk.prefix
    trader.environment["BARLEDGER_CATALOG"] = str(disk.inside / "catalog")


# When


@when("user fetches BTC/USD", target_fixture="run")
def fetch_bitcoin(trader: Cli) -> Run:
    return trader("fetch", "-i", "BTC/USD", "--start", "2024-01-02", "--end", "2024-01-03")


# Then


@then(parsers.parse('it ends with exit code {expected:d}: "{sentence}"'))
def ended_with(expected: int, sentence: str, run: Run) -> None:
    assert run.code == expected, run.err
    assert f"Error: {sentence}" in run.err


@then(parsers.parse("it ends with exit code {expected:d}, and nothing of it stays open at IBKR"))
def cancelled_at_the_gateway(expected: int, code: int, terminal: Terminal, ibkr: Ibkr) -> None:
    assert code == expected, terminal.shown
    assert "Cancelled." in terminal.shown
    assert "Traceback" not in terminal.shown
    deadline = time.monotonic() + _PATIENCE
    while ibkr.gateway.connected_clients:
        assert time.monotonic() < deadline, "the command is still connected"
        time.sleep(0.01)
    assert ibkr.gateway.open_requests == ()
    assert ibkr.gateway.abandoned_requests == ()


@then(parsers.parse("it ends with exit code {expected:d}, and both are named"))
def both_are_named(expected: int, run: Run, trader: Cli, ibkr: Ibkr) -> None:
    assert run.code == expected, run.err
    assert f"IBKR knows BTC/USD at several venues: {', '.join(VENUES)}." in run.err
    assert f"-i '{VENUES[0]}'" in run.err
    assert ibkr.asked() == []
    assert not list(trader.catalog.rglob("*.parquet"))


@then("it is refused before a bar is asked for, and the error says how much room is needed")
def no_room(run: Run, disk: SmallDisk, ibkr: Ibkr) -> None:
    error = run.document["error"]
    assert (run.code, error["code"]) == (1, "not-enough-space"), run.err
    assert re.search(r"needs? .*\d kB", error["message"]), error
    assert ibkr.asked() == []
    assert not list(disk.outside.rglob("*.parquet"))
