"""What the catalog holds is its events, folded."""

from __future__ import annotations

from domain.availability import Availability, fold
from domain.events import Event, PartitionMarkedCorrupt, PartitionRemoved, Recorded
from tests.builders import AAPL, ORIGIN, minute_bars, new_partition, written


def _recorded(*events: Event) -> list[Recorded]:
    return [
        Recorded(seq, f"id-{seq}", seq * 10, ORIGIN, event)
        for seq, event in enumerate(events, start=1)
    ]


def test_the_last_revision_of_a_partition_is_the_current_one() -> None:
    first = written(new_partition())
    second = written(new_partition(minute_bars(count=9), revision=2))
    held = fold(_recorded(first, second)).holdings(AAPL)
    assert held.partitions == {"2024-01-02": second}
    assert (held.bars, held.updated, held.next_revision("2024-01-02")) == (9, 20, 3)


def test_a_removed_partition_holds_nothing_and_its_revisions_are_not_used_again() -> None:
    first = written(new_partition())
    gone = PartitionRemoved(AAPL, first.partition, 1, first.path, first.bars, "overwritten")
    held = fold(_recorded(first, gone)).holdings(AAPL)
    assert not held.partitions
    assert held.next_revision("2024-01-02") == 2


def test_a_damaged_partition_is_remembered_until_it_is_written_anew() -> None:
    first = written(new_partition())
    damage = PartitionMarkedCorrupt(AAPL, first.partition, 1, first.path, "it is cut")
    held = fold(_recorded(first, damage)).holdings(AAPL)
    assert not held.partitions
    assert held.corrupt == {"2024-01-02"}
    again = written(new_partition(revision=held.next_revision("2024-01-02")))
    healed = fold(_recorded(first, damage, again)).holdings(AAPL)
    assert healed.partitions == {"2024-01-02": again}
    assert not healed.corrupt


def test_damage_of_a_superseded_revision_leaves_the_current_one() -> None:
    first = written(new_partition())
    second = written(new_partition(revision=2))
    damage = PartitionMarkedCorrupt(AAPL, first.partition, 1, first.path, "it is cut")
    held = fold(_recorded(first, second, damage)).holdings(AAPL)
    assert held.partitions == {"2024-01-02": second}
    assert not held.corrupt


def test_a_damaged_partition_that_is_removed_is_missing_and_not_damaged() -> None:
    first = written(new_partition())
    damage = PartitionMarkedCorrupt(AAPL, first.partition, 1, first.path, "it is cut")
    gone = PartitionRemoved(AAPL, first.partition, 1, first.path, first.bars, "removed")
    held = fold(_recorded(first, damage, gone)).holdings(AAPL)
    assert not held.partitions
    assert not held.corrupt
    assert held.updated == 30


def test_nothing_is_held_before_the_first_event() -> None:
    empty = Availability()
    assert empty.head == 0
    assert empty.holdings(AAPL).bars == 0
    assert empty.known_ids() == ()
