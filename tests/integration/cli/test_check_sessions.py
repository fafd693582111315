"""`barledger check` on markets of every kind: what is a gap, and what is none.

The hours are those of the markets themselves, written down here by the clock on the wall.
"""

from __future__ import annotations

import datetime as dt
import itertools
import zoneinfo
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.builders import DATA, NEW_YORK
from tests.integration.cli.conftest import Barledger

CHICAGO = zoneinfo.ZoneInfo("America/Chicago")
SATURDAY = 5
Minutes = list[dt.datetime]
Keep = Callable[..., None]


@pytest.fixture
def keep(barledger: Barledger, tmp_path: Path) -> Keep:
    """Import a bar for each of these instants, at which it opens."""

    def import_(instrument: str, opens: Iterable[dt.datetime], *options: str) -> None:
        lines = ["timestamp,open,high,low,close,volume"]
        lines += [f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ},70,71,69,70,5" for at in opens]
        file = tmp_path / "bars.csv"
        file.write_text("\n".join(lines) + "\n")
        ended = barledger("import-csv", file, "-i", instrument, *options)
        assert ended.code == 0, ended.err

    return import_


def check(barledger: Barledger, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Return the one series that `check` tells of."""
    ended = barledger("check", *arguments, "--json")
    assert ended.code == code, ended.err
    (row,) = ended.document["series"]
    return dict(row)


def bars_between(start: dt.datetime, end: dt.datetime, minutes: int = 1) -> Minutes:
    """Return when bars open from `start` up to `end`, by the time that passes."""
    first, after = start.astimezone(dt.UTC), end.astimezone(dt.UTC)
    step = dt.timedelta(minutes=minutes)
    return [first + step * n for n in range((after - first) // step)]


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def at(date: str | dt.date, clock: str, zone: zoneinfo.ZoneInfo = NEW_YORK) -> dt.datetime:
    date = day(date) if isinstance(date, str) else date
    return dt.datetime.combine(date, dt.time.fromisoformat(clock), zone)


def without(opens: Minutes, start: dt.datetime, end: dt.datetime) -> Minutes:
    return [one for one in opens if not start <= one < end]


# Stocks


def real_minutes() -> Minutes:
    """Return the minutes of three real sessions of AAPL, before and after hours included."""
    lines = (DATA / "AAPL_1min_2014-06-05_2014-06-09_new_york.csv").read_text().splitlines()
    return [dt.datetime.fromisoformat(line[:19]).replace(tzinfo=NEW_YORK) for line in lines[1:]]


@pytest.mark.parametrize(
    ("start", "end", "hole"),
    [
        pytest.param("09:30", "10:30", ("13:30", "14:30"), id="first hour"),
        pytest.param("09:30", "10:01", ("13:30", "14:01"), id="first 31 minutes"),
        pytest.param("09:30", "10:00", None, id="first half hour"),
        pytest.param("09:30", "09:33", None, id="first trade at 09:33"),
        pytest.param("11:02", "11:05", None, id="three quiet minutes"),
        pytest.param("12:00", "15:00", ("16:00", "19:00"), id="three hours"),
        pytest.param("15:00", "16:00", ("19:00", "20:00"), id="last hour"),
        pytest.param("04:00", "09:30", None, id="all before hours"),
        pytest.param("16:00", "20:00", None, id="all after hours"),
    ],
)
def test_a_hole_in_a_real_session(
    barledger: Barledger, keep: Keep, start: str, end: str, hole: tuple[str, str] | None
) -> None:
    date = "2014-06-06"
    keep("AAPL.NASDAQ", without(real_minutes(), at(date, start), at(date, end)))
    row = check(barledger, "--start", "2014-06-05", "--end", "2014-06-09", code=3 if hole else 0)
    assert row["sessions"]["complete"] == (2 if hole else 3)
    assert row["sessions"]["partial"] == (1 if hole else 0)
    assert [gap["holes"] for gap in row["gaps"]] == (
        [[[f"{date}T{hole[0]}:00Z", f"{date}T{hole[1]}:00Z"]]] if hole else []
    )


def test_a_session_without_any_trade_of_regular_hours_is_missing(
    barledger: Barledger, keep: Keep
) -> None:
    date = "2014-06-06"
    keep("AAPL.NASDAQ", without(real_minutes(), at(date, "09:30"), at(date, "16:00")))
    row = check(barledger, "--start", "2014-06-05", "--end", "2014-06-09", code=3)
    assert row["gaps"] == [{"start": date, "end": date, "status": "missing"}]
    # Bars of its early morning and evening are held, so it is one of the dates that hold bars.
    assert row["trading_days"] == 3


def stock_session(date: dt.date, close: str = "16:00") -> Minutes:
    return bars_between(at(date, "09:30"), at(date, close))


def weekdays(first: str, last: str) -> list[dt.date]:
    dates = (day(first) + dt.timedelta(days=n) for n in range((day(last) - day(first)).days + 1))
    return [date for date in dates if date.weekday() < SATURDAY]


def test_two_months_apart_leave_the_sessions_between_and_no_other(
    barledger: Barledger, keep: Keep
) -> None:
    for first, last in (("2024-01-02", "2024-01-31"), ("2024-03-01", "2024-03-28")):
        closed = {day("2024-01-15")}
        open_ = [date for date in weekdays(first, last) if date not in closed]
        keep("AAPL.NASDAQ", (one for date in open_ for one in stock_session(date)))
    row = check(barledger, "--start", "2024-01-01", "--end", "2024-03-31", code=3)
    # February 2024 had 21 weekdays, one of them Presidents' Day.
    assert row["gaps"] == [{"start": "2024-02-01", "end": "2024-02-29", "status": "missing"}]
    sessions = row["sessions"]
    assert (sessions["complete"], sessions["missing"], sessions["partial"]) == (21 + 20, 20, 0)
    assert check(barledger, "-i", "AAPL")["gaps"] == row["gaps"]


@pytest.mark.parametrize("clocks_change", ["2024-03-10", "2024-11-03"])
def test_a_change_of_the_clocks_makes_no_gap(
    barledger: Barledger, keep: Keep, clocks_change: str
) -> None:
    """An hour too early or too late would lack an hour at one end, which is no silence."""
    first, last = (day(clocks_change) + dt.timedelta(days=n) for n in (-3, 2))
    dates = weekdays(f"{first}", f"{last}")
    keep("AAPL.NASDAQ", (one for date in dates for one in stock_session(date)))
    row = check(barledger, "--start", f"{first}", "--end", f"{last}")
    assert (row["sessions"]["complete"], row["gaps"]) == (len(dates), [])
    assert len(dates) == 4


@pytest.mark.parametrize(
    ("usual", "early"),
    [("2023-11-22", "2023-11-24"), ("2024-12-23", "2024-12-24"), ("2024-07-02", "2024-07-03")],
)
def test_an_early_close_is_complete_and_the_morning_of_a_whole_day_is_not(
    barledger: Barledger, keep: Keep, usual: str, early: str
) -> None:
    keep(
        "AAPL.NASDAQ", (one for date in (usual, early) for one in stock_session(day(date), "13:00"))
    )
    row = check(barledger, "--start", early, "--end", early)
    assert (row["sessions"]["complete"], row["gaps"]) == (1, [])
    row = check(barledger, "--start", usual, "--end", early, code=3)
    assert (row["sessions"]["partial"], row["sessions"]["complete"]) == (1, 1)


# Futures, by Chicago's clock: from 17:00 of the evening before to 16:00


@attrs.frozen
class Future:
    """A contract, and the days on which it does not trade, or only up to a time."""

    instrument_id: str
    first: str
    last: str
    closed: tuple[str, ...]
    halted: dict[str, str]

    def sessions(self) -> dict[dt.date, Minutes]:
        found = {}
        for date in weekdays(self.first, self.last):
            if f"{date}" not in self.closed:
                opens = at(date - dt.timedelta(days=1), "17:00", CHICAGO)
                closes = at(date, self.halted.get(f"{date}", "16:00"), CHICAGO)
                found[date] = bars_between(opens, closes)
        return found


FUTURES = [
    Future(
        "ESH4.CME",
        "2024-01-02",
        "2024-02-23",
        closed=(),
        halted={"2024-01-15": "12:00", "2024-02-19": "12:00"},
    ),
    Future(
        "CLG4.NYMEX",
        "2023-12-18",
        "2024-01-22",
        closed=("2023-12-25", "2024-01-01"),
        halted={"2024-01-15": "13:30"},
    ),
]


@pytest.fixture(params=FUTURES, ids=[one.instrument_id for one in FUTURES])
def future(request: pytest.FixtureRequest, barledger: Barledger) -> Future:
    found: Future = request.param
    define = ("instrument", "set", "-i", found.instrument_id, "--class", "future")
    terms = ("--currency", "USD", "--tick", "0.25", "--multiplier", "50", "--expiry", "2024-03-15")
    assert barledger(*define, *terms).code == 0
    return found


def all_of(sessions: dict[dt.date, Minutes]) -> Minutes:
    return list(itertools.chain.from_iterable(sessions.values()))


def test_a_month_of_a_future_has_no_false_gap(
    barledger: Barledger, keep: Keep, future: Future
) -> None:
    """The hour between sessions, Sunday's openings, holidays and halts are none."""
    sessions = future.sessions()
    keep(future.instrument_id, all_of(sessions))
    row = check(barledger, "--start", future.first, "--end", future.last)
    assert (row["gaps"], row["sessions"]["complete"]) == ([], len(sessions))


def test_a_day_that_a_future_lacks_is_found(
    barledger: Barledger, keep: Keep, future: Future
) -> None:
    sessions = future.sessions()
    del sessions[day("2024-01-10")]
    # Of Monday the evening before it, and the last two hours before a holiday's halt.
    monday, halted = day("2024-01-08"), day("2024-01-15")
    midnight = at(monday, "00:00", CHICAGO)
    sessions[monday] = [one for one in sessions[monday] if one >= midnight]
    sessions[halted] = sessions[halted][:-120]
    keep(future.instrument_id, all_of(sessions))
    row = check(barledger, "--start", future.first, "--end", future.last, code=3)
    last = sessions[halted][-1] + dt.timedelta(minutes=1)
    holes = [
        [f"{one.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}" for one in hole]
        for hole in (
            (at("2024-01-07", "17:00", CHICAGO), midnight),
            (last, last + dt.timedelta(minutes=120)),
        )
    ]
    assert row["gaps"] == [
        {"start": "2024-01-08", "end": "2024-01-08", "status": "partial", "holes": holes[:1]},
        {"start": "2024-01-10", "end": "2024-01-10", "status": "missing"},
        {"start": "2024-01-15", "end": "2024-01-15", "status": "partial", "holes": holes[1:]},
    ]


# Currencies and coins


def currency_days(first: str, last: str) -> dict[dt.date, Minutes]:
    """Return IBKR's days of a pair: from 17:15 of the evening before to 17:00 in New York."""
    return {
        date: bars_between(at(date - dt.timedelta(days=1), "17:15"), at(date, "17:00"))
        for date in weekdays(first, last)
    }


def test_a_month_of_a_currency_pair_has_no_false_gap(barledger: Barledger, keep: Keep) -> None:
    """March 2024: the clocks change, and on Good Friday the market is open."""
    days = currency_days("2024-03-01", "2024-03-29")
    keep("EUR/USD.IDEALPRO", all_of(days))
    row = check(barledger, "-i", "EUR/USD", "--start", "2024-03-01", "--end", "2024-03-31")
    assert (row["gaps"], row["sessions"]["complete"]) == ([], 21)


def test_a_day_and_an_evening_that_a_currency_pair_lacks_are_found(
    barledger: Barledger, keep: Keep
) -> None:
    days = currency_days("2024-03-01", "2024-03-29")
    del days[day("2024-03-20")]
    # The first Sunday evening of summer time.
    midnight = at("2024-03-11", "00:00")
    days[day("2024-03-11")] = [one for one in days[day("2024-03-11")] if one >= midnight]
    keep("EUR/USD.IDEALPRO", all_of(days))
    row = check(barledger, "--start", "2024-03-01", "--end", "2024-03-31", code=3)
    assert row["gaps"] == [
        {
            "start": "2024-03-11",
            "end": "2024-03-11",
            "status": "partial",
            "holes": [["2024-03-10T21:00:00Z", "2024-03-11T04:00:00Z"]],
        },
        {"start": "2024-03-20", "end": "2024-03-20", "status": "missing"},
    ]


def test_a_month_of_a_coin_is_open_on_every_day_by_utc(barledger: Barledger, keep: Keep) -> None:
    """The clocks of New York and London change within it, and change nothing."""
    month = bars_between(
        dt.datetime(2024, 3, 1, tzinfo=dt.UTC), dt.datetime(2024, 4, 1, tzinfo=dt.UTC), minutes=5
    )
    keep("BTC/USD.PAXOS", month)
    row = check(barledger, "-i", "BTC/USD", "--start", "2024-03-01", "--end", "2024-03-31")
    assert (row["gaps"], row["sessions"]["complete"]) == ([], 31)
    assert row["bar_type"] == "5_MIN"


def test_a_sunday_that_a_coin_lacks_is_found(barledger: Barledger, keep: Keep) -> None:
    month = bars_between(
        dt.datetime(2024, 3, 1, tzinfo=dt.UTC), dt.datetime(2024, 4, 1, tzinfo=dt.UTC), minutes=5
    )
    keep("BTC/USD.PAXOS", [one for one in month if one.date() != day("2024-03-10")])
    row = check(barledger, "--start", "2024-03-01", "--end", "2024-03-31", code=3)
    assert row["gaps"] == [{"start": "2024-03-10", "end": "2024-03-10", "status": "missing"}]


# Damage


def flip_a_byte(catalog: Path) -> None:
    """Damage the partition of 3 January 2024, name and size unchanged."""
    file = catalog / "AAPL.NASDAQ" / "1_MIN" / "2024-01-03.parquet"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)


