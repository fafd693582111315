"""A session that is on, or has just ended: what the source has of it is kept."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from adapters.memory.clock import MemoryClock
from application.fetch_incoming import Incoming
from application.fetch_parts import Part
from application.fetch_request import Keep
from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import LevelDifferenceError
from domain.events import RangeConfirmedEmpty
from domain.fetching import FetchedBars, Wanted
from domain.gaps import Status, trading_time
from domain.instrument import InstrumentId, Series
from domain.intervals import NO_TIME, IntervalSet
from domain.sessions import NANOSECONDS_IN_DAY, Session, midnight_utc
from tests.builders import AAPL, MINUTE
from tests.fetching import Desk, bars_of, careful, scaled, session_minutes, share, weekdays
from tests.memory_catalog import same

BEFORE, TODAY = weekdays("2024-01-04", "2024-01-05")
HOUR = 60 * MINUTE
SESSIONS = weekdays("2024-01-02", "2024-01-31")
SERVED = session_minutes(SESSIONS)
FIRST, LAST = "2024-01-02", "2024-01-05"


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


@pytest.mark.parametrize(
    "now", [TODAY.open + 3 * HOUR, TODAY.close + HOUR - MINUTE, TODAY.close + 24 * HOUR]
)
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
    assert rest.short == {TODAY.date}
    assert opens(rest.bars) == opens(so_far.bars)


def test_of_a_session_that_has_no_bar_yet_nothing_is_claimed() -> None:
    going = incoming(TODAY.open + MINUTE, TODAY)
    assert going.add(FetchedBars(AAPL, NO_TIME, Bars.empty())) is None
    rest = going.finish()
    assert rest
    assert going.is_done
    (part,) = rest.parts
    assert (part.date, part.time, len(rest.bars)) == (TODAY.date, NO_TIME, 0)


def test_who_does_not_say_a_word_has_settled_nothing() -> None:
    going = incoming(TODAY.close + HOUR, TODAY)
    assert going.finish() is None
    assert not going.is_done


def test_a_session_that_is_passed_over_does_not_keep_later_ones_waiting() -> None:
    going = incoming(TODAY.close + 48 * HOUR, BEFORE, TODAY)
    arrived = going.add(answer(TODAY.open, TODAY.close))
    assert arrived
    assert going.is_done
    assert [(part.date, bool(part.time)) for part in arrived.parts] == [
        (BEFORE.date, False),
        (TODAY.date, True),
    ]
    assert arrived.short == {BEFORE.date}


def _desk(bars: Bars, *, now: int, here: int | None = None) -> Desk:
    return careful(
        Desk({AAPL: bars}, sessions=SESSIONS, now=now if here is None else here), now=now
    )


def _closed_by(bars: Bars, instant: int) -> Bars:
    return bars.take(bars.ts_event <= instant)


def _to_today(bars: Bars) -> Bars:
    return bars.take(bars.ts_open < TODAY.close)


def test_the_last_minute_of_a_running_session_can_be_quiet() -> None:
    now = TODAY.open + 3 * HOUR + MINUTE // 2
    quiet = SERVED.take(SERVED.ts_event != TODAY.open + 3 * HOUR)
    desk = _desk(quiet, now=now)
    outcome = desk.one(FIRST, LAST)
    assert same(desk.held(), _closed_by(quiet, now))
    assert (outcome.days_written, outcome.left) == (4, ())
    assert desk.memory.progress.warnings == []


def test_minutes_after_the_close_an_open_end_takes_what_is_there_and_tells_of_the_rest() -> None:
    now = TODAY.close + 5 * MINUTE
    late = _closed_by(SERVED, TODAY.close - 14 * MINUTE)
    desk = _desk(late, now=now)
    outcome = desk.one(FIRST, None)
    assert same(desk.held(), late)
    assert outcome.left == (TODAY.date,)
    (warning,) = desk.memory.progress.warnings
    assert "cannot tell yet whether it has all bars of 2024-01-05" in warning
    desk.source.bars[AAPL] = SERVED
    desk.source.requests.clear()
    desk.fetch(FIRST, None)
    assert desk.asked == [IntervalSet.of((TODAY.close - 14 * MINUTE, TODAY.close))]
    assert same(desk.held(), _to_today(SERVED))


@pytest.mark.parametrize("ahead", [3 * MINUTE, HOUR, 10 * HOUR, 24 * HOUR])
@pytest.mark.parametrize("end", [LAST, None, "2024-01-10"])
def test_a_clock_that_is_ahead_of_the_sources_makes_nothing_complete(
    ahead: int, end: str | None
) -> None:
    now = TODAY.open + 3 * HOUR
    desk = _desk(SERVED, now=now, here=now + ahead)
    desk.fetch(FIRST, end)
    held = desk.held()
    expected = _closed_by(SERVED, now if end or ahead > 3 * HOUR + 30 * MINUTE else BEFORE.close)
    assert same(held, expected)
    assert desk.events(RangeConfirmedEmpty) == []
    assert not any(
        one.status is Status.COMPLETE for one in desk.judged() if one.session.date >= TODAY.date
    )
    # The clock is put right, and the session ends.
    desk.now = desk.source.now = TODAY.close + HOUR
    desk.memory.clock.advance(TODAY.close + HOUR - now - ahead)
    desk.fetch(FIRST, LAST)
    assert same(desk.held(), _to_today(SERVED))


def test_a_file_of_this_morning_does_not_keep_the_days_before_from_being_fetched() -> None:
    now = TODAY.open + 3 * HOUR + MINUTE // 2
    quiet = SERVED.take(SERVED.ts_event != TODAY.open + 3 * HOUR)
    desk = _desk(quiet, now=now)
    desk.memory.write(AAPL, bars_of([(TODAY.open, TODAY.open + HOUR)]))
    outcome = desk.one(FIRST, LAST)
    assert same(desk.held(), _closed_by(quiet, now))
    assert outcome.days_written == 4


def test_a_file_of_this_morning_on_another_level_is_refused_by_what_came() -> None:
    now = TODAY.open + 3 * HOUR + MINUTE // 2
    quiet = SERVED.take(SERVED.ts_event != TODAY.open + 3 * HOUR)
    desk = _desk(quiet, now=now)
    desk.memory.write(AAPL, scaled(bars_of([(TODAY.open, TODAY.open + HOUR)]), 4))
    with pytest.raises(LevelDifferenceError):
        desk.fetch(FIRST, LAST)


def test_a_market_that_never_closes_is_fetched_up_to_its_last_bar() -> None:
    coin = Series(InstrumentId.parse("BTC/USD.PAXOS"), AAPL.bar_type)
    days = [
        Session(one.date, midnight_utc(one.date), midnight_utc(one.date) + NANOSECONDS_IN_DAY)
        for one in SESSIONS[:3]
    ]
    served = session_minutes(days)
    now = days[2].open + 5 * HOUR + MINUTE // 2
    quiet = served.take(served.ts_event != days[2].open + 5 * HOUR)
    desk = careful(Desk({coin: quiet}, sessions=days, now=now))
    outcome = desk.one(f"{days[0].date}", f"{days[2].date}")
    assert same(desk.held(coin), _closed_by(quiet, now))
    assert outcome.days_written == 3
    # Minutes after midnight, yesterday's last bars are not there yet.
    now = days[1].close + 3 * MINUTE
    late = _closed_by(served, days[1].close - 10 * MINUTE)
    desk = careful(Desk({coin: late}, sessions=days, now=now))
    assert desk.one(f"{days[0].date}", f"{days[2].date}").days_written == 2
    assert same(desk.held(coin), late)


def test_a_daily_bar_that_is_not_there_yet_is_left() -> None:
    daily = Series(AAPL.instrument_id, BarType.parse("1_DAY"))
    labels = np.array([midnight_utc(one.date) for one in SESSIONS], np.int64)
    closes = np.array([one.close for one in SESSIONS], np.int64)
    days = attrs.evolve(bars_of([(0, len(SESSIONS) * MINUTE)]), ts_open=labels, ts_event=closes)
    now = TODAY.close + 5 * MINUTE
    early = days.take(days.ts_event < TODAY.close)
    desk = careful(Desk({daily: early}, sessions=SESSIONS, now=now))
    outcome = desk.one(FIRST, LAST)
    assert same(desk.held(daily), early)
    assert outcome.left == (TODAY.date,)
    assert any("no bars of 2024-01-05" in one for one in desk.memory.progress.warnings)
    desk.source.bars[daily] = days
    desk.fetch(FIRST, LAST)
    assert len(desk.held(daily)) == 4


def test_a_session_without_bars_that_cannot_be_confirmed_is_left_and_told() -> None:
    quiet = SERVED.take((SERVED.ts_open < BEFORE.open) | (SERVED.ts_open >= BEFORE.close))
    desk = Desk({AAPL: quiet}, sessions=SESSIONS)
    careful(desk, unknown=[BEFORE])
    outcome = desk.one(FIRST, "2024-01-12")
    assert outcome.left == (BEFORE.date,)
    assert (outcome.days_written, outcome.confirmed_empty) == (8, 0)
    assert desk.events(RangeConfirmedEmpty) == []
    assert any("no bars of 2024-01-04" in one for one in desk.memory.progress.warnings)


def test_what_is_held_of_others_stays_where_a_session_cannot_be_confirmed() -> None:
    quiet = SERVED.take((SERVED.ts_open < BEFORE.open) | (SERVED.ts_open >= BEFORE.close))
    desk = Desk({AAPL: quiet}, sessions=SESSIONS)
    careful(desk, unknown=[BEFORE])
    mine = bars_of([(BEFORE.open, BEFORE.close)])
    desk.memory.write(AAPL, mine)
    outcome = desk.one(FIRST, "2024-01-12", keep=Keep.FETCHED)
    assert outcome.left == (BEFORE.date,)
    assert len(desk.held()) == 9 * 390
