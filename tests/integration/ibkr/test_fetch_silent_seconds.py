"""Time without bars of seconds is called empty only where bars of a minute show that it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from adapters.ibkr import pacing
from adapters.ibkr.sliding import AtMost
from adapters.simulated_gateway.faults import Fault, FaultKind, Stage
from domain.bars import Bars
from domain.events import RangeConfirmedEmpty
from domain.gaps import Status
from domain.instrument import Instrument, Series
from domain.sessions import Hours, Session
from tests.builders import utc
from tests.integration.ibkr.desk import Opening, sessions_of
from tests.integration.ibkr.serving import bars_of, series_of, without
from tests.integration.simulated_gateway.instruments import BITCOIN, EQUITY, EURO, INDEX, JUNE

HALF_MINUTE, FIVE_SECONDS = series_of(EQUITY, "30_SEC"), series_of(EQUITY, "5_SEC")
MINUTE = series_of(EQUITY, "1_MIN")
MAY = sessions_of(EQUITY, "2024-05-01", "2024-05-03")
DAYS = ("2024-05-01", "2024-05-03")


@pytest.fixture(autouse=True)
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the same be asked twice at once, which IBKR would have wait for a quarter minute."""
    for name in ("IDENTICAL", "OF_ONE_CONTRACT", "OF_ALL"):
        monkeypatch.setattr(pacing, name, AtMost(1, 0.0))


def _no_data(after: int, times: int) -> Fault:
    return Fault(FaultKind.NO_DATA_162, Stage.HISTORY, after, times)


def _served(
    sessions: Sequence[Session], *, seconds: Series = HALF_MINUTE, minutes: Series = MINUTE
) -> Mapping[Series, Bars]:
    return {one: bars_of(one, sessions) for one in (seconds, minutes)}


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("times", [2, 4, 6])
@pytest.mark.parametrize("has_minutes", [True, False])
def test_no_data_said_by_mistake_loses_no_session(
    opening: Opening, after: int, times: int, has_minutes: bool
) -> None:
    served = dict(_served(MAY))
    if not has_minutes:
        del served[MINUTE]
    desk = opening(served, EQUITY, enforce_limits=False)
    desk.gateway.set_faults([_no_data(after, times)])
    outcome = desk.fetch(HALF_MINUTE, *DAYS)
    assert (outcome.confirmed_empty, desk.events(RangeConfirmedEmpty)) == (0, [])
    assert outcome.days_written + len(outcome.left) == 3
    desk.fetch(HALF_MINUTE, *DAYS)
    assert desk.held(HALF_MINUTE).ts_open.tolist() == served[HALF_MINUTE].ts_open.tolist()


@pytest.mark.parametrize(
    ("instrument", "hours"),
    [
        (EQUITY, Hours.REGULAR),
        (EQUITY, Hours.EXTENDED),
        (INDEX, Hours.REGULAR),
        (EURO, Hours.REGULAR),
        (BITCOIN, Hours.REGULAR),
        (JUNE, Hours.REGULAR),
    ],
    ids=["a share", "extended hours", "an index", "currencies", "a coin", "a future"],
)
def test_a_session_without_bars_of_seconds_is_empty_where_minutes_have_none_either(
    opening: Opening, instrument: Instrument, hours: Hours
) -> None:
    seconds, minutes = series_of(instrument, "30_SEC"), series_of(instrument, "1_MIN")
    first, silent, last = sessions_of(instrument, *DAYS, hours)
    served = _served([first, last], seconds=seconds, minutes=minutes)
    desk = opening(served, instrument, enforce_limits=False)
    outcome = desk.fetch(seconds, *DAYS, hours=hours)
    assert (outcome.days_written, outcome.confirmed_empty, outcome.left) == (2, 1, ())
    (event,) = desk.events(RangeConfirmedEmpty)
    assert [(one.start, one.end) for one in event.empty] == [(silent.open, silent.close)]
    desk.asked()
    desk.fetch(seconds, *DAYS, hours=hours)
    assert desk.asked() == []


