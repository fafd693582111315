"""Sessions are judged from coverage alone: complete, partial, missing or corrupt."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Sequence

import attrs
import numpy as np
import pytest

from domain.availability import SeriesHoldings
from domain.bar_type import BarType
from domain.bars import Bars
from domain.events import CoverageBasis, PartitionWritten
from domain.gaps import Judged, Status, judge
from domain.instrument import InstrumentId, Series
from domain.intervals import Interval, IntervalSet
from domain.partitions import split_by_partition
from domain.sessions import Session
from domain.stretches import Stretch, gaps, stretches
from tests.builders import AAPL, MINUTE, NEW_YORK, minute_bars, new_partition, utc, written

CHICAGO = zoneinfo.ZoneInfo("America/Chicago")
ALWAYS = Interval(-(2**62), 2**62)
LATER = utc("2030-01-01T00:00:00")
HOUR = 60 * MINUTE


def _session(
    date: str, open_: str = "09:30", close: str = "16:00", zone: zoneinfo.ZoneInfo = NEW_YORK
) -> Session:
    """Return a session by its clock; one that opens after it closes opens the evening before."""
    day = dt.date.fromisoformat(date)
    before = day - dt.timedelta(days=1) if open_ >= close else day
    return Session(day, _at(before, open_, zone), _at(day, close, zone))


def _at(day: dt.date, time: str, zone: zoneinfo.ZoneInfo) -> int:
    at = dt.datetime.combine(day, dt.time.fromisoformat(time), zone)
    return int(at.timestamp()) * 10**9


def _bars(*pieces: tuple[int, int]) -> Bars:
    """Return minute bars for each stretch of time."""
    parts = []
    for start, end in pieces:
        text = dt.datetime.fromtimestamp(start // 10**9, dt.UTC)
        parts.append(minute_bars(f"{text:%Y-%m-%dT%H:%M:%S}", (end - start) // MINUTE))
    return Bars.concat(parts)


def _held(bars: Bars, series: Series = AAPL, corrupt: Sequence[str] = ()) -> SeriesHoldings:
    """Return holdings as an import of `bars` leaves them."""
    partitions = {
        name: written(new_partition(part, series, name))
        for name, part in split_by_partition(bars, series.bar_type)
    }
    damaged = [one for name, one in partitions.items() if name in corrupt]
    return SeriesHoldings(series, partitions).without_damaged(damaged)


def _judged(
    session: Session, holdings: SeriesHoldings, within: Interval = ALWAYS, now: int = LATER
) -> Judged:
    (one,) = judge([session], holdings, within, now)
    return one


def _status(session: Session, *pieces: tuple[int, int]) -> Status:
    return _judged(session, _held(_bars(*pieces))).status


TUESDAY = _session("2024-01-02")
OPEN, CLOSE = TUESDAY.open, TUESDAY.close


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        pytest.param([(OPEN, CLOSE)], Status.COMPLETE, id="whole"),
        pytest.param([(OPEN + 3 * MINUTE, CLOSE)], Status.COMPLETE, id="first trade at 09:33"),
        pytest.param([(OPEN + 30 * MINUTE, CLOSE)], Status.COMPLETE, id="quiet half hour"),
        pytest.param([(OPEN + 31 * MINUTE, CLOSE)], Status.PARTIAL, id="first 31 minutes"),
        pytest.param([(OPEN + HOUR, CLOSE)], Status.PARTIAL, id="first hour"),
        pytest.param([(OPEN, CLOSE - 30 * MINUTE)], Status.COMPLETE, id="quiet end"),
        pytest.param([(OPEN, CLOSE - 31 * MINUTE)], Status.PARTIAL, id="last 31 minutes"),
        pytest.param(
            [(OPEN, OPEN + HOUR), (OPEN + 4 * HOUR, CLOSE)], Status.PARTIAL, id="three hours"
        ),
        pytest.param(
            [(OPEN, OPEN + HOUR), (OPEN + HOUR + 30 * MINUTE, CLOSE)],
            Status.COMPLETE,
            id="half an hour inside",
        ),
        pytest.param([(OPEN - 5 * HOUR, OPEN)], Status.MISSING, id="only before the open"),
        pytest.param([(CLOSE, CLOSE + HOUR)], Status.MISSING, id="only after the close"),
        pytest.param([(OPEN, OPEN + MINUTE)], Status.PARTIAL, id="one bar"),
    ],
)
def test_a_session_of_imported_bars(pieces: list[tuple[int, int]], status: Status) -> None:
    assert _status(TUESDAY, *pieces) is status


def test_the_holes_of_a_partial_session_are_named() -> None:
    bars = _bars((OPEN, OPEN + HOUR), (OPEN + 4 * HOUR, CLOSE))
    assert _judged(TUESDAY, _held(bars)).holes == IntervalSet.of((OPEN + HOUR, OPEN + 4 * HOUR))


def test_nothing_held_is_missing() -> None:
    one = _judged(TUESDAY, SeriesHoldings(AAPL))
    assert one == Judged(TUESDAY, Status.MISSING, IntervalSet.of((OPEN, CLOSE)))


def test_an_early_close_needs_no_bars_of_the_afternoon() -> None:
    early = _session("2024-07-03", close="13:00")
    assert _status(early, (early.open, early.close)) is Status.COMPLETE
    usual = _session("2024-07-03")
    assert _status(usual, (early.open, early.close)) is Status.PARTIAL


@pytest.mark.parametrize("date", ["2024-03-08", "2024-03-11", "2024-11-01", "2024-11-04"])
def test_daylight_saving_moves_a_session_and_not_its_verdict(date: str) -> None:
    session = _session(date)
    assert _status(session, (session.open, session.close)) is Status.COMPLETE
    # What was right an hour earlier in UTC lacks the first hour.
    assert _status(session, (session.open + HOUR, session.close)) is Status.PARTIAL


FUTURE = Series(InstrumentId.parse("ESH4.CME"), BarType.parse("1_MIN"))
EVENING = _session("2024-01-03", open_="17:00", close="16:00", zone=CHICAGO)


def test_a_session_that_opens_in_the_evening_is_joined_over_two_utc_dates() -> None:
    held = _held(_bars((EVENING.open, EVENING.close)), FUTURE)
    assert set(held.partitions) == {"2024-01-02", "2024-01-03"}
    assert _judged(EVENING, held).status is Status.COMPLETE


def test_without_the_evening_a_futures_session_is_partial() -> None:
    midnight = utc("2024-01-03T00:00:00")
    one = _judged(EVENING, _held(_bars((midnight, EVENING.close)), FUTURE))
    assert one.status is Status.PARTIAL
    assert one.holes == IntervalSet.of((EVENING.open, midnight))


def test_a_short_silence_over_midnight_utc_is_no_hole() -> None:
    midnight = utc("2024-01-03T00:00:00")
    bars = _bars((EVENING.open, midnight - 10 * MINUTE), (midnight + 20 * MINUTE, EVENING.close))
    assert _judged(EVENING, _held(bars, FUTURE)).status is Status.COMPLETE
    bars = _bars((EVENING.open, midnight - 10 * MINUTE), (midnight + 21 * MINUTE, EVENING.close))
    assert _judged(EVENING, _held(bars, FUTURE)).status is Status.PARTIAL


def test_damage_of_one_utc_date_makes_both_its_sessions_corrupt() -> None:
    pair = Series(InstrumentId.parse("EUR/USD.IDEALPRO"), BarType.parse("1_MIN"))
    days = [
        _session(f"2024-01-0{day}", open_="17:00", close="17:00", zone=NEW_YORK)
        for day in (2, 3, 4, 5)
    ]
    held = _held(_bars((days[0].open, days[-1].close)), pair, corrupt=["2024-01-03"])
    statuses = [one.status for one in judge(days, held, ALWAYS, LATER)]
    assert statuses == [Status.COMPLETE, Status.CORRUPT, Status.CORRUPT, Status.COMPLETE]


def test_damage_of_the_night_leaves_a_day_that_is_held() -> None:
    held = _held(_bars((OPEN, CLOSE)), corrupt=["2024-01-03"])
    assert _judged(TUESDAY, held).status is Status.COMPLETE


def test_the_pause_at_noon_is_no_hole() -> None:
    pause = (OPEN + 2 * HOUR, OPEN + 3 * HOUR)
    session = attrs.evolve(TUESDAY, pause=pause)
    assert _status(session, (OPEN, pause[0]), (pause[1], CLOSE)) is Status.COMPLETE
    assert _status(session, (OPEN, pause[0] - HOUR), (pause[1], CLOSE)) is Status.PARTIAL
    assert _status(session, (OPEN, pause[0])) is Status.PARTIAL


HOURS = Series(AAPL.instrument_id, BarType.parse("1_HOUR"))


def _hour_bars(*opens: int) -> Bars:
    stamps = np.array(opens, np.int64)
    return attrs.evolve(minute_bars(count=len(opens)), ts_open=stamps, ts_event=stamps + HOUR)


@pytest.mark.parametrize("place", range(6))
def test_one_hour_bar_makes_no_session_complete(place: int) -> None:
    held = _held(_hour_bars(OPEN + 30 * MINUTE + place * HOUR), HOURS)
    assert _judged(TUESDAY, held).status is Status.PARTIAL


def test_two_hour_bars_in_a_row_may_be_missing_and_three_may_not() -> None:
    ten = OPEN + 30 * MINUTE
    held = _held(_hour_bars(ten, ten + HOUR, ten + 4 * HOUR, ten + 5 * HOUR), HOURS)
    assert _judged(TUESDAY, held).status is Status.COMPLETE
    held = _held(_hour_bars(ten, ten + HOUR, ten + 5 * HOUR), HOURS)
    assert _judged(TUESDAY, held).holes == IntervalSet.of((ten + 2 * HOUR, ten + 5 * HOUR))


def _attested(*pieces: tuple[int, int]) -> PartitionWritten:
    inferred = written(new_partition(_bars((OPEN, OPEN + HOUR))))
    covered = IntervalSet.of(*pieces)
    return attrs.evolve(inferred, coverage=covered, basis=CoverageBasis.ATTESTED)


def test_a_source_that_did_not_answer_for_the_end_has_not_said_that_it_was_quiet() -> None:
    held = SeriesHoldings(AAPL, {"2024-01-02": _attested((OPEN, CLOSE - 15 * MINUTE))})
    assert _judged(TUESDAY, held).status is Status.PARTIAL
    held = SeriesHoldings(AAPL, {"2024-01-02": _attested((OPEN, CLOSE))})
    assert _judged(TUESDAY, held).status is Status.COMPLETE


def test_a_range_that_cuts_a_session_asks_for_that_part_of_it_alone() -> None:
    held = _held(_bars((OPEN, OPEN + HOUR)))
    first, second = Interval(OPEN, OPEN + HOUR), Interval(OPEN + HOUR, OPEN + 2 * HOUR)
    assert _judged(TUESDAY, held, first).status is Status.COMPLETE
    assert _judged(TUESDAY, held, second).status is Status.MISSING
    assert _judged(TUESDAY, held, Interval(OPEN, OPEN + 2 * HOUR)).status is Status.PARTIAL


def test_a_hole_is_measured_whole_where_a_range_cuts_it() -> None:
    bars = _bars((OPEN, OPEN + HOUR), (OPEN + 4 * HOUR, CLOSE))
    within = Interval(OPEN, OPEN + HOUR + 10 * MINUTE)
    assert _judged(TUESDAY, _held(bars), within).status is Status.PARTIAL


def test_a_session_that_is_not_over_is_not_judged() -> None:
    held = _held(_bars((OPEN, OPEN + HOUR)))
    assert judge([TUESDAY], held, ALWAYS, CLOSE - 1) == []
    assert _judged(TUESDAY, held, now=CLOSE).status is Status.PARTIAL


def _daily(*dates: str, bar_type: str = "1_DAY") -> SeriesHoldings:
    series = Series(AAPL.instrument_id, BarType.parse(bar_type))
    day = written(new_partition(series=series, partition="2024"))
    days = tuple(map(dt.date.fromisoformat, dates))
    return SeriesHoldings(series, {"2024": attrs.evolve(day, trading_dates=days)})


def test_a_daily_session_is_complete_when_its_bar_is_held() -> None:
    held = _daily("2024-01-02", "2024-01-04")
    days = [_session(f"2024-01-0{day}") for day in (2, 3, 4)]
    statuses = [one.status for one in judge(days, held, ALWAYS, LATER)]
    assert statuses == [Status.COMPLETE, Status.MISSING, Status.COMPLETE]


def test_a_week_is_judged_when_it_is_over() -> None:
    held = _daily("2024-01-02", bar_type="1_WEEK")
    days = [_session(date) for date in ("2024-01-02", "2024-01-05", "2024-01-08")]
    statuses = [one.status for one in judge(days, held, ALWAYS, LATER)]
    assert statuses == [Status.COMPLETE, Status.COMPLETE, Status.MISSING]
    friday = utc("2024-01-05T23:00:00")
    assert judge(days, held, ALWAYS, friday) == []


@pytest.mark.parametrize(
    ("bar_type", "last", "following"),
    [
        pytest.param("1_WEEK", "2024-01-05", "2024-01-08", id="week"),
        # Good Friday ends no week, and the last days of March are closed.
        pytest.param("1_WEEK", "2024-03-28", "2024-04-01", id="week before a holiday"),
        pytest.param("1_MONTH", "2024-03-28", "2024-04-01", id="month before holidays"),
    ],
)
def test_a_week_or_month_is_over_with_its_last_session(
    bar_type: str, last: str, following: str
) -> None:
    held = SeriesHoldings(_daily(bar_type=bar_type).series)
    known = [_session(date) for date in ("2024-01-02", last, following)]
    judged = [known[1]]
    assert judge(judged, held, ALWAYS, known[1].close - 1, known) == []
    (one,) = judge(judged, held, ALWAYS, known[1].close, known)
    assert one.status is Status.MISSING


def test_nothing_of_a_week_is_over_before_its_last_session() -> None:
    held = _daily("2024-01-02", bar_type="1_WEEK")
    known = [_session(date) for date in ("2024-01-02", "2024-01-05")]
    assert judge(known[:1], held, ALWAYS, known[1].close - 1, known) == []
    (one,) = judge(known[:1], held, ALWAYS, known[1].close, known)
    assert one.status is Status.COMPLETE


def test_of_a_damaged_year_those_days_are_corrupt_that_it_held() -> None:
    date = dt.date(2023, 12, 28)
    held = SeriesHoldings(
        _daily().series, corrupt=frozenset({"2023"}), lost_dates=frozenset({date})
    )
    days = [_session("2023-12-28"), _session("2023-12-29"), _session("2024-01-02")]
    statuses = [one.status for one in judge(days, held, ALWAYS, LATER)]
    assert statuses == [Status.CORRUPT, Status.MISSING, Status.MISSING]


HALF = 30 * MINUTE


@pytest.mark.parametrize(
    ("name", "slots", "status"),
    [
        # Each slot is a half-hour from 09:30; the regular session has 13 of them.
        ("30_MIN", range(13), Status.COMPLETE),
        ("30_MIN", range(1, 13), Status.COMPLETE),
        ("30_MIN", range(2, 13), Status.PARTIAL),
        ("30_MIN", range(11), Status.PARTIAL),
        ("30_MIN", [0, 1, 2, 7, 8, 9, 10, 11, 12], Status.COMPLETE),
        ("30_MIN", [0, 1, 7, 8, 9, 10, 11, 12], Status.PARTIAL),
        ("30_MIN", [0, 3, 6, 9, 12], Status.PARTIAL),
        ("30_MIN", [0, 2, 4, 6, 8, 10, 12], Status.COMPLETE),
        ("15_MIN", [5, 10], Status.PARTIAL),
        ("15_MIN", range(5, 13), Status.PARTIAL),
        ("1_HOUR", [0, 1, 2, 3, 4, 5, 6, 11, 12], Status.COMPLETE),
        ("1_HOUR", [0, 1, 2, 5, 6, 9, 10, 11, 12], Status.COMPLETE),
        ("1_HOUR", [0, 1, 2, 7, 8], Status.PARTIAL),
        ("1_HOUR", range(3, 13), Status.PARTIAL),
        ("1_HOUR", [3, 4, 9, 10], Status.PARTIAL),
    ],
)
def test_longer_bars_do_not_make_half_a_day_a_whole_one(
    name: str, slots: Sequence[int], status: Status
) -> None:
    """Amid a session two hours may be silent in all; at its edges half an hour, as ever."""
    opens = np.array([OPEN + slot * HALF for slot in slots], np.int64)
    bars = attrs.evolve(minute_bars(count=len(slots)), ts_open=opens, ts_event=opens + HALF)
    series = Series(AAPL.instrument_id, BarType.parse(name))
    assert _judged(TUESDAY, _held(bars, series)).status is status


JANUARY = [_session(f"2024-01-{day:02}") for day in (2, 3, 4, 5, 8, 9, 10, 11, 12, 16, 17)]


def _verdicts(*dates: str) -> list[Judged]:
    """Return January's sessions, of which those of `dates` are missing."""
    return [
        Judged(one, Status.MISSING if str(one.date) in dates else Status.COMPLETE)
        for one in JANUARY
    ]


