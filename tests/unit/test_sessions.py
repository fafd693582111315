"""When bars open and close, computed by hand and checked against the clock one by one."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.bar_type import BarType
from domain.bars import Int64Array
from domain.sessions import (
    NANOSECONDS_IN_DAY,
    NO_SESSION,
    Session,
    daily_closes,
    date_of_label,
    dates_on_clock,
    instant_text,
    intraday_closes,
    intraday_opens,
    midnight_utc,
    period_dates,
    slots,
    utc_offsets,
)

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
UTC = zoneinfo.ZoneInfo("UTC")
SECOND = 1_000_000_000
HOUR = 3600 * SECOND


def utc(text: str) -> int:
    """Nanoseconds of a UTC time such as `2013-10-04 13:30`."""
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()) * SECOND


def new_york(text: str) -> int:
    """Nanoseconds of a time of New York's clock."""
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()) * SECOND


def session(date: str, opens: str = "09:30", closes: str = "16:00") -> Session:
    return Session(
        dt.date.fromisoformat(date), new_york(f"{date} {opens}"), new_york(f"{date} {closes}")
    )


def array(*stamps: int) -> Int64Array:
    return np.array(stamps, np.int64)


def closes(opens: list[str], bar_type: str, sessions: list[Session]) -> list[int]:
    """Closes of bars that open at times of New York's clock."""
    stamps = array(*map(new_york, opens))
    return intraday_closes(stamps, BarType.parse(bar_type), NEW_YORK, sessions).tolist()


def opens(closing: list[str], bar_type: str, sessions: list[Session]) -> list[int]:
    """Opens of bars that close at times of New York's clock."""
    stamps = array(*map(new_york, closing))
    return intraday_opens(stamps, BarType.parse(bar_type), NEW_YORK, sessions).tolist()


# ---- intraday bars that are stamped at their open --------------------------------------------


def test_a_minute_bar_closes_a_minute_after_it_opens() -> None:
    friday = session("2013-10-04")
    found = closes(["2013-10-04 09:30", "2013-10-04 15:59"], "1_MIN", [friday])
    assert found == [utc("2013-10-04 13:31"), utc("2013-10-04 20:00")]


def test_an_hour_bar_that_opens_with_the_session_closes_at_the_full_hour() -> None:
    friday = session("2013-10-04")
    found = closes(["2013-10-04 09:30", "2013-10-04 10:00"], "1_HOUR", [friday])
    assert found == [utc("2013-10-04 14:00"), utc("2013-10-04 15:00")]


@pytest.mark.parametrize(
    ("bar_type", "opened", "closed"),
    [
        ("5_SEC", "09:30:00", "09:30:05"),
        ("30_SEC", "09:30:30", "09:31:00"),
        ("5_MIN", "09:30", "09:35"),
        ("15_MIN", "09:45", "10:00"),
        ("20_MIN", "09:30", "09:40"),
        ("30_MIN", "09:30", "10:00"),
        ("2_HOUR", "09:30", "10:00"),
        ("4_HOUR", "09:30", "12:00"),
        ("8_HOUR", "09:30", "16:00"),
    ],
)
def test_a_bar_closes_at_the_next_boundary_of_the_venues_clock(
    bar_type: str, opened: str, closed: str
) -> None:
    found = closes([f"2013-10-04 {opened}"], bar_type, [session("2013-10-04")])
    assert found == [new_york(f"2013-10-04 {closed}")]


def test_the_sessions_end_cuts_the_last_bar_short_on_whole_and_half_days() -> None:
    days = [session("2013-11-27"), session("2013-11-29", closes="13:00")]
    found = closes(["2013-11-27 15:00", "2013-11-29 12:00"], "3_HOUR", days)
    assert found == [new_york("2013-11-27 16:00"), new_york("2013-11-29 13:00")]


def test_a_four_hour_bar_ends_with_the_session_and_not_after_it() -> None:
    half = session("2013-11-29", closes="13:00")
    found = closes(["2013-11-29 09:30", "2013-11-29 12:00"], "4_HOUR", [half])
    assert found == [new_york("2013-11-29 12:00"), new_york("2013-11-29 13:00")]


