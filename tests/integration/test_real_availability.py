"""Years of bars that a real market printed, judged in another way as well: by New York's clock.

The other way shares nothing with the program. It reads the text of the file with the standard
library, marks minutes of the day as clocks in New York show them, and has the exchange's holidays
from the rules below.
"""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import attrs
import pytest

from tests.builders import DATA, NEW_YORK
from tests.cli import Cli

FIRST, LAST = dt.date(1998, 1, 2), dt.date(2021, 3, 31)
HEADER = "timestamp,open,high,low,close,volume"
MONDAY, THURSDAY, SATURDAY = 0, 3, 5
# At the edges of a session half an hour may be silent, and amid it two hours in all.
EDGE, SILENCE = 30, 120

# 11 September 2001, mourning for three presidents, a hurricane.
CLOSED_ONCE = {
    *(dt.date(2001, 9, day) for day in (11, 12, 13, 14)),
    dt.date(2004, 6, 11),
    dt.date(2007, 1, 2),
    *(dt.date(2012, 10, day) for day in (29, 30)),
    dt.date(2018, 12, 5),
}
EARLY_ONCE = {dt.date(1999, 12, 31), dt.date(2002, 7, 5), dt.date(2003, 12, 26)}
# After the attacks, when the war began, and a year after the attacks.
OPENED_LATE = {
    dt.date(2001, 9, 17): 9 * 60 + 33,
    dt.date(2001, 10, 8): 9 * 60 + 31,
    dt.date(2002, 9, 11): 12 * 60,
}


def nth(year: int, month: int, weekday: int, n: int) -> dt.date:
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def observed(date: dt.date) -> dt.date:
    """Return the weekday on which a holiday of that date is kept."""
    return date + dt.timedelta(days={5: -1, 6: 1}.get(date.weekday(), 0))


def easter(year: int) -> dt.date:
    """Return Easter Sunday of a year from 1900 to 2099, by Gauss's rule."""
    d = (19 * (year % 19) + 24) % 30
    e = (2 * (year % 4) + 4 * (year % 7) + 6 * d + 5) % 7
    late = (d, e) == (29, 6) or ((d, e) == (28, 6) and year % 19 > 10)
    return dt.date(year, 3, 22) + dt.timedelta(days=d + e - 7 * late)


def holidays(year: int) -> set[dt.date]:
    new_year = dt.date(year, 1, 1)
    return {
        # A Saturday's is not kept: the Friday before closes the books of a year.
        new_year if new_year.weekday() == SATURDAY else observed(new_year),
        nth(year, 1, MONDAY, 3),
        nth(year, 2, MONDAY, 3),
        easter(year) - dt.timedelta(days=2),
        nth(year, 6, MONDAY, 1) - dt.timedelta(days=7),
        observed(dt.date(year, 7, 4)),
        nth(year, 9, MONDAY, 1),
        nth(year, 11, THURSDAY, 4),
        observed(dt.date(year, 12, 25)),
    }


def early_closes(year: int) -> set[dt.date]:
    """Return the dates, of sessions or not, on which trading ends at 13:00."""
    eves = {dt.date(year, 12, 24), dt.date(year, 7, 3)} - {dt.date(2002, 7, 3)}
    return {nth(year, 11, THURSDAY, 4) + dt.timedelta(days=1), *eves, *EARLY_ONCE}


