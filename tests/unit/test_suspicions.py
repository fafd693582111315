"""What is suspicious but legal about bars, and what is not."""

from __future__ import annotations

import csv
import datetime as dt
import zoneinfo
from collections.abc import Sequence

import numpy as np
import pytest

from domain.bar_type import BarType
from domain.bars import Bars
from domain.instrument import InstrumentId, Series
from domain.sessions import (
    Session,
    daily_closes,
    intraday_closes,
    intraday_opens,
    midnight_utc,
    utc_offsets,
)
from domain.suspicions import Suspicion, Suspicions
from tests.builders import DATA, MINUTE, NEW_YORK

UTC = zoneinfo.ZoneInfo("UTC")
HOUR = 60 * MINUTE


def _series(bar_type: str = "1_MIN", instrument: str = "AAPL.NASDAQ") -> Series:
    return Series(InstrumentId.parse(instrument), BarType.parse(bar_type))


def _instant(date: dt.date, hours: float, zone: zoneinfo.ZoneInfo = NEW_YORK) -> int:
    clock = dt.datetime.combine(date, dt.time(), zone) + dt.timedelta(hours=hours)
    return int(clock.timestamp()) * 10**9


def _sessions(
    first: str,
    last: str,
    opens: float = 9.5,
    closes: float = 16,
    zone: zoneinfo.ZoneInfo = NEW_YORK,
) -> list[Session]:
    """Return a session for each weekday, between hours of the clock of `zone`."""
    days = np.arange(first, np.datetime64(last) + 1, dtype="datetime64[D]").tolist()
    return [
        Session(day, _instant(day, opens, zone), _instant(day, closes, zone))
        for day in days
        if day.weekday() < 5
    ]


def _bars(series: Series, opens: np.ndarray, closes: np.ndarray | None = None) -> Bars:
    """Return bars whose prices wander a little, so that no two days are alike."""
    if closes is None:
        closes = opens + series.bar_type.length
    price = 10_000 + np.cumsum(np.random.default_rng(1).integers(-3, 4, len(opens)))
    volume = 1 + np.arange(len(opens)) % 997
    return Bars(opens, closes, price, price + 2, price - 2, price + 1, volume, 2, 0)


def _minutes(sessions: Sequence[Session], step: int = MINUTE) -> np.ndarray:
    return np.concatenate([np.arange(one.open, one.close, step) for one in sessions])


def _misread(stamps: np.ndarray, written: zoneinfo.ZoneInfo, read: zoneinfo.ZoneInfo) -> np.ndarray:
    """Return the instants of `stamps`, written by one clock and read by another."""
    clock = stamps + utc_offsets(stamps, written)
    return clock - utc_offsets(clock, read)


def _found(
    bars: Bars,
    series: Series,
    regular: Sequence[Session] = (),
    extended: Sequence[Session] = (),
    chunk: int = 100_000,
) -> dict[str, Suspicion]:
    """Return what is found, by kind; the bars stand in lines 2 and following."""
    watched = Suspicions(series, regular, extended)
    lines = np.arange(2, len(bars) + 2)
    for start in range(0, len(bars), chunk):
        part = slice(start, start + chunk)
        watched.add(bars.take(part), lines[part])
    return {one.kind: one for one in watched.found()}


def _priced(*closes_and_opens: tuple[int, int], precision: int = 2) -> Bars:
    """Return minute bars with these opens and closes."""
    opens, closes = (np.array(column, np.int64) for column in zip(*closes_and_opens, strict=True))
    stamps = _instant(dt.date(2024, 1, 2), 9.5) + MINUTE * np.arange(len(opens))
    high, low = np.maximum(opens, closes), np.minimum(opens, closes)
    ones = np.ones(len(opens), np.int64)
    return Bars(stamps, stamps + MINUTE, opens, high, low, closes, ones, precision, 0)


# ---- Nothing


def test_nothing_is_found_in_no_bars() -> None:
    assert Suspicions(_series(), (), ()).found() == ()
    assert _found(Bars.empty(), _series(), _sessions("2024-01-02", "2024-01-05")) == {}


# ---- Jumps


