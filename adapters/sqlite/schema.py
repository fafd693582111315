"""The ledger's tables, and the triggers by which the database refuses to change the past.

These texts stand in the file word for word: `verify` compares them, so a released one is never
edited. A change is a new version, and a step to it in `migrations`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

APPLICATION_ID = 0x6261726C  # "barl": tells a ledger from any other SQLite file
VERSION = 3
PROJECTED = 2
"""The version that has projections first."""
REPLAY = "`barledger ledger replay` makes them anew from the events."
"""What to do about projections that are wrong or missing."""
_PUT_BACK = "`barledger ledger replay` puts it back."

_EVENTS = """CREATE TABLE "events" (
   "seq" INTEGER PRIMARY KEY,
   "event_id" TEXT NOT NULL,
   "type" TEXT NOT NULL,
   "version" INTEGER NOT NULL,
   "series" TEXT,
   "recorded_at" INTEGER NOT NULL,
   "user" TEXT NOT NULL,
   "host" TEXT NOT NULL,
   "command" TEXT NOT NULL,
   "correlation_id" TEXT NOT NULL,
   "payload" TEXT NOT NULL,
   "previous_hash" TEXT NOT NULL,
   "hash" TEXT NOT NULL
) STRICT"""
_NEVER_CHANGED = """CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: events are never changed'); END"""
_NEVER_REMOVED = """CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: events are never removed'); END"""
# OR REPLACE deletes without firing DELETE triggers, so an insert that meets a taken event id
# or a sequence number other than the next is stopped before it can.
_ONE_BY_ONE_1 = """CREATE TRIGGER events_come_one_by_one BEFORE INSERT ON events
    WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM events)
      OR EXISTS (SELECT 1 FROM events WHERE event_id = NEW.event_id)
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: this is not the next event'); END"""
# An event that does not hang on the last one could never be taken out again, and would break
# the chain of hashes for good.
_ONE_BY_ONE = """CREATE TRIGGER events_come_one_by_one BEFORE INSERT ON events
    WHEN NEW.previous_hash IS NOT iif(NEW.seq = 1, printf('%064d', 0),
        (SELECT hash FROM events WHERE seq = NEW.seq - 1))
      OR EXISTS (SELECT 1 FROM events WHERE seq >= NEW.seq)
      OR EXISTS (SELECT 1 FROM events WHERE event_id = NEW.event_id)
      OR length(NEW.hash) IS NOT 64
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: this is not the next event'); END"""

EVENT_TABLES = (
    _EVENTS,
    "CREATE UNIQUE INDEX events_by_id ON events (event_id)",
    "CREATE INDEX events_by_series ON events (series, seq)",
    _NEVER_CHANGED,
    _NEVER_REMOVED,
    _ONE_BY_ONE_1,
)
"""Version 1: the events alone."""

EVENT_GUARDS = (
    "DROP TRIGGER events_come_one_by_one",
    _ONE_BY_ONE,
    "CREATE INDEX events_by_time ON events (recorded_at)",
)
"""Version 2 of what guards the events, and an index for what was so at a time."""

EVENT_INDEXES = (
    """CREATE INDEX events_by_type ON events (type, series, seq)
    WHERE type <> 'PartitionWritten'""",
)
"""Since version 3, what finds the few events of other types among a million of partitions."""

PROJECTION_TABLES = {
    "projected": """CREATE TABLE projected (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    upto INTEGER NOT NULL
) STRICT""",
    "instruments": """CREATE TABLE instruments (
    instrument_id TEXT NOT NULL,
    defined INTEGER NOT NULL,
    PRIMARY KEY (instrument_id, defined)
) STRICT, WITHOUT ROWID""",
    "series": """CREATE TABLE series (
    series TEXT PRIMARY KEY NOT NULL,
    first INTEGER NOT NULL
) STRICT, WITHOUT ROWID""",
    "revisions": """CREATE TABLE revisions (
    series TEXT NOT NULL,
    partition TEXT NOT NULL,
    written INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    ended INTEGER,
    corrupted INTEGER,
    discarded INTEGER,
    bars INTEGER NOT NULL,
    size INTEGER NOT NULL,
    price_precision INTEGER NOT NULL,
    size_precision INTEGER NOT NULL,
    source TEXT NOT NULL,
    trading_dates TEXT NOT NULL,
    coverage TEXT NOT NULL,
    PRIMARY KEY (series, partition, written)
) STRICT, WITHOUT ROWID""",
}
"""What follows from the events: each number but `revision` and the sizes is that of an event."""

