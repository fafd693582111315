"""Holes in what a gateway has are asked for once more, told, and then left alone."""

from __future__ import annotations

import pytest

from domain.bars import Bars
from domain.gaps import Status
from domain.instrument import Instrument
from domain.sessions import Session
from tests.integration.ibkr.desk import Opening, sessions_of
from tests.integration.ibkr.serving import bars_of, series_of
from tests.integration.simulated_gateway.instruments import EQUITY, EURO, JUNE

HOUR = 3_600 * 10**9


def _without(bars: Bars, session: Session, hours: tuple[float, float]) -> Bars:
    start, end = (session.open + int(one * HOUR) for one in hours)
    return bars.take((bars.ts_open < start) | (bars.ts_open >= end))


@pytest.mark.parametrize(
    ("instrument", "bar_type", "hours", "told"),
    [
        (EQUITY, "1_MIN", (1, 2), "2024-05-02 from 10:30 to 11:30"),
        (EQUITY, "5_MIN", (5, 6.5), "2024-05-02 from 14:30 to 16:00"),
        (EQUITY, "30_SEC", (2, 2.5), "2024-05-02 from 11:30 to 12:00"),
        (EURO, "5_MIN", (6.5, 8), "2024-05-01 from 23:30 to 2024-05-02 01:00"),
        (JUNE, "1_MIN", (0, 1), "2024-05-01 from 17:00 to 18:00"),
    ],
)
def test_a_hole_is_asked_for_once_more_and_told_and_left_alone(
    opening: Opening, instrument: Instrument, bar_type: str, hours: tuple[float, float], told: str
) -> None:
    series = series_of(instrument, bar_type)
    sessions = sessions_of(instrument, "2024-05-01", "2024-05-03")
    served = _without(bars_of(series, sessions), sessions[1], hours)
    desk = opening({series: served}, instrument)
    outcome = desk.fetch(series, "2024-05-01", "2024-05-03")
    assert (outcome.days_written, outcome.left) == (3, ())
    (warning,) = desk.progress.warnings
    assert warning.startswith(f"{instrument.id}: IBKR has no bars of {told}, asked twice.")
    assert {one.status for one in desk.judged(series, sessions)} == {Status.COMPLETE}
    assert desk.held(series).ts_open.tolist() == served.ts_open.tolist()
    desk.asked()
    desk.fetch(series, "2024-05-01", "2024-05-03")
    assert desk.asked() == []
    assert len(desk.progress.warnings) == 1


def test_a_refetch_takes_in_what_was_lacking(opening: Opening) -> None:
    series = series_of(EQUITY, "1_MIN")
    sessions = sessions_of(EQUITY, "2024-05-01", "2024-05-03")
    whole = bars_of(series, sessions)
    opening({series: _without(whole, sessions[1], (1, 2))}, EQUITY).fetch(
        series, "2024-05-01", "2024-05-03"
    )
    later = opening({series: whole}, EQUITY)
    later.fetch(series, "2024-05-01", "2024-05-03", refetch=True)
    assert later.held(series).ts_open.tolist() == whole.ts_open.tolist()
    assert later.progress.warnings == []
