"""What the catalog holds: the ledger's events, folded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from domain.events import (
    InstrumentRegistered,
    PartitionWritten,
    Recorded,
    RevisionsDiscarded,
    VenueCalendarNamed,
)
from domain.history import SERIES_EVENTS, SeriesHistory
from domain.instrument import Instrument, InstrumentId, Series
from domain.intervals import NO_TIME, IntervalSet


class Partitions(Mapping[str, PartitionWritten]):
    """Partitions by name. A ledger may build them only when they are asked for."""

    def each(self, attribute: str) -> Iterator[Any]:
        """Yield one attribute of every partition, in the order of iteration."""
        return (getattr(partition, attribute) for partition in self.values())


class _BuiltPartitions(Partitions):
    def __init__(self, built: Mapping[str, PartitionWritten]) -> None:
        self._built = dict(built)

    def __getitem__(self, name: str) -> PartitionWritten:
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._built)

    def __len__(self) -> int:
        return len(self._built)


class RememberedPartitions(Partitions):
    """Partitions of which a column is read once, however often it is asked for."""

    def __init__(self, partitions: Partitions) -> None:
        self._partitions = partitions
        self._columns: dict[str, list[Any]] = {}

    def __getitem__(self, name: str) -> PartitionWritten:
        return self._partitions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._partitions)

    def __len__(self) -> int:
        return len(self._partitions)

    def each(self, attribute: str) -> Iterator[Any]:
        """Yield one attribute of every partition, in the order of iteration."""
        if attribute not in self._columns:
            self._columns[attribute] = list(self._partitions.each(attribute))
        return iter(self._columns[attribute])


def _nothing() -> Partitions:
    return _BuiltPartitions({})


def _partitions(given: Mapping[str, PartitionWritten]) -> Partitions:
    return given if isinstance(given, Partitions) else _BuiltPartitions(given)


@attrs.frozen
class SeriesHoldings:
    """The current partitions of one series, by name, and when they last changed.

    `revisions` is the last revision that each partition ever had, removed ones too, so that
    no file name is ever used twice. `updated` is UTC nanoseconds. `corrupt` names the partitions
    that were found damaged and have not been written anew: `lost` is the time that these covered,
    and `lost_dates` the dates, by the venue's clock, that they held bars of. Of the time in
    `confirmed_empty`, and before `history_start` (UTC nanoseconds, None where it is not known), no
    source has bars.
    """

    series: Series
    partitions: Partitions = attrs.field(factory=_nothing, converter=_partitions)
    revisions: Mapping[str, int] = attrs.field(factory=dict)
    updated: int = 0
    corrupt: frozenset[str] = frozenset()
    lost: IntervalSet = NO_TIME
    lost_dates: frozenset[dt.date] = frozenset()
    confirmed_empty: IntervalSet = NO_TIME
    history_start: int | None = None

    def without(self, paths: Collection[str]) -> SeriesHoldings:
        """Return these holdings but for the partitions whose files are at `paths`."""
        kept = {name: one for name, one in self.partitions.items() if one.path not in paths}
        return attrs.evolve(self, partitions=kept)

    def without_damaged(self, damaged: Sequence[PartitionWritten]) -> SeriesHoldings:
        """Return these holdings with some of the partitions found damaged."""
        left = self.without({one.path for one in damaged})
        return attrs.evolve(
            left,
            corrupt=self.corrupt | {one.partition for one in damaged},
            lost=self.lost.union(coverage_of(damaged)),
            lost_dates=self.lost_dates | dates_of(damaged),
        )

    def next_revision(self, partition: str) -> int:
        """Return the number of the partition's next revision."""
        return self.revisions.get(partition, 0) + 1

    def remembered(self) -> SeriesHoldings:
        """Return these holdings for many questions in a row; columns stay in memory with them."""
        return attrs.evolve(self, partitions=RememberedPartitions(self.partitions))

    @property
    def bars(self) -> int:
        """How many bars are held."""
        return sum(self.partitions.each("bars"))

    @property
    def size(self) -> int:
        """How many bytes the current files take."""
        return sum(self.partitions.each("size"))

    @property
    def trading_dates(self) -> tuple[dt.date, ...]:
        """The dates, by the venue's clock, that hold bars, in order."""
        return tuple(sorted({d for dates in self.partitions.each("trading_dates") for d in dates}))

    @property
    def price_precision(self) -> int:
        """How many decimals the prices need."""
        return max(self.partitions.each("price_precision"), default=0)

    @property
    def size_precision(self) -> int:
        """How many decimals the volumes need."""
        return max(self.partitions.each("size_precision"), default=0)

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the sources that the bars came from, in order."""
        return tuple(sorted(set(self.partitions.each("source"))))


@attrs.frozen
class Availability:
    """The catalog at one point of its history: after the event `head`.

    `calendars` are the trading calendars that the user named, by venue.
    """

    head: int = 0
    instruments: Mapping[InstrumentId, Instrument] = attrs.field(factory=dict)
    series: Mapping[Series, SeriesHoldings] = attrs.field(factory=dict)
    calendars: Mapping[str, str] = attrs.field(factory=dict)

    def holdings(self, series: Series) -> SeriesHoldings:
        """Return what is held of `series`, which may be nothing."""
        return self.series.get(series) or SeriesHoldings(series)

    def calendar_of(self, instrument_id: InstrumentId) -> str | None:
        """Return the calendar that was named for the instrument, or else for its venue."""
        instrument = self.instruments.get(instrument_id)
        named = instrument.calendar if instrument else None
        return named or self.calendars.get(instrument_id.venue)

    def known_ids(self) -> tuple[InstrumentId, ...]:
        """Return every instrument that is defined or of which bars are held, in order."""
        return tuple(sorted({*self.instruments, *(s.instrument_id for s in self.series)}))


def coverage_of(partitions: Iterable[PartitionWritten]) -> IntervalSet:
    """Return the time that any of `partitions` covers."""
    return IntervalSet(tuple(one for partition in partitions for one in partition.coverage))


def dates_of(partitions: Iterable[PartitionWritten]) -> frozenset[dt.date]:
    """Return the dates, by the venue's clock, that any of `partitions` holds bars of."""
    return frozenset(date for partition in partitions for date in partition.trading_dates)


