"""The connections to the ledger's file of one who reads it and may append to it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from adapters.sqlite import connection as opening
from adapters.sqlite import failures, still
from domain.waits import Tell, untold

_TRIES = 8
_PAUSE = 0.02  # seconds, longer from try to try


class Handles:
    """Opens the file at `path` when it is first asked for, and again when it is another one."""

    def __init__(
        self,
        path: Path,
        open_: Callable[[Path, Tell], still.Reader | None] = opening.open_for_reading,
        tell: Tell = untold,
    ) -> None:
        self._path = path
        self._open = open_
        self._tell = tell
        self._writer: sqlite3.Connection | None = None
        self._reader: still.Reader | None = None
        self._file: tuple[int, int] | None = None

    def writer(self) -> sqlite3.Connection:
        """Return the connection that writes; the file is made where there is none."""
        self._let_go_of_another_file()
        while self._writer is None:
            before = opening.identity(self._path)
            writer = opening.open_for_writing(self._path, self._tell)
            self._file = opening.identity(self._path)
            if before in (None, self._file):
                self._writer = writer
            else:  # it was replaced while it was being opened
                writer.close()
        return self._writer

    def reader(self) -> sqlite3.Connection | None:
        """Return a connection that reads, or None where there is no ledger."""
        self._let_go_of_another_file()
        if self._writer is not None:
            return self._writer
        if self._reader is None:
            self._reader = self._open(self._path, self._tell)
            self._file = opening.identity(self._path)
        return self._reader

    def ask[T](self, question: Callable[[sqlite3.Connection], T]) -> T | None:
        """Return the answer to a question, which reads one moment; None where there is no ledger.

        It is asked again where the file has changed meanwhile and SQLite could not see to it.

        Raises:
            LedgerError: no answer is of one moment, or the question raised it.
            CatalogError: the file cannot be read.
        """
        for number in range(_TRIES):
            if number:
                time.sleep(_PAUSE * number)
            opened = self._reader is not None or self._writer is not None
            before = () if opened else still.states(self._path)
            try:
                with failures.translated(self._path, "read"):
                    reader = self.reader()
                    answer = None if reader is None else question(reader)
            except Exception:
                if not self._changed_since(before):
                    raise
            else:
                if not still.changed(self._reader):
                    return answer
            self.close()
        raise failures.changing(self._path)

    def _changed_since(self, before: tuple[still.State, ...]) -> bool:
        """Whether the last question failed because another process has written meanwhile."""
        if self._writer is not None:
            return False
        if self._reader is not None:
            return still.changed(self._reader)
        return not opening.writable(self._path) and still.states(self._path) != before

    def replaced(self) -> bool:
        """Whether another ledger has the place of the one that is open."""
        return opening.identity(self._path) != self._file

    def close(self) -> None:
        """Close the file."""
        for connection in (self._reader, self._writer):
            if connection is not None:
                connection.close()
        self._reader = self._writer = None

    def _let_go_of_another_file(self) -> None:
        """Close what was opened before another ledger was put in its place."""
        opened = self._writer is not None or self._reader is not None
        if opened and self.replaced():
            self.close()
