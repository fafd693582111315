"""The first line of a file of bars: which of its columns is what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from domain.bars import PRICE_COLUMNS
from domain.errors import UnreadableFileError

STAMP_COLUMN = "timestamp"
VOLUME_COLUMN = "volume"
COLUMNS = (STAMP_COLUMN, *PRICE_COLUMNS, VOLUME_COLUMN)

_EXAMPLE = f"The first line must name these columns, in any order: {','.join(COLUMNS)}."


@attrs.frozen
class Header:
    """How many columns a file has, and at which position, from 0, each of `COLUMNS` stands.

    `line` is the line at which the header begins, the first of the file being 1.
    """

    width: int
    positions: Mapping[str, int]
    line: int


def header_of(cells: Sequence[str], line: int, path: Path) -> Header:
    """Return the header whose cells are `cells`; case and outer spaces do not matter.

    Raises:
        UnreadableFileError: a column is missing or there twice, or no line names columns.
    """
    names = [_name_of(cell) for cell in cells]
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        raise _incomplete(cells, missing, path)
    twice = [name for name, count in Counter(names).items() if count > 1 and name in COLUMNS]
    if twice:
        raise UnreadableFileError(
            f"{path} has the column {twice[0]} more than once.",
            "Take out or rename the one that is not meant.",
        )
    return Header(len(names), {column: names.index(column) for column in COLUMNS}, line)


def _name_of(cell: str) -> str:
    return cell.strip().lower()


def _incomplete(cells: Sequence[str], missing: Sequence[str], path: Path) -> UnreadableFileError:
    found = clipped(", ".join(cell.strip() for cell in cells), 200)
    if len(missing) == len(COLUMNS):
        return UnreadableFileError(f"{path} has no header; its first line is: {found}.", _EXAMPLE)
    return UnreadableFileError(
        f"{path} lacks {_columns(missing)}; its columns are: {found}.", _EXAMPLE
    )


def _columns(names: Sequence[str]) -> str:
    return ("the column " if len(names) == 1 else "the columns ") + ", ".join(names)


def clipped(text: str, longest: int = 60) -> str:
    """Return `text` short enough to be shown."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