def _texts(found: list[Stretch]) -> list[str]:
    return [f"{one.start} {one.end} {one.status.value}" for one in found]


def test_gaps_run_from_session_to_session() -> None:
    judged = _verdicts("2024-01-05", "2024-01-08", "2024-01-17")
    assert _texts(gaps(judged)) == [
        "2024-01-05 2024-01-08 missing",
        "2024-01-17 2024-01-17 missing",
    ]


def test_a_gap_of_another_status_is_another_gap() -> None:
    judged = _verdicts("2024-01-04", "2024-01-05")
    judged[3] = attrs.evolve(judged[3], status=Status.PARTIAL)
    assert _texts(gaps(judged)) == [
        "2024-01-04 2024-01-04 missing",
        "2024-01-05 2024-01-05 partial",
    ]


def test_closed_days_join_the_stretch_before_and_leading_ones_the_stretch_after() -> None:
    judged = _verdicts("2024-01-16", "2024-01-17")
    found = stretches(judged, dt.date(2024, 1, 1), dt.date(2024, 1, 21))
    assert _texts(found) == [
        "2024-01-01 2024-01-15 complete",
        "2024-01-16 2024-01-21 missing",
    ]
    assert stretches([], dt.date(2024, 1, 6), dt.date(2024, 1, 7)) == []
