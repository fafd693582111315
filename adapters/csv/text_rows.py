"""A file's text, block by block, as columns of texts with the line of each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np

from adapters.csv.buffer import TextBuffer
from adapters.csv.encoding import check_utf8
from adapters.csv.header import Columns, clipped
from adapters.csv.plain_lines import PlainLines, plain_lines
from adapters.csv.records import records
from domain.bars import Int64Array
from domain.rules import RowProblem

if TYPE_CHECKING:
    import pyarrow as pa

# What a problem of a whole row names in place of a column.
WHOLE_ROW = "row"
# What pyarrow trims.
_BLANKS = " \t\n\r\v\f"


@attrs.frozen(eq=False)
class TextRows:
    """The cells of each of `COLUMNS` as Arrow strings without outer blanks, and each row's line.

    Those of the symbol are there, too, where the file has them. Rows that have too few or too many
    fields are not among them but in `problems`.
    """

    columns: Mapping[str, pa.StringArray]
    lines: Int64Array
    problems: tuple[RowProblem, ...]

    def __len__(self) -> int:
        return len(self.lines) + len(self.problems)


@attrs.frozen
class Shape:
    """How each line of a file is cut: which columns there are, and what divides them.

    `named` tells that the columns were named by the user, not by a header.
    """

    columns: Columns
    delimiter: str
    named: bool = False

    def misshapen(self, line: int, row: str, fields: int) -> RowProblem:
        """Return the problem of a row of another number of fields."""
        count = "1 field" if fields == 1 else f"{fields} fields"
        width = self.columns.width
        wanted = f"{width} columns are named" if self.named else f"the header has {width}"
        return RowProblem(line, WHOLE_ROW, clipped(row), f"has {count} where {wanted}")


def text_rows(buffer: TextBuffer, shape: Shape) -> Iterator[TextRows]:
    """Yield what is left of `buffer` as rows, a block at a time; blank lines are none.

    Raises:
        UnreadableFileError: it is no text, or cannot be cut into fields.
    """
    while True:
        ended = buffer.ended()
        text = buffer.text[:ended]
        check_utf8(text, buffer.line, buffer.file)
        plain = plain_lines(text, shape.delimiter)
        if plain is None:
            rows, length, lines = _of_records(text, shape, buffer)
        else:
            buffer.check_lines(text)
            rows, length, lines = _of_plain(plain, shape, buffer.line), ended, plain.count
        if len(rows):
            yield rows
        buffer.drop(length, lines)
        if buffer.at_end:
            return
        buffer.check_pending()
        buffer.fill()


def _of_plain(plain: PlainLines, shape: Shape, first_line: int) -> TextRows:
    """Return the rows of a text of which each line is one."""
    columns = shape.columns
    cells, at = plain.split(columns.width, columns.used)
    problems = []
    if len(at) < plain.count:
        problems = [
            shape.misshapen(first_line + line, row, fields)
            for line, row, fields in plain.others(columns.width)
        ]
    return TextRows(_named(cells, columns), at + first_line, tuple(problems))


def _of_records(text: bytes, shape: Shape, buffer: TextBuffer) -> tuple[TextRows, int, int]:
    """Return the rows of the whole records, and how many bytes and lines they take."""
    width, rows, at, problems = shape.columns.width, [], [], []
    length = lines = 0
    text_lines = text.splitlines(keepends=True)
    for record in records(
        text_lines, buffer.line, shape.delimiter, buffer.file, at_end=buffer.at_end
    ):
        length += record.length
        lines += record.lines
        row = shape.delimiter.join(record.cells)
        if len(record.cells) != width:
            if row.strip():
                problems.append(shape.misshapen(record.line, row.strip(), len(record.cells)))
        elif row.strip(_BLANKS):
            rows.append(record.cells)
            at.append(record.line)
    cells = _arrow(rows, shape.columns.used)
    found = TextRows(_named(cells, shape.columns), np.array(at, np.int64), tuple(problems))
    return found, length, lines


def _arrow(rows: Sequence[Sequence[str]], used: Sequence[int]) -> Mapping[int, pa.StringArray]:
    import pyarrow as pa

    return {at: pa.array([row[at] for row in rows], pa.string()) for at in used}


def _named(cells: Mapping[int, pa.StringArray], columns: Columns) -> Mapping[str, pa.StringArray]:
    """Return the cells by name, date and time as one, without outer blanks."""
    import pyarrow.compute as pc

    named = {}
    for column, places in columns.cells.items():
        parts = [pc.ascii_trim_whitespace(cells[at]) for at in places]
        named[column] = parts[0] if len(parts) == 1 else _stamps(*parts)
    return named


def _stamps(dates: pa.StringArray, times: pa.StringArray) -> pa.StringArray:
    import pyarrow.compute as pc

    return pc.ascii_trim_whitespace(pc.binary_join_element_wise(dates, times, " "))
