"""Only what is missing is asked for, and what is there is never asked for again."""

from __future__ import annotations

import attrs
import pytest

from domain.bars import Bars
from domain.events import HistoryStartFound, RangeConfirmedEmpty
from domain.gaps import Status
from domain.intervals import IntervalSet
from domain.sessions import Session
from tests.builders import utc
from tests.integration.ibkr.desk import Opening, sessions_of
from tests.integration.ibkr.serving import bars_of, market_of, series_of, within, without
from tests.integration.simulated_gateway.instruments import (
    BITCOIN,
    EQUITY,
    EURO,
    MARCH,
    future,
)

AAPL = series_of(EQUITY, "1_MIN")
JULY = sessions_of(EQUITY, "2024-07-01", "2024-07-31")
SERVED = bars_of(AAPL, JULY)
HEAD_TIMESTAMP = 87
OIL = future("CLK4.NYMEX", "2024-04-22", "1000")


def _dates(sessions: list[Session]) -> list[str]:
    return [one.date.isoformat() for one in sessions]


def _between(first: str, last: str) -> Bars:
    inside = [one for one in JULY if first <= one.date.isoformat() <= last]
    return within(SERVED, inside[0].open, inside[-1].close)


def test_the_second_run_asks_nothing_and_does_not_even_connect(opening: Opening) -> None:
    desk = opening({AAPL: SERVED}, EQUITY)
    first = desk.fetch(AAPL, "2024-07-01", "2024-07-31")
    assert (first.bars_fetched, first.days_written, first.days_held) == (len(SERVED), 22, 0)
    assert desk.questions() == [
        ("20240729 20:00:00 UTC", "20 D"),
        ("20240731 20:00:00 UTC", "2 D"),
    ]
    connections = desk.connections()
    second = desk.fetch(AAPL, "2024-07-01", "2024-07-31")
    assert (second.bars_fetched, second.days_written, second.days_held) == (0, 0, 22)
    assert (desk.questions(), desk.connections()) == ([], connections)
    assert desk.held(AAPL).same_values(SERVED)


def test_a_gap_in_the_middle_is_all_that_is_asked_for(opening: Opening) -> None:
    desk = opening({AAPL: SERVED}, EQUITY)
    desk.fetch(AAPL, "2024-07-01", "2024-07-10")
    desk.fetch(AAPL, "2024-07-18", "2024-07-31")
    desk.asked()
    desk.fetch(AAPL, "2024-07-01", "2024-07-31")
    assert desk.questions() == [("20240717 20:00:00 UTC", "5 D")]
    assert desk.held(AAPL).same_values(SERVED)


def test_gaps_around_a_held_session_are_asked_for_by_themselves(opening: Opening) -> None:
    desk = opening({AAPL: SERVED}, EQUITY)
    desk.fetch(AAPL, "2024-07-10", "2024-07-10")
    desk.asked()
    desk.fetch(AAPL, "2024-07-01", "2024-07-16")
    assert desk.questions() == [
        ("20240709 20:00:00 UTC", "6 D"),
        ("20240716 20:00:00 UTC", "4 D"),
    ]
    assert desk.held(AAPL).same_values(_between("2024-07-01", "2024-07-16"))


def test_a_part_of_a_session_is_asked_for_by_its_seconds(opening: Opening) -> None:
    desk = opening({AAPL: SERVED}, EQUITY)
    desk.fetch(AAPL, "2024-07-10T09:30:00-04:00", "2024-07-10T11:00:00-04:00")
    desk.fetch(AAPL, "2024-07-10T15:00:00-04:00", "2024-07-10T16:00:00-04:00")
    desk.asked()
    desk.fetch(AAPL, "2024-07-10", "2024-07-10")
    assert desk.questions() == [("20240710 19:00:00 UTC", "14400 S")]
    assert desk.held(AAPL).same_values(_between("2024-07-10", "2024-07-10"))


def test_the_start_of_history_is_asked_for_once_and_recorded(opening: Opening) -> None:
    desk = opening({AAPL: _between("2024-07-10", "2024-07-31")}, EQUITY)
    desk.fetch(AAPL, "2024-07-01", "2024-07-12")
    assert len(desk.gateway.requests(HEAD_TIMESTAMP)) == 1
    start = int(_between("2024-07-10", "2024-07-31").ts_open[0])
    assert [one.start for one in desk.events(HistoryStartFound)] == [start]
    # Of what lies before, one session is looked at, and the rest is not asked for, then or later.
    assert desk.questions() == [
        ("20240709 20:00:00 UTC", "23400 S"),
        ("20240712 20:00:00 UTC", "3 D"),
    ]
    desk.fetch(AAPL, "2024-07-01", "2024-07-16")
    assert desk.questions() == [("20240716 20:00:00 UTC", "2 D")]
    assert len(desk.gateway.requests(HEAD_TIMESTAMP)) == 1
    judged = {one.status for one in desk.judged(AAPL, JULY[:6])}
    assert judged == {Status.BEFORE_HISTORY}


