"""A copy of the ledger's file and its log, joined to one in a temporary folder."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from adapters.sqlite import failures


def opened[T: sqlite3.Connection](path: Path, connect: Callable[[Path], T]) -> T:
    """Return what `connect` makes of a copy, which has no name by then and ends with it.

    Raises:
        LedgerError: the temporary folder does not take it.
        OSError: the file or its log cannot be read.
    """
    log = path.with_name(f"{path.name}-wal")
    for one in (path, log):
        with one.open("rb"):
            pass
    try:
        with tempfile.TemporaryDirectory(prefix="barledger-") as folder:
            copy = Path(folder, path.name)
            _check_room(copy.parent, path.stat().st_size + 2 * log.stat().st_size)
            shutil.copyfile(path, copy)
            shutil.copyfile(log, copy.with_name(log.name))
            return _joined(copy, connect)
    except OSError as error:
        raise failures.log_left_behind(path, str(error.strerror or error)) from error


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(f"it needs {needed:,} bytes, and {free:,} are free")


def _joined[T: sqlite3.Connection](copy: Path, connect: Callable[[Path], T]) -> T:
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as joining:
        joining.execute("PRAGMA journal_mode = DELETE")
    connection = connect(copy)
    try:
        connection.execute("PRAGMA schema_version").fetchone()  # opened before its name is gone
    except BaseException:
        connection.close()
        raise
    return connection
