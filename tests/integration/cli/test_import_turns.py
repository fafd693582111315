"""Bars of hours around the turn of the trading day, at 17:00 in New York."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Barledger, Ended

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
PAIR = "EUR/USD.IDEALPRO"
# Monday to Friday; a currency's Monday begins on Sunday evening.
WEEK = [dt.date(2024, 1, day) for day in range(8, 13)]


def stamps(times: Sequence[str]) -> list[dt.datetime]:
    """Return stamps of a week by New York's clock, none after Friday's end or before Sunday's."""
    days = [WEEK[0] - dt.timedelta(days=1), *WEEK]
    every = [
        dt.datetime.combine(day, dt.time.fromisoformat(time), NEW_YORK)
        for day in days
        for time in times
    ]
    first = dt.datetime.combine(days[0], dt.time(17), NEW_YORK)
    last = dt.datetime.combine(days[-1], dt.time(17), NEW_YORK)
    return [one for one in every if first <= one < last]


CUT = stamps(["00:00", "04:00", "08:00", "12:00", "16:00", "17:00", "20:00"])
LATE = stamps(["00:00", "04:00", "08:00", "12:00", "16:00", "17:15", "20:00"])
WHOLE = stamps(["00:00", "04:00", "08:00", "12:00", "16:00", "20:00"])


def imported(barledger: Barledger, folder: Path, times: Sequence[dt.datetime], *more: str) -> Ended:
    rows = "\n".join(f"{one.isoformat()},1.1,1.2,1.0,1.1,0" for one in sorted(times))
    file = folder / "bars.csv"
    file.write_text(f"timestamp,open,high,low,close,volume\n{rows}\n")
    return barledger("import-csv", file, "-i", PAIR, "--bar-type", "4_HOUR", *more)


def closes(barledger: Barledger) -> list[dt.datetime]:
    ended = barledger(
        "export",
        "-i",
        PAIR,
        "--bar-type",
        "4_HOUR",
        "--format",
        "csv",
        "--stamp",
        "close",
        "--output",
        "-",
    )
    assert ended.code == 0, ended.err
    return [dt.datetime.fromisoformat(line.partition(",")[0]) for line in ended.out.split()[1:]]


@pytest.mark.parametrize("times", [CUT, LATE])
def test_bars_that_end_with_the_day_close_then(
    barledger: Barledger, tmp_path: Path, times: list[dt.datetime]
) -> None:
    ended = imported(barledger, tmp_path, times)
    assert ended.code == 0, ended.err
    found = closes(barledger)
    assert len(found) == len(set(found)) == len(times)
    assert sum(one.astimezone(NEW_YORK).hour == 17 for one in found) == 5
    ended = barledger(
        "check", "-i", PAIR, "--start", f"{WEEK[0]}", "--end", f"{WEEK[-1]}", "--json"
    )
    assert ended.code == 0, ended.out


def test_a_row_beside_the_sessions_lets_no_bar_close_later(
    barledger: Barledger, tmp_path: Path
) -> None:
    sunday = dt.datetime(2024, 1, 7, 12, tzinfo=NEW_YORK)
    ended = imported(barledger, tmp_path, [sunday, *CUT])
    assert ended.code == 0, ended.err
    found = closes(barledger)
    assert len(found) == len(set(found))
    assert sum(one.astimezone(NEW_YORK).hour == 17 for one in found) == 5


@pytest.mark.parametrize("beside", [[], [dt.datetime(2024, 1, 7, 12, tzinfo=NEW_YORK)]])
def test_bars_that_run_over_the_end_of_the_day_are_refused(
    barledger: Barledger, tmp_path: Path, catalog: Path, beside: list[dt.datetime]
) -> None:
    """When they end cannot be told, and taken for ended at 17:00 they would be known too early."""
    ended = imported(barledger, tmp_path, [*beside, *WHOLE])
    assert ended.code == 4
    # Friday's last bar ends with the week.
    assert ended.err.count("seems to run over the end of the trading day") == 4
    assert not catalog.exists()


def test_closes_of_bars_that_run_over_the_end_of_the_day_are_taken(
    barledger: Barledger, tmp_path: Path
) -> None:
    """They are known when they close, whenever they began."""
    hours = dt.timedelta(hours=4)
    ended = imported(barledger, tmp_path, [one + hours for one in WHOLE[:-1]], "--stamp", "close")
    assert ended.code == 0, ended.err
    assert [one.astimezone(NEW_YORK) for one in closes(barledger)] == [
        (one + hours).astimezone(NEW_YORK) for one in WHOLE[:-1]
    ]


def test_one_row_is_no_proof_of_what_all_others_deny(barledger: Barledger, tmp_path: Path) -> None:
    """Nor is the first bar of a week, before which nothing was traded."""
    tuesday = dt.datetime(2024, 1, 9, 17, 15, tzinfo=NEW_YORK)
    ended = imported(barledger, tmp_path, [*WHOLE, tuesday])
    assert ended.code == 4
    assert ended.err.count("seems to run over the end of the trading day") == 4


def test_a_day_that_lacks_its_first_bar_denies_nothing(
    barledger: Barledger, tmp_path: Path
) -> None:
    times = stamps(["00:00", "04:00", "08:00", "12:00", "16:00", "17:00", "20:00"])
    wednesday = dt.datetime(2024, 1, 10, 17, tzinfo=NEW_YORK)
    more = [one + dt.timedelta(days=7) for one in times]
    ended = imported(barledger, tmp_path, [*(one for one in times if one != wednesday), *more])
    assert ended.code == 0, ended.err
    assert sum(one.astimezone(NEW_YORK).hour == 17 for one in closes(barledger)) == 10