@pytest.mark.parametrize(
    "met_by", [("verify", "--repair", "--yes"), ("backtest", "-i", "AAPL", "--offline")]
)
def test_a_day_is_corrupt_once_its_damage_was_met(
    barledger: Barledger, keep: Keep, catalog: Path, met_by: tuple[str, ...]
) -> None:
    dates = weekdays("2024-01-02", "2024-01-05")
    keep("AAPL.NASDAQ", (one for date in dates for one in stock_session(date)))
    flip_a_byte(catalog)
    barledger(*met_by)
    row = check(barledger, "--start", "2024-01-02", "--end", "2024-01-05", code=3)
    assert row["gaps"] == [{"start": "2024-01-03", "end": "2024-01-03", "status": "corrupt"}]
    assert (row["sessions"]["corrupt"], row["sessions"]["complete"]) == (1, 3)
    # Bars that are imported anew make it whole.
    keep("AAPL.NASDAQ", stock_session(day("2024-01-03")))
    row = check(barledger, "--start", "2024-01-02", "--end", "2024-01-05")
    assert (row["sessions"]["corrupt"], row["sessions"]["complete"]) == (0, 4)


# Several series, and what is printed where


@pytest.fixture
def several(keep: Keep) -> None:
    """AAPL is whole in one week, MSFT lacks the Wednesday, and the pair lacks nothing."""
    dates = weekdays("2024-01-08", "2024-01-12")
    keep("AAPL.NASDAQ", (one for date in dates for one in stock_session(date)))
    some = [date for date in dates if date != day("2024-01-10")]
    keep("MSFT.NASDAQ", (one for date in some for one in stock_session(date)))
    keep("EUR/USD.IDEALPRO", all_of(currency_days("2024-01-08", "2024-01-12")))


