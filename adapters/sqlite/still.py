"""Tells whether a file is still the same, where SQLite cannot keep readers and writers apart."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from adapters.sqlite.patient import Patient

# The change counter, https://www.sqlite.org/fileformat2.html#file_change_counter
_COUNTER, _COUNTER_BYTES = 24, 4
State = tuple[int, ...] | None


class Still:
    """Remembers the ledger's file, and what SQLite keeps beside it, as they are now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Kept open: to close any handle of a file gives up the locks of all others on it.
        self._handle = os.open(path, os.O_RDONLY)
        self._seen = self._now()

    def changed(self) -> bool:
        """Whether anything has written since."""
        return self._now() != self._seen

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)

    def _now(self) -> tuple[object, ...]:
        return (*states(self._path), os.pread(self._handle, _COUNTER_BYTES, _COUNTER))


class Reader(Patient):
    """A connection that only reads; with `still`, what it reads holds while that is unchanged."""

    still: Still | None = None

    def close(self) -> None:
        """Close the connection, and what watches its file."""
        super().close()
        if self.still is not None:
            self.still.close()
            self.still = None


def changed(connection: sqlite3.Connection | None) -> bool:
    """Whether what `connection` has read may be of more than one moment."""
    still = connection.still if isinstance(connection, Reader) else None
    return still is not None and still.changed()


def states(path: Path) -> tuple[State, ...]:
    """Return what tells the files of the ledger at `path` from those of another moment."""
    log, journal = (path.with_name(path.name + suffix) for suffix in ("-wal", "-journal"))
    return _state(path), _state(log), _state(journal)


def _state(path: Path) -> State:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