@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_a_jump_is_told_with_its_prices_lines_date_and_ratio(chunk: int) -> None:
    bars = _priced((64_500, 64_557), (9_270, 9_290), (9_290, 9_300))
    jump = _found(bars, _series(), chunk=chunk)["price-jump"]
    assert (jump.count, jump.first_line) == (1, 3)
    assert "1 time: from 645.57 in line 2 to 92.70 (line 3, 2024-01-02 09:31" in jump.sentence
    assert "near a 7:1 split" in jump.sentence


def test_a_jump_upwards_is_near_a_reverse_split() -> None:
    found = _found(_priced((1_000, 1_000), (10_100, 10_000)), _series())
    assert "near a 1:10 reverse split" in found["price-jump"].sentence


def test_a_jump_that_is_near_no_usual_ratio_names_none() -> None:
    found = _found(_priced((1_000, 1_000), (1_750, 1_750)), _series())
    assert "split)" not in found["price-jump"].sentence


def test_the_first_three_of_many_jumps_are_told_in_full() -> None:
    bars = _priced(*[(1_000, 1_000), (2_000, 2_000)] * 3)
    jump = _found(bars, _series())["price-jump"]
    assert jump.count == 5
    assert jump.sentence.count(" split)") == 3
    assert "and 2 more" in jump.sentence


@pytest.mark.parametrize(
    ("close", "open_"), [(1_000, 1_399), (1_399, 1_000), (2, 3), (-1_000, 5_000), (0, 700)]
)
def test_small_steps_single_ticks_and_prices_at_or_below_zero_are_no_jump(
    close: int, open_: int
) -> None:
    for chunk in (1, 2):
        found = _found(_priced((close, close), (open_, open_)), _series(), chunk=chunk)
        assert "price-jump" not in found


def test_prices_of_eighteen_digits_do_not_overflow() -> None:
    found = _found(_priced((10**18 - 1, 10**18 - 1), (10**18 - 1, 9 * 10**17)), _series())
    assert "price-jump" not in found


def test_chunks_of_different_precision_are_compared_as_decimals() -> None:
    watched = Suspicions(_series(), (), ())
    bars = _priced((10_000, 10_000), (10_000, 10_000))
    watched.add(bars.take(slice(0, 1)), np.array([2]))
    watched.add(bars.take(slice(1, 2)).rescaled(6, 3), np.array([3]))
    assert watched.found() == ()


def test_lines_may_run_backwards() -> None:
    watched = Suspicions(_series(), (), ())
    watched.add(_priced((1_000, 1_000), (500, 500), (250, 250)), np.array([4, 3, 2]))
    jump = watched.found()[0]
    assert jump.first_line == 3
    assert "from 10.00 in line 4 to 5.00" in jump.sentence


# ---- Spikes and volumes


@pytest.mark.parametrize(("column", "value"), [("high", 21_000), ("low", 1_059)])
def test_a_high_or_low_far_from_open_and_close_is_a_spike(column: str, value: int) -> None:
    bars = _priced(*[(10_000, 10_001)] * 3)
    columns = dict(zip(("open", "high", "low", "close"), bars.columns()[2:6], strict=True))
    columns[column] = columns[column].copy()
    columns[column][1] = value
    spiked = Bars(bars.ts_open, bars.ts_event, **columns, volume=bars.volume,
                  price_precision=2, size_precision=0)  # fmt: skip
    spike = _found(spiked, _series())["price-spike"]
    assert (spike.count, spike.first_line) == (1, 3)
    assert f"{column} {value / 100:.2f}, open 100.00, close 100.01" in spike.sentence


@pytest.mark.parametrize("prices", [(-100, 300), (0, 900), (1, 4)])
def test_prices_below_zero_and_single_ticks_are_no_spike(prices: tuple[int, int]) -> None:
    low, high = prices
    one = np.array([_instant(dt.date(2024, 1, 2), 10)])
    values = (np.array([value]) for value in (low + 1, high, low, low + 1, 1))
    assert _found(Bars(one, one + MINUTE, *values, 2, 0), _series()) == {}


def _with_volume(bars: Bars, volume: np.ndarray) -> Bars:
    columns = (*bars.columns()[:-1], volume)
    return Bars.of_columns(columns, bars.price_precision, bars.size_precision)


def test_bars_of_no_volume_are_counted() -> None:
    bars = _with_volume(_priced(*[(1_000, 1_001)] * 4), np.array([5, 0, 0, 1]))
    found = _found(bars, _series(), chunk=2)["zero-volume"]
    assert (found.count, found.first_line) == (2, 3)
    assert found.sentence.startswith("2 of 4 bars have no volume, first line 3, 2024-01-02 09:31")


