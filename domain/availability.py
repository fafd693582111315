"""What the catalog holds: the ledger's events, folded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import attrs

from domain.events import Event, InstrumentRegistered, PartitionWritten, Recorded
from domain.instrument import Instrument, InstrumentId, Series


@attrs.frozen
class SeriesHoldings:
    """The current partitions of one series, by name, and when they last changed."""

    series: Series
    partitions: Mapping[str, PartitionWritten]
    updated: int

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
        return self.series.get(series) or SeriesHoldings(series, {}, 0)

    def known_ids(self) -> tuple[InstrumentId, ...]:
        """Return every instrument that is defined or of which bars are held, in order."""
        return tuple(sorted({*self.instruments, *(s.instrument_id for s in self.series)}))


def fold(events: Iterable[Recorded], start: Availability | None = None) -> Availability:
    """Return the catalog after `events`, beginning with `start` or with an empty catalog."""
    start = start or Availability()
    head = start.head
    instruments = dict(start.instruments)
    partitions = {series: dict(held.partitions) for series, held in start.series.items()}
    updated = {series: held.updated for series, held in start.series.items()}
    for recorded in events:
        head = recorded.seq
        _apply(recorded.event, instruments, partitions)
        if isinstance(recorded.event, PartitionWritten):
            updated[recorded.event.series] = recorded.recorded_at
    return Availability(
        head,
        instruments,
        {s: SeriesHoldings(s, p, updated[s]) for s, p in partitions.items()},
    )


def _apply(
    event: Event,
    instruments: dict[InstrumentId, Instrument],
    partitions: dict[Series, dict[str, PartitionWritten]],
) -> None:
    if isinstance(event, InstrumentRegistered):
        instruments[event.instrument.id] = event.instrument
    elif isinstance(event, PartitionWritten):
        partitions.setdefault(event.series, {})[event.partition] = event