def sessions(first: dt.date, last: dt.date) -> dict[dt.date, range]:
    """Return the minutes of the day in which New York trades, for each date that it does."""
    dates = (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    return {
        date: range(OPENED_LATE.get(date, 9 * 60 + 30), 60 * (13 if short else 16))
        for date in dates
        if date.weekday() < SATURDAY and date not in holidays(date.year) | CLOSED_ONCE
        for short in [date in early_closes(date.year)]
    }


@attrs.frozen
class Verdict:
    """What a session of hour bars is, and which stretches of its minutes are lacking."""

    status: str
    holes: tuple[tuple[int, int], ...] = ()


def verdict(trading: range, hours: set[int]) -> Verdict:
    """Judge a session by the hours of the day of which there is a bar."""
    covered = {minute for hour in hours for minute in range(60 * hour, 60 * hour + 60)}
    if covered.isdisjoint(trading):
        return Verdict("missing")
    holes: list[list[int]] = []
    for minute in (one for one in trading if one not in covered):
        if holes and holes[-1][-1] == minute - 1:
            holes[-1].append(minute)
        else:
            holes.append([minute])
    silences = [one for one in holes if trading[0] < one[0] and one[-1] < trading[-1]]
    amid = sum(len(one) for one in silences if len(one) > EDGE)
    quiet = silences if amid <= SILENCE else []
    long = tuple(
        (hole[0], hole[-1] + 1) for hole in holes if len(hole) > EDGE and hole not in quiet
    )
    return Verdict("partial" if long else "complete", long)


def verdicts(lines: list[str]) -> dict[dt.date, Verdict]:
    """Judge every session from the first to the last bar of a file of hour bars."""
    hours = defaultdict(set)
    for line in lines:
        hours[dt.date.fromisoformat(line[:10])].add(int(line[11:13]))
    trading = sessions(min(hours), max(hours))
    return {date: verdict(trading[date], hours[date]) for date in trading}


def gaps_of(judged: Mapping[dt.date, Verdict]) -> list[dict[str, Any]]:
    """Return what `check --json` must say of these sessions."""
    rows = []
    for status, group in itertools.groupby(judged.items(), key=lambda one: one[1].status):
        run = list(group)
        row: dict[str, Any] = {"start": f"{run[0][0]}", "end": f"{run[-1][0]}", "status": status}
        if status == "partial":
            row["holes"] = [[utc(d, m) for m in hole] for d, one in run for hole in one.holes]
        if status != "complete":
            rows.append(row)
    return rows


def utc(date: dt.date, minute: int) -> str:
    at = dt.datetime.combine(date, dt.time(*divmod(minute, 60)), NEW_YORK)
    return f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


def lines_of(name: str) -> list[str]:
    return (DATA / name).read_text().splitlines()[1:]


AAPL, IBM = "AAPL_1hour_new_york.csv", "IBM_1day_new_york.csv"


@pytest.fixture(scope="module")
def trader(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A trader who has imported both files whole."""
    trader = Cli(tmp_path_factory.mktemp("years"))
    zone = ("--timezone", "America/New_York")
    trader("import-csv", str(DATA / AAPL), "-i", "AAPL.NASDAQ", *zone).succeeded()
    trader("import-csv", str(DATA / IBM), "-i", "IBM.NYSE").succeeded()
    return trader


def checked(trader: Cli, instrument: str, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Return the one series that `check` tells of."""
    run = trader("check", "-i", instrument, *arguments, "--json")
    assert run.code == code, run.err
    (row,) = run.document["series"]
    return dict(row)


def test_the_rules_give_every_session_of_the_daily_file() -> None:
    """The other way is itself right: the market traded on these dates and no others."""
    traded = [dt.date.fromisoformat(line[:10]) for line in lines_of(IBM)]
    assert traded == list(sessions(FIRST, LAST))
    assert len(traded) == 5849


def test_23_years_of_daily_bars_have_no_gap(trader: Cli) -> None:
    row = checked(trader, "IBM", "--start", f"{FIRST}", "--end", f"{LAST}")
    assert row["sessions"]["complete"] == row["trading_days"] == row["bars"] == 5849
    assert row["gaps"] == []
    assert not any(row["sessions"][other] for other in ("partial", "missing", "corrupt"))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2001-09-11", "2001-09-14"),
        ("2004-06-11", "2004-06-11"),
        ("2007-01-02", "2007-01-02"),
        ("2012-10-29", "2012-10-30"),
        ("2018-12-05", "2018-12-05"),
    ],
)
def test_days_on_which_the_exchange_was_closed_once_are_no_sessions(
    trader: Cli, start: str, end: str
) -> None:
    for instrument in ("IBM", "AAPL"):
        row = checked(trader, instrument, "--start", start, "--end", end)
        assert (sum(row["sessions"].values()), row["gaps"]) == (0, [])


