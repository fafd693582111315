"""Whatever is done to the ledger's file behind its back, a check names it."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from adapters.memory.clock import MemoryClock
from adapters.sqlite import schema, serialization
from adapters.sqlite.keeper import SqliteLedgerKeeper
from adapters.sqlite.ledger import SqliteLedger
from domain.errors import BarledgerError, LedgerDamagedError, LedgerError
from domain.events import Event
from tests import histories
from tests.builders import AAPL, MSFT, ORIGIN
from tests.integration.sqlite.conftest import Connected, NoTask, Opened, verified

PAGE = 4096
GUARDS = ("events_are_never_changed", "events_are_never_removed", "events_come_one_by_one")


@pytest.fixture
def path(tmp_path: Path, opened: Opened) -> Path:
    """Return a ledger of 16 events."""
    ledger = opened(tmp_path / "ledger.db")
    ledger.append(histories.ordinary(), ORIGIN, expected_head=0)
    ledger.close()
    return tmp_path / "ledger.db"


def _unguarded(connection: sqlite3.Connection, *statements: str) -> None:
    """Change the past as somebody can who takes the triggers away and puts them back."""
    triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    kept = triggers.fetchall()
    for name, _ in kept:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        assert connection.execute(statement).rowcount > 0
    for _, sql in kept:
        connection.execute(sql)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "column",
    [
        "event_id",
        "type",
        "version",
        "series",
        "recorded_at",
        "user",
        "host",
        "command",
        "correlation_id",
        "payload",
        "previous_hash",
        "hash",
    ],
)
def test_an_event_of_which_anything_was_changed_is_named(
    path: Path, column: str, connected: Connected
) -> None:
    number = column in ("version", "recorded_at")
    new = f"{column} + 1" if number else f"'x' || {column}"
    _unguarded(connected(path), f"UPDATE events SET {column} = {new} WHERE seq = 5")
    report = verified(path)
    assert report.first_broken == 5
    assert "Event 5 " in report.problems[0]
    assert report.events == 16


def test_events_that_are_gone_or_changed_places_are_named(path: Path, connected: Connected) -> None:
    _unguarded(connected(path), "DELETE FROM events WHERE seq = 7")
    report = verified(path)
    assert (report.first_broken, report.events) == (7, 15)
    assert "Event 7 is missing" in report.problems[0]
    _unguarded(connected(path), "UPDATE events SET seq = 7 WHERE seq = 16")
    assert verified(path).first_broken == 7


def test_the_first_of_many_broken_events_is_named(path: Path, connected: Connected) -> None:
    _unguarded(connected(path), "UPDATE events SET user = 'nobody' WHERE seq >= 4")
    report = verified(path)
    assert report.first_broken == 4
    assert "broken too: 12" in report.problems[1]


def test_a_chain_that_was_computed_anew_is_found_by_a_head_that_was_kept(
    path: Path, connected: Connected
) -> None:
    """Whoever may write the file can write another history; what was noted elsewhere tells."""
    head = SqliteLedgerKeeper(path).head()
    connection = connected(path)
    rows = connection.execute("SELECT * FROM events ORDER BY seq").fetchall()
    previous, changes = serialization.GENESIS, []
    for seq, *fields, _, _ in rows:
        fields[5] = "somebody-else"
        digest = serialization.chained_hash(previous, (seq, *fields))
        changes.append(
            f"UPDATE events SET user = 'somebody-else', previous_hash = '{previous}',"
            f" hash = '{digest}' WHERE seq = {seq}"
        )
        previous = digest
    _unguarded(connection, *changes)
    assert verified(path).valid
    report = verified(path, (head.seq, head.hash))
    assert not report.valid
    assert "written anew" in report.problems[0]


def test_a_tail_that_was_cut_off_is_found_by_a_head_that_was_kept(
    path: Path, connected: Connected
) -> None:
    head = SqliteLedgerKeeper(path).head()
    _unguarded(connected(path), "DELETE FROM events WHERE seq > 12")
    connection = connected(path)
    connection.execute("UPDATE projected SET upto = 12")
    for table in ("revisions", "series", "instruments"):
        connection.execute(f"DELETE FROM {table}")
    connection.commit()
    connection.close()
    assert SqliteLedgerKeeper(path).replay(NoTask()).changed
    assert verified(path).valid
    assert verified(path).first_broken is None
    report = verified(path, (head.seq, head.hash))
    assert report.first_broken == 13
    assert "once had 16 events" in report.problems[0]


@pytest.mark.parametrize("knows", ["upto", "a row", "an end"])
def test_a_tail_that_was_cut_off_is_missed_by_what_followed_from_it(
    path: Path, opened: Opened, connected: Connected, knows: str
) -> None:
    _unguarded(connected(path), "DELETE FROM events WHERE seq > 7")
    if knows != "upto":
        _unguarded(connected(path), "UPDATE projected SET upto = 7")
    if knows == "an end":
        _unguarded(
            connected(path),
            "DELETE FROM revisions WHERE written > 7",
            "UPDATE revisions SET ended = NULL, corrupted = NULL, discarded = NULL",
            "UPDATE revisions SET discarded = 8",
        )
        connection = connected(path)
        connection.execute("DELETE FROM instruments WHERE defined > 7")
        connection.execute("DELETE FROM series WHERE first > 7")
        connection.commit()
        connection.close()
    before = path.read_bytes()
    report = verified(path)
    assert (report.first_broken, report.events) == (8, 7)
    assert "Event 8 is missing" in report.problems[0]
    attempts = [lambda: SqliteLedgerKeeper(path).replay(NoTask())]
    if knows == "upto":
        attempts += [
            lambda: opened(path).availability(),
            lambda: opened(path).append([histories.write()], ORIGIN, expected_head=7),
        ]
    for attempt in attempts:
        with pytest.raises(LedgerDamagedError, match="Event 8 is missing") as raised:
            attempt()
        assert "backup" in raised.value.recovery
        assert "ledger replay" not in raised.value.recovery
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE events SET user = 'mallory' WHERE seq = 5", "Event 5 is not what was recorded"),
        ("DELETE FROM events WHERE seq = 5", "Event 5 is missing"),
        ("UPDATE events SET hash = previous_hash WHERE seq = 5", "Event 5 is not what"),
    ],
)
def test_nothing_is_made_anew_from_forged_events(
    path: Path, connected: Connected, change: str, problem: str
) -> None:
    _unguarded(connected(path), change, "UPDATE revisions SET bars = bars + 1")
    before = path.read_bytes()
    with pytest.raises(LedgerDamagedError, match=problem) as raised:
        SqliteLedgerKeeper(path).replay(NoTask())
    assert "ledger replay" not in raised.value.recovery
    assert path.read_bytes() == before


def test_an_event_under_another_series_is_named_though_its_hash_fits(
    path: Path, connected: Connected
) -> None:
    connection = connected(path)
    rows = connection.execute("SELECT * FROM events ORDER BY seq").fetchall()
    place = next(place for place, row in enumerate(rows) if place > 3 and row[4])
    previous, changes = rows[place - 1][-1], []
    for seq, *fields, _, _ in rows[place:]:
        if seq == rows[place][0]:
            fields[3] = "TSLA.NASDAQ/1_MIN"
        digest = serialization.chained_hash(previous, (seq, *fields))
        changes.append(
            f"UPDATE events SET series = {f"'{fields[3]}'" if fields[3] else 'NULL'},"
            f" previous_hash = '{previous}', hash = '{digest}' WHERE seq = {seq}"
        )
        previous = digest
    _unguarded(connection, *changes)
    report = verified(path)
    assert report.first_broken == rows[place][0]
    assert "under another series" in report.problems[0]
    assert len(report.problems) == 1


def test_a_trigger_that_keeps_events_out_makes_no_success(
    path: Path, opened: Opened, connected: Connected
) -> None:
    """SQLite says nothing of a row that a trigger had it pass over."""
    for name, condition in (("every", "TRUE"), ("some", "NEW.seq = 18")):
        connection = connected(path)
        connection.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT ON events WHEN {condition}"
            " BEGIN SELECT RAISE(IGNORE); END"
        )
        with pytest.raises(LedgerDamagedError) as raised:
            opened(path).append([histories.write()] * 2, ORIGIN, expected_head=16)
        assert "ledger verify" in raised.value.recovery
        assert opened(path).head() == 16
        connection.execute(f"DROP TRIGGER {name}")
    assert verified(path).valid


def test_a_trigger_that_takes_an_event_back_makes_no_success(
    path: Path, opened: Opened, connected: Connected
) -> None:
    connection = connected(path)
    connection.execute("DROP TRIGGER events_are_never_removed")
    connection.execute(
        "CREATE TRIGGER theirs AFTER INSERT ON events BEGIN"
        " DELETE FROM events WHERE seq = NEW.seq; END"
    )
    with pytest.raises(LedgerDamagedError, match="Nothing was recorded"):
        opened(path).append([histories.write()], ORIGIN, expected_head=16)
    assert opened(path).head() == 16


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_that_was_dropped_or_altered_is_named(
    path: Path, name: str, connected: Connected
) -> None:
    connection = connected(path)
    ((sql,),) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,))
    connection.execute(f"DROP TRIGGER {name}")
    report = verified(path)
    assert (report.valid, report.first_broken) == (False, None)
    assert f"{name} is missing" in report.problems[0]
    assert "ledger replay" in report.problems[0]
    connection.execute(sql.replace("append-only", "a suggestion"))
    assert f"{name} is not the one" in verified(path).problems[0]
    connection.execute(f"DROP TRIGGER {name}")
    connection.execute(sql)
    assert verified(path).valid


@pytest.mark.parametrize(
    "statement",
    [
        *(f"DROP TRIGGER {name}" for name in GUARDS),
        "DROP INDEX events_by_id",
        "DROP INDEX events_by_series",
        "DROP INDEX events_by_time",
    ],
)
def test_a_guard_that_was_dropped_is_put_back_and_no_history_given_up(
    path: Path, statement: str, connected: Connected
) -> None:
    connection = connected(path)
    made = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
    before = connection.execute(made).fetchall()
    connection.execute(statement)
    assert SqliteLedgerKeeper(path).replay(NoTask()).changed
    assert connection.execute(made).fetchall() == before
    assert verified(path).valid
    assert not SqliteLedgerKeeper(path).replay(NoTask()).changed


def test_a_guard_is_not_put_back_before_forged_events(path: Path, connected: Connected) -> None:
    connection = connected(path)
    connection.execute("DROP TRIGGER events_are_never_changed")
    connection.execute("UPDATE events SET user = 'mallory' WHERE seq = 5")
    connection.commit()
    with pytest.raises(LedgerDamagedError, match="Event 5 is not what was recorded"):
        SqliteLedgerKeeper(path).replay(NoTask())
    assert "events_are_never_changed is missing" in verified(path).problems[0]


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DROP INDEX events_by_id", "index events_by_id is missing"),
        ("DROP INDEX events_by_time", "index events_by_time is missing"),
        ("DROP TABLE instruments", "table instruments is missing"),
        ("CREATE TABLE theirs (x)", "table theirs is none"),
        ("CREATE TABLE _sqlite_migrations_x (x)", "table _sqlite_migrations_x is none"),
        ("CREATE VIEW _sqlite_migrations_x AS SELECT 1", "view _sqlite_migrations_x is none"),
        (
            "CREATE TRIGGER _sqlite_migrations_x AFTER INSERT ON events"
            " BEGIN DELETE FROM revisions; END",
            "trigger _sqlite_migrations_x is none",
        ),
        ("ALTER TABLE _sqlite_migrations ADD COLUMN x", "table _sqlite_migrations is not the one"),
        ("DROP TABLE _sqlite_migrations", "table _sqlite_migrations is missing"),
        (
            "DROP INDEX idx__sqlite_migrations_migration_set_name",
            "index idx__sqlite_migrations_migration_set_name is missing",
        ),
        ("CREATE INDEX theirs ON events (host)", "index theirs is none"),
        ("ALTER TABLE events ADD COLUMN more TEXT", "table events is not the one"),
        (
            "CREATE TRIGGER theirs AFTER INSERT ON events BEGIN DELETE FROM revisions; END",
            "trigger theirs is none",
        ),
    ],
)
def test_tables_and_indexes_are_those_that_barledger_makes(
    path: Path, statement: str, problem: str, connected: Connected
) -> None:
    connected(path).execute(statement)
    report = verified(path)
    assert not report.valid
    assert any(problem in one for one in report.problems)


def test_what_sqlite_itself_makes_is_not_foreign(path: Path, connected: Connected) -> None:
    connection = connected(path)
    connection.execute("ANALYZE")
    connection.execute("PRAGMA writable_schema = ON")
    assert verified(path).valid
    connection.execute(
        "INSERT INTO sqlite_master SELECT 'trigger', 'sqlite_evil', tbl_name, rootpage,"
        " replace(sql, name, 'sqlite_evil') FROM sqlite_master"
        " WHERE name = 'events_are_never_removed'"
    )
    connection.commit()
    connection.close()
    assert any("trigger sqlite_evil is none" in one for one in verified(path).problems)


def test_a_clock_that_ran_backwards_is_odd_and_no_damage(
    path: Path, opened: Opened, clock: MemoryClock
) -> None:
    ledger = opened(path)
    for step in (-5_000_000_000, 9_000_000_000, -1_000_000_000):
        clock.advance(step)
        ledger.append([histories.write()], ORIGIN, expected_head=ledger.head())
    report = verified(path)
    assert report.valid
    assert report.warnings == (
        "Event 17 was recorded at 2023-11-14 22:13:15 UTC, the one before it at"
        " 2023-11-14 22:13:20 UTC: the clock ran backwards (2 times in all).",
    )


def test_checking_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    assert verified(path).valid
    assert path.read_bytes() == before
    path.chmod(0o444)
    assert verified(path).valid


def _pages_of_events(path: Path) -> list[int]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found = connection.execute(
            "SELECT pageno FROM dbstat WHERE name = 'events' AND pagetype = 'leaf' ORDER BY path"
        )
        return [page for (page,) in found]


@pytest.fixture
def long_path(tmp_path: Path, opened: Opened) -> Path:
    """Return a ledger that takes many pages."""
    ledger = opened(tmp_path / "long" / "ledger.db")
    for _ in range(20):
        ledger.append(histories.ordinary(), ORIGIN, expected_head=ledger.head())
    ledger.close()
    return tmp_path / "long" / "ledger.db"


def test_a_page_that_sqlite_cannot_read_ends_in_the_number_of_an_event(long_path: Path) -> None:
    pages = _pages_of_events(long_path)
    with contextlib.closing(sqlite3.connect(long_path)) as connection:
        intact = connection.execute("SELECT count(*) FROM events").fetchone()[0]
    with long_path.open("r+b") as file:
        file.seek((pages[len(pages) // 2] - 1) * PAGE)
        file.write(b"\xee" * PAGE)
    report = verified(long_path)
    assert not report.valid
    assert report.first_broken == report.events + 1
    assert 0 < report.events < intact
    assert f"Event {report.first_broken} cannot be read" in report.problems[0]
    assert any("SQLite finds" in one or "cannot be read" in one for one in report.problems[1:])
    with contextlib.closing(sqlite3.connect(long_path)) as connection:
        last = connection.execute("SELECT seq FROM events WHERE seq = ?", (report.events,))
        assert last.fetchone() == (report.events,)
        with pytest.raises(sqlite3.DatabaseError):
            connection.execute("SELECT * FROM events WHERE seq = ?", (report.first_broken,))


def test_reading_over_a_bad_page_is_told_as_damage(long_path: Path, opened: Opened) -> None:
    page = _pages_of_events(long_path)[3]
    with long_path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xee" * PAGE)
    with pytest.raises(LedgerDamagedError, match="damaged") as raised:
        list(opened(long_path).replay())
    assert raised.value.exit_code == 5
    assert "--rebuild-ledger" in raised.value.recovery


@pytest.mark.parametrize("kept", [1, 99, 100, PAGE - 1, PAGE, 16 * PAGE])
def test_a_file_that_was_cut_is_damaged(long_path: Path, opened: Opened, kept: int) -> None:
    content = long_path.read_bytes()
    assert len(content) > 16 * PAGE
    long_path.write_bytes(content[:kept])
    for attempt in (
        lambda: verified(long_path),
        lambda: list(opened(long_path).replay()),
        lambda: opened(long_path).append([histories.write()], ORIGIN, expected_head=0),
    ):
        with pytest.raises(LedgerDamagedError):
            attempt()
    assert long_path.read_bytes() == content[:kept]


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough" * 400, b"SQLite format 3\0" * 300]
)
def test_what_is_no_database_at_all_is_damaged(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for attempt in (
        lambda: verified(path),
        lambda: SqliteLedgerKeeper(path).head(),
        lambda: SqliteLedgerKeeper(path).replay(NoTask()),
    ):
        with pytest.raises(LedgerDamagedError):
            attempt()


def test_somebody_elses_database_is_not_called_damaged(
    tmp_path: Path, path: Path, connected: Connected
) -> None:
    theirs = tmp_path / "theirs.db"
    connected(theirs).execute("CREATE TABLE theirs (x)")
    newer = connected(path)
    newer.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    newer.execute("CREATE TABLE more (x)")
    for one in (theirs, path):
        with pytest.raises(LedgerError, match="not a ledger") as raised:
            verified(one)
        assert not isinstance(raised.value, LedgerDamagedError)


def test_a_ledger_that_no_longer_says_so_is_damaged(path: Path, connected: Connected) -> None:
    connected(path).execute("PRAGMA application_id = 7")
    with pytest.raises(LedgerDamagedError, match="header"):
        verified(path)


# ---------------------------------------------------------------------------------------------
# Single bits


def _long_history() -> list[Event]:
    days = [f"2024-02-{day:02}" for day in range(1, 21)]
    more = [histories.write(day, series=series) for day in days for series in (AAPL, MSFT)]
    again = [histories.write(day, 2, count=7) for day in days[::3]]
    return [*histories.ordinary(), *more, *again, *histories.ordinary()]


def _everything(path: Path) -> object:
    """Return all that can be read of a ledger."""
    with contextlib.closing(SqliteLedger(path, MemoryClock())) as ledger:
        events = list(ledger.replay())
        ends = (None, 10, 40, 60)
        told = [histories.shown(ledger.availability(upto=upto)) for upto in ends]
        coverage = [
            list(held.partitions.each("coverage")) for held in ledger.availability().series.values()
        ]
        parts = [list(ledger.replay(series=series)) for series in (AAPL, MSFT)]
        times = [ledger.head_at(events[place].recorded_at) for place in (0, 30, -1)]
        return events, told, coverage, parts, times


@pytest.mark.parametrize("seed", range(3))
def test_a_single_bit_is_named_or_changes_nothing_that_is_read(
    tmp_path: Path, seed: int, clock: MemoryClock
) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db", clock)
    history = _long_history()
    for place in range(0, len(history), 9):
        clock.advance(7)
        ledger.append(history[place : place + 9], ORIGIN, expected_head=place)
    ledger.close()
    intact = (tmp_path / "ledger.db").read_bytes()
    expected = _everything(tmp_path / "ledger.db")
    chance, found = random.Random(seed), Counter[str]()
    for _ in range(100):
        bit = chance.randrange(len(intact) * 8)
        if chance.random() < 0.2:
            bit = chance.randrange(PAGE * 8)  # the header, and what the tables are
        folder = tmp_path / "flipped"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        content = bytearray(intact)
        content[bit // 8] ^= 1 << bit % 8
        (folder / "ledger.db").write_bytes(content)
        try:
            report = verified(folder / "ledger.db")
        except LedgerDamagedError:
            found["raised"] += 1
            continue
        found["named" if not report.valid else "harmless"] += 1
        if report.valid:
            assert _everything(folder / "ledger.db") == expected, f"bit {bit}, seed {seed}"
        else:
            _read_without_traceback(folder / "ledger.db")
    assert found["named"] > 20, found
    assert found["raised"] > 3, found


def _read_without_traceback(path: Path) -> None:
    with contextlib.suppress(BarledgerError):
        _everything(path)