def fold(events: Iterable[Recorded]) -> Availability:
    """Return the catalog after `events`, which begin with the first of the ledger."""
    head, instruments = 0, {}
    series: dict[Series, SeriesHistory] = {}
    calendars: dict[str, str | None] = {}
    for recorded in events:
        head, event = recorded.seq, recorded.event
        if isinstance(event, InstrumentRegistered):
            instruments[event.instrument.id] = event.instrument
        elif isinstance(event, VenueCalendarNamed):
            calendars[event.venue] = event.calendar
        elif isinstance(event, SERIES_EVENTS) and not isinstance(event, RevisionsDiscarded):
            series.setdefault(event.series, SeriesHistory()).apply(recorded)
    held = {one: holdings_of(one, history) for one, history in series.items()}
    named = {venue: calendar for venue, calendar in calendars.items() if calendar}
    return Availability(head, instruments, held, named)


def holdings_of(series: Series, history: SeriesHistory) -> SeriesHoldings:
    """Return what is held at the end of a series' history."""
    last = {name: revisions[-1] for name, revisions in history.partitions.items()}
    changes = [one.last_change for one in history]
    damaged = {name: one.event for name, one in last.items() if one.is_damaged}
    return SeriesHoldings(
        series,
        {name: one.event for name, one in last.items() if one.is_current},
        {name: one.event.revision for name, one in last.items()},
        max(changes, key=lambda one: one.seq).recorded_at if changes else 0,
        frozenset(damaged),
        coverage_of(damaged.values()),
        dates_of(damaged.values()),
        history.confirmed_empty,
        history.history_start,
    )
