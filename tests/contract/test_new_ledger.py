"""What every `NewLedger` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from adapters.memory.clock import MemoryClock
from adapters.memory.ledger import MemoryLedger
from adapters.memory.ledger_keeper import MemoryLedgerKeeper
from adapters.memory.new_ledger import MemoryNewLedger
from adapters.sqlite.keeper import SqliteLedgerKeeper
from adapters.sqlite.ledger import SqliteLedger
from adapters.sqlite.new_ledger import SqliteNewLedger
from domain.errors import CatalogBusyError
from domain.ports import AvailabilityLedger
from domain.upkeep import LedgerKeeper, NewLedger
from tests.aside import put_aside
from tests.builders import ORIGIN, new_partition, written


@attrs.frozen
class Desk:
    """A ledger in use, its keeper, and what makes another one."""

    present: AvailabilityLedger
    keeper: LedgerKeeper
    new: NewLedger


def _sqlite(folder: Path) -> Desk:
    path, clock = folder / "ledger.db", MemoryClock()
    return Desk(SqliteLedger(path, clock), SqliteLedgerKeeper(path), SqliteNewLedger(path, clock))


def _memory(folder: Path) -> Desk:
    clock = MemoryClock()
    ledger = MemoryLedger(clock)
    return Desk(ledger, MemoryLedgerKeeper(ledger), MemoryNewLedger(ledger, clock))


ADAPTERS: dict[str, Callable[[Path], Desk]] = {"sqlite": _sqlite, "memory": _memory}


@pytest.fixture(params=ADAPTERS)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    desk = ADAPTERS[request.param](tmp_path)
    yield desk
    desk.present.close()
    desk.new.begin().close()


def _append(ledger: AvailabilityLedger, revision: int) -> None:
    event = written(new_partition(revision=revision))
    ledger.append([event], ORIGIN, expected_head=ledger.head())


def _revisions(ledger: AvailabilityLedger) -> list[int]:
    return [getattr(one.event, "revision", 0) for one in ledger.replay()]


def test_nobody_sees_a_new_ledger_before_it_takes_its_place(desk: Desk) -> None:
    made = desk.new.begin()
    _append(made, 7)
    assert _revisions(desk.present) == []
    desk.new.take_place()
    assert _revisions(desk.present) == [7]


def test_it_replaces_one_that_was_set_aside(desk: Desk) -> None:
    _append(desk.present, 1)
    made = desk.new.begin()
    _append(made, 8)
    _append(made, 9)
    assert _revisions(desk.present) == [1]
    put_aside(desk.keeper)
    desk.new.take_place()
    assert _revisions(desk.present) == [8, 9]
    assert desk.keeper.head().seq == 2
    _append(desk.present, 10)
    assert _revisions(desk.present) == [8, 9, 10]


def test_it_never_takes_the_place_of_one_that_stands(desk: Desk) -> None:
    _append(desk.present, 1)
    _append(desk.new.begin(), 8)
    with pytest.raises(CatalogBusyError):
        desk.new.take_place()
    assert _revisions(desk.present) == [1]


def test_an_attempt_begins_empty_whatever_an_earlier_one_left(desk: Desk) -> None:
    _append(desk.new.begin(), 5)
    made = desk.new.begin()
    assert _revisions(made) == []
    _append(made, 6)
    desk.new.take_place()
    assert _revisions(desk.present) == [6]


def test_nothing_stays_of_one_that_is_abandoned(desk: Desk, tmp_path: Path) -> None:
    _append(desk.present, 1)
    _append(desk.new.begin(), 5)
    desk.new.abandon()
    assert _revisions(desk.present) == [1]
    assert [path for path in tmp_path.rglob("*") if "rebuilding" in path.name] == []
