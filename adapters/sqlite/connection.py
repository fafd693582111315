"""How the ledger's file is opened, for writing or where nothing can be written."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from adapters.sqlite import failures, migrations, private_copy, schema
from adapters.sqlite.patient import Patient, connect
from adapters.sqlite.still import Reader, Still
from domain.waits import Tell, untold

_HEADER = 100  # bytes, https://www.sqlite.org/fileformat2.html#the_database_header
# Kilobytes: an import appends to three indexes, each series in another place of one of them.
_CACHE = 32_000


def open_for_writing(path: Path, tell: Tell = untold) -> sqlite3.Connection:
    """Open the ledger at `path`, making it and its folder, or its newer tables, where needed."""
    with failures.translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            _check_header(path)
        connection = connect(path, Patient, tell)
        with _closed_on_failure(connection):
            connection.execute(f"PRAGMA cache_size = -{_CACHE}")
            # A database that is somebody else's stays as it is.
            if not schema.is_empty(connection):
                _check(connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            if schema.version(connection) < schema.VERSION:
                with transaction(connection):
                    # Another process may have done it meanwhile.
                    if schema.is_empty(connection) or _check(connection, path) < schema.VERSION:
                        migrations.migrate(connection, path)
            _check(connection, path)
    return connection


def open_for_reading(path: Path, tell: Tell = untold) -> Reader | None:
    """Open the ledger at `path` without changing anything, or return None where there is none."""
    with failures.translated(path, "read"):
        connection = open_unchecked(path, tell)
        if connection is None:
            return None
        with _closed_on_failure(connection):
            if not schema.is_empty(connection):
                _check(connection, path)
                return connection
        connection.close()
    return None


def open_unchecked(path: Path, tell: Tell = untold, *, any_thread: bool = False) -> Reader | None:
    """Open whatever database is at `path`, for reading only; None where there is no file.

    Where nothing can be written, SQLite can only read a file that nobody else writes. The
    connection is watched there: what it has read holds unless it is `still.changed` afterwards.
    """
    if not path.exists():
        _check_folder(path.parent)
        return None
    _check_header(path)
    if not writable(path):
        return _open_where_nothing_is_written(path, tell, any_thread=any_thread)
    connection = _connect(path, tell, any_thread=any_thread)
    if _is_half_made(connection):
        connection.close()
        _undo(path, tell)
        connection = _connect(path, tell, any_thread=any_thread)
    if _lacks_room(connection, path):
        connection.close()
        return _watched(path, any_thread=any_thread)
    return connection


def _open_where_nothing_is_written(path: Path, tell: Tell, *, any_thread: bool) -> Reader:
    """Open a file beside which SQLite cannot make what it needs to keep an order with writers."""
    if not _pending(path):
        return _watched(path, any_thread=any_thread)
    connection = _connect(path, tell, any_thread=any_thread)
    try:
        # The index of the log, which a living writer or one that was killed has made, will do.
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        connection.close()
        if not failures.is_forbidden(error):
            raise
        return _copied(path, any_thread=any_thread)
    return connection


def _watched(path: Path, *, any_thread: bool) -> Reader:
    """Open a file that should not change."""
    still = Still(path)
    try:
        connection = _connect(path, untold, any_thread=any_thread, immutable=True)
    except BaseException:
        still.close()
        raise
    connection.still = still
    if _pending(path):  # it has come this moment
        connection.close()
        raise failures.changing(path)
    return connection


def _copied(path: Path, *, any_thread: bool) -> Reader:
    """Open a private copy of the file and of its log, which only the copy can be joined with."""
    still = Still(path)
    try:
        connection = private_copy.opened(
            path, lambda copy: _connect(copy, untold, any_thread=any_thread, immutable=True)
        )
    except BaseException:
        still.close()
        raise
    connection.still = still
    if still.changed():
        connection.close()
        raise failures.changing(path)
    return connection


def _connect(path: Path, tell: Tell, *, any_thread: bool, immutable: bool = False) -> Reader:
    return connect(
        f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if immutable else ''}",
        Reader,
        tell,
        check_same_thread=not any_thread,
        uri=True,
    )


def _lacks_room(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether only a full disk keeps SQLite from making the files that it wants beside this one."""
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        _raise_if_busy(error)
        return failures.is_full(error, path.parent) and not _pending(path)
    return False


def _is_half_made(connection: sqlite3.Connection) -> bool:
    """Whether a writer died while it made the file, which SQLite lets no mere reader undo."""
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        _raise_if_busy(error)
        return error.sqlite_errorcode == sqlite3.SQLITE_READONLY_ROLLBACK
    return False


def _raise_if_busy(error: sqlite3.Error) -> None:
    """Raise what was waited for long enough, and would be again by the next statement."""
    if failures.is_busy(error):
        raise error


def _undo(path: Path, tell: Tell) -> None:
    """Have SQLite roll back what a writer began in the file and did not live to finish."""
    writer = connect(path, Patient, tell)
    with contextlib.closing(writer):
        writer.execute("PRAGMA schema_version").fetchone()


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells the file at `path` from one that took its place, None without one."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def settle(connection: sqlite3.Connection) -> None:
    """Make final what a writer left that died in the middle of its commit.

    Its commit may lie whole in the write-ahead log, and not yet in the index of the log that all
    share who have the file open: nobody sees it, until the last of them has closed the file, and
    SQLite makes the index anew. Another commit, be it of nothing, takes its place in the log.
    """
    with transaction(connection):
        connection.execute(f"PRAGMA user_version = {schema.version(connection)}")


def _check_header(path: Path) -> None:
    """Refuse the stump of a file, which SQLite would take for an empty database, and no file."""
    if not path.is_file():
        raise failures.no_file(path)
    if 0 < path.stat().st_size < _HEADER:
        raise failures.damaged(path, "it is cut off")


def _check_folder(folder: Path) -> None:
    """Refuse a folder that could never be made because a file stands in its way."""
    nearest = next(one for one in (folder, *folder.parents) if one.exists())
    if not nearest.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(nearest))


@contextlib.contextmanager
def _closed_on_failure(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


def writable(path: Path) -> bool:
    """Whether the file can be written, and what SQLite makes beside it."""
    return os.access(path.parent, os.W_OK) and os.access(path, os.W_OK)


def _pending(path: Path) -> bool:
    """Whether the write-ahead log holds what the file does not hold yet."""
    log = path.with_name(path.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def _check(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of the ledger's tables, which must be one that is understood."""
    number = schema.version(connection)
    if not 1 <= number <= schema.VERSION:
        raise failures.not_a_ledger(path)
    return number


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold the only right to write from the start; commit at the end, or roll all back."""
    try:
        # Ctrl-C can come when the right is there, and nothing is done with it yet.
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """Let all that is read be of one moment, whatever others write meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
