"""Problems with rows that are too many for memory, in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.cli import ROOT

# SQLite asks for the temporary folder once in the life of a process.
_ADDS = """
import contextlib, os, resource
from pathlib import Path
from adapters.sqlite.row_problem_log import SqliteRowProblemLog
from domain.rules import RowProblem

def problems(first, last):
    for line in range(first, last):
        yield RowProblem(line, "high", f"{line}", "is not the greatest of the four prices")

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

with contextlib.closing(SqliteRowProblemLog()) as log:
    log.add(problems(0, 100_000))
    assert log.lines() == sum(1 for _ in log) == 100_000
    before = peak()
    log.add(problems(100_000, 500_000))
    assert log.lines() == sum(1 for _ in log) == len(log) == 500_000
    print(peak() - before)
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            print(link.readlink())
"""


def test_millions_take_no_more_memory_than_some_and_no_file_has_a_name(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _ADDS],
        env={**os.environ, "PYTHONPATH": str(ROOT), "SQLITE_TMPDIR": "", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    more, *files = ended.stdout.splitlines()
    # Kept in memory, the others would take some 70 MB.
    assert int(more) < 8_000
    assert any(name.startswith(f"{tmp_path}/") for name in files)
    assert list(tmp_path.iterdir()) == []
