"""Answers that break the rules of bars are refused whole; what was finished before them stays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from adapters.simulated_gateway.faults import ALWAYS, Fault, FaultKind, Stage
from domain.bars import Bars
from domain.errors import BarledgerError
from domain.events import FetchAborted, RangeConfirmedEmpty
from domain.sessions import Hours, Session
from tests.builders import MINUTE, SECOND
from tests.integration.ibkr.desk import Desk, Opening, sessions_of
from tests.integration.ibkr.serving import bars_of, changed, market_of, series_of, within
from tests.integration.simulated_gateway.instruments import EQUITY

AAPL = series_of(EQUITY, "1_MIN")
DAYS = sessions_of(EQUITY, "2024-06-03", "2024-07-31")
FIRST, LAST = "2024-06-03", "2024-07-31"
SERVED = bars_of(AAPL, DAYS, every=13)
TUESDAY = DAYS[20]
CHUNK = 20
PLACE = 25 * 30 + 7  # a bar of the 26th session, in the second of three questions


def _ordered(*places: int) -> Callable[[Bars], Bars]:
    """Return what puts bars into an order that is none."""

    def mix(bars: Bars) -> Bars:
        order = list(range(len(bars)))
        order[PLACE : PLACE + 1] = [PLACE + place for place in places]
        return bars.take(np.array(order))

    return mix


def _with(**values: int) -> Callable[[Bars], Bars]:
    return lambda bars: changed(bars, PLACE, **values)


OPEN = int(SERVED.ts_open[PLACE])
BROKEN: dict[str, tuple[Callable[[Bars], Bars], str]] = {
    "two of one time": (
        lambda bars: changed(_ordered(0, 0)(bars), PLACE, volume=7),
        "two bars that differ open at",
    ),
    "disordered": (_ordered(5, 0), "not in order of time"),
    "off the grid": (_with(ts_open=OPEN + 7 * SECOND), "which no such bar does by the clock"),
    "negative volume": (_with(volume=-1), "volume"),
    "high below low": (_with(high=10, low=20), "high"),
    "low above open": (_with(low=10**7, high=10**8), "low"),
    "no price": (_with(low=0), "is not greater than 0"),
    "negative price": (_with(low=-5), "low"),
}


def _serve(desk: Desk, bars: Bars) -> None:
    market = market_of({AAPL: SERVED}, EQUITY)
    market.bars[AAPL] = bars  # a market takes bars in order alone
    desk.gateway.set_market(market)


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_the_rules_is_refused(opening: Opening, name: str) -> None:
    damage, words = BROKEN[name]
    desk = opening({AAPL: SERVED}, EQUITY)
    _serve(desk, damage(SERVED))
    error = desk.refused(AAPL, FIRST, LAST)
    assert (error.code, error.exit_code) == ("unusable-answer", 1)
    assert words in error.message
    assert "Nothing of that answer was kept" in error.recovery
    assert desk.held(AAPL).same_values(_of(DAYS[:CHUNK]))
    (aborted,) = desk.events(FetchAborted)
    assert aborted.problem == error.message
    assert desk.events(RangeConfirmedEmpty) == []
    _serve(desk, SERVED)
    outcome = desk.fetch(AAPL, FIRST, LAST)
    assert (outcome.days_held, outcome.days_written) == (CHUNK, len(DAYS) - CHUNK)
    assert desk.held(AAPL).same_values(SERVED)


def _of(sessions: list[Session]) -> Bars:
    return within(SERVED, sessions[0].open, sessions[-1].close)


def test_a_bar_that_is_sent_twice_is_kept_once(opening: Opening) -> None:
    desk = opening({AAPL: SERVED}, EQUITY)
    _serve(desk, _ordered(0, 0)(SERVED))
    assert desk.fetch(AAPL, FIRST, LAST).days_written == len(DAYS)
    assert desk.held(AAPL).same_values(SERVED)


def test_bars_beside_what_was_asked_for_are_dropped(opening: Opening) -> None:
    series = series_of(EQUITY, "5_MIN")
    served = bars_of(series, DAYS)
    desk = opening({series: served}, EQUITY)
    desk.fetch(series, "2024-07-02T11:00:00-04:00", "2024-07-02T13:00:00-04:00")
    # A day is the least that can be asked for of such bars.
    assert desk.questions() == [("20240702 17:00:00 UTC", "1 D")]
    start = TUESDAY.open + 90 * MINUTE
    assert desk.held(series).same_values(within(served, start, start + 120 * MINUTE))


def test_a_bar_outside_of_the_hours_that_were_asked_for_is_dropped(opening: Opening) -> None:
    (early,) = sessions_of(EQUITY, "2024-07-02", "2024-07-02", Hours.EXTENDED)
    served = bars_of(AAPL, [early])
    desk = opening({AAPL: served}, EQUITY)
    desk.fetch(AAPL, "2024-07-02", "2024-07-02")
    regular = TUESDAY
    assert desk.held(AAPL).same_values(within(served, regular.open, regular.close))


@pytest.mark.parametrize(
    ("bar_type", "first", "last", "questions"),
    [
        ("1_MIN", "2024-07-01", "2024-07-31", 2),
        ("1_HOUR", "2024-07-02", "2024-07-02", 1),
        ("2_HOUR", "2024-07-02", "2024-07-02", 1),
        ("1_MIN", "2024-07-02", "2024-07-02", 1),
        ("1_DAY", "2024-07-01", "2024-07-31", 1),
        ("1_WEEK", "2024-06-03", "2024-07-28", 1),
    ],
)
@pytest.mark.parametrize("silent", [1, 3])
def test_what_is_not_answered_in_time_is_asked_for_in_halves(
    opening: Opening,
    short_waits: pytest.MonkeyPatch,
    bar_type: str,
    first: str,
    last: str,
    questions: int,
    silent: int,
) -> None:
    short_waits.setenv("BARLEDGER_IBKR_ANSWER_SECONDS", "0.5")
    series, sessions = series_of(EQUITY, bar_type), sessions_of(EQUITY, first, last)
    served = bars_of(series, sessions)
    silence = Fault(FaultKind.SILENCE, Stage.HISTORY, times=silent)
    desk = opening({series: served}, EQUITY, faults=[silence])
    desk.fetch(series, first, last)
    assert desk.held(series).same_values(served)
    asked = desk.asked()
    assert len({(one.end, one.duration) for one in asked}) > questions
    assert len(asked) >= questions + silent + 1
    assert desk.gateway.abandoned_requests == ()


def test_halves_are_bounded_by_the_attempts(
    opening: Opening, short_waits: pytest.MonkeyPatch
) -> None:
    short_waits.setenv("BARLEDGER_IBKR_ANSWER_SECONDS", "0.2")
    silence = Fault(FaultKind.SILENCE, Stage.HISTORY, times=ALWAYS)
    desk = opening({AAPL: SERVED}, EQUITY, faults=[silence])
    error: BarledgerError = desk.refused(AAPL, "2024-07-01", "2024-07-12")
    assert error.code == "gateway-lost"
    assert "5 times in a row" in error.recovery
    assert [one.duration for one in desk.asked()] == ["9 D", "4 D", "2 D", "23400 S", "11700 S"]
    assert len(desk.held(AAPL)) == 0
