"""`barledger verify`: every kind of damage is told apart, recorded, and counts as a gap."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from adapters.parquet import files
from adapters.parquet.inspection import ParquetCatalogFiles
from domain.upkeep import FoundFile
from tests.builders import MSFT, csv_text, minute_bars, new_partition, session_bars
from tests.integration.cli.conftest import Barledger
from tests.integration.cli.verifying import (
    DAY,
    DAYS,
    events,
    flip,
    overwrite_a_day,
    take_in,
    three_days,
    truncate,
    verify,
)


@pytest.fixture
def held(barledger: Barledger, catalog: Path) -> Path:
    """Hold three days of AAPL, and return the catalog."""
    return three_days(catalog)


def test_a_sound_catalog_is_told_so(barledger: Barledger, held: Path) -> None:
    assert verify(barledger, 0) == {
        "partitions": 3,
        "bars": 3 * 390,
        "damaged": [],
        "revisions": 0,
        "lost_revisions": 0,
        "repaired": [],
        "unknown": [],
        "warnings": [],
    }
    ended = barledger("verify")
    assert ended.out == "All is sound: 3 partitions, 1,170 bars.\n"
    assert ended.err == ""


def test_a_catalog_that_holds_nothing_is_sound(barledger: Barledger, catalog: Path) -> None:
    assert verify(barledger, 0)["partitions"] == 0
    assert "holds nothing" in barledger("verify").out
    assert not catalog.exists()


def _exchange(path: Path) -> None:
    """Put the file of another day in its place."""
    shutil.copy(path.with_name("2024-01-02.parquet"), path)


def _other_series(path: Path) -> None:
    path.write_bytes(files.encode(new_partition(series=MSFT)))


def _make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _foreign(path: Path) -> None:
    pq.write_table(pq.read_table(path, columns=["open"]), path)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        pytest.param(Path.unlink, "the file is missing", id="missing"),
        pytest.param(flip, "its content is not what was written", id="changed"),
        pytest.param(truncate, "it is truncated: 100 of ", id="truncated"),
        pytest.param(_exchange, "it is revision 1 of 2024-01-02", id="wrong-day"),
        pytest.param(_other_series, "it is a file of MSFT.NASDAQ", id="wrong-series"),
        pytest.param(_make_folder, "it is a folder", id="folder"),
        pytest.param(_foreign, "its content is not what was written", id="foreign"),
    ],
)
def test_damage_is_recorded_moved_and_counts_as_a_gap(
    barledger: Barledger, held: Path, damage: Callable[[Path], None], problem: str
) -> None:
    damage(held / DAY)
    found = verify(barledger, 5)
    (damaged,) = found["damaged"]
    assert damaged["path"] == DAY
    assert problem in damaged["problem"]
    assert "counts as missing now" in damaged["action"]
    assert "aapl.csv" in damaged["action"]
    assert (damaged["known"], damaged["superseded"]) == (False, False)
    assert (found["partitions"], found["bars"]) == (3, 2 * 390)
    assert not (held / DAY).exists()
    checked = barledger("check", "--json").document["series"][0]
    assert checked["sessions"]["corrupt"] == 1
    assert checked["bars"] == 2 * 390


def test_what_is_left_of_a_damaged_file_is_kept(barledger: Barledger, held: Path) -> None:
    flip(held / DAY)
    content = (held / DAY).read_bytes()
    verify(barledger, 5)
    (kept,) = (held / ".quarantine" / "AAPL.NASDAQ" / "1_MIN").iterdir()
    assert kept.read_bytes() == content


def test_damage_is_told_again_until_it_is_mended_and_recorded_once(
    barledger: Barledger, held: Path, tmp_path: Path
) -> None:
    flip(held / DAY)
    first = verify(barledger, 5)["damaged"][0]
    before = events(barledger)
    again = verify(barledger, 5)
    assert again["damaged"][0]["problem"] == first["problem"]
    assert again["damaged"][0]["known"] is True
    assert (again["partitions"], again["bars"]) == (3, 2 * 390)
    assert events(barledger) == before
    take_in(barledger, tmp_path, csv_text(session_bars(DAYS[0], DAYS[-1])))
    clean = verify(barledger, 0)
    assert (clean["damaged"], clean["bars"], clean["lost_revisions"]) == ([], 3 * 390, 1)


def test_damage_to_the_past_is_told_once_and_touches_nothing_of_today(
    barledger: Barledger, held: Path, tmp_path: Path
) -> None:
    overwrite_a_day(barledger, tmp_path)
    assert verify(barledger, 0)["revisions"] == 1
    flip(held / "AAPL.NASDAQ/1_MIN/.history/2024-01-03.parquet")
    found = verify(barledger, 5)
    (damaged,) = found["damaged"]
    assert (damaged["path"], damaged["revision"], damaged["superseded"]) == (DAY, 1, True)
    assert "what is held today is not touched" in damaged["action"]
    assert (found["partitions"], found["bars"], found["revisions"]) == (3, 3 * 390, 0)
    again = verify(barledger, 0)
    assert (again["damaged"], again["lost_revisions"]) == ([], 1)
    assert "Recorded as lost before: 1 superseded revision." in barledger("verify").out


def test_a_moved_file_is_found_and_where_it_is_is_told(barledger: Barledger, held: Path) -> None:
    (held / "mine").mkdir()
    (held / DAY).rename(held / "mine" / "day.parquet")
    found = verify(barledger, 5)
    (damaged,) = found["damaged"]
    assert damaged["problem"] == "the file is missing; the same file lies at mine/day.parquet"
    assert "verify --repair" in damaged["action"]
    assert found["unknown"] == []


@pytest.mark.parametrize("name", ["AAPL.NASDAQ", "AAPL.NASDAQ/1_MIN"])
def test_a_file_where_a_folder_should_be_is_damage_that_is_left_alone(
    barledger: Barledger, held: Path, name: str
) -> None:
    (held / name).rename(held / "away")
    (held / name).write_text("in the way")
    before = events(barledger)
    found = verify(barledger, 5)
    assert len(found["damaged"]) == 3
    assert "a file stands where its folder should be" in found["damaged"][0]["problem"]
    assert "the same file lies at away/" in found["damaged"][0]["problem"]
    assert events(barledger) == before
    (held / name).unlink()
    (held / "away").rename(held / name)
    assert verify(barledger, 0)["bars"] == 3 * 390


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("AAPL.NASDAQ/1_MIN/2024-01-05.parquet", "the ledger does not know it"),
        ("AAPL.NASDAQ/1_MIN/2024-01-03.2.parquet", "the ledger does not know it"),
        ("AAPL.NASDAQ/1_MIN/.history/2024-01-03.2.parquet", "the ledger does not know it"),
        ("AAPL.NASDAQ/1_MIN/copy of 2024-01-03.parquet", "not that of a partition"),
        ("AAPL.NASDAQ/1_MIN/2024.parquet", "not that of a partition"),
        ("MSFT.NASDAQ/1_MIN/2024-01-03.parquet", "the ledger does not know it"),
        ("export.parquet", "outside every series' folder"),
        ("export/AAPL/2024-01-03.parquet", "outside every series' folder"),
    ],
)
def test_unknown_files_are_told_and_are_no_damage(
    barledger: Barledger, held: Path, path: str, problem: str
) -> None:
    (held / path).parent.mkdir(parents=True, exist_ok=True)
    (held / path).write_bytes(b"whatever")
    found = verify(barledger, 0)
    (unknown,) = found["unknown"]
    assert problem in unknown["problem"]
    assert Path(unknown["path"]).name.startswith(Path(path).stem)
    assert (held / unknown["path"]).read_bytes() == b"whatever"
    assert verify(barledger, 0)["unknown"] == [unknown]
    text = barledger("verify").out
    assert "1 file that the ledger does not know:" in text
    assert unknown["path"] in text


def test_what_a_killed_writer_left_is_cleared(barledger: Barledger, held: Path) -> None:
    for name in ("AAPL.NASDAQ/1_MIN", "MSFT.NASDAQ/1_MIN"):
        (held / name).mkdir(parents=True, exist_ok=True)
        (held / name / ".0123.tmp").write_bytes(b"half")
    assert verify(barledger, 0)["unknown"] == []
    assert list(held.rglob("*.tmp")) == []


def test_series_can_be_chosen(barledger: Barledger, held: Path, tmp_path: Path) -> None:
    (tmp_path / "msft.csv").write_text(csv_text(minute_bars()))
    barledger("import-csv", tmp_path / "msft.csv", "-i", "MSFT.NASDAQ")
    flip(held / DAY)
    assert verify(barledger, 0, "-i", "MSFT")["bars"] == 5
    assert verify(barledger, 5, "-i", "AAPL", "--bar-type", "1_MIN")["partitions"] == 3
    assert verify(barledger, 0, "--bar-type", "1_DAY")["partitions"] == 0
    assert verify(barledger, 3, "-i", "TSLA.NASDAQ")["error"]["code"] == "data-not-found"


def test_what_a_person_sees_of_damage(barledger: Barledger, held: Path) -> None:
    flip(held / DAY)
    truncate(held / "AAPL.NASDAQ/1_MIN/2024-01-04.parquet")
    ended = barledger("verify")
    lines = ended.out.splitlines()
    assert lines[0] == "Damage found: 2 partitions. Sound: 1 partition, 390 bars."
    assert lines[1] == DAY
    assert lines[2].startswith("  its content is not what was written")
    assert lines[3].startswith("  counts as missing now, and what is left of it is in quarantine;")
    assert lines[-1] == "To see what is missing: barledger check"
    assert ended.code == 5


def test_many_damaged_files_do_not_fill_the_screen(
    barledger: Barledger, tmp_path: Path, catalog: Path
) -> None:
    take_in(barledger, tmp_path, csv_text(session_bars("2024-01-02", "2024-02-29", minutes=3)))
    for path in catalog.glob("*/*/*.parquet"):
        path.unlink()
    out = barledger("verify").out
    assert out.count("the file is missing") == 20
    assert "and 23 more; --json lists them all" in out
    assert len(verify(barledger, 5)["damaged"]) == 43


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_pipe_in_a_partitions_place_is_damage(barledger: Barledger, held: Path) -> None:
    (held / DAY).unlink()
    os.mkfifo(held / DAY)
    assert "no regular file" in verify(barledger, 5)["damaged"][0]["problem"]


def test_a_link_that_leads_round_in_a_circle_is_damage(barledger: Barledger, held: Path) -> None:
    (held / DAY).unlink()
    (held / DAY).symlink_to((held / DAY).name)
    (held / "round").symlink_to("round")
    (held / "long").symlink_to("x" * 300 if os.name == "nt" else "x" * 255 + "/y")
    (damaged,) = verify(barledger, 5)["damaged"]
    assert (damaged["path"], damaged["problem"]) == (DAY, "it is a link")
    assert not os.path.lexists(held / DAY)
    assert verify(barledger, 0, "--rebuild-ledger", "--yes")["partitions"] == 2


def test_a_file_that_is_put_back_meanwhile_is_neither_recorded_nor_moved(
    barledger: Barledger, held: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may repair what this one has just found missing."""
    (held / "elsewhere").mkdir()
    lost = (held / DAY).rename(held / "elsewhere" / "lost.parquet")
    find, number = ParquetCatalogFiles.find, itertools.count()

    def put_back(self: ParquetCatalogFiles) -> Iterator[FoundFile]:
        if next(number) == 1:  # the first look is before the files are checked
            shutil.copy(lost, held / DAY)
        return find(self)

    before = events(barledger)
    monkeypatch.setattr(ParquetCatalogFiles, "find", put_back)
    found = verify(barledger, 0)
    assert (found["damaged"], found["bars"]) == ([], 3 * 390)
    assert (held / DAY).exists()
    assert not (held / ".quarantine").exists()
    assert events(barledger) == before


