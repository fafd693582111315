"""A range of trading dates is the time of their sessions, wherever these begin."""

from __future__ import annotations

import datetime as dt

import pytest

from adapters.memory.trading_calendar import MemoryTradingCalendar
from application.trading_window import trading_window
from domain.bar_type import BarType
from domain.instrument import InstrumentId, Series
from domain.sessions import Session
from domain.window import Window
from tests.builders import AAPL, utc
from tests.fetching import SESSIONS
from tests.memory_catalog import window

EURO = InstrumentId.parse("EUR/USD.IDEALPRO")
# Monday to Wednesday, each from 17:00 to 17:00 in New York.
DAYS = [
    Session(
        dt.date(2024, 3, day), utc(f"2024-03-0{day - 1}T22:00:00"), utc(f"2024-03-0{day}T22:00:00")
    )
    for day in (4, 5, 6)
]
CALENDAR = MemoryTradingCalendar(
    {"fx": DAYS, "here": SESSIONS}, {"IDEALPRO": "fx", "NASDAQ": "here"}
)


def _taken(range_: Window, bar_type: str = "1_HOUR") -> Window:
    return trading_window(range_, Series(EURO, BarType.parse(bar_type)), CALENDAR, None)


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2024-03-04", "2024-03-05", "2024-03-03T22:00:00Z", "2024-03-05T22:00:00Z"),
        ("2024-03-03", "2024-03-03", "2024-03-03", "2024-03-03T22:00:00Z"),
        ("2024-03-05", "2024-03-06", "2024-03-04T22:00:00Z", "2024-03-06"),  # no next one is known
        ("2024-03-04", None, "2024-03-03T22:00:00Z", None),
        (None, "2024-03-04", None, "2024-03-04T22:00:00Z"),
        ("2024-03-04T10:00:00Z", "2024-03-05", "2024-03-04T10:00:00Z", "2024-03-05T22:00:00Z"),
        ("2024-03-04", "2024-03-05T01:00:00Z", "2024-03-03T22:00:00Z", "2024-03-05T01:00:00Z"),
        ("1823-01-02", "2150-01-01", "1823-01-02", "2150-01-01"),
        (None, None, None, None),
    ],
)
def test_a_session_is_taken_from_the_evening_before_to_its_end(
    start: str | None, end: str | None, first: str | None, last: str | None
) -> None:
    assert _taken(window(start, end)) == window(first, last)


def test_days_that_begin_and_end_without_trading_stay() -> None:
    """So do hours before and after the market that are held of them."""
    range_ = window("2024-01-02", "2024-01-05")
    assert trading_window(range_, AAPL, CALENDAR, None) == range_


def test_bars_of_a_day_and_longer_go_by_their_dates() -> None:
    range_ = window("2024-03-04", "2024-03-05")
    assert _taken(range_, "1_DAY") == range_
