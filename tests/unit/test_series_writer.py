"""What a writer commits, and that it loses nothing where the lock keeps nobody out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from adapters.memory.bar_repository import MemoryBarRepository
from adapters.memory.clock import MemoryClock
from adapters.memory.progress import MemoryProgressTask
from adapters.parquet.inspection import ParquetCatalogFiles
from adapters.parquet.repository import ParquetBarRepository
from adapters.sqlite.ledger import SqliteLedger
from application.catalog import Catalog
from application.partition_cache import PartitionCache
from application.series_writer import Change, Removal, inferred_change
from domain.bars import Bars
from domain.errors import CatalogError, LedgerConflictError
from domain.events import CoverageBasis, PartitionMarkedCorrupt, WriteCause
from domain.instrument import Series
from domain.intervals import IntervalSet
from domain.publishing import OnStep, Step, unobserved
from domain.window import Window
from tests.builders import AAPL, MSFT, ORIGIN, minute_bars, session_bars
from tests.memory_catalog import MemoryCatalog, same

DAY = "2024-01-02"
TASK = MemoryProgressTask("", 1)


def change(count: int, price: int = 18_000) -> dict[str, Change | Removal]:
    bars = minute_bars(count=count, first_price=price)
    return {DAY: inferred_change(bars, AAPL.bar_type, "csv", "test.csv")}


def test_what_is_known_of_bars_is_recorded_as_it_was_given() -> None:
    catalog = MemoryCatalog()
    bars = minute_bars()
    covered = IntervalSet.of((1, 2))
    attested = CoverageBasis.ATTESTED
    new = Change(bars, covered, attested, "ibkr", "request 7", WriteCause.RECOVERED)
    catalog.change(AAPL, {DAY: new})
    held = catalog.holdings(AAPL).partitions[DAY]
    assert (held.coverage, held.basis, held.source, held.detail, held.cause) == (
        covered,
        attested,
        "ibkr",
        "request 7",
        WriteCause.RECOVERED,
    )


def test_a_partition_without_bars_is_removed_not_written() -> None:
    with pytest.raises(ValueError, match="removed"):
        Change(Bars.empty(), IntervalSet(), CoverageBasis.INFERRED, "csv", "")
    assert inferred_change(Bars.empty(), AAPL.bar_type, "csv", "") == Removal("overwritten")


def test_other_events_stand_in_the_same_transaction() -> None:
    catalog = MemoryCatalog()
    also = PartitionMarkedCorrupt(AAPL, "2024-01-09", 1, "x.parquet", "test")
    with catalog.catalog.writing(AAPL) as writer:
        recorded = writer.commit(change(5), [also], TASK)
    assert [one.seq for one in recorded] == [1, 2]
    assert recorded[1].event == also


def test_bars_of_a_commit_need_not_be_in_memory_at_once() -> None:
    from application.series_writer import Lazily

    asked: list[str] = []
    bars = {name: session_bars(name, name) for name in ("2024-01-02", "2024-01-03", "2024-01-04")}

    def make(name: str) -> Change | Removal:
        asked.append(name)
        return inferred_change(bars[name], AAPL.bar_type, "csv", "")

    catalog = MemoryCatalog()
    with catalog.catalog.writing(AAPL) as writer:
        writer.commit(Lazily(bars, make), (), TASK)
    assert asked == [*bars, *bars]
    assert len(catalog.bars(AAPL)) == 1170


class Unlocked(ParquetBarRepository):
    """A repository on a file system where locks keep nobody out."""

    @contextlib.contextmanager
    def lock(self, series: Series) -> Iterator[None]:
        (self._root / f"{series.instrument_id}/{series.bar_type}").mkdir(
            parents=True, exist_ok=True
        )
        yield


@attrs.frozen
class Handle:
    """One process's parts on the same catalog, of which locks keep nobody out."""

    catalog: Catalog
    ledger: SqliteLedger

    def bars(self, series: Series = AAPL) -> Bars:
        held = self.catalog.availability().holdings(series)
        return Bars.concat(self.catalog.load(held, Window()))


