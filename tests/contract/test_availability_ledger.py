"""What every `AvailabilityLedger` does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.memory.clock import MemoryClock
from adapters.memory.ledger import MemoryLedger
from adapters.sqlite.ledger import SqliteLedger
from domain.errors import LedgerConflictError
from domain.events import CsvImported, Event, InstrumentRegistered, PartitionRemoved
from domain.instrument import Instrument, InstrumentClass, InstrumentId
from domain.ports import AvailabilityLedger
from tests.builders import AAPL, MSFT, ORIGIN, minute_bars, new_partition, written

ADAPTERS: dict[str, Callable[[Path, MemoryClock], AvailabilityLedger]] = {
    "sqlite": lambda folder, clock: SqliteLedger(folder / "catalog" / "ledger.db", clock),
    "memory": lambda _, clock: MemoryLedger(clock),
}
FUTURE = Instrument(
    InstrumentId.parse("ESH4.CME"),
    InstrumentClass.FUTURE,
    "USD",
    2,
    0,
    Decimal("0.25"),
    Decimal(1),
    Decimal(50),
    expiry=dt.date(2024, 3, 15),
)
EVENTS: tuple[Event, ...] = (
    InstrumentRegistered(FUTURE),
    written(new_partition()),
    CsvImported(AAPL, "täglich.csv", "ab" * 32, 5, 5, 0, 0, None, "open", "skip"),
    PartitionRemoved(AAPL, "2024-01-02", 1, "x.parquet", 5, "overwritten"),
)


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture(params=ADAPTERS)
def ledger(
    request: pytest.FixtureRequest, tmp_path: Path, clock: MemoryClock
) -> Iterator[AvailabilityLedger]:
    made = ADAPTERS[request.param](tmp_path, clock)
    yield made
    made.close()


def test_a_new_ledger_is_empty(ledger: AvailabilityLedger) -> None:
    assert ledger.head() == 0
    assert list(ledger.replay()) == []
    assert ledger.availability().known_ids() == ()


def test_events_come_back_as_they_were_with_who_and_when(
    ledger: AvailabilityLedger, clock: MemoryClock
) -> None:
    recorded = ledger.append(EVENTS[:2], ORIGIN, expected_head=0)
    clock.advance(7)
    recorded += ledger.append(EVENTS[2:], ORIGIN, expected_head=2)
    assert tuple(ledger.replay()) == recorded
    assert [one.event for one in recorded] == list(EVENTS)
    assert [one.seq for one in recorded] == [1, 2, 3, 4]
    assert recorded[3].recorded_at - recorded[0].recorded_at == 7
    assert {one.origin for one in recorded} == {ORIGIN}
    assert len({one.event_id for one in recorded}) == 4


def test_a_change_based_on_an_older_head_is_refused_whole(ledger: AvailabilityLedger) -> None:
    ledger.append(EVENTS[:1], ORIGIN, expected_head=0)
    with pytest.raises(LedgerConflictError):
        ledger.append(EVENTS[1:], ORIGIN, expected_head=0)
    assert ledger.head() == 1
    assert ledger.append(EVENTS[1:], ORIGIN, expected_head=1)[-1].seq == 4


def test_a_part_of_the_history_can_be_replayed(ledger: AvailabilityLedger) -> None:
    ledger.append(EVENTS, ORIGIN, expected_head=0)
    assert [one.seq for one in ledger.replay(after=1, upto=3)] == [2, 3]
    assert list(ledger.replay(after=4)) == []


def test_availability_is_the_history_folded_up_to_any_event(ledger: AvailabilityLedger) -> None:
    ledger.append(EVENTS, ORIGIN, expected_head=0)
    assert ledger.availability(upto=2).holdings(AAPL).bars == 5
    assert ledger.availability(upto=0).known_ids() == ()
    now = ledger.availability()
    assert now.holdings(AAPL).bars == 0
    assert now.instruments == {FUTURE.id: FUTURE}
    assert now.head == 4


def test_availability_is_a_snapshot_that_later_events_do_not_change(
    ledger: AvailabilityLedger,
) -> None:
    ledger.append(EVENTS[:2], ORIGIN, expected_head=0)
    before = ledger.availability()
    more = written(new_partition(minute_bars(count=8), series=MSFT))
    ledger.append([more], ORIGIN, expected_head=2)
    assert before.holdings(MSFT).bars == 0
    assert ledger.availability().holdings(MSFT).bars == 8
    assert ledger.availability().holdings(AAPL).bars == 5


def test_appending_nothing_changes_nothing(ledger: AvailabilityLedger) -> None:
    assert ledger.append([], ORIGIN, expected_head=0) == ()
    assert ledger.head() == 0


def test_a_ledger_can_be_used_after_it_was_closed(ledger: AvailabilityLedger) -> None:
    ledger.append(EVENTS[:2], ORIGIN, expected_head=0)
    ledger.close()
    ledger.close()
    assert ledger.head() == 2
    assert ledger.append(EVENTS[2:], ORIGIN, expected_head=2)[-1].seq == 4
