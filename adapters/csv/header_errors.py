"""What is said of a header that does not name each column once."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from adapters.csv.header import Columns, clipped
from adapters.csv.spellings import COLUMNS, SYMBOL_COLUMN
from domain.bar_files import BarFile
from domain.errors import UnreadableFileError

_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?|[0-9]{6}")
_EXAMPLE = f"The header must name these columns, in any order: {','.join(COLUMNS)}."


def incomplete(columns: Columns, line: int, file: BarFile) -> UnreadableFileError:
    """Return the error that says what `columns`, of the header in `line`, lack or have twice."""
    if columns.ambiguous is not None:
        return _ambiguous(*columns.ambiguous, columns, file)
    found = clipped(", ".join(columns.names), 200)
    if columns.found:
        return UnreadableFileError(
            f"{file} lacks {_listed(columns.missing)}; its columns are: {found}.",
            f"{_EXAMPLE} If some go by another name, add the names of all in the file's order, "
            f"and _ for those to be ignored: {option(columns)}.",
        )
    if any(map(str.isdigit, "".join(columns.names))):
        which = "its first line" if line == 1 else f"line {line}"
        return UnreadableFileError(
            f"{file} has no header; {which} is: {found}.",
            _name_them(columns, "If it is one without a header"),
        )
    problem = "is one field" if columns.width == 1 else "names none of the columns that are needed"
    return UnreadableFileError(
        f"Line {line} of {file} {problem}: {found}.",
        _name_them(columns, "If the file holds bars"),
    )


def option(columns: Columns) -> str:
    """Return the option with the names that are sure, and _ at the places to be settled."""
    names = ["_"] * columns.width
    for column, places in columns.cells.items():
        for at, part in zip(places, ("date", "time"), strict=False):
            names[at] = column if len(places) == 1 else part
    return _option(names)


def _ambiguous(
    column: str, names: Sequence[str], columns: Columns, file: BarFile
) -> UnreadableFileError:
    if len(set(map(str.lower, names))) == 1:
        message = f"{file} has the column {names[0]} more than once."
    else:
        message = f"{file} has more than one column for {column}: {' and '.join(names)}."
    return UnreadableFileError(
        message,
        f"Name the columns in the file's order, and _ for those to be ignored: {option(columns)}.",
    )


def _name_them(columns: Columns, when: str) -> str:
    """Say how to name the columns of a file that names none."""
    names = _usual(columns)
    if names is None:
        return f"{_EXAMPLE} Check that the file holds bars, and what divides its fields."
    return (
        f"{when}, add the names of its columns in their order, such as {_option(names)}; _ is for "
        "a column to be ignored."
    )


def _usual(columns: Columns) -> list[str] | None:
    """Return as many names as there are columns, in the usual order but for the symbol's."""
    names = list(COLUMNS)
    cells = list(columns.names)
    if columns.symbol is not None:
        del cells[columns.symbol]
    if len(cells) > len(names) and _TIME.fullmatch(cells[1].strip()):
        names[:1] = ["date", "time"]
    if len(cells) < len(names):
        return None
    names += ["_"] * (len(cells) - len(names))
    if columns.symbol is not None:
        names.insert(columns.symbol, SYMBOL_COLUMN)
    return names


def _option(names: Sequence[str]) -> str:
    named = shlex.quote(",".join(names))
    return f"--columns {named}"


def _listed(names: Sequence[str]) -> str:
    return ("the column " if len(names) == 1 else "the columns ") + ", ".join(names)