@pytest.mark.parametrize("outside", ["2013-11-29 08:00", "2013-11-29 13:00", "2013-11-28 12:00"])
def test_one_bar_outside_regular_hours_keeps_every_bar_whole(outside: str) -> None:
    """A file of extended hours trades on past the session's end."""
    half = session("2013-11-29", closes="13:00")
    found = closes([outside, "2013-11-29 12:00"], "4_HOUR", [half])
    assert found[1] == new_york("2013-11-29 16:00")


def test_without_sessions_nothing_is_cut() -> None:
    assert closes(["2013-11-29 12:00"], "4_HOUR", []) == [new_york("2013-11-29 16:00")]


def test_no_bars_have_no_closes() -> None:
    for function in (intraday_closes, intraday_opens):
        found = function(array(), BarType.parse("1_MIN"), NEW_YORK, [session("2013-10-04")])
        assert (found.tolist(), found.dtype) == ([], np.int64)


def test_hours_are_cut_by_the_clock_before_and_after_daylight_saving_begins_and_ends() -> None:
    days = ["2024-03-08", "2024-03-11", "2024-11-01", "2024-11-04"]
    found = closes([f"{day} 09:30" for day in days], "4_HOUR", [session(day) for day in days])
    assert found == [
        utc("2024-03-08 17:00"),
        utc("2024-03-11 16:00"),
        utc("2024-11-01 16:00"),
        utc("2024-11-04 17:00"),
    ]


def test_hour_bars_of_the_night_in_which_the_clock_changes_last_an_hour() -> None:
    for first in ("2024-03-10 05:00", "2024-11-03 04:00"):
        stamps = utc(first) + np.arange(4, dtype=np.int64) * HOUR
        found = intraday_closes(stamps, BarType.parse("1_HOUR"), NEW_YORK, [])
        assert (found - stamps).tolist() == [HOUR] * 4


def test_a_clock_that_is_not_whole_hours_from_utc_has_its_own_boundaries() -> None:
    kolkata = zoneinfo.ZoneInfo("Asia/Kolkata")
    opened = array(utc("2024-01-02 03:45"))  # 09:15 there
    found = intraday_closes(opened, BarType.parse("1_HOUR"), kolkata, [])
    assert found.tolist() == [utc("2024-01-02 04:30")]


# ---- intraday bars that are stamped at their close -------------------------------------------


def test_the_first_hour_bar_of_a_session_opens_with_it() -> None:
    friday = session("2013-10-04")
    found = opens(["2013-10-04 10:00", "2013-10-04 11:00"], "1_HOUR", [friday])
    assert found == [new_york("2013-10-04 09:30"), new_york("2013-10-04 10:00")]


def test_a_bar_that_the_sessions_end_cut_short_opens_at_the_boundary_before() -> None:
    half = session("2013-11-29", closes="13:00")
    assert opens(["2013-11-29 13:00"], "4_HOUR", [half]) == [new_york("2013-11-29 12:00")]


def test_a_close_outside_regular_hours_keeps_every_bar_whole() -> None:
    friday = session("2013-10-04")
    found = opens(["2013-10-04 10:00", "2013-10-04 17:00"], "1_HOUR", [friday])
    assert found == [new_york("2013-10-04 09:00"), new_york("2013-10-04 16:00")]


@given(
    st.lists(st.integers(0, 10_000), min_size=1, max_size=30, unique=True),
    st.sampled_from([t for t in BarType.all() if t.is_intraday]),
)
@settings(deadline=None)
def test_opens_and_closes_of_regular_bars_lead_to_each_other(
    places: list[int], bar_type: BarType
) -> None:
    days = [session("2013-11-27"), session("2013-11-29", closes="13:00"), session("2013-12-02")]
    grid = [stamp for day in days for stamp in _grid(day, bar_type.length)]
    opened = array(*sorted({grid[place % len(grid)] for place in places}))
    closed = intraday_closes(opened, bar_type, NEW_YORK, days)
    assert (closed > opened).all()
    assert (closed - opened <= bar_type.length).all()
    assert (np.diff(opened) > 0).all()
    assert (closed[:-1] <= opened[1:]).all()
    assert intraday_opens(closed, bar_type, NEW_YORK, days).tolist() == opened.tolist()


def _grid(day: Session, length: int) -> list[int]:
    """A session's open, and every boundary of New York's clock inside it, counted in UTC."""
    midnight = new_york(f"{day.date} 00:00")
    steps = range(midnight, midnight + NANOSECONDS_IN_DAY, length)
    return [day.open, *(stamp for stamp in steps if day.open < stamp < day.close)]


