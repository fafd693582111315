"""A ledger of an earlier version is read as it is, and brought up when it is written to."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.memory.clock import MemoryClock
from adapters.sqlite import projections, schema
from adapters.sqlite.keeper import SqliteLedgerKeeper
from adapters.sqlite.ledger import SqliteLedger
from domain.availability import fold
from domain.events import CsvImported, PartitionWritten, WriteCause
from tests import histories
from tests.builders import AAPL, DATA, MSFT, ORIGIN
from tests.cli import ROOT
from tests.integration.sqlite.conftest import Connected, NoTask, Opened, verified

LAST = 14
LAST_OF = {1: LAST, 2: 16}
HASHES = "SELECT seq, hash FROM events WHERE seq <= ? ORDER BY seq"


def _copied(version: int, folder: Path) -> Path:
    made = folder / "catalog" / "ledger.db"
    made.parent.mkdir()
    shutil.copy(DATA / f"ledger-v{version}.db", made)
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a ledger that the first version of barledger wrote: every kind of event it knew."""
    return _copied(1, tmp_path)


@pytest.fixture(params=LAST_OF)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, int, int]:
    """Return a ledger of an earlier version, its version and its last event."""
    return _copied(request.param, tmp_path), request.param, LAST_OF[request.param]


def _version(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _told(ledger: SqliteLedger, upto: int | None = None) -> object:
    return histories.shown(ledger.availability(upto=upto))


def test_it_is_read_without_being_changed(old: tuple[Path, int, int], opened: Opened) -> None:
    path, version, last = old
    before = path.read_bytes()
    ledger = opened(path)
    assert ledger.head() == last
    events = list(ledger.replay())
    assert len({type(one.event) for one in events}) == {1: 5, 2: 7}[version]
    for upto in range(last + 1):
        assert _told(ledger, upto) == histories.shown(fold(events[:upto]))
    ledger.close()
    assert path.read_bytes() == before


def test_what_it_did_not_say_is_filled_in(path: Path, opened: Opened) -> None:
    written = [one.event for one in opened(path).replay()]
    causes = {one.cause for one in written if isinstance(one, PartitionWritten)}
    assert causes == {WriteCause.BARS}
    imports = [one for one in written if isinstance(one, CsvImported)]
    assert {one.bars_removed for one in imports} == {None}
    assert [one.bars_replaced for one in imports] == [0, 5, 0]


def test_it_holds_what_it_held(path: Path, opened: Opened) -> None:
    now = opened(path).availability()
    assert sorted(map(str, now.known_ids())) == [
        "AAPL.NASDAQ",
        "BRK B.NYSE",
        "ESH4.CME",
        "MSFT.NASDAQ",
    ]
    held = now.holdings(AAPL)
    assert {name: one.revision for name, one in held.partitions.items()} == {"2024-01-03": 2}
    assert held.corrupt == {"2024-01-02"}
    assert held.revisions == {"2024-01-02": 1, "2024-01-03": 2, "2024-01-04": 1}
    assert now.holdings(MSFT).bars == 5
    assert now.instruments[AAPL.instrument_id].price_precision == 4


def test_it_is_verified_as_it_is(old: tuple[Path, int, int]) -> None:
    path, version, last = old
    report = verified(path)
    assert report.problems == ()
    assert (report.valid, report.events) == (True, last)
    assert _version(path) == version


def test_an_append_brings_it_up_and_changes_nothing_that_was_there(
    old: tuple[Path, int, int], opened: Opened, connected: Connected
) -> None:
    path, _, last = old
    before, hashes = _told(opened(path)), connected(path).execute(HASHES, (last,)).fetchall()
    head = SqliteLedgerKeeper(path).head()
    ledger = opened(path)
    ledger.append([histories.write("2024-02-01")], ORIGIN, expected_head=last)
    assert _version(path) == schema.VERSION
    assert connected(path).execute(HASHES, (last,)).fetchall() == hashes
    events = list(ledger.replay())
    for upto in range(last + 2):
        assert _told(ledger, upto) == histories.shown(fold(events[:upto]))
    assert _told(ledger, last) == before
    report = verified(path, (head.seq, head.hash))
    assert (report.problems, report.events) == ((), last + 1)
    assert not SqliteLedgerKeeper(path).replay(NoTask()).changed


def test_its_projections_can_be_asked_for(path: Path) -> None:
    report = SqliteLedgerKeeper(path).replay(NoTask())
    assert (report.events, report.head, report.changed) == (LAST, LAST, False)
    assert _version(path) == schema.VERSION
    assert verified(path).valid


def test_a_step_that_fails_leaves_the_ledger_as_it_was(
    path: Path, opened: Opened, connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
    before = connected(path).execute(tables).fetchall()
    told = _told(opened(path))

    def fail(*of: object) -> None:
        raise sqlite3.OperationalError("power went out")

    with monkeypatch.context() as patched:
        patched.setattr(projections, "catch_up", fail)
        with pytest.raises(Exception, match="power went out"):
            opened(path).prepare()
    assert connected(path).execute(tables).fetchall() == before
    assert _version(path) == 1
    assert _told(opened(path)) == told
    opened(path).prepare()
    assert _version(path) == schema.VERSION
    assert verified(path).valid


def test_every_step_is_on_record(path: Path, opened: Opened, connected: Connected) -> None:
    opened(path).prepare()
    new = path.with_name("new.db")
    opened(new).prepare()
    steps = "SELECT migration_set, name FROM _sqlite_migrations ORDER BY id"
    for one in (path, new):
        assert connected(one).execute(steps).fetchall() == [
            ("barledger", "1-events"),
            ("barledger", "2-projections"),
            ("barledger", "3-events-by-type"),
        ]


def test_a_new_ledger_and_an_old_one_end_with_the_same_tables(
    old: tuple[Path, int, int], opened: Opened, connected: Connected
) -> None:
    path = old[0]
    opened(path).prepare()
    new = path.with_name("new.db")
    opened(new).prepare()
    tables = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
    assert connected(path).execute(tables).fetchall() == connected(new).execute(tables).fetchall()


def test_nothing_is_imported_to_open_a_ledger_that_is_up_to_date(path: Path) -> None:
    """The library of the steps takes a second to import, for it brings pandas in."""
    ledger = SqliteLedger(path, MemoryClock())
    ledger.prepare()
    ledger.close()
    probe = (
        "import sys; from pathlib import Path;"
        "from adapters.memory.clock import MemoryClock;"
        "from adapters.sqlite.ledger import SqliteLedger;"
        f"ledger = SqliteLedger(Path({str(path)!r}), MemoryClock()); ledger.prepare();"
        "ledger.availability().known_ids(); ledger.close();"
        "sys.exit(bool({'sqlite_utils', 'pandas', 'pyarrow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", probe], cwd=ROOT, check=False).returncode == 0


def test_events_that_cannot_be_read_are_told_and_nothing_is_changed(
    path: Path, opened: Opened, connected: Connected
) -> None:
    connection = connected(path)
    row = connection.execute("SELECT * FROM events WHERE seq = 14").fetchone()
    strange = (15, "id", "TapeEaten", *row[3:])
    connection.execute(f"INSERT INTO events VALUES ({','.join('?' * 13)})", strange)
    connection.commit()
    with pytest.raises(Exception, match=r"Event 15 .*TapeEaten"):
        opened(path).prepare()
    assert _version(path) == 1
