"""A bar of a week or month closes with its last session, wherever a window cuts it."""

from __future__ import annotations

import datetime as dt
import itertools

import attrs
import numpy as np
import pytest

from application.fetch_request import Keep
from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import UnusableAnswerError
from domain.events import HistoryStartFound, RangeConfirmedEmpty
from domain.fetching import FetchedBars
from domain.instrument import Series
from domain.intervals import IntervalSet
from domain.sessions import Session, midnight_utc, period_dates
from tests.builders import AAPL, MINUTE, utc
from tests.fetching import SESSIONS, Desk, bars_of, careful
from tests.memory_catalog import same

WEEKLY = Series(AAPL.instrument_id, BarType.parse("1_WEEK"))
MONTHLY = Series(AAPL.instrument_id, BarType.parse("1_MONTH"))


def periods(series: Series, sessions: list[Session]) -> list[tuple[dt.date, list[Session]]]:
    runs = itertools.groupby(sessions, lambda one: period_dates(one.date, series.bar_type)[0])
    return [(first, list(run)) for first, run in runs]


def bars_by(series: Series, sessions: list[Session] = SESSIONS) -> Bars:
    """Return one bar of each week or month, which closes with its last session."""
    found = periods(series, sessions)
    labels = np.array([midnight_utc(first) for first, _ in found], np.int64)
    closes = np.array([run[-1].close for _, run in found], np.int64)
    return attrs.evolve(bars_of([(0, len(found) * MINUTE)]), ts_open=labels, ts_event=closes)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2024-01-09T15:00:00Z", "2024-01-12T21:00:00Z"),
        ("2024-01-10T00:00:00Z", "2024-01-13T00:00:00Z"),
        ("2024-01-10", "2024-01-13T00:00:00Z"),
        ("2024-01-10", "2024-01-10"),
        ("2024-01-12T20:00:00Z", "2024-01-19"),
    ],
)
def test_a_week_that_a_window_cuts_is_asked_for_with_all_of_its_sessions(
    start: str, end: str
) -> None:
    desk = Desk({WEEKLY: bars_by(WEEKLY)})
    desk.fetch(start, end)
    ((wanted,),) = desk.source.requests
    week = [f"2024-01-{day:02}" for day in range(8, 13)]
    assert [f"{one.date}" for one in wanted.sessions][:5] == week
    assert desk.asked_dates()[:5] == week
    held = desk.held(WEEKLY)
    served = bars_by(WEEKLY)
    assert len(held)
    assert same(held, served.take(np.isin(served.ts_open, held.ts_open)))
    desk.source.requests.clear()
    desk.fetch(start, end)
    assert desk.source.requests == []


def test_no_week_is_asked_for_of_which_no_session_closes_in_the_window() -> None:
    desk = Desk({WEEKLY: bars_by(WEEKLY)})
    desk.fetch("2024-01-05T21:00:00Z", "2024-01-08T20:00:00Z")
    assert desk.source.requests == []


def test_a_week_that_goes_on_is_not_asked_for() -> None:
    wednesday = SESSIONS[26]
    assert wednesday.date.weekday() == 2
    desk = Desk({WEEKLY: bars_by(WEEKLY)}, now=wednesday.close + 60 * MINUTE)
    desk.fetch("2024-01-02", f"{wednesday.date}")
    assert desk.asked_dates()[-1] == "2024-01-05"


def test_a_month_that_instants_cut_is_asked_for_with_all_of_its_sessions() -> None:
    desk = Desk({MONTHLY: bars_by(MONTHLY)})
    desk.fetch("2024-01-20T00:00:00Z", "2024-02-01T00:00:00Z")
    assert desk.asked_dates() == [f"{one.date}" for one in SESSIONS if one.date.month == 1]
    served = bars_by(MONTHLY)
    assert same(desk.held(MONTHLY), served.take(slice(1, 2)))


def test_a_week_in_which_the_history_begins_is_asked_for_as_a_whole() -> None:
    served = bars_by(WEEKLY)
    desk = Desk({WEEKLY: served})
    wednesday = next(one for one in SESSIONS if f"{one.date}" == "2024-01-10")
    desk.memory.catalog.record([HistoryStartFound(WEEKLY, wednesday.open, "memory")])
    desk.fetch("2024-01-02", "2024-01-19")
    assert desk.asked_dates()[0] == "2024-01-08"
    assert same(desk.held(WEEKLY), served.take(slice(6, 8)))


def test_a_week_in_which_the_history_begins_is_replaced_and_those_before_it_stay() -> None:
    served = bars_by(WEEKLY)
    wednesday = next(one for one in SESSIONS if f"{one.date}" == "2024-01-10")
    since = served.take(served.ts_open >= midnight_utc(dt.date(2024, 1, 8)))
    desk = Desk({WEEKLY: since})
    mine = attrs.evolve(served, volume=served.volume + 1)
    desk.memory.write(WEEKLY, mine.take(served.ts_open < midnight_utc(dt.date(2024, 1, 15))))
    desk.memory.catalog.record([HistoryStartFound(WEEKLY, wednesday.open, "memory")])
    outcome = desk.one("2024-01-08", "2024-01-19", keep=Keep.FETCHED)
    held = desk.held(WEEKLY)
    before = mine.take(mine.ts_open < midnight_utc(dt.date(2024, 1, 8)))
    assert same(held, Bars.concat([before, since.take(slice(0, 2))]))
    assert outcome.left
    assert f"{max(outcome.left)}" == "2024-01-05"


