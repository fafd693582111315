"""The ledger's tables and the triggers by which the database refuses to change the past."""

from __future__ import annotations

import sqlite3

APPLICATION_ID = 0x6261726C  # "barl": tells a ledger from any other SQLite file
VERSION = 1

# OR REPLACE deletes without firing DELETE triggers, so an insert that meets a taken event id
# or a sequence number other than the next is stopped before it can.
_TRIGGERS = (
    """CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: events are never changed'); END""",
    """CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: events are never removed'); END""",
    """CREATE TRIGGER events_come_one_by_one BEFORE INSERT ON events
    WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM events)
      OR EXISTS (SELECT 1 FROM events WHERE event_id = NEW.event_id)
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: this is not the next event'); END""",
)


def is_ledger(connection: sqlite3.Connection) -> bool:
    """Whether the database is a ledger that this version understands."""
    application, version = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version")
    )
    return bool(application == APPLICATION_ID and 1 <= version <= VERSION)


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether the database holds nothing yet."""
    (count,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(count == 0)


def create(connection: sqlite3.Connection) -> None:
    """Make the tables of a new ledger, inside the caller's transaction."""
    # Imported here because it brings pandas in, for a second, and is needed once a catalog.
    import sqlite_utils

    columns = {
        "seq": int,
        "event_id": str,
        "type": str,
        "version": int,
        "series": str,
        "recorded_at": int,
        "user": str,
        "host": str,
        "command": str,
        "correlation_id": str,
        "payload": str,
        "previous_hash": str,
        "hash": str,
    }
    sql = sqlite_utils.Database(connection).create_table_sql(
        "events", columns, pk="seq", not_null=set(columns) - {"seq", "series"}, strict=True
    )
    connection.execute(sql)
    connection.execute("CREATE UNIQUE INDEX events_by_id ON events (event_id)")
    connection.execute("CREATE INDEX events_by_series ON events (series, seq)")
    for trigger in _TRIGGERS:
        connection.execute(trigger)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
