"""Sessions that cross midnight UTC, days, weeks, long bars, and hours beside the regular ones."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import attrs
import numpy as np
import pytest

from adapters.calendars.market_calendars import MarketCalendars
from adapters.memory.trading_calendar import MemoryTradingCalendar
from application.fetch_request import Keep
from domain.bar_type import BarType
from domain.bars import Bars
from domain.events import CoverageBasis, RangeConfirmedEmpty
from domain.gaps import Status, judge, trading_time
from domain.instrument import Instrument, InstrumentClass, InstrumentId, Series
from domain.intervals import Interval, IntervalSet
from domain.sessions import Hours, Session, intraday_closes, midnight_utc
from domain.venues import venue
from domain.window import FAR_FUTURE, FAR_PAST
from tests.builders import AAPL, MINUTE, utc
from tests.fetching import SESSIONS, Desk, bars_of, session_minutes, share
from tests.memory_catalog import same

HOUR = 60 * MINUTE
ESH4 = Series(InstrumentId.parse("ESH4.CME"), BarType.parse("1_MIN"))
FUTURE = Instrument(
    ESH4.instrument_id,
    InstrumentClass.FUTURE,
    "USD",
    2,
    0,
    Decimal("0.25"),
    Decimal(1),
    Decimal(50),
    expiry=dt.date(2024, 1, 12),
)
CME = tuple(
    MarketCalendars().sessions(ESH4.instrument_id, dt.date(2024, 1, 2), dt.date(2024, 1, 19), None)
)
FUTURES = bars_of([(one.start, one.end) for each in CME for one in trading_time(each)])


def _futures(**more: object) -> Desk:
    return Desk(
        {ESH4: FUTURES.take(FUTURES.ts_open < CME[8].close)},
        sessions=CME,
        instruments=[FUTURE],
        **more,  # type: ignore[arg-type]
    )


def test_a_future_is_fetched_over_midnight_and_not_after_its_expiry() -> None:
    desk = _futures()
    outcome = desk.one("2024-01-02", "2024-01-19")
    assert set(desk.asked_dates()) == {f"{one.date}" for one in CME if one.date.day <= 12}
    assert same(desk.held(ESH4), FUTURES.take(FUTURES.ts_open < CME[8].close))
    assert outcome.days_written == 9
    desk.source.requests.clear()
    desk.fetch("2024-01-02", "2024-01-19")
    assert desk.source.requests == []


def test_one_session_of_a_future_leaves_those_beside_it_as_they_are() -> None:
    desk = _futures()
    desk.fetch("2024-01-04", "2024-01-04")
    statuses = [one.status for one in desk.judged(ESH4)][:4]
    assert statuses == [Status.MISSING, Status.MISSING, Status.COMPLETE, Status.MISSING]
    desk.fetch("2024-01-03", "2024-01-03")
    desk.fetch("2024-01-05", "2024-01-05")
    assert [one.status for one in desk.judged(ESH4)][1:4] == [Status.COMPLETE] * 3
    assert {one.source for one in desk.memory.holdings(ESH4).partitions.values()} == {"memory"}


def test_a_thin_file_stays_complete_beside_a_fetched_session_in_its_partition() -> None:
    desk = _futures()
    mine = FUTURES.take((FUTURES.ts_open >= CME[1].open) & (FUTURES.ts_open < CME[1].close))
    thin = mine.take(mine.ts_open // MINUTE % 7 == 0)
    desk.memory.write(ESH4, thin)
    desk.fetch("2024-01-04", "2024-01-04")
    assert [one.status for one in desk.judged(ESH4)][1:3] == [Status.COMPLETE] * 2
    shared = desk.memory.holdings(ESH4).partitions["2024-01-03"]
    assert (shared.source, shared.basis) == ("csv+memory", CoverageBasis.INFERRED)


def test_the_end_of_what_was_answered_is_no_quiet_market_beside_a_file() -> None:
    today = SESSIONS[20]
    early = bars_of([(today.open - 60 * MINUTE, today.open - 20 * MINUTE)])
    now = today.open + 375 * MINUTE
    desk = Desk({AAPL: session_minutes(SESSIONS)}, now=now)
    desk.memory.write(AAPL, early)
    desk.fetch(f"{today.date}", f"{today.date}")
    (held,) = desk.memory.holdings(AAPL).partitions.values()
    assert held.source == "csv+memory"
    everything = Interval(FAR_PAST, FAR_FUTURE)
    (judged,) = judge([today], desk.memory.holdings(AAPL), everything, FAR_FUTURE)
    assert judged.status is Status.PARTIAL
    assert judged.holes == IntervalSet.of((now, today.close))


def test_extended_hours_are_asked_for_beside_regular_ones() -> None:
    regular = SESSIONS[20:22]
    extended = [
        Session(one.date, one.open - 330 * MINUTE, one.close + 240 * MINUTE) for one in regular
    ]
    served = session_minutes(extended)
    desk = Desk({AAPL: served}, sessions=regular)
    desk.calendar = MemoryTradingCalendar({"here": regular}, {"NASDAQ": "here"}, {"here": extended})
    dates = f"{regular[0].date}", f"{regular[1].date}"
    desk.fetch(*dates)
    assert same(desk.held(), session_minutes(regular))
    desk.source.requests.clear()
    desk.fetch(*dates, hours=Hours.EXTENDED)
    assert same(desk.held(), served)
    assert desk.asked[0].intervals[0] == Interval(extended[0].open, regular[0].open)
    assert desk.source.requests[0][0].hours is Hours.EXTENDED
    desk.source.requests.clear()
    desk.fetch(*dates, hours=Hours.EXTENDED)
    assert desk.source.requests == []


def test_a_window_that_cuts_a_session_is_widened_to_whole_bars() -> None:
    hours = Series(AAPL.instrument_id, BarType.parse("1_HOUR"))
    zone = venue("NASDAQ").tzinfo
    opens = np.concatenate([_hour_opens(one) for one in SESSIONS])
    bars = attrs.evolve(
        bars_of([(0, len(opens) * MINUTE)]),
        ts_open=opens,
        ts_event=intraday_closes(opens, hours.bar_type, zone, SESSIONS),
    )
    desk = Desk({hours: bars})
    desk.fetch("2024-01-03T10:20:00-05:00", "2024-01-03T12:00:00-05:00")
    start = utc("2024-01-03T15:00:00")
    assert desk.asked == [IntervalSet.of((start, start + 2 * HOUR))]
    assert len(desk.held(hours)) == 2
    desk.fetch("2024-01-03", "2024-01-04")
    assert len(desk.held(hours)) == 14
    assert desk.asked[1:] == [
        IntervalSet.of(
            (start - 30 * MINUTE, start),
            (start + 2 * HOUR, start + 6 * HOUR),
            (start + 23 * HOUR + 30 * MINUTE, start + 30 * HOUR),
        )
    ]


def _hour_opens(session: Session) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return when the hours of a session open: half past nine, then every full hour."""
    later = np.arange(session.open + 30 * MINUTE, session.close, HOUR, dtype=np.int64)
    return np.concatenate([np.array([session.open], np.int64), later])


