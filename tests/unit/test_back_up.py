"""A backup is the catalog at one moment, whole, or it is not there at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from adapters.memory.ledger import MemoryLedger
from adapters.memory.ledger_keeper import MemoryLedgerKeeper
from application.back_up import BackUp, BackUpResult
from domain.errors import (
    BackupError,
    CatalogBusyError,
    CatalogReadOnlyError,
    CorruptPartitionError,
    DiskFullError,
)
from domain.events import PartitionWritten
from domain.upkeep import DiskSpace, LedgerHead, LedgerKeeper, RevisionHistory
from tests.builders import AAPL, MSFT, session_bars
from tests.memory_catalog import MemoryCatalog

OLD = session_bars("2024-01-02", "2024-01-04")
NEW = session_bars("2024-01-02", "2024-01-03", price=9_000)
FOLDER = Path("backup")


@pytest.fixture
def catalog() -> MemoryCatalog:
    catalog = MemoryCatalog()
    catalog.write(AAPL, OLD)
    catalog.write(AAPL, NEW)
    catalog.write(MSFT, OLD)
    catalog.remove(MSFT)
    return catalog


def back_up(
    catalog: MemoryCatalog,
    history: RevisionHistory | None = None,
    keeper: LedgerKeeper | None = None,
    folder: Path = FOLDER,
    disk: DiskSpace | None = None,
) -> BackUpResult:
    def keeper_in(where: Path) -> LedgerKeeper:
        assert where == folder
        return _Copied(catalog.keeper, where)

    return BackUp(
        catalog.catalog,
        catalog.ledger,
        history or catalog.history,
        keeper or catalog.keeper,
        keeper_in,
        lambda _: disk or catalog.disk,
        catalog.progress,
    ).run(folder)


@attrs.frozen
class _Copied(MemoryLedgerKeeper):
    keeper: MemoryLedgerKeeper
    folder: Path

    def head(self) -> LedgerHead:
        events = self.keeper.copies[self.folder]
        return LedgerHead(len(events), "hash", events[-1].recorded_at)


def test_current_and_superseded_revisions_are_in_it(catalog: MemoryCatalog) -> None:
    result = back_up(catalog)
    assert (result.partitions, result.bars, result.superseded) == (3, 1170, 5)
    assert (result.head.seq, result.head.hash) == (11, "hash")
    assert (result.damaged, result.missing) == (0, ())
    copy = catalog.history.copies[FOLDER]
    assert copy.bars.keys() == catalog.repository.files.keys()
    assert len(copy.superseded) == 5
    assert result.size == sum(
        one.event.size for series in (AAPL, MSFT) for one in catalog.catalog.history(series)
    )


def test_what_was_discarded_is_not_in_it(catalog: MemoryCatalog) -> None:
    catalog.discard()
    assert back_up(catalog).superseded == 0


def test_an_empty_catalog_is_refused() -> None:
    catalog = MemoryCatalog()
    catalog.ledger.exists = lambda: False  # type: ignore[method-assign]
    with pytest.raises(BackupError, match="nothing to copy"):
        back_up(catalog)


def test_damage_is_told_and_all_else_is_copied(catalog: MemoryCatalog) -> None:
    damaged = catalog.damage(AAPL, "2024-01-03")
    head = catalog.head
    result = back_up(catalog)
    assert (result.partitions, result.bars, result.superseded) == (2, 780, 5)
    (missing,) = result.missing
    assert (missing.path, missing.is_current) == (damaged.path, True)
    assert catalog.head == head


def test_damage_that_is_known_is_no_news(catalog: MemoryCatalog) -> None:
    catalog.damage(AAPL, "2024-01-03")
    with pytest.raises(CorruptPartitionError):
        catalog.bars(AAPL)
    result = back_up(catalog)
    assert (result.damaged, result.missing, result.partitions) == (1, (), 2)


def test_what_is_written_meanwhile_is_left_to_the_next_one(catalog: MemoryCatalog) -> None:
    @attrs.frozen
    class BusyKeeper(MemoryLedgerKeeper):
        keeper: MemoryLedgerKeeper

        def copy(self, folder: Path) -> int:
            head = self.keeper.copy(folder)
            catalog.write(AAPL, OLD)
            return head

    result = back_up(catalog, keeper=BusyKeeper(catalog.keeper))
    assert result.head.seq == 11
    assert (result.partitions, result.bars, result.superseded) == (3, 1170, 5)
    copy = catalog.history.copies[FOLDER]
    current = catalog.holdings(AAPL, as_of=11).partitions.values()
    assert {one.path for one in current} == copy.bars.keys() - copy.superseded


def test_two_at_once_are_refused(catalog: MemoryCatalog) -> None:
    history = type(catalog.history)(catalog.repository, lock_seconds=0.05)
    with history.exclusively(), pytest.raises(CatalogBusyError):
        back_up(catalog, history)


def test_nothing_is_left_when_it_fails(catalog: MemoryCatalog) -> None:
    class FullDisk(type(catalog.history)):  # type: ignore[misc]
        @contextlib.contextmanager
        def copying(self, folder: Path) -> Iterator[object]:
            with super().copying(folder) as copy:
                yield _Full()
                del copy

    class _Full:
        ledger_folder = FOLDER

        def add(self, partition: PartitionWritten, *, current: bool) -> None:
            del partition, current
            raise DiskFullError("full", "")

    history = FullDisk(catalog.repository)
    with pytest.raises(DiskFullError):
        back_up(catalog, history)
    assert not history.copies


def test_a_catalog_that_cannot_be_locked_is_copied_with_a_warning(catalog: MemoryCatalog) -> None:
    class ReadOnly(type(catalog.history)):  # type: ignore[misc]
        @contextlib.contextmanager
        def exclusively(self) -> Iterator[None]:
            raise CatalogReadOnlyError("read-only", "")
            yield

    assert back_up(catalog, ReadOnly(catalog.repository)).partitions == 3
    (warning,) = catalog.progress.warnings
    assert "gc" in warning


def test_nothing_goes_where_something_is(catalog: MemoryCatalog) -> None:
    back_up(catalog)
    with pytest.raises(BackupError):
        back_up(catalog)


def test_a_ledger_without_events_can_be_copied() -> None:
    catalog = MemoryCatalog()
    assert isinstance(catalog.ledger, MemoryLedger)
    result = BackUp(
        catalog.catalog,
        catalog.ledger,
        catalog.history,
        catalog.keeper,
        lambda _: catalog.keeper,
        lambda _: catalog.disk,
        catalog.progress,
    ).run(FOLDER)
    assert (result.partitions, result.head.seq) == (0, 0)
