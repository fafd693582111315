"""Proves that the ledger's file holds what was recorded, all of it and nothing else."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from adapters.sqlite import connection as opening
from adapters.sqlite import event_table, failures, projections, schema
from adapters.sqlite.chain import Chain
from adapters.sqlite.event_table import Row
from domain.ports import ProgressTask
from domain.upkeep import LedgerReport

_CHUNK = 2_000
_SHOWN = 3
# The second where SQLite quotes the damage in what it says of it.
_UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)
_SELECT = f"SELECT {event_table.COLUMNS} FROM events"  # noqa: S608 - constants


def verify(
    connection: sqlite3.Connection,
    path: Path,
    task: ProgressTask,
    expected: tuple[int, str] | None = None,
) -> LedgerReport:
    """Check the ledger that `connection` reads, as it is at one moment.

    Raises:
        sqlite3.Error: not even the list of its tables can be read.
    """
    with _checked_pages(path) as pages, opening.one_moment(connection):
        version = schema.version(connection)
        problems = list(schema.differences(connection, version))
        chain = Chain(expected)
        fresh = projections.Fresh(connection, path) if version >= schema.PROJECTED else None
        _follow(connection, chain, fresh, task)
        if fresh:
            problems += _readable(lambda: _cut(connection, chain))
        problems += chain.problems()
        if fresh and chain.first_broken is None and not schema.missing_projections(connection):
            problems += _readable(lambda: _stale(fresh))
        problems += pages.result()
    return LedgerReport(
        chain.events, chain.head, chain.first_broken, tuple(problems), chain.warnings()
    )


def verify_none(expected: tuple[int, str] | None) -> LedgerReport:
    """Return the report on a ledger that is not there, or has no event yet."""
    chain = Chain(expected)
    chain.end()
    return LedgerReport(0, chain.head, chain.first_broken, tuple(chain.problems()))


def _follow(
    connection: sqlite3.Connection,
    chain: Chain,
    fresh: projections.Fresh | None,
    task: ProgressTask,
) -> None:
    """Check all events as far as they can be read, and fold them as long as they are sound."""
    try:
        cursor = connection.execute(f"{_SELECT} ORDER BY seq")
        while chunk := cursor.fetchmany(_CHUNK):
            chain.follow(chunk)
            if fresh and chain.first_broken is None:
                fresh.fold(projections.stored(chunk))
            task.advance(len(chunk))
    except _UNREADABLE as error:
        if failures.is_full(error):
            raise
        _find_unreadable(connection, chain, error)
    chain.end()


def _find_unreadable(connection: sqlite3.Connection, chain: Chain, error: Exception) -> None:
    """Go on one by one to the event at which reading fails."""
    for _ in range(_CHUNK):
        try:
            row: Row | None = connection.execute(
                f"{_SELECT} WHERE seq = ?", (chain.head.seq + 1,)
            ).fetchone()
        except _UNREADABLE as at_this_one:
            error = at_this_one
            break
        if row is None:
            break
        chain.follow([row])
    chain.break_at(chain.head.seq + 1, f"cannot be read ({error}); those behind it were not")


def _cut(connection: sqlite3.Connection, chain: Chain) -> list[str]:
    """Note in the chain where the projections know of events behind the last one."""
    chain.end_at(projections.known(connection))
    return []


def _stale(fresh: projections.Fresh) -> list[str]:
    """Compare the projections with a fresh fold of all events."""
    differing = fresh.differing()
    if not differing:
        return []
    shown = ", ".join(differing[:_SHOWN]) + (", …" if len(differing) > _SHOWN else "")
    return [f"The projections are not what follows from the events ({shown}). {schema.REPLAY}"]


def _readable(check: Callable[[], list[str]]) -> list[str]:
    """Return what a check finds, or that it cannot even read what it needs."""
    try:
        return check()
    except _UNREADABLE as error:
        if failures.is_full(error):
            raise
        return [f"A part of the ledger cannot be read ({error})."]


@contextlib.contextmanager
def _checked_pages(path: Path) -> Iterator[Future[list[str]]]:
    """Let SQLite check the structure of the file: beside Python's checks, for it takes long."""
    connection = opening.open_unchecked(path, any_thread=True)
    if connection is None:
        raise FileNotFoundError(path)
    with contextlib.closing(connection), ThreadPoolExecutor(1) as thread:
        try:
            yield thread.submit(_readable, lambda: _check_pages(connection))
        finally:
            connection.interrupt()  # where something else ended the check, it is not waited for


def _check_pages(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute(f"PRAGMA integrity_check({_SHOWN})").fetchall()
    return [
        "SQLite finds the file damaged: " + " ".join(str(line).split()) + "."
        for (line,) in found
        if line != "ok"
    ]
