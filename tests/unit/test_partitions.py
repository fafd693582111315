"""Which file a bar lies in, which time files cover, and what spacing shows."""

from __future__ import annotations

import datetime as dt

import attrs
import numpy as np
import pytest

from domain.bar_type import BarType
from domain.bars import Bars, Int64Array
from domain.coverage import inferred_coverage, short_silence, tolerated_silence
from domain.instrument import InstrumentId, Series
from domain.partitions import partition_bounds, partition_of, split_by_partition, trading_dates
from domain.sessions import Session, midnight_utc
from domain.spacing import Steps, off_grid
from tests.builders import AAPL, MINUTE, NEW_YORK, minute_bars, utc

ONE_MIN, DAILY = BarType.parse("1_MIN"), BarType.parse("1_DAY")


def test_intraday_bars_lie_together_by_the_utc_date_on_which_they_open() -> None:
    bars = minute_bars("2024-01-02T23:58:00", 4)
    parts = dict(split_by_partition(bars, ONE_MIN))
    assert {name: len(part) for name, part in parts.items()} == {"2024-01-02": 2, "2024-01-03": 2}
    assert parts["2024-01-02"].ts_event[-1] == utc("2024-01-03T00:00")
    assert Bars.concat(parts.values()).same_values(bars)


def test_daily_bars_lie_together_by_year() -> None:
    labels = np.array([midnight_utc(dt.date(y, 12, 31)) for y in (1969, 2023, 2024)])
    price = np.full(3, 1)
    bars = Bars(labels, labels + MINUTE, price, price, price, price, price, 0, 0)
    assert [name for name, _ in split_by_partition(bars, DAILY)] == ["1969", "2023", "2024"]


def test_bars_before_1970_have_their_own_date() -> None:
    assert partition_of(-1, ONE_MIN) == "1969-12-31"


def test_a_partitions_name_says_which_dates_it_can_hold() -> None:
    assert partition_bounds("2024") == (dt.date(2024, 1, 1), dt.date(2024, 12, 31))
    assert partition_bounds("2024-02-29") == (dt.date(2024, 2, 29),) * 2


def test_trading_dates_are_those_of_the_venues_clock() -> None:
    evening = minute_bars("2024-01-03T00:30:00", 3)  # 19:30 New York, the day before
    assert trading_dates(evening, AAPL) == (dt.date(2024, 1, 2),)
    crypto = Series(InstrumentId.parse("BTC/USD.PAXOS"), ONE_MIN)
    assert trading_dates(evening, crypto) == (dt.date(2024, 1, 3),)


def test_quiet_minutes_are_covered_and_long_holes_are_not() -> None:
    bars = minute_bars(count=200)
    quiet = bars.take(np.r_[0:50, 80:200])
    assert len(inferred_coverage(quiet, ONE_MIN).intervals) == 1
    hole = bars.take(np.r_[0:50, 81:200])
    assert [i.end - i.start for i in inferred_coverage(hole, ONE_MIN)] == [
        50 * MINUTE,
        119 * MINUTE,
    ]


def test_a_missing_hour_bar_is_not_covered() -> None:
    """Whether it is a silence depends on where in a session it is."""
    opens = utc("2024-01-02T00:00") + np.array([0, 1, 3]) * 60 * MINUTE
    bars = attrs.evolve(minute_bars(count=3), ts_open=opens, ts_event=opens + 60 * MINUTE)
    assert [i.end - i.start for i in inferred_coverage(bars, BarType.parse("1_HOUR"))] == [
        120 * MINUTE,
        60 * MINUTE,
    ]


@pytest.mark.parametrize(
    ("name", "minutes"),
    [
        ("1_SEC", 30),
        ("1_MIN", 30),
        ("5_MIN", 50),
        ("15_MIN", 120),
        ("20_MIN", 120),
        ("30_MIN", 120),
        ("1_HOUR", 120),
        ("2_HOUR", 120),
        ("3_HOUR", 0),
        ("4_HOUR", 0),
        ("8_HOUR", 0),
    ],
)
def test_more_than_two_hours_without_a_bar_are_never_silence(name: str, minutes: int) -> None:
    assert tolerated_silence(BarType.parse(name)) == minutes * MINUTE
    assert short_silence(BarType.parse(name)) == min(minutes, 30) * MINUTE


