"""The data catalog service: the one way in and out of the catalog, for every use case."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping, Sequence

import attrs

from application.partition_cache import PartitionCache
from domain.availability import Availability, SeriesHoldings
from domain.bars import Bars
from domain.coverage import inferred_coverage
from domain.errors import CatalogReadOnlyError, CorruptPartitionError, LedgerConflictError
from domain.events import (
    CoverageBasis,
    Event,
    InstrumentRegistered,
    Origin,
    PartitionMarkedCorrupt,
    PartitionRemoved,
    PartitionWritten,
)
from domain.instrument import Instrument, Series
from domain.partitions import partition_bounds, trading_dates
from domain.ports import AvailabilityLedger, BarRepository, NewPartition, ProgressTask, StoredFile
from domain.venues import venue
from domain.window import Window

# Another series' writer may get in between; each try starts from a fresh head.
_APPEND_TRIES = 100


@attrs.frozen
class Provenance:
    """Where bars came from: the source's name, and which file or request it was."""

    source: str
    detail: str


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
            self.quarantine(error)
            raise

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
                yield SeriesWriter(self, self._repository, holdings)
            finally:
                self._repository.tidy(self.availability().holdings(series))


class SeriesReader:
    """Reads whole partitions of one series."""

    def __init__(self, repository: BarRepository, holdings: SeriesHoldings) -> None:
        self._repository = repository
        self.holdings = holdings

    def read(self, partition: str) -> Bars:
        """Return the bars that the partition holds, which may be none."""
        held = self.holdings.partitions.get(partition)
        return self._repository.read(held) if held else Bars.empty()


class SeriesWriter(SeriesReader):
    """Changes partitions of one series, all of a commit or none."""

    def __init__(
        self, catalog: Catalog, repository: BarRepository, holdings: SeriesHoldings
    ) -> None:
        super().__init__(repository, holdings)
        self._catalog = catalog

    def commit(
        self,
        changes: Mapping[str, Bars],
        provenance: Provenance,
        also: Sequence[Event],
        task: ProgressTask,
        precisions: tuple[int, int] = (0, 0),
    ) -> None:
        """Make `changes` the whole content of their partitions, together with the events `also`.

        A partition that is left with no bars is removed; `task` advances by partitions. All
        files of a series have the same precisions, `precisions` (price, size) at least, so that
        tools which read many at once see one type: where new bars need more, the others are
        written anew. Files are written and synced first; the ledger's transaction is the commit
        point.

        Raises:
            PrecisionError: a value would have more than 18 digits.
            CorruptPartitionError: a partition that had to be written anew is damaged.
        """
        drafts: list[PartitionWritten] = []
        stored = self._repository.write(
            self._revisions(changes, provenance, task, precisions, drafts)
        )
        events: list[Event] = [
            *(_placed(*pair) for pair in zip(drafts, stored, strict=True)),
            *(self._removed(name) for name, bars in changes.items() if not len(bars)),
        ]
        self._catalog.record([*events, *also])

    def _revisions(
        self,
        changes: Mapping[str, Bars],
        provenance: Provenance,
        task: ProgressTask,
        precisions: tuple[int, int],
        drafts: list[PartitionWritten],
    ) -> Iterator[NewPartition]:
        """Yield what is to be written, and leave its events, without paths, in `drafts`."""
        new = {name: bars.reduced() for name, bars in changes.items() if len(bars)}
        held = self.holdings
        price = max(precisions[0], held.price_precision, *(b.price_precision for b in new.values()))
        size = max(precisions[1], held.size_precision, *(b.size_precision for b in new.values()))
        others = (
            self._rewritten(one)
            for name, one in held.partitions.items()
            if name not in changes and (one.price_precision, one.size_precision) != (price, size)
        )
        fresh = (self._new(name, bars, provenance) for name, bars in new.items())
        for revision in itertools.chain(fresh, others):
            scaled = attrs.evolve(revision, bars=revision.bars.rescaled(price, size))
            drafts.append(_draft(scaled))
            yield scaled
            task.advance(1)

    def _new(self, partition: str, bars: Bars, provenance: Provenance) -> NewPartition:
        return NewPartition(
            self.holdings.series,
            partition,
            self.holdings.next_revision(partition),
            bars,
            inferred_coverage(bars, self.holdings.series.bar_type),
            CoverageBasis.INFERRED,
            provenance.source,
            provenance.detail,
        )

    def _rewritten(self, held: PartitionWritten) -> NewPartition:
        return NewPartition(
            held.series,
            held.partition,
            self.holdings.next_revision(held.partition),
            self._repository.read(held),
            held.coverage,
            held.basis,
            held.source,
            held.detail,
        )

    def _removed(self, partition: str) -> PartitionRemoved:
        held = self.holdings.partitions[partition]
        return PartitionRemoved(
            held.series, partition, held.revision, held.path, held.bars, "overwritten"
        )


def _draft(new: NewPartition) -> PartitionWritten:
    """Return the event of a revision whose file is not written yet."""
    bars = new.bars
    return PartitionWritten(
        series=new.series,
        partition=new.partition,
        revision=new.revision,
        path="",
        sha256="",
        size=0,
        bars=len(bars),
        first_open=int(bars.ts_open[0]),
        last_close=int(bars.ts_event[-1]),
        price_precision=bars.price_precision,
        size_precision=bars.size_precision,
        trading_dates=trading_dates(bars, new.series),
        coverage=new.coverage,
        basis=new.basis,
        source=new.source,
        detail=new.detail,
    )


def _placed(draft: PartitionWritten, stored: StoredFile) -> PartitionWritten:
    return attrs.evolve(draft, path=stored.path, sha256=stored.sha256, size=stored.size)


def partitions_within(holdings: SeriesHoldings, window: Window) -> list[PartitionWritten]:
    """Return the partitions that can hold bars of `window`, in order of time."""
    first, last = window.utc_dates(venue(holdings.series.instrument_id.venue).tzinfo)
    return [
        holdings.partitions[name]
        for name in sorted(holdings.partitions)
        if partition_bounds(name)[0] <= last and partition_bounds(name)[1] >= first
    ]