def test_a_slot_over_midnight_utc_is_not_told_twice() -> None:
    four = Series(InstrumentId.parse("7203.TSEJ"), BarType.parse("4_HOUR"))
    days = [dt.date(2024, 1, day) for day in (10, 11, 12)]
    # From nine to three in Tokyo; the slot of eight o'clock begins the evening before, UTC.
    sessions = [Session(day, midnight_utc(day), midnight_utc(day) + 6 * HOUR) for day in days]
    opens = np.array([at for one in sessions for at in (one.open, one.open + 3 * HOUR)], np.int64)
    bars = attrs.evolve(
        bars_of([(0, 6 * MINUTE)]),
        ts_open=opens,
        ts_event=intraday_closes(opens, four.bar_type, venue("TSEJ").tzinfo, sessions),
    )
    desk = Desk({four: bars}, sessions=sessions, instruments=[share(four)])
    early = attrs.evolve(bars.take(slice(2, 3)), ts_open=np.array([opens[2] - HOUR], np.int64))
    desk.memory.write(four, early)
    desk.fetch("2024-01-10", "2024-01-12")
    held = desk.held(four)
    # The file's own bar of that slot stays, in the partition of the day before.
    assert held.ts_open.tolist() == [*opens[:2], opens[2] - HOUR, *opens[3:]]


