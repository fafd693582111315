"""Reads a CSV file whole, for tests that look at all of it."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
import pytest

from adapters.csv.reader import CsvBarFileReader
from adapters.memory.progress import MemoryProgress
from adapters.memory.row_problem_log import MemoryRowProblemLog
from domain.bar_files import BarFile, FileLayout
from domain.bars import Bars, Int64Array
from domain.errors import UnreadableFileError
from domain.rules import RowProblem

HEADER = "timestamp,open,high,low,close,volume"
ROW = "2024-01-02T14:30:00Z,1,1,1,1,5"
PLAIN = FileLayout()


@attrs.frozen(eq=False)
class Read:
    """What was read of a file, its chunks as one."""

    bars: Bars
    lines: Int64Array
    problems: tuple[RowProblem, ...]
    dates_only: bool
    rows: int
    sha256: str
    notes: tuple[str, ...]
    chunks: int

    @property
    def told(self) -> list[tuple[int, str, str, str]]:
        """The problems as tuples."""
        return [(p.line, p.column, p.value, p.problem) for p in self.problems]


def read_file(
    file: Path | None, layout: FileLayout = PLAIN, reader: CsvBarFileReader | None = None
) -> Read:
    """Read the file at a path, None being standard input."""
    reader = reader or CsvBarFileReader(MemoryRowProblemLog)
    with reader.reading(BarFile(file), layout, MemoryProgress()) as found:
        chunks = list(found.chunks)
        return Read(
            Bars.concat(chunk.bars for chunk in chunks),
            np.concatenate([np.empty(0, np.int64), *(chunk.lines for chunk in chunks)]),
            tuple(found.problems),
            found.dates_only,
            found.rows,
            found.sha256,
            found.notes,
            len(chunks),
        )


def read(
    path: Path,
    content: str | bytes,
    layout: FileLayout = PLAIN,
    reader: CsvBarFileReader | None = None,
) -> Read:
    """Write `content` to the file at `path` and read it."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_file(path, layout, reader)


def refused(
    path: Path,
    content: str | bytes,
    layout: FileLayout = PLAIN,
    reader: CsvBarFileReader | None = None,
) -> UnreadableFileError:
    """Write `content` to the file at `path` and return why it cannot be read."""
    with pytest.raises(UnreadableFileError) as caught:
        read(path, content, layout, reader)
    assert caught.value.recovery
    return caught.value
