"""A session that is on, or has just ended: what the source has of it is kept."""

from __future__ import annotations

import numpy as np
import pytest

from adapters.memory.clock import MemoryClock
from application.fetch_incoming import Incoming
from application.fetch_parts import Part
from domain.bars import Bars
from domain.fetching import FetchedBars, Wanted
from domain.gaps import trading_time
from domain.intervals import NO_TIME, IntervalSet
from domain.sessions import Session
from tests.builders import AAPL, MINUTE
from tests.fetching import bars_of, share, weekdays

BEFORE, TODAY = weekdays("2024-01-04", "2024-01-05")
HOUR = 60 * MINUTE


def incoming(now: int, *sessions: Session) -> Incoming:
    parts = [Part((one,), trading_time(one)) for one in sessions]
    time = IntervalSet(tuple(piece for part in parts for piece in part.time))
    wanted = Wanted(AAPL, share(AAPL), sessions, time)
    return Incoming(wanted, parts, MemoryClock(now))


def answer(start: int, end: int) -> FetchedBars:
    time = IntervalSet.of((start, end))
    return FetchedBars(AAPL, time, bars_of([(start, end)]))


def opens(bars: Bars) -> list[int]:
    return np.asarray(bars.ts_open).tolist()


@pytest.mark.parametrize("now", [TODAY.open + 3 * HOUR, TODAY.close + HOUR - MINUTE])
def test_what_came_of_it_is_kept_and_the_rest_is_left_to_a_later_fetch(now: int) -> None:
    going = incoming(now, BEFORE, TODAY)
    first = going.add(answer(BEFORE.open, BEFORE.close))
    assert first
    assert [part.date for part in first.parts] == [BEFORE.date]
    so_far = answer(TODAY.open, TODAY.open + 2 * HOUR)
    assert going.add(so_far) is None
    rest = going.finish()
    assert rest
    assert going.is_done
    (part,) = rest.parts
    assert (part.date, part.time) == (TODAY.date, so_far.attested)
    assert opens(rest.bars) == opens(so_far.bars)


def test_of_a_session_that_has_no_bar_yet_nothing_is_claimed() -> None:
    going = incoming(TODAY.open + MINUTE, TODAY)
    rest = going.finish()
    assert rest
    assert going.is_done
    (part,) = rest.parts
    assert (part.date, part.time, len(rest.bars)) == (TODAY.date, NO_TIME, 0)


def test_a_session_that_ended_an_hour_ago_must_be_answered_for_to_its_end() -> None:
    going = incoming(TODAY.close + HOUR, TODAY)
    going.add(answer(TODAY.open, TODAY.close - MINUTE))
    assert going.finish() is None
    assert not going.is_done


def test_a_session_before_the_one_that_is_on_must_be_answered_for() -> None:
    going = incoming(TODAY.open + 3 * HOUR, BEFORE, TODAY)
    going.add(answer(TODAY.open, TODAY.open + 2 * HOUR))
    assert going.finish() is None
    assert not going.is_done
