"""What every `LedgerKeeper` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from adapters.memory.clock import MemoryClock
from adapters.memory.ledger import MemoryLedger
from adapters.memory.ledger_keeper import MemoryLedgerKeeper
from adapters.sqlite.keeper import SqliteLedgerKeeper
from adapters.sqlite.ledger import SqliteLedger
from domain.errors import BackupError, LedgerConflictError
from domain.ports import AvailabilityLedger
from domain.upkeep import LedgerHead, LedgerKeeper, ReplayReport
from tests import histories
from tests.aside import put_aside
from tests.builders import ORIGIN

Kept = tuple[AvailabilityLedger, LedgerKeeper]


def _sqlite(folder: Path, clock: MemoryClock) -> Kept:
    path = folder / "catalog" / "ledger.db"
    return SqliteLedger(path, clock), SqliteLedgerKeeper(path)


def _memory(_: Path, clock: MemoryClock) -> Kept:
    ledger = MemoryLedger(clock)
    return ledger, MemoryLedgerKeeper(ledger)


ADAPTERS: dict[str, Callable[[Path, MemoryClock], Kept]] = {"sqlite": _sqlite, "memory": _memory}


@attrs.define
class Task:
    """Counts the steps."""

    done: int = 0

    def advance(self, steps: int) -> None:
        self.done += steps


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture(params=ADAPTERS)
def kept(request: pytest.FixtureRequest, tmp_path: Path, clock: MemoryClock) -> Iterator[Kept]:
    ledger, keeper = ADAPTERS[request.param](tmp_path, clock)
    yield ledger, keeper
    ledger.close()


def _append(ledger: AvailabilityLedger, count: int | None = None) -> int:
    events = histories.ordinary()[:count]
    return ledger.append(events, ORIGIN, expected_head=ledger.head())[-1].seq


def test_the_head_stands_for_all_events_up_to_it(kept: Kept, clock: MemoryClock) -> None:
    ledger, keeper = kept
    assert keeper.head() == LedgerHead(0, "0" * 64, 0)
    _append(ledger, 2)
    first = keeper.head()
    assert (first.seq, first.recorded_at) == (2, clock.now())
    assert len(bytes.fromhex(first.hash)) == 32
    clock.advance(5)
    _append(ledger, 1)
    second = keeper.head()
    assert (second.seq, second.recorded_at) == (3, clock.now())
    assert second.hash != first.hash


def test_a_ledger_that_nobody_touched_is_valid(kept: Kept) -> None:
    ledger, keeper = kept
    empty = keeper.verify(Task())
    assert (empty.valid, empty.events, empty.head.seq) == (True, 0, 0)
    ledger.prepare()
    assert keeper.verify(Task()) == empty
    last, task = _append(ledger), Task()
    report = keeper.verify(task)
    assert report.valid
    assert (report.events, report.first_broken, report.warnings) == (last, None, ())
    assert report.head == keeper.head()
    assert task.done == last


def test_a_head_that_was_kept_is_found_again(kept: Kept) -> None:
    ledger, keeper = kept
    _append(ledger, 3)
    head = keeper.head()
    _append(ledger)
    for seq, digest in ((0, "0" * 64), (head.seq, head.hash), (head.seq, head.hash.upper())):
        assert keeper.verify(Task(), expected=(seq, digest)).valid


def test_a_tail_that_was_cut_off_is_found_by_the_head_that_was_kept(kept: Kept) -> None:
    ledger, keeper = kept
    last = _append(ledger)
    report = keeper.verify(Task(), expected=(last + 3, "ab" * 32))
    assert not report.valid
    assert report.first_broken == last + 1
    assert f"Event {last + 1} is missing" in report.problems[0]


def test_a_history_that_was_written_anew_is_found_by_the_head_that_was_kept(kept: Kept) -> None:
    ledger, keeper = kept
    _append(ledger)
    for seq in (0, 2):
        report = keeper.verify(Task(), expected=(seq, "ab" * 32))
        assert not report.valid
        assert "written anew" in report.problems[0]


def test_an_empty_ledger_is_not_what_was_kept(kept: Kept) -> None:
    _, keeper = kept
    report = keeper.verify(Task(), expected=(2, "ab" * 32))
    assert (report.valid, report.first_broken) == (False, 1)


def test_a_replay_of_what_was_right_changes_nothing(kept: Kept) -> None:
    ledger, keeper = kept
    assert keeper.replay(Task()) == ReplayReport(0, 0, changed=False)
    last, task = _append(ledger), Task()
    before = histories.shown(ledger.availability())
    assert keeper.replay(task) == ReplayReport(last, last, changed=False)
    assert task.done == last
    assert histories.shown(ledger.availability()) == before


def test_a_copy_is_made_once(kept: Kept, tmp_path: Path) -> None:
    ledger, keeper = kept
    assert keeper.copy(tmp_path / "none") == 0
    last = _append(ledger)
    assert keeper.copy(tmp_path / "backup") == last
    with pytest.raises(BackupError, match="already"):
        keeper.copy(tmp_path / "backup")
    assert keeper.copy(tmp_path / "another") == last


def test_a_ledger_that_was_set_aside_makes_room_for_a_new_one(kept: Kept) -> None:
    ledger, keeper = kept
    assert put_aside(keeper) is None
    _append(ledger, 4)
    first = put_aside(keeper)
    assert first is not None
    assert first.startswith(".quarantine/")
    assert ledger.head() == 0
    assert ledger.availability().known_ids() == ()
    assert _append(ledger, 2) == 2
    second = put_aside(keeper)
    assert second not in (None, first)
    assert keeper.head().seq == 0


def test_a_ledger_that_has_grown_meanwhile_is_not_set_aside(kept: Kept) -> None:
    ledger, keeper = kept
    _append(ledger, 2)
    with pytest.raises(LedgerConflictError), keeper.set_aside(1):
        pass
    with keeper.set_aside(2) as aside:
        assert aside.kept is not None
    assert ledger.head() == 2


@pytest.mark.parametrize("gone", [False, True])
def test_a_ledger_stays_where_no_other_could_take_its_place(kept: Kept, *, gone: bool) -> None:
    ledger, keeper = kept
    _append(ledger, 2)
    before = list(ledger.replay())
    with pytest.raises(ValueError, match="full"), keeper.set_aside() as aside:  # noqa: PT012
        if gone:
            aside.give_way()
        raise ValueError("full")
    assert list(ledger.replay()) == before
    assert _append(ledger, 1) == 3