def test_a_week_of_which_a_part_is_not_confirmed_is_left_as_a_whole() -> None:
    served = bars_by(WEEKLY)
    without = served.take(served.ts_open != midnight_utc(dt.date(2024, 1, 8)))
    desk = Desk({WEEKLY: without})
    friday = [one for one in SESSIONS if f"{one.date}" == "2024-01-12"]
    careful(desk, unknown=friday)
    outcome = desk.one("2024-01-02", "2024-01-19")
    assert {f"{one}" for one in outcome.left} == {f"2024-01-{day:02}" for day in range(8, 13)}
    assert desk.events(RangeConfirmedEmpty) == []
    desk.source.requests.clear()
    desk.fetch("2024-01-02", "2024-01-19")
    assert len(desk.asked_dates()) == 5


def test_held_sessions_between_wanted_ones_are_named_to_the_source() -> None:
    served = bars_by(WEEKLY)
    desk = Desk({WEEKLY: served})
    desk.fetch("2024-01-08", "2024-01-12")
    desk.source.requests.clear()
    desk.fetch("2024-01-02", "2024-01-19")
    ((wanted,),) = desk.source.requests
    assert len(wanted.sessions) == 4 + 5 + 4
    assert len(desk.asked_dates()) == 4 + 4
    assert same(desk.held(WEEKLY), served.take(slice(5, 8)))


@pytest.mark.parametrize("shift", [-1, -24 * 60, 24 * 60])
@pytest.mark.parametrize("bar_type", ["1_DAY", "1_WEEK", "1_MONTH"])
def test_a_long_bar_that_closes_at_another_time_is_refused(bar_type: str, shift: int) -> None:
    series = Series(AAPL.instrument_id, BarType.parse(bar_type))
    good = bars_by(series)
    wrong = attrs.evolve(good, ts_event=good.ts_event + shift * MINUTE)
    desk = Desk({series: good})
    time = IntervalSet.of(*((one.open, one.close) for one in SESSIONS if one.date.month == 1))
    inside = (good.ts_open >= midnight_utc(dt.date(2024, 1, 1))) & (
        good.ts_open < midnight_utc(dt.date(2024, 1, 29))
    )
    answer = FetchedBars(series, time, wrong.take(inside))
    desk.source.fetch = lambda _: iter([answer])  # type: ignore[method-assign, assignment]
    with pytest.raises(UnusableAnswerError, match="does not close with the last of its sessions"):
        desk.fetch("2024-01-01", "2024-01-31")
    assert desk.memory.holdings(series).partitions == {}


@pytest.mark.parametrize(
    ("series", "start", "last"),
    [(WEEKLY, "2024-01-08", "2024-01-12"), (MONTHLY, "2023-12-01", "2023-12-29")],
)
def test_a_week_or_month_is_fetched_once_its_last_session_has_closed(
    series: Series, start: str, last: str
) -> None:
    (friday,) = (one for one in SESSIONS if f"{one.date}" == last)
    before = Desk({series: bars_by(series)}, now=friday.close - 1)
    outcome = before.one(start, last)
    assert (outcome.bars_fetched, outcome.is_to_come) == (0, True)
    assert before.source.requests == []
    desk = Desk({series: bars_by(series)}, now=friday.close)
    assert desk.one(start, last).bars_fetched == 1
    assert desk.held(series).ts_event.tolist() == [friday.close]
    desk.source.requests.clear()
    assert desk.one(start, last).days_held > 0
    assert desk.source.requests == []


@pytest.mark.parametrize("end", ["2024-01-12", "2024-01-10", None])
def test_at_the_weekend_the_week_is_brought_up_to_date(end: str | None) -> None:
    saturday = utc("2024-01-13T12:00:00")
    desk = Desk({WEEKLY: bars_by(WEEKLY)}, now=saturday)
    desk.fetch("2024-01-02", "2024-01-05")
    outcome = desk.one(None, None, update=True) if end is None else desk.one("2024-01-02", end)
    assert (outcome.bars_fetched, f"{outcome.end}") == (1, "2024-01-12")
    assert len(desk.held(WEEKLY)) == 2


def test_a_range_amid_a_week_that_goes_on_holds_a_session_that_is_to_come() -> None:
    desk = Desk({WEEKLY: bars_by(WEEKLY)}, now=utc("2024-01-11T12:00:00"))
    outcome = desk.one("2024-01-08", "2024-01-10")
    assert (outcome.start, outcome.is_to_come) == (None, True)


def test_a_source_that_waits_for_a_week_to_settle_is_asked_again() -> None:
    (friday,) = (one for one in SESSIONS if f"{one.date}" == "2024-01-12")
    desk = careful(Desk({WEEKLY: bars_by(WEEKLY)}, now=friday.close))
    without = desk.bars[WEEKLY].take(desk.bars[WEEKLY].ts_event < friday.close)
    desk.source.bars = {WEEKLY: without}
    outcome = desk.one("2024-01-08", "2024-01-12")
    assert [f"{one}" for one in outcome.left] == [f"2024-01-{day:02}" for day in range(8, 13)]
    assert desk.events(RangeConfirmedEmpty) == []
    desk.source.bars = desk.bars
    assert desk.one("2024-01-08", "2024-01-12").bars_fetched == 1
