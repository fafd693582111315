"""What the catalog does about files that cannot be read, current or old."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from adapters.memory.bar_repository import MemoryBarRepository
from domain.bars import Bars
from domain.errors import (
    CatalogReadOnlyError,
    CorruptPartitionError,
    DiskFullError,
    RevisionDiscardedError,
)
from domain.events import PartitionMarkedCorrupt, PartitionWritten
from domain.instrument import Series
from domain.upkeep import FilePlace
from domain.window import Window
from tests.builders import AAPL, session_bars
from tests.memory_catalog import MemoryCatalog, same

OLD = session_bars("2024-01-02", "2024-01-03")
NEW = session_bars("2024-01-02", "2024-01-03", price=9_000)


@pytest.fixture
def catalog() -> MemoryCatalog:
    catalog = MemoryCatalog()
    catalog.write(AAPL, OLD)
    return catalog


def test_a_damaged_current_revision_counts_as_missing(catalog: MemoryCatalog) -> None:
    damaged = catalog.damage(AAPL, "2024-01-02")
    with pytest.raises(CorruptPartitionError) as caught:
        catalog.bars(AAPL)
    assert "counts as missing" in caught.value.recovery
    assert "test.csv" in caught.value.recovery
    assert list(catalog.holdings(AAPL).partitions) == ["2024-01-03"]
    assert damaged.path not in catalog.repository.files


def test_a_damaged_old_revision_is_recorded_and_the_current_one_stays(
    catalog: MemoryCatalog,
) -> None:
    damaged = catalog.damage(AAPL, "2024-01-02")
    catalog.write(AAPL, NEW)
    with pytest.raises(CorruptPartitionError) as caught:
        catalog.bars(AAPL, as_of=2)
    assert "quarantine" in caught.value.recovery
    assert "missing" not in caught.value.recovery
    (event,) = [one.event for one in catalog.ledger.replay(after=4)]
    assert isinstance(event, PartitionMarkedCorrupt)
    assert (event.partition, event.revision) == ("2024-01-02", 1)
    assert same(catalog.bars(AAPL), NEW)
    assert catalog.holdings(AAPL).corrupt == frozenset()
    places = {kept.place for kept in catalog.repository.files.values()}
    assert FilePlace.QUARANTINE in places
    assert damaged.path not in catalog.repository.files


def test_damage_is_recorded_once(catalog: MemoryCatalog) -> None:
    catalog.damage(AAPL, "2024-01-02")
    catalog.write(AAPL, NEW)
    for _ in range(2):
        with pytest.raises(CorruptPartitionError, match="damaged"):
            catalog.bars(AAPL, as_of=2)
    assert catalog.head == 5


def test_a_revision_that_was_superseded_and_discarded_under_a_reader_is_no_damage(
    catalog: MemoryCatalog,
) -> None:
    reader, before = catalog.catalog, catalog.holdings(AAPL)
    catalog.write(AAPL, NEW)
    catalog.discard()
    with pytest.raises(RevisionDiscardedError):
        list(reader.load(before, Window()))
    assert catalog.holdings(AAPL).corrupt == frozenset()


def test_a_file_that_is_sound_at_a_second_look_is_not_marked(catalog: MemoryCatalog) -> None:
    class Moved(MemoryBarRepository):
        """A repository in which another process puts a file back after the first look."""

        looks = 0

        def read(self, partition: PartitionWritten) -> Bars:
            self.looks += 1
            if self.looks == 1:
                raise CorruptPartitionError(partition, "the file is missing")
            return super().read(partition)

    moved = Moved()
    moved.files = catalog.repository.files
    catalog.repository = moved
    with pytest.raises(CorruptPartitionError) as caught:
        catalog.bars(AAPL)
    assert "quarantine" not in caught.value.recovery
    assert catalog.head == 2
    assert same(catalog.bars(AAPL), OLD)


@pytest.mark.parametrize("error", [CatalogReadOnlyError, DiskFullError])
def test_damage_that_cannot_be_recorded_is_told_without_a_claim(
    catalog: MemoryCatalog, error: type[Exception]
) -> None:
    class Sealed(MemoryBarRepository):
        @contextlib.contextmanager
        def lock(self, series: Series) -> Iterator[None]:
            raise error(f"{series} cannot be written", "")
            yield

    catalog.damage(AAPL, "2024-01-02")
    sealed = Sealed()
    sealed.files = catalog.repository.files
    catalog.repository = sealed
    with pytest.raises(CorruptPartitionError) as caught:
        catalog.bars(AAPL)
    assert "quarantine" not in caught.value.recovery
    assert catalog.head == 2
