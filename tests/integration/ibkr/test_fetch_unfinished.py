"""A bar that can still change is never taken, whatever any clock says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from domain.bars import Bars
from domain.events import FetchCompleted, RangeConfirmedEmpty
from domain.gaps import Status
from domain.instrument import Instrument, Series
from domain.sessions import Session, on_grid
from domain.venues import venue
from tests.builders import MINUTE, utc
from tests.integration.ibkr.desk import Desk, Opening, sessions_of
from tests.integration.ibkr.serving import bars_of, market_of, series_of, within
from tests.integration.simulated_gateway.instruments import BITCOIN, EQUITY, EURO, MARCH

AAPL = series_of(EQUITY, "1_MIN")
DAYS = sessions_of(EQUITY, "2024-07-09", "2024-07-11")
SERVED = bars_of(AAPL, DAYS)
TODAY = DAYS[1]
FIRST, LAST = "2024-07-09", "2024-07-10"


SETTLED = 20 * MINUTE


def _closed_by(bars: Bars, instant: int) -> Bars:
    return bars.take(bars.ts_event <= instant)


def _to_keep(
    series: Series, bars: Bars, sessions: Sequence[Session], now: int, here: int | None = None
) -> Bars:
    """Return what is to be kept when the gateway's clock says `now`, and this machine's `here`.

    The newest bar of a session that goes on can still grow, unless another bar follows it.
    """
    here = now if here is None else here
    over = [one for one in sessions if one.close + SETTLED <= min(now, here)]
    if not series.bar_type.is_intraday:
        return _closed_by(bars, over[-1].close)
    zone = venue(series.instrument_id.venue).tzinfo
    end = int(on_grid(np.array([here], np.int64), series.bar_type, zone)[0])
    # One bar more is asked for, to see whether what lies before it has ended.
    end += series.bar_type.length
    answered = bars.take((bars.ts_open < end) & (bars.ts_open <= now))
    if int(answered.ts_open[-1]) >= max((one.close for one in over), default=0):
        answered = answered.take(slice(0, -1))
    return _closed_by(answered, min(now, here))


@pytest.mark.parametrize("seconds", [0, 1, 30, 59])
def test_a_running_session_is_fetched_up_to_the_last_bar_that_closed(
    opening: Opening, seconds: int
) -> None:
    now = utc("2024-07-10T15:07:00") + seconds * 10**9
    desk = opening({AAPL: SERVED}, EQUITY, now=now)
    desk.fetch(AAPL, FIRST, LAST)
    assert desk.held(AAPL).same_values(_to_keep(AAPL, SERVED, DAYS, now))
    assert len(desk.events(FetchCompleted)) == 1


@pytest.mark.parametrize("minutes", [-600, -45, -1, 1, 45])
def test_this_machines_clock_may_be_ahead_or_behind(opening: Opening, minutes: int) -> None:
    now = utc("2024-07-10T15:07:20")
    here = now + minutes * MINUTE
    desk = opening({AAPL: SERVED}, EQUITY, now=now, here=here)
    desk.fetch(AAPL, FIRST, LAST)
    assert desk.held(AAPL).same_values(_to_keep(AAPL, SERVED, DAYS, now, here))
    assert desk.events(RangeConfirmedEmpty) == []


def test_a_clock_that_is_hours_ahead_makes_nothing_complete(opening: Opening) -> None:
    now = utc("2024-07-10T15:07:20")
    desk = opening({AAPL: SERVED}, EQUITY, now=now, here=now + 600 * MINUTE)
    desk.fetch(AAPL, FIRST, LAST)
    assert desk.held(AAPL).same_values(_to_keep(AAPL, SERVED, DAYS, now, now + 600 * MINUTE))
    (judged,) = desk.judged(AAPL, [TODAY])
    assert judged.status is Status.PARTIAL
    desk.clock.advance(-600 * MINUTE)
    desk.fetch(AAPL, FIRST, LAST)
    assert desk.held(AAPL).same_values(_to_keep(AAPL, SERVED, DAYS, now))


@pytest.mark.parametrize("quiet", [1, 7, 120])
def test_the_end_of_a_running_session_can_be_quiet(opening: Opening, quiet: int) -> None:
    now = utc("2024-07-10T17:00:10")
    thin = Bars.concat(
        [_closed_by(SERVED, now - quiet * MINUTE), within(SERVED, now + MINUTE, DAYS[2].close)]
    )
    desk = opening({AAPL: thin}, EQUITY, now=now)
    outcome = desk.fetch(AAPL, FIRST, LAST)
    assert desk.held(AAPL).same_values(_to_keep(AAPL, thin, DAYS, now))
    assert outcome.days_written == 2
    assert [one.status for one in desk.judged(AAPL, DAYS[:1])] == [Status.COMPLETE]


def test_a_running_session_without_a_bar_yet_is_left(opening: Opening) -> None:
    now = utc("2024-07-10T14:00:10")
    desk = opening({AAPL: within(SERVED, 0, DAYS[0].close)}, EQUITY, now=now)
    outcome = desk.fetch(AAPL, FIRST, LAST)
    assert desk.held(AAPL).same_values(within(SERVED, 0, DAYS[0].close))
    assert [one.isoformat() for one in outcome.left] == [LAST]
    assert desk.events(RangeConfirmedEmpty) == []


def test_the_last_bars_of_a_session_can_come_later(opening: Opening) -> None:
    now = TODAY.close + 3 * MINUTE
    late = within(SERVED, 0, TODAY.close - 14 * MINUTE)
    desk = _after_the_close(opening, late, now)
    desk.fetch(AAPL, FIRST, LAST)
    assert desk.held(AAPL).same_values(_to_keep(AAPL, late, DAYS, now))
    (judged,) = desk.judged(AAPL, [TODAY])
    assert judged.status is Status.PARTIAL
    desk.gateway.set_market(market_of({AAPL: SERVED}, EQUITY))
    desk.asked()
    desk.fetch(AAPL, FIRST, LAST)
    assert desk.questions() == [("20240710 20:01:00 UTC", f"{16 * 60} S")]
    assert desk.held(AAPL).same_values(_closed_by(SERVED, TODAY.close - MINUTE))


def test_the_newest_bar_of_a_session_is_taken_once_nothing_is_added_to_it(
    opening: Opening,
) -> None:
    today = within(SERVED, 0, TODAY.close)
    desk = _after_the_close(opening, today, TODAY.close + MINUTE)
    desk.fetch(AAPL, FIRST, LAST)
    (judged,) = desk.judged(AAPL, [TODAY])
    assert judged.status is Status.PARTIAL
    later = TODAY.close + SETTLED
    with Desk.opened(desk.folder, {AAPL: today}, EQUITY, now=later) as again:
        again.fetch(AAPL, FIRST, LAST)
        assert again.held(AAPL).same_values(today)
        assert again.questions() == [("20240710 20:00:00 UTC", "60 S")]
        (judged,) = again.judged(AAPL, [TODAY])
        assert judged.status is Status.COMPLETE


def test_a_quiet_end_is_believed_once_a_session_is_long_over(opening: Opening) -> None:
    quiet = within(SERVED, 0, TODAY.close - 14 * MINUTE)
    desk = _after_the_close(opening, quiet, TODAY.close + 60 * MINUTE)
    desk.fetch(AAPL, FIRST, LAST)
    (judged,) = desk.judged(AAPL, [TODAY])
    assert judged.status is Status.COMPLETE


def _after_the_close(opening: Opening, bars: Bars, now: int) -> Desk:
    return opening({AAPL: bars}, EQUITY, now=now)


@pytest.mark.parametrize(
    ("instrument", "bar_type", "first", "last", "now"),
    [
        (EQUITY, "30_SEC", "2024-07-10", "2024-07-10", "2024-07-10T15:07:20"),
        (EQUITY, "5_MIN", "2024-07-08", "2024-07-11", "2024-07-10T15:07:20"),
        (EQUITY, "1_HOUR", "2024-07-08", "2024-07-11", "2024-07-10T15:07:20"),
        (EQUITY, "4_HOUR", "2024-07-08", "2024-07-11", "2024-07-10T17:07:20"),
        (EQUITY, "1_DAY", "2024-07-01", "2024-07-11", "2024-07-10T15:07:20"),
        (EQUITY, "1_WEEK", "2024-06-17", "2024-07-19", "2024-07-12T15:07:20"),
        (EQUITY, "1_MONTH", "2024-04-01", "2024-07-31", "2024-07-30T15:07:20"),
        (MARCH, "1_HOUR", "2024-01-08", "2024-01-12", "2024-01-11T02:07:20"),
        (MARCH, "1_DAY", "2024-01-08", "2024-01-12", "2024-01-11T02:07:20"),
        (EURO, "1_HOUR", "2024-03-04", "2024-03-15", "2024-03-11T02:07:20"),
        (BITCOIN, "4_HOUR", "2024-03-04", "2024-03-15", "2024-03-11T02:07:20"),
        (BITCOIN, "1_DAY", "2024-03-04", "2024-03-15", "2024-03-11T02:07:20"),
    ],
)
@pytest.mark.parametrize("minutes", [-90, 0, 90])
def test_bars_of_all_sizes_are_taken_when_they_have_closed(
    opening: Opening,
    instrument: Instrument,
    bar_type: str,
    first: str,
    last: str,
    now: str,
    minutes: int,
) -> None:
    series, sessions = series_of(instrument, bar_type), sessions_of(instrument, first, last)
    served = bars_of(series, sessions, volume=0 if instrument is EURO else 900)
    at = utc(now)
    desk = opening({series: served}, instrument, now=at, here=at + minutes * MINUTE)
    desk.fetch(series, first, last)
    kept = _to_keep(series, served, sessions, at, at + minutes * MINUTE)
    assert 0 < len(kept) < len(served)
    assert desk.held(series).same_values(kept)
