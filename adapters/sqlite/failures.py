"""What SQLite and the system raise, turned into errors that say what to do."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from adapters.sqlite import schema
from adapters.sqlite.serialization import UnknownEventError, UnreadableEventError
from domain.errors import (
    CatalogError,
    CatalogReadOnlyError,
    DiskFullError,
    LedgerDamagedError,
    LedgerError,
)

BUSY_SECONDS = 60
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_OF_NO_SPACE = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
_FORBIDDEN = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)
MEND = (
    "Put it back from a backup, or make a new one from the files: "
    "barledger verify --rebuild-ledger. `barledger ledger verify` says what is damaged."
)
_NO_PROJECTION = re.compile(rf"no such table: (main\.)?({'|'.join(schema.PROJECTION_TABLES)})$")
# Less than the shared memory and the first pages of a write-ahead log take.
_LEAST_SPACE = 128 * 1024


@contextlib.contextmanager
def translated(path: Path, doing: str = "written to") -> Iterator[None]:
    """Turn the errors of SQLite and the system into barledger's; `path` is the ledger's file."""
    try:
        yield
    except sqlite3.Error as error:
        raise _from_sqlite(error, path, doing) from error
    except UnicodeDecodeError as error:  # SQLite quotes the damage in what it says of it
        raise damaged(path, error) from error
    except OSError as error:
        raise from_system(error, path, doing) from error


def from_system(error: OSError, path: Path, doing: str) -> CatalogError:
    """Return what to raise for a failure of the file at `path` or of its folder."""
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return _not_allowed(path, str(error.strerror), doing)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return full(path)
    return CatalogError(
        f"The Parquet catalog {path.parent} cannot be used ({error.strerror}).",
        "Name a folder with --catalog; it is made if it does not exist.",
    )


def damaged(path: Path, error: Exception | str) -> LedgerDamagedError:
    """Return what to raise for a file that is not what SQLite wrote."""
    return LedgerDamagedError(f"The ledger {path} is damaged ({error}).", MEND)


def no_file(path: Path) -> LedgerDamagedError:
    """Return what to raise where something else stands in the place of the file."""
    what = "a folder" if path.is_dir() else "no regular file"
    return LedgerDamagedError(
        f"{path} is {what}, where the ledger should be.",
        "Move it away. Then put ledger.db back from a backup, or make a new one from the files: "
        "barledger verify --rebuild-ledger",
    )


def not_a_ledger(path: Path) -> LedgerError:
    """Return what to raise for a database that is not ours, or that a newer version made."""
    return LedgerError(
        f"{path} is not a ledger that this version of barledger understands.",
        "Name another folder with --catalog, or upgrade barledger.",
    )


def replaced(path: Path) -> LedgerError:
    """Return what to raise where the file is no longer the one that was being read."""
    return LedgerError(
        f"The ledger {path} was replaced by another one while it was being read.",
        "Run the command again.",
    )


def changing(path: Path) -> LedgerError:
    """Return what to raise where no moment is found at which nobody writes."""
    return LedgerError(
        f"The ledger {path} is being written by another process, and cannot be read safely from"
        " where its folder is read-only.",
        "Run the command again once the other process has finished, or where the folder can be"
        " written.",
    )


def log_left_behind(path: Path, reason: str) -> LedgerError:
    """Return what to raise where the log of a killed writer cannot be joined with the file."""
    return LedgerError(
        f"A process that was killed has left the last of the ledger {path} in {path.name}-wal,"
        " which can be read only where the folder can be written, or from a private copy."
        f" That could not be made in the temporary folder ({reason}).",
        "Set TMPDIR to a folder with room, or run `barledger ledger replay` once where the"
        " catalog can be written.",
    )


def missing_events(path: Path, head: int, known: int) -> LedgerDamagedError:
    """Return what to raise where events were followed up to `known`, and `head` is the last."""
    return LedgerDamagedError(
        f"Event {head + 1} is missing in the ledger {path}: there were {known} events, and now"
        f" there are {head}.",
        MEND,
    )


def broken_chain(path: Path, problem: str) -> LedgerDamagedError:
    """Return what to raise where an event is not what was recorded; `problem` is a sentence."""
    return LedgerDamagedError(f"The ledger {path} is damaged. {problem}", MEND)


def unreadable_event(
    path: Path, seq: int, error: UnknownEventError | UnreadableEventError
) -> LedgerError:
    """Return what to raise for an event whose payload cannot be understood."""
    if isinstance(error, UnknownEventError):
        return LedgerError(
            f"Event {seq} of the ledger {path} was written by a newer barledger ({error}).",
            "Upgrade barledger.",
        )
    return LedgerDamagedError(f"Event {seq} of the ledger {path} cannot be read ({error}).", MEND)


def wrong_projections(path: Path, what: str = "") -> LedgerError:
    """Return what to raise where the projections say what cannot be; `what` says it."""
    return LedgerDamagedError(
        f"What the ledger {path} keeps of its events' consequences is damaged"
        f"{f' ({what})' if what else ''}.",
        "Make it anew from the events: barledger ledger replay",
    )


def not_recorded(path: Path) -> LedgerDamagedError:
    """Return what to raise where the file did not take the events that it was given."""
    return LedgerDamagedError(
        f"The ledger {path} did not take what was appended: something in it keeps events out or"
        " alters them. Nothing was recorded.",
        "Look for what is not barledger's: barledger ledger verify",
    )


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another process is in the way, which passes."""
    return _primary(error) in _BUSY


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is not what SQLite wrote."""
    # Python's own complaint of text that is no UTF-8 has no code of SQLite's.
    primary = _primary(error)
    if primary in _DAMAGED or "unsupported file format" in str(error):
        return True
    return primary is None and "decode" in str(error)


def is_forbidden(error: sqlite3.Error) -> bool:
    """Whether a file cannot be opened, or made, as it would have to be."""
    return _primary(error) in _FORBIDDEN


def is_full(error: Exception, folder: Path | None = None) -> bool:
    """Whether a disk has no room left: in `folder`, SQLite may report another failure."""
    primary = _primary(error)
    return primary == sqlite3.SQLITE_FULL or (
        primary in _OF_NO_SPACE and folder is not None and _no_space(folder)
    )


def _primary(error: Exception) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def _not_allowed(path: Path, reason: str, doing: str) -> CatalogReadOnlyError:
    return CatalogReadOnlyError(
        f"The Parquet catalog {path.parent} cannot be {doing} ({reason}).",
        "Give yourself that right, or name another folder with --catalog.",
    )


def full(path: Path) -> DiskFullError:
    """Return what to raise where the disk that holds the ledger has no room."""
    return DiskFullError(
        f"The disk that holds the ledger {path} is full.",
        "Free some space, then run the same command again: nothing is half-written.",
    )


def _from_sqlite(error: sqlite3.Error, path: Path, doing: str) -> CatalogError | LedgerError:
    primary = _primary(error)
    if is_full(error, path.parent):
        return full(path)
    if is_forbidden(error):
        return _not_allowed(path, str(error), doing)
    if primary in _BUSY:
        return LedgerError(
            f"Another process has kept the ledger {path} to itself for {BUSY_SECONDS} seconds.",
            "Wait until it has finished, then run the command again.",
        )
    if is_damage(error):
        return damaged(path, error)
    if _NO_PROJECTION.search(str(error)):
        return wrong_projections(path, str(error))
    if primary == sqlite3.SQLITE_CONSTRAINT:  # a row is there already that follows from new events
        return wrong_projections(path)
    return LedgerError(f"The ledger {path} cannot be used ({error}).", MEND)


def _no_space(folder: Path) -> bool:
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    # A file system without inodes says 0 of 0.
    no_more_files = found.f_files > 0 and found.f_favail == 0
    return no_more_files or found.f_bavail * found.f_frsize < _LEAST_SPACE
