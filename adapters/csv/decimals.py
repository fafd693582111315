"""Text becomes exact decimals: integers and how many of their digits follow the point."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import attrs
import numpy as np

from adapters.csv.notation import PLAIN, not_a_number
from adapters.csv.notation import Notation as Notation
from adapters.csv.pieces import in_pieces, problems_of_pieces
from domain.bars import MAX_DIGITS, MAX_PRECISION, Int64Array, needed_precision

if TYPE_CHECKING:
    import pyarrow as pa

_LIMIT = 10**MAX_DIGITS
_ARROW_DIGITS = 38


@attrs.frozen(eq=False)
class Decimals:
    """A column: each value is `values / 10**precision`; `problems` tells, by row, what is not.

    A row with a problem has the value 0.
    """

    values: Int64Array
    precision: int
    problems: Mapping[int, str] = attrs.field(factory=dict)

    @property
    def needed(self) -> int:
        """The least precision that holds all values."""
        return needed_precision([self.values], self.precision)


def decimals(texts: pa.StringArray, notation: Notation = PLAIN) -> Decimals:
    """Return the numbers that the trimmed `texts` write, with or without an exponent."""
    at_once = functools.partial(_at_once, notation=notation)
    one_by_one = functools.partial(_one_by_one, notation=notation)
    pieces, precision = aligned(list(in_pieces(texts, at_once, one_by_one)))
    problems = problems_of_pieces((len(piece.values), piece.problems) for piece in pieces)
    return Decimals(np.concatenate([piece.values for piece in pieces]), precision, problems)


def aligned(columns: Sequence[Decimals]) -> tuple[tuple[Decimals, ...], int]:
    """Return the columns at the least precision that holds all of their values, and that.

    A value that is too long at that precision becomes a problem.
    """
    precision = max(column.needed for column in columns)
    return tuple(_rescaled(column, precision) for column in columns), precision


def _at_once(texts: pa.StringArray, notation: Notation) -> Decimals | None:
    plain = notation.plain_column(texts)
    if plain is None:
        return None
    # All digits that may follow the point fit most columns; large volumes are whole numbers.
    for precision in (MAX_PRECISION, 0):
        values = _cast(plain, precision)
        if values is not None:
            return Decimals(values, precision)
    return None


def _cast(texts: pa.StringArray, precision: int) -> Int64Array | None:
    """Return `texts` times `10**precision`, or None where one is no such number or too long."""
    import pyarrow as pa

    if not _is_plain(texts):
        return None
    try:
        exact = texts.cast(pa.decimal128(_ARROW_DIGITS, precision))
    except pa.ArrowInvalid:
        return None
    # Arrow lays a decimal down as two words, the lower one first.
    words = np.frombuffer(exact.buffers()[1], np.int64).reshape(-1, 2)
    words = words[exact.offset : exact.offset + len(exact)]
    low, high = words[:, 0], words[:, 1]
    fits = (high == low >> 63) & (low > -_LIMIT) & (low < _LIMIT)
    return low.copy() if fits.all() else None


def _is_plain(texts: pa.StringArray) -> bool:
    """Whether `texts` are short and hold no letters, so that Arrow can be trusted with them.

    Arrow 26 rescales by more than 38 digits from beyond the end of a table of its own: 1e-48
    becomes 0 without an error.
    """
    _, offsets, content = texts.buffers()
    if content is None or not len(texts):
        return False
    bounds = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    digits = np.frombuffer(content, np.uint8)[bounds[0] : bounds[-1]]
    return bool(np.diff(bounds).max() <= _ARROW_DIGITS and digits.max(initial=0) <= ord("9"))


def _one_by_one(texts: Sequence[str], notation: Notation) -> Decimals:
    """Return what `_at_once` cannot: it says which value is wrong, and how."""
    parsed = [_parse(text, notation) for text in texts]
    problems = {row: each for row, each in enumerate(parsed) if isinstance(each, str)}
    numbers = [(0, 0) if isinstance(each, str) else each for each in parsed]
    precision = max((digits for _, digits in numbers), default=0)
    values = np.zeros(len(texts), np.int64)
    for row, (integer, digits) in enumerate(numbers):
        scaled = integer * 10 ** (precision - digits)
        if abs(scaled) < _LIMIT:
            values[row] = scaled
        else:
            problems[row] = _too_long(precision)
    return Decimals(values, precision, problems)


def _parse(text: str, notation: Notation) -> tuple[int, int] | str:
    """Return the number as an integer and its digits after the point, or what is wrong."""
    if not text:
        return "is missing"
    plain = notation.plain(text)
    if plain is None:
        return not_a_number(text, notation)
    try:
        sign, digits, exponent = Decimal(plain).as_tuple()
    except InvalidOperation:
        return _too_long(0)
    # Decimal.normalize would round what is longer than its context's 28 digits.
    significant = "".join(map(str, digits)).rstrip("0")
    exponent = int(exponent) + len(digits) - len(significant)
    significant = significant.lstrip("0")
    if not significant:
        return 0, 0
    if exponent < -MAX_PRECISION:
        return f"needs more than {MAX_PRECISION} decimals"
    if len(significant) + max(exponent, 0) > MAX_DIGITS:
        return _too_long(0)
    integer = int(significant) * 10 ** max(exponent, 0)
    return -integer if sign else integer, max(-exponent, 0)


def _rescaled(column: Decimals, precision: int) -> Decimals:
    if precision <= column.precision:
        values = column.values // 10 ** (column.precision - precision)
        return Decimals(values, precision, column.problems)
    factor = 10 ** (precision - column.precision)
    fits = np.abs(column.values) < _LIMIT // factor
    late = {int(row): _too_long(precision) for row in np.flatnonzero(~fits)}
    values = np.where(fits, column.values, 0) * factor
    return Decimals(values, precision, {**column.problems, **late})


def _too_long(precision: int) -> str:
    if not precision:
        return f"has more than {MAX_DIGITS} digits"
    return f"has more than {MAX_DIGITS} digits with the {precision} decimals that the file needs"
