"""Long ranges are streamed: a year needs hardly more memory than a month."""

from __future__ import annotations

import pytest

from tests.builders import NEW_YORK, csv_text, session_bars
from tests.cli import Cli

NAMES = ("AAPL.NASDAQ", "MSFT.NASDAQ")


@pytest.fixture
def year(cli: Cli) -> Cli:
    """Hold the weekdays of 2023 of two instruments: 101,400 bars each."""
    for name in NAMES:
        text = csv_text(session_bars("2023-01-01", "2023-12-31"), NEW_YORK)
        cli.import_csv(name, text, "--timezone", "America/New_York")
    return cli


def _peak(cli: Cli, instruments: tuple[str, ...], end: str, bars: int) -> int:
    named = [word for name in instruments for word in ("-i", name)]
    run = cli(
        "backtest",
        *named,
        "--strategy",
        "buy-and-hold",
        "--start",
        "2023-01-01",
        "--end",
        end,
        "--json",
    ).succeeded()
    assert run.document["bars"] == bars * len(instruments)
    return run.peak


def test_a_years_peak_is_at_most_a_fifth_above_a_months(year: Cli) -> None:
    for instruments in (NAMES[:1], NAMES):
        month = _peak(year, instruments, "2023-01-31", 22 * 390)
        whole = _peak(year, instruments, "2023-12-31", 260 * 390)
        assert whole <= 1.2 * month, f"{instruments}: a month {month} kB, a year {whole} kB"
