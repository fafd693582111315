"""Who keeps the ledger to himself is waited for; that is told, and Ctrl-C ends it."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.memory.clock import MemoryClock
from adapters.sqlite import failures, patient
from adapters.sqlite.keeper import SqliteLedgerKeeper
from adapters.sqlite.ledger import SqliteLedger
from domain import waits
from domain.errors import LedgerError
from tests import histories
from tests.builders import ORIGIN
from tests.integration.sqlite.conftest import NoTask

_HEAD = 16


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "ledger.db"
    with contextlib.closing(SqliteLedger(made, MemoryClock())) as ledger:
        ledger.append(histories.ordinary(), ORIGIN, expected_head=0)
    return made


@pytest.fixture
def foreign(path: Path) -> Iterator[sqlite3.Connection]:
    """The connection of another program, which keeps everybody from writing."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    with contextlib.closing(connection):
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def _append(ledger: SqliteLedger) -> None:
    ledger.append([histories.write()], ORIGIN, expected_head=_HEAD)


def test_what_is_waited_for_is_told_until_it_is_given_up(
    path: Path, foreign: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "BUSY_SECONDS", 2)
    monkeypatch.setattr(waits, "TOLD_AFTER_SECONDS", 0.0)
    told: list[str | None] = []
    with contextlib.closing(SqliteLedger(path, MemoryClock(), tell=told.append)) as ledger:
        with pytest.raises(LedgerError, match="Another process has kept the ledger"):
            _append(ledger)
        assert list(dict.fromkeys(told)) == [
            "Another process keeps the ledger to itself. Giving up in 2 seconds.",
            "Another process keeps the ledger to itself. Giving up in 1 second.",
            None,
        ]
        assert ledger.head() == _HEAD


def test_what_is_over_soon_is_not_told(path: Path, foreign: sqlite3.Connection) -> None:
    told: list[str | None] = []
    threading.Timer(0.5, foreign.rollback).start()
    with contextlib.closing(SqliteLedger(path, MemoryClock(), tell=told.append)) as ledger:
        _append(ledger)
    assert told == []


def test_it_goes_on_when_the_other_has_finished(
    path: Path, foreign: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waits, "TOLD_AFTER_SECONDS", 0.0)
    told: list[str | None] = []

    def tell(sentence: str | None) -> None:
        told.append(sentence)
        if len(told) == 3:
            foreign.rollback()

    with contextlib.closing(SqliteLedger(path, MemoryClock(), tell=tell)) as ledger:
        _append(ledger)
    assert told[-1] is None
    assert None not in told[:-1]


def test_a_replay_tells_it_too(
    path: Path, foreign: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "BUSY_SECONDS", 0.3)
    monkeypatch.setattr(waits, "TOLD_AFTER_SECONDS", 0.0)
    told: list[str | None] = []
    with pytest.raises(LedgerError, match="Another process has kept the ledger"):
        SqliteLedgerKeeper(path, told.append).replay(NoTask())
    assert told[0] == "Another process keeps the ledger to itself. Giving up in 1 second."


def test_ctrl_c_is_heard_while_it_waits(path: Path, foreign: sqlite3.Connection) -> None:
    interrupted = threading.Event()

    def let_go() -> None:
        interrupted.wait(20)
        foreign.rollback()

    other = threading.Thread(target=let_go)
    other.start()
    # In the background of a shell it is ignored, and Python leaves it at that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with contextlib.closing(SqliteLedger(path, MemoryClock())) as ledger:
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            _append(ledger)
        still_kept = foreign.in_transaction
        interrupted.set()
        other.join()
        assert still_kept
        _append(ledger)
        assert ledger.head() == _HEAD + 1
    signal.signal(signal.SIGINT, before)


def test_nobody_waits_for_himself(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process itself is in the way of will never pass."""
    monkeypatch.setattr(waits, "TOLD_AFTER_SECONDS", 0.0)
    told: list[str | None] = []
    connection = patient.connect(path, patient.Patient, told.append)
    with contextlib.closing(connection):
        reading = connection.execute("SELECT * FROM events")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            connection.execute("DROP TABLE events")
        reading.close()
    assert told == []
