"""`barledger check`: what is available, what is missing, and how both are told."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import zoneinfo
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.system import clock
from domain.bars import Bars
from tests.builders import DATA, MINUTE, NEW_YORK, csv_text, minute_bars, session_bars, utc
from tests.cli import ROOT
from tests.integration.cli.conftest import Barledger, Ended

NAIVE = ("--timezone", "America/New_York")
Keep = Callable[[str, Bars], Ended]
HINT = "Run backtest to auto-fetch missing data, or use: import-csv command"


@pytest.fixture
def keep(barledger: Barledger, tmp_path: Path) -> Keep:
    """Import bars of an instrument, which must succeed."""

    def import_(instrument: str, bars: Bars) -> Ended:
        file = tmp_path / "bars.csv"
        file.write_text(csv_text(bars))
        ended = barledger("import-csv", file, "-i", instrument)
        assert ended.code == 0, ended.err
        return ended

    return import_


def _without(bars: Bars, start: str, end: str) -> Bars:
    return bars.take((bars.ts_open < utc(start)) | (bars.ts_open >= utc(end)))


def test_the_words_of_the_specification(barledger: Barledger, keep: Keep) -> None:
    keep("AAPL.NASDAQ", session_bars("2024-01-01", "2024-03-31"))
    ended = barledger("check", "-i", "AAPL", "--start", "2024-01-01", "--end", "2024-03-31")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "AAPL: Jan 1-Mar 31 ✓",
        f"  2024-01-02 {'█' * 31} 2024-03-28",
        "Available: 2024-01-01 to 2024-03-31 (1-minute bars, 65 trading days)",
    ]


def test_gaps_are_ranges_and_say_what_to_do(barledger: Barledger, keep: Keep) -> None:
    keep("MSFT.NASDAQ", session_bars("2024-01-01", "2024-01-15"))
    keep("MSFT.NASDAQ", session_bars("2024-02-01", "2024-02-28"))
    ended = barledger("check", "-i", "MSFT", "--start", "2024-01-01", "--end", "2024-02-28")
    assert ended.code == 3
    assert ended.out.splitlines() == [
        "MSFT: Jan 1-15 ✓, Jan 16-31 ✗, Feb 1-28 ✓",
        f"  2024-01-02 {'█' * 9}{'·' * 12}{'█' * 19} 2024-02-28",
        "Available: 2024-01-01 to 2024-02-28 (1-minute bars, 31 trading days)",
        "  █ complete   · missing",
        HINT,
    ]
    # Without a range, a gap is told and is no failure.
    ended = barledger("check", "-i", "MSFT")
    assert ended.code == 0
    assert "Jan 16-31 ✗" in ended.out


def test_the_keys_are_those_that_others_rely_on(barledger: Barledger, keep: Keep) -> None:
    keep("MSFT.NASDAQ", session_bars("2024-01-02", "2024-01-15"))
    ended = barledger(
        "check", "-i", "MSFT.NASDAQ", "--start", "2024-01-01", "--end", "2024-01-19", "--json"
    )
    assert ended.code == 3
    (row,) = ended.document["series"]
    assert row["instrument_id"] == "MSFT.NASDAQ"
    assert row["bar_type"] == "1_MIN"
    assert (row["start"], row["end"]) == ("2024-01-01", "2024-01-15")
    assert (row["trading_days"], row["bars"]) == (10, 3900)
    sessions = row["sessions"]
    # The 15th was Martin Luther King Day: bars are held, and no session is.
    assert {
        "complete": 9,
        "partial": 0,
        "missing": 4,
        "corrupt": 0,
        "confirmed_empty": 0,
    }.items() <= sessions.items()
    assert row["gaps"] == [{"start": "2024-01-16", "end": "2024-01-19", "status": "missing"}]


def test_a_real_week_with_trading_outside_regular_hours_is_complete(barledger: Barledger) -> None:
    barledger("import-csv", DATA / "SPY_1min_2013-10-04_2013-10-11_utc.csv", "-i", "SPY.ARCA")
    (row,) = barledger("check", "--json").document["series"]
    assert row["sessions"]["complete"] == 6
    assert row["gaps"] == []
    assert (row["start"], row["end"], row["bars"]) == ("2013-10-04", "2013-10-11", 4839)


@pytest.fixture
def hours(tmp_path: Path) -> Path:
    """Return a file of the first weeks of real hour bars, whole sessions of them."""
    lines = (DATA / "AAPL_1hour_new_york.csv").read_text().splitlines()[:197]
    file = tmp_path / "hours.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_real_daily_and_hourly_bars(barledger: Barledger, hours: Path) -> None:
    barledger("import-csv", DATA / "IBM_1day_new_york.csv", "-i", "IBM.NYSE", *NAIVE)
    barledger("import-csv", hours, "-i", "AAPL.NASDAQ", *NAIVE)
    rows = barledger("check", "--json").document["series"]
    assert [row["bar_type"] for row in rows] == ["1_HOUR", "1_DAY"]
    assert [row["gaps"] for row in rows] == [[], []]
    assert all(row["sessions"]["complete"] == row["trading_days"] > 0 for row in rows)


def test_a_hole_of_three_hours_is_shown_by_the_venues_clock(
    barledger: Barledger, keep: Keep
) -> None:
    bars = session_bars("2024-01-02", "2024-01-05")
    keep("AAPL.NASDAQ", _without(bars, "2024-01-03T15:00:00", "2024-01-03T18:00:00"))
    ended = barledger("check")
    assert "Jan 2 ✓, Jan 3 ◐ partial, Jan 4-5 ✓" in ended.out
    assert "Jan 3 lacks 10:00-13:00 (America/New_York)" in ended.out
    (row,) = barledger("check", "--json").document["series"]
    assert row["gaps"] == [
        {
            "start": "2024-01-03",
            "end": "2024-01-03",
            "status": "partial",
            "holes": [["2024-01-03T15:00:00Z", "2024-01-03T18:00:00Z"]],
        }
    ]


def test_years_are_named_where_a_line_spans_several(barledger: Barledger, keep: Keep) -> None:
    bars = session_bars("2023-12-27", "2024-01-05")
    keep("AAPL.NASDAQ", _without(bars, "2024-01-04T00:00:00", "2024-01-05T00:00:00"))
    assert (
        "AAPL.NASDAQ: 2023 Dec 27-2024 Jan 3 ✓, Jan 4 ✗, Jan 5 ✓"
        in barledger("check").out.splitlines()
    )


def test_a_damaged_partition_is_corrupt_and_not_forgotten_at_the_end(
    barledger: Barledger, keep: Keep, catalog: Path
) -> None:
    keep("AAPL.NASDAQ", session_bars("2024-01-02", "2024-01-05"))
    (catalog / "AAPL.NASDAQ" / "1_MIN" / "2024-01-05.parquet").write_bytes(b"damaged")
    barledger("backtest", "-i", "AAPL.NASDAQ")
    ended = barledger("check")
    assert "Jan 2-4 ✓, Jan 5 ! corrupt" in ended.out
    assert HINT in ended.out
    (row,) = barledger("check", "--json").document["series"]
    assert row["gaps"] == [{"start": "2024-01-05", "end": "2024-01-05", "status": "corrupt"}]
    assert (row["sessions"]["corrupt"], row["end"]) == (1, "2024-01-04")


def test_a_series_of_which_all_was_damaged_is_still_checked(
    barledger: Barledger, keep: Keep, catalog: Path
) -> None:
    keep("AAPL.NASDAQ", session_bars("2024-01-02", "2024-01-02"))
    (catalog / "AAPL.NASDAQ" / "1_MIN" / "2024-01-02.parquet").unlink()
    barledger("backtest", "-i", "AAPL.NASDAQ")
    (row,) = barledger("check", "--json").document["series"]
    assert (row["start"], row["end"], row["trading_days"], row["bars"]) == (None, None, 0, 0)
    assert row["sessions"]["corrupt"] == 1
    assert "Available: nothing (1-minute bars)" in barledger("check").out


def test_several_instruments_and_bar_types_are_checked_at_once(
    barledger: Barledger, keep: Keep, hours: Path
) -> None:
    keep("AAPL.NASDAQ", session_bars("2024-01-02", "2024-01-03"))
    keep("MSFT.NASDAQ", session_bars("2024-01-02", "2024-01-02"))
    barledger("import-csv", hours, "-i", "AAPL.NASDAQ", *NAIVE)
    rows = barledger("check", "--json").document["series"]
    assert [(row["instrument_id"], row["bar_type"]) for row in rows] == [
        ("AAPL.NASDAQ", "1_MIN"),
        ("AAPL.NASDAQ", "1_HOUR"),
        ("MSFT.NASDAQ", "1_MIN"),
    ]
    rows = barledger("check", "-i", "MSFT", "-i", "AAPL", "--bar-type", "1_MIN", "--json")
    assert [row["instrument_id"] for row in rows.document["series"]] == [
        "MSFT.NASDAQ",
        "AAPL.NASDAQ",
    ]


def test_a_named_range_of_what_is_not_held_is_missing(barledger: Barledger, catalog: Path) -> None:
    arguments = ("check", "-i", "NVDA.NASDAQ", "--start", "2024-01-01", "--end", "2024-01-05")
    ended = barledger(*arguments, "--json")
    assert ended.code == 3
    (row,) = ended.document["series"]
    assert (row["start"], row["end"], row["trading_days"]) == (None, None, 0)
    assert row["gaps"] == [{"start": "2024-01-02", "end": "2024-01-05", "status": "missing"}]
    ended = barledger(*arguments)
    assert ended.out.splitlines() == [
        "NVDA.NASDAQ: Jan 1-5 ✗",
        "  2024-01-02 ···· 2024-01-05",
        "Available: nothing (1-minute bars)",
        "  █ complete   · missing",
        HINT,
    ]
    assert not catalog.exists()


@pytest.mark.parametrize("arguments", [(), ("-i", "NVDA.NASDAQ"), ("--end", "2024-01-05")])
def test_nothing_held_and_no_range_is_wrong_usage(
    barledger: Barledger, arguments: tuple[str, ...]
) -> None:
    ended = barledger("check", *arguments, "--json")
    assert ended.code == 2
    assert ended.document["error"]["code"] == "nothing-held"


def test_an_unknown_symbol_is_not_found(barledger: Barledger) -> None:
    assert barledger("check", "-i", "NVDA", "--start", "2024-01-02").code == 3


def test_a_range_with_no_session_has_no_gap(barledger: Barledger, keep: Keep) -> None:
    keep("AAPL.NASDAQ", session_bars("2024-01-02", "2024-01-05"))
    ended = barledger("check", "-i", "AAPL", "--start", "2024-01-06", "--end", "2024-01-07")
    assert ended.code == 0
    assert "AAPL: no session" in ended.out


def test_a_range_after_all_that_is_held_is_missing_up_to_now(
    barledger: Barledger, keep: Keep
) -> None:
    keep("AAPL.NASDAQ", session_bars("2024-01-02", "2024-01-05"))
    ended = barledger("check", "-i", "AAPL", "--start", "2024-01-08", "--json")
    assert ended.code == 3
    (row,) = ended.document["series"]
    assert row["gaps"][0]["start"] == "2024-01-08"
    assert len(row["gaps"]) == 1


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be noon in New York on Wednesday, 10 January 2024."""
    at = dt.datetime(2024, 1, 10, 12, tzinfo=NEW_YORK).timestamp()
    monkeypatch.setattr(clock.SystemClock, "now", lambda _: int(at) * 10**9)