@pytest.mark.parametrize(
    ("instrument", "volumes", "told"),
    [
        ("AAPL.NASDAQ", [0, 0], True),
        ("EUR/USD.IDEALPRO", [0, 0], False),
        ("EUR/USD.IDEALPRO", [0, 3], True),
        ("^NDX.NASDAQ", [0, 0], False),
        ("RUT.RUSSELL", [0, 0], False),
    ],
)
def test_currencies_and_indices_without_any_volumes_are_no_suspicion(
    instrument: str, volumes: list[int], told: bool
) -> None:
    bars = _with_volume(_priced((1_000, 1_001), (1_001, 1_002)), np.array(volumes))
    assert ("zero-volume" in _found(bars, _series(instrument=instrument))) is told


# ---- Days


def _three_days(series: Series) -> Bars:
    return _bars(series, _minutes(_sessions("2024-01-02", "2024-01-04")))


def _replaced(bars: Bars, rows: slice, by: Bars) -> Bars:
    columns = [column.copy() for column in bars.columns()]
    for column, other in zip(columns[2:], by.columns()[2:], strict=True):
        column[rows] = other
    return Bars.of_columns(columns, bars.price_precision, bars.size_precision)


@pytest.mark.parametrize("chunk", [37, 390, 500, 100_000])
def test_a_day_of_one_price_is_flat(chunk: int) -> None:
    bars = _three_days(_series())
    one = np.full(390, 10_000)
    flat = Bars(bars.ts_open[:390], bars.ts_event[:390], one, one, one, one, one, 2, 0)
    found = _found(_replaced(bars, slice(390, 780), flat), _series(), chunk=chunk)
    assert set(found) == {"flat-day"}
    assert (found["flat-day"].count, found["flat-day"].first_line) == (1, 392)
    assert "2024-01-03 09:30" in found["flat-day"].sentence


@pytest.mark.parametrize("chunk", [37, 390, 500, 100_000])
def test_a_day_that_repeats_the_one_before_is_told(chunk: int) -> None:
    bars = _three_days(_series())
    twice = _replaced(bars, slice(780, 1170), bars.take(slice(390, 780)))
    found = _found(twice, _series(), chunk=chunk)
    assert set(found) == {"repeated-day"}
    assert (found["repeated-day"].count, found["repeated-day"].first_line) == (1, 782)


