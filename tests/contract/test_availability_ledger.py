"""What every `AvailabilityLedger` does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from adapters.memory.clock import MemoryClock
from adapters.memory.ledger import MemoryLedger
from adapters.sqlite.ledger import SqliteLedger
from domain.availability import fold
from domain.errors import InvalidAsOfError, LedgerConflictError
from domain.events import (
    CsvImported,
    Event,
    InstrumentRegistered,
    Origin,
    PartitionMarkedCorrupt,
    PartitionRemoved,
    RevisionsDiscarded,
)
from domain.instrument import Instrument, InstrumentClass, InstrumentId
from domain.ports import AvailabilityLedger
from tests import histories
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


def test_the_events_of_one_series_can_be_replayed(ledger: AvailabilityLedger) -> None:
    ledger.append(histories.ordinary(), ORIGIN, expected_head=0)
    assert [one.seq for one in ledger.replay(series=MSFT)] == [5, 6, 7]
    assert [one.seq for one in ledger.replay(after=5, upto=6, series=MSFT)] == [6]
    assert list(ledger.replay(series=histories.DAILY)) == []
    about = [one.event for one in ledger.replay(series=AAPL)]
    assert about == [one for one in histories.ordinary() if getattr(one, "series", None) == AAPL]


def test_a_replay_ends_where_the_ledger_ended_when_it_began(ledger: AvailabilityLedger) -> None:
    ledger.append(EVENTS[:2], ORIGIN, expected_head=0)
    seen = []
    for one in ledger.replay():
        seen.append(one.seq)
        ledger.append(EVENTS[2:3], ORIGIN, expected_head=ledger.head())
    assert seen == [1, 2]


def test_a_time_finds_the_last_event_recorded_up_to_it(
    ledger: AvailabilityLedger, clock: MemoryClock
) -> None:
    began = clock.now()
    ledger.append(EVENTS[:2], ORIGIN, expected_head=0)
    clock.advance(10)
    ledger.append(EVENTS[2:], ORIGIN, expected_head=2)
    assert [ledger.head_at(began + after) for after in (-1, 0, 9, 10, 11)] == [0, 2, 2, 4, 4]


@pytest.mark.parametrize("slow", [5, 10_000_000_000_000_000_000])
def test_a_slow_clock_misleads_about_no_time(
    ledger: AvailabilityLedger, clock: MemoryClock, slow: int
) -> None:
    """One event that says it was first of all does not put the others before any early time."""
    began = clock.now()
    slow = min(slow, began)
    ledger.append(EVENTS[:2], ORIGIN, expected_head=0)
    clock.advance(10)
    ledger.append(EVENTS[2:], ORIGIN, expected_head=2)
    clock.advance(-slow)
    ledger.append(EVENTS[2:3], ORIGIN, expected_head=4)
    clock.advance(slow + 10)
    ledger.append(EVENTS[2:3], ORIGIN, expected_head=5)
    assert [ledger.head_at(began + after) for after in (10, 19, 20, 30)] == [5, 5, 6, 6]
    for after in (max(0, 10 - slow), 9):
        with pytest.raises(InvalidAsOfError, match=r"event 3 .* event 5, which came after"):
            ledger.head_at(began + after)
    if slow == 5:
        assert [ledger.head_at(began + after) for after in (-1, 0, 4)] == [0, 2, 2]


def test_a_fast_clock_hides_nothing_unsaid(ledger: AvailabilityLedger, clock: MemoryClock) -> None:
    began = clock.now()
    ledger.append(EVENTS[:2], ORIGIN, expected_head=0)
    clock.advance(10**18)
    ledger.append(EVENTS[2:3], ORIGIN, expected_head=2)
    clock.advance(10 - 10**18)
    ledger.append(EVENTS[3:], ORIGIN, expected_head=3)
    assert [ledger.head_at(began + after) for after in (-1, 0, 9)] == [0, 2, 2]
    for after in (10, 10**18 - 1):
        with pytest.raises(InvalidAsOfError, match="clock ran backwards") as raised:
            ledger.head_at(began + after)
        assert "event 3 " in raised.value.message
        assert "2 is the last one before them" in raised.value.recovery
    assert ledger.head_at(began + 10**18) == 4


def test_a_ledger_is_there_once_it_was_prepared(ledger: AvailabilityLedger) -> None:
    ledger.prepare()
    ledger.prepare()
    assert ledger.exists()
    assert ledger.head() == 0
    assert ledger.head_at(2**62) == 0
    assert ledger.append(EVENTS, ORIGIN, expected_head=0)[-1].seq == 4


def test_availability_as_of_any_event_is_the_fold_of_the_events_up_to_it(
    ledger: AvailabilityLedger,
) -> None:
    recorded = ledger.append(histories.everything(), ORIGIN, expected_head=0)
    for upto in range(len(recorded) + 1):
        as_of = ledger.availability(upto=upto)
        assert histories.shown(as_of) == histories.shown(fold(recorded[:upto]))
        assert as_of == fold(recorded[:upto])
    assert ledger.availability(upto=1000) == fold(recorded)


LATER: tuple[Event, ...] = (
    histories.write(histories.DAYS[0], 2, count=9),
    PartitionRemoved(AAPL, histories.DAYS[1], 1, "x.parquet", 5, "removed"),
    PartitionMarkedCorrupt(AAPL, histories.DAYS[2], 1, "x.parquet", "it is cut"),
    histories.write("2024-01-05"),
    histories.write(series=MSFT),
    InstrumentRegistered(FUTURE),
    RevisionsDiscarded(AAPL, ((histories.DAYS[0], 1),), 1, 1),
)


def test_a_snapshot_is_the_same_whatever_is_appended_before_it_is_read(
    ledger: AvailabilityLedger, clock: MemoryClock
) -> None:
    first = [histories.write(day) for day in histories.DAYS]
    expected = histories.shown(fold(ledger.append(first, ORIGIN, expected_head=0)))
    snapshot = ledger.availability()
    opened = ledger.availability()
    held = opened.holdings(AAPL)
    assert len(held.partitions) == 3
    clock.advance(1)
    ledger.append(LATER, ORIGIN, expected_head=3)
    assert histories.shown(snapshot) == expected
    assert histories.shown(opened) == expected
    ledger.close()
    assert histories.shown(snapshot) == expected
    assert histories.shown(opened) == expected
    assert held.corrupt == frozenset()
    assert held.next_revision(histories.DAYS[0]) == 2
    assert ledger.availability().holdings(AAPL).corrupt == {histories.DAYS[2]}


def test_one_attribute_of_each_partition_can_be_had_by_itself(ledger: AvailabilityLedger) -> None:
    ledger.append(histories.ordinary(), ORIGIN, expected_head=0)
    partitions = ledger.availability().holdings(AAPL).partitions
    assert len(partitions) == 2
    assert dict(partitions.items()) == dict(partitions)
    assert list(partitions.values()) == [partitions[name] for name in partitions]
    for attribute in ("trading_dates", "coverage", "bars", "size", "path", "detail", "cause"):
        assert list(partitions.each(attribute)) == [
            getattr(partitions[name], attribute) for name in partitions
        ]


def test_what_is_not_held_is_not_found(ledger: AvailabilityLedger) -> None:
    ledger.append(EVENTS[:2], ORIGIN, expected_head=0)
    now = ledger.availability()
    for mapping, key in (
        (now.series, MSFT),
        (now.instruments, MSFT.instrument_id),
        (now.holdings(AAPL).partitions, "2024-01-03"),
        (now.holdings(AAPL).revisions, "2024-01-03"),
    ):
        assert key not in mapping
        with pytest.raises(KeyError):
            mapping[key]


def test_names_that_are_not_utf_8_are_kept(ledger: AvailabilityLedger) -> None:
    odd = CsvImported(AAPL, "t\udce4glich.csv", "ab" * 32, 5, 5, 0, 0, None, "open", "skip")
    origin = Origin("tr\udce4der", "desk", "test", "run-1")
    recorded = ledger.append([odd], origin, expected_head=0)
    assert tuple(ledger.replay()) == recorded


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=histories.batches)
@pytest.mark.parametrize("name", ADAPTERS)
def test_whatever_happens_the_availability_is_the_fold_of_the_events(
    name: str, tmp_path_factory: pytest.TempPathFactory, batches: list[list[Event]]
) -> None:
    clock = MemoryClock()
    ledger = ADAPTERS[name](tmp_path_factory.mktemp("ledger"), clock)
    recorded, pinned = [], []
    for batch in batches:
        clock.advance(3)
        recorded += ledger.append(batch, ORIGIN, expected_head=len(recorded))
        pinned.append((len(recorded), ledger.availability()))
    assert list(ledger.replay()) == recorded
    for upto, snapshot in pinned:
        assert histories.shown(snapshot) == histories.shown(fold(recorded[:upto]))
    for upto in range(len(recorded) + 1):
        as_of = ledger.availability(upto=upto)
        assert histories.shown(as_of) == histories.shown(fold(recorded[:upto]))
    ledger.close()
