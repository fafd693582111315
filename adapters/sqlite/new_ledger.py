"""The `NewLedger` as a SQLite file beside the one that it is to replace."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from adapters.sqlite import failures, moving
from adapters.sqlite.ledger import SqliteLedger
from domain.errors import CatalogBusyError
from domain.ports import Clock


class SqliteNewLedger:
    """Makes a ledger under another name; `path` is the name that it gets in the end."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._beside = path.with_name(f"{path.name}.rebuilding")
        self._clock = clock
        self._made = SqliteLedger(self._beside, clock)

    def begin(self) -> SqliteLedger:
        """Make a new file, without what a rebuild that was killed has left."""
        with failures.translated(self._path):
            self._remove()
        self._made.prepare()
        return self._made

    def abandon(self) -> None:
        """Delete the file."""
        with contextlib.suppress(OSError):
            self._remove()

    def _remove(self) -> None:
        self._made.close()
        for name in (self._beside.name, f"{self._beside.name}-wal", f"{self._beside.name}-shm"):
            self._beside.with_name(name).unlink(missing_ok=True)

    def take_place(self) -> None:
        """Close the file, so that all of it is in one, and give it its name, if that is free."""
        self._made.close()
        with failures.translated(self._path):
            moving.sync(self._beside)
            try:
                _rename_to_free_name(self._beside, self._path)
            except FileExistsError as error:
                raise CatalogBusyError(
                    f"Another process has made a ledger at {self._path} meanwhile.",
                    "Look at what it holds (barledger ledger log), then rebuild again.",
                ) from error
            moving.sync(self._path.parent)


def _rename_to_free_name(source: Path, target: Path) -> None:
    """Give a file its name, and never take it from another: a rename would, without a word."""
    try:
        target.hardlink_to(source)
    except FileExistsError:
        raise
    except OSError:
        # Not every file system has links.
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        source.rename(target)
    else:
        source.unlink()
