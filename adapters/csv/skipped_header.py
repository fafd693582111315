"""A first line of names in a file whose columns the user names."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.csv.header import Columns, columns_of, shown
from adapters.csv.header_errors import option
from adapters.csv.records import Record
from adapters.csv.spellings import (
    DATE,
    STAMP_COLUMN,
    SYMBOL_COLUMN,
    TICKS,
    TIME,
    VOLUME_COLUMN,
    plain_name,
    role_of,
    symbol_rank,
)
from domain.bar_files import BarFile
from domain.errors import InvalidLayoutError

_NULLS = {"n/a", "na", "#n/a", "nan", "null", "none", "nil", "-", "--", ""}
_ONE_COLUMN = {DATE: STAMP_COLUMN, TIME: STAMP_COLUMN, TICKS: VOLUME_COLUMN}
_LETTERS_OF_PRICES = {"o", "h", "l", "c"}


def is_header(cells: Sequence[str], columns: Columns) -> bool:
    """Whether the cells in the named places are names, not values.

    A row without a digit is one of missing values, unless it says different things or one that
    is a column's usual name.
    """
    if len(cells) != columns.width:
        return False
    texts = [cells[at].strip() for places in columns.positions.values() for at in places]
    if not all(text and not any(map(str.isdigit, text)) for text in texts):
        return False
    said = {text.lower() for text in texts} - _NULLS
    return len(said) > 1 or any(_meaning(cell) for cell in cells)


def check_names(header: Record, columns: Columns, file: BarFile) -> None:
    """Refuse a header that gives a name to a column which the user calls something else.

    Names that are not known say nothing, and a column that is to be ignored may have any.

    Raises:
        InvalidLayoutError: it does.
    """
    for column, places in columns.cells.items():
        for at in places:
            found = _told(header.cells, at)
            if found not in (None, column):
                raise _contradiction(header, columns.names[at], at, file)


def _told(cells: Sequence[str], at: int) -> str | None:
    """Return what a header's cell says that its column is, if that can be relied on."""
    names = {plain_name(cell) for cell in cells}
    # In a, b, c, d, e nobody means the close by c.
    if len(plain_name(cells[at])) == 1 and not names >= _LETTERS_OF_PRICES:
        return None
    return _meaning(cells[at])


def _meaning(cell: str) -> str | None:
    role = role_of(cell)
    if role is not None:
        return _ONE_COLUMN.get(role, role)
    return None if symbol_rank(cell) is None else SYMBOL_COLUMN


def _contradiction(header: Record, named: str, at: int, file: BarFile) -> InvalidLayoutError:
    found = columns_of(header.cells)
    if found.complete:
        way_out = "Leave --columns out: the names of that line are known."
    else:
        way_out = f"Name the columns as that line does: {option(found)}."
    return InvalidLayoutError(
        f"--columns calls field {at + 1} {named}, but line {header.line} of {file} calls it "
        f"{shown(header.cells[at])}.",
        f"{way_out} If its names are wrong, remove the line.",
    )
