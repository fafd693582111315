"""Cells that tell when become instants, or problems that say what to do."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.csv.stamps import StampReader
from adapters.csv.zone_names import zone_named
from adapters.csv.zones import to_utc
from domain.bar_files import BarFile, ClockChange, DateOrder, FileLayout
from domain.errors import (
    BarledgerError,
    DateOrderNeededError,
    TimeZoneNeededError,
    UnknownTimeZoneError,
)
from tests.integration.csv import reference

NEW_YORK = "America/New_York"
MDY, DMY = DateOrder.MONTH_FIRST, DateOrder.DAY_FIRST
# More than are looked at one by one.
MANY = 40


def reader(**layout: object) -> StampReader:
    return StampReader(BarFile(Path("bars.csv")), FileLayout(**layout))  # type: ignore[arg-type]


def read(
    texts: Sequence[str], stamps: StampReader | None = None, **layout: object
) -> tuple[list[str | None], dict[int, str]]:
    """Return the instants as text, None where there is none, and the problems."""
    found = (stamps or reader(**layout)).read(
        pa.array(texts, pa.string()), np.arange(2, len(texts) + 2)
    )
    assert found.values.dtype == np.int64
    assert len(found.values) == len(texts)
    assert all(found.values[row] == 0 for row in found.problems)
    return [
        None if row in found.problems else str(np.datetime64(int(value), "ns"))
        for row, value in enumerate(found.values)
    ], dict(found.problems)


def shown(text: str) -> str:
    """An instant as NumPy shows it."""
    return str(np.datetime64(text, "ns"))


# ---- what is read --------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, MANY])
@pytest.mark.parametrize(
    "text",
    [
        *("2024-01-02", "2024/1/2", "2024/01/02", "2024.01.02", "2024.1.2", "20240102"),
        *("02-Jan-2024", "2-JAN-2024", "02JAN2024", "2 January 2024", "02/jan/2024", "2.Jan.2024"),
        *("Jan 2, 2024", "Jan 2 2024", "January 2,2024", "2024-Jan-02", "2024 Jan 2"),
    ],
)
def test_a_date_is_midnight_utc(text: str, rows: int) -> None:
    stamps = reader()
    instants, problems = read([text] * rows, stamps)
    assert not problems
    assert instants == [shown("2024-01-02")] * rows
    assert stamps.dates_only
    assert stamps.notes == ()


@pytest.mark.parametrize("rows", [1, MANY])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-02 9:30", "14:30:00"),
        ("2024-01-02 09:30:00", "14:30:00"),
        ("2024-01-02T09:30:00", "14:30:00"),
        ("2024-01-02  09:30:00", "14:30:00"),
        ("2024/1/2 09:30:00.5", "14:30:00.5"),
        ("2024-01-02T09:30:00,123456789", "14:30:00.123456789"),
        ("2024.01.02 09:30", "14:30:00"),
        ("20240102 0930", "14:30:00"),
        ("20240102 093000", "14:30:00"),
        ("20240102 93000", "14:30:00"),
        ("20240102 093000.25", "14:30:00.25"),
        ("20240102T0930", "14:30:00"),
        ("2024-01-02 153000", "20:30:00"),
        ("20240102093000", "14:30:00"),
        ("202401020930", "14:30:00"),
        ("20240102093000.001", "14:30:00.001"),
        ("20240102 09:30:00", "14:30:00"),
        ("20240102-09:30:00", "14:30:00"),
        ("2024-01-02 9:30 AM", "14:30:00"),
        ("2024-01-02 09:30:00 pm", "2024-01-03T02:30:00"),
        ("2024-01-02 12:30 AM", "05:30:00"),
        ("2024-01-02 12:30PM", "17:30:00"),
        ("2024-01-02, 9:30:15 AM", "14:30:15"),
        ("2024-01-02 9 AM", "14:00:00"),
        ("2024-01-02 09", "14:00:00"),
        ("02-Jan-2024 09:30", "14:30:00"),
        ("Jan 2, 2024 9:30 AM", "14:30:00"),
        ("2024-01-02 24:00:00", "2024-01-03T05:00:00"),
        ("20240102 240000", "2024-01-03T05:00:00"),
    ],
)
def test_a_time_without_a_zone_is_one_of_the_zone_that_was_named(
    text: str, expected: str, rows: int
) -> None:
    expected = expected if "T" in expected else f"2024-01-02T{expected}"
    assert read([text] * rows, time_zone=NEW_YORK) == ([shown(expected)] * rows, {})


@pytest.mark.parametrize("rows", [1, MANY])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-02T09:30:00Z", "09:30:00"),
        ("2024-01-02 09:30:00 Z", "09:30:00"),
        ("2024-01-02 09:30:00+00:00", "09:30:00"),
        ("2024-01-02 09:30:00 -0500", "14:30:00"),
        ("2024-01-02 09:30:00+05:30", "04:00:00"),
        ("2024-01-02 09:30:00+01", "08:30:00"),
        ("20240102T093000Z", "09:30:00"),
        ("20240102093000+0100", "08:30:00"),
        ("2024-01-02 09:30 UTC", "09:30:00"),
        ("2024-01-02 09:30GMT", "09:30:00"),
        ("2024-01-02 9:30 AM +01:00", "08:30:00"),
        ("20240102 09:30:00 US/Eastern", "14:30:00"),
        ("20240702 09:30:00 US/Eastern", "2024-07-02T13:30:00"),
        ("2024-01-02 9:30 AM Europe/London", "09:30:00"),
        ("20240102-09:30:00 Asia/Hong_Kong", "01:30:00"),
        ("20240102 09:30:00 Etc/GMT+5", "14:30:00"),
        ("20240102 09:30:00 EST5EDT", "14:30:00"),
        ("2024-01-02 09:30:00.000 GMT+0100", "08:30:00"),
        ("2024-01-02 09:30:00 UTC+01:00", "08:30:00"),
        ("2024-01-02 09:30:00GMT-05", "14:30:00"),
        ("20240102 9:30 AM UTC-0330", "13:00:00"),
        ("2024-01-02 09:30 GMT+0", "09:30:00"),
    ],
)
def test_a_zone_in_the_stamp_counts(text: str, expected: str, rows: int) -> None:
    expected = expected if "T" in expected else f"2024-01-02T{expected}"
    for zone in (None, "Asia/Tokyo"):
        assert read([text] * rows, time_zone=zone) == ([shown(expected)] * rows, {})


@pytest.mark.parametrize("rows", [1, MANY])
@pytest.mark.parametrize(
    ("text", "expected", "unit"),
    [
        ("1704205800", "2024-01-02T14:30:00", "seconds"),
        ("1704205800.", "2024-01-02T14:30:00", "seconds"),
        ("1704205800.123456789", "2024-01-02T14:30:00.123456789", "seconds"),
        ("1704205800.1234567890000", "2024-01-02T14:30:00.123456789", "seconds"),
        ("-86400.5", "1969-12-30T23:59:59.5", "seconds"),
        ("0", "1970-01-01", "seconds"),
        ("0001704205800", "2024-01-02T14:30:00", "seconds"),
        ("1704205800123", "2024-01-02T14:30:00.123", "milliseconds"),
        ("1704205800123.456", "2024-01-02T14:30:00.123456", "milliseconds"),
        ("-2208988800000", "1900-01-01", "milliseconds"),
        ("942242400000", "1999-11-10T14:00:00", "milliseconds"),
        ("1704205800123456", "2024-01-02T14:30:00.123456", "microseconds"),
        ("1704205800123456789", "2024-01-02T14:30:00.123456789", "nanoseconds"),
        ("1704205800123456789.0", "2024-01-02T14:30:00.123456789", "nanoseconds"),
        ("-5364662400000000000", "1800-01-01", "nanoseconds"),
        ("99999999", "1973-03-03T09:46:39", "seconds"),
    ],
)
def test_a_number_counts_from_1970_in_the_unit_of_its_magnitude(
    text: str, expected: str, unit: str, rows: int
) -> None:
    stamps = reader()
    assert read([text] * rows, stamps) == ([shown(expected)] * rows, {})
    assert stamps.notes == (f"The stamps are read as epoch {unit}.",)
    assert not stamps.dates_only


# ---- what is refused -----------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, MANY])
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is missing"),
        ("yesterday", "is not written like"),
        ("2024-01/02", "is not written like"),
        ("2024-01-02Z", "is not written like"),
        ("2024-01-02 930", "is not written like"),
        ("2024-01-02 9", "is not written like"),
        ("2024-01-02 9:3", "is not written like"),
        ("2024-01-02 09:30.5", "is not written like"),
        ("2024-01-02 9 Pacific/Auckland", "is not written like"),
        ("2024-01-02;09:30", "is not written like"),
        ("2024-01-02 09:30:00.1234567890", "is not written like"),
        ("2024-01-02 09:30:00 +5", "is not written like"),
        ("\u0662\u0660\u0662\u0664-\u0660\u0661-\u0660\u0662", "is not written like"),
        ("2024-01-02\u00a009:30", "is not written like"),
        ("02-\u017fep-2024", "is not written like"),
        ("02-Foo-2024", "is not written like"),
        ("2024-01-02" + " " * 80 + "x", "is not written like"),
        ("2024-01-02\0", "is not written like"),
        ("2024-02-30", "is no date or time that exists"),
        ("2024-13-01", "is no date or time that exists"),
        ("2024-01-02 25:00", "is no date or time that exists"),
        ("2024-01-02 24:00:01", "is no date or time that exists"),
        ("2024-01-02 09:30 GMT+2400", "is no date or time that exists"),
        ("2024-01-02 09:30 GMT+1", "names the time zone GMT+1, which"),
        ("2024-01-02 09:30 EST+0500", "names the time zone EST+0500, which"),
        ("2024-01-02 09:60", "is no date or time that exists"),
        ("2024-01-02 09:30:60", "is no date or time that exists"),
        ("2024-01-02 13:00 PM", "is no date or time that exists"),
        ("2024-01-02 0:30 AM", "is no date or time that exists"),
        ("2024-01-02 09:30 +24:00", "is no date or time that exists"),
        ("20240230093000", "is no date or time that exists"),
        ("1799-12-31", "lies outside the years 1800 to 2090"),
        ("2091-01-01", "lies outside the years 1800 to 2090"),
        ("9999999999999999999", "lies outside the years 1800 to 2090"),
        ("99999999999", "lies outside the years 1800 to 2090"),
        ("24-01-02", "has a year of two digits: write all four"),
        ("1/2/24", "has a year of two digits: write all four"),
        ("02-Jan-24 09:30", "has a year of two digits: write all four"),
        ("240102", "has a year of two digits: write all four"),
        ("45293", "is a spreadsheet's number of a day"),
        ("45293.395833", "is a spreadsheet's number of a day"),
        ("1.7042E+12", "has lost digits to the exponent"),
        ("1704205800.1234567891", "is finer than a nanosecond, read as epoch seconds"),
        ("1704205800123456789.5", "is finer than a nanosecond, read as epoch nanoseconds"),
        ("20240102 09:30:00 Mars/Phobos", "names the time zone Mars/Phobos, which"),
        ("20240102 09:30:00 right/UTC", "names the time zone right/UTC, which"),
        ("20240102 09:30:00 America", "names the time zone America, which"),
        ("20240702 09:30:00 EST", "names EST, which never is daylight saving time"),
        ("20240310 02:30:00 US/Eastern", "does not exist: the clocks of US/Eastern"),
        ("20241103 01:30:00 US/Eastern", "names two instants: the clocks of US/Eastern"),
    ],
)
def test_what_is_no_stamp_is_a_problem_that_says_why(text: str, problem: str, rows: int) -> None:
    instants, problems = read([text] * rows, time_zone="UTC")
    assert instants == [None] * rows
    assert list(problems) == list(range(rows))
    assert all(each.startswith(problem) for each in problems.values())


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (["2024-01-02", "2024-01-03", "2024-01-04 09:30"], "is a time without a zone, where the"),
        (["2024-01-02 09:30", "2024-01-03 09:30", "2024-01-04"], "is a date alone, where the file"),
        (["2024-01-02 09Z", "2024-01-03 09Z", "2024-01-04 09"], "is a time without a zone, where"),
        (["1704205800", "1704205860", "1704205920000"], "is a number in the range of epoch milli"),
        (["1704205800", "1704205860", "2024-01-02"], "is a date alone, where the file's are epoch"),
        (["2024-01-02", "2024-01-03", "1704205920"], "is a number in the range of epoch seconds"),
        (["20240102", "20240103", "20240230"], "is no date or time that exists"),
        (["20240102 0930", "20240102 0931", "20240102 93200"], "is a time with seconds, where"),
        (["20240102 93000", "20240102 100000", "20240102 1500"], "is a time of hours and minutes"),
    ],
)
def test_a_stamp_unlike_most_is_a_problem_there_and_in_later_chunks(
    texts: list[str], problem: str
) -> None:
    stamps = reader(time_zone="UTC")
    instants, problems = read(texts, stamps)
    assert [each is None for each in instants] == [False, False, True]
    assert problems[2].startswith(problem)
    _, later = read([texts[2]] * MANY, stamps)
    assert later == dict.fromkeys(range(MANY), problems[2])
    assert read(texts[:2], stamps) == (instants[:2], {})


def test_a_chunk_without_any_stamp_settles_nothing() -> None:
    stamps = reader()
    _, problems = read(["", "x"], stamps)
    assert len(problems) == 2
    assert not stamps.dates_only
    assert read(["2024-01-02"], stamps)[0] == [shown("2024-01-02")]
    assert stamps.dates_only


def test_a_chunk_may_be_empty() -> None:
    assert read([]) == ([], {})


# ---- zones ---------------------------------------------------------------------------------


def test_times_without_a_zone_need_one_and_the_two_commands_are_said() -> None:
    with pytest.raises(TimeZoneNeededError) as caught:
        read(["x", "2024-01-02 09:30:00", "2024-01-02 09:31:00"])
    assert caught.value.message == (
        "The stamps of bars.csv carry no time zone, such as '2024-01-02 09:30:00' in line 3."
    )
    assert caught.value.recovery == (
        "If the file holds exchange time, add --timezone America/New_York (or the exchange's "
        "zone); if it holds UTC, add --timezone UTC."
    )


@pytest.mark.parametrize("name", ["Mars/Phobos", "America", "", "../etc", "right/UTC", "x" * 999])
def test_an_unknown_zone_is_refused_before_anything_is_read(name: str) -> None:
    with pytest.raises(UnknownTimeZoneError) as caught:
        reader(time_zone=name)
    assert caught.value.recovery


def suggested(name: str) -> str:
    with pytest.raises(UnknownTimeZoneError) as caught:
        zone_named(name)
    return caught.value.recovery


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        *(("-05:00", "Etc/GMT+5"), ("-0500", "Etc/GMT+5"), ("-5", "Etc/GMT+5")),
        *(("UTC-5", "Etc/GMT+5"), ("EST5", "Etc/GMT+5"), ("utc-05:00", "Etc/GMT+5")),
        *(("GMT+1", "Etc/GMT-1"), ("+01", "Etc/GMT-1"), ("UTC+14", "Etc/GMT-14")),
    ],
)
def test_an_offset_is_told_the_zone_that_always_has_it(name: str, zone: str) -> None:
    told = suggested(name)
    hours = abs(int(zone.removeprefix("Etc/GMT")))
    side = "behind" if "GMT+" in zone else "ahead of"
    assert told.startswith(
        f"Name {zone}, which is {hours} hour{'s' * (hours > 1)} {side} UTC all year"
    )
    ahead = zoneinfo.ZoneInfo(zone).utcoffset(dt.datetime(2024, 7, 1))
    assert ahead == dt.timedelta(hours=-hours if side == "behind" else hours)


@pytest.mark.parametrize("name", ["+05:30", "-13", "UTC+15", "GMT-3:30"])
def test_an_offset_that_no_such_zone_has_is_told_to_name_the_place(name: str) -> None:
    told = suggested(name)
    assert told.startswith("Name the place")
    assert "Etc/GMT" not in told


@pytest.mark.parametrize("name", ["+00:00", "UTC+0", "utc", "Z"])
def test_no_offset_is_utc(name: str) -> None:
    assert "UTC" in suggested(name)


@pytest.mark.parametrize("name", ["localtime", "Factory", "posixrules", "IST", "XYZ", "EEST"])
def test_nothing_is_suggested_where_nothing_is_sure(name: str) -> None:
    assert suggested(name).startswith("Name one of the IANA database, such as ")


@pytest.mark.parametrize(
    ("name", "place"),
    [("CEST", "Europe/Berlin"), ("edt", "America/New_York"), ("PST", "America/Los_Angeles")],
)
def test_an_abbreviation_is_told_its_place_and_no_name_that_looks_like_it(
    name: str, place: str
) -> None:
    assert suggested(name) == f"Did you mean {place}?"
    zoneinfo.ZoneInfo(place)


@pytest.mark.parametrize("rows", [1, MANY])
@pytest.mark.parametrize(
    ("text", "earlier", "later", "what"),
    [
        ("2024-03-10 02:30", "2024-03-10T06:30", "2024-03-10T07:30", "does not exist: the clocks"),
        ("2024-11-03 01:30", "2024-11-03T05:30", "2024-11-03T06:30", "names two instants: the "),
    ],
)
def test_an_hour_that_the_clock_skips_or_repeats_is_refused_unless_a_rule_is_named(
    text: str, earlier: str, later: str, what: str, rows: int
) -> None:
    instants, problems = read([text] * rows, time_zone=NEW_YORK)
    assert instants == [None] * rows
    assert problems[0].startswith(what)
    assert problems[0].endswith("say which is meant by --dst earlier or --dst later")
    for change, expected in ((ClockChange.EARLIER, earlier), (ClockChange.LATER, later)):
        stamps = reader(time_zone=NEW_YORK, clock_change=change)
        assert read([text] * rows, stamps) == ([shown(expected)] * rows, {})
        assert read(["2024-06-03 09:30"], stamps)[0] == [shown("2024-06-03T13:30")]
        count = "1 stamp" if rows == 1 else f"{rows} stamps"
        assert stamps.notes == (
            f"{count} in hours that the clock repeats or skips: read as the {change.value} "
            "instant.",
        )
        named = f"{text} {NEW_YORK}"
        assert read([named] * rows, clock_change=change) == ([shown(expected)] * rows, {})


ZONES = [
    *(NEW_YORK, "Europe/London", "Europe/Dublin", "Australia/Lord_Howe", "Pacific/Apia"),
    *("Africa/Casablanca", "America/Sao_Paulo", "Asia/Beirut", "Asia/Tehran", "Asia/Kolkata"),
    *("Atlantic/Azores", "Pacific/Kwajalein", "Antarctica/Troll", "America/St_Johns", "UTC"),
]
CHANGES = [None, ClockChange.EARLIER, ClockChange.LATER]


def changes_of_clock(zone: zoneinfo.ZoneInfo) -> list[dt.datetime]:
    """Instants at which the clock changed since 1900, or will."""
    step, found = dt.timedelta(days=10), []
    instant = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
    while instant.year < 2090:
        ends = instant, instant + step
        while ends[0].astimezone(zone).utcoffset() != ends[1].astimezone(zone).utcoffset() and ends[
            1
        ] - ends[0] > dt.timedelta(seconds=1):
            middle = ends[0] + (ends[1] - ends[0]) // 2
            middle = middle.replace(microsecond=0)
            same = middle.astimezone(zone).utcoffset() == ends[0].astimezone(zone).utcoffset()
            ends = (middle, ends[1]) if same else (ends[0], middle)
        if ends[1] - ends[0] <= dt.timedelta(seconds=1):
            found.append(ends[1])
        instant += step
    return found


@pytest.mark.parametrize("name", ZONES)
def test_the_clock_of_every_zone_is_right_around_all_its_changes(name: str) -> None:
    zone = zone_named(name)
    minutes = [0, 1, 29, 30, 31, 59, 60, 61, 90, 119, 120, 121, 24 * 60 - 1, 24 * 60]
    seconds = sorted({sign * (60 * each) for each in minutes for sign in (1, -1)} | {-1})
    changes = changes_of_clock(zone)
    walls = [
        change.astimezone(zone).replace(tzinfo=None) + dt.timedelta(seconds=each)
        for change in changes[:: max(1, len(changes) // 10)]
        for each in seconds
    ]
    walls += [dt.datetime(year, month, 1, 9, 30) for year in (1850, 1999) for month in range(1, 13)]
    local = [(wall - dt.datetime(1970, 1, 1)) // dt.timedelta(seconds=1) * 10**9 for wall in walls]
    for change in CHANGES:
        found = to_utc(np.array(local, np.int64), zone, change)
        expected = [reference.utc(each, zone, change and change.value) for each in local]
        got = [None if n in found.problems else int(v) for n, v in enumerate(found.values)]
        assert got == expected


# ---- the order of dates --------------------------------------------------------------------


def test_dates_that_could_mean_two_need_their_order_and_both_commands_are_said() -> None:
    with pytest.raises(DateOrderNeededError) as caught:
        read(["x", "01/01/2024", "01/02/2024"])
    assert caught.value.message == (
        "The dates of bars.csv could have the month or the day first, such as '01/02/2024' in "
        "line 4."
    )
    assert caught.value.recovery == (
        "If that is January 2, add --date-order mdy; if it is 1 February, add --date-order dmy."
    )


@pytest.mark.parametrize("rows", [1, MANY])
@pytest.mark.parametrize("text", ["01/02/2024", "1/2/2024", "01.02.2024", "1-2-2024"])
def test_an_order_that_is_said_is_followed(text: str, rows: int) -> None:
    assert read([text] * rows, date_order=MDY) == ([shown("2024-01-02")] * rows, {})
    assert read([text] * rows, date_order=DMY) == ([shown("2024-02-01")] * rows, {})
    timed = f"{text} 9:30 PM"
    instants, _ = read([timed] * rows, date_order=DMY, time_zone="UTC")
    assert instants == [shown("2024-02-01T21:30")] * rows


@pytest.mark.parametrize(
    ("proof", "first", "expected"),
    [("01/13/2024", "month", "2024-01-02"), ("13/01/2024", "day", "2024-02-01")],
)
def test_a_number_above_twelve_shows_the_order_of_all(
    proof: str, first: str, expected: str
) -> None:
    for rows in (1, MANY):
        stamps = reader()
        instants, problems = read([*["01/02/2024"] * rows, proof, "2024-03-04"], stamps)
        assert instants == [shown(expected)] * rows + [shown("2024-01-13"), shown("2024-03-04")]
        assert not problems
        assert stamps.notes == (
            f"The dates are read with the {first} first, as {proof!r} in line {rows + 2} shows.",
        )
        assert read(["01/02/2024"], stamps)[0] == [shown(expected)]


def test_a_stamp_is_never_read_in_another_order_than_the_others() -> None:
    instants, problems = read(["01/13/2024", "01/14/2024", "13/02/2024", "31/02/2024"])
    assert instants[:2] == [shown("2024-01-13"), shown("2024-01-14")]
    assert problems == {
        2: "has the day first, where the file's have the month first",
        3: "is no date or time that exists",
    }
    _, problems = read(["01/13/2024"] * MANY, date_order=DMY)
    assert set(problems.values()) == {"has the month first, where the file's have the day first"}


def test_an_odd_date_with_its_year_last_is_a_problem_not_a_guess() -> None:
    stamps = reader()
    problem = "could have the day or the month first: say --date-order mdy or --date-order dmy"
    _, problems = read(["2024-01-02", "2024-01-03", "13/01/2024"], stamps)
    assert problems == {2: problem}
    assert read(["14/01/2024"] * MANY, stamps)[1] == dict.fromkeys(range(MANY), problem)
    assert stamps.notes == ()


def test_an_hour_that_does_not_exist_shows_no_order() -> None:
    # 3 November, when 01:30 comes twice; 11 March is an ordinary day.
    with pytest.raises(DateOrderNeededError):
        read(["11/03/2024 01:30 US/Eastern"] * MANY)


# ---- held to the slow reader ---------------------------------------------------------------

DATES = [
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y"),
    *("%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%d%b%Y", "%Y-%b-%d", "%-m/%-d/%Y", "%Y-%-m-%-d"),
]
TIMES = [
    *("", "", " %H:%M:%S", "T%H:%M:%S", " %H:%M", " %-H:%M", " %H%M", " %H%M%S", " %-H%M%S"),
    *("%H%M", "%H%M%S", "-%H:%M:%S", " %-I:%M %p", " %I:%M:%S %p", "  %H:%M:%S", " %H", ", %-I %p"),
    *(" %H:%M:%S.%f", "T%H:%M:%S,%f", " %H%M%S.%f"),
]
ENDS = [
    *("", "", "", "Z", "+00:00", " -0500", "+05", " UTC", "GMT", " US/Eastern", " Etc/GMT+5"),
    *(" Europe/London", " EST", " Mars/X", "-24:00", "+5", " GMT+0100", " UTC-05:30", "GMT+02"),
    *(" GMT+1", " GMT+0", " UTC+0"),
]
EPOCHS = st.one_of(
    st.integers(-6 * 10**9, 4 * 10**9).map(str),
    st.tuples(
        st.integers(10**8, 4 * 10**9), st.sampled_from(["", "000", "000000", "123456789"])
    ).map(lambda each: f"{each[0]}{each[1]}"),
    st.tuples(st.integers(10**8, 2 * 10**18), st.integers(0, 10**10)).map("{0[0]}.{0[1]}".format),
    st.sampled_from(["45293", "240102", "1.7E+9", "0", "-0", "942242400000", "197601020930"]),
)
MOMENTS = st.one_of(
    st.datetimes(dt.datetime(1799, 12, 1), dt.datetime(2091, 1, 31)),
    st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2024, 12, 31)),
    st.sampled_from([dt.datetime(2024, 3, 10, 2, 30), dt.datetime(2024, 11, 3, 1, 30)]),
)
MARKS = [*"0123456789-/.:+ ,TZAPMe", "", "  ", "24:00", "AM", "\u0661", "\u00a0", "\0", "13", "é"]


def formatted(moment: dt.datetime, form: str) -> str:
    # strftime does not fill years before 1000, but all of these are later.
    return moment.strftime(form)


FORMS = st.one_of(
    st.tuples(st.sampled_from(DATES), st.sampled_from(TIMES), st.sampled_from(ENDS)).map("".join),
    st.sampled_from(["%Y-%m-%d %H:%M:%S", "%m/%d/%Y", "%d/%m/%Y %H:%M", "%Y%m%d %H%M%S"]),
)
COLUMNS = st.one_of(
    # Many of one notation, and a few of others.
    st.tuples(FORMS, st.lists(MOMENTS, min_size=1, max_size=24)).map(
        lambda each: [formatted(moment, each[0]) for moment in each[1]]
    ),
    st.lists(EPOCHS, min_size=1, max_size=20),
    st.lists(st.tuples(MOMENTS, FORMS).map(lambda each: formatted(*each)), max_size=6),
)
DAMAGE = st.lists(
    st.tuples(st.integers(0, 99), st.floats(0, 1), st.integers(0, 2), st.sampled_from(MARKS)),
    max_size=4,
)
LAYOUTS = st.builds(
    FileLayout,
    time_zone=st.sampled_from([None, NEW_YORK, "UTC", "Australia/Lord_Howe"]),
    clock_change=st.sampled_from(CHANGES),
    date_order=st.sampled_from([None, MDY, DMY]),
)


def damaged(texts: list[str], damage: list[tuple[int, float, int, str]]) -> list[str]:
    for which, where, length, mark in damage:
        if texts:
            text = texts[which % len(texts)]
            at = round(where * len(text))
            texts[which % len(texts)] = (text[:at] + mark + text[at + length :]).strip(
                " \t\n\r\v\f"
            )
    return texts


def told(layout: FileLayout) -> reference.Told:
    zone = None if layout.time_zone is None else zoneinfo.ZoneInfo(layout.time_zone)
    order = layout.date_order and layout.date_order.value
    return reference.Told(zone, order, layout.clock_change and layout.clock_change.value)


@given(st.lists(COLUMNS, min_size=1, max_size=3), DAMAGE, LAYOUTS)
@settings(max_examples=500, deadline=None)
@example([["2024-01-02 09:30:00"] * 20], [], FileLayout(NEW_YORK))
@example([["01/02/2024"] * 20, ["13/02/2024"] * 2], [], FileLayout())
def test_columns_are_read_as_one_by_one_or_refused(
    columns: list[list[str]], damage: list[tuple[int, float, int, str]], layout: FileLayout
) -> None:
    texts = damaged([text for column in columns for text in column], damage)
    stamps = StampReader(BarFile(None), layout)
    array, lines = pa.array(texts, pa.string()), np.arange(len(texts))
    try:
        settled = reference.settle(texts, told(layout))
    except reference.NeededError:
        with pytest.raises(BarledgerError) as caught:
            stamps.read(array, lines)
        assert caught.value.recovery
        return
    found = stamps.read(array, lines)
    for row, text in enumerate(texts):
        expected = reference.instant(text, settled)
        got = None if row in found.problems else int(found.values[row])
        assert got == expected, (text, found.problems.get(row))
    assert stamps.dates_only == (settled.kind == "date")
