"""Connections that wait for other processes, and can be interrupted while they do.

SQLite's own wait is deaf: no signal reaches Python until it is over. So SQLite waits for a short
turn at a time, and Python for as many as it takes.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from adapters.sqlite import failures
from domain.waits import Tell, Wait, untold

_TURN_SECONDS = 0.2
# Some locks SQLite does not wait for at all.
_PAUSE_SECONDS = 0.01
_WHAT = "Another process keeps the ledger to itself."


class Patient(sqlite3.Connection):
    """A connection whose statements wait while another process is in the way.

    Raises:
        sqlite3.OperationalError: it was in the way for `failures.BUSY_SECONDS`.
    """

    tell: Tell = staticmethod(untold)

    def execute(self, *statement: Any) -> sqlite3.Cursor:
        """Execute a statement, when that can be done."""
        try:
            return super().execute(*statement)
        except sqlite3.OperationalError as error:
            if not _passes(error):
                raise
        return self._wait(*statement)

    def _wait(self, *statement: Any) -> sqlite3.Cursor:
        with Wait(_WHAT, failures.BUSY_SECONDS, self.tell) as wait:
            while True:
                left = wait.left()
                time.sleep(_PAUSE_SECONDS)
                try:
                    return super().execute(*statement)
                except sqlite3.OperationalError as error:
                    if not _passes(error) or left <= 0:
                        raise


def connect[T: Patient](
    address: Path | str, factory: type[T], tell: Tell = untold, **options: Any
) -> T:
    """Return a connection to the database at `address`, which tells `tell` of long waits."""
    turn = min(_TURN_SECONDS, failures.BUSY_SECONDS)
    connection = sqlite3.connect(
        address, timeout=turn, isolation_level=None, factory=factory, **options
    )
    connection.tell = tell
    return connection


def _passes(error: sqlite3.Error) -> bool:
    """Whether another process is in the way: not this one, nor what it has read before."""
    of_this_process = (sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_BUSY_SNAPSHOT)
    return failures.is_busy(error) and error.sqlite_errorcode not in of_this_process
