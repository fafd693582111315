"""A user names the trading calendar of a venue, and the catalog remembers it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import csv_text, session_bars
from tests.integration.cli.conftest import Barledger

MARCH = ("--start", "2024-03-01", "--end", "2024-03-15")


@pytest.fixture
def bars(barledger: Barledger, tmp_path: Path) -> None:
    """Bars of New York's hours at a venue that nobody has heard of."""
    file = tmp_path / "bars.csv"
    file.write_text(csv_text(session_bars("2024-03-01", "2024-03-15")))
    assert barledger("import-csv", file, "-i", "ABC.NOWHERE").code == 0


@pytest.mark.usefixtures("bars")
def test_sessions_are_judged_by_the_calendar_that_was_named(barledger: Barledger) -> None:
    before = barledger("check", "-i", "ABC", *MARCH)
    assert before.code == 3
    assert "a fallback" in before.err
    ended = barledger("venue", "set", "NOWHERE", "--calendar", "NYSE")
    assert ended.code == 0
    assert ended.out == "NOWHERE: sessions are those of the calendar NYSE.\n"
    after = barledger("check", "-i", "ABC", *MARCH)
    assert after.code == 0
    assert after.out.startswith("ABC: Mar 1-15 ✓\n")
    assert "calendar NYSE" in after.err
    # A backtest judges by it too, and would otherwise refuse.
    run = ("backtest", "-i", "ABC", "--strategy", "buy-and-hold", *MARCH)
    define = ("instrument", "set", "-i", "ABC.NOWHERE", "--class", "equity", "--currency", "USD")
    assert barledger(*define, "--tick", "0.01", "--size-step", "1").code == 0
    assert barledger(*run).code == 0
    # The instrument's own comes first.
    assert barledger("instrument", "set", "-i", "ABC.NOWHERE", "--calendar", "24/7").code == 0
    assert barledger("check", "-i", "ABC", *MARCH).code == 3


@pytest.mark.usefixtures("bars")
def test_the_usual_calendar_can_be_had_back_and_the_past_stays(barledger: Barledger) -> None:
    barledger("venue", "set", "NOWHERE", "--calendar", "NYSE")
    head = barledger("ledger", "head", "--json").document["seq"]
    ended = barledger("venue", "unset", "NOWHERE")
    assert "24/7 (a fallback" in ended.out
    assert barledger("check", "-i", "ABC", *MARCH).code == 3
    assert barledger("check", "-i", "ABC", *MARCH, "--as-of", str(head)).code == 0
    # Nothing is recorded where nothing changes.
    ended = barledger("venue", "unset", "NOWHERE")
    assert "already" in ended.out
    assert barledger("ledger", "head", "--json").document["seq"] == head + 1
    lines = barledger("ledger", "log", "--type", "VenueCalendarNamed").out
    assert "NOWHERE: its trading calendar is NYSE; before: the usual one" in lines
    assert "NOWHERE: its trading calendar is the usual one; before: NYSE" in lines
    about = barledger("ledger", "log", "-i", "ABC.NOWHERE").out
    assert "NOWHERE: its trading calendar is NYSE" in about


@pytest.mark.usefixtures("bars")
def test_venues_are_shown(barledger: Barledger) -> None:
    (row,) = barledger("venue", "show", "--json").document["venues"]
    assert (row["venue"], row["named"], row["instruments"]) == ("NOWHERE", None, 1)
    assert "fallback" in row["calendars"][0]
    barledger("venue", "set", "SIX", "--calendar", "SIX")
    rows = barledger("venue", "show", "--json").document["venues"]
    assert [(row["venue"], row["named"]) for row in rows] == [("NOWHERE", None), ("SIX", "SIX")]
    text = barledger("venue", "show", "SIX", "LSE").out
    assert "NOWHERE" not in text
    assert "LSE" in text


@pytest.mark.usefixtures("bars")
def test_an_instruments_own_calendar_is_not_the_venues(barledger: Barledger) -> None:
    define = ("instrument", "set", "-i", "ABC.NOWHERE", "--calendar", "LSE")
    equity = ("--class", "equity", "--currency", "USD", "--tick", "0.01")
    assert barledger(*define, *equity).code == 0
    (row,) = barledger("venue", "show", "--json").document["venues"]
    assert row["calendars"] == ["24/7 (a fallback: the hours of NOWHERE are not known)"]
    assert (row["instruments"], row["own_calendars"]) == (1, 1)
    barledger("venue", "set", "NOWHERE", "--calendar", "NYSE")
    (row,) = barledger("venue", "show", "--json").document["venues"]
    assert (row["calendars"], row["own_calendars"]) == (["NYSE"], 1)


