"""The ledger's file refuses changes to its past, and needs nothing but reading to be read."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.memory.clock import MemoryClock
from adapters.sqlite import schema, serialization
from adapters.sqlite.ledger import SqliteLedger
from domain.errors import CatalogError, LedgerError
from tests.builders import AAPL, ORIGIN, minute_bars, new_partition, written

Opened = Callable[[Path], SqliteLedger]
Connected = Callable[[Path], sqlite3.Connection]


def _days(count: int) -> list[object]:
    return [
        written(
            new_partition(minute_bars(f"2024-01-{day:02}T14:30:00"), partition=f"2024-01-{day:02}")
        )
        for day in range(1, count + 1)
    ]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Open ledgers, and close them all at the end."""
    with contextlib.ExitStack() as stack:

        def open_(path: Path) -> SqliteLedger:
            return stack.enter_context(contextlib.closing(SqliteLedger(path, MemoryClock())))

        yield open_


@pytest.fixture
def connected() -> Iterator[Connected]:
    """Connect to databases as any other program can, and close them all at the end."""
    with contextlib.ExitStack() as stack:
        yield lambda path: stack.enter_context(contextlib.closing(sqlite3.connect(path)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    ledger = SqliteLedger(tmp_path / "ledger.db", MemoryClock())
    ledger.append(_days(3), ORIGIN, expected_head=0)
    ledger.close()
    return tmp_path / "ledger.db"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET payload = '{}' WHERE seq = 2",
        "UPDATE OR REPLACE events SET seq = 3 WHERE seq = 2",
        "DELETE FROM events",
        "DELETE FROM events WHERE seq = 3",
        "INSERT OR REPLACE INTO events SELECT * FROM events WHERE seq = 2",
        "REPLACE INTO events SELECT * FROM events WHERE seq = 3",
        "INSERT INTO events SELECT seq + 2, 'x' || event_id, type, version, series, recorded_at,"
        " user, host, command, correlation_id, payload, previous_hash, hash FROM events LIMIT 1",
        "INSERT INTO events SELECT seq + 3, event_id, type, version, series, recorded_at, user,"
        " host, command, correlation_id, payload, previous_hash, hash FROM events LIMIT 1",
        "INSERT INTO events SELECT 0, 'x', type, version, series, recorded_at, user, host,"
        " command, correlation_id, payload, previous_hash, hash FROM events LIMIT 1",
    ],
)
def test_any_connection_is_refused_a_change_to_the_past(
    path: Path, statement: str, connected: Connected
) -> None:
    foreign = connected(path)
    before = foreign.execute("SELECT * FROM events").fetchall()
    with pytest.raises(sqlite3.DatabaseError, match=r"append-only"):
        foreign.execute(statement)
    foreign.rollback()
    assert foreign.execute("SELECT * FROM events").fetchall() == before
    foreign.close()


def test_each_event_carries_the_hash_of_the_one_before(path: Path, connected: Connected) -> None:
    connection = connected(path)
    rows = connection.execute("SELECT * FROM events ORDER BY seq").fetchall()
    connection.close()
    previous = serialization.GENESIS
    for *fields, before, digest in rows:
        assert before == previous
        assert serialization.chained_hash(previous, tuple(fields)) == digest
        previous = digest
    assert len({row[-1] for row in rows}) == 3


def test_what_is_written_survives_closing_and_opening(path: Path, opened: Opened) -> None:
    held = opened(path).availability().holdings(AAPL)
    assert sorted(held.partitions) == ["2024-01-01", "2024-01-02", "2024-01-03"]


def test_two_handles_see_each_others_events(path: Path, opened: Opened) -> None:
    one, other = opened(path), opened(path)
    assert other.head() == 3
    one.append([_days(4)[-1]], ORIGIN, expected_head=3)
    assert other.head() == 4
    assert "2024-01-04" in other.availability().holdings(AAPL).partitions


def test_reading_makes_no_ledger(tmp_path: Path, opened: Opened) -> None:
    ledger = opened(tmp_path / "none" / "ledger.db")
    assert ledger.availability().head == 0
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("content", [b"not a database at all, but long enough" * 40, b""])
def test_a_file_that_is_no_ledger_is_told_and_left_alone(
    tmp_path: Path, content: bytes, opened: Opened
) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    ledger = opened(path)
    if content:
        with pytest.raises(LedgerError):
            ledger.head()
        assert path.read_bytes() == content
    else:
        assert ledger.head() == 0


def test_someone_elses_database_is_told_and_left_alone(
    tmp_path: Path, opened: Opened, connected: Connected
) -> None:
    path = tmp_path / "ledger.db"
    foreign = connected(path)
    foreign.execute("CREATE TABLE theirs (x)")
    foreign.commit()
    foreign.close()
    for attempt in (
        lambda: opened(path).head(),
        lambda: opened(path).append([], ORIGIN, expected_head=0),
    ):
        with pytest.raises(LedgerError, match="not a ledger"):
            attempt()
    assert connected(path).execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


def test_a_ledger_from_the_future_is_refused(
    path: Path, opened: Opened, connected: Connected
) -> None:
    connection = connected(path)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    with pytest.raises(LedgerError, match="not a ledger that this version"):
        opened(path).head()


def test_an_unknown_kind_of_event_is_named(
    path: Path, opened: Opened, connected: Connected
) -> None:
    connection = connected(path)
    row = connection.execute("SELECT * FROM events WHERE seq = 3").fetchone()
    strange = (4, "other-id", "TapeEaten", *row[3:])
    connection.execute(f"INSERT INTO events VALUES ({','.join('?' * 13)})", strange)
    connection.commit()
    connection.close()
    with pytest.raises(LedgerError, match=r"Event 4 .*TapeEaten"):
        opened(path).availability()


def test_a_catalog_folder_that_is_a_file_is_told(tmp_path: Path, opened: Opened) -> None:
    (tmp_path / "catalog").write_text("mine")
    with pytest.raises(CatalogError, match="Not a directory"):
        opened(tmp_path / "catalog" / "ledger.db").head()
    with pytest.raises(CatalogError, match="cannot be used"):
        opened(tmp_path / "catalog" / "ledger.db").append(_days(1), ORIGIN, expected_head=0)


def test_nothing_in_the_ledger_is_an_absolute_path(path: Path, connected: Connected) -> None:
    connection = connected(path)
    text = str(connection.execute("SELECT * FROM events").fetchall())
    connection.close()
    assert str(path.parent) not in text
