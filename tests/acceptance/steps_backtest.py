"""Steps of features/run_backtest.feature."""

from __future__ import annotations

from pytest_bdd import given, then, when

from domain.bars import Bars
from tests.acceptance.gateway import Doorbell
from tests.builders import NEW_YORK, csv_text, session_bars
from tests.cli import Cli, Run

PORTFOLIO = {"AAPL.NASDAQ": 18_000, "MSFT.NASDAQ": 37_000, "GOOGL.NASDAQ": 14_000}
ZONE = ("--timezone", "America/New_York")


def _buy_and_hold(trader: Cli, *arguments: str) -> Run:
    return trader("backtest", *arguments, "--strategy", "buy-and-hold", "--json").succeeded()


# Given


@given("AAPL 1-minute bars exist in Parquet catalog for Jan 2024", target_fixture="bars")
def january(trader: Cli) -> Bars:
    bars = session_bars("2024-01-01", "2024-01-31")
    trader.import_csv("AAPL.NASDAQ", csv_text(bars, NEW_YORK), *ZONE)
    return bars


@given("multiple instruments (AAPL, MSFT, GOOGL) exist in catalog", target_fixture="bars")
def portfolio(trader: Cli) -> Bars:
    every = []
    for instrument, price in PORTFOLIO.items():
        bars = session_bars("2024-01-01", "2024-01-31", price=price)
        trader.import_csv(instrument, csv_text(bars, NEW_YORK), *ZONE)
        every.append(bars)
    return Bars.concat(every)


@given("1 year of 1-minute bars exist in catalog", target_fixture="bars")
def year(trader: Cli) -> Bars:
    bars = session_bars("2023-01-01", "2023-12-31")
    trader.import_csv("AAPL.NASDAQ", csv_text(bars, NEW_YORK), *ZONE)
    return bars


# When


@when("user runs backtest for AAPL Jan 2024", target_fixture="run")
def backtest_january(trader: Cli) -> Run:
    return _buy_and_hold(trader, "-i", "AAPL", "--start", "2024-01-01", "--end", "2024-01-31")


@when("user runs portfolio backtest", target_fixture="run")
def backtest_portfolio(trader: Cli) -> Run:
    return _buy_and_hold(trader, *(word for name in PORTFOLIO for word in ("-i", name)))


@when("data is loaded", target_fixture="run")
def backtest_year(trader: Cli) -> Run:
    return _buy_and_hold(trader, "-i", "AAPL.NASDAQ")


# Then


@then("system loads data from Parquet and starts backtest immediately")
def loaded_from_parquet(run: Run, bars: Bars, gateway: Doorbell) -> None:
    assert "Loading AAPL.NASDAQ 1-minute bars from Parquet catalog" in run.err
    _all_bars_came_from_the_catalog(run, bars)
    assert gateway.rings == 0


@then("all data loads from Parquet without any IBKR connection required")
def no_connection(run: Run, bars: Bars, gateway: Doorbell) -> None:
    for instrument in PORTFOLIO:
        assert f"Loading {instrument} 1-minute bars from Parquet catalog" in run.err
    _all_bars_came_from_the_catalog(run, bars)
    assert run.document["orders"] == len(PORTFOLIO)
    assert gateway.rings == 0


@then("system successfully retrieves all bars and proceeds with backtest")
def all_retrieved(run: Run, bars: Bars) -> None:
    assert len(bars) == 260 * 390
    _all_bars_came_from_the_catalog(run, bars)
    assert run.document["orders"] == 1


def _all_bars_came_from_the_catalog(run: Run, bars: Bars) -> None:
    assert run.document["source"] == {"catalog": len(bars), "ibkr": 0}
    assert run.document["bars"] == len(bars)
    assert run.document["positions"] >= 1
