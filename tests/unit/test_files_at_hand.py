"""What the ledger says is held is at hand only where its files lie, and as long as they were."""

from __future__ import annotations

import pytest

from application.files_at_hand import AtHand, FilesAtHand
from domain.availability import SeriesHoldings
from domain.upkeep import FilePlace
from tests.builders import AAPL, session_bars
from tests.memory_catalog import MemoryCatalog

TUESDAY, WEDNESDAY = "2024-01-02", "2024-01-03"


@pytest.fixture
def catalog() -> MemoryCatalog:
    catalog = MemoryCatalog()
    catalog.write(AAPL, session_bars(TUESDAY, WEDNESDAY))
    return catalog


def _look(catalog: MemoryCatalog, holdings: SeriesHoldings | None = None) -> AtHand:
    use_case = FilesAtHand(catalog.catalog, catalog.files)
    return use_case.look(holdings or catalog.holdings(AAPL))


def test_what_is_there_is_at_hand(catalog: MemoryCatalog) -> None:
    held = catalog.holdings(AAPL)
    assert _look(catalog) == AtHand(held)


def test_a_file_that_is_gone_is_corrupt_and_nothing_is_recorded(catalog: MemoryCatalog) -> None:
    lost = catalog.holdings(AAPL).partitions[TUESDAY]
    del catalog.repository.files[lost.path]
    head = catalog.head
    found = _look(catalog)
    assert list(found.holdings.partitions) == [WEDNESDAY]
    assert found.holdings.corrupt == {TUESDAY}
    ((one),) = found.damaged
    assert (one.partition, one.problem) == (lost, "the file is missing")
    assert catalog.head == head


def test_a_revision_that_was_just_superseded_is_found_in_the_history(
    catalog: MemoryCatalog,
) -> None:
    """A writer may move files while another looks; what it held is there all the same."""
    before = catalog.holdings(AAPL)
    catalog.write(AAPL, session_bars(TUESDAY, TUESDAY, price=9_000))
    assert FilePlace.HISTORY in {kept.place for kept in catalog.repository.files.values()}
    assert _look(catalog, before) == AtHand(before)
    assert _look(catalog) == AtHand(catalog.holdings(AAPL))


def test_what_gc_deleted_is_no_damage(catalog: MemoryCatalog) -> None:
    before = catalog.holdings(AAPL)
    catalog.write(AAPL, session_bars(TUESDAY, TUESDAY, price=9_000))
    catalog.discard()
    assert FilePlace.HISTORY not in {kept.place for kept in catalog.repository.files.values()}
    assert _look(catalog, before) == AtHand(before)
    # But what is gone and was never deleted on purpose is damage, then as now.
    del catalog.repository.files[before.partitions[WEDNESDAY].path]
    assert [one.partition.partition for one in _look(catalog, before).damaged] == [WEDNESDAY]
