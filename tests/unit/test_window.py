"""Ranges of time as users name them."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import numpy as np
import pytest

from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import InvalidWindowError
from domain.sessions import midnight_utc
from domain.window import Window, parse_bound
from tests.builders import MINUTE, NEW_YORK, minute_bars, utc

ONE_MIN = BarType.parse("1_MIN")


def _window(start: str | None, end: str | None) -> Window:
    return Window(parse_bound(start) if start else None, parse_bound(end) if end else None)


def test_dates_are_whole_days_by_the_venues_clock_both_included() -> None:
    window = _window("2024-01-02", "2024-01-02")
    assert window.bounds(NEW_YORK) == (utc("2024-01-02T05:00"), utc("2024-01-03T05:00"))


def test_a_date_in_a_week_of_daylight_saving_has_its_own_length() -> None:
    start, end = _window("2024-03-10", "2024-03-10").bounds(NEW_YORK)
    assert (end - start) // (60 * MINUTE) == 23


def test_instants_need_a_zone() -> None:
    assert _window("2024-01-02T09:30:00-05:00", None).bounds(NEW_YORK)[0] == utc("2024-01-02T14:30")
    with pytest.raises(InvalidWindowError, match="no time zone"):
        parse_bound("2024-01-02T09:30:00")


@pytest.mark.parametrize("text", ["yesterday", "2024-13-01", "2024-02-30", "", "20:15"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidWindowError) as caught:
        parse_bound(text)
    assert "2024-01-31" in caught.value.recovery


def test_an_end_before_the_start_is_refused() -> None:
    with pytest.raises(InvalidWindowError, match="not lie after the start"):
        _window("2024-01-03", "2024-01-02")


def test_a_date_beside_an_instant_is_a_day_of_the_venue() -> None:
    sydney = zoneinfo.ZoneInfo("Australia/Sydney")
    window = _window("2024-01-10", "2024-01-10T10:30:00+11:00")
    assert window.bounds(sydney) == (utc("2024-01-09T13:00"), utc("2024-01-09T23:30"))
    with pytest.raises(InvalidWindowError, match="not lie after"):
        window.bounds(NEW_YORK)


@pytest.mark.parametrize(
    ("start", "end"), [("0001-01-01", "9999-12-31"), ("1600-01-01", "2500-01-01")]
)
def test_far_dates_are_only_wide_ranges(start: str, end: str) -> None:
    window = _window(start, end)
    assert window.mask(minute_bars(), ONE_MIN, NEW_YORK).all()
    first, last = window.utc_dates(NEW_YORK)
    assert first < dt.date(2024, 1, 1) < last


def test_only_bars_that_lie_wholly_inside_are_chosen() -> None:
    bars = minute_bars("2024-01-02T14:30:00", 5)
    window = _window("2024-01-02T14:31:00Z", "2024-01-02T14:33:00Z")
    assert window.mask(bars, ONE_MIN, NEW_YORK).tolist() == [False, True, True, False, False]
    half = _window("2024-01-02T14:31:30Z", "2024-01-02T14:33:30Z")
    assert half.mask(bars, ONE_MIN, NEW_YORK).tolist() == [False, False, True, False, False]


def test_a_days_last_minute_belongs_to_it() -> None:
    bars = minute_bars("2024-01-03T04:58:00", 4)
    assert _window(None, "2024-01-02").mask(bars, ONE_MIN, NEW_YORK).tolist() == [
        True,
        True,
        False,
        False,
    ]


def test_daily_bars_are_chosen_by_their_sessions_date() -> None:
    labels = np.array([midnight_utc(dt.date(2024, 1, day)) for day in (2, 3, 4)])
    tokyo = zoneinfo.ZoneInfo("Asia/Tokyo")
    price = np.full(3, 100)
    bars = Bars(labels, labels + 6 * 60 * MINUTE, price, price, price, price, price, 0, 0)
    for zone in (NEW_YORK, tokyo):
        chosen = _window("2024-01-03", "2024-01-04").mask(bars, BarType.parse("1_DAY"), zone)
        assert chosen.tolist() == [False, True, True]


def test_a_start_beyond_all_time_is_told_so() -> None:
    with pytest.raises(InvalidWindowError, match="start 2999-01-01 lies beyond the year 2116"):
        _window("2999-01-01", None).bounds(NEW_YORK)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("2990-01-01", "2990-01-31", "beyond the year 2116"),
        ("2990-01-01", None, "beyond the year 2116"),
        ("1500-01-01", "1501-01-01", "before the year 1823"),
        (None, "1501-01-01", "before the year 1823"),
    ],
)
def test_times_that_no_bar_can_have_are_told_so(
    start: str | None, end: str | None, message: str
) -> None:
    with pytest.raises(InvalidWindowError, match=message):
        _window(start, end).bounds(zoneinfo.ZoneInfo("America/New_York"))