def _shown_by(stamps: Int64Array, *, dates_only: bool) -> BarType | None:
    steps = Steps()
    for part in np.array_split(stamps, 3):
        steps.add(part)
    return steps.bar_type(dates_only=dates_only)


@pytest.mark.parametrize("name", [str(t) for t in BarType.all() if t.is_intraday])
def test_the_most_common_step_shows_the_bar_type(name: str) -> None:
    bar_type = BarType.parse(name)
    stamps = utc("2024-01-02T00:00") + np.array([0, 1, 2, 3, 4, 9, 10, 11]) * bar_type.length
    assert _shown_by(stamps, dates_only=False) == bar_type


@pytest.mark.parametrize(
    ("days", "name"),
    [([0, 1, 2, 3, 6, 7], "1_DAY"), ([0, 7, 14], "1_WEEK"), ([0, 31, 59, 90], "1_MONTH")],
)
def test_dates_show_days_weeks_or_months(days: list[int], name: str) -> None:
    labels = np.array([midnight_utc(dt.date(2024, 1, 1) + dt.timedelta(days=d)) for d in days])
    assert _shown_by(labels, dates_only=True) == BarType.parse(name)


def test_of_two_steps_that_are_as_common_the_longer_shows_the_bar_type() -> None:
    stamps = utc("2024-01-02T14:30") + np.array([0, 30, 90]) * MINUTE
    assert _shown_by(stamps, dates_only=False) == BarType.parse("1_HOUR")


@pytest.mark.parametrize("minutes", [[0], [0, 0], [0, 7, 14], []])
def test_no_bar_type_is_guessed_from_too_little(minutes: list[int]) -> None:
    stamps = np.array(minutes, np.int64) * MINUTE
    assert _shown_by(stamps, dates_only=False) is None


def test_a_file_that_runs_newest_first_shows_its_bar_type_too() -> None:
    stamps = utc("2024-01-02T14:30") + np.array([0, 1, 2, 3, 4, 9]) * MINUTE
    backwards = Steps()
    backwards.add(stamps[::-1])
    assert backwards.bar_type(dates_only=False) == ONE_MIN
    assert backwards.newest_first
    onwards = Steps()
    onwards.add(stamps)
    assert not onwards.newest_first


def test_steps_that_all_differ_fill_no_memory() -> None:
    stamps = np.arange(400, dtype=np.int64) ** 3
    steps = Steps(most=50)
    for part in np.array_split(stamps, 10):
        steps.add(part)
    assert len(steps.counts) <= 50
    steps.add(stamps[-1] + np.arange(1, 100) * MINUTE)
    assert steps.bar_type(dates_only=False) == ONE_MIN


def test_stamps_off_the_grid_of_the_venues_clock_are_found() -> None:
    stamps = np.array([utc("2024-01-02T14:30:00"), utc("2024-01-02T14:31:07")])
    assert off_grid(stamps, ONE_MIN, NEW_YORK, []).tolist() == [False, True]
    four_hours = np.array([utc("2024-01-02T13:00:00"), utc("2024-01-02T16:00:00")])
    # 08:00 and 11:00 in New York: only the first begins a four-hour bar.
    assert off_grid(four_hours, BarType.parse("4_HOUR"), NEW_YORK, []).tolist() == [False, True]


def test_only_a_bar_that_opens_may_begin_a_quarter_after_a_day_of_currencies() -> None:
    day = Session(dt.date(2024, 1, 3), utc("2024-01-02T22:00:00"), utc("2024-01-03T22:00:00"))
    short = attrs.evolve(day, close=day.close - 60 * MINUTE)
    late = np.array([day.open + minutes * MINUTE for minutes in (0, 14, 15, 30)], np.int64)
    hour = BarType.parse("1_HOUR")
    assert off_grid(late, hour, NEW_YORK, [day], opens=True).tolist() == [False, True, False, True]
    assert off_grid(late, hour, NEW_YORK, [day]).tolist() == [False, True, True, True]
    assert off_grid(late, hour, NEW_YORK, [short], opens=True).tolist()[2]