def test_23_years_of_hour_bars_are_complete_by_both_ways(trader: Cli) -> None:
    """Nothing is missing from the file, over 46 changes of the clocks and 58 early closes."""
    judged = verdicts(lines_of(AAPL))
    statuses = Counter(one.status for one in judged.values())
    assert statuses == {"complete": 5849}
    row = checked(trader, "AAPL", "--start", f"{FIRST}", "--end", f"{LAST}")
    assert row["sessions"]["complete"] == statuses["complete"]
    assert row["gaps"] == gaps_of(judged) == []


def test_short_days_are_early_closes_but_for_two_that_trading_itself_cut(trader: Cli) -> None:
    """Both of those, a late opening and a halt of the exchange, lack two hours and no more."""
    bars = Counter(line[:10] for line in lines_of(AAPL))
    short = {dt.date.fromisoformat(date) for date, count in bars.items() if count < 7}
    early = {date for year in range(1998, 2022) for date in early_closes(year)}
    assert short - early == {dt.date(2002, 9, 11), dt.date(2013, 8, 22)}
    for date in ("2019-11-29", "2019-12-24", "2019-07-03", "2013-08-22"):
        row = checked(trader, "AAPL", "--start", date, "--end", date)
        assert (row["sessions"]["complete"], row["gaps"]) == (1, [])


def thinned(lines: list[str], seed: int) -> list[str]:
    """Return the lines without some dates, some hours of others, and all but one hour of some."""
    chance, kept = random.Random(seed), []
    for _, group in itertools.groupby(lines, key=lambda line: line[:10]):
        day = list(group)
        what = chance.random()
        if what < 0.1:
            day = []
        elif what < 0.2:
            start = chance.randrange(len(day))
            del day[start : start + chance.randint(1, 4)]
        elif what < 0.25:
            day = [chance.choice(day)]
        elif what < 0.35:
            day = [line for line in day if chance.random() < 0.5]
        kept += day
    return kept


@pytest.mark.parametrize("seed", [1, 2])
def test_what_was_taken_out_of_the_hour_bars_is_found_and_nothing_else(cli: Cli, seed: int) -> None:
    """Closures, early closes, changes of the clocks and nine years without any bar included."""
    years = [f"{year}" for year in (1999, 2000, 2001, 2002, 2012, 2013)]
    lines = thinned([line for line in lines_of(AAPL) if line[:4] in years], seed)
    judged = verdicts(lines)
    statuses = Counter(one.status for one in judged.values())
    assert statuses["partial"] > 100
    assert statuses["missing"] > 9 * 250
    text = "\n".join([HEADER, *lines])
    cli.import_csv("AAPL.NASDAQ", text, "--timezone", "America/New_York", "--bar-type", "1_HOUR")
    bounds = ("--start", f"{min(judged)}", "--end", f"{max(judged)}")
    row = checked(cli, "AAPL", *bounds, code=3)
    assert {status: row["sessions"][status] for status in statuses} == statuses
    assert row["gaps"] == gaps_of(judged)


def test_dates_taken_out_of_the_daily_bars_are_found_and_nothing_else(cli: Cli) -> None:
    lines = lines_of(IBM)
    gone = set(random.Random(3).sample(range(1, len(lines) - 1), 500))
    kept = [line for number, line in enumerate(lines) if number not in gone]
    held = {line[:10] for line in kept}
    judged = {
        date: Verdict("complete" if f"{date}" in held else "missing")
        for date in sessions(FIRST, LAST)
    }
    cli.import_csv("IBM.NYSE", "\n".join([HEADER, *kept]), "--bar-type", "1_DAY")
    row = checked(cli, "IBM", "--start", f"{FIRST}", "--end", f"{LAST}", code=3)
    assert (row["sessions"]["complete"], row["sessions"]["missing"]) == (5349, 500)
    assert row["gaps"] == gaps_of(judged)
