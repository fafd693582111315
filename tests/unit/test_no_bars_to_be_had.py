"""Time of which no source has bars is no gap: confirmed empty, or before the history."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import attrs
import pytest

from domain.availability import SeriesHoldings, fold
from domain.bar_type import BarType
from domain.events import (
    Event,
    HistoryStartFound,
    PartitionRemoved,
    RangeConfirmedEmpty,
    Recorded,
    VenueCalendarNamed,
)
from domain.gaps import Judged, Status, judge
from domain.instrument import Instrument, InstrumentClass, InstrumentId, Series
from domain.intervals import Interval, IntervalSet
from domain.sessions import Session
from tests.builders import AAPL, MINUTE, MSFT, ORIGIN, minute_bars, new_partition, utc, written

ALWAYS = Interval(-(2**62), 2**62)
LATER = utc("2030-01-01T00:00:00")
TUESDAY = Session(dt.date(2024, 1, 2), utc("2024-01-02T14:30:00"), utc("2024-01-02T21:00:00"))
OPEN, CLOSE = TUESDAY.open, TUESDAY.close
HOURS = IntervalSet.of((OPEN, CLOSE))


def _held(start: str, count: int) -> SeriesHoldings:
    bars = minute_bars(f"2024-01-02T{start}:00", count)
    return SeriesHoldings(AAPL, {"2024-01-02": written(new_partition(bars))})


NOTHING = SeriesHoldings(AAPL)


def _judged(holdings: SeriesHoldings, session: Session = TUESDAY) -> Judged:
    (one,) = judge([session], holdings, ALWAYS, LATER)
    return one


def test_a_session_that_a_source_confirmed_to_be_empty_is_complete_and_says_so() -> None:
    found = _judged(attrs.evolve(NOTHING, confirmed_empty=HOURS))
    assert (found.status, found.confirmed_empty) == (Status.COMPLETE, True)
    # A source answers for longer stretches than one session, too.
    longer = IntervalSet.of((OPEN - MINUTE, CLOSE + MINUTE))
    assert _judged(attrs.evolve(NOTHING, confirmed_empty=longer)).confirmed_empty


def test_a_session_with_bars_is_not_called_empty() -> None:
    found = _judged(attrs.evolve(_held("14:30", 390), confirmed_empty=HOURS))
    assert (found.status, found.confirmed_empty) == (Status.COMPLETE, False)
    rest = IntervalSet.of((OPEN + 60 * MINUTE, CLOSE))
    found = _judged(attrs.evolve(_held("14:30", 60), confirmed_empty=rest))
    assert (found.status, found.confirmed_empty) == (Status.COMPLETE, False)


def test_time_beside_what_was_confirmed_is_lacking_however_short() -> None:
    """A source that answered for some time and no more has said nothing of the rest."""
    most = IntervalSet.of((OPEN, CLOSE - MINUTE))
    found = _judged(attrs.evolve(NOTHING, confirmed_empty=most))
    assert found.status is Status.PARTIAL
    assert found.holes == IntervalSet.of((CLOSE - MINUTE, CLOSE))


def test_a_damaged_day_stays_corrupt_whatever_a_source_said() -> None:
    lost = attrs.evolve(NOTHING, corrupt=frozenset({"2024-01-02"}), lost=HOURS)
    damaged = attrs.evolve(lost, confirmed_empty=HOURS)
    assert _judged(damaged).status is Status.CORRUPT
    early = attrs.evolve(lost, history_start=CLOSE)
    assert _judged(early).status is Status.CORRUPT


@pytest.mark.parametrize(
    ("start", "status", "holes"),
    [
        (CLOSE, Status.BEFORE_HISTORY, IntervalSet()),
        (CLOSE + 1, Status.BEFORE_HISTORY, IntervalSet()),
        (CLOSE - 1, Status.MISSING, IntervalSet.of((CLOSE - 1, CLOSE))),
        (OPEN + 60 * MINUTE, Status.MISSING, IntervalSet.of((OPEN + 60 * MINUTE, CLOSE))),
        (OPEN, Status.MISSING, HOURS),
        (None, Status.MISSING, HOURS),
    ],
)
def test_before_the_history_nothing_is_missing(
    start: int | None, status: Status, holes: IntervalSet
) -> None:
    found = _judged(attrs.evolve(NOTHING, history_start=start))
    assert (found.status, found.holes) == (status, holes)


def test_the_first_session_of_a_new_listing_is_complete() -> None:
    """It began to trade at 11:00; its first bar is of 11:20, for nobody bought before."""
    eleven = OPEN + 90 * MINUTE
    begun = attrs.evolve(_held("16:20", 280), history_start=eleven)
    assert _judged(begun).status is Status.COMPLETE
    assert _judged(attrs.evolve(begun, history_start=OPEN)).status is Status.PARTIAL
    # 31 minutes without a bar from the start on are a hole, and only they are.
    late = attrs.evolve(_held("16:31", 269), history_start=eleven)
    assert _judged(late).holes == IntervalSet.of((eleven, eleven + 31 * MINUTE))


def test_bars_of_another_source_from_before_the_history_are_judged_as_ever() -> None:
    older = attrs.evolve(_held("14:30", 100), history_start=CLOSE)
    found = _judged(older)
    assert found.status is Status.PARTIAL
    assert found.holes == IntervalSet.of((OPEN + 100 * MINUTE, CLOSE))
    inside = attrs.evolve(_held("14:30", 390), history_start=OPEN + 60 * MINUTE)
    assert _judged(inside).status is Status.COMPLETE


def test_daily_bars_are_judged_so_too() -> None:
    daily = SeriesHoldings(Series(AAPL.instrument_id, BarType.parse("1_DAY")))
    assert _judged(daily).status is Status.MISSING
    assert _judged(attrs.evolve(daily, history_start=CLOSE)).status is Status.BEFORE_HISTORY
    assert _judged(attrs.evolve(daily, history_start=CLOSE - 1)).status is Status.MISSING
    empty = _judged(attrs.evolve(daily, confirmed_empty=HOURS))
    assert (empty.status, empty.confirmed_empty) == (Status.COMPLETE, True)
    part = IntervalSet.of((OPEN, CLOSE - 1))
    assert _judged(attrs.evolve(daily, confirmed_empty=part)).status is Status.MISSING


def _recorded(*events: Event) -> list[Recorded]:
    return [Recorded(seq, str(seq), seq, ORIGIN, one) for seq, one in enumerate(events, start=1)]


def test_what_sources_lack_is_folded_from_events() -> None:
    found = fold(
        _recorded(
            RangeConfirmedEmpty(AAPL, IntervalSet.of((1, 5)), "ibkr", "asked twice"),
            RangeConfirmedEmpty(AAPL, IntervalSet.of((4, 9), (20, 30)), "ibkr", "asked twice"),
            HistoryStartFound(MSFT, 70, "ibkr"),
            HistoryStartFound(MSFT, 60, "ibkr"),
        )
    )
    held = found.holdings(AAPL)
    assert held.confirmed_empty == IntervalSet.of((1, 9), (20, 30))
    assert (held.history_start, held.updated) == (None, 0)
    assert found.holdings(MSFT).history_start == 60


def test_the_instruments_calendar_comes_before_its_venues() -> None:
    named = fold(_recorded(VenueCalendarNamed("SIX", "XSWX"), VenueCalendarNamed("NASDAQ", "24/7")))
    nestle = InstrumentId("NESN", "SIX")
    assert named.calendar_of(nestle) == "XSWX"
    assert named.calendar_of(InstrumentId("VOD", "LSE")) is None
    defined = Instrument(
        nestle, InstrumentClass.EQUITY, "CHF", 2, 0, Decimal("0.01"), Decimal(1), calendar="NYSE"
    )
    own = attrs.evolve(named, instruments={nestle: defined})
    assert own.calendar_of(nestle) == "NYSE"
    undone = fold(_recorded(VenueCalendarNamed("SIX", "XSWX"), VenueCalendarNamed("SIX", None)))
    assert undone.calendar_of(nestle) is None


def test_bars_prove_whoever_called_their_time_empty_wrong() -> None:
    whole = written(new_partition(minute_bars("2024-01-02T14:30:00", 390)))
    gone = PartitionRemoved(AAPL, "2024-01-02", 1, "a path", 390, "removed")
    claimed = RangeConfirmedEmpty(AAPL, HOURS, "ibkr", "asked twice")
    assert _judged(fold(_recorded(claimed)).holdings(AAPL)).confirmed_empty
    proved = fold(_recorded(claimed, whole, gone)).holdings(AAPL)
    assert _judged(proved).status is Status.MISSING
    # But an answer that came after the bars were removed stands.
    again = fold(_recorded(claimed, whole, gone, claimed)).holdings(AAPL)
    assert _judged(again).confirmed_empty


def test_a_window_before_the_history_asks_for_nothing_that_can_be_had() -> None:
    """However much of the session is held behind it."""
    eleven = OPEN + 90 * MINUTE
    for count in (120, 300):
        held = attrs.evolve(_held("16:00", count), history_start=eleven)
        (one,) = judge([TUESDAY], held, Interval(OPEN, OPEN + 60 * MINUTE), LATER)
        assert one.status is Status.BEFORE_HISTORY
