"""Many processes use one ledger, and none is told that it is locked."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.memory.clock import MemoryClock
from adapters.sqlite import failures
from adapters.sqlite.keeper import SqliteLedgerKeeper
from adapters.sqlite.ledger import SqliteLedger
from domain.errors import LedgerError
from tests import histories
from tests.builders import ORIGIN
from tests.cli import ROOT
from tests.integration.sqlite.conftest import Connected, NoTask, Opened, verified
from tests.integration.sqlite.test_moving import KILLED


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def _run(path: Path, *kinds: str) -> None:
    """Run a process of each kind at once, and see that none of them failed."""
    program = "tests.integration.sqlite.ledger_process"
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", program, kind, str(path), str(len(kinds))],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for kind in kinds
    ]
    errors = [process.communicate()[1] for process in processes]
    assert [error for error in errors if error] == []
    assert {process.returncode for process in processes} == {0}


def test_many_processes_make_the_ledger_at_the_same_moment(path: Path) -> None:
    _run(path, *["make"] * 6)
    report = verified(path)
    assert (report.problems, report.events) == ((), 18)


def test_many_write_while_many_read(path: Path, opened: Opened) -> None:
    opened(path).prepare()
    _run(path, *["append"] * 3, *["read"] * 3)
    report = verified(path)
    assert (report.problems, report.events) == ((), 3 * 60 * 3)


def test_readers_find_everything_after_a_writer_was_killed(path: Path) -> None:
    for _ in range(3):
        subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, check=False)
    assert path.with_name("ledger.db-wal").exists()
    _check_from_many(path, 48)


def _check_from_many(path: Path, head: int) -> None:
    probe = (
        "import sys; from pathlib import Path; from adapters.memory.clock import MemoryClock;"
        "from adapters.sqlite.ledger import SqliteLedger;"
        f"ledger = SqliteLedger(Path({str(path)!r}), MemoryClock());"
        f"assert ledger.head() == {head}; assert len(list(ledger.replay())) == {head};"
        "ledger.close()"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", probe], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for _ in range(5)
    ]
    assert [process.communicate()[1] for process in processes] == [""] * 5


def test_a_replay_of_the_projections_lets_others_append(path: Path, opened: Opened) -> None:
    ledger = opened(path)
    ledger.append(histories.ordinary(), ORIGIN, expected_head=0)

    class Appending(NoTask):
        def advance(self, steps: int) -> None:
            if ledger.head() == 16:
                ledger.append([histories.write()], ORIGIN, expected_head=16)

    report = SqliteLedgerKeeper(path).replay(Appending())
    assert (report.events, report.head, report.changed) == (17, 17, False)
    assert verified(path).valid


def test_a_check_sees_one_moment_while_others_append(path: Path, opened: Opened) -> None:
    ledger = opened(path)
    ledger.append(histories.ordinary(), ORIGIN, expected_head=0)

    class Appending(NoTask):
        def advance(self, steps: int) -> None:
            ledger.append([histories.write()], ORIGIN, expected_head=ledger.head())

    report = SqliteLedgerKeeper(path).verify(Appending())
    assert (report.problems, report.events, report.head.seq) == ((), 16, 16)
    assert ledger.head() > 16


def test_who_keeps_the_file_to_himself_is_waited_for_and_then_told(
    path: Path, connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "BUSY_SECONDS", 0.2)
    with contextlib.closing(SqliteLedger(path, MemoryClock())) as ledger:
        ledger.append(histories.ordinary(), ORIGIN, expected_head=0)
        foreign = connected(path)
        foreign.execute("BEGIN IMMEDIATE")
        assert ledger.head() == 16
        with pytest.raises(LedgerError, match="Another process has kept the ledger"):
            ledger.append([histories.write()], ORIGIN, expected_head=16)
        foreign.rollback()
        assert ledger.append([histories.write()], ORIGIN, expected_head=16)[0].seq == 17


def test_who_locks_the_whole_file_is_told_to_readers(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.closing(SqliteLedger(path, MemoryClock())) as ledger:
        ledger.append(histories.ordinary(), ORIGIN, expected_head=0)
    monkeypatch.setattr(failures, "BUSY_SECONDS", 0.2)
    with contextlib.closing(sqlite3.connect(path)) as foreign:
        foreign.execute("PRAGMA locking_mode = EXCLUSIVE")
        foreign.execute("BEGIN EXCLUSIVE")
        for attempt in (
            lambda ledger: ledger.head(),
            lambda ledger: ledger.append([histories.write()], ORIGIN, expected_head=16),
        ):
            with (
                contextlib.closing(SqliteLedger(path, MemoryClock())) as ledger,
                pytest.raises(LedgerError, match="Another process has kept the ledger"),
            ):
                attempt(ledger)
        with pytest.raises(LedgerError, match="Another process has kept the ledger"):
            verified(path)
    assert verified(path).events == 16
