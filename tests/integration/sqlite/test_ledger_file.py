"""The ledger's file refuses changes to its past, and needs nothing but reading to be read."""

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path

import attrs
import pytest

from adapters.memory.clock import MemoryClock
from adapters.sqlite import connection as connection_of
from adapters.sqlite import schema, serialization
from adapters.sqlite.ledger import SqliteLedger
from domain.errors import CatalogError, LedgerDamagedError, LedgerError
from domain.events import CsvImported, Origin
from tests.builders import AAPL, ORIGIN, minute_bars, new_partition, written
from tests.integration.sqlite.conftest import Connected, Opened


def _days(count: int) -> list[object]:
    return [
        written(
            new_partition(minute_bars(f"2024-01-{day:02}T14:30:00"), partition=f"2024-01-{day:02}")
        )
        for day in range(1, count + 1)
    ]


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
        "INSERT INTO events SELECT seq + 3, 'x', type, version, series, recorded_at, user, host,"
        " command, correlation_id, payload, previous_hash, hash FROM events LIMIT 1",
        "INSERT INTO events SELECT seq + 3, 'x', type, version, series, recorded_at, user, host,"
        " command, correlation_id, payload, (SELECT max(hash) FROM events WHERE seq < 3), hash"
        " FROM events LIMIT 1",
        "INSERT INTO events SELECT 4, 'x', type, version, series, recorded_at, user, host,"
        " command, correlation_id, payload, hash, 'short' FROM events WHERE seq = 3",
        "INSERT INTO events SELECT NULL, 'x', type, version, series, recorded_at, user, host,"
        " command, correlation_id, payload, hash, hash FROM events WHERE seq = 3",
        "INSERT INTO events SELECT * FROM events WHERE seq = 3"
        " ON CONFLICT (seq) DO UPDATE SET payload = '{}'",
        "INSERT OR IGNORE INTO events SELECT * FROM events WHERE seq = 1",
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
    strange = (4, "other-id", "TapeEaten", *row[3:-2], row[-1], "f" * 64)
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


def test_the_next_event_is_taken_from_any_connection(path: Path, connected: Connected) -> None:
    """What the triggers refuse above is refused for what it is, not for where it comes from."""
    foreign = connected(path)
    foreign.execute(
        "INSERT INTO events SELECT 4, 'x', type, version, series, recorded_at, user, host,"
        " command, correlation_id, payload, hash, hash FROM events WHERE seq = 3"
    )
    assert foreign.execute("SELECT max(seq) FROM events").fetchone() == (4,)


def test_event_ids_sort_by_time(path: Path, opened: Opened, clock: MemoryClock) -> None:
    ledger = opened(path)
    for day in range(4, 7):
        clock.advance(2_000_000)
        ledger.append(_days(day)[:2], ORIGIN, expected_head=ledger.head())
    ids = [one.event_id for one in ledger.replay()][3:]
    assert ids == sorted(ids)
    assert {uuid.UUID(one).version for one in ids} == {7}
    assert {uuid.UUID(one).variant for one in ids} == {uuid.RFC_4122}
    assert int(ids[-1].replace("-", "")[:12], 16) == clock.now() // 1_000_000


def test_what_took_the_place_of_the_file_is_read_instead_of_it(
    path: Path, tmp_path: Path, opened: Opened
) -> None:
    ledger = opened(path)
    snapshot = ledger.availability()
    assert ledger.head() == 3
    other = tmp_path / "other" / "ledger.db"
    made = SqliteLedger(other, MemoryClock())
    made.append(_days(2), ORIGIN, expected_head=0)
    made.close()
    other.replace(path)
    assert ledger.head() == 2
    assert ledger.append(_days(1), ORIGIN, expected_head=2)[0].seq == 3
    with pytest.raises(LedgerError, match="replaced"):
        snapshot.holdings(AAPL)


def test_a_payload_that_cannot_be_read_is_damage(
    path: Path, opened: Opened, connected: Connected
) -> None:
    connection = connected(path)
    row = connection.execute("SELECT * FROM events WHERE seq = 3").fetchone()
    for seq, payload in enumerate(("no JSON", "[]", "{}", row[10].replace("1_MIN", "7_MIN")), 4):
        strange = (seq, f"id-{seq}", *row[2:10], payload, row[-1], row[-1])
        connection.execute(f"INSERT INTO events VALUES ({','.join('?' * 13)})", strange)
        connection.commit()
        with pytest.raises(LedgerDamagedError, match=f"Event {seq} .*PartitionWritten"):
            list(opened(path).replay(after=seq - 1))
    with pytest.raises(LedgerDamagedError, match="Event 4 "):
        opened(path).append(_days(1), ORIGIN, expected_head=7)
    assert opened(path).head() == 7


def test_a_newer_version_of_an_event_is_named(
    path: Path, opened: Opened, connected: Connected
) -> None:
    connection = connected(path)
    row = connection.execute("SELECT * FROM events WHERE seq = 3").fetchone()
    newer = (4, "id", row[2], row[3] + 1, *row[4:11], row[-1], row[-1])
    connection.execute(f"INSERT INTO events VALUES ({','.join('?' * 13)})", newer)
    connection.commit()
    for attempt in (
        lambda: opened(path).availability(),
        lambda: opened(path).append(_days(1), ORIGIN, expected_head=4),
    ):
        with pytest.raises(LedgerError, match=r"Event 4 .* newer .*version 3") as raised:
            attempt()
        assert "Upgrade" in raised.value.recovery


def test_bytes_that_are_not_utf_8_are_made_visible(path: Path, opened: Opened) -> None:
    odd = CsvImported(AAPL, "t\udce4glich.csv", "ab" * 32, 5, 5, 0, 0, None, "open", "skip")
    origin = Origin("tr\udce4der", "desk", "test", "run-1")
    (recorded,) = opened(path).append([odd], origin, expected_head=3)
    assert recorded.origin.user == r"tr\udce4der"
    assert recorded.event.file == r"t\udce4glich.csv"
    odd_partition = attrs.evolve(_days(4)[-1], detail="\ud800")
    (recorded,) = opened(path).append([odd_partition], origin, expected_head=4)
    assert recorded.event.detail == r"\ud800"
    assert opened(path).availability().holdings(AAPL).partitions["2024-01-04"] == recorded.event


def test_the_middle_of_a_large_replay_keeps_nothing_else_waiting(
    path: Path, opened: Opened
) -> None:
    reader, writer = opened(path), opened(path)
    replay = reader.replay()
    next(replay)
    writer.append(_days(1), ORIGIN, expected_head=3)
    assert [one.seq for one in replay] == [2, 3]


def test_a_commit_waits_for_the_disk(path: Path) -> None:
    """With less, a power cut could take back what the user was told is done."""
    full = 2
    connection = connection_of.open_for_writing(path)
    try:
        assert connection.execute("PRAGMA synchronous").fetchone() == (full,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    finally:
        connection.close()
