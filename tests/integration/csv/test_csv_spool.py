"""Rows that do not fit into memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from adapters.csv.reader import CsvBarFileReader
from adapters.csv.spool import Spool
from adapters.memory.progress import MemoryProgress
from adapters.memory.row_problem_log import MemoryRowProblemLog
from domain.bar_files import BarFile, FileLayout, RowChunk
from domain.bars import Bars
from domain.errors import CatalogError, DiskFullError
from tests.faults.small_disk import SmallDisk, small_disk
from tests.integration.csv.reading import HEADER

ROWS = 50


def chunk(number: int, *, gap: bool = False) -> RowChunk:
    """Rows that no other chunk has; their lines follow one another but for a gap."""
    first = number * ROWS
    values = np.arange(first, first + ROWS, dtype=np.int64)
    columns = [values * 60, values * 60, *(values + place for place in (2, 9, 1, 3)), values * 7]
    bars = Bars.of_columns(columns, number % 10, (number + 3) % 10)
    return RowChunk(bars, values + 2 + (gap * (values > first + 20)))


def same(one: RowChunk, other: RowChunk) -> bool:
    return (
        all(map(np.array_equal, one.bars.columns(), other.bars.columns()))
        and np.array_equal(one.lines, other.lines)
        and one.bars.price_precision == other.bars.price_precision
        and one.bars.size_precision == other.bars.size_precision
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("limit", [0, 10_000, 10**9])
def test_chunks_come_back_as_they_were_in_any_order(folder: Path, limit: int) -> None:
    chunks = [chunk(number, gap=number % 3 == 0) for number in range(20)]
    with Spool(limit) as spool:
        for each in chunks:
            spool.add(each)
        assert len(spool) == 20
        for order in (range(20), reversed(range(20)), (7, 0, 19, 7, 8, 7, -1, -20)):
            assert all(same(spool[place], chunks[place]) for place in order)
        assert all(map(same, spool, chunks))
        assert all(map(same, reversed(spool), reversed(chunks)))
        assert all(map(same, spool[3:17:4], chunks[3:17:4]))
        with pytest.raises(IndexError):
            spool[20]


def test_chunks_may_be_read_before_the_last_is_added(folder: Path) -> None:
    with Spool(0) as spool:
        for number in range(5):
            spool.add(chunk(number))
            assert same(spool[0], chunk(0))
            assert same(spool[number], chunk(number))


def test_neighbours_are_read_once(folder: Path) -> None:
    with Spool(0) as spool:
        for number in range(5):
            spool.add(chunk(number))
        first = spool[2]
        for place in (3, 1, 2):
            assert spool[place] is spool[place]
        assert spool[2] is first


def test_few_rows_need_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    with Spool(10**6) as spool:
        spool.add(chunk(0))
        assert same(spool[0], chunk(0))


def held_open(folder: Path) -> list[str]:
    """What this process holds open below `folder`."""
    names = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [name for name in names if name.startswith(str(folder))]


def test_the_file_has_no_name_and_goes_with_the_rows(folder: Path) -> None:
    path = folder / "bars.csv"
    path.write_text(f"{HEADER}\n" + "2024-01-02,1,1,1,1,5\n" * 1_000)
    reader = CsvBarFileReader(MemoryRowProblemLog, block_size=1_000, kept_in_memory=1_000)
    with reader.reading(BarFile(path), FileLayout(), MemoryProgress()) as rows:
        assert list(folder.iterdir()) == [path]
        (name,) = held_open(folder)
        assert name.endswith("(deleted)")
        lines = [line for each in rows.chunks for line in each.lines.tolist()]
        assert lines == list(range(2, 1_002))
    assert held_open(folder) == []


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path) as small:
        yield small


def test_a_full_disk_names_the_way_to_another(
    disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.mount(size=64 * 1024)
    monkeypatch.setattr(tempfile, "tempdir", str(disk.outside))
    with Spool(0) as spool, pytest.raises(DiskFullError) as caught:  # noqa: PT012
        for number in range(10_000):
            spool.add(chunk(number))
    assert str(disk.outside) in caught.value.message
    assert "TMPDIR" in caught.value.recovery
    assert list(disk.outside.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    with Spool(0) as spool, pytest.raises(CatalogError) as caught:
        spool.add(chunk(0))
    assert not isinstance(caught.value, DiskFullError)
    assert "/nowhere/at/all" in caught.value.message
    assert "TMPDIR" in caught.value.recovery


MEASURE = """
import sys
from pathlib import Path
from adapters.csv.reader import CsvBarFileReader
from adapters.memory.progress import MemoryProgress
from adapters.memory.row_problem_log import MemoryRowProblemLog
from domain.bar_files import BarFile, FileLayout

reader = CsvBarFileReader(MemoryRowProblemLog, kept_in_memory=2**20, block_size=2**19)
with reader.reading(BarFile(Path(sys.argv[1])), FileLayout(), MemoryProgress()) as rows:
    lines = sum(len(chunk.bars) for chunk in rows.chunks)
status = Path("/proc/self/status").read_text().splitlines()
print(lines, next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


def measured(path: Path) -> tuple[int, int]:
    """How many rows were read, and the most memory that the process had, in KiB."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True
    )
    rows, memory = done.stdout.split()
    return int(rows), int(memory)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """A million rows are 64 MB in memory and 45 MB on the disk."""
    path = tmp_path / "bars.csv"
    path.write_text(f"{HEADER}\n" + "2024-01-02T14:30:00Z,1.25,1.5,1,1.25,500\n" * 50_000)
    few_rows, few = measured(path)
    with path.open("a") as file:
        file.write("2024-01-02T14:30:00Z,1.25,1.5,1,1.25,500\n" * 950_000)
    many_rows, many = measured(path)
    assert (few_rows, many_rows) == (50_000, 1_000_000)
    assert many - few < 24 * 1024