def test_sessions_without_bars_are_asked_for_twice_and_never_again(opening: Opening) -> None:
    desk = opening({AAPL: without(SERVED, JULY[3:5])}, EQUITY)
    outcome = desk.fetch(AAPL, "2024-07-01", "2024-07-12")
    assert (outcome.days_written, outcome.confirmed_empty) == (7, 2)
    assert desk.questions() == [
        ("20240708 20:01:00 UTC", "7 D"),  # of five sessions before there are bars
        ("20240712 20:00:00 UTC", "9 D"),
    ]
    (event,) = desk.events(RangeConfirmedEmpty)
    assert event.empty == IntervalSet.of(*((one.open, one.close) for one in JULY[3:5]))
    again = desk.fetch(AAPL, "2024-07-01", "2024-07-12")
    assert (again.days_held, again.confirmed_empty, desk.questions()) == (9, 0, [])


def test_a_range_without_any_bars_is_confirmed_empty(opening: Opening) -> None:
    desk = opening({AAPL: without(SERVED, JULY[3:])}, EQUITY)
    outcome = desk.fetch(AAPL, "2024-07-05", "2024-07-12")
    assert (outcome.days_written, outcome.confirmed_empty) == (0, 6)
    assert desk.questions() == [
        ("20240712 20:00:00 UTC", "6 D"),
        ("20240712 20:01:00 UTC", "11 D"),
    ]
    assert desk.fetch(AAPL, "2024-07-05", "2024-07-12").days_held == 6
    assert desk.questions() == []
    assert len(desk.held(AAPL)) == 0


def test_refetch_asks_again_for_what_was_empty(opening: Opening) -> None:
    desk = opening({AAPL: without(SERVED, JULY[3:5])}, EQUITY)
    desk.fetch(AAPL, "2024-07-01", "2024-07-12")
    desk.gateway.set_market(market_of({AAPL: SERVED}, EQUITY))
    desk.asked()
    outcome = desk.fetch(AAPL, "2024-07-01", "2024-07-12", refetch=True)
    assert desk.questions() == [("20240712 20:00:00 UTC", "9 D")]
    assert (outcome.days_written, outcome.bars_fetched) == (9, 2 * 390)
    assert desk.held(AAPL).same_values(_between("2024-07-01", "2024-07-12"))


def test_what_may_still_come_is_not_called_empty(opening: Opening) -> None:
    # Friday the 12th has no bars, and is not two days old on Sunday noon.
    sunday = utc("2024-07-14T12:00:00")
    desk = opening({AAPL: without(SERVED, JULY[8:9])}, EQUITY, now=sunday)
    outcome = desk.fetch(AAPL, "2024-07-10", "2024-07-12")
    assert (outcome.days_written, outcome.confirmed_empty) == (2, 0)
    assert _dates(JULY[8:9]) == [one.isoformat() for one in outcome.left]
    assert desk.events(RangeConfirmedEmpty) == []
    assert len(desk.questions()) == 2
    later = sunday + 10 * 3600 * 10**9
    desk = opening({AAPL: without(SERVED, JULY[8:9])}, EQUITY, now=later)
    assert desk.fetch(AAPL, "2024-07-10", "2024-07-12").confirmed_empty == 1
    assert desk.questions() == [
        ("20240712 20:00:00 UTC", "23400 S"),
        ("20240712 20:01:00 UTC", "6 D"),
    ]
    assert len(desk.events(RangeConfirmedEmpty)) == 1


@pytest.mark.parametrize(
    ("instrument", "bar_type", "first", "last"),
    [
        (EQUITY, "30_SEC", "2024-07-02", "2024-07-03"),
        (EQUITY, "1_HOUR", "2024-06-03", "2024-07-12"),
        (EQUITY, "4_HOUR", "2024-06-03", "2024-07-12"),
        (EQUITY, "1_DAY", "2023-06-01", "2024-07-12"),
        (EQUITY, "1_WEEK", "2023-06-05", "2024-07-12"),
        (EQUITY, "1_MONTH", "2022-06-01", "2024-06-30"),
        (MARCH, "5_MIN", "2024-01-10", "2024-01-22"),
        (EURO, "15_MIN", "2024-03-04", "2024-03-15"),
        (BITCOIN, "1_HOUR", "2024-03-04", "2024-03-15"),
        # At the turn of the trading day two bars lie in one slot of the clock's grid.
        (EURO, "2_HOUR", "2024-03-04", "2024-03-15"),
        (EURO, "3_HOUR", "2024-03-04", "2024-03-15"),
        (EURO, "4_HOUR", "2024-03-04", "2024-03-15"),
        (EURO, "8_HOUR", "2024-03-04", "2024-03-15"),
        (OIL, "4_HOUR", "2024-03-04", "2024-03-15"),
        (OIL, "8_HOUR", "2024-03-04", "2024-03-15"),
        (MARCH, "3_HOUR", "2024-03-04", "2024-03-14"),
        (MARCH, "4_HOUR", "2024-03-04", "2024-03-14"),
    ],
)
def test_every_kind_of_bar_is_held_as_served_and_asked_for_once(
    opening: Opening, instrument: attrs.AttrsInstance, bar_type: str, first: str, last: str
) -> None:
    series, sessions = series_of(instrument, bar_type), sessions_of(instrument, first, last)
    served = bars_of(series, sessions, volume=0 if instrument is EURO else 900)
    desk = opening({series: served}, instrument)
    outcome = desk.fetch(series, first, last)
    assert outcome.bars_fetched == len(served)
    assert desk.held(series).same_values(served)
    assert {one.status for one in desk.judged(series, sessions)} == {Status.COMPLETE}
    desk.asked()
    assert desk.fetch(series, first, last).bars_fetched == 0
    assert desk.asked() == []
