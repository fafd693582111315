"""What the catalog holds is its events, folded."""

from __future__ import annotations

from domain.availability import Availability, fold
from domain.events import Event, PartitionMarkedCorrupt, PartitionRemoved, Recorded
from tests.builders import AAPL, MSFT, ORIGIN, minute_bars, new_partition, written


def _recorded(*events: Event, after: int = 0) -> list[Recorded]:
    return [
        Recorded(seq, f"id-{seq}", seq * 10, ORIGIN, event)
        for seq, event in enumerate(events, start=after + 1)
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
    healed = fold(_recorded(again, after=2), fold(_recorded(first, damage))).holdings(AAPL)
    assert healed.partitions == {"2024-01-02": again}
    assert not healed.corrupt


def test_folding_in_two_steps_is_folding_in_one() -> None:
    events = [
        written(new_partition()),
        written(new_partition(series=MSFT)),
        written(new_partition(minute_bars("2024-01-03T14:30:00"), partition="2024-01-03")),
    ]
    whole = fold(_recorded(*events))
    half = fold(_recorded(*events[:2]))
    assert fold(_recorded(events[2], after=2), half) == whole
    assert half.holdings(AAPL).bars == 5
    assert whole.holdings(AAPL).bars == 10


def test_nothing_is_held_before_the_first_event() -> None:
    empty = Availability()
    assert empty.head == 0
    assert empty.holdings(AAPL).bars == 0
    assert empty.known_ids() == ()
