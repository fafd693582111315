"""Long bars are kept as they are served where the trading day turns amid a slot of the clock."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
import pytest

from domain.bars import Bars
from domain.errors import UnusableAnswerError
from domain.gaps import Status
from domain.instrument import Instrument
from domain.sessions import Session
from tests.builders import utc
from tests.integration.cli.conftest import Barledger
from tests.integration.ibkr.desk import Opening, sessions_of
from tests.integration.ibkr.serving import bars_of, series_of, within
from tests.integration.simulated_gateway.instruments import EURO, MARCH

FIRST, LAST = "2024-03-04", "2024-03-15"
DAYS = sessions_of(EURO, FIRST, LAST)
MINUTE, HOUR = 60 * 10**9, 3600 * 10**9


def _served(bar_type: str) -> Bars:
    """Return bars of days that begin at 17:15, as IBKR's do, and not at 17:00."""
    bars = bars_of(series_of(EURO, bar_type), DAYS, digits=5, price=108_431, volume=0)
    for one in DAYS:
        start = one.open + 15 * MINUTE
        bars = bars.take((bars.ts_open < one.open) | (bars.ts_event > start))
        cut = (bars.ts_open >= one.open) & (bars.ts_open < start)
        bars = attrs.evolve(bars, ts_open=np.where(cut, start, bars.ts_open))
    return bars


@pytest.mark.parametrize("bar_type", ["10_MIN", "1_HOUR", "2_HOUR", "3_HOUR", "4_HOUR", "8_HOUR"])
def test_days_that_begin_at_a_quarter_past_are_whole(opening: Opening, bar_type: str) -> None:
    series, served = series_of(EURO, bar_type), _served(bar_type)
    desk = opening({series: served}, EURO)
    desk.fetch(series, FIRST, LAST)
    assert desk.held(series).same_values(served)
    assert {one.status for one in desk.judged(series, DAYS)} == {Status.COMPLETE}
    desk.asked()
    assert desk.fetch(series, FIRST, LAST).bars_fetched == 0
    assert desk.asked() == []


@pytest.mark.parametrize("bar_type", ["1_HOUR", "4_HOUR", "8_HOUR"])
def test_a_day_that_is_fetched_bit_by_bit_is_the_same_in_the_end(
    opening: Opening, bar_type: str
) -> None:
    series, served = series_of(EURO, bar_type), _served(bar_type)
    start, days = utc("2024-03-06T21:50:00"), ("2024-03-06", "2024-03-07")
    for hours in (0, 1, 3, 6, 11, 17, 23, 24, 26, 30):
        now = start + hours * HOUR
        desk = opening({series: served}, EURO, now=now)
        desk.fetch(series, *days)
        held = desk.held(series)
        of_days = (served.ts_open >= DAYS[2].open) & (served.ts_open < DAYS[3].close)
        closed = served.take(of_days & (served.ts_event <= now))
        assert held.same_values(closed.take(slice(0, len(held))))
        assert len(held) >= len(closed) - 1
    assert {one.status for one in desk.judged(series, DAYS[2:4])} == {Status.COMPLETE}
    assert len(held) == len(closed)


@pytest.mark.parametrize("bar_type", ["10_MIN", "1_HOUR", "4_HOUR"])
def test_what_is_exported_is_imported_as_the_same_bars(
    opening: Opening, barledger: Barledger, tmp_path: Path, bar_type: str
) -> None:
    series, served = series_of(EURO, bar_type), _served(bar_type)
    desk = opening({series: served}, EURO)
    words = ("-i", str(EURO.id), "--bar-type", bar_type)
    range_ = ("--start", FIRST, "--end", LAST, "--port", str(desk.gateway.port))
    assert barledger("fetch", *words, *range_).code == 0
    file = tmp_path / "bars.csv"
    assert barledger("export", *words, "--format", "csv", "--output", file).code == 0
    choice = ("--on-conflict", "overwrite", "--json")
    (row,) = barledger("import-csv", file, *words, *choice).document["files"]
    assert (row["rows"], row["bars_written"]) == (len(served), 0)
    assert (row["bars_replaced"], row["bars_removed"]) == (0, 0)
    (listed,) = barledger("list", "--json").document["series"]
    assert listed["bars"] == len(served)


def _shifted(days: list[Session], hours: int) -> Bars:
    """Return four-hour bars on a grid that is so many hours after the venue's."""
    bars = bars_of(series_of(MARCH, "4_HOUR"), days)
    first = np.isin(bars.ts_open, [one.open for one in days])
    return attrs.evolve(bars, ts_open=bars.ts_open + ~first * hours * HOUR)


@pytest.mark.parametrize("hours", [1, 2, 3])
def test_bars_on_another_clock_are_refused_and_what_to_fetch_is_told(
    opening: Opening, hours: int
) -> None:
    four, one = series_of(MARCH, "4_HOUR"), series_of(MARCH, "1_HOUR")
    days = sessions_of(MARCH, FIRST, "2024-03-14")
    served = bars_of(one, days)
    desk = opening({four: _shifted(days, hours), one: served}, MARCH)
    error = desk.refused(four, FIRST, "2024-03-14")
    assert isinstance(error, UnusableAnswerError)
    assert "4-hour bar opens at" in error.message
    assert "--bar-type 1_HOUR" in error.recovery
    assert not len(desk.held(four))
    desk.fetch(one, FIRST, "2024-03-14")
    assert desk.held(one).same_values(served)


@pytest.mark.parametrize("instrument", [EURO, MARCH], ids=["currencies", "futures"])
def test_a_backtest_runs_over_the_sessions_that_a_fetch_is_for(
    opening: Opening, barledger: Barledger, instrument: Instrument
) -> None:
    series = series_of(instrument, "1_HOUR")
    served = bars_of(series, sessions_of(instrument, "2024-02-26", "2024-03-14"))
    days = sessions_of(instrument, "2024-03-04", "2024-03-06")
    count = len(within(served, days[0].open, days[-1].close))
    desk = opening({series: served}, instrument)
    words = ("-i", str(instrument.id), "--bar-type", "1_HOUR", "--port", str(desk.gateway.port))
    range_ = ("--start", "2024-03-04", "--end", "2024-03-06", "--json")
    run = ("backtest", *words, *range_, "--strategy", "buy-and-hold", "--param", "trade_size=1")
    first = barledger(*run).document
    assert first["source"] == {"catalog": 0, "ibkr": count}
    # What is held beside the range changes nothing.
    assert barledger("fetch", *words, "--start", "2024-02-26", "--end", "2024-03-14").code == 0
    again = barledger(*run).document
    assert again["source"] == {"catalog": count, "ibkr": 0}
    assert [again[key] for key in ("bars", "pnl")] == [first[key] for key in ("bars", "pnl")]
    (row,) = barledger("fetch", *words, *range_, "--refetch").document["series"]
    assert row["days_written"] == 3