# ---- bars of a day and longer ----------------------------------------------------------------

WEEKS = [
    session("2013-11-25"),
    session("2013-11-26"),
    session("2013-11-27"),
    session("2013-11-29", closes="13:00"),
    session("2013-12-02"),
]


def labelled(bar_type: str, *dates: str) -> list[int]:
    labels = array(*(midnight_utc(dt.date.fromisoformat(date)) for date in dates))
    return daily_closes(labels, BarType.parse(bar_type), WEEKS).tolist()


@pytest.mark.parametrize(
    ("bar_type", "zone", "opens", "found"),
    [
        ("4_HOUR", "America/New_York", "16:00 17:00 17:15 20:00", "16:00 17:00 17:00 20:00"),
        ("8_HOUR", "America/New_York", "08:00 09:30 16:00 18:00", "08:00 08:00 16:00 17:00"),
        ("3_HOUR", "America/Chicago", "15:00 17:00 18:00", "15:00 16:00 18:00"),
        ("4_HOUR", "America/Chicago", "12:00 17:00 20:00", "12:00 16:00 20:00"),
        ("1_HOUR", "America/New_York", "09:30 16:00 17:15 18:00", "09:00 16:00 17:00 18:00"),
        ("4_HOUR", "Asia/Tokyo", "16:00 17:00", "16:00 16:00"),
    ],
)
@pytest.mark.parametrize("date", ["2024-01-10", "2024-03-11", "2024-07-10", "2024-11-04"])
def test_a_slot_amid_which_the_trading_day_turns_is_two(
    bar_type: str, zone: str, opens: str, found: str, date: str
) -> None:
    clock = zoneinfo.ZoneInfo(zone)

    def stamps(times: str) -> Int64Array:
        at = [
            dt.datetime.fromisoformat(f"{date}T{time}").replace(tzinfo=clock)
            for time in times.split()
        ]
        return np.array([int(one.timestamp()) * 10**9 for one in at], np.int64)

    of_type = BarType.parse(bar_type)
    assert slots(stamps(opens), of_type, clock).tolist() == stamps(found).tolist()


def test_a_daily_bar_closes_with_its_session() -> None:
    assert labelled("1_DAY", "2013-11-27", "2013-11-29", "2013-12-02") == [
        utc("2013-11-27 21:00"),
        utc("2013-11-29 18:00"),
        utc("2013-12-02 21:00"),
    ]


@pytest.mark.parametrize("closed", ["2013-11-28", "2013-11-30", "2013-11-24", "2013-12-03"])
def test_a_daily_bar_of_a_closed_day_has_no_close(closed: str) -> None:
    assert labelled("1_DAY", closed) == [NO_SESSION]


def test_a_weekly_bar_closes_with_its_weeks_last_session_whatever_day_labels_it() -> None:
    assert labelled("1_WEEK", "2013-11-25", "2013-11-29", "2013-12-02") == [
        *[utc("2013-11-29 18:00")] * 2,
        utc("2013-12-02 21:00"),
    ]


def test_a_bar_that_is_labelled_after_its_last_session_closes_a_minute_after_its_label() -> None:
    """A week by its Sunday, a month by its last day: late by days, but never too early."""
    assert labelled("1_WEEK", "2013-11-30", "2013-12-01") == [
        utc("2013-11-30 00:01"),
        utc("2013-12-01 00:01"),
    ]
    assert labelled("1_MONTH", "2013-11-30") == [utc("2013-11-30 00:01")]


@pytest.mark.parametrize("ended", ["2024-12-23 23:45", "2024-12-24 00:00", "2024-12-24 00:01"])
def test_a_session_that_ends_before_midnight_utc_of_its_date_gives_a_close_after_it(
    ended: str,
) -> None:
    """Half days in Auckland end at 12:45, when it is still the day before in UTC."""
    date = dt.date(2024, 12, 24)
    half = Session(date, utc("2024-12-23 21:00"), utc(ended))
    found = daily_closes(array(midnight_utc(date)), BarType.parse("1_DAY"), [half])
    assert found.tolist() == [utc("2024-12-24 00:01")]


