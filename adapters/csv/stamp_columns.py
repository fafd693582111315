"""Columns of stamps, read at once where many are written alike.

Whatever is odd is left to `adapters.csv.stamp_values`, which knows what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs
import numpy as np
from numpy.typing import NDArray

from adapters.csv.epochs import FIRST, LAST
from adapters.csv.stamp_blocks import read_block
from adapters.csv.stamp_formats import StampKind
from adapters.csv.stamp_values import Meaning, Stamp, parse
from domain.bars import Int64Array

if TYPE_CHECKING:
    import pyarrow as pa

UNREADABLE = -1
_DATE_LENGTH = len("2024-01-31")
_LONGEST = 64
# So many ways of writing are looked for in a column, and each must have so many rows.
_MOST_SHAPES, _FEWEST_ROWS = 96, 12
# Bytes that no text in UTF-8 has: one stands where a text has ended, the other, which has all
# bits set, for any digit.
_END = 0xFE
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?P<time>[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
    r"(?P<zone>Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?"
)


@attrs.frozen(eq=False)
class Column:
    """A column of stamps: the code of each one's kind, its form, and its value as in `Stamp`.

    The kind is `UNREADABLE` where `problems` says, by row, what is wrong; the value is 0 then.
    """

    kinds: NDArray[np.int8]
    forms: NDArray[np.int8]
    values: Int64Array
    problems: Mapping[int, str]


def read_column(texts: pa.StringArray, meaning: Meaning) -> Column:
    """Return the stamps that `texts` write."""
    return _iso(texts) or _Reading(texts, meaning).column()


def try_column(texts: pa.StringArray, meaning: Meaning) -> Column:
    """Return what `read_column` does, without saying what is wrong with most that is."""
    return _iso(texts) or _Reading(texts, meaning).trial()


def _iso(texts: pa.StringArray) -> Column | None:
    """Return the stamps by Arrow, if all are written in the way that it reads, and of one kind."""
    import pyarrow as pa

    kind = _kind_of_iso(texts)
    if kind is None:
        return None
    try:
        # Arrow refuses stamps with a zone for a type without one, and the other way round.
        zone = "UTC" if kind is StampKind.ZONED else None
        values = np.asarray(texts.cast(pa.timestamp("ns", zone)).cast(pa.int64()))
    except pa.ArrowInvalid:
        return None
    if values.min() < FIRST or values.max() > LAST:
        return None
    codes = np.full(len(values), kind.code, np.int8)
    return Column(codes, np.zeros(len(values), np.int8), values, {})


def _kind_of_iso(texts: pa.StringArray) -> StampKind | None:
    """Return the kind that all `texts` can be of, by their length and the first one's look."""
    import pyarrow.compute as pc

    first = _ISO.fullmatch(texts[0].as_py()) if len(texts) else None
    if first is None:
        return None
    lengths = pc.min_max(pc.binary_length(texts)).as_py()
    if first["time"] is None:
        return StampKind.DATE if lengths["max"] == lengths["min"] == _DATE_LENGTH else None
    if lengths["min"] <= _DATE_LENGTH:
        return None
    return StampKind.ZONED if first["zone"] else StampKind.LOCAL


class _Reading:
    """One column on its way: rows are filled in, shape after shape, then one by one."""

    def __init__(self, texts: pa.StringArray, meaning: Meaning) -> None:
        self._texts, self._meaning = texts, meaning
        self._kinds = np.full(len(texts), UNREADABLE, np.int8)
        self._forms = np.zeros(len(texts), np.int8)
        self._values = np.zeros(len(texts), np.int64)
        self._looked_at = np.zeros(len(texts), bool)

    def column(self) -> Column:
        """Return what became of all rows."""
        self._by_shape()
        problems = self._one_by_one(np.flatnonzero(self._kinds == UNREADABLE))
        return Column(self._kinds, self._forms, self._values, problems)

    def trial(self) -> Column:
        """Return what became of all rows, without another look at those of frequent shapes."""
        self._by_shape()
        rows = np.flatnonzero((self._kinds == UNREADABLE) & ~self._looked_at)
        return Column(self._kinds, self._forms, self._values, self._one_by_one(rows))

    def _by_shape(self) -> None:
        """Read the rows whose shape, that is the text but for which digits it has, is frequent."""
        content = _padded(self._texts)
        shapes = content | np.negative(((content - ord("0")) < 10).view(np.uint8))
        words = shapes.view(np.uint64)
        rows, hashes = np.arange(len(content)), _hashes(words)
        for _ in range(_MOST_SHAPES):
            if len(rows) < _FEWEST_ROWS:
                return
            alike = hashes == hashes[0]
            if alike.all():
                self._fill(rows, content, words)
                return
            self._fill(rows[alike], content, words)
            rows, hashes = rows[~alike], hashes[~alike]

    def _fill(
        self, rows: NDArray[np.intp], content: NDArray[np.uint8], words: NDArray[np.uint64]
    ) -> None:
        """Fill in `rows`, which are of one shape."""
        if len(rows) < _FEWEST_ROWS:
            return
        if len(rows) < len(content):
            content, words = content[rows], words[rows]
        if (words != words[0]).any():
            # Another shape of the same hash: a wonder, and slow, but right.
            return
        text = self._texts[int(rows[0])].as_py()
        if len(text) > content.shape[1]:
            return
        digits = np.ascontiguousarray(content[:, : len(text)].T) - ord("0")
        for kind, form, values, right in read_block(text, digits, self._meaning):
            taken = right & (self._kinds[rows] == UNREADABLE)
            self._kinds[rows[taken]] = kind.code
            self._forms[rows[taken]] = form
            self._values[rows[taken]] = values[taken]
            self._looked_at[rows] = True

    def _one_by_one(self, rows: NDArray[np.intp]) -> Mapping[int, str]:
        problems = {}
        for row, text in zip(rows.tolist(), self._texts.take(rows).to_pylist(), strict=True):
            stamp = parse(text, self._meaning)
            if isinstance(stamp, Stamp):
                self._kinds[row], self._forms[row] = stamp.kind.code, stamp.form
                self._values[row] = stamp.value
            else:
                problems[row] = stamp
        return problems


def _hashes(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a number of each row that is hardly ever that of another one."""
    hashes = np.zeros(len(words), np.uint64)
    for column in words.T:
        hashes = (hashes ^ column) * np.uint64(0x9E3779B97F4A7C15)
        hashes ^= hashes >> np.uint64(29)
    return hashes


def _padded(texts: pa.StringArray) -> NDArray[np.uint8]:
    """Return a row of bytes a text, `_END` after its end; of one that is too long, nothing else."""
    import pyarrow.compute as pc

    lengths = np.asarray(pc.binary_length(texts))
    if lengths.max(initial=0) > _LONGEST:
        texts = pc.if_else(lengths > _LONGEST, "", texts)
        lengths = np.asarray(pc.binary_length(texts))
    width = max(8, -(-int(lengths.max(initial=0)) // 8) * 8)
    padded = np.full((len(texts), width), _END, np.uint8)
    _, offsets, content = texts.buffers()
    bounds = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    if content is not None and len(texts):
        inside = np.frombuffer(content, np.uint8)[bounds[0] : bounds[-1]]
        padded[np.arange(width, dtype=np.int32) < lengths[:, None]] = inside
    return padded
