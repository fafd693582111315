"""The data catalog service: the one way in and out of the catalog, for every use case."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from application.partition_cache import PartitionCache
from application.series_writer import SeriesReader, SeriesWriter
from domain.availability import Availability, SeriesHoldings
from domain.bars import Bars
from domain.errors import CatalogReadOnlyError, CorruptPartitionError, LedgerConflictError
from domain.events import (
    Event,
    InstrumentRegistered,
    Origin,
    PartitionMarkedCorrupt,
    PartitionWritten,
)
from domain.instrument import Instrument, Series
from domain.partitions import partition_bounds
from domain.ports import AvailabilityLedger, BarRepository
from domain.venues import venue
from domain.window import Window

# Another series' writer may get in between; each try starts from a fresh head.
_APPEND_TRIES = 100


class Catalog:
    """Reads snapshots of the catalog, and writes one series at a time."""

    def __init__(
        self,
        repository: BarRepository,
        ledger: AvailabilityLedger,
        origin: Origin,
        cache: PartitionCache,
    ) -> None:
        self._repository = repository
        self._ledger = ledger
        self._origin = origin
        self._cache = cache

    def availability(self) -> Availability:
        """Return what the catalog holds now: a snapshot that later writes do not change."""
        return self._ledger.availability()

    def load(self, holdings: SeriesHoldings, window: Window) -> Iterator[Bars]:
        """Yield the bars of `holdings` inside `window`, in order, one partition at a time.

        Raises:
            CorruptPartitionError: a file is not what was recorded; it is in quarantine now.
        """
        zone = venue(holdings.series.instrument_id.venue).tzinfo
        for partition in partitions_within(holdings, window):
            bars = self._cache.get(partition, self._read)
            inside = window.mask(bars, holdings.series.bar_type, zone)
            if inside.any():
                yield bars if inside.all() else bars.take(inside)

    def _read(self, partition: PartitionWritten) -> Bars:
        try:
            return self._repository.read(partition)
        except CorruptPartitionError as error:
            done = self.quarantine(error)
            raise CorruptPartitionError(partition, error.problem, quarantined=done) from error

    def quarantine(self, error: CorruptPartitionError) -> bool:
        """Record the damage and put the file out of the way.

        Returns whether that could be done: not where nothing can be written.
        """
        damaged = error.partition
        event = PartitionMarkedCorrupt(
            damaged.series, damaged.partition, damaged.revision, damaged.path, error.problem
        )
        try:
            with self._repository.lock(damaged.series):
                held = self.availability().holdings(damaged.series).partitions
                # Another process may have found the damage first, or written the days anew.
                if held.get(damaged.partition) == damaged:
                    self.record([event])
                    self._repository.quarantine(damaged)
        except CatalogReadOnlyError:
            return False
        return True

    def register(self, instrument: Instrument) -> None:
        """Record an instrument's definition, unless it stands so already.

        Raises:
            InvalidInstrumentError: the definition contradicts itself.
        """
        instrument.check()
        if self.availability().instruments.get(instrument.id) != instrument:
            self.record([InstrumentRegistered(instrument)])

    def record(self, events: Sequence[Event]) -> None:
        """Append `events` behind whatever other processes have appended meanwhile."""
        for _ in range(_APPEND_TRIES):
            with contextlib.suppress(LedgerConflictError):
                self._ledger.append(events, self._origin, expected_head=self._ledger.head())
                return
        self._ledger.append(events, self._origin, expected_head=self._ledger.head())

    def reader(self, holdings: SeriesHoldings) -> SeriesReader:
        """Return a reader of what a snapshot holds of one series."""
        return SeriesReader(self._repository, holdings)

    @contextlib.contextmanager
    def writing(self, series: Series) -> Iterator[SeriesWriter]:
        """Hold the series' lock; what the writer sees cannot change until the context ends.

        What an earlier holder left behind is cleared first, and what this one leaves, however
        it ends, by what the ledger says then.
        """
        with self._repository.lock(series):
            holdings = self.availability().holdings(series)
            self._repository.tidy(holdings)
            try:
                yield SeriesWriter(self.record, self._repository, holdings)
            finally:
                self._repository.tidy(self.availability().holdings(series))


def partitions_within(holdings: SeriesHoldings, window: Window) -> list[PartitionWritten]:
    """Return the partitions that can hold bars of `window`, in order of time."""
    first, last = window.utc_dates(venue(holdings.series.instrument_id.venue).tzinfo)
    return [
        holdings.partitions[name]
        for name in sorted(holdings.partitions)
        if partition_bounds(name)[0] <= last and partition_bounds(name)[1] >= first
    ]