@pytest.mark.usefixtures("noon")
def test_a_session_that_is_not_over_is_no_gap(barledger: Barledger, keep: Keep) -> None:
    keep("AAPL.NASDAQ", session_bars("2024-01-08", "2024-01-09"))
    ended = barledger("check", "-i", "AAPL", "--start", "2024-01-08", "--end", "2024-01-31")
    assert ended.code == 0, ended.out
    assert "AAPL: Jan 8-9 ✓" in ended.out.splitlines()
    assert "not over yet" in ended.err
    ended = barledger("check", "-i", "AAPL", "--start", "2024-01-05", "--json")
    assert ended.document["series"][0]["sessions"]["missing"] == 1


def test_instants_cut_sessions(barledger: Barledger, keep: Keep) -> None:
    bars = session_bars("2024-01-02", "2024-01-04")
    keep("AAPL.NASDAQ", _without(bars, "2024-01-03T15:00:00", "2024-01-03T18:00:00"))
    morning = ("--start", "2024-01-02T12:00:00-05:00", "--end", "2024-01-03T10:00:00-05:00")
    assert barledger("check", "-i", "AAPL", *morning).code == 0
    noon = ("--start", "2024-01-02T12:00:00-05:00", "--end", "2024-01-03T11:00:00-05:00")
    ended = barledger("check", "-i", "AAPL", *noon, "--json")
    assert ended.code == 3
    assert ended.document["series"][0]["gaps"][0]["holes"] == [
        ["2024-01-03T15:00:00Z", "2024-01-03T16:00:00Z"]
    ]