@pytest.fixture
def handles(tmp_path: Path) -> Iterator[list[Handle]]:
    made = [_handle(tmp_path) for _ in range(2)]
    with made[0].catalog.writing(AAPL) as writer:
        writer.commit(change(5), (), TASK)
    yield made
    for one in made:
        one.ledger.close()


def _handle(root: Path, on_step: OnStep = unobserved) -> Handle:
    ledger = SqliteLedger(root / "ledger.db", MemoryClock())
    repository = Unlocked(root, on_step)
    files = ParquetCatalogFiles(root)
    return Handle(Catalog(repository, ledger, files, ORIGIN, PartitionCache(), print), ledger)


def test_who_was_overtaken_writes_nothing_and_loses_nothing(
    handles: list[Handle], tmp_path: Path
) -> None:
    slow, quick = handles

    def overtaken() -> None:
        with slow.catalog.writing(AAPL) as writer:
            with quick.catalog.writing(AAPL) as other:
                other.commit(change(7), (), TASK)
            writer.commit(change(9), (), TASK)

    with pytest.raises(LedgerConflictError, match=r"AAPL\.NASDAQ"):
        overtaken()
    for one in handles:
        assert same(one.bars(), minute_bars(count=7, first_price=18_000))
    assert not list(tmp_path.rglob(".orphans/*"))


@pytest.mark.parametrize("step", [Step.STAGED, Step.SYNCED, Step.RENAMED, Step.FOLDER_SYNCED])
def test_who_is_overtaken_while_writing_files_loses_nothing(
    tmp_path: Path, handles: list[Handle], step: Step
) -> None:
    """Whoever of the two comes second is told so, and the first one's bars are all there."""
    quick = handles[0]
    failures: list[Exception] = []
    written: list[int] = [5]

    def overtake(reached: Step) -> None:
        if reached is step:
            written.append(7)
            try:
                with quick.catalog.writing(AAPL) as other:
                    other.commit(change(7), (), TASK)
            except (LedgerConflictError, CatalogError) as error:
                written.remove(7)
                failures.append(error)

    slow = _handle(tmp_path, overtake)
    try:
        with slow.catalog.writing(AAPL) as writer:
            writer.commit(change(9), (), TASK)
        written.append(9)
    except (LedgerConflictError, CatalogError) as error:
        failures.append(error)
    finally:
        slow.ledger.close()
    held = len(quick.bars())
    assert held == written[-1]
    assert failures or step in (Step.RENAMED, Step.FOLDER_SYNCED)


def test_changes_of_other_series_are_in_nobodys_way(handles: list[Handle]) -> None:
    slow, quick = handles
    with slow.catalog.writing(AAPL) as writer:
        with quick.catalog.writing(MSFT) as other:
            other.commit(change(7), (), TASK)
        writer.commit(change(9), (), TASK)
        writer.record([])
    assert len(quick.bars()) == 9
    assert len(quick.bars(MSFT)) == 7


def test_an_event_is_not_recorded_behind_a_change_that_was_not_seen(
    handles: list[Handle],
) -> None:
    slow, quick = handles
    event = PartitionMarkedCorrupt(AAPL, DAY, 1, "x.parquet", "test")

    def overtaken() -> None:
        with slow.catalog.writing(AAPL) as writer:
            with quick.catalog.writing(AAPL) as other:
                other.commit(change(7), (), TASK)
            writer.record([event])

    with pytest.raises(LedgerConflictError):
        overtaken()
    assert quick.ledger.head() == 2


def test_a_repository_in_memory_refuses_a_name_that_is_taken_too() -> None:
    repository = MemoryBarRepository()
    catalog = MemoryCatalog(repository=repository)
    catalog.change(AAPL, change(5))
    assert len(repository.files) == 1
