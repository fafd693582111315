"""The data catalog service: the one way in and out of the catalog, for every use case."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

from application.partition_cache import PartitionCache
from application.series_record import SeriesRecord
from application.series_writer import SeriesReader, SeriesWriter
from domain.as_of import AsOf
from domain.availability import Availability, SeriesHoldings, holdings_of
from domain.bars import Bars
from domain.errors import (
    BarledgerError,
    CatalogBusyError,
    CatalogError,
    CorruptPartitionError,
    InvalidAsOfError,
    LedgerConflictError,
    LedgerDamagedError,
    LedgerError,
    LedgerMissingError,
    RevisionDiscardedError,
)
from domain.events import (
    Event,
    InstrumentRegistered,
    Origin,
    PartitionMarkedCorrupt,
    PartitionWritten,
    Recorded,
)
from domain.history import Revision, SeriesHistory, histories
from domain.instrument import Instrument, Series
from domain.partitions import names_within
from domain.ports import AvailabilityLedger, BarRepository
from domain.sessions import instant_text
from domain.upkeep import CatalogFiles
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
        warn: Callable[[str], None],
    ) -> None:
        self._repository = repository
        self._ledger = ledger
        self._files = files
        self._origin = origin
        self._cache = cache
        self._warn = warn

    def availability(self, as_of: AsOf | None = None) -> Availability:
        """Return what the catalog holds, now or `as_of` an earlier point of its history.

        It is a snapshot that later writes do not change.

        Raises:
            LedgerMissingError: there are partitions, and no ledger that knows of them.
            InvalidAsOfError: the point is yet to come.
        """
        if self._ledger_is_lost():
            raise LedgerMissingError(
                "The Parquet catalog holds partitions, but its ledger is missing or empty.",
                "Put ledger.db back from a backup, or make one from the files: "
                "barledger verify --rebuild-ledger",
            )
        return self._ledger.availability(upto=None if as_of is None else self._seq(as_of))

    def _ledger_is_lost(self) -> bool:
        # Asked again at the end: a first writer may make the ledger, then files, in between.
        return (
            not self._ledger.exists() and self._files.any_partition() and not self._ledger.exists()
        )

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
            RevisionDiscardedError: a superseded file was deleted to free space.
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
            raise self.explained(error) from error

    def explained(self, error: CorruptPartitionError, *, touching: bool = True) -> BarledgerError:
        """Return what the user is told of a file that could not be read.

        Where `touching` is allowed and possible, damage is recorded and the file put out of the
        way; the caller holds no lock of the series.
        """
        damaged = error.partition
        found = self.history(damaged.series).find(damaged.partition, damaged.revision)
        if found is not None and found.discarded is not None:
            return _discarded(found, found.discarded)
        return CorruptPartitionError(
            damaged,
            error.problem,
            quarantined=touching and self.quarantine(error),
            superseded=found is not None and found.ended is not None,
        )

    def quarantine(self, error: CorruptPartitionError) -> bool:
        """Record the damage of a revision, current or not, and put its file out of the way.

        Returns whether that is so now: not where nothing can be written, or where the file
        turns out to be sound.
        """
        try:
            with self._repository.lock(error.partition.series):
                return self._quarantine(error)
        except CatalogError:
            return False

    def _quarantine(self, error: CorruptPartitionError) -> bool:
        damaged = error.partition
        found = self.history(damaged.series).find(damaged.partition, damaged.revision)
        if found is None or found.event != damaged:
            return False
        if found.corrupted is not None or found.discarded is not None:
            # Another process was quicker.
            return True
        try:
            self._repository.read(damaged)
        except CorruptPartitionError:
            event = PartitionMarkedCorrupt(
                damaged.series, damaged.partition, damaged.revision, damaged.path, error.problem
            )
            self.record([event])
            self._repository.quarantine(damaged)
            return True
        return False

    def history(self, series: Series, upto: int | None = None) -> SeriesHistory:
        """Return what became of every revision of `series`, up to an event or now."""
        known = histories(self._ledger.replay(upto=upto, series=series))
        return known.get(series) or SeriesHistory()

    def recorded_at(self, seq: int) -> int:
        """Return when the event `seq` was recorded, in UTC nanoseconds; 0 before the first."""
        return max(
            (one.recorded_at for one in self._ledger.replay(after=seq - 1, upto=seq)), default=0
        )

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
            LedgerDamagedError: the ledger contradicts itself.
        """
        with self._repository.lock(series):
            # Files without any ledger mean that it was lost, so it must be there before them.
            self.availability()
            self._ledger.prepare()
            head = self._ledger.head()
            holdings = self.proved_holdings(series, head)
            self._repository.tidy(holdings)
            record = SeriesRecord(self._ledger, self._origin, series, head)
            try:
                yield SeriesWriter(record, self._repository, holdings)
            except (LedgerConflictError, CatalogBusyError):
                # The lock kept nobody out, so what lies there may be the work of another.
                raise
            except BaseException:
                # What was not recorded is put aside only once it can no longer come true. Where
                # that cannot be had, as on a full disk, the next holder sees to it.
                with contextlib.suppress(CatalogError, LedgerError):
                    self._ledger.prepare()
                    self._tidy(series)
                raise
            self._tidy_after_all(series)

    def fetching(self, series: Series, seconds: float = 0) -> AbstractContextManager[bool]:
        """Hold the right to fetch `series`, if it is free within so many seconds.

        Raises:
            CatalogReadOnlyError, CatalogError: the folder cannot be written to or used.
        """
        return self._repository.fetching(series, seconds)

    def _tidy_after_all(self, series: Series) -> None:
        """Clear up once all is done, of which a failure here must not make a failure."""
        try:
            self._tidy(series)
        except (CatalogError, LedgerError) as error:
            self._warn(
                f"{series}: what was written is in, but the files that it replaced could not be "
                f"put into the history, and other tools see both. {error.message}"
            )

    def _tidy(self, series: Series) -> None:
        self._repository.tidy(self.proved_holdings(series, self._ledger.head()))

    def proved_holdings(self, series: Series, head: int) -> SeriesHoldings:
        """Return what is held of `series` after the event `head`, folded from the events.

        Files are moved and damage is recorded by this alone, never by what is kept beside the
        events for speed.

        Raises:
            LedgerDamagedError: what is kept beside the events says otherwise.
        """
        proved = holdings_of(series, self.history(series, head))
        kept = self._ledger.availability(upto=head).holdings(series)
        if _standing(kept) != _standing(proved):
            raise LedgerDamagedError(
                f"What the ledger keeps for speed is not what its events say of {series}.",
                "Look: barledger ledger verify. If the events are sound, make it anew: "
                "barledger ledger replay",
            )
        return proved


def _standing(holdings: SeriesHoldings) -> tuple[object, ...]:
    partitions = holdings.partitions
    current = zip(partitions.each("partition"), partitions.each("revision"), strict=True)
    return dict(current), dict(holdings.revisions), holdings.corrupt


def _discarded(found: Revision, by: Recorded) -> RevisionDiscardedError:
    event = found.event
    return RevisionDiscardedError(
        f"Revision {event.revision} of {event.series} {event.partition} was deleted to free space "
        f"on {instant_text(by.recorded_at)[:10]} (event {by.seq} of the ledger).",
        "It can only come back from a backup that was made before. Name a later --as-of, or "
        "leave that stretch out with --start and --end.",
    )


def partitions_within(holdings: SeriesHoldings, window: Window) -> list[PartitionWritten]:
    """Return the partitions that can hold bars of `window`, in order of time."""
    first, last = window.utc_dates(venue(holdings.series.instrument_id.venue).tzinfo)
    return [holdings.partitions[name] for name in names_within(holdings.partitions, first, last)]
