"""How the ledger's file is opened, for writing or where nothing can be written."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from adapters.sqlite import schema
from domain.errors import CatalogError, CatalogReadOnlyError, DiskFullError, LedgerError

_BUSY_SECONDS = 60
# Less than the shared memory and the first pages of a write-ahead log take.
_LEAST_SPACE = 128 * 1024


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open the ledger at `path`, making it and its folder where there is none."""
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        with _closed_on_failure(connection):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            with transaction(connection):
                if schema.is_empty(connection):
                    schema.create(connection)
            _check(connection, path)
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection | None:
    """Open the ledger at `path` without changing anything, or return None where there is none."""
    with translated(path, "read"):
        if not path.exists():
            _check_folder(path.parent)
            return None
        connection = sqlite3.connect(_uri(path), timeout=_BUSY_SECONDS, uri=True)
        with _closed_on_failure(connection):
            connection.isolation_level = None
            if not schema.is_empty(connection):
                _check(connection, path)
                return connection
        connection.close()
    return None


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


def _uri(path: Path) -> str:
    """Return how SQLite opens the file: WAL needs to write beside it, unless nothing can change."""
    writable = os.access(path.parent, os.W_OK) and os.access(path, os.W_OK)
    pending = path.with_name(path.name + "-wal")
    immutable = not writable and not (pending.exists() and pending.stat().st_size)
    return f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if immutable else ''}"


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if not schema.is_ledger(connection):
        raise LedgerError(
            f"{path} is not a ledger that this version of barledger understands.",
            "Name another folder with --catalog, or upgrade barledger.",
        )


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold the only right to write from the start; commit at the end, or roll all back."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def translated(path: Path, doing: str = "written to") -> Iterator[None]:
    """Turn what SQLite and the system raise into errors that say what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _from_sqlite(error, path, doing) from error
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise _not_allowed(path, str(error.strerror), doing) from error
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(path) from error
        raise CatalogError(
            f"The Parquet catalog {path.parent} cannot be used ({error.strerror}).",
            "Name a folder with --catalog; it is made if it does not exist.",
        ) from error


def _not_allowed(path: Path, reason: str, doing: str) -> CatalogReadOnlyError:
    return CatalogReadOnlyError(
        f"The Parquet catalog {path.parent} cannot be {doing} ({reason}).",
        "Give yourself that right, or name another folder with --catalog.",
    )


def _full(path: Path) -> DiskFullError:
    return DiskFullError(
        f"The disk that holds the ledger {path} is full.",
        "Free some space, then run the same command again: nothing is half-written.",
    )


def _from_sqlite(error: sqlite3.Error, path: Path, doing: str) -> CatalogError | LedgerError:
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    if primary == sqlite3.SQLITE_FULL or (primary == sqlite3.SQLITE_IOERR and _no_space(path)):
        return _full(path)
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return _not_allowed(path, str(error), doing)
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LedgerError(
            f"Another process has kept the ledger {path} to itself for {_BUSY_SECONDS} seconds.",
            "Wait until it has finished, then run the command again.",
        )
    return LedgerError(
        f"The ledger {path} cannot be used ({error}).",
        "Put it back from a backup, or name another folder with --catalog.",
    )


def _no_space(path: Path) -> bool:
    """Whether the disk has no room left: SQLite reports that as a failure to write."""
    try:
        return shutil.disk_usage(path.parent).free < _LEAST_SPACE
    except OSError:
        return False