DAILY = Series(AAPL.instrument_id, BarType.parse("1_DAY"))
WEEKLY = Series(AAPL.instrument_id, BarType.parse("1_WEEK"))


def _dated(dates: list[tuple[dt.date, int]], *, price: int = 18_000) -> Bars:
    labels = np.array([midnight_utc(date) for date, _ in dates], np.int64)
    closes = np.array([close for _, close in dates], np.int64)
    bars = bars_of([(0, len(dates) * MINUTE)], price=price)
    return attrs.evolve(bars, ts_open=labels, ts_event=closes)


DAYS = _dated([(one.date, one.close) for one in SESSIONS])


def test_days_are_fetched_by_their_dates_and_kept_by_the_year() -> None:
    desk = Desk({DAILY: DAYS})
    assert desk.one("2023-12-20", "2024-01-12").days_written == 16
    assert set(desk.memory.holdings(DAILY).partitions) == {"2023", "2024"}
    desk.source.requests.clear()
    desk.fetch("2023-12-18", "2024-01-16")
    assert desk.asked_dates() == ["2023-12-18", "2023-12-19", "2024-01-16"]
    desk.source.requests.clear()
    desk.fetch("2023-12-18", "2024-01-16")
    assert desk.source.requests == []


def test_a_day_with_no_bar_is_confirmed_with_its_pause() -> None:
    noon = [attrs.evolve(one, pause=(one.open + 2 * HOUR, one.open + 3 * HOUR)) for one in SESSIONS]
    at = noon[25]
    desk = Desk({DAILY: DAYS.take(DAYS.ts_event != at.close)}, sessions=noon)
    assert desk.one("2024-01-02", "2024-01-12").confirmed_empty == 1
    (event,) = desk.events(RangeConfirmedEmpty)
    assert isinstance(event, RangeConfirmedEmpty)
    assert event.empty == IntervalSet.of((at.open, at.close))
    desk.source.requests.clear()
    desk.fetch("2024-01-02", "2024-01-12")
    assert desk.source.requests == []


def test_today_has_no_daily_bar_before_it_is_over() -> None:
    today = SESSIONS[22]
    desk = Desk({DAILY: DAYS}, now=today.close - MINUTE)
    desk.fetch("2024-01-02", f"{today.date}")
    assert f"{today.date}" not in desk.asked_dates()


def test_days_of_a_file_are_compared_and_kept() -> None:
    desk = Desk({DAILY: DAYS})
    desk.memory.write(DAILY, DAYS.take(slice(20, 25)))
    outcome = desk.one("2023-12-04", "2024-02-01", keep=Keep.HELD)
    assert outcome.joined is not None
    assert "5 bars compared" in outcome.joined
    assert {one.source for one in desk.memory.holdings(DAILY).partitions.values()} == {
        "memory",
        "csv+memory",
    }


def test_a_week_is_asked_for_as_a_whole() -> None:
    mondays = sorted({one.date - dt.timedelta(days=one.date.weekday()) for one in SESSIONS})
    closes = [
        max(s.close for s in SESSIONS if 0 <= (s.date - monday).days < 7) for monday in mondays
    ]
    desk = Desk({WEEKLY: _dated(list(zip(mondays, closes, strict=True)))})
    desk.fetch("2024-01-10", "2024-01-17")
    # Wednesday to Wednesday is of two weeks, the second with a holiday.
    assert len(desk.asked_dates()) == 9
    assert [
        f"{dt.date.fromordinal(719163 + int(one) // (24 * HOUR))}"
        for one in desk.held(WEEKLY).ts_open
    ] == ["2024-01-08", "2024-01-15"]
    desk.source.requests.clear()
    desk.fetch("2024-01-10", "2024-01-17")
    assert desk.source.requests == []


@pytest.mark.parametrize("bar_type", ["1_SEC", "30_SEC", "15_MIN"])
def test_bars_of_other_lengths_are_fetched_alike(bar_type: str) -> None:
    series = Series(AAPL.instrument_id, BarType.parse(bar_type))
    served = bars_of(
        [(one.open, one.close) for one in SESSIONS[20:23]], length=series.bar_type.length
    )
    desk = Desk({series: served})
    desk.fetch(f"{SESSIONS[20].date}", f"{SESSIONS[22].date}")
    assert same(desk.held(series), served)
