"""What is wrong with rows, written to a file of its own: `--errors FILE.csv`."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from domain.errors import BarledgerError, RefusedRows, RowsRefusedError
from domain.rules import RowProblem
from entrypoints.destination import FileKind

COLUMNS = ("line", "column", "value", "problem")
_HEADER = ",".join(COLUMNS)
_LIST = FileKind(
    noun="problem list",
    form="problem list",
    ending=".csv",
    option="--errors FILE.csv",
    # A spreadsheet may have saved ours with the other line ends.
    begins=(f"{_HEADER}\n".encode(), f"{_HEADER}\r\n".encode()),
)

# What spreadsheets take for a formula, and run: https://owasp.org/www-community/attacks/CSV_Injection
# Texts that have the apostrophe already get another, so that taking one away gives the value.
_FORMULA = re.compile(r"'*(\s*[=+\-@＝＋－＠]|[\t\r\n])")  # noqa: RUF001 - the wide ones work too
_NUMBER = re.compile(r"[+-]?[.,]?[0-9][0-9.,]*([eE][+-]?[0-9]+)?")


class _Warns(Protocol):
    def warn(self, sentence: str) -> None:
        """Show a warning."""


def check_problems_file(path: Path, files: Sequence[Path], catalog: Path) -> None:
    """Refuse a file for problems before anything is read of the `files` to import.

    Raises:
        ReportError: it is another file than such a list, one of `files`, or cannot be written.
    """
    _LIST.destination(path, catalog, files)


def keep_problems(path: Path, refused: RowsRefusedError, screen: _Warns) -> None:
    """Write the rows that are refused to `path`, and remember there that they are listed.

    Where that fails, it is a warning: the refusal is what must be told.
    """
    try:
        write_problems(path, refused.rows)
    except BarledgerError as error:
        screen.warn(f"{error.message} {error.recovery}")
    else:
        refused.listed_in = path


def write_problems(path: Path, rows: RefusedRows) -> None:
    """Write all problems to `path`, which holds them all afterwards or what it held before.

    CSV as of RFC 4180 with the header `line,column,value,problem`, in UTF-8; lines end with LF.
    A text that a spreadsheet would take for a formula gets an apostrophe before it; numbers such
    as -1 stay as they are.

    Raises:
        ReportError: it could not be written.
        DiskFullError: the problems could not be read again.
    """
    _LIST.write_whole(path.resolve(), _lines(rows))


def _lines(rows: RefusedRows) -> Iterator[str]:
    yield f"{_HEADER}\n"
    writer = csv.writer(_Lines(), lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    for row in rows:
        yield writer.writerow(_cells(row))


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
