"""`barledger import-csv` on a file whose rows are refused, from the file to what is told."""

from __future__ import annotations

import csv
import datetime as dt
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.sqlite.row_problem_log import MOST_IN_MEMORY
from tests.builders import csv_text, minute_bars
from tests.cli import ROOT, Cli
from tests.integration.cli.conftest import Barledger


def _rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _wrong_bars(folder: Path, rows: int, name: str = "bars.csv") -> Path:
    """Write a file whose rows are all refused: no volume is a number."""
    path = folder / name
    first = dt.datetime(2024, 1, 2, 14, 30)
    stamps = (first + dt.timedelta(minutes=n) for n in range(rows))
    lines = (f"{stamp.isoformat()}Z,1,2,1,2,=none\n" for stamp in stamps)
    path.write_text("timestamp,open,high,low,close,volume\n" + "".join(lines))
    return path


def test_an_import_refuses_tells_and_lists(
    barledger: Barledger, tmp_path: Path, catalog: Path
) -> None:
    file = _wrong_bars(tmp_path, 23)
    ended = barledger("import-csv", file, "-i", "AAPL.NASDAQ", "--errors", "problems.csv")
    assert ended.code == 4
    assert ended.out == ""
    assert "23 of 23 rows are refused; nothing of the file was written." in ended.err
    assert ended.err.count("\n  line ") == 20
    assert "\nand 3 more; all are listed in problems.csv\n" in ended.err
    _, *rows = _rows_of(tmp_path / "problems.csv")
    assert [row[:3] for row in rows] == [[str(n), "volume", "'=none"] for n in range(2, 25)]
    assert not list(catalog.rglob("*.parquet"))


def test_problems_that_are_kept_on_the_disk_are_there_when_they_are_told(
    barledger: Barledger, tmp_path: Path
) -> None:
    many = MOST_IN_MEMORY + 5_000
    file = _wrong_bars(tmp_path, many)
    words = ("import-csv", file, "-i", "AAPL.NASDAQ", "--json", "--errors", "problems.csv")
    rows = barledger(*words).document["error"]["rows"]
    assert [row["line"] for row in rows] == list(range(2, many + 2))
    assert len(_rows_of(tmp_path / "problems.csv")) == many + 1


def test_the_file_for_problems_is_refused_before_anything_is_imported(
    barledger: Barledger, tmp_path: Path, catalog: Path
) -> None:
    good = tmp_path / "good.csv"
    good.write_text(csv_text(minute_bars()))
    before = good.read_bytes()
    ended = barledger("import-csv", good, "-i", "AAPL.NASDAQ", "--errors", good, "--json")
    assert ended.code == 1
    assert ended.document["error"]["code"] == "report"
    assert good.read_bytes() == before
    assert not catalog.exists()


def test_a_file_for_problems_that_fails_later_leaves_the_refusal_standing(
    barledger: Barledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _wrong_bars(tmp_path, 3)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("adapters.system.whole_files.os.fsync", full)
    ended = barledger("import-csv", file, "-i", "AAPL.NASDAQ", "--errors", "problems.csv", "--json")
    assert ended.code == 4
    assert len(ended.document["error"]["rows"]) == 3
    assert "problems.csv cannot be written: No space left on device" in ended.err
    assert "3 of 3 rows are refused" in ended.err
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == ["bars.csv"]
    assert not list(tmp_path.glob(".barledger-*"))


def test_ctrl_c_while_millions_are_told_is_a_cancelled_command(cli: Cli) -> None:
    file = _wrong_bars(cli.folder, 20_000)
    # A parent that ignores Ctrl-C, as a shell's background job does, would hand that on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        [sys.executable, "-m", "entrypoints", "import-csv", file, "-i", "AAPL.NASDAQ", "--json"],
        cwd=cli.folder,
        env={**cli.inherited(), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        # The document is longer than what a pipe holds, so that it is not at its end now.
        assert process.stdout.read(1) == "{"
        process.send_signal(signal.SIGINT)
        _, told = process.communicate()
    assert process.returncode == 130
    assert told.startswith("Cancelled.")
    assert "Traceback" not in told
