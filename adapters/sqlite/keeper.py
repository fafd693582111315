"""The `LedgerKeeper` of the ledger in one SQLite file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from adapters.sqlite import connection as opening
from adapters.sqlite import event_table, failures, moving, projections, schema, verification
from adapters.sqlite.handles import Handles
from adapters.sqlite.patient import Patient, connect
from adapters.sqlite.serialization import GENESIS
from adapters.sqlite.still import Reader
from domain.errors import LedgerConflictError, LedgerDamagedError
from domain.ports import ProgressTask
from domain.upkeep import LedgerAside, LedgerHead, LedgerReport, ReplayReport
from domain.waits import Tell, untold


class SqliteLedgerKeeper:
    """Looks after the file at `path`, which it opens for as long as each call takes.

    `tell` is told what is waited for, where another process is in the way for long.
    """

    def __init__(self, path: Path, tell: Tell = untold) -> None:
        self._path = path
        self._tell = tell

    def head(self) -> LedgerHead:
        """Return the last event as it stands in the file."""
        return self._ask(event_table.last) or LedgerHead(0, GENESIS, 0)

    def verify(
        self, task: ProgressTask, *, expected: tuple[int, str] | None = None
    ) -> LedgerReport:
        """Check the chain of hashes, the schema, the projections, and SQLite's own structure."""

        def check(connection: sqlite3.Connection) -> LedgerReport:
            if schema.is_empty(connection):
                return verification.verify_none(expected)
            self._check_header(connection)
            return verification.verify(connection, self._path, task, expected)

        found = self._ask(check, opening.open_unchecked)
        return found or verification.verify_none(expected)

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
        """Fold all events into temporary tables, and put those in place of what differs.

        Triggers and indexes of the events that something dropped or altered are made anew.

        The chain of hashes is checked before: made anew from events that are gone or forged, the
        tables would hide that.
        """
        if not self._ask(lambda _: True):
            return ReplayReport(0, 0, changed=False)
        with (
            failures.translated(self._path),
            contextlib.closing(opening.open_for_writing(self._path, self._tell)) as connection,
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
            if (known := projections.known(connection)) > fresh.upto:
                raise failures.missing_events(self._path, fresh.upto, known)
            fresh.make_missing_tables()
            differing, guards = fresh.differing(), schema.broken_guards(connection)
            if differing or guards:
                fresh.prove()
            if differing:
                fresh.replace()
            schema.put_back(connection, guards)
            changed = bool(differing or guards)
        return ReplayReport(fresh.events, fresh.upto, changed)

    def copy(self, folder: Path) -> int:
        """Copy the file by SQLite's online backup."""
        target = folder / self._path.name
        head = self._ask(lambda connection: moving.copy(connection, target))
        return 0 if head is None else moving.finish(target, head)

    @contextlib.contextmanager
    def set_aside(self, expected_head: int | None = None) -> Iterator[LedgerAside]:
        """Give the file, with its log, a second name in the quarantine, one that is free."""
        with self._right_to_write() as connection:
            with failures.translated(self._path):
                head = _head(connection) if expected_head is not None else None
                if head != expected_head:
                    raise LedgerConflictError(
                        f"The ledger has grown from event {expected_head} to {head} meanwhile. "
                        "Nothing was changed.",
                        "Run the command again.",
                    )
                aside = moving.Aside(self._path) if self._path.exists() else None
            try:
                yield aside or moving.NoneAside()
            except BaseException:
                if aside:
                    aside.undo()
                raise

    @contextlib.contextmanager
    def _right_to_write(self) -> Iterator[sqlite3.Connection | None]:
        """Keep everybody else from writing; to a file that is no database nobody can."""
        if not self._path.exists():
            yield None
            return
        with failures.translated(self._path):
            address = f"{self._path.resolve().as_uri()}?mode=rw"
            connection = connect(address, Patient, self._tell, uri=True)
        # It is let go without a commit: nothing is written.
        with contextlib.closing(connection):
            with failures.translated(self._path):
                try:
                    connection.execute("BEGIN IMMEDIATE")
                except sqlite3.Error as error:
                    if not failures.is_damage(error):
                        raise
            yield connection

    def _ask[T](
        self,
        question: Callable[[sqlite3.Connection], T],
        open_: Callable[[Path, Tell], Reader | None] = opening.open_for_reading,
    ) -> T | None:
        with contextlib.closing(Handles(self._path, open_, self._tell)) as handles:
            return handles.ask(question)


def _head(connection: sqlite3.Connection | None) -> int:
    """Return the last event's number, 0 where there is none."""
    if connection is None or schema.is_empty(connection):
        return 0
    return event_table.head_and_hash(connection)[0]
