"""What every `TradingCalendar` does, wherever it has its sessions from."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Sequence

import pytest

from adapters.calendars.market_calendars import MarketCalendars
from adapters.memory.trading_calendar import MemoryTradingCalendar
from domain.errors import UnknownCalendarError
from domain.instrument import InstrumentId
from domain.ports import TradingCalendar
from domain.sessions import NANOSECONDS_IN_DAY, Hours, Session, midnight_utc

AAPL = InstrumentId("AAPL", "NASDAQ")
EURUSD = InstrumentId("EUR/USD", "IDEALPRO")
ELSEWHERE = InstrumentId("ABC", "NOWHERE")

# The week of Thanksgiving 2013: Thursday closed, Friday until 13:00.
THANKSGIVING = {
    dt.date(2013, 11, 25): ("14:30", "21:00"),
    dt.date(2013, 11, 26): ("14:30", "21:00"),
    dt.date(2013, 11, 27): ("14:30", "21:00"),
    dt.date(2013, 11, 29): ("14:30", "18:00"),
}
HOUR = 3_600_000_000_000
MONDAY, SUNDAY = dt.date(2013, 11, 25), dt.date(2013, 12, 1)


def at(date: dt.date, clock: str) -> int:
    """UTC nanoseconds of the UTC time `clock` on `date`."""
    hour, minute = map(int, clock.split(":"))
    return midnight_utc(date) + (hour * 60 + minute) * 60 * 1_000_000_000


def thanksgiving() -> list[Session]:
    return [Session(d, at(d, begin), at(d, end)) for d, (begin, end) in THANKSGIVING.items()]


def currencies() -> list[Session]:
    dates = [MONDAY + dt.timedelta(days=n) for n in range(5)]
    return [Session(d, at(d - dt.timedelta(days=1), "22:00"), at(d, "22:00")) for d in dates]


def memory_calendar() -> TradingCalendar:
    # In reverse: the order of the dates is the calendar's own doing.
    calendars = {"NYSE": reversed(thanksgiving()), "FX": currencies()}
    venues = {"NASDAQ": "NYSE", "IDEALPRO": "FX"}
    return MemoryTradingCalendar(calendars, venues, {"NYSE": reversed(before_and_after())})


def before_and_after() -> list[Session]:
    """The week from 4:00 to 20:00 in New York, on the day of the early close to 17:00."""
    return [
        Session(d, at(d, "09:00"), at(d, "22:00") if d.day == 29 else at(d, "24:00") + HOUR)
        for d in THANKSGIVING
    ]


@pytest.fixture(params=[MarketCalendars, memory_calendar], ids=["market", "memory"])
def calendar(request: pytest.FixtureRequest) -> TradingCalendar:
    make: Callable[[], TradingCalendar] = request.param
    return make()


def week(
    calendar: TradingCalendar, instrument: InstrumentId, name: str | None = None
) -> Sequence[Session]:
    return calendar.sessions(instrument, MONDAY, SUNDAY, name)


def test_sessions_are_those_of_the_venue_at_their_exact_hours(calendar: TradingCalendar) -> None:
    assert list(week(calendar, AAPL)) == thanksgiving()


def test_currencies_trade_from_evening_to_evening_of_new_york(calendar: TradingCalendar) -> None:
    assert list(week(calendar, EURUSD)) == currencies()


def test_first_and_last_date_are_both_included(calendar: TradingCalendar) -> None:
    found = calendar.sessions(AAPL, dt.date(2013, 11, 26), dt.date(2013, 11, 27), None)
    assert [session.date.day for session in found] == [26, 27]


def test_one_date_can_be_asked_for(calendar: TradingCalendar) -> None:
    day = dt.date(2013, 11, 29)
    assert list(calendar.sessions(AAPL, day, day, None)) == thanksgiving()[3:]


def test_a_closed_day_has_no_session(calendar: TradingCalendar) -> None:
    for day in (dt.date(2013, 11, 28), dt.date(2013, 11, 30)):
        assert not calendar.sessions(AAPL, day, day, None)


def test_a_range_that_ends_before_it_begins_has_no_sessions(calendar: TradingCalendar) -> None:
    for instrument in (AAPL, EURUSD, ELSEWHERE):
        assert not calendar.sessions(instrument, SUNDAY, MONDAY, None)


@pytest.mark.parametrize("instrument", [AAPL, EURUSD, ELSEWHERE])
def test_sessions_are_in_order_and_do_not_overlap(
    calendar: TradingCalendar, instrument: InstrumentId
) -> None:
    found = week(calendar, instrument)
    assert len(found) >= 4
    assert all(session.open < session.close for session in found)
    for earlier, later in itertools.pairwise(found):
        assert earlier.date < later.date
        assert earlier.close <= later.open


def test_a_named_calendar_takes_the_place_of_the_venues(calendar: TradingCalendar) -> None:
    assert list(week(calendar, EURUSD, "NYSE")) == thanksgiving()
    assert calendar.describe(EURUSD, "NYSE") == "NYSE"


def test_a_venue_that_nobody_knows_is_open_on_every_day_and_said_to_be_a_fallback(
    calendar: TradingCalendar,
) -> None:
    assert [(s.date, s.open, s.close) for s in week(calendar, ELSEWHERE)] == [
        (day, midnight_utc(day), midnight_utc(day) + NANOSECONDS_IN_DAY)
        for day in (MONDAY + dt.timedelta(days=n) for n in range(7))
    ]
    assert "fallback" in calendar.describe(ELSEWHERE, None)


def test_a_calendar_that_was_chosen_is_no_fallback(calendar: TradingCalendar) -> None:
    assert calendar.describe(ELSEWHERE, "24/7") == "24/7"
    assert calendar.describe(AAPL, None) == "NYSE"


@pytest.mark.parametrize("name", ["NYZE", "", "nyse", "NYSE "])
def test_an_unknown_calendar_is_refused_with_those_that_are_known(
    calendar: TradingCalendar, name: str
) -> None:
    for ask in (
        lambda: week(calendar, AAPL, name),
        lambda: calendar.describe(AAPL, name),
        lambda: calendar.require(name),
    ):
        with pytest.raises(UnknownCalendarError) as caught:
            ask()
        assert repr(name) in caught.value.message
        assert "NYSE" in caught.value.recovery


@pytest.mark.parametrize("name", ["NYSE", "FX", "24/7"])
def test_a_known_calendar_is_let_through(calendar: TradingCalendar, name: str) -> None:
    calendar.require(name)
    assert calendar.describe(AAPL, name) == name


def test_extended_hours_are_those_before_and_after_the_market(calendar: TradingCalendar) -> None:
    found = calendar.sessions(AAPL, MONDAY, SUNDAY, None, Hours.EXTENDED)
    assert list(found) == before_and_after()
    assert list(week(calendar, AAPL)) == thanksgiving()


@pytest.mark.parametrize("instrument", [EURUSD, ELSEWHERE])
def test_where_there_is_no_other_market_extended_hours_are_the_regular_ones(
    calendar: TradingCalendar, instrument: InstrumentId
) -> None:
    found = calendar.sessions(instrument, MONDAY, SUNDAY, None, Hours.EXTENDED)
    assert list(found) == list(week(calendar, instrument))


def test_the_same_question_has_the_same_answer_after_others(calendar: TradingCalendar) -> None:
    before = list(week(calendar, AAPL))
    calendar.sessions(AAPL, dt.date(2013, 11, 26), dt.date(2013, 11, 26), None)
    week(calendar, AAPL, "24/7")
    assert list(week(calendar, AAPL)) == before