def test_a_monthly_bar_closes_with_its_months_last_session() -> None:
    assert labelled("1_MONTH", "2013-11-01", "2013-11-29", "2013-12-01", "2013-10-31") == [
        utc("2013-11-29 18:00"),
        utc("2013-11-29 18:00"),
        utc("2013-12-02 21:00"),
        NO_SESSION,
    ]


@pytest.mark.parametrize(
    ("date", "bar_type", "first", "last"),
    [
        ("2024-02-29", "1_DAY", "2024-02-29", "2024-02-29"),
        ("2024-02-29", "1_WEEK", "2024-02-26", "2024-03-03"),
        ("2024-12-30", "1_WEEK", "2024-12-30", "2025-01-05"),
        ("2024-02-29", "1_MONTH", "2024-02-01", "2024-02-29"),
        ("2023-02-01", "1_MONTH", "2023-02-01", "2023-02-28"),
        ("2024-12-31", "1_MONTH", "2024-12-01", "2024-12-31"),
    ],
)
def test_a_period_runs_from_its_first_day_to_its_last(
    date: str, bar_type: str, first: str, last: str
) -> None:
    found = period_dates(dt.date.fromisoformat(date), BarType.parse(bar_type))
    assert found == (dt.date.fromisoformat(first), dt.date.fromisoformat(last))


# ---- clocks and labels -----------------------------------------------------------------------

ZONES = [
    "America/New_York",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/London",
    "UTC",
]
instants = st.integers(utc("1900-01-01"), utc("2090-12-31"))
# The hours around New York's and London's changes of 2024, where a mistake would show.
changes = st.sampled_from(
    [utc("2024-03-10 07:00"), utc("2024-11-03 06:00"), utc("2024-03-31 01:00"), utc("2024-04-06")]
)
near_changes = st.builds(lambda at, off: at + off, changes, st.integers(-30 * HOUR, 30 * HOUR))


@given(st.lists(instants | near_changes, max_size=40), st.sampled_from(ZONES))
@settings(deadline=None, max_examples=200)
def test_offsets_are_those_of_the_clock_one_by_one(stamps: list[int], name: str) -> None:
    zone = zoneinfo.ZoneInfo(name)
    expected = []
    for stamp in stamps:
        ahead = dt.datetime.fromtimestamp(stamp // SECOND, zone).utcoffset()
        assert ahead is not None
        expected.append(int(ahead.total_seconds()) * SECOND)
    assert utc_offsets(array(*stamps), zone).tolist() == expected


@pytest.mark.parametrize(
    ("stamp", "hours"),
    [
        ("2024-03-10 06:59:59", -5),
        ("2024-03-10 07:00:00", -4),
        ("2024-11-03 05:59:59", -4),
        ("2024-11-03 06:00:00", -5),
    ],
)
def test_new_york_changes_its_clock_at_the_second(stamp: str, hours: int) -> None:
    assert utc_offsets(array(utc(stamp)), NEW_YORK).tolist() == [hours * HOUR]


def test_dates_on_a_clock_are_distinct_and_in_order() -> None:
    stamps = array(utc("2024-01-03 02:00"), utc("2024-01-02 15:00"), utc("2024-01-03 05:00"))
    assert dates_on_clock(stamps, NEW_YORK) == (dt.date(2024, 1, 2), dt.date(2024, 1, 3))
    assert dates_on_clock(stamps, UTC) == (dt.date(2024, 1, 2), dt.date(2024, 1, 3))
    assert dates_on_clock(array(utc("2024-01-03 02:00")), NEW_YORK) == (dt.date(2024, 1, 2),)


@given(st.dates(dt.date(1700, 1, 1), dt.date(2200, 1, 1)), st.integers(0, NANOSECONDS_IN_DAY - 1))
def test_a_label_and_every_instant_of_its_day_lead_back_to_the_date(
    date: dt.date, since_midnight: int
) -> None:
    assert date_of_label(midnight_utc(date)) == date
    assert date_of_label(midnight_utc(date) + since_midnight) == date


@pytest.mark.parametrize(
    ("stamp", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (utc("2024-01-02 14:30"), "2024-01-02T14:30:00Z"),
        (utc("2024-01-02 14:30") + 5, "2024-01-02T14:30:00.000000005Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
    ],
)
def test_an_instant_is_shown_exactly(stamp: int, text: str) -> None:
    assert instant_text(stamp) == text
