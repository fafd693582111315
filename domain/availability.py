"""What the catalog holds: the ledger's events, folded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping

import attrs

from domain.events import (
    InstrumentRegistered,
    PartitionMarkedCorrupt,
    PartitionRemoved,
    PartitionWritten,
    Recorded,
)
from domain.instrument import Instrument, InstrumentId, Series


@attrs.frozen
class SeriesHoldings:
    """The current partitions of one series, by name, and when they last changed.

    `revisions` is the last revision that each partition ever had, removed ones too, so that
    no file name is ever used twice. `updated` is UTC nanoseconds. `corrupt` names the partitions
    that were found damaged and have not been written anew.
    """

    series: Series
    partitions: Mapping[str, PartitionWritten] = attrs.field(factory=dict)
    revisions: Mapping[str, int] = attrs.field(factory=dict)
    updated: int = 0
    corrupt: frozenset[str] = frozenset()

    def without(self, paths: Collection[str]) -> SeriesHoldings:
        """Return these holdings but for the partitions whose files are at `paths`."""
        kept = {name: one for name, one in self.partitions.items() if one.path not in paths}
        return attrs.evolve(self, partitions=kept)

    def next_revision(self, partition: str) -> int:
        """Return the number of the partition's next revision."""
        return self.revisions.get(partition, 0) + 1

    @property
    def bars(self) -> int:
        """How many bars are held."""
        return sum(partition.bars for partition in self.partitions.values())

    @property
    def size(self) -> int:
        """How many bytes the current files take."""
        return sum(partition.size for partition in self.partitions.values())

    @property
    def trading_dates(self) -> tuple[dt.date, ...]:
        """The dates, by the venue's clock, that hold bars, in order."""
        return tuple(sorted({d for p in self.partitions.values() for d in p.trading_dates}))

    @property
    def price_precision(self) -> int:
        """How many decimals the prices need."""
        return max((p.price_precision for p in self.partitions.values()), default=0)

    @property
    def size_precision(self) -> int:
        """How many decimals the volumes need."""
        return max((p.size_precision for p in self.partitions.values()), default=0)

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the sources that the bars came from, in order."""
        return tuple(sorted({p.source for p in self.partitions.values()}))


@attrs.frozen
class Availability:
    """The catalog at one point of its history: after the event `head`."""

    head: int = 0
    instruments: Mapping[InstrumentId, Instrument] = attrs.field(factory=dict)
    series: Mapping[Series, SeriesHoldings] = attrs.field(factory=dict)

    def holdings(self, series: Series) -> SeriesHoldings:
        """Return what is held of `series`, which may be nothing."""
        return self.series.get(series) or SeriesHoldings(series)

    def known_ids(self) -> tuple[InstrumentId, ...]:
        """Return every instrument that is defined or of which bars are held, in order."""
        return tuple(sorted({*self.instruments, *(s.instrument_id for s in self.series)}))


def fold(events: Iterable[Recorded], start: Availability | None = None) -> Availability:
    """Return the catalog after `events`, beginning with `start` or with an empty catalog."""
    folding = _Folding(start or Availability())
    for recorded in events:
        folding.apply(recorded)
    return folding.result()


class _Folding:
    """The catalog while events are applied to it, one by one."""

    def __init__(self, start: Availability) -> None:
        self._start = start
        self._head = start.head
        self._instruments = dict(start.instruments)
        self._partitions: dict[Series, dict[str, PartitionWritten]] = {}
        self._revisions: dict[Series, dict[str, int]] = {}
        self._updated: dict[Series, int] = {}
        self._corrupt: dict[Series, frozenset[str]] = {}

    def apply(self, recorded: Recorded) -> None:
        """Take in one event."""
        self._head = recorded.seq
        event = recorded.event
        if isinstance(event, InstrumentRegistered):
            self._instruments[event.instrument.id] = event.instrument
        elif isinstance(event, PartitionWritten | PartitionRemoved | PartitionMarkedCorrupt):
            self._apply_to_series(event, recorded.recorded_at)

    def _apply_to_series(
        self, event: PartitionWritten | PartitionRemoved | PartitionMarkedCorrupt, at: int
    ) -> None:
        if event.series not in self._partitions:
            held = self._start.holdings(event.series)
            self._partitions[event.series] = dict(held.partitions)
            self._revisions[event.series] = dict(held.revisions)
            self._corrupt[event.series] = held.corrupt
        self._revisions[event.series][event.partition] = event.revision
        if isinstance(event, PartitionWritten):
            self._partitions[event.series][event.partition] = event
        else:
            self._partitions[event.series].pop(event.partition, None)
        self._corrupt[event.series] -= {event.partition}
        if isinstance(event, PartitionMarkedCorrupt):
            self._corrupt[event.series] |= {event.partition}
        self._updated[event.series] = at

    def result(self) -> Availability:
        """Return the catalog after the last event."""
        changed = {
            series: SeriesHoldings(
                series,
                held,
                self._revisions[series],
                self._updated[series],
                self._corrupt[series],
            )
            for series, held in self._partitions.items()
        }
        return Availability(self._head, self._instruments, {**self._start.series, **changed})
