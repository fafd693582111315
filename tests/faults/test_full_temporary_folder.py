"""The folder for temporary files is full while a file that does not fit into memory is read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from tests.builders import csv_text, session_bars
from tests.faults.small_disk import SmallDisk
from tests.faults.state import assert_tidy, assert_unbroken, rows_of, state_of
from tests.faults.warm import Death, Warm

ENOUGH = 50_000_000
HELD = session_bars("2024-01-02", "2024-01-05", minutes=60)
NEW = session_bars("2024-01-02", "2024-04-26", price=50_000)
IN_MEMORY = 500_000


def import_with_little_memory(words: list[str], folder: str, in_memory: int, block: int) -> int:
    """Run `barledger` with a reader that soon keeps rows in a file in `folder`."""
    from dependency_injector import providers

    from adapters.csv.reader import CsvBarFileReader
    from entrypoints.cli.main import main
    from entrypoints.container import Container

    os.environ["TMPDIR"] = folder
    tempfile.tempdir = None
    logs = Container.problem_logs
    Container.csv_reader.override(providers.Factory(CsvBarFileReader, logs, block, in_memory))
    return main(words)


def _import(inside: Warm, disk: SmallDisk, words: list[str]) -> Death:
    job = "tests.faults.test_full_temporary_folder:import_with_little_memory"
    folder = str(disk.inside)
    return inside.call(job, words=words, folder=folder, in_memory=IN_MEMORY, block=100_000)


@pytest.mark.parametrize(
    "size", [40_000, 250_000], ids=["when rows first go there", "when more follow"]
)
def test_too_little_room_for_rows_is_told_and_nothing_is_imported(
    size: int, disk: SmallDisk, inside: Warm, tmp_path: Path
) -> None:
    catalog, file = tmp_path / "catalog", tmp_path / "bars.csv"
    words = ["import-csv", str(file), "-i", "AAPL.NASDAQ", "--json", "--catalog", str(catalog)]
    file.write_text(csv_text(HELD))
    inside.call("tests.faults.warm:command", words=words).succeeded()
    before = state_of(catalog)
    file.write_text(csv_text(NEW))
    words += ["--on-conflict", "overwrite"]

    disk.mount(size)
    run = _import(inside, disk, words)
    assert run.code == 1, run
    error = run.document["error"]
    assert error["code"] == "disk-full"
    assert str(disk.inside) in error["message"]
    assert "TMPDIR" in error["recovery"]
    assert "Traceback" not in run.err
    assert state_of(catalog) == before
    # The file has no name, so that it is gone whatever became of its process.
    assert list(disk.outside.iterdir()) == []

    disk.mount(ENOUGH)
    _import(inside, disk, words).succeeded()
    assert list(disk.outside.iterdir()) == []
    (now,) = state_of(catalog).values()
    assert now == rows_of(NEW)
    assert_tidy(catalog)
    assert_unbroken(catalog)
