"""The `LedgerKeeper` of the ledger in one SQLite file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from adapters.sqlite import connection as opening
from adapters.sqlite import event_table, failures, moving, projections, schema, verification
from adapters.sqlite.serialization import GENESIS
from domain.errors import LedgerDamagedError
from domain.ports import LedgerHead, LedgerReport, ProgressTask, ReplayReport


class SqliteLedgerKeeper:
    """Looks after the file at `path`, which it opens for as long as each call takes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def head(self) -> LedgerHead:
        """Return the last event as it stands in the file."""
        with self._reading() as connection:
            if connection is None:
                return LedgerHead(0, GENESIS, 0)
            return event_table.last(connection)

    def verify(
        self, task: ProgressTask, *, expected: tuple[int, str] | None = None
    ) -> LedgerReport:
        """Check the chain of hashes, the schema, the projections, and SQLite's own structure."""
        with failures.translated(self._path, "read"):
            connection = opening.open_unchecked(self._path)
            if connection is not None:
                with contextlib.closing(connection):
                    if not schema.is_empty(connection):
                        self._check_header(connection)
                        return verification.verify(connection, self._path, task, expected)
        return verification.verify_none(expected)

    def _check_header(self, connection: sqlite3.Connection) -> None:
        """Refuse a file that does not call itself a ledger of a version that is known."""
        if 1 <= schema.version(connection) <= schema.VERSION:
            return
        if any(schema.differences(connection, schema.VERSION)):
            raise failures.not_a_ledger(self._path)
        raise LedgerDamagedError(
            f"The header of the ledger {self._path} is damaged: its tables are those of a ledger.",
            failures.MEND,
        )

    def replay(self, task: ProgressTask) -> ReplayReport:
        """Fold all events into temporary tables, and put those in place of what differs."""
        with self._reading() as connection:
            if connection is None:
                return ReplayReport(0, 0, changed=False)
        with (
            failures.translated(self._path),
            contextlib.closing(opening.open_for_writing(self._path)) as connection,
        ):
            return self._replay(connection, task)

    def _replay(self, connection: sqlite3.Connection, task: ProgressTask) -> ReplayReport:
        fresh = projections.Fresh(connection, self._path)
        # Most is done while others may write; what they append meanwhile is little.
        connection.execute("BEGIN")
        fresh.catch_up(task)
        connection.execute("COMMIT")
        with opening.transaction(connection):
            fresh.catch_up(task)
            fresh.make_missing_tables()
            changed = bool(fresh.differing())
            if changed:
                fresh.replace()
        return ReplayReport(fresh.events, fresh.upto, changed)

    def copy(self, folder: Path) -> int:
        """Copy the file by SQLite's online backup."""
        with self._reading() as connection:
            if connection is None:
                return 0
            return moving.copy(connection, folder / self._path.name)

    def set_aside(self) -> str | None:
        """Move the file, with its log, into the quarantine, under a name that is free."""
        with failures.translated(self._path):
            if not self._path.exists():
                return None
            return moving.set_aside(self._path).relative_to(self._path.parent).as_posix()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        connection = opening.open_for_reading(self._path)
        if connection is None:
            yield None
            return
        with failures.translated(self._path, "read"), contextlib.closing(connection):
            yield connection
