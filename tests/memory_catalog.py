"""A whole catalog in memory, for tests of use cases."""

from __future__ import annotations

import attrs
import numpy as np

from adapters.memory.bar_repository import MemoryBarRepository
from adapters.memory.catalog_files import MemoryCatalogFiles
from adapters.memory.clock import MemoryClock
from adapters.memory.disk_space import MemoryDiskSpace
from adapters.memory.ledger import MemoryLedger
from adapters.memory.ledger_keeper import MemoryLedgerKeeper
from adapters.memory.progress import MemoryProgress
from adapters.memory.revision_history import MemoryRevisionHistory
from application.catalog import Catalog
from application.discard_history import DiscardHistory, HistoryToDiscard
from application.partition_cache import PartitionCache
from application.remove_bars import BarsToRemove, RemoveBars, SeriesRemoval
from application.restore_bars import BarsToRestore, RestoreBars
from application.series_restoration import SeriesRestoration
from application.series_writer import Change, Lazily, Removal, inferred_change
from domain.as_of import AsOf
from domain.availability import SeriesHoldings
from domain.bars import Bars
from domain.events import CoverageBasis, PartitionWritten
from domain.instrument import Series
from domain.partitions import split_by_partition
from domain.upkeep import DiskSpace
from domain.window import Window, parse_bound
from tests.builders import ORIGIN


def window(start: str | None = None, end: str | None = None) -> Window:
    """Return the window between two bounds as a user writes them."""
    return Window(parse_bound(start) if start else None, parse_bound(end) if end else None)


def same(one: Bars, other: Bars) -> bool:
    """Whether both are the same to the bit, but for decimals that say nothing."""
    return one.same_values(other) and np.array_equal(one.ts_event, other.ts_event)


@attrs.define
class MemoryCatalog:
    """The parts, and what tests do with them in few words."""

    clock: MemoryClock = attrs.field(factory=MemoryClock)
    repository: MemoryBarRepository = attrs.field(factory=MemoryBarRepository)
    progress: MemoryProgress = attrs.field(factory=MemoryProgress)
    disk: DiskSpace = attrs.field(factory=MemoryDiskSpace)
    ledger: MemoryLedger = attrs.field(init=False)
    files: MemoryCatalogFiles = attrs.field(init=False)
    history: MemoryRevisionHistory = attrs.field(init=False)
    keeper: MemoryLedgerKeeper = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.ledger = MemoryLedger(self.clock)
        self.files = MemoryCatalogFiles(self.repository)
        self.history = MemoryRevisionHistory(self.repository)
        self.keeper = MemoryLedgerKeeper(self.ledger)

    @property
    def catalog(self) -> Catalog:
        """A catalog that has nothing in its cache, as another process would see it."""
        return Catalog(self.repository, self.ledger, self.files, ORIGIN, PartitionCache(), print)

    @property
    def head(self) -> int:
        return self.ledger.head()

    def write(self, series: Series, bars: Bars, detail: str = "test.csv") -> None:
        """Make `bars` the whole content of the partitions that they lie in."""
        changes = {
            name: inferred_change(part, series.bar_type, "csv", detail)
            for name, part in split_by_partition(bars, series.bar_type)
        }
        self.change(series, changes)

    def attest(self, series: Series, bars: Bars, change: Change) -> None:
        """Make `bars` the whole content of their one partition, with what `change` says."""
        ((name, _),) = split_by_partition(bars, series.bar_type)
        self.change(series, {name: attrs.evolve(change, basis=CoverageBasis.ATTESTED)})

    def change(self, series: Series, changes: dict[str, Change | Removal]) -> None:
        with self.catalog.writing(series) as writer, self.progress.track("", 1) as task:
            writer.commit(Lazily(changes, changes.__getitem__), (), task)

    def holdings(self, series: Series, as_of: int | None = None) -> SeriesHoldings:
        point = None if as_of is None else AsOf(seq=as_of)
        return self.catalog.availability(point).holdings(series)

    def bars(self, series: Series, as_of: int | None = None) -> Bars:
        """Read all that is held, in order."""
        held = self.holdings(series, as_of)
        return Bars.concat(self.catalog.load(held, Window()))

    def described(self, series: Series) -> list[tuple[object, ...]]:
        """Return what is known of each partition beside its bars and revision."""
        held = self.holdings(series).partitions
        return [_described(held[name]) for name in sorted(held)]

    def damage(self, series: Series, partition: str) -> PartitionWritten:
        """Let a file rot, unseen."""
        held = self.holdings(series).partitions[partition]
        self.repository.damage(held)
        return held

    def remove(self, series: Series, within: Window = Window()) -> SeriesRemoval:  # noqa: B008
        use_case = RemoveBars(self.catalog, self.disk, self.progress)
        request = BarsToRemove((str(series.instrument_id),), series.bar_type, within)
        (planned,) = use_case.plan(request)
        return use_case.carry_out(planned, request, exactly=True)

    def restore(
        self,
        series: Series,
        as_of: int,
        within: Window = Window(),  # noqa: B008
    ) -> SeriesRestoration:
        use_case = RestoreBars(self.catalog, self.disk, self.progress)
        name = (str(series.instrument_id),)
        request = BarsToRestore(name, AsOf(seq=as_of), series.bar_type, within)
        (planned,) = use_case.plan(request)
        return use_case.carry_out(planned, request, exactly=True) if planned else planned

    @property
    def gc(self) -> DiscardHistory:
        return DiscardHistory(
            self.catalog, self.repository, self.history, self.files, self.clock, self.progress
        )

    def discard(self, days: int = 0) -> int:
        """Delete history of this age, and return how many revisions went."""
        plan = self.gc.plan(HistoryToDiscard(days))
        return sum(len(self.gc.carry_out(one, plan).revisions) for one in plan.series)


def _described(one: PartitionWritten) -> tuple[object, ...]:
    return (one.partition, one.bars, one.coverage, one.basis, one.source, one.detail)