WEEK = ("--start", "2024-01-08", "--end", "2024-01-12")


@pytest.mark.usefixtures("several")
def test_symbols_without_a_venue_are_told_in_the_order_and_words_of_the_user(
    barledger: Barledger,
) -> None:
    ended = barledger("check", "-i", "EUR/USD", "-i", "MSFT", "-i", "AAPL.NASDAQ", *WEEK)
    assert ended.code == 3
    lines = [line for line in ended.out.splitlines() if "✓" in line]
    assert lines == [
        "EUR/USD: Jan 8-12 ✓",
        "MSFT: Jan 8-9 ✓, Jan 10 ✗, Jan 11-12 ✓",
        "AAPL.NASDAQ: Jan 8-12 ✓",
    ]


@pytest.mark.usefixtures("several")
def test_one_gap_among_several_series_decides_the_exit_code(barledger: Barledger) -> None:
    pair = ("-i", "AAPL", "-i", "EUR/USD")
    assert barledger("check", *pair, *WEEK).code == 0
    assert barledger("check", *pair, "-i", "MSFT", *WEEK).code == 3
    assert barledger("check", *WEEK).code == 3
    # A gap outside the range that was asked for is none.
    assert barledger("check", "--start", "2024-01-11", "--end", "2024-01-12").code == 0
    assert barledger("check").code == 0


@pytest.mark.usefixtures("several")
def test_quiet_leaves_the_answer_and_nothing_beside_it(barledger: Barledger) -> None:
    loud, quiet = barledger("check", *WEEK), barledger("check", "--quiet", *WEEK)
    assert loud.err
    assert quiet.err == ""
    assert (quiet.out, quiet.code) == (loud.out, loud.code)


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize("more", [(), ("--quiet",), ("--verbose",)])
def test_json_is_one_document_and_nothing_else_on_stdout(
    barledger: Barledger, more: tuple[str, ...]
) -> None:
    ended = barledger("check", "--json", *more, *WEEK)
    assert ended.code == 3
    rows = ended.document["series"]
    assert [row["instrument_id"] for row in rows] == [
        "AAPL.NASDAQ",
        "EUR/USD.IDEALPRO",
        "MSFT.NASDAQ",
    ]
    assert [len(row["gaps"]) for row in rows] == [0, 0, 1]


@pytest.mark.usefixtures("several")
def test_an_error_too_is_one_document(barledger: Barledger) -> None:
    ended = barledger("check", "-i", "NVDA", "--json", *WEEK)
    assert ended.code == 3
    assert ended.document["error"]["code"] == "data-not-found"