def test_bars_are_counted_exactly_or_not_said_to_be(barledger: Barledger, keep: Keep) -> None:
    keep("EUR/USD.IDEALPRO", minute_bars("2024-01-02T22:00:00", 2 * 1440))
    (whole,) = barledger("check", "--json").document["series"]
    assert (whole["bars"], whole["bars_exact"]) == (2880, True)
    (part,) = barledger("check", "--start", "2024-01-03", "--end", "2024-01-03", "--json").document[
        "series"
    ]
    assert part["bars_exact"] is False


def test_a_futures_week_with_its_evenings_is_complete(barledger: Barledger, keep: Keep) -> None:
    define = ("instrument", "set", "-i", "ESH4.CME", "--tick", "0.25", "--multiplier", "50")
    barledger(*define, "--expiry", "2024-03-15")
    chicago = zoneinfo.ZoneInfo("America/Chicago")
    parts = []
    for day in range(8, 12):
        opens = dt.datetime(2024, 1, day - 1, 17, tzinfo=chicago).astimezone(dt.UTC)
        parts.append(minute_bars(f"{opens:%Y-%m-%dT%H:%M:%S}", 23 * 60))
    keep("ESH4.CME", Bars.concat(parts))
    (row,) = barledger("check", "--json").document["series"]
    assert (row["sessions"]["complete"], row["gaps"]) == (4, [])
    barledger("import-csv")
    keep(
        "ESM4.CME",
        Bars.concat([part.take(part.ts_open >= part.ts_open[0] + 120 * MINUTE) for part in parts]),
    )
    (row,) = barledger("check", "-i", "ESM4", "--json").document["series"]
    assert row["sessions"]["partial"] == 4