STEP_TABLES = (
    """CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
)""",
    """CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name")""",
)
"""Where sqlite-utils keeps which steps were done, as it makes it; since version 2."""

_STATISTICS = ("sqlite_stat1", "sqlite_stat4")  # tables that anybody's ANALYZE makes


def version(connection: sqlite3.Connection) -> int:
    """Return the version of the ledger's tables, 0 where the database says that it is none."""
    application, number = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version")
    )
    return int(number) if application == APPLICATION_ID else 0


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether the database holds nothing yet."""
    (count,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(count == 0)


def differences(connection: sqlite3.Connection, number: int) -> Iterator[str]:
    """Yield a sentence for each table, index or trigger that is not that of version `number`."""
    found = {
        (kind, name): sql
        for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master")
        if not _of_sqlite(kind, name, sql)
    }
    wanted, guards = _objects(number), _guards() if number >= PROJECTED else {}
    for kind, name in sorted(wanted.keys() | found.keys()):
        mend = f" {_PUT_BACK}" if (kind, name) in guards else ""
        if (kind, name) not in found:
            mend = f" {REPLAY}" if name in PROJECTION_TABLES else mend
            yield f"The {kind} {name} is missing: something has dropped it.{mend}"
        elif (kind, name) not in wanted:
            yield f"The {kind} {name} is none that barledger makes."
        elif found[kind, name] != wanted[kind, name]:
            what = "is not the one that barledger makes: something altered it"
            yield f"The {kind} {name} {what}.{mend}"


def missing_projections(connection: sqlite3.Connection) -> set[str]:
    """Return the names of the tables of projections that something has dropped."""
    found = connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")
    return PROJECTION_TABLES.keys() - {name for (name,) in found}


def broken_guards(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return kind and name of the events' triggers and indexes that are missing or altered."""
    found = {
        (kind, name): sql
        for kind, name, sql in connection.execute("SELECT type, name, sql FROM main.sqlite_master")
    }
    return [one for one, sql in _guards().items() if found.get(one) != sql]


def put_back(connection: sqlite3.Connection, broken: Iterable[tuple[str, str]]) -> None:
    """Make `broken_guards` anew, inside the caller's transaction."""
    for kind, name in broken:
        connection.execute(f"DROP {kind} IF EXISTS main.{name}")
        connection.execute(_guards()[kind, name])


def _guards() -> dict[tuple[str, str], str]:
    """Return the SQL of what guards the events, or finds them, by its type and name."""
    made = _by_name((*EVENT_TABLES, *EVENT_GUARDS, *EVENT_INDEXES))
    return {one: sql for one, sql in made.items() if one[0] != "table"}


def _of_sqlite(kind: str, name: str, sql: str | None) -> bool:
    """Whether SQLite itself makes such a thing: the indexes of keys, which have no text."""
    return (kind == "index" and sql is None) or (kind == "table" and name in _STATISTICS)


def _objects(number: int) -> dict[tuple[str, str], str]:
    """Return the SQL of every object of a version, by its type and name."""
    statements = list(EVENT_TABLES)
    if number >= PROJECTED:
        statements += [*EVENT_GUARDS, *PROJECTION_TABLES.values(), *STEP_TABLES]
    if number > PROJECTED:
        statements += EVENT_INDEXES
    return _by_name(statements)


def _by_name(statements: Iterable[str]) -> dict[tuple[str, str], str]:
    objects = {}
    for sql in statements:
        if not sql.startswith("DROP"):
            kind, name = sql.replace("UNIQUE ", "").replace('"', "").split(maxsplit=3)[1:3]
            objects[kind.lower(), name] = sql
    return objects
