"""What is not there is called empty only where an answer shows that it would have come."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import pytest

from adapters.ibkr.limits import SECONDS_PER_QUESTION
from adapters.simulated_gateway.faults import ALWAYS, Fault, FaultKind, Stage
from domain.events import RangeConfirmedEmpty
from domain.gaps import Status
from domain.instrument import Instrument, Series
from domain.sessions import Hours, Session, inside_sessions
from tests.builders import utc
from tests.integration.ibkr.desk import Desk, Opening, sessions_of
from tests.integration.ibkr.serving import bars_of, series_of
from tests.integration.simulated_gateway.instruments import BITCOIN, EQUITY

FIVE_MINUTES = series_of(EQUITY, "5_MIN")
HALF_MINUTE = series_of(EQUITY, "30_SEC")
MAY = sessions_of(EQUITY, "2024-05-01", "2024-05-03")


@pytest.mark.parametrize("bar_type", ["5_MIN", "1_HOUR"])
def test_a_gateway_that_counts_more_trading_days_leaves_no_session_out(
    opening: Opening, bar_type: str
) -> None:
    """By a calendar that does not fit, weekends are no sessions of a coin's."""
    series = series_of(BITCOIN, bar_type)
    served = bars_of(series, sessions_of(BITCOIN, "2024-01-02", "2024-03-28"))
    misnamed = attrs.evolve(BITCOIN, calendar="NYSE")
    sessions = sessions_of(misnamed, "2024-01-02", "2024-03-28")
    desk = opening({series: served}, BITCOIN)
    with desk.wired() as container:
        container.catalog().register(misnamed)
    outcome = desk.fetch(series, "2024-01-02", "2024-03-28")
    assert desk.events(RangeConfirmedEmpty) == []
    assert outcome.days_written == len(sessions)
    inside = inside_sessions(served.ts_open, sessions)
    assert desk.held(series).ts_open.tolist() == served.ts_open[inside].tolist()
    assert _statuses(desk, series, sessions) == {Status.COMPLETE}


@pytest.mark.parametrize(
    ("series", "asked"), [(FIVE_MINUTES, 2), (HALF_MINUTE, 3)], ids=["5 min", "30 s"]
)
def test_no_data_as_often_as_asked_confirms_nothing(
    opening: Opening, series: Series, asked: int
) -> None:
    desk = opening({series: bars_of(series, MAY)}, EQUITY)
    desk.gateway.set_faults([Fault(FaultKind.NO_DATA_162, Stage.HISTORY, 0, ALWAYS)])
    outcome = desk.fetch(series, "2024-05-02", "2024-05-02")
    assert (outcome.confirmed_empty, desk.events(RangeConfirmedEmpty)) == (0, [])
    assert len(desk.questions()) == asked
    desk.gateway.set_faults([])
    assert desk.fetch(series, "2024-05-02", "2024-05-02").days_written == 1


def test_two_silent_hours_are_no_day_without_bars(opening: Opening) -> None:
    start, end = utc("2024-05-02T14:00:00"), utc("2024-05-02T16:00:00")
    served = bars_of(FIVE_MINUTES, MAY)
    served = served.take((served.ts_open < start) | (served.ts_open >= end))
    desk = opening({FIVE_MINUTES: served}, EQUITY)
    outcome = desk.fetch(FIVE_MINUTES, "2024-05-02T14:00:00Z", "2024-05-02T16:00:00Z")
    assert (outcome.confirmed_empty, outcome.left) == (0, ())
    (event,) = desk.events(RangeConfirmedEmpty)
    assert [(one.start, one.end) for one in event.empty] == [(start, end)]
    assert _statuses(desk, FIVE_MINUTES, [MAY[1]]) == {Status.PARTIAL}
    desk.fetch(FIVE_MINUTES, "2024-05-02", "2024-05-02")
    assert _statuses(desk, FIVE_MINUTES, [MAY[1]]) == {Status.COMPLETE}
    assert len(desk.held(FIVE_MINUTES)) == 78 - 24


def test_a_clock_that_is_fast_makes_no_session_old(opening: Opening) -> None:
    served = bars_of(FIVE_MINUTES, MAY[:2])
    now = utc("2024-05-03T21:00:00")
    desk = opening({FIVE_MINUTES: served}, EQUITY, now=now, here=utc("2024-05-06T21:00:00"))
    outcome = desk.fetch(FIVE_MINUTES, "2024-05-01", "2024-05-03")
    assert (outcome.days_written, outcome.confirmed_empty) == (2, 0)
    assert desk.events(RangeConfirmedEmpty) == []


@pytest.mark.parametrize(
    ("bar_type", "first", "last", "now"),
    [
        ("1_WEEK", "2024-04-15", "2024-05-05", "2024-05-06"),
        ("1_MONTH", "2024-02-01", "2024-04-30", "2024-05-01"),
    ],
)
def test_a_week_or_month_is_taken_once_its_last_session_has_settled(
    opening: Opening, bar_type: str, first: str, last: str, now: str
) -> None:
    series = series_of(BITCOIN, bar_type)
    served = bars_of(series, sessions_of(BITCOIN, first, last))
    desk = opening({series: served}, BITCOIN, now=utc(f"{now}T00:00:30"))
    outcome = desk.fetch(series, first, last)
    assert desk.held(series).ts_open.tolist() == served.ts_open[:-1].tolist()
    assert (outcome.left[-1].isoformat(), outcome.confirmed_empty) == (last, 0)
    later = opening({series: served}, BITCOIN, now=utc(f"{now}T00:20:00"))
    later.fetch(series, first, last)
    assert later.held(series).ts_open.tolist() == served.ts_open.tolist()


@pytest.mark.parametrize("instrument", [EQUITY, BITCOIN], ids=["a share", "a coin"])
@pytest.mark.parametrize("hours", Hours)
@pytest.mark.parametrize("begins", ["2024-05-01T00:00:00", "2024-05-02T13:30:00"])
def test_no_question_about_bars_of_seconds_is_longer_than_allowed(
    opening: Opening, instrument: Instrument, hours: Hours, begins: str
) -> None:
    series = series_of(instrument, "30_SEC")
    served = bars_of(series, sessions_of(instrument, "2024-05-01", "2024-05-02", hours))
    served = served.take(served.ts_open >= utc(begins))
    desk = opening({series: served}, instrument, now=utc("2024-05-02T22:00:00"))
    desk.fetch(series, "2024-05-01", "2024-05-02", hours=hours)
    seconds = [int(one.duration.removesuffix(" S")) for one in desk.asked()]
    assert seconds
    assert max(seconds) <= SECONDS_PER_QUESTION[30]


def _statuses(desk: Desk, series: Series, sessions: Sequence[Session]) -> set[Status]:
    return {one.status for one in desk.judged(series, sessions)}
