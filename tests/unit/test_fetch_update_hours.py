"""What is held in extended hours is brought up to date in extended hours."""

from __future__ import annotations

import attrs
import pytest

from adapters.memory.trading_calendar import MemoryTradingCalendar
from application.fetch_request import Keep
from domain.bar_type import BarType
from domain.instrument import Series
from domain.intervals import Interval
from domain.sessions import Hours, Session
from tests.builders import AAPL, MINUTE
from tests.fetching import Desk, bars_of, session_minutes, weekdays
from tests.memory_catalog import same

REGULAR = weekdays("2024-01-02", "2024-01-26", closed=("2024-01-15",))
EXTENDED = [
    attrs.evolve(one, open=one.open - 330 * MINUTE, close=one.close + 240 * MINUTE)
    for one in REGULAR
]
SERVED = session_minutes(EXTENDED)
TOLD = "are held with the hours before and after market: these are updated, too."


def desk(now: int = EXTENDED[-1].close + MINUTE) -> Desk:
    """Return a desk at a venue with hours before and after the regular ones."""
    made = Desk({AAPL: SERVED}, sessions=REGULAR, now=now)
    made.calendar = MemoryTradingCalendar({"here": REGULAR}, {"NASDAQ": "here"}, {"here": EXTENDED})
    return made


def dates(first: Session, last: Session) -> tuple[str, str]:
    return f"{first.date}", f"{last.date}"


def told(at: Desk) -> list[str]:
    return [one for one in at.memory.progress.told if "updated" in one]


def test_days_held_with_extended_hours_are_followed_by_such_days() -> None:
    at = desk()
    at.fetch(*dates(REGULAR[0], REGULAR[4]), hours=Hours.EXTENDED)
    at.source.requests.clear()
    outcome = at.one(None, None, update=True)
    assert outcome.days_written == len(REGULAR) - 5
    assert same(at.held(), SERVED)
    assert at.source.requests[0][0].hours is Hours.EXTENDED
    assert told(at) == [f"AAPL.NASDAQ 1-minute bars {TOLD}"]


def test_days_held_in_regular_hours_are_followed_by_such_days() -> None:
    at = desk()
    at.fetch(*dates(REGULAR[0], REGULAR[4]))
    at.fetch(None, None, update=True)
    assert same(at.held(), session_minutes(REGULAR))
    assert told(at) == []


@pytest.mark.parametrize(("minutes", "wider"), [(1, False), (5, False), (6, True), (240, True)])
def test_the_bar_of_the_closing_auction_makes_no_extended_hours(minutes: int, wider: bool) -> None:
    at = desk()
    held = [(one.open, one.close + minutes * MINUTE) for one in REGULAR[:5]]
    at.memory.write(AAPL, bars_of(held))
    at.fetch(None, None, update=True)
    assert bool(told(at)) is wider
    assert (at.source.requests[0][0].hours is Hours.EXTENDED) is wider


def test_a_bar_of_an_hour_that_ends_after_the_close_makes_no_extended_hours() -> None:
    hourly = Series(AAPL.instrument_id, BarType.parse("1_HOUR"))
    at, hour = desk(), 60 * MINUTE
    # The first bar that is on the clock opens at 10:00, the last closes at 17:00.
    held = [(one.open + 30 * MINUTE, one.close + hour) for one in REGULAR[:5]]
    at.source.bars = {hourly: bars_of(held, length=hour)}
    at.memory.write(hourly, bars_of(held, length=hour))
    at.fetch(None, None, hourly, update=True)
    assert at.source.requests[0][0].hours is Hours.REGULAR


@pytest.mark.parametrize(("regular", "wider"), [(4, True), (5, False)])
def test_the_last_sessions_that_are_held_tell_the_hours(regular: int, wider: bool) -> None:
    """A backtest fetches regular hours: some days of them do not end what is held."""
    at = desk()
    at.fetch(*dates(REGULAR[0], REGULAR[4]), hours=Hours.EXTENDED)
    at.fetch(*dates(REGULAR[5], REGULAR[4 + regular]))
    at.fetch(None, None, update=True)
    assert bool(told(at)) is wider
    if wider:
        assert same(at.held(), SERVED)


def test_regular_days_before_the_extended_ones_stay_as_they_are() -> None:
    at = desk()
    at.fetch(*dates(REGULAR[0], REGULAR[2]))
    at.fetch(*dates(REGULAR[4], REGULAR[6]))
    at.fetch(*dates(REGULAR[7], REGULAR[9]), hours=Hours.EXTENDED)
    at.source.requests.clear()
    outcome = at.one(None, None, update=True)
    assert outcome.days_held == 9
    asked = [time for one in at.asked for time in one]
    assert asked[0] == Interval(EXTENDED[3].open, EXTENDED[3].close)
    assert asked[1].start == EXTENDED[10].open
    at.source.requests.clear()
    assert at.one(None, None, update=True).days_held == len(REGULAR)
    assert at.source.requests == []


def test_extended_hours_can_be_asked_for_all_the_same() -> None:
    at = desk()
    at.fetch(*dates(REGULAR[0], REGULAR[4]))
    at.fetch(None, None, update=True, hours=Hours.EXTENDED)
    assert same(at.held(), SERVED)
    assert told(at) == []


def test_a_range_that_is_named_is_fetched_in_the_hours_that_are_named() -> None:
    at = desk()
    at.fetch(*dates(REGULAR[0], REGULAR[4]), hours=Hours.EXTENDED)
    at.fetch(*dates(REGULAR[5], REGULAR[9]), keep=Keep.HELD)
    assert at.source.requests[-1][0].hours is Hours.REGULAR
    assert told(at) == []


def test_several_series_are_told_of_in_one_sentence() -> None:
    fives = Series(AAPL.instrument_id, BarType.parse("5_MIN"))
    at = desk()
    at.source.bars = {
        AAPL: SERVED,
        fives: bars_of([(one.open, one.close) for one in EXTENDED], length=5 * MINUTE),
    }
    at.fetch(*dates(REGULAR[0], REGULAR[4]), AAPL, fives, hours=Hours.EXTENDED)
    at.fetch(None, None, AAPL, fives, update=True)
    assert told(at) == [
        "2 series are held with the hours before and after market, and these are updated, too: "
        "AAPL.NASDAQ 1-minute bars, AAPL.NASDAQ 5-minute bars."
    ]


def test_a_day_that_still_trades_after_market_is_waited_for() -> None:
    at = desk(now=REGULAR[5].close + MINUTE)
    at.fetch(*dates(REGULAR[0], REGULAR[4]), hours=Hours.EXTENDED)
    at.source.requests.clear()
    at.fetch(None, None, update=True)
    assert at.source.requests == []
