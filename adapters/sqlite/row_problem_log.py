"""What is wrong with rows: a few problems in memory, many in a database that has no name."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import batched
from pathlib import Path

from domain.errors import DiskFullError
from domain.rules import RowProblem

MOST_IN_MEMORY = 20_000
_BATCH = 1_000
# Texts are blobs, for a text of SQLite cannot hold all that one of Python can. Their bytes order
# as the characters do. The number keeps problems apart that are equal.
_PREPARE = """
PRAGMA temp_store = FILE;
PRAGMA cache_size = -8000;
PRAGMA journal_mode = OFF;
CREATE TEMP TABLE problems (
    line INTEGER, column_name BLOB, value BLOB, problem BLOB, number INTEGER,
    PRIMARY KEY (line, column_name, value, problem, number)
) WITHOUT ROWID;
BEGIN;
"""
_ADD = "INSERT INTO problems VALUES (?, ?, ?, ?, ?)"
_ALL = (
    "SELECT line, column_name, value, problem FROM problems"
    " ORDER BY line, column_name, value, problem"
)
_LINES = "SELECT count(DISTINCT line) FROM problems"
# https://www.sqlite.org/tempfiles.html#temporary_file_storage_locations
_FOLDERS = ("/var/tmp", "/usr/tmp", "/tmp", ".")  # noqa: S108 - nothing is written by this module


class SqliteRowProblemLog:
    """A `RowProblemLog` that holds `most_in_memory` problems, and puts more on the disk.

    The disk is that of the temporary folder; the file there has no name and ends with the
    process, however that ends. Every method raises DiskFullError where it takes no more.
    """

    def __init__(self, most_in_memory: int = MOST_IN_MEMORY) -> None:
        self._most = most_in_memory
        self._held: list[RowProblem] = []
        self._stored: sqlite3.Connection | None = None
        self._count = 0
        self._closed = False

    def add(self, problems: Iterable[RowProblem]) -> None:
        """Keep problems, in any order."""
        self._check_open()
        for batch in batched(problems, _BATCH):
            self._held.extend(batch)
            if self._stored or len(self._held) > self._most:
                self._store()

    def __len__(self) -> int:
        """Return how many problems there are."""
        self._check_open()
        return self._count + len(self._held)

    def __iter__(self) -> Iterator[RowProblem]:
        """Yield all in order, as often as asked."""
        self._check_open()
        return iter(sorted(self._held)) if self._stored is None else _problems(self._stored)

    def lines(self) -> int:
        """Return how many different lines have a problem."""
        self._check_open()
        if self._stored is None:
            return len({problem.line for problem in self._held})
        with _translated():
            count: int = self._stored.execute(_LINES).fetchone()[0]
        return count

    def close(self) -> None:
        """Give the disk's room back; what is asked afterwards is a ValueError."""
        self._closed = True
        self._held = []
        if self._stored is not None:
            self._stored.close()
            self._stored = None

    def _store(self) -> None:
        with _translated():
            if self._stored is None:
                self._stored = sqlite3.connect("", isolation_level=None)
                self._stored.executescript(_PREPARE)
            self._stored.executemany(
                _ADD, (_row(problem, self._count + n) for n, problem in enumerate(self._held))
            )
        self._count += len(self._held)
        self._held = []

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError("the log is closed")


class SqliteProblemLogs:
    """Makes logs, and closes all that it has made."""

    def __init__(self) -> None:
        self._made: list[SqliteRowProblemLog] = []

    def __call__(self) -> SqliteRowProblemLog:
        """Return a new log."""
        log = SqliteRowProblemLog()
        self._made.append(log)
        return log

    def close(self) -> None:
        """Close every log."""
        for log in self._made:
            log.close()
        self._made.clear()


def _row(problem: RowProblem, number: int) -> tuple[int, bytes, bytes, bytes, int]:
    column, value, what = map(_bytes, (problem.column, problem.value, problem.problem))
    return problem.line, column, value, what, number


def _problems(stored: sqlite3.Connection) -> Iterator[RowProblem]:
    with _translated():
        for line, *texts in stored.execute(_ALL):
            yield RowProblem(line, *map(_text, texts))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogatepass")


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise DiskFullError(
            "What is wrong with the rows of the file does not fit into the temporary folder "
            f"{_temporary_folder()} ({error}).",
            "Set TMPDIR to a folder with room that can be written to, then run the same command "
            "again.",
        ) from error


def _temporary_folder() -> Path:
    """Return where SQLite puts what has no name."""
    named = (os.environ.get("SQLITE_TMPDIR"), os.environ.get("TMPDIR"), *_FOLDERS)
    folders = (Path(folder) for folder in named if folder)
    return next(
        (one for one in folders if one.is_dir() and os.access(one, os.W_OK | os.X_OK)), Path()
    )
