"""Steps of features/auto_fetch.feature: what is fetched, and that it is fetched once."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from pytest_bdd import given, parsers, then, when

from adapters.simulated_gateway.faults import ALWAYS, Fault, FaultKind
from domain.bars import Bars
from tests.acceptance.ibkr import (
    BACKTEST,
    FIRST_ANSWER,
    RANGE,
    SESSIONS,
    TSLA,
    TSLA_BARS,
    Ibkr,
)
from tests.acceptance.steps_import import held
from tests.acceptance.terminal import Terminal
from tests.builders import MSFT, utc
from tests.cli import Cli, Run
from tests.faults.state import rows_of

MINUTES = 390
# The ends of the sessions up to which IBKR is asked after its first answer, and for how many.
REST = [("20240416 20:00:00 UTC", "20 D"), ("20240422 20:00:00 UTC", "4 D")]
# Whoever waits in vain must be told.
_PATIENCE = 60


def between(first: str, last: str) -> Bars:
    """Return the bars of TSLA that IBKR serves of these dates."""
    opens = TSLA_BARS.ts_open
    return TSLA_BARS.take((opens >= utc(first)) & (opens < utc(f"{last}T23:59:00")))


def first_days(days: int) -> Bars:
    """Return the bars of the first so many sessions of TSLA that IBKR serves."""
    return TSLA_BARS.take(slice(0, days * MINUTES))


def wait_until_held(trader: Cli, bars: Bars, terminal: Terminal) -> None:
    """Wait until the catalog holds these bars of TSLA, while the command at `terminal` runs."""
    deadline = time.monotonic() + _PATIENCE
    while held(trader, TSLA) != rows_of(bars):
        assert time.monotonic() < deadline, f"the days are not held: {terminal.shown}"
        time.sleep(0.05)


# Given


@given("TSLA data is NOT in Parquet catalog and IBKR is connected")
def connected(ibkr: Ibkr) -> None:
    ibkr.connect({TSLA: TSLA_BARS})


@given("data fetch is in progress", target_fixture="terminal")
def in_progress(ibkr: Ibkr, start: Callable[..., Terminal]) -> Terminal:
    """IBKR gives its first answer, and takes its time for the others."""
    ibkr.connect({TSLA: TSLA_BARS}, Fault(FaultKind.SILENCE, after=1, times=ALWAYS))
    return start(*BACKTEST)


@given("data is successfully fetched and persisted")
def fetched(trader: Cli, ibkr: Ibkr) -> None:
    ibkr.connect({TSLA: TSLA_BARS})
    run = trader(*BACKTEST, "--json").succeeded()
    assert run.document["source"] == {"catalog": 0, "ibkr": len(TSLA_BARS)}
    assert held(trader, TSLA) == rows_of(TSLA_BARS)
    assert len(ibkr.asked()) == 3


@given("TSLA data is in Parquet catalog but for the week of March 4")
def gap(trader: Cli, ibkr: Ibkr) -> None:
    ibkr.connect({TSLA: TSLA_BARS})
    trader("fetch", "-i", "TSLA", "--start", "2024-02-20", "--end", "2024-03-03").succeeded()
    trader("fetch", "-i", "TSLA", "--start", "2024-03-11", "--end", "2024-04-22").succeeded()
    ibkr.asked()


@given("TSLA and MSFT data is NOT in Parquet catalog and IBKR is connected")
def both_connected(ibkr: Ibkr) -> None:
    """IBKR gives two answers, and takes its time for the others."""
    bars = {TSLA: TSLA_BARS, MSFT: TSLA_BARS}
    ibkr.connect(bars, Fault(FaultKind.SILENCE, after=2, times=ALWAYS))


@given("the file of March 6 is damaged")
def damaged(trader: Cli) -> None:
    (file,) = trader.catalog.glob("TSLA.NASDAQ/1_MIN/2024-03-06.parquet")
    file.write_bytes(bytes(file.stat().st_size))


# When


@when("user runs backtest for TSLA", target_fixture="run")
@when("same backtest runs again later", target_fixture="run")
def backtest(trader: Cli) -> Run:
    return trader(*BACKTEST, "--json")


@when("user runs backtest for TSLA with --offline", target_fixture="run")
def backtest_offline(trader: Cli) -> Run:
    return trader(*BACKTEST, "--offline")


@when("user runs portfolio backtest for TSLA and MSFT at a terminal", target_fixture="terminal")
def portfolio(start: Callable[..., Terminal]) -> Terminal:
    return start(*BACKTEST, "-i", "MSFT")


@when("user is waiting")
def waiting(terminal: Terminal) -> None:
    terminal.read_until("% complete")


@when("user cancels it with Ctrl-C", target_fixture="code")
def cancelled(trader: Cli, terminal: Terminal) -> int:
    wait_until_held(trader, first_days(FIRST_ANSWER), terminal)
    return terminal.cancel()


# Then


@then("system automatically fetches data from IBKR, saves to Parquet, and proceeds with backtest")
def fetched_saved_and_used(run: Run, trader: Cli) -> None:
    run.succeeded()
    assert "Fetching TSLA 1-minute bars from IBKR" in run.err
    assert "Loading TSLA.NASDAQ 1-minute bars from Parquet catalog" in run.err
    assert run.document["source"] == {"catalog": 0, "ibkr": len(TSLA_BARS)}
    assert (run.document["bars"], run.document["orders"]) == (len(TSLA_BARS), 1)
    assert held(trader, TSLA) == rows_of(TSLA_BARS)
    assert len(list(trader.catalog.glob("TSLA.NASDAQ/1_MIN/2024-*.parquet"))) == SESSIONS
    (row,) = trader("check", "-i", "TSLA", *RANGE, "--json").succeeded().document["series"]
    assert row["sessions"]["complete"] == SESSIONS


@then(parsers.parse('system displays progress indicator showing "{line}"'))
def progress(line: str, terminal: Terminal, trader: Cli, ibkr: Ibkr) -> None:
    terminal.read_until(line)
    # It is at a standstill until the gateway comes back, and goes on then.
    wait_until_held(trader, first_days(FIRST_ANSWER), terminal)
    ibkr.gateway.set_faults()
    ibkr.gateway.drop_connections()
    assert terminal.ended() == 0, terminal.shown
    assert held(trader, TSLA) == rows_of(TSLA_BARS)


@then("system uses cached Parquet data without re-fetching")
def not_fetched_again(run: Run, ibkr: Ibkr) -> None:
    run.succeeded()
    assert "Fetching" not in run.err
    assert "Loading TSLA.NASDAQ 1-minute bars from Parquet catalog" in run.err
    assert run.document["source"] == {"catalog": len(TSLA_BARS), "ibkr": 0}
    assert ibkr.asked() == []


@then(parsers.parse('IBKR is asked once, for "{duration}" up to "{end}"'))
def asked_once(run: Run, ibkr: Ibkr, duration: str, end: str) -> None:
    run.succeeded()
    assert ibkr.asked() == [(end, duration)]


@then("the Parquet catalog holds all bars that IBKR serves")
def all_held(trader: Cli) -> None:
    assert held(trader, TSLA) == rows_of(TSLA_BARS)


@then(parsers.parse("the Parquet catalog holds the first {days:d} days that IBKR serves"))
def first_held(days: int, trader: Cli) -> None:
    assert held(trader, TSLA) == rows_of(first_days(days))
    assert trader("verify", "--json").succeeded().document["bars"] == days * MINUTES


@then(parsers.parse("the same command fetches the other {days:d} days alone"))
def goes_on(days: int, trader: Cli, ibkr: Ibkr) -> None:
    ibkr.come_back()
    run = trader(*BACKTEST, "--json").succeeded()
    new = days * MINUTES
    assert run.document["source"] == {"catalog": len(TSLA_BARS) - new, "ibkr": new}
    assert sorted(ibkr.asked()) == REST
    assert held(trader, TSLA) == rows_of(TSLA_BARS)


@then("IBKR was not asked for anything")
def nobody_knocked(ibkr: Ibkr) -> None:
    assert ibkr.gateway.seen == ()


@then("both are shown, one below the other")
def both_are_shown(terminal: Terminal, ibkr: Ibkr) -> None:
    row = "Fetching {} 1-minute bars from IBKR: \\d+% complete[^\n]*\n"
    tesla, microsoft = row.format("TSLA"), row.format("MSFT")
    # Those at work stand above those that wait.
    terminal.read_until_match(re.compile(f"{tesla}{microsoft}|{microsoft}{tesla}"))
    ibkr.gateway.set_faults()
    ibkr.gateway.drop_connections()


@then("the Parquet catalog holds all bars that IBKR serves, of both")
def both_held(terminal: Terminal, trader: Cli) -> None:
    assert terminal.ended() == 0, terminal.shown
    for series in (TSLA, MSFT):
        assert held(trader, series) == rows_of(TSLA_BARS)
