"""A file's text, cut into cells, with the line that an editor shows for each row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import numpy as np
from numpy.typing import NDArray

from adapters.csv.header import COLUMNS, Header, clipped, header_of
from domain.bars import Int64Array
from domain.errors import UnreadableFileError
from domain.rules import RowProblem

if TYPE_CHECKING:
    import pyarrow as pa

# What a problem of a whole row names in place of a column.
WHOLE_ROW = "row"
_NEWLINE, _COMMA, _QUOTE = ord("\n"), ord(","), ord('"')
# One block where it can be, so that no row lies in two; Arrow counts a block's bytes in 32 bits.
_LARGEST_BLOCK = 2**30
_SEPARATORS = np.frombuffer(b",\r\n", np.uint8)


@attrs.frozen(eq=False)
class TextRows:
    """The cells of each of `COLUMNS` as Arrow strings, and the line of each row.

    Rows that have too few or too many fields are not among them but in `problems`.
    """

    columns: Mapping[str, pa.StringArray]
    lines: Int64Array
    problems: tuple[RowProblem, ...]


def text_rows(text: bytes, path: Path) -> TextRows:
    """Return the rows of `text` (UTF-8); blank lines are none.

    Raises:
        UnreadableFileError: there is no header, no row, or a quote that is not closed.
    """
    stream = io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", newline="")
    records = _records(stream, path)
    line, cells = next(records, (1, []))
    if not cells:
        raise UnreadableFileError(
            f"{path} is empty.", f"Name a file whose first line is {','.join(COLUMNS)}."
        )
    header = header_of(cells, line, path)
    plain = _plain(text)
    rows = _quoted_rows(records, header) if plain is None else _plain_rows(plain, header)
    if not len(rows.lines) and not rows.problems:
        raise UnreadableFileError(
            f"{path} has a header and no rows.", "Export it again with at least one bar."
        )
    return rows


def _plain(text: bytes) -> bytes | None:
    """Return `text` without its quotes if each line is a row then, otherwise None."""
    if text.count(b"\r") != text.count(b"\r\n"):
        return None
    if b'"' not in text:
        return text
    return text.replace(b'"', b"") if _quotes_only_enclose(text) else None


def _quotes_only_enclose(text: bytes) -> bool:
    """Whether each quote begins or ends a field that holds no separator and no quote."""
    around = np.frombuffer(b"\n" + text + b"\n", np.uint8)
    quotes = np.flatnonzero(around == _QUOTE)
    opening, closing = quotes[0::2], quotes[1::2]
    if len(opening) != len(closing):
        return False
    separators = np.flatnonzero(np.isin(around, _SEPARATORS))
    inside = np.searchsorted(separators, opening) != np.searchsorted(separators, closing)
    begins = np.isin(around[opening - 1], _SEPARATORS)
    ends = np.isin(around[closing + 1], _SEPARATORS)
    return bool((begins & ends & ~inside).all())


# ---- every line a row: columns at once -----------------------------------------------------


def _plain_rows(text: bytes, header: Header) -> TextRows:
    body = _after_line(text, header.line)
    starts, ends = _line_bounds(body)
    commas = np.flatnonzero(np.frombuffer(body, np.uint8) == _COMMA)
    fields = np.diff(np.searchsorted(commas, np.append(starts, len(body)))) + 1
    whole = fields == header.width
    problems = []
    for at in np.flatnonzero(~whole):
        row = body[starts[at] : ends[at]].decode().strip()
        if row:
            line = header.line + 1 + int(at)
            problems.append(_misshapen(line, row, int(fields[at]), header))
    lines = (np.flatnonzero(whole) + header.line + 1).astype(np.int64)
    columns = _split(body, header) if len(lines) else _arrow_columns([], header)
    return TextRows(columns, lines, tuple(problems))


def _after_line(text: bytes, line: int) -> bytes:
    """Return what follows the line numbered `line`."""
    position = 0
    for _ in range(line):
        position = text.find(b"\n", position) + 1
        if not position:
            return b""
    return text[position:]


def _line_bounds(body: bytes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where each line of `body` starts and ends; the last may lack its newline."""
    ends = np.flatnonzero(np.frombuffer(body, np.uint8) == _NEWLINE)
    starts = np.concatenate(([0], ends + 1))
    ends = np.append(ends, len(body))
    filled = starts < len(body)
    return starts[filled], ends[filled]


def _split(body: bytes, header: Header) -> Mapping[str, pa.StringArray]:
    """Return the columns of the rows that have as many fields as the header."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    names = [str(position) for position in range(header.width)]
    wanted = {column: str(position) for column, position in header.positions.items()}
    table = arrow_csv.read_csv(
        pa.py_buffer(body),
        read_options=arrow_csv.ReadOptions(
            column_names=names, block_size=min(len(body), _LARGEST_BLOCK)
        ),
        parse_options=arrow_csv.ParseOptions(
            quote_char=False, invalid_row_handler=lambda _: "skip"
        ),
        convert_options=arrow_csv.ConvertOptions(
            include_columns=list(wanted.values()),
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[],
            strings_can_be_null=False,
            check_utf8=False,
        ),
    )
    return {column: _trimmed(table.column(name)) for column, name in wanted.items()}


def _trimmed(column: pa.ChunkedArray) -> pa.StringArray:
    import pyarrow.compute as pc

    return pc.ascii_trim_whitespace(column.combine_chunks())


# ---- quoted fields: row by row -------------------------------------------------------------


def _quoted_rows(records: Iterator[tuple[int, list[str]]], header: Header) -> TextRows:
    rows, lines, problems = [], [], []
    for line, cells in records:
        if len(cells) == header.width:
            rows.append(cells)
            lines.append(line)
        else:
            problems.append(_misshapen(line, ",".join(cells), len(cells), header))
    return TextRows(_arrow_columns(rows, header), np.array(lines, np.int64), tuple(problems))


def _records(stream: io.TextIOWrapper, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield every record that is not blank, with the line at which it begins."""
    reader = csv.reader(stream, strict=True)
    begin = 1
    try:
        for cells in reader:
            if len(cells) > 1 or "".join(cells).strip():
                yield begin, cells
            begin = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFileError(
            f"{path} cannot be cut into fields at line {begin}: {error}.",
            "Correct that line: a field that begins with a quote must end with one.",
        ) from error


def _arrow_columns(rows: list[list[str]], header: Header) -> Mapping[str, pa.StringArray]:
    import pyarrow as pa

    return {
        column: _trimmed(pa.chunked_array([pa.array([row[at] for row in rows], pa.string())]))
        for column, at in header.positions.items()
    }


def _misshapen(line: int, row: str, fields: int, header: Header) -> RowProblem:
    count = "1 field" if fields == 1 else f"{fields} fields"
    problem = f"has {count} where the header has {header.width}"
    return RowProblem(line, WHOLE_ROW, clipped(row), problem)
