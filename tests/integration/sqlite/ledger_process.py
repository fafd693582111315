"""What the other processes of the tests do with a ledger; the first argument says which."""

from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path

from adapters.memory.clock import MemoryClock
from adapters.sqlite.ledger import SqliteLedger
from domain.availability import fold
from domain.errors import LedgerConflictError
from tests import histories
from tests.builders import ORIGIN

ENOUGH = "enough"


def _at_once(path: Path, count: int) -> None:
    """Wait until all `count` processes are there."""
    (path.parent / f"ready-{os.getpid()}").touch()
    while len(list(path.parent.glob("ready-*"))) < count:
        time.sleep(0.001)


def make(path: Path, count: int) -> None:
    """Make the ledger, if it is not there, together with others."""
    importlib.import_module("sqlite_utils.migrations")  # so that all begin at the same moment

    _at_once(path, count)
    ledger = SqliteLedger(path, MemoryClock())
    ledger.prepare()
    _append(ledger)
    ledger.close()


def append(path: Path, count: int) -> None:
    """Append many small batches, together with others."""
    _at_once(path, count)
    ledger = SqliteLedger(path, MemoryClock())
    for _ in range(60):
        _append(ledger)
    ledger.close()


def _append(ledger: SqliteLedger) -> None:
    while True:
        try:
            ledger.append([histories.write()] * 3, ORIGIN, expected_head=ledger.head())
        except LedgerConflictError:
            continue
        return


def read(path: Path, count: int) -> None:
    """Read snapshots, each of which is the fold of the events up to its head."""
    _at_once(path, count)
    seen = 0
    for _ in range(40):
        ledger = SqliteLedger(path, MemoryClock())
        snapshot = ledger.availability()
        assert snapshot.head >= seen
        assert snapshot.head % 3 == 0, "a batch is there whole or not at all"
        seen = snapshot.head
        events = list(ledger.replay(upto=seen))
        assert [one.seq for one in events] == list(range(1, seen + 1))
        assert histories.shown(snapshot) == histories.shown(fold(events))
        ledger.close()


def append_and_close(path: Path, count: int) -> None:
    """Append batches, each with a file that is opened and closed for it, while anybody reads."""
    _at_once(path, count)
    while not (path.parent / ENOUGH).exists():
        ledger = SqliteLedger(path, MemoryClock())
        _append(ledger)
        ledger.close()
        # Whoever may not write can only read while nothing changes.
        time.sleep(0.05)


def read_long(path: Path, count: int) -> None:
    """Read with one handle, where nothing can be written, until the head has moved that often."""
    ledger = SqliteLedger(path, MemoryClock())
    seen, moved = ledger.head(), 0
    Path(os.environ["WRITABLE"], f"ready-{os.getpid()}").touch()
    while moved < count:
        snapshot = ledger.availability()
        assert snapshot.head >= seen
        assert snapshot.head % 3 == 0, "a batch is there whole or not at all"
        moved += snapshot.head > seen
        seen = snapshot.head
        events = list(ledger.replay(upto=seen))
        assert [one.seq for one in events] == list(range(1, seen + 1))
        assert histories.shown(snapshot) == histories.shown(fold(events))
    ledger.close()


if __name__ == "__main__":
    tasks = (make, append, append_and_close, read, read_long)
    {one.__name__: one for one in tasks}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