def test_a_day_repeats_another_whatever_their_precisions() -> None:
    bars = _three_days(_series())
    watched = Suspicions(_series(), (), ())
    watched.add(bars.take(slice(0, 390)), np.arange(390))
    again = _replaced(bars, slice(390, 780), bars.take(slice(0, 390))).take(slice(390, 780))
    for part in (slice(0, 100), slice(100, 390)):
        finer = again.take(part).rescaled(2 + part.stop // 100, 1)
        watched.add(finer, np.arange(390, 780)[part])
    assert [one.kind for one in watched.found()] == ["repeated-day"]


def test_asking_twice_gives_the_same() -> None:
    one = np.full(5, 10_000)
    stamps = _instant(dt.date(2024, 1, 2), 10) + MINUTE * np.arange(5)
    watched = Suspicions(_series(), (), ())
    watched.add(Bars(stamps, stamps + MINUTE, one, one, one, one, one, 2, 0), np.arange(2, 7))
    assert watched.found() == watched.found()
    assert watched.found()[0].count == 1


def test_a_day_of_few_trades_at_one_price_is_not_flat() -> None:
    assert _found(_priced(*[(1_000, 1_000)] * 4), _series()) == {}


def test_daily_bars_are_looked_at_for_jumps_volumes_and_flat_ones_alone() -> None:
    series = _series("1_DAY")
    labels = np.array([midnight_utc(dt.date(2024, 1, day)) for day in (2, 3, 4, 6)])
    price = np.array([100, 100, 100, 40])
    bars = Bars(labels, labels + 21 * HOUR, price, price + np.array([1, 0, 300, 1]), price, price,
                np.array([1, 1, 0, 1]), 0, 0)  # fmt: skip
    found = _found(bars, series, _sessions("2024-01-02", "2024-01-05"))
    assert {kind: one.first_line for kind, one in found.items()} == {
        "price-jump": 5,
        "zero-volume": 4,
        "flat-day": 3,
    }
    assert "1 1-day bar, first line 3, 2024-01-03." in found["flat-day"].sentence


# ---- Hours

YEAR = ("2024-01-02", "2024-12-30")
REGULAR = _sessions(*YEAR)
EXTENDED = _sessions(*YEAR, 4, 20)


def _told(stamps: np.ndarray, series: Series | None = None, chunk: int = 100_000) -> list[str]:
    series = series or _series()
    return list(_found(_bars(series, stamps), series, REGULAR, EXTENDED, chunk))


def test_a_file_of_the_regular_session_is_not_suspicious() -> None:
    assert _told(_minutes(REGULAR)) == []


def test_without_sessions_no_hours_are_looked_at() -> None:
    assert _found(_bars(_series(), _minutes(REGULAR) + 9 * HOUR), _series()) == {}


def test_a_file_of_extended_hours_is_told_so_in_one_line() -> None:
    found = _found(_bars(_series(), _minutes(EXTENDED)), _series(), REGULAR, EXTENDED)
    assert list(found) == ["outside-session"]
    assert found["outside-session"].count == len(REGULAR) * (16 * 60 - 390)


@pytest.mark.parametrize(("opens", "closes"), [(10, 15), (4, 9.5), (8, 16), (9.5, 20), (16, 20)])
def test_a_file_of_a_part_of_the_hours_is_in_the_right_zone(opens: float, closes: float) -> None:
    assert _told(_minutes(_sessions(*YEAR, opens, closes))) in ([], ["outside-session"])


def test_single_bars_at_night_and_at_the_weekend_are_told() -> None:
    night = [_instant(dt.date(2024, 1, 2), 22), _instant(dt.date(2024, 1, 6), 12)]
    stamps = np.sort(np.append(_minutes(REGULAR[:8]), night))
    closed = _found(_bars(_series(), stamps), _series(), REGULAR, EXTENDED, 100)["closed-venue"]
    assert (closed.count, closed.first_line) == (2, 392)
    assert "2024-01-02 22:00 America/New_York" in closed.sentence
    assert "--timezone" not in closed.sentence


def test_the_auction_after_the_close_is_no_time_at_which_the_venue_is_closed() -> None:
    stamps = _minutes(REGULAR[:5])
    auctions = np.array([one.close + 5 * MINUTE for one in REGULAR[:5]])
    bars = _bars(_series(), np.sort(np.append(stamps, auctions)))
    assert list(_found(bars, _series(), REGULAR, REGULAR)) == ["outside-session"]


def test_an_hour_bar_that_reaches_into_the_session_is_inside() -> None:
    series = _series("1_HOUR")
    stamps = _minutes(
        [Session(one.date, one.open - 30 * MINUTE, one.close) for one in REGULAR], HOUR
    )
    assert _told(stamps, series) == []


# ---- The clock


@pytest.mark.parametrize("chunk", [100, 100_000])
def test_the_venues_time_that_was_read_as_utc_is_told_first_for_winter_and_summer(
    chunk: int,
) -> None:
    stamps = _misread(_minutes(REGULAR), NEW_YORK, UTC)
    found = _found(_bars(_series(), stamps), _series(), REGULAR, EXTENDED, chunk)
    assert next(iter(found)) == "wrong-zone"
    wrong = found["wrong-zone"]
    assert (wrong.count, wrong.first_line) == (len(REGULAR), 2)
    assert "they run from 04:30 to 11:00 by the venue's clock" in wrong.sentence
    assert "where the session runs from 09:30 to 16:00, 4 or 5 hours early" in wrong.sentence
    assert "--timezone America/New_York" in wrong.sentence
    assert "outside-session" not in found


def test_utc_that_was_read_as_the_venues_time_is_told() -> None:
    stamps = _misread(_minutes(REGULAR), UTC, NEW_YORK)
    wrong = _found(_bars(_series(), stamps), _series(), REGULAR, EXTENDED)["wrong-zone"]
    assert "4 or 5 hours late" in wrong.sentence
    assert "--timezone UTC" in wrong.sentence


def test_another_zone_is_told_without_a_guess_at_it() -> None:
    stamps = _misread(_minutes(REGULAR), NEW_YORK, zoneinfo.ZoneInfo("Europe/Berlin"))
    wrong = _found(_bars(_series(), stamps), _series(), REGULAR, EXTENDED)["wrong-zone"]
    assert "Is --timezone right?" in wrong.sentence
    assert "It seems" not in wrong.sentence


def test_extended_hours_in_the_wrong_zone_are_told_over_midnight() -> None:
    stamps = _misread(_minutes(EXTENDED), NEW_YORK, UTC)
    wrong = _found(_bars(_series(), stamps), _series(), REGULAR, EXTENDED)["wrong-zone"]
    assert "from 23:00 to 15:00" in wrong.sentence
    assert "from 04:00 to 20:00" in wrong.sentence


def test_one_day_is_enough() -> None:
    assert _told(_misread(_minutes(REGULAR[:1]), NEW_YORK, UTC)) == ["wrong-zone"]


@pytest.mark.parametrize("kept", [0.5, 0.1])
def test_a_thin_stock_in_the_wrong_zone_is_told_and_one_in_the_right_zone_is_not(
    kept: float,
) -> None:
    stamps = _minutes(REGULAR)
    stamps = stamps[np.random.default_rng(2).random(len(stamps)) < kept]
    assert _told(stamps) == []
    assert "wrong-zone" in _told(_misread(stamps, NEW_YORK, UTC))


def test_half_days_and_missing_days_do_not_hide_a_wrong_zone() -> None:
    short = [
        Session(d.date, d.open, d.close - 3 * HOUR * (n % 4 == 0)) for n, d in enumerate(REGULAR)
    ]
    assert "wrong-zone" in _told(_misread(_minutes(short[::2]), NEW_YORK, UTC))


def test_a_clock_that_is_wrong_in_summer_alone_is_told() -> None:
    london = zoneinfo.ZoneInfo("Europe/London")
    sessions = _sessions(*YEAR, 8, 16.5, london)
    for bar_type, step in (("1_MIN", MINUTE), ("1_HOUR", HOUR)):
        series = _series(bar_type, "VOD.LSE")
        for written, read, told in ((london, UTC, "1 hour late"), (UTC, london, "1 hour early")):
            stamps = _misread(_minutes(sessions, step), written, read)
            found = _found(_bars(series, stamps), series, sessions, sessions)
            assert told in found["wrong-zone"].sentence


def _weeks(zone: zoneinfo.ZoneInfo) -> list[Session]:
    """Return sessions of a market that opens at 17:00 on the evening before, without a night."""
    return _sessions(*YEAR, -7, 17, zone)


def test_a_market_without_nights_is_judged_by_its_weeks() -> None:
    series = _series("5_MIN", "EUR/USD.IDEALPRO")
    sessions = _weeks(NEW_YORK)
    right = _minutes(sessions, 5 * MINUTE)
    assert _found(_bars(series, right), series, sessions, sessions) == {}
    wrong = _bars(series, _misread(right, NEW_YORK, UTC))
    sentence = _found(wrong, series, sessions, sessions)["wrong-zone"].sentence
    assert "weeks" in sentence
    assert "where the session runs from Mon 17:00 to Fri 17:00" in sentence


def test_a_market_that_never_closes_has_no_wrong_hours() -> None:
    series = _series("1_HOUR", "BTC/USD.PAXOS")
    days = _sessions("2024-01-01", "2024-01-05", 0, 24, UTC)
    for stamps in (_minutes(days, HOUR), _minutes(days, HOUR) + HOUR):
        found = _found(_bars(series, stamps), series, days, days)
        assert found.keys() <= {"outside-session"}


@pytest.mark.parametrize("bar_type", ["1_SEC", "1_MIN", "5_MIN", "15_MIN", "30_MIN", "1_HOUR"])
def test_stamps_of_the_other_end_are_told_with_the_option_that_sets_them_right(
    bar_type: str,
) -> None:
    series = _series(bar_type)
    length = series.bar_type.length
    days = REGULAR[:10]
    grid = np.concatenate([np.arange(d.open // length * length, d.close, length) for d in days])
    ends = intraday_closes(grid, series.bar_type, NEW_YORK, REGULAR)

    def told(opens: np.ndarray, closes: np.ndarray) -> list[str]:
        return list(_found(_bars(series, opens, closes), series, REGULAR, EXTENDED))

    closes_as_opens = intraday_closes(ends, series.bar_type, NEW_YORK, REGULAR)
    opens_as_closes = intraday_opens(grid, series.bar_type, NEW_YORK, REGULAR)
    assert told(ends, closes_as_opens) == ["stamp-close"]
    assert told(opens_as_closes, grid) == ["stamp-open"]
    assert told(grid, ends) == []
    assert told(intraday_opens(ends, series.bar_type, NEW_YORK, REGULAR), ends) == []


# ---- Real data


def _real(name: str, zone: zoneinfo.ZoneInfo) -> tuple[np.ndarray, list[np.ndarray]]:
    with (DATA / f"{name}.csv").open() as file:
        rows = list(csv.reader(file))[1:]
    stamps = []
    for row in rows:
        stamp = dt.datetime.fromisoformat(row[0])
        stamps.append(int((stamp if stamp.tzinfo else stamp.replace(tzinfo=zone)).timestamp()))
    values = [np.array([round(float(row[at]) * 100) for row in rows]) for at in range(1, 5)]
    return np.array(stamps) * 10**9, [*values, np.array([int(row[5]) for row in rows])]


def _found_in(
    name: str, series: Series, first: str, last: str, zone: zoneinfo.ZoneInfo
) -> dict[str, Suspicion]:
    stamps, values = _real(name, zone)
    regular, extended = _sessions(first, last), _sessions(first, last, 4, 20)
    if series.bar_type.is_intraday:
        closes = intraday_closes(stamps, series.bar_type, NEW_YORK, regular)
    else:
        closes = daily_closes(stamps, series.bar_type, regular)
    return _found(Bars(stamps, closes, *values, 2, 0), series, regular, extended, 10_000)


def test_real_minutes_are_told_to_have_extended_hours_and_nothing_else() -> None:
    series = _series(instrument="SPY.ARCA")
    name = "SPY_1min_2013-10-04_2013-10-11_utc"
    found = _found_in(name, series, "2013-10-01", "2013-10-31", UTC)
    assert list(found) == ["outside-session"]


def test_a_real_split_inside_a_bar_is_told() -> None:
    name = "AAPL_1min_2014-06-05_2014-06-09_new_york"
    found = _found_in(name, _series(), "2014-06-01", "2014-06-30", NEW_YORK)
    assert list(found) == ["price-jump", "outside-session"]
    jump = found["price-jump"]
    assert (jump.count, jump.first_line) == (1, 1471)
    assert "from 645.57 inside the bar to 92.42 (line 1471, 2014-06-09 04:00" in jump.sentence
    assert "near a 7:1 split" in jump.sentence


def test_real_minutes_read_in_the_wrong_zone_are_told() -> None:
    name = "AAPL_1min_2014-06-05_2014-06-09_new_york"
    found = _found_in(name, _series(), "2014-06-01", "2014-06-30", UTC)
    assert "--timezone America/New_York" in found["wrong-zone"].sentence


def test_the_real_splits_and_wrong_prices_of_years_of_hours_are_found() -> None:
    series = _series("1_HOUR")
    found = _found_in("AAPL_1hour_new_york", series, "1998-01-01", "2021-12-31", NEW_YORK)
    # Four splits, and 2000-09-29 when the share lost half overnight.
    assert found["price-jump"].count == 5
    assert (
        "from 101.00 in line 4350 to 50.50 (line 4351, 2000-06-21" in found["price-jump"].sentence
    )
    assert "low 10.59, open 184.44, close 182.60" in found["price-spike"].sentence
    assert found.keys() == {"price-jump", "price-spike"}
    misread = _found_in("AAPL_1hour_new_york", series, "1998-01-01", "2021-12-31", UTC)
    assert "4 or 5 hours early" in misread["wrong-zone"].sentence


def test_the_real_split_and_wrong_price_of_years_of_days_are_found() -> None:
    series = _series("1_DAY", "IBM.NYSE")
    found = _found_in("IBM_1day_new_york", series, "1998-01-01", "2021-12-31", UTC)
    assert found.keys() == {"price-jump"}
    assert found["price-jump"].count == 2
    assert "line 354, 1999-05-27, near a 2:1 split" in found["price-jump"].sentence
