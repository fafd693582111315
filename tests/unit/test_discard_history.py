"""History is emptied by age, on request; what is current or not known is never touched."""

from __future__ import annotations

import pytest

from adapters.memory.revision_history import MemoryRevisionHistory
from application.discard_history import HistoryToDiscard
from domain.errors import CatalogBusyError, CorruptPartitionError, RevisionDiscardedError
from domain.events import RevisionsDiscarded
from domain.sessions import NANOSECONDS_IN_DAY
from domain.upkeep import FilePlace
from tests.builders import AAPL, MSFT, new_partition, session_bars
from tests.memory_catalog import MemoryCatalog, same

OLD = session_bars("2024-01-02", "2024-01-03")
NEW = session_bars("2024-01-02", "2024-01-03", price=9_000)


@pytest.fixture
def catalog() -> MemoryCatalog:
    """Two partitions, overwritten ten days ago."""
    catalog = MemoryCatalog()
    catalog.write(AAPL, OLD)
    catalog.write(AAPL, NEW)
    catalog.clock.advance(10 * NANOSECONDS_IN_DAY)
    return catalog


def test_only_what_ended_long_enough_ago_goes(catalog: MemoryCatalog) -> None:
    assert catalog.discard(11) == 0
    assert catalog.discard(10) == 2
    assert catalog.discard(0) == 0
    assert same(catalog.bars(AAPL), NEW)


def test_a_revision_counts_from_when_it_ended_not_from_when_it_was_written(
    catalog: MemoryCatalog,
) -> None:
    catalog.write(AAPL, OLD)
    assert catalog.discard(5) == 2
    assert catalog.discard(0) == 2


def test_removed_partitions_go_too(catalog: MemoryCatalog) -> None:
    catalog.remove(AAPL)
    assert catalog.discard() == 4
    assert not catalog.repository.files


def test_the_plan_tells_what_goes_and_changes_nothing(catalog: MemoryCatalog) -> None:
    plan = catalog.gc.plan(HistoryToDiscard(0))
    (one,) = plan.series
    assert (one.series, len(one.revisions), one.left) == (AAPL, 2, ())
    assert one.oldest == one.newest == catalog.clock.now() - 10 * NANOSECONDS_IN_DAY
    assert plan.size == one.size == sum(revision.size for revision in one.revisions)
    assert catalog.head == 4
    assert len(catalog.repository.files) == 4


def test_the_ledger_says_what_went_in_one_event_a_series(catalog: MemoryCatalog) -> None:
    catalog.write(MSFT, OLD)
    catalog.write(MSFT, NEW)
    catalog.discard()
    first, second = [one.event for one in catalog.ledger.replay(after=8)]
    assert isinstance(first, RevisionsDiscarded)
    assert isinstance(second, RevisionsDiscarded)
    assert (first.series, second.series) == (AAPL, MSFT)
    assert first.revisions == (("2024-01-02", 1), ("2024-01-03", 1))


def test_instruments_can_be_chosen(catalog: MemoryCatalog) -> None:
    catalog.write(MSFT, OLD)
    catalog.write(MSFT, NEW)
    plan = catalog.gc.plan(HistoryToDiscard(0, ("MSFT",)))
    assert [one.series for one in plan.series] == [MSFT]


def test_what_went_can_not_be_read_any_more_and_that_is_no_damage(catalog: MemoryCatalog) -> None:
    catalog.discard()
    head = catalog.head
    with pytest.raises(RevisionDiscardedError, match=r"2023-11-24 \(event 5") as caught:
        catalog.bars(AAPL, as_of=2)
    assert "backup" in caught.value.recovery
    assert catalog.head == head
    assert same(catalog.bars(AAPL, as_of=4), NEW)


def test_files_that_a_killed_gc_left_go_with_the_next_one(
    catalog: MemoryCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = catalog.gc.plan(HistoryToDiscard(0))
    with monkeypatch.context() as patched:
        patched.setattr(catalog.history, "discard", _killed)
        with pytest.raises(KeyboardInterrupt):
            catalog.gc.carry_out(plan.series[0], plan)
    assert len(catalog.repository.files) == 4
    plan = catalog.gc.plan(HistoryToDiscard(99))
    (one,) = plan.series
    assert (one.revisions, len(one.left)) == ((), 2)
    assert catalog.gc.carry_out(one, plan).freed == one.size > 0
    assert len(catalog.repository.files) == 2
    assert catalog.head == 5
    assert not catalog.gc.plan(HistoryToDiscard(99)).series


def _killed(revisions: object) -> int:
    del revisions
    raise KeyboardInterrupt


def test_what_became_current_or_was_discarded_meanwhile_is_left_alone(
    catalog: MemoryCatalog,
) -> None:
    plan = catalog.gc.plan(HistoryToDiscard(0))
    catalog.discard()
    head = catalog.head
    done = catalog.gc.carry_out(plan.series[0], plan)
    assert (done.revisions, done.freed) == ((), 0)
    assert catalog.head == head


def test_what_the_ledger_does_not_know_stays_and_is_counted(catalog: MemoryCatalog) -> None:
    catalog.repository.write([new_partition(series=MSFT, revision=7)])
    catalog.damage(AAPL, "2024-01-02")
    with pytest.raises(CorruptPartitionError):
        catalog.bars(AAPL)
    catalog.write(MSFT, OLD)
    plan = catalog.gc.plan(HistoryToDiscard(0))
    assert (plan.orphans.files, plan.quarantine.files) == (1, 1)
    assert catalog.discard() == 2
    places = [kept.place for kept in catalog.repository.files.values()]
    assert places.count(FilePlace.ORPHANS) == places.count(FilePlace.QUARANTINE) == 1


def test_with_a_clock_that_runs_behind_nothing_goes(catalog: MemoryCatalog) -> None:
    catalog.clock.advance(-11 * NANOSECONDS_IN_DAY)
    assert not catalog.gc.plan(HistoryToDiscard(0)).series
    (warning,) = catalog.progress.warnings
    assert "clock" in warning


def test_nothing_is_deleted_while_a_backup_is_made(catalog: MemoryCatalog) -> None:
    catalog.history = MemoryRevisionHistory(catalog.repository, lock_seconds=0.05)
    with catalog.history.exclusively(), pytest.raises(CatalogBusyError):
        catalog.discard()
    assert catalog.head == 4