def test_the_words_of_a_hostile_file_do_nothing_to_a_terminal(
    barledger: Barledger, held: Path
) -> None:
    (held / "\x1b[2J.parquet").write_bytes(b"")
    out = barledger("verify").out
    assert "\x1b" not in out
    assert "\\x1b[2J.parquet" in out


def test_damage_that_a_backtest_met_is_told_by_verify(barledger: Barledger, held: Path) -> None:
    flip(held / DAY)
    options = ("--strategy", "buy-and-hold", "--param", "trade_size=1")
    assert barledger("backtest", "-i", "AAPL", *options).code != 0
    (damaged,) = verify(barledger, 5)["damaged"]
    assert (damaged["path"], damaged["known"]) == (DAY, True)


def test_repair_and_rebuild_exclude_each_other(barledger: Barledger, held: Path) -> None:
    for options in (["--repair"], ["-i", "AAPL"], ["--bar-type", "1_MIN"]):
        ended = barledger("verify", "--rebuild-ledger", *options, "--json")
        assert ended.code == 2
        assert ended.document["error"]["code"] == "usage"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM revisions WHERE partition = '2024-01-03'",
        "DELETE FROM series",
        "UPDATE revisions SET ended = written + 1 WHERE partition = '2024-01-03'",
        "UPDATE revisions SET corrupted = written + 1 WHERE partition = '2024-01-03'",
    ],
)
def test_no_file_is_moved_on_the_word_of_what_is_kept_beside_the_events(
    barledger: Barledger, held: Path, tmp_path: Path, statement: str
) -> None:
    with contextlib.closing(sqlite3.connect(held / "ledger.db")) as connection:
        connection.execute(statement)
        connection.commit()
    before = sorted(path for path in held.rglob("*.parquet"))
    more = tmp_path / "more.csv"
    more.write_text(csv_text(session_bars("2024-01-08", "2024-01-08")))
    for command in (("verify",), ("verify", "--repair"), ("import-csv", more, "-i", "AAPL.NASDAQ")):
        ended = barledger(*command, "--json")
        assert ended.code == 5
        assert ended.document["error"]["code"] == "ledger-damaged"
        assert "ledger replay" in ended.document["error"]["recovery"]
    assert sorted(path for path in held.rglob("*.parquet")) == before
    assert barledger("ledger", "replay").code == 0
    assert verify(barledger, 0)["bars"] == 3 * 390


@pytest.mark.parametrize("empty", [False, True])
def test_a_lost_ledger_is_damage(
    barledger: Barledger, held: Path, catalog: Path, *, empty: bool
) -> None:
    for suffix in ("", "-wal", "-shm"):
        (catalog / f"ledger.db{suffix}").unlink(missing_ok=True)
    if empty:
        (catalog / "ledger.db").touch()
    ended = barledger("verify", "--json")
    assert ended.code == 5
    assert ended.document["error"]["code"] == "ledger-missing"
    assert barledger("list", "--json").code == 1