def test_an_instruments_own_calendar_is_asked(barledger: Barledger, keep: Keep) -> None:
    keep("AAPL.NASDAQ", session_bars("2024-01-05", "2024-01-08"))
    assert barledger("check").out.splitlines()[0] == "AAPL.NASDAQ: Jan 5-8 ✓"
    barledger("instrument", "set", "-i", "AAPL.NASDAQ", "--calendar", "24/7")
    (row,) = barledger("check", "--json").document["series"]
    assert row["calendar"] == "24/7"
    assert row["sessions"]["missing"] == 2


def test_hours_that_are_not_known_are_told(barledger: Barledger, keep: Keep) -> None:
    keep("XYZ.NOWHERE", session_bars("2024-01-08", "2024-01-08"))
    assert "fallback" in barledger("check").err


def test_marks_become_words_where_they_cannot_be_written(keep: Keep, tmp_path: Path) -> None:
    bars = session_bars("2024-01-02", "2024-01-04")
    keep("AAPL.NASDAQ", _without(bars, "2024-01-03T00:00:00", "2024-01-04T00:00:00"))
    run = subprocess.run(
        [sys.executable, "-m", "entrypoints", "check"],
        cwd=tmp_path,
        env={
            "BARLEDGER_CACHE_DIR": os.environ["BARLEDGER_CACHE_DIR"],
            "PYTHONPATH": str(ROOT),
            "PYTHONIOENCODING": "ascii",
            "PATH": "",
        },
        capture_output=True,
        check=True,
        text=True,
    )
    assert "AAPL.NASDAQ: Jan 2 complete, Jan 3 missing, Jan 4 complete" in run.stdout


