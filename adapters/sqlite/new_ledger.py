"""The `NewLedger` as a SQLite file beside the one that it is to replace."""

from __future__ import annotations

import contextlib
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
            if self._path.exists():
                raise CatalogBusyError(
                    f"Another process has made a ledger at {self._path} meanwhile.",
                    "Look at what it holds (barledger ledger log), then rebuild again.",
                )
            moving.sync(self._beside)
            os.replace(self._beside, self._path)  # noqa: PTH105 - it never copies
            moving.sync(self._path.parent)
