"""The data catalog service: the one way in and out of the catalog, for every use case."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import attrs

from application.partition_cache import PartitionCache
from application.series_writer import SeriesReader, SeriesWriter
from domain.as_of import AsOf
from domain.availability import Availability, SeriesHoldings
from domain.bars import Bars
from domain.errors import (
    CatalogReadOnlyError,
    CorruptPartitionError,
    InvalidAsOfError,
    LedgerConflictError,
    LedgerMissingError,
)
from domain.events import (
    Event,
    InstrumentRegistered,
    Origin,
    PartitionMarkedCorrupt,
    PartitionWritten,
)
from domain.instrument import Instrument, Series
from domain.partitions import partition_bounds
from domain.ports import AvailabilityLedger, BarRepository, CatalogFiles
from domain.venues import venue
from domain.window import Window


class Catalog:
    """Reads snapshots of the catalog, and writes one series at a time."""

    def __init__(
        self,
        repository: BarRepository,
        ledger: AvailabilityLedger,
        files: CatalogFiles,
        origin: Origin,
        cache: PartitionCache,
    ) -> None:
        self._repository = repository
        self._ledger = ledger
        self._files = files
        self._origin = origin
        self._cache = cache

    def availability(self, as_of: AsOf | None = None) -> Availability:
        """Return what the catalog holds, now or `as_of` an earlier point of its history.

        It is a snapshot that later writes do not change.

        Raises:
            LedgerMissingError: there are partitions, and no ledger that knows of them.
            InvalidAsOfError: the point is yet to come.
        """
        if not self._ledger.exists() and self._files.any_partition():
            raise LedgerMissingError(
                "The Parquet catalog holds partitions, but its ledger is missing or empty.",
                "Put ledger.db back from a backup, or make one from the files: "
                "barledger verify --rebuild-ledger",
            )
        return self._ledger.availability(upto=None if as_of is None else self._seq(as_of))

    def _seq(self, as_of: AsOf) -> int:
        if as_of.seq is None:
            return self._ledger.head_at(as_of.time or 0)
        head = self._ledger.head()
        if as_of.seq > head:
            raise InvalidAsOfError(
                f"The ledger ends at event {head}: there is no event {as_of.seq} yet.",
                "Name an earlier one; `barledger ledger log` lists them.",
            )
        return as_of.seq

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
        while True:
            # Each failure means that another process has got on, so this ends.
            with contextlib.suppress(LedgerConflictError):
                self._ledger.append(events, self._origin, expected_head=self._ledger.head())
                return

    def reader(self, holdings: SeriesHoldings) -> SeriesReader:
        """Return a reader of what a snapshot holds of one series."""
        return SeriesReader(self._repository, holdings)

    @contextlib.contextmanager
    def writing(self, series: Series) -> Iterator[SeriesWriter]:
        """Hold the series' lock; what the writer sees cannot change until the context ends.

        What an earlier holder left behind is cleared first, and what this one leaves, however
        it ends, by what the ledger says then.

        Raises:
            CatalogReadOnlyError, CatalogBusyError, LedgerMissingError: it cannot be written.
        """
        with self._repository.lock(series):
            availability = self.availability()
            # Files without any ledger mean that it was lost, so it must be there before them.
            self._ledger.prepare()
            holdings = availability.holdings(series)
            self._repository.tidy(holdings)
            record = _UnchangedSeries(self._ledger, self._origin, series, availability.head)
            try:
                yield SeriesWriter(record, self._repository, holdings)
            finally:
                self._repository.tidy(self.availability().holdings(series))


@attrs.define
class _UnchangedSeries:
    """Appends events of one series, unless another process has changed it since `head`.

    The lock keeps others from changing it; this holds where a lock is of no use, as on some
    network file systems, or where somebody deleted the lock's file.
    """

    ledger: AvailabilityLedger
    origin: Origin
    series: Series
    head: int

    def __call__(self, events: Sequence[Event]) -> None:
        """Append `events`.

        Raises:
            LedgerConflictError: the series is not what it was.
        """
        while True:
            try:
                recorded = self.ledger.append(events, self.origin, expected_head=self.head)
            except LedgerConflictError:
                now = self.ledger.head()
                if any(self.ledger.replay(after=self.head, upto=now, series=self.series)):
                    raise
                self.head = now
            else:
                self.head = recorded[-1].seq if recorded else self.head
                return


def partitions_within(holdings: SeriesHoldings, window: Window) -> list[PartitionWritten]:
    """Return the partitions that can hold bars of `window`, in order of time."""
    first, last = window.utc_dates(venue(holdings.series.instrument_id.venue).tzinfo)
    return [
        holdings.partitions[name]
        for name in sorted(holdings.partitions)
        if partition_bounds(name)[0] <= last and partition_bounds(name)[1] >= first
    ]
