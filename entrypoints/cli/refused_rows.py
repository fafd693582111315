"""What is wrong with rows, written to a file of its own: `--errors FILE.csv`."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING

from domain.errors import BarledgerError, RefusedRows, RowsRefusedError
from entrypoints.cli.wording import safe
from entrypoints.destination import FileKind

if TYPE_CHECKING:
    from domain.ports import Progress, ProgressTask
    from domain.rules import RowProblem

COLUMNS = ("line", "column", "value", "problem")
_HEADER = ",".join(COLUMNS)
_BATCH = 1_000
_LIST = FileKind(
    noun="problem list",
    form="problem list",
    option="--errors FILE.csv",
    # A spreadsheet may have saved ours with the other line ends.
    begins=(f"{_HEADER}\n".encode(), f"{_HEADER}\r\n".encode()),
)

# What spreadsheets take for a formula, and run: https://owasp.org/www-community/attacks/CSV_Injection
# Texts that have the apostrophe already get another, so that taking one away gives the value.
_FORMULA = re.compile(r"'*(\s*[=+\-@＝＋－＠]|[\t\r\n])")  # noqa: RUF001 - the wide ones work too
_NUMBER = re.compile(r"[+-]?[.,]?[0-9][0-9.,]*([eE][+-]?[0-9]+)?")


def check_problems_file(path: Path, files: Sequence[Path], catalog: Path) -> None:
    """Refuse a file for problems before anything is read of the `files` to import.

    Raises:
        ReportError: it is another file than such a list, one of `files`, or cannot be written.
    """
    _LIST.destination(path, catalog, files)


def keep_problems(path: Path, refused: RowsRefusedError, progress: Progress) -> None:
    """Write the rows that are refused to `path`, and remember there that they are listed.

    Where that fails, it is a warning: the refusal is what must be told.
    """
    try:
        with progress.track(f"Writing {safe(str(path))}", len(refused.rows)) as task:
            write_problems(path, refused.rows, task)
    except BarledgerError as error:
        progress.warn(f"{error.message} {error.recovery}")
    else:
        refused.listed_in = path


def write_problems(path: Path, rows: RefusedRows, task: ProgressTask) -> None:
    """Write all problems to `path`, which holds them all afterwards or what it held before.

    CSV as of RFC 4180 with the header `line,column,value,problem`, in UTF-8; lines end with LF.
    A text that a spreadsheet would take for a formula gets an apostrophe before it; numbers such
    as -1 stay as they are. `task` advances by the problems that are written.

    Raises:
        ReportError: it could not be written.
        DiskFullError: the problems could not be read again.
    """
    _LIST.write_whole(path.resolve(), _lines(rows, task))


def _lines(rows: RefusedRows, task: ProgressTask) -> Iterator[str]:
    yield f"{_HEADER}\n"
    writer = csv.writer(_Lines(), lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    for some in batched(rows, _BATCH):
        for row in some:
            yield writer.writerow(_cells(row))
        task.advance(len(some))


class _Lines:
    def write(self, line: str) -> str:
        """Hand the line to whoever wrote the row."""
        return line


def _cells(row: RowProblem) -> tuple[int | str, ...]:
    return row.line, *map(_harmless, (row.column, row.value, row.problem))


def _harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    if not _FORMULA.match(text) or _NUMBER.fullmatch(text.strip()):
        return text
    return f"'{text}"
