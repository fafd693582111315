"""`check` and `list` see the files that somebody deleted or cut: they are not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import DATA, csv_text, session_bars
from tests.integration.cli.conftest import Barledger

RANGE = ("--start", "2024-01-02", "--end", "2024-01-05")


@pytest.fixture
def folder(barledger: Barledger, catalog: Path, tmp_path: Path) -> Path:
    """Return the folder of a series of four complete days."""
    file = tmp_path / "bars.csv"
    file.write_text(csv_text(session_bars("2024-01-02", "2024-01-05")))
    assert barledger("import-csv", file, "-i", "AAPL.NASDAQ").code == 0
    return catalog / "AAPL.NASDAQ" / "1_MIN"


def _delete(file: Path) -> None:
    file.unlink()


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def _lengthen(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\0")


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _folder_in_its_place(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _dangling_link(file: Path) -> None:
    file.unlink()
    file.symlink_to("nowhere")


def _another_name(file: Path) -> None:
    file.rename(file.with_name("2024-01-04.7.parquet"))


@pytest.mark.parametrize(
    "harm",
    [_delete, _cut, _lengthen, _empty, _folder_in_its_place, _dangling_link, _another_name],
)
def test_a_file_that_is_not_as_it_was_is_corrupt(
    barledger: Barledger, folder: Path, harm: Callable[[Path], None]
) -> None:
    harm(folder / "2024-01-04.parquet")
    ended = barledger("check", "-i", "AAPL", *RANGE)
    assert ended.code == 3
    assert ended.out.startswith("AAPL: Jan 2-3 ✓, Jan 4 ! corrupt, Jan 5 ✓\n")
    assert "AAPL.NASDAQ/1_MIN/2024-01-04.parquet" in ended.err
    assert "barledger verify --repair" in ended.err
    (row,) = barledger("check", "-i", "AAPL", *RANGE, "--json").document["series"]
    assert (row["sessions"]["complete"], row["sessions"]["corrupt"]) == (3, 1)
    assert (row["trading_days"], row["bars"]) == (3, 3 * 390)
    assert row["gaps"] == [{"start": "2024-01-04", "end": "2024-01-04", "status": "corrupt"}]
    assert [one["path"] for one in row["damaged"]] == ["AAPL.NASDAQ/1_MIN/2024-01-04.parquet"]
    (listed,) = barledger("list", "--json").document["series"]
    assert listed["sessions"] == row["sessions"]
    assert listed["gaps"] == row["gaps"]


def test_what_check_says_is_what_repair_records(barledger: Barledger, folder: Path) -> None:
    _cut(folder / "2024-01-04.parquet")
    before = barledger("check", "--json").document["series"]
    barledger("verify", "--repair", "--yes")
    after = barledger("check", "--json").document["series"]
    for row in (*before, *after):
        row.pop("damaged")
    assert before == after


def test_the_whole_folder_can_be_gone(barledger: Barledger, folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    ended = barledger("check", "-i", "AAPL.NASDAQ", *RANGE)
    assert ended.code == 3
    assert "AAPL.NASDAQ: Jan 2-5 ! corrupt" in ended.out
    assert "Available: nothing (1-minute bars)" in ended.out
    assert "4 partitions are damaged" in ended.err
    (row,) = barledger("list", "--json").document["series"]
    assert (row["start"], row["end"], row["trading_days"], row["bytes"]) == (None, None, 0, 0)
    assert row["sessions"]["corrupt"] == 4
    # So can a file stand where it was.
    folder.write_text("not a folder")
    assert barledger("check", "-i", "AAPL.NASDAQ", *RANGE).code == 3


def test_the_past_is_looked_for_in_the_history(
    barledger: Barledger, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "other.csv"
    file.write_text(csv_text(session_bars("2024-01-04", "2024-01-04", price=9_000)))
    ended = barledger("import-csv", file, "-i", "AAPL.NASDAQ", "--on-conflict", "overwrite")
    assert ended.code == 0, ended.err
    then = ("check", "-i", "AAPL", *RANGE, "--as-of", "5")
    assert barledger(*then).code == 0
    (folder / ".history" / "2024-01-04.parquet").unlink()
    ended = barledger(*then)
    assert ended.code == 3
    assert "Jan 4 ! corrupt" in ended.out
    assert barledger("check", "-i", "AAPL", *RANGE).code == 0


def test_of_a_lost_year_of_daily_bars_only_the_days_that_it_held_are_corrupt(
    barledger: Barledger, catalog: Path, tmp_path: Path
) -> None:
    lines = (DATA / "IBM_1day_new_york.csv").read_text().splitlines()
    days = [line for line in lines if "2020-12-28" <= line[:10] <= "2021-01-06"]
    kept = [line for line in days if line[:10] != "2020-12-30"]
    file = tmp_path / "daily.csv"
    file.write_text("\n".join([lines[0], *kept]))
    assert barledger("import-csv", file, "-i", "IBM.NYSE", "--bar-type", "1_DAY").code == 0
    (catalog / "IBM.NYSE" / "1_DAY" / "2020.parquet").unlink()
    window = ("--start", "2020-12-24", "--end", "2021-01-06")
    (row,) = barledger("check", "-i", "IBM", "--bar-type", "1_DAY", *window, "--json").document[
        "series"
    ]
    assert [(gap["start"], gap["end"], gap["status"]) for gap in row["gaps"]] == [
        ("2020-12-24", "2020-12-24", "missing"),
        ("2020-12-28", "2020-12-29", "corrupt"),
        ("2020-12-30", "2020-12-30", "missing"),
        ("2020-12-31", "2020-12-31", "corrupt"),
    ]
    # Repaired, it is the same, and without a range what was lost is still asked about.
    before = row["gaps"]
    barledger("verify", "--repair", "--yes")
    (row,) = barledger("check", "-i", "IBM", *window, "--json").document["series"]
    assert row["gaps"] == before
    (row,) = barledger("check", "-i", "IBM", "--json").document["series"]
    assert (row["sessions"]["corrupt"], row["sessions"]["missing"]) == (3, 1)


def test_what_gc_deleted_of_the_past_is_not_there_to_be_used(
    barledger: Barledger, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "other.csv"
    file.write_text(csv_text(session_bars("2024-01-04", "2024-01-04", price=9_000)))
    words = ("import-csv", file, "-i", "AAPL.NASDAQ", "--on-conflict", "overwrite")
    assert barledger(*words).code == 0
    then = ("-i", "AAPL", *RANGE, "--as-of", "5")
    assert barledger("check", *then).code == 0
    assert barledger("gc", "--older-than", "0d", "--yes").code == 0
    ended = barledger("check", *then)
    assert ended.code == 3
    assert "AAPL: Jan 2-3 ✓, Jan 4 ✗, Jan 5 ✓\n" in ended.out
    assert "gc" in ended.err
    assert barledger("backtest", "--strategy", "buy-and-hold", *then).code != 0
    assert barledger("check", "-i", "AAPL", *RANGE).code == 0
