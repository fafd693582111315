"""`barledger backup` makes a copy that is whole, or none, while others write."""

from __future__ import annotations

import hashlib
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.parquet.history import ParquetRevisionHistory
from adapters.sqlite.keeper import SqliteLedgerKeeper
from adapters.system.disk import SystemDiskSpace
from tests.builders import csv_text, session_bars
from tests.cli import ROOT, Cli
from tests.faults.state import assert_tidy, assert_unbroken, state_of
from tests.integration.cli.conftest import Barledger
from tests.integration.cli.verifying import take_in

FIRST = session_bars("2024-01-02", "2024-01-05", minutes=40)
SECOND = session_bars("2024-01-02", "2024-01-03", minutes=40, price=9_000)


@pytest.fixture
def overwritten(barledger: Barledger, tmp_path: Path) -> Barledger:
    """Hold four days, of which two were overwritten."""
    take_in(barledger, tmp_path, csv_text(FIRST))
    take_in(barledger, tmp_path, csv_text(SECOND), "--on-conflict", "overwrite")
    return barledger


def _contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*.parquet")
    }


def test_the_copy_is_a_catalog_to_the_bit(
    overwritten: Barledger, catalog: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "safe" / "copy"
    document = overwritten("backup", copy, "--json").document
    head = document.pop("head")
    assert document == {
        "path": str(copy),
        "partitions": 4,
        "bars": 160,
        "revisions": 2,
        "bytes": sum(path.stat().st_size for path in catalog.rglob("*.parquet")),
        "damaged": 0,
        "missing": [],
        "warnings": [],
    }
    shown = overwritten("ledger", "head", "--json").document
    assert head == {"seq": shown["seq"], "hash": shown["hash"]}
    assert _contents(copy) == _contents(catalog)
    assert sorted(path.name for path in copy.iterdir()) == ["AAPL.NASDAQ", "ledger.db"]
    assert state_of(copy) == state_of(catalog)
    assert_tidy(copy)
    assert_unbroken(copy)


def test_everything_that_reads_works_on_the_copy(
    overwritten: Barledger, catalog: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    ended = overwritten("backup", copy)
    assert ended.code == 0
    assert "160 bars in 4 partitions and 2 old revisions" in ended.out
    assert f"barledger --catalog {copy} verify" in ended.out
    shutil.rmtree(catalog)
    on_copy = ("--catalog", copy)
    (row,) = overwritten("list", *on_copy, "--json").document["series"]
    assert row["bars"] == 160
    assert overwritten("verify", *on_copy).code == 0
    run = ("backtest", "-i", "AAPL", "--strategy", "buy-and-hold", *on_copy, "--json")
    assert overwritten(*run).document["bars"] == 160
    assert overwritten(*run, "--as-of", "5").document["bars"] == 160
    restored = overwritten("restore", "-i", "AAPL", "--as-of", "5", *on_copy, "--yes", "--json")
    assert restored.document["series"][0]["bars"] == 80


def test_a_folder_that_holds_something_is_refused(
    overwritten: Barledger, tmp_path: Path, catalog: Path
) -> None:
    before = _contents(catalog)
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    file = tmp_path / "file"
    file.write_text("mine")
    for folder, said in (
        (full, "not empty"),
        (file, "cannot be written"),
        (catalog, "lies in the Parquet catalog"),
        (catalog / "copy", "lies in the Parquet catalog"),
        (catalog.parent, "not empty"),
    ):
        ended = overwritten("backup", folder, "--json")
        assert ended.code == 1
        assert ended.document["error"]["code"] == "backup"
        assert said in ended.document["error"]["message"]
    assert (full / "mine.txt").read_text() == file.read_text() == "mine"
    assert _contents(catalog) == before


def test_a_name_that_no_folder_can_have_is_refused(overwritten: Barledger, tmp_path: Path) -> None:
    ended = overwritten("backup", tmp_path / ("x" * 300), "--json")
    assert (ended.code, ended.document["error"]["code"]) == (1, "backup")


def test_the_command_that_checks_it_can_be_pasted(overwritten: Barledger, tmp_path: Path) -> None:
    out = overwritten("backup", tmp_path / "my $HOME copy").out
    command = next(line for line in out.splitlines() if "Check it" in line).split(": ", 1)[1]
    assert overwritten(*shlex.split(command)[1:]).code == 0


def test_too_little_room_there_is_found_before_files_are_copied(
    overwritten: Barledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SystemDiskSpace, "free", lambda _: 20_000)
    error = overwritten("backup", tmp_path / "copy", "--json").document["error"]
    assert error["code"] == "not-enough-space"
    said = f"The disk that holds the backup {tmp_path / 'copy'} has 20.0 kB free; 6 files need"
    assert error["message"].startswith(said)
    assert not (tmp_path / "copy").exists()


def test_no_ledger_is_made_anew_while_a_backup_is_made(
    overwritten: Barledger, catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_ledger = SqliteLedgerKeeper.copy

    def copy_and_rebuild(self: SqliteLedgerKeeper, folder: Path) -> int:
        head = copy_ledger(self, folder)
        monkeypatch.setattr(ParquetRevisionHistory.__init__, "__defaults__", (0,))
        ended = overwritten("verify", "--rebuild-ledger", "--yes", "--json")
        assert ended.document["error"]["code"] == "catalog-busy"
        return head

    monkeypatch.setattr(SqliteLedgerKeeper, "copy", copy_and_rebuild)
    assert overwritten("backup", tmp_path / "copy").code == 0
    assert_unbroken(tmp_path / "copy")


def test_an_empty_folder_will_do(overwritten: Barledger, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    assert overwritten("backup", tmp_path / "copy").code == 0


def test_an_empty_catalog_is_refused(barledger: Barledger, tmp_path: Path) -> None:
    ended = barledger("backup", tmp_path / "copy", "--json")
    assert ended.code == 1
    assert "nothing to copy" in ended.document["error"]["message"]
    assert not (tmp_path / "copy").exists()


def test_damaged_files_are_told_and_all_others_copied(
    overwritten: Barledger, catalog: Path, tmp_path: Path
) -> None:
    current = catalog / "AAPL.NASDAQ" / "1_MIN" / "2024-01-04.parquet"
    current.write_bytes(current.read_bytes()[:-9])
    old = catalog / "AAPL.NASDAQ" / "1_MIN" / ".history" / "2024-01-02.parquet"
    old.unlink()
    copy = tmp_path / "copy"
    ended = overwritten("backup", copy, "--json")
    assert ended.code == 5
    missing = {one["path"]: one["current"] for one in ended.document["missing"]}
    assert missing == {
        "AAPL.NASDAQ/1_MIN/2024-01-02.parquet": False,
        "AAPL.NASDAQ/1_MIN/2024-01-04.parquet": True,
    }
    assert (ended.document["partitions"], ended.document["revisions"]) == (3, 1)
    assert len(_contents(copy)) == 4
    text = overwritten("backup", tmp_path / "again")
    assert text.code == 5
    assert "NOT copied, for they are damaged: 2 files" in text.out
    assert current.exists()


def test_what_an_interrupted_backup_left_is_no_catalog_and_is_named(
    overwritten: Barledger, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert overwritten("backup", whole).code == 0
    shutil.copytree(whole, killed / ".unfinished-backup")
    source = ["import-csv", str(tmp_path / "bars.csv"), "-i", "AAPL.NASDAQ"]
    for words, code in ((["list"], 1), (["verify"], 5), (source, 1)):
        told = overwritten(*words, "--json", "--catalog", killed)
        assert (told.code, told.document["error"]["message"]) == (
            code,
            f"{killed} holds a backup that was never finished.",
        )
    assert [one.name for one in killed.iterdir()] == [".unfinished-backup"]
    ended = overwritten("backup", killed, "--json")
    assert "never finished" in ended.document["error"]["message"]


def test_a_writer_at_work_is_not_in_the_way(cli: Cli) -> None:
    """A real process imports, overwrites and removes all the while; each copy is one state."""
    cli.import_csv("AAPL.NASDAQ", csv_text(FIRST))
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(cli.catalog)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert writer.stdout
        assert writer.stdout.readline() == b"writing\n"
        for number in range(5):
            copy = cli.folder / f"copy-{number}"
            run = cli("backup", str(copy), "--json").succeeded()
            assert run.document["missing"] == []
            assert_unbroken(copy)
            assert_tidy(copy)
            # Every batch of the writer gives all its days one price.
            (rows,) = state_of(copy).values()
            assert len({row[1] for row in rows.values()}) == 1, number
    finally:
        assert writer.stdin
        writer.stdin.close()
        writer.wait()
        writer.stdout.close()
    assert writer.returncode == 0


_WRITER = """
import select, sys
from pathlib import Path
from adapters.memory.progress import MemoryProgressTask
from application.series_writer import inferred_change
from domain.partitions import split_by_partition
from entrypoints.container import wire
from adapters.memory.progress import MemoryProgress
from domain.bars import Bars
from tests.builders import AAPL, minute_bars

container = wire(Path(sys.argv[1]), "test", MemoryProgress())
catalog, version = container.catalog(), 0
days = [f"2024-01-0{day}T14:30:00" for day in (2, 3, 4, 5)]
while not select.select([sys.stdin], [], [], 0)[0]:
    bars = Bars.concat(minute_bars(day, 40, first_price=9000 + version, step=0) for day in days)
    parts = split_by_partition(bars, AAPL.bar_type)
    changes = {n: inferred_change(b, AAPL.bar_type, "csv", "") for n, b in parts}
    with catalog.writing(AAPL) as writer:
        writer.commit(changes, (), MemoryProgressTask("", 4))
    if not version:
        print("writing", flush=True)
    version += 1
container.ledger().close()
"""
