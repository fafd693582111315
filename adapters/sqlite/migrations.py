"""The steps from one version of the ledger's tables to the next."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.sqlite import projections, schema

if TYPE_CHECKING:
    from sqlite_utils import Database


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a ledger, or an empty database, to the current version inside the transaction.

    Each step is recorded in the table `_sqlite_migrations`.

    Raises:
        LedgerError: an event of the ledger at `path` cannot be understood.
    """
    # Imported here because it brings pandas in, for a second, and is needed once a catalog.
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

    steps = Migrations("barledger")
    steps(name="1-events")(_make_events)
    steps(name="2-projections")(lambda database: _make_projections(database, path))
    steps(name="3-events-by-type")(_make_indexes)
    database = Database(connection, execute_plugins=False)
    if not database["_sqlite_migrations"].exists():
        for statement in schema.STEP_TABLES:  # word for word, whatever sqlite-utils makes
            connection.execute(statement)
    if schema.version(connection) == 1:
        # The first version kept no record of its steps.
        _record_first_step(database)
    steps.apply(database)
    connection.execute(f"PRAGMA user_version = {schema.VERSION}")


def _record_first_step(database: Database) -> None:
    database.execute(
        "INSERT OR IGNORE INTO _sqlite_migrations (migration_set, name, applied_at)"
        " VALUES ('barledger', '1-events', strftime('%Y-%m-%d %H:%M:%f+00:00'))"
    )


def _make_events(database: Database) -> None:
    for statement in schema.EVENT_TABLES:
        database.execute(statement)
    database.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")


def _make_indexes(database: Database) -> None:
    for statement in schema.EVENT_INDEXES:
        database.execute(statement)


def _make_projections(database: Database, path: Path) -> None:
    for statement in (*schema.EVENT_GUARDS, *schema.PROJECTION_TABLES.values()):
        database.execute(statement)
    projections.begin(database.conn)
    projections.catch_up(database.conn, path)
