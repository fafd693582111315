"""What stands before a file's first row: comments, what Excel sets, and the header."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from adapters.csv.buffer import COMMENT, TextBuffer
from adapters.csv.dialect import USUAL, excel_delimiter, named_delimiter, spoken
from adapters.csv.header import Columns, columns_of, named_columns, shown
from adapters.csv.header_errors import incomplete
from adapters.csv.records import Record, first_record
from adapters.csv.skipped_header import check_names, is_header
from adapters.csv.spellings import COLUMNS
from adapters.csv.text_rows import Shape
from domain.bar_files import FileLayout
from domain.errors import UnreadableFileError

_BLANK = re.compile(r'\s*|"\s*"\s*')


@attrs.frozen
class Named:
    """What a layout says of how lines are cut, checked before the file is opened."""

    delimiter: str | None
    columns: Columns | None

    @classmethod
    def of(cls, layout: FileLayout) -> Named:
        """Return what `layout` names.

        Raises:
            InvalidLayoutError: it contradicts itself.
        """
        columns = None if layout.columns is None else named_columns(layout.columns)
        return cls(named_delimiter(layout), columns)


def shape_of(buffer: TextBuffer, named: Named) -> tuple[Shape, tuple[str, ...]]:
    """Return how the file's lines are cut, and notes; `buffer` begins after its header then.

    Raises:
        UnreadableFileError: there is nothing, or no header where none is named.
        InvalidLayoutError: a header contradicts the columns that are named.
    """
    set_by_excel = _excel(buffer)
    _to_first_record(buffer)
    known = named.delimiter or set_by_excel
    delimiters = USUAL if known is None else (known,)
    if named.columns is None:
        shape, notes = _by_header(buffer, delimiters)
    else:
        shape, notes = _by_name(buffer, delimiters, named.columns)
    if named.delimiter is None and shape.delimiter != ",":
        notes = (f"The fields are divided by {spoken(shape.delimiter)}.", *notes)
    return shape, notes


def _excel(buffer: TextBuffer) -> str | None:
    """Return the delimiter that the file's first line sets, if it is such a line, and drop it."""
    line = buffer.first_line()
    delimiter = excel_delimiter(line.decode())
    if delimiter is not None:
        buffer.drop(len(line), 1)
    return delimiter


def _to_first_record(buffer: TextBuffer) -> None:
    while line := buffer.first_line():
        if not COMMENT.match(line) and not _BLANK.fullmatch(line.decode()):
            return
        buffer.drop(len(line), 1)
    raise UnreadableFileError(
        f"{buffer.file} is empty.", f"Name a file whose first line is {','.join(COLUMNS)}."
    )


def _by_header(buffer: TextBuffer, delimiters: tuple[str, ...]) -> tuple[Shape, tuple[str, ...]]:
    found = [
        (columns_of(record.cells), record, delimiter)
        for delimiter, record in _first_records(buffer, delimiters)
    ]
    columns, record, delimiter = max(
        found, key=lambda each: (each[0].complete, each[0].found, each[0].width)
    )
    if not columns.complete:
        raise incomplete(columns, record.line, buffer.file)
    buffer.drop(record.length, record.lines)
    note = columns.note()
    return Shape(columns, delimiter), (note,) if note else ()


def _by_name(
    buffer: TextBuffer, delimiters: tuple[str, ...], columns: Columns
) -> tuple[Shape, tuple[str, ...]]:
    """Return the shape of a file whose columns are named; a header in it is skipped."""
    delimiter, record = max(
        _first_records(buffer, delimiters),
        key=lambda each: (len(each[1].cells) == columns.width, len(each[1].cells)),
    )
    shape = Shape(columns, delimiter, named=True)
    if not is_header(record.cells, columns):
        return shape, ()
    check_names(record, columns, buffer.file)
    buffer.drop(record.length, record.lines)
    names = ", ".join(map(shown, record.cells))
    return shape, (f"Line {record.line} was skipped as a header: {names}.",)


def _first_records(buffer: TextBuffer, delimiters: tuple[str, ...]) -> Iterator[tuple[str, Record]]:
    """Yield the first record as each of `delimiters` cuts it, where it does."""
    refused: list[UnreadableFileError] = []
    for delimiter in delimiters:
        try:
            yield delimiter, first_record(buffer, delimiter)
        except UnreadableFileError as error:
            refused.append(error)
    if len(refused) == len(delimiters):
        raise refused[0]