@pytest.mark.parametrize("instrument", [EQUITY, EURO, JUNE], ids=["share", "pair", "future"])
@pytest.mark.parametrize("minute", ["first", "last"])
def test_one_minute_of_a_session_shows_that_it_is_not_silent(
    opening: Opening, instrument: Instrument, minute: str
) -> None:
    """The session stays missing, and each run asks for it anew, without end in none."""
    seconds, minutes = series_of(instrument, "30_SEC"), series_of(instrument, "1_MIN")
    sessions = sessions_of(instrument, *DAYS)
    silent = sessions[1]
    served = dict(_served(sessions, seconds=seconds, minutes=minutes))
    served[seconds] = without(served[seconds], [silent])
    inside = served[minutes].take(
        (served[minutes].ts_open >= silent.open) & (served[minutes].ts_open < silent.close)
    )
    place = slice(0, 1) if minute == "first" else slice(-1, None)
    parts = [without(served[minutes], [silent]), inside.take(place)]
    served[minutes] = Bars.concat(parts).take(_order(parts))
    desk = opening(served, instrument, enforce_limits=False)
    for _ in range(2):
        desk.asked()
        outcome = desk.fetch(seconds, *DAYS)
        assert (outcome.confirmed_empty, outcome.left) == (0, (silent.date,))
        assert 0 < len(desk.asked()) <= 18
    (missing,) = desk.judged(seconds, [silent])
    assert missing.status is not Status.COMPLETE


def _order(parts: Sequence[Bars]) -> list[int]:
    opens = Bars.concat(parts).ts_open.tolist()
    return sorted(range(len(opens)), key=opens.__getitem__)


@pytest.mark.parametrize(
    ("history", "is_known"), [("2024-03-01", False), ("2024-05-01", True)], ids=["older", "new"]
)
def test_minutes_that_begin_later_show_silence_on_the_first_day_of_a_history_alone(
    opening: Opening, history: str, is_known: bool
) -> None:
    """The first two hours have no bar, and nothing before them shows that they are empty."""
    start = utc("2024-05-01T15:40:00")
    early = sessions_of(EQUITY, history, history, Hours.EXTENDED)
    served = {
        one: Bars.concat([bars_of(one, early).take(slice(0, 1)), bars.take(bars.ts_open >= start)])
        for one, bars in _served(MAY, seconds=FIVE_SECONDS).items()
    }
    desk = opening(served, EQUITY, enforce_limits=False)
    for _ in range(2):
        desk.asked()
        desk.fetch(FIVE_SECONDS, *DAYS)
        (first, *others) = desk.judged(FIVE_SECONDS, MAY)
        assert (first.status is Status.COMPLETE) == is_known
        assert {one.status for one in others} == {Status.COMPLETE}
    assert (desk.asked() == []) == is_known


@pytest.mark.parametrize("times", [2, 6, 9])
def test_no_data_said_by_mistake_loses_no_part_of_a_session(opening: Opening, times: int) -> None:
    """Bars of five seconds are asked for two hours at a time."""
    desk = opening(served := _served(MAY, seconds=FIVE_SECONDS), EQUITY, enforce_limits=False)
    desk.gateway.set_faults([_no_data(1, times)])
    desk.fetch(FIVE_SECONDS, "2024-05-02", "2024-05-02")
    assert desk.events(RangeConfirmedEmpty) == []
    desk.fetch(FIVE_SECONDS, "2024-05-02", "2024-05-02")
    inside = _of(served[FIVE_SECONDS], MAY[1])
    assert desk.held(FIVE_SECONDS).ts_open.tolist() == inside.ts_open.tolist()


def test_two_silent_hours_of_a_session_are_empty_where_minutes_show_it(opening: Opening) -> None:
    start, end = utc("2024-05-02T15:30:00"), utc("2024-05-02T17:30:00")
    served = {
        one: bars.take((bars.ts_open < start) | (bars.ts_open >= end))
        for one, bars in _served(MAY, seconds=FIVE_SECONDS).items()
    }
    desk = opening(served, EQUITY, enforce_limits=False)
    outcome = desk.fetch(FIVE_SECONDS, *DAYS)
    assert (outcome.days_written, outcome.confirmed_empty, outcome.left) == (3, 0, ())
    assert {one.status for one in desk.judged(FIVE_SECONDS, MAY)} == {Status.COMPLETE}


def _of(bars: Bars, session: Session) -> Bars:
    return bars.take((bars.ts_open >= session.open) & (bars.ts_open < session.close))
