"""Steps of features/auto_fetch.feature: bars on another level, and a split that made them so."""

from __future__ import annotations

import shlex

import attrs
from pytest_bdd import given, parsers, then, when

from domain.bars import Bars
from tests.acceptance.ibkr import TSLA, TSLA_BARS, Ibkr
from tests.acceptance.steps_fetch import between
from tests.acceptance.steps_import import held
from tests.builders import NEW_YORK, csv_text
from tests.cli import Cli, Run
from tests.faults.state import rows_of

HELD = ("2024-02-20", "2024-02-23")
AFTER = ("2024-02-26", "2024-03-01")
WEEK_AFTER = ("fetch", "-i", "TSLA", "--start", AFTER[0], "--end", AFTER[1], "--json")
RATIO = "IBKR's prices are {ratio} times those held on 2024-02-23"


def _before_split(bars: Bars) -> Bars:
    """Return bars as a file has them that was written before one share became four."""
    prices = {name: getattr(bars, name) * 4 for name in ("open", "high", "low", "close")}
    return attrs.evolve(bars, **prices)


# Given


@given("Parquet catalog holds TSLA data from a file, before a split of 4:1", target_fixture="file")
def from_a_file(trader: Cli, ibkr: Ibkr) -> Bars:
    bars = _before_split(between(*HELD))
    trader.import_csv("TSLA.NASDAQ", csv_text(bars, NEW_YORK), "--timezone", "America/New_York")
    ibkr.connect({TSLA: TSLA_BARS})
    return bars


# When


@when("user fetches the week after it", target_fixture="run")
def fetch_after(trader: Cli) -> Run:
    return trader(*WEEK_AFTER)


@when(parsers.parse("user fetches the week after it with --keep {choice}"), target_fixture="run")
def fetch_after_keeping(choice: str, trader: Cli) -> Run:
    return trader(*WEEK_AFTER, "--keep", choice)


@when("user runs a backtest that needs the week after it", target_fixture="run")
def backtest_both(trader: Cli) -> Run:
    dates = ("--start", HELD[0], "--end", AFTER[1])
    return trader("backtest", "-i", "TSLA", *dates, "--strategy", "buy-and-hold", "--json")


# Then


@then(parsers.parse("it ends with exit code {expected:d}, and the ratio {ratio} is told"))
def refused(expected: int, ratio: str, run: Run) -> None:
    assert run.code == expected, run.err
    error = run.document["error"]
    assert error["code"] == "level-difference"
    assert RATIO.format(ratio=ratio) in error["message"]
    assert "--keep fetched" in error["recovery"]
    assert "--keep held" in error["recovery"]


@then("the command that is shown puts bars of IBKR in place of those of the file")
def settled(run: Run, file: Bars, trader: Cli) -> None:
    assert held(trader, TSLA) == rows_of(file)
    recovery = run.document["error"]["recovery"]
    program, *words = shlex.split(recovery[recovery.index("barledger fetch") :])
    assert program == "barledger"
    trader(*words).succeeded()
    assert held(trader, TSLA) == rows_of(between(HELD[0], AFTER[1]))


@then("the Parquet catalog holds what the file held")
def as_it_was(file: Bars, trader: Cli) -> None:
    assert held(trader, TSLA) == rows_of(file)


@then("the Parquet catalog holds bars of the file and then of IBKR")
def beside(file: Bars, run: Run, trader: Cli) -> None:
    run.succeeded()
    assert held(trader, TSLA) == rows_of(Bars.concat([file, between(*AFTER)]))


@then("the Parquet catalog holds bars of IBKR alone")
def replaced(run: Run, trader: Cli) -> None:
    run.succeeded()
    assert held(trader, TSLA) == rows_of(between(HELD[0], AFTER[1]))


@then(parsers.parse("a warning tells the ratio {ratio}"))
def warned(ratio: str, run: Run) -> None:
    assert any(RATIO.format(ratio=ratio) in one for one in run.document["warnings"])
