"""Whoever walks through history in chunks gets every bar once, however the chunks are cut."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from adapters.calendars.market_calendars import MarketCalendars
from adapters.simulated_gateway.answers import Answers
from adapters.simulated_gateway.history_request import HistoryRequest
from adapters.simulated_gateway.market import Market, listing_of
from adapters.simulated_gateway.refusals import RefusedError
from domain.bars import Bars
from domain.sessions import Hours, inside_sessions
from tests.builders import utc
from tests.integration.simulated_gateway.driving import clock_bars
from tests.integration.simulated_gateway.instruments import EQUITY, series

SECOND = 10**9
CALENDAR = MarketCalendars()
# Thanksgiving 2024 and the half day after it, and the week before, every five minutes.
FIRST, END = "2024-11-18T00:00:00", "2024-12-01T00:00:00"
BARS = clock_bars(FIRST, END, 300 * SECOND)
MARKET = Market([listing_of(EQUITY, 1)], {series(EQUITY, "5_MIN"): BARS})
ANSWERS = Answers(MARKET, CALENDAR, lambda: utc("2025-01-01T00:00:00"))
UNITS = {"D": 20, "W": 4, "M": 2}
DURATIONS = st.sampled_from([f"{n} {unit}" for unit, most in UNITS.items() for n in range(1, most)])


def served(end: int, duration: str, rth: bool) -> Sequence[int]:
    """Return the epoch seconds at which the bars of a request open."""
    at = dt.datetime.fromtimestamp(end // SECOND, dt.UTC)
    contract = ("1", "", "", "", "", "", "", "SMART", "", "", "", "")
    what = (f"{at:%Y%m%d %H:%M:%S} UTC", "5 mins", duration, str(int(rth)), "TRADES", "2", "0", "")
    asked = HistoryRequest.parse(("20", "1", *contract, "0", *what))
    try:
        (answer,) = ANSWERS.history(asked)
    except RefusedError as refused:
        if "no data" not in refused.text:
            raise
        return []
    assert len(answer) == 5 + 8 * int(str(answer[4]))
    return [int(str(stamp)) for stamp in answer[5::8]]


def regular(bars: Bars) -> list[int]:
    sessions = CALENDAR.sessions(
        EQUITY.id, dt.date(2024, 11, 15), dt.date(2024, 12, 5), None, Hours.REGULAR
    )
    return (bars.ts_open[inside_sessions(bars.ts_open, sessions)] // SECOND).tolist()


@given(st.integers(utc(FIRST) // SECOND, utc(END) // SECOND), DURATIONS, st.booleans())
def test_no_bar_opens_at_or_after_the_end(end: int, duration: str, rth: bool) -> None:
    got = served(end * SECOND, duration, rth)
    assert list(got) == sorted(set(got))
    assert all(stamp < end for stamp in got)
    assert set(got) <= set(regular(BARS) if rth else (BARS.ts_open // SECOND).tolist())


@given(st.lists(DURATIONS, min_size=1, max_size=4))
def test_chunks_that_end_where_the_last_began_give_every_regular_bar_once(
    durations: list[str],
) -> None:
    end, got = utc(END), list[int]()
    for place in range(40):
        chunk = served(end, durations[place % len(durations)], rth=True)
        if not chunk:
            break
        got[:0] = chunk
        end = chunk[0] * SECOND
    assert got == regular(BARS)
