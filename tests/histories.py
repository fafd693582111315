"""Histories that a ledger can have, sensible and senseless ones, for tests of all of its parts."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import attrs
from hypothesis import strategies as st

from domain.availability import Availability
from domain.bar_type import BarType
from domain.events import (
    CoverageBasis,
    CsvImported,
    Event,
    FetchAborted,
    FetchCompleted,
    FetchStarted,
    HistoryStartFound,
    InstrumentRegistered,
    LedgerRebuilt,
    PartitionMarkedCorrupt,
    PartitionRemoved,
    PartitionRestored,
    PartitionWritten,
    RangeConfirmedEmpty,
    RevisionsDiscarded,
    VenueCalendarNamed,
    WriteCause,
)
from domain.instrument import Instrument, InstrumentClass, InstrumentId, Series
from domain.intervals import IntervalSet
from tests.builders import AAPL, MSFT, minute_bars, new_partition, written

DAILY = Series(InstrumentId.parse("BRK B.NYSE"), BarType.parse("1_DAY"))
SERIES = (AAPL, MSFT, DAILY)
DAYS = ("2024-01-02", "2024-01-03", "2024-01-04")
_EQUITY = Instrument(
    AAPL.instrument_id, InstrumentClass.EQUITY, "USD", 2, 0, Decimal("0.01"), Decimal(1)
)
_FUTURE = Instrument(
    InstrumentId.parse("ESH4.CME"),
    InstrumentClass.FUTURE,
    "USD",
    2,
    0,
    Decimal("0.25"),
    Decimal(1),
    Decimal(50),
    expiry=dt.date(2024, 3, 15),
)
_INDEX = Instrument(
    InstrumentId.parse("^SPX.CBOE"), InstrumentClass.INDEX, "USD", 2, 0, Decimal("0.01"), Decimal(1)
)
# What no file system or console would give, but a name that is not UTF-8 and a file's content can.
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_series = st.sampled_from(SERIES)
_days = st.sampled_from(DAYS)
_revisions = st.integers(1, 3)
_whole = st.integers(0, 2**62)
_coverage = st.lists(st.tuples(_whole, _whole).map(sorted), max_size=3).map(
    lambda pairs: IntervalSet.of(*pairs)
)
writes = st.builds(
    PartitionWritten,
    _series,
    _days,
    _revisions,
    path=text,
    sha256=text,
    size=_whole,
    bars=_whole,
    first_open=st.integers(-(2**62), 2**62),
    last_close=_whole,
    price_precision=st.integers(0, 12),
    size_precision=st.integers(0, 12),
    trading_dates=st.lists(st.dates(), max_size=3).map(tuple),
    coverage=_coverage,
    basis=st.sampled_from(CoverageBasis),
    source=text,
    detail=text,
    cause=st.sampled_from(WriteCause),
)
instruments = st.sampled_from([_EQUITY, _FUTURE, _INDEX]).flatmap(
    lambda one: st.integers(2, 9).map(lambda digits: attrs.evolve(one, price_precision=digits))
)
events: st.SearchStrategy[Event] = st.one_of(
    writes,
    writes,
    st.builds(PartitionRemoved, _series, _days, _revisions, text, _whole, text),
    st.builds(PartitionMarkedCorrupt, _series, _days, _revisions, text, text),
    st.builds(PartitionRestored, _series, _days, _revisions, _revisions, _whole),
    st.builds(
        RevisionsDiscarded,
        _series,
        st.lists(st.tuples(_days, _revisions), max_size=3).map(tuple),
        _whole,
        _whole,
    ),
    st.builds(InstrumentRegistered, instruments),
    st.builds(LedgerRebuilt, _whole, _whole, st.none() | text),
    st.builds(RangeConfirmedEmpty, _series, _coverage, text, text),
    st.builds(HistoryStartFound, _series, _whole, text),
    st.builds(FetchStarted, _series, text, _whole, _whole, _whole, text),
    st.builds(FetchCompleted, _series, text, _whole, _whole, _whole, _whole, st.none() | text),
    st.builds(FetchAborted, _series, text, _whole, _whole, _whole, text),
    st.builds(VenueCalendarNamed, st.sampled_from(["NASDAQ", "SIX"]), st.none() | text),
    st.builds(
        CsvImported,
        _series,
        text,
        text,
        _whole,
        _whole,
        _whole,
        _whole,
        st.none() | text,
        text,
        text,
        bars_removed=st.none() | _whole,
        clock_change=st.none() | text,
        date_order=st.none() | text,
    ),
)
batches = st.lists(st.lists(events, min_size=1, max_size=5), max_size=6)


def write(day: str = DAYS[0], revision: int = 1, series: Series = AAPL, count: int = 5) -> Event:
    """Return the event of a revision of `count` minutes."""
    return written(new_partition(minute_bars(f"{day}T14:30:00", count), series, day, revision))


def ordinary() -> list[Event]:
    """Return a history in which everything happens once, to two series."""
    first = [write(day, series=series) for series in (AAPL, MSFT) for day in DAYS]
    return [
        InstrumentRegistered(_EQUITY),
        *first,
        CsvImported(AAPL, "täglich.csv", "ab" * 32, 15, 15, 0, 0, None, "open", "skip"),
        write(DAYS[0], 2, count=9),
        PartitionMarkedCorrupt(AAPL, DAYS[1], 1, "a path", "it is cut"),
        PartitionRemoved(AAPL, DAYS[2], 1, "a path", 5, "removed"),
        write(DAYS[2], 2, count=7),
        PartitionRestored(AAPL, DAYS[2], 2, 1, 7),
        InstrumentRegistered(_FUTURE),
        InstrumentRegistered(attrs.evolve(_EQUITY, price_precision=4)),
        RevisionsDiscarded(AAPL, ((DAYS[0], 1),), 1, 1_700_000_000_000_000_000),
    ]


def everything() -> list[Event]:
    """Return the ordinary history, and after it what sources lack and calendars by name."""
    return [
        *ordinary(),
        RangeConfirmedEmpty(AAPL, IntervalSet.of((5, 9)), "ibkr", "asked twice"),
        RangeConfirmedEmpty(AAPL, IntervalSet.of((9, 12)), "ibkr", "asked twice"),
        HistoryStartFound(DAILY, 345_479_400_000_000_000, "ibkr"),
        FetchStarted(MSFT, "ibkr", 5, 9, 2, "regular"),
        FetchAborted(MSFT, "ibkr", 1, 390, 1, "the connection broke"),
        FetchStarted(MSFT, "ibkr", 7, 9, 1, "regular"),
        FetchCompleted(MSFT, "ibkr", 1, 1, 0, 0, "on the level of those held"),
        VenueCalendarNamed("SIX", "XSWX"),
        VenueCalendarNamed("NASDAQ", "24/7"),
        VenueCalendarNamed("NASDAQ", None),
    ]


def shown(availability: Availability) -> object:
    """Return all that an availability says, in values that compare."""
    return (
        availability.head,
        dict(availability.instruments),
        {
            series: (
                dict(held.partitions),
                dict(held.revisions),
                held.updated,
                held.corrupt,
                (held.bars, held.size, held.price_precision, held.size_precision),
                (held.trading_dates, held.sources),
                (held.confirmed_empty, held.history_start, held.lost, held.lost_dates),
            )
            for series, held in availability.series.items()
        },
        availability.known_ids(),
        dict(availability.calendars),
    )