def test_a_venue_without_instruments_names_none(barledger: Barledger) -> None:
    ended = barledger("venue", "show", "CME", "LSE")
    assert "ANY" not in ended.out
    assert "CME Globex Equity (a fallback: what is traded at CME keeps hours" in ended.out


def test_a_venue_whose_clock_is_not_known_is_told_by_utc(barledger: Barledger) -> None:
    for more in ((), ("--json",)):
        ended = barledger("venue", "set", "NOWHERE", "--calendar", "NYSE", *more)
        assert ended.code == 0
        assert ended.err == "The clock of NOWHERE is not known: its dates are told by UTC's.\n"
    assert ended.document["venues"][0]["time_zone"] is None
    ended = barledger("venue", "set", "LSE", "--calendar", "LSE", "--json")
    assert not ended.err
    assert ended.document["venues"][0]["time_zone"] == "Europe/London"


def test_the_librarys_week_of_currencies_is_told_to_be_ours(barledger: Barledger) -> None:
    ended = barledger("venue", "set", "IDEALPRO", "--calendar", "FOREX")
    assert ended.out == "IDEALPRO: sessions are those of the calendar FX.\n"


def test_a_half_day_that_ends_before_midnight_utc_can_be_used(
    barledger: Barledger, tmp_path: Path
) -> None:
    """Auckland's 24 December ends at 12:45, which is 23:45 UTC of the day before."""
    assert barledger("venue", "set", "NZSE", "--calendar", "XNZE").code == 0
    file = tmp_path / "bars.csv"
    rows = [f"2024-12-{date},1,2,1,2,10\n" for date in (20, 23, 24, 27)]
    file.write_text("timestamp,open,high,low,close,volume\n" + "".join(rows))
    define = ("instrument", "set", "-i", "AIR.NZSE", "--class", "equity", "--currency", "NZD")
    assert barledger(*define, "--tick", "0.01", "--size-step", "1").code == 0
    assert barledger("import-csv", file, "-i", "AIR.NZSE").code == 0
    assert barledger("check", "-i", "AIR.NZSE").out.startswith("AIR.NZSE: Dec 20-27 ✓")
    window = ("--start", "2024-12-20", "--end", "2024-12-27")
    run = ("backtest", "-i", "AIR.NZSE", "--strategy", "buy-and-hold", "--param", "trade_size=1")
    assert barledger(*run, *window, "--bar-type", "1_DAY").code == 0
    assert barledger("verify").code == 0


def test_weekly_bars_that_are_labelled_by_their_sunday_can_be_used(
    barledger: Barledger, tmp_path: Path
) -> None:
    file = tmp_path / "bars.csv"
    rows = [f"2024-03-{date},1,2,1,2,10\n" for date in (10, 17, 24)]
    file.write_text("timestamp,open,high,low,close,volume\n" + "".join(rows))
    arguments = ("-i", "ABC.NASDAQ", "--bar-type", "1_WEEK")
    assert barledger("import-csv", file, *arguments).code == 4
    assert barledger("import-csv", file, *arguments, "--stamp", "close").code == 0
    assert "✓" in barledger("check", *arguments).out
    assert barledger("verify").code == 0


def test_a_bar_of_a_saturday_on_which_india_traded_is_taken(
    barledger: Barledger, tmp_path: Path
) -> None:
    file = tmp_path / "bars.csv"
    rows = [f"2024-{date},1,2,1,2,10\n" for date in ("03-01", "03-02", "03-04")]
    file.write_text("timestamp,open,high,low,close,volume\n" + "".join(rows))
    assert barledger("import-csv", file, "-i", "INFY.NSE", "--bar-type", "1_DAY").code == 0
    assert barledger("check", "-i", "INFY").out.startswith("INFY: Mar 1-4 ✓")


def test_nothing_is_known_at_first(barledger: Barledger, catalog: Path) -> None:
    assert "knows no venue" in barledger("venue", "show").out
    assert not catalog.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("SIX", "--calendar", "NYSR"), "NYSE"),
        (("six", "--calendar", "SIX"), "not the name of a venue"),
        (("S/X", "--calendar", "SIX"), "not the name of a venue"),
        (("SIX",), "--calendar"),
    ],
)
def test_what_cannot_be_is_refused(
    barledger: Barledger, catalog: Path, arguments: tuple[str, ...], message: str
) -> None:
    ended = barledger("venue", "set", *arguments)
    assert ended.code == 2
    assert message in ended.err
    assert not (catalog / "ledger.db").exists()
