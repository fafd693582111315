"""What follows from the events, kept in tables so that a question need not replay them all.

A row of `revisions` says of one revision at which event it was written, ended, found damaged and
discarded, so the catalog as it was after any event is one query. The rows are a function of the
events in the file: `fold` is the only way by which they come about, be it in the transaction of
new events, for a ledger of an earlier version, or anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from adapters.sqlite import event_table, failures, schema
from adapters.sqlite.chain import Chain
from adapters.sqlite.event_table import Row
from adapters.sqlite.projector import Projector, Stored
from domain.ports import ProgressTask

_EVENTS = "SELECT seq, type, version, series, payload FROM events WHERE seq > ? ORDER BY seq"
_WHOLE_EVENTS = f"SELECT {event_table.COLUMNS} FROM events ORDER BY seq"  # noqa: S608 - constants
_CHUNK = 2_000
_CACHE = 32_000


def begin(connection: sqlite3.Connection) -> None:
    """Let the empty tables say that no event is folded into them yet."""
    connection.execute("INSERT INTO projected (one, upto) VALUES (1, 0)")


def upto(connection: sqlite3.Connection, path: Path, head: int) -> int:
    """Return the number of the last event that is folded into the tables.

    Raises:
        LedgerDamagedError: it is beyond `head`, the last event of the ledger at `path`.
    """
    found = connection.execute("SELECT upto FROM projected").fetchone()
    known = int(found[0]) if found else 0
    if known > head:
        raise failures.missing_events(path, head, known)
    return known


def known(connection: sqlite3.Connection) -> int:
    """Return the greatest number of an event that any row names."""
    missing = schema.missing_projections(connection)
    found = [
        connection.execute(f"SELECT max({', '.join(columns)}) FROM main.{name}").fetchone()[0]  # noqa: S608 - constants
        for name, columns in _NUMBERS.items()
        if name not in missing
    ]
    return max((one for one in found if one is not None), default=0)


def catch_up(connection: sqlite3.Connection, path: Path) -> None:
    """Fold in the events that were appended without it, inside the caller's transaction.

    Raises:
        LedgerError: an event cannot be understood; `path` names the ledger.
    """
    projector = Projector(connection, path)
    head = event_table.head_and_hash(connection)[0]
    for chunk in _chunks(connection, upto(connection, path, head)):
        projector.fold(chunk)


def fold(connection: sqlite3.Connection, path: Path, rows: Iterable[Row]) -> None:
    """Fold in new events, the next of the ledger, inside the caller's transaction."""
    Projector(connection, path).fold(stored(rows))


def stored(rows: Iterable[Row]) -> list[Stored]:
    """Return what is folded of events."""
    return [(row[0], row[2], row[3], row[4], row[10]) for row in rows]


def _chunks(connection: sqlite3.Connection, after: int) -> Iterator[list[Stored]]:
    cursor = connection.execute(_EVENTS, (after,))
    while chunk := cursor.fetchmany(_CHUNK):
        yield chunk


class Fresh:
    """The tables anew, in SQLite's temporary store: in memory is only its cache."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        connection.execute(f"PRAGMA temp.cache_size = -{_CACHE}")
        for sql in schema.PROJECTION_TABLES.values():
            connection.execute(sql.replace("CREATE TABLE", "CREATE TEMP TABLE", 1))
        connection.execute("INSERT INTO temp.projected (one, upto) VALUES (1, 0)")
        self._projector = Projector(connection, path, "temp")
        self.events = 0
        self.upto = 0

    def fold(self, events: Sequence[Stored]) -> None:
        """Take in events, which follow on those before.

        Raises:
            LedgerError: an event cannot be understood.
        """
        self._projector.fold(events)
        self.events += len(events)
        self.upto = events[-1][0]

    def catch_up(self, task: ProgressTask) -> None:
        """Take in all events that are in the ledger and not yet in here."""
        for chunk in _chunks(self._connection, self.upto):
            self.fold(chunk)
            task.advance(len(chunk))

    def prove(self) -> None:
        """Check the chain of hashes of the events that these rows were made from.

        Raises:
            LedgerDamagedError: one is not what was recorded.
        """
        chain = Chain(payloads=False)
        cursor = self._connection.execute(_WHOLE_EVENTS)
        while chunk := cursor.fetchmany(_CHUNK):
            chain.follow(chunk)
            if chain.first_broken is not None:
                raise failures.broken_chain(self._path, chain.problems()[0])

    def differing(self) -> list[str]:
        """Return the names of the series, or else the tables, in which the kept rows differ."""
        differing = [
            f"the table {name}"
            for name in ("projected", "instruments", "series")
            if self._any(_EITHER.format(name=name))
        ]
        series = [key for (key,) in self._connection.execute(_SERIES_THAT_DIFFER)]
        if not series and self._any(_ANY_MORE):
            series = ["the table revisions"]
        return differing + series

    def _any(self, sql: str) -> bool:
        return self._connection.execute(sql).fetchone() is not None

    def make_missing_tables(self) -> None:
        """Make what somebody has dropped, inside the caller's transaction."""
        for name in schema.missing_projections(self._connection):
            sql = schema.PROJECTION_TABLES[name]
            self._connection.execute(sql.replace("CREATE TABLE ", "CREATE TABLE main.", 1))

    def replace(self) -> None:
        """Put these rows in place of those that are kept, inside the caller's transaction."""
        for name in schema.PROJECTION_TABLES:
            self._connection.execute(f"DELETE FROM main.{name}")  # noqa: S608 - constants
            self._connection.execute(f"INSERT INTO main.{name} SELECT * FROM temp.{name}")  # noqa: S608 - constants


# Which columns hold the numbers of events; one of SQLite's max takes the greatest of a row.
_NUMBERS = {
    "projected": ("upto",),
    "instruments": ("defined",),
    "series": ("first",),
    "revisions": ("max(written, ifnull(ended, 0), ifnull(corrupted, 0), ifnull(discarded, 0))",),
}
_COLUMNS = (
    "revision",
    "ended",
    "corrupted",
    "discarded",
    "bars",
    "size",
    "price_precision",
    "size_precision",
    "source",
    "trading_dates",
    "coverage",
)
_EITHER = (
    "SELECT 1 FROM (SELECT * FROM main.{name} EXCEPT SELECT * FROM temp.{name})"
    " UNION ALL SELECT 1 FROM (SELECT * FROM temp.{name} EXCEPT SELECT * FROM main.{name}) LIMIT 1"
)
_SERIES_THAT_DIFFER = (
    "SELECT DISTINCT fresh.series FROM temp.revisions fresh LEFT JOIN main.revisions kept"  # noqa: S608 - constants
    " USING (series, partition, written) WHERE kept.series IS NULL OR "
    + " OR ".join(f"kept.{name} IS NOT fresh.{name}" for name in _COLUMNS)
)
_ANY_MORE = (
    "SELECT 1 WHERE (SELECT count(*) FROM main.revisions) <> (SELECT count(*) FROM temp.revisions)"
)
