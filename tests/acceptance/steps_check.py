"""Steps of features/check_availability.feature."""

from __future__ import annotations

from pytest_bdd import given, parsers, then, when

from tests.acceptance.gateway import Doorbell
from tests.builders import NEW_YORK, csv_text, session_bars
from tests.cli import Cli, Run

ZONE = ("--timezone", "America/New_York")
QUARTER = ("--start", "2024-01-01", "--end", "2024-03-31")
TWO_MONTHS = ("--start", "2024-01-01", "--end", "2024-02-28")


def _hold(trader: Cli, instrument: str, first: str, last: str) -> None:
    trader.import_csv(instrument, csv_text(session_bars(first, last), NEW_YORK), *ZONE)


def _wipe_every_bar(trader: Cli) -> int:
    """Fill the files with zeros, name and size unchanged, and return how many there are.

    Whoever reads a bar of them finds damage.
    """
    files = list(trader.catalog.rglob("*.parquet"))
    for file in files:
        file.write_bytes(bytes(file.stat().st_size))
    return len(files)


# Given


@given("catalog contains AAPL data for Jan-Mar 2024", target_fixture="wiped")
def quarter(trader: Cli) -> int:
    _hold(trader, "AAPL.NASDAQ", "2024-01-01", "2024-03-31")
    return _wipe_every_bar(trader)


@given("user checks multiple instruments", target_fixture="arguments")
def several_instruments(trader: Cli) -> tuple[str, ...]:
    _hold(trader, "AAPL.NASDAQ", "2024-01-01", "2024-02-28")
    _hold(trader, "MSFT.NASDAQ", "2024-01-01", "2024-01-15")
    _hold(trader, "MSFT.NASDAQ", "2024-02-01", "2024-02-28")
    return ("check", "-i", "AAPL", "-i", "MSFT", *TWO_MONTHS)


@given("data check completes", target_fixture="run")
def completed(trader: Cli) -> Run:
    _hold(trader, "MSFT.NASDAQ", "2024-01-01", "2024-01-15")
    return trader("check", "-i", "MSFT", *TWO_MONTHS)


# When


@when("user runs data check for AAPL", target_fixture="run")
def check_aapl(trader: Cli) -> Run:
    return trader("check", "-i", "AAPL", *QUARTER)


@when("report is generated", target_fixture="run")
def report(trader: Cli, arguments: tuple[str, ...]) -> Run:
    return trader(*arguments)


@when("user sees gaps")
def gaps_are_seen(run: Run) -> None:
    assert run.code == 3, run.err
    assert "MSFT: Jan 1-15 ✓, Jan 16-Feb 28 ✗" in run.out.splitlines()


# Then


@then(parsers.re(r'system displays "(?P<line>Available: .*)"'))
def displayed(line: str, run: Run, trader: Cli, wiped: int, gateway: Doorbell) -> None:
    stretches, strip, available = run.out.splitlines()
    assert (stretches, available) == ("AAPL: Jan 1-Mar 31 ✓", line)
    assert strip == f"  2024-01-02 {'█' * 31} 2024-03-28"
    assert run.code == 0
    assert gateway.rings == 0
    # The check read no file: it found no fault with those that `verify` cannot make out.
    assert len(trader("verify", "--json").document["damaged"]) == wiped == 65


@then(parsers.parse('system shows gaps: "{line}"'))
def gaps_are_shown(line: str, run: Run, gateway: Doorbell) -> None:
    assert {"AAPL: Jan 1-Feb 28 ✓", line} <= set(run.out.splitlines())
    assert run.code == 3
    assert gateway.rings == 0


@then(parsers.parse('message suggests: "{line}"'))
def suggested(line: str, run: Run, gateway: Doorbell) -> None:
    assert run.out.splitlines()[-1] == line
    assert gateway.rings == 0
