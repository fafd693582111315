"""`barledger verify --rebuild-ledger`: a lost ledger is made anew from the files alone."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.parquet import files
from adapters.parquet.inspection import ParquetCatalogFiles
from adapters.sqlite.moving import Aside
from adapters.sqlite.new_ledger import SqliteNewLedger
from domain.errors import DiskFullError
from domain.upkeep import FoundFile
from tests.builders import DATA, csv_text, minute_bars, new_partition, session_bars
from tests.cli import ROOT
from tests.integration.cli.conftest import Barledger
from tests.integration.cli.verifying import (
    DAY,
    DAYS,
    FOLDER,
    events,
    flip,
    overwrite_a_day,
    take_in,
    three_days,
    verify,
)

BACKTEST = ("backtest", "-i", "AAPL", "--strategy", "buy-and-hold", "--param", "trade_size=1")


@pytest.fixture
def held(barledger: Barledger, catalog: Path) -> Path:
    """Hold three days of AAPL, and return the catalog."""
    return three_days(catalog)


def _delete(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _garbage(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 40)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:9000])


def _tamper(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER events_are_never_changed")
        connection.execute("UPDATE events SET payload = replace(payload, '390', '391')")


LOSSES = [_delete, _empty, _garbage, _cut, _tamper]
UNUSABLE = [_delete, _empty, _garbage, _cut]


def _known(barledger: Barledger) -> list[dict[str, Any]]:
    series: list[dict[str, Any]] = barledger("list", "--json").document["series"]
    return [{key: row[key] for key in row if key != "updated"} for row in series]


@pytest.mark.parametrize("lose", LOSSES)
def test_the_new_ledger_knows_the_same_bars(
    barledger: Barledger, held: Path, tmp_path: Path, lose: Callable[[Path], None]
) -> None:
    overwrite_a_day(barledger, tmp_path)
    known, run = _known(barledger), barledger(*BACKTEST, "--json").document
    lose(held / "ledger.db")
    rebuilt = verify(barledger, 0, "--rebuild-ledger")
    assert (rebuilt["partitions"], rebuilt["bars"], rebuilt["revisions"]) == (3, 3 * 390, 1)
    assert (rebuilt["damaged"], rebuilt["unknown"]) == ([], [])
    assert _known(barledger) == known
    again = barledger(*BACKTEST, "--json").document
    assert {**again, "seconds": 0} == {**run, "seconds": 0}
    assert events(barledger) == rebuilt["ledger"]["events"]
    clean = verify(barledger, 0)
    assert (clean["damaged"], clean["unknown"], clean["bars"]) == ([], [], 3 * 390)


@pytest.mark.parametrize("lose", UNUSABLE)
def test_nothing_is_done_with_files_whose_ledger_is_lost(
    barledger: Barledger, held: Path, tmp_path: Path, lose: Callable[[Path], None]
) -> None:
    lose(held / "ledger.db")
    before = {path: path.read_bytes() for path in held.rglob("*") if path.is_file()}
    (tmp_path / "more.csv").write_text(csv_text(minute_bars("2024-02-01T14:30:00")))
    for command in (
        ("list",),
        ("check",),
        ("import-csv", str(tmp_path / "more.csv"), "-i", "AAPL.NASDAQ"),
        ("import-csv", str(tmp_path / "more.csv"), "-i", "MSFT.NASDAQ"),
        BACKTEST,
        ("instrument", "show", "-i", "AAPL"),
        ("instrument", "set", "-i", "AAPL.NASDAQ", "--tick", "0.0001"),
        ("verify",),
        ("verify", "--repair"),
    ):
        ended = barledger(*command, "--json")
        assert ended.code in (1, 5), command
        assert ended.document["error"]["code"] in ("ledger-missing", "ledger-damaged"), command
        assert "verify --rebuild-ledger" in ended.document["error"]["recovery"], command
    after = {path: path.read_bytes() for path in held.rglob("*") if path.is_file()}
    assert {path.name for path in set(after) - set(before)} <= {
        "ledger.db-shm",
        "ledger.db-wal",
    }
    assert all(after[path] == content for path, content in before.items())


def test_old_revisions_alone_mean_that_a_ledger_was_lost_too(
    barledger: Barledger, held: Path, tmp_path: Path
) -> None:
    """A new ledger would count from one again, and write over them."""
    assert barledger("remove", "-i", "AAPL", "--yes").code == 0
    (held / "ledger.db").unlink()
    assert barledger("list", "--json").document["error"]["code"] == "ledger-missing"
    rebuilt = verify(barledger, 0, "--rebuild-ledger")
    assert (rebuilt["partitions"], rebuilt["revisions"]) == (0, 3)
    assert _known(barledger) == []
    take_in(barledger, tmp_path, csv_text(session_bars(DAYS[0], DAYS[0])))
    assert (held / FOLDER / "2024-01-02.2.parquet").exists()
    assert verify(barledger, 0)["revisions"] == 3


def test_a_first_import_that_was_killed_is_no_lost_ledger(
    barledger: Barledger, catalog: Path, tmp_path: Path
) -> None:
    """Its ledger is there, without an event; its files are set aside and it can be run again."""
    from adapters.sqlite.ledger import SqliteLedger
    from adapters.system.clock import SystemClock

    (catalog / FOLDER).mkdir(parents=True)
    (catalog / FOLDER / "2024-01-02.parquet").write_bytes(files.encode(new_partition()))
    ledger = SqliteLedger(catalog / "ledger.db", SystemClock())
    ledger.prepare()
    ledger.close()
    assert barledger("list", "--json").document["series"] == []
    (unknown,) = verify(barledger, 0)["unknown"]
    assert "/.orphans/" in unknown["path"]
    take_in(barledger, tmp_path, csv_text(minute_bars()))
    assert verify(barledger, 0)["bars"] == 5


def test_a_sound_ledger_is_given_up_on_request_alone(barledger: Barledger, held: Path) -> None:
    before = (held / "ledger.db").read_bytes()
    ended = barledger("verify", "--rebuild-ledger", "--json")
    assert ended.code == 2
    assert ended.document["error"]["code"] == "confirmation-needed"
    assert "--yes" in ended.document["error"]["recovery"]
    assert (held / "ledger.db").read_bytes() == before
    rebuilt = verify(barledger, 0, "--rebuild-ledger", "--yes")
    aside = held / rebuilt["ledger"]["set_aside"]
    assert aside.read_bytes() == before
    assert verify(barledger, 0)["unknown"] == []


def test_a_damaged_ledger_is_kept(barledger: Barledger, held: Path) -> None:
    _garbage(held / "ledger.db")
    content = (held / "ledger.db").read_bytes()
    rebuilt = verify(barledger, 0, "--rebuild-ledger")
    assert (held / rebuilt["ledger"]["set_aside"]).read_bytes() == content


def test_a_damaged_file_goes_to_quarantine_and_its_day_is_missing(
    barledger: Barledger, held: Path
) -> None:
    flip(held / DAY)
    (held / "ledger.db").unlink()
    rebuilt = verify(barledger, 5, "--rebuild-ledger")
    (damaged,) = rebuilt["damaged"]
    assert damaged["path"] == DAY
    assert (rebuilt["partitions"], rebuilt["bars"]) == (2, 2 * 390)
    assert not (held / DAY).exists()
    assert len(list((held / ".quarantine" / FOLDER).iterdir())) == 1
    gaps = barledger("check", "--json").document["series"][0]["gaps"]
    assert [(gap["start"], gap["end"]) for gap in gaps] == [(DAYS[1], DAYS[1])]
    assert verify(barledger, 0)["bars"] == 2 * 390


def test_a_damaged_day_is_not_replaced_by_what_it_was_before(
    barledger: Barledger, held: Path, tmp_path: Path
) -> None:
    overwrite_a_day(barledger, tmp_path)
    flip(held / FOLDER / "2024-01-03.2.parquet")
    (held / "ledger.db").unlink()
    rebuilt = verify(barledger, 5, "--rebuild-ledger")
    assert (rebuilt["partitions"], rebuilt["revisions"]) == (2, 1)
    assert _known(barledger)[0]["trading_days"] == 2
    take_in(barledger, tmp_path, csv_text(session_bars(DAYS[1], DAYS[1], price=19_000)))
    assert verify(barledger, 0)["bars"] == 3 * 390


def test_a_damaged_old_revision_costs_nothing_of_today(
    barledger: Barledger, held: Path, tmp_path: Path
) -> None:
    overwrite_a_day(barledger, tmp_path)
    flip(held / FOLDER / ".history" / "2024-01-03.parquet")
    (held / "ledger.db").unlink()
    rebuilt = verify(barledger, 5, "--rebuild-ledger")
    assert rebuilt["damaged"][0]["superseded"] is True
    assert (rebuilt["partitions"], rebuilt["bars"], rebuilt["revisions"]) == (3, 3 * 390, 0)


def test_what_was_set_aside_or_lies_elsewhere_is_told_and_not_taken_in(
    barledger: Barledger, held: Path
) -> None:
    orphan = f"{FOLDER}/.orphans/2024-01-05.{'a' * 32}.parquet"
    new = new_partition(session_bars("2024-01-05", "2024-01-05"), partition="2024-01-05")
    for path in (orphan, "mine/2024-01-05.parquet", f"{FOLDER}/copy.parquet"):
        (held / path).parent.mkdir(exist_ok=True)
        (held / path).write_bytes(files.encode(new))
    (held / "ledger.db").unlink()
    rebuilt = verify(barledger, 0, "--rebuild-ledger")
    assert rebuilt["partitions"] == 3
    assert sorted(one["path"] for one in rebuilt["unknown"]) == sorted(
        [orphan, "mine/2024-01-05.parquet", f"{FOLDER}/copy.parquet"]
    )
    assert verify(barledger, 0, "--repair", "--yes")["partitions"] == 4


def test_a_file_under_another_days_name_is_not_taken_for_that_day(
    barledger: Barledger, held: Path
) -> None:
    (held / DAY).rename(held / FOLDER / "2024-01-09.parquet")
    (held / "ledger.db").unlink()
    rebuilt = verify(barledger, 5, "--rebuild-ledger")
    assert "it says that it is revision 1" in rebuilt["damaged"][0]["problem"]
    assert rebuilt["partitions"] == 2
    assert verify(barledger, 0, "--repair", "--yes")["bars"] == 3 * 390
    assert (held / DAY).exists()


def test_two_revisions_in_a_folder_are_told(
    barledger: Barledger, held: Path, tmp_path: Path
) -> None:
    overwrite_a_day(barledger, tmp_path)
    (held / FOLDER / ".history" / "2024-01-03.parquet").rename(held / DAY)
    (held / "ledger.db").unlink()
    rebuilt = verify(barledger, 0, "--rebuild-ledger")
    assert (rebuilt["partitions"], rebuilt["revisions"]) == (3, 1)
    assert "2024-01-03.2.parquet: the newest of 2 revisions" in rebuilt["warnings"][-1]
    assert verify(barledger, 0)["revisions"] == 1


def test_instruments_that_must_be_defined_again_are_named(
    barledger: Barledger, held: Path, tmp_path: Path
) -> None:
    (tmp_path / "es.csv").write_text(csv_text(minute_bars()))
    assert barledger("import-csv", tmp_path / "es.csv", "-i", "ESH4.CME").code == 0
    (held / "ledger.db").unlink()
    ended = barledger("verify", "--rebuild-ledger")
    assert "These need one before a backtest: ESH4.CME" in ended.err
    assert "barledger instrument set" in ended.err
    assert "assumed of AAPL.NASDAQ" in ended.err


def test_a_rebuild_that_is_cut_short_leaves_no_half_ledger(
    barledger: Barledger, held: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (held / "ledger.db").read_bytes()

    def fail(self: SqliteNewLedger) -> None:
        raise DiskFullError("The disk is full.", "Free some space.")

    with monkeypatch.context() as patched:
        patched.setattr(SqliteNewLedger, "take_place", fail)
        assert verify(barledger, 1, "--rebuild-ledger", "--yes")["error"]["code"] == "disk-full"
    assert (held / "ledger.db").read_bytes() == before
    assert list((held / ".quarantine").iterdir()) == []
    assert list(held.glob("*rebuilding*")) == []
    assert verify(barledger, 0, "--rebuild-ledger", "--yes")["bars"] == 3 * 390
    assert list(held.glob("*rebuilding*")) == []


def test_what_a_killed_rebuild_left_is_in_nobodys_way(barledger: Barledger, held: Path) -> None:
    shutil.copy(held / "ledger.db", held / "ledger.db.rebuilding")
    (held / "ledger.db").unlink()
    assert barledger("list", "--json").document["error"]["code"] == "ledger-missing"
    assert verify(barledger, 0, "--rebuild-ledger")["ledger"]["events"] == 4


def test_where_there_are_no_files_nothing_is_made(barledger: Barledger, catalog: Path) -> None:
    ended = barledger("verify", "--rebuild-ledger", "--json")
    assert (ended.code, ended.document["error"]["code"]) == (2, "nothing-held")
    assert not catalog.exists()


def test_what_a_person_sees_of_a_rebuild(barledger: Barledger, held: Path) -> None:
    _empty(held / "ledger.db")
    ended = barledger("verify", "--rebuild-ledger")
    assert ended.out.splitlines() == [
        "The ledger was made anew from the files: 3 partitions, 1,170 bars.",
        "The old one is at .quarantine/ledger.db.",
    ]
    assert ended.code == 0


def test_real_bars_of_every_length_come_through(
    barledger: Barledger, catalog: Path, tmp_path: Path
) -> None:
    for name, instrument, zone in (
        ("IBM_1day_new_york.csv", "IBM.NYSE", "America/New_York"),
        ("AAPL_1hour_new_york.csv", "AAPL.NASDAQ", "America/New_York"),
        ("SPY_1min_2013-10-04_2013-10-11_utc.csv", "SPY.ARCA", "UTC"),
    ):
        lines = (DATA / name).read_text().splitlines(keepends=True)
        (tmp_path / name).write_text("".join(lines[:1000]))
        ended = barledger("import-csv", tmp_path / name, "-i", instrument, "--timezone", zone)
        assert ended.code == 0, ended.err
    known = _known(barledger)
    assert len(known) == 3
    sound = verify(barledger, 0)
    assert (sound["damaged"], sound["bars"]) == ([], sum(row["bars"] for row in known))
    (catalog / "ledger.db").unlink()
    assert verify(barledger, 0, "--rebuild-ledger")["bars"] == sound["bars"]
    assert _known(barledger) == known
    assert verify(barledger, 0) == sound


def test_what_another_process_writes_meanwhile_is_in_the_new_ledger(
    barledger: Barledger, held: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real process comes when the new ledger is about to take the old one's place."""
    words = ["instrument", "set", "-i", "AAPL.NASDAQ", "--tick", "0.05", "--catalog", str(held)]
    started: list[subprocess.Popen[bytes]] = []
    give_way = Aside.give_way

    def wait(self: Aside) -> None:
        command = [sys.executable, "-m", "entrypoints", *words]
        started.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL))
        # Long enough that it is waiting, mostly; whenever it comes, it must end well.
        with pytest.raises(subprocess.TimeoutExpired):
            started[0].wait(2)
        give_way(self)

    with monkeypatch.context() as patched:
        patched.setattr(Aside, "give_way", wait)
        verify(barledger, 0, "--rebuild-ledger", "--yes")
    assert started[0].wait() == 0
    log = barledger("ledger", "log", "--json").document["events"]
    assert [one["type"] for one in log if "instrument" in one["type"].lower()]
    assert barledger("ledger", "verify").code == 0


def test_a_series_that_another_process_begins_meanwhile_stops_it(
    barledger: Barledger, held: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, number = ParquetCatalogFiles.find, itertools.count()

    def begin(self: ParquetCatalogFiles) -> Iterator[FoundFile]:
        if next(number) == 1:
            shutil.copytree(held / "AAPL.NASDAQ", held / "MSFT.NASDAQ")
        return find(self)

    before = (held / "ledger.db").read_bytes()
    monkeypatch.setattr(ParquetCatalogFiles, "find", begin)
    error = verify(barledger, 1, "--rebuild-ledger", "--yes")["error"]
    assert error["code"] == "ledger-conflict"
    assert (held / "ledger.db").read_bytes() == before
    assert list(held.glob("*rebuilding*")) == []
