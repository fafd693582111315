"""Text of which each line is a row: it can be cut into columns at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np
from numpy.typing import NDArray

from domain.bars import Int64Array

if TYPE_CHECKING:
    import pyarrow as pa

# Small enough that Arrow's threads share the work. A row that is longer is refused as if it were
# one of other length, and then read in one block.
_ARROW_BLOCK = 2**20
_NEWLINE, _QUOTE = ord("\n"), ord('"')
_COMMENT_LINES = re.compile(rb"^[ \t\v\f]*#[^\n]*", re.MULTILINE)
_BLANK_LINES = re.compile(rb"^[ \t\v\f]+$", re.MULTILINE)


@attrs.frozen(eq=False)
class PlainLines:
    """Text of `count` lines that end in newlines, without quotes; comments are blank lines."""

    text: bytes
    delimiter: str
    count: int

    def split(
        self, width: int, positions: Sequence[int]
    ) -> tuple[Mapping[int, pa.StringArray], Int64Array]:
        """Return the cells at `positions` of the lines that have `width` fields.

        The second value tells which lines those are, the first being 0.
        """
        if not self.count:
            return _no_cells(positions), np.empty(0, np.int64)
        table = _split(self.text, self.delimiter, width, positions)
        if table is not None and table.num_rows == self.count:
            return _cells(table, positions), np.arange(self.count, dtype=np.int64)
        at = np.flatnonzero(self._fields() == width).astype(np.int64)
        if table is None:
            table = _split(self.text, self.delimiter, width, positions, skip=True)
        return _cells(table, positions), at

    def others(self, width: int) -> Iterator[tuple[int, str, int]]:
        """Yield line, text and fields of those that have not `width` fields and are not blank."""
        fields = self._fields()
        starts, ends = self._bounds()
        for at in np.flatnonzero(fields != width):
            row = self.text[starts[at] : ends[at]].decode().strip()
            if row:
                yield int(at), row, int(fields[at])

    def _fields(self) -> NDArray[np.intp]:
        """Return how many fields each line has, a blank one 1."""
        starts, _ = self._bounds()
        found = np.flatnonzero(np.frombuffer(self.text, np.uint8) == ord(self.delimiter))
        fields: NDArray[np.intp] = np.diff(np.searchsorted(found, [*starts, len(self.text)])) + 1
        return fields

    def _bounds(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return where each line starts and ends; the last may lack its newline."""
        ends = np.flatnonzero(np.frombuffer(self.text, np.uint8) == _NEWLINE)
        starts = np.concatenate(([0], ends + 1))
        ends = np.append(ends, len(self.text))
        filled = starts < len(self.text)
        return starts[filled], ends[filled]


def plain_lines(text: bytes, delimiter: str) -> PlainLines | None:
    """Return `text` if each of its lines is a row, comment or blank; otherwise None."""
    if not delimiter.isascii():
        return None
    quoted = b'"' in text
    if quoted and (b"#" in text or not _quotes_only_enclose(text, delimiter)):
        return None
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if quoted:
        text = text.replace(b'"', b"")
    if b"#" in text:
        text = _COMMENT_LINES.sub(b"", text)
    if delimiter.isspace():
        # A line of nothing but delimiters looks blank.
        text = _BLANK_LINES.sub(b"", text)
    return PlainLines(text, delimiter, _count(text))


def _count(text: bytes) -> int:
    ends = np.count_nonzero(np.frombuffer(text, np.uint8) == _NEWLINE)
    return int(ends) + (bool(text) and not text.endswith(b"\n"))


def _quotes_only_enclose(text: bytes, delimiter: str) -> bool:
    """Whether each quote begins or ends a field that holds no separator and no quote."""
    separators = np.zeros(256, np.bool_)
    separators[[ord(delimiter), ord("\n"), ord("\r")]] = True
    around = np.frombuffer(b"\n" + text + b"\n", np.uint8)
    quotes = np.flatnonzero(around == _QUOTE)
    opening, closing = quotes[0::2], quotes[1::2]
    if len(opening) != len(closing):
        return False
    if not (separators[around[opening - 1]] & separators[around[closing + 1]]).all():
        return False
    found = np.flatnonzero(separators[around])
    return bool(np.array_equal(np.searchsorted(found, opening), np.searchsorted(found, closing)))


def _split(
    text: bytes, delimiter: str, width: int, positions: Sequence[int], *, skip: bool = False
) -> pa.Table | None:
    """Return the lines of `width` fields; where there are others, None unless they may be skipped.

    Empty lines are none.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    names = [str(position) for position in range(width)]
    wanted = [str(position) for position in positions]
    try:
        return arrow_csv.read_csv(
            pa.py_buffer(text),
            read_options=arrow_csv.ReadOptions(
                column_names=names, block_size=len(text) if skip else _ARROW_BLOCK
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter,
                quote_char=False,
                invalid_row_handler=(lambda _: "skip") if skip else None,
            ),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=wanted,
                column_types=dict.fromkeys(wanted, pa.string()),
                null_values=[],
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:
        if skip:
            raise
        return None


def _cells(table: pa.Table, positions: Sequence[int]) -> Mapping[int, pa.StringArray]:
    return {at: table.column(str(at)).combine_chunks() for at in positions}


def _no_cells(positions: Sequence[int]) -> Mapping[int, pa.StringArray]:
    import pyarrow as pa

    return {at: pa.array([], pa.string()) for at in positions}