def test_no_bar_is_read(barledger: Barledger, keep: Keep, catalog: Path) -> None:
    keep("AAPL.NASDAQ", session_bars("2024-01-02", "2024-01-04"))
    for file in (catalog / "AAPL.NASDAQ" / "1_MIN").glob("*.parquet"):
        file.write_bytes(b"?" * file.stat().st_size)
    assert barledger("check", "--start", "2024-01-02", "--end", "2024-01-04").code == 0


def test_a_daily_bar_is_of_the_regular_session_whichever_hours_are_asked_for(
    barledger: Barledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 17:00 in New York the day's bar has been printed, though trading goes on till 20:00."""
    barledger("import-csv", DATA / "IBM_1day_new_york.csv", "-i", "IBM.NYSE")
    monkeypatch.setattr(clock.SystemClock, "now", lambda _: utc("2021-03-31T21:00:00"))
    window = ("--start", "2021-03-31", "--end", "2021-03-31", "--json")
    for hours in ((), ("--outside-rth",)):
        (row,) = barledger("check", "-i", "IBM", *window, *hours).document["series"]
        assert (row["sessions"]["complete"], row["sessions"]["not_over"]) == (1, 0)


def test_extended_hours_are_judged_when_they_are_asked_for(
    barledger: Barledger, keep: Keep
) -> None:
    keep("AAPL.NASDAQ", session_bars("2024-01-02", "2024-01-03"))
    window = ("--start", "2024-01-02", "--end", "2024-01-03")
    assert barledger("check", "-i", "AAPL", *window).code == 0
    ended = barledger("check", "-i", "AAPL", *window, "--outside-rth")
    assert ended.code == 3
    assert "lacks 04:00-09:30, 16:00-20:00 (America/New_York)" in ended.out
    assert "the calendar NYSE, with its extended hours" in ended.err


def test_an_instant_at_the_edge_of_a_session_does_not_touch_it(
    barledger: Barledger, keep: Keep
) -> None:
    keep("AAPL.NASDAQ", session_bars("2024-01-03", "2024-01-03"))
    # From the close of the 2nd to the open of the 4th: neither is asked about.
    window = ("--start", "2024-01-02T16:00:00-05:00", "--end", "2024-01-04T09:30:00-05:00")
    (row,) = barledger("check", "-i", "AAPL", *window, "--json").document["series"]
    assert (sum(row["sessions"].values()), row["sessions"]["complete"]) == (1, 1)
    wider = ("--start", "2024-01-02T15:59:00-05:00", "--end", "2024-01-04T09:31:00-05:00")
    (row,) = barledger("check", "-i", "AAPL", *wider, "--json").document["series"]
    assert (row["sessions"]["missing"], row["sessions"]["complete"]) == (2, 1)
