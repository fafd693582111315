"""Columns of decimals, from the texts in which they come to scaled integers, exactly."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import numpy as np
from numpy.typing import NDArray

from domain.bars import MAX_DIGITS, MAX_PRECISION, Int64Array

# Of two decimals with so many digits no two are the same float.
_EXACT_LENGTH = 15
_LARGEST = 10.0**_EXACT_LENGTH


def scaled(columns: Sequence[Sequence[str]]) -> tuple[list[Int64Array], int]:
    """Return the numbers as integers, and how many digits after the point these count.

    It is the least number of digits that holds all of them exactly.

    Raises:
        ValueError: a text is no number, or one with more digits than can be kept.
    """
    if all(max(map(len, column), default=0) <= _EXACT_LENGTH for column in columns):
        # What is no float is no decimal either, which is told better there.
        with contextlib.suppress(ValueError):
            floats = [np.fromiter(map(float, one), np.float64, len(one)) for one in columns]
            found = _from_floats(floats)
            if found is not None:
                return found
    return _from_decimals(columns)


def _from_floats(
    columns: Sequence[NDArray[np.float64]],
) -> tuple[list[Int64Array], int] | None:
    """Return the decimals that are nearest to floats, or None where they may be others."""
    for digits in range(MAX_PRECISION + 1):
        factor = 10.0**digits
        integers = [np.rint(column * factor) for column in columns]
        if any((np.abs(column) >= _LARGEST).any() for column in integers):
            return None
        # A quotient of two exact floats is rounded as the text was, so equal ones tell the same.
        if all(
            (whole / factor == column).all()
            for whole, column in zip(integers, columns, strict=True)
        ):
            return [column.astype(np.int64) for column in integers], digits
    return None


def _from_decimals(columns: Sequence[Sequence[str]]) -> tuple[list[Int64Array], int]:
    """Return the same, one number after the other."""
    numbers = [[_decimal(text) for text in column] for column in columns]
    digits = max((_digits(one) for column in numbers for one in column), default=0)
    if digits > MAX_PRECISION:
        longest = max((text for column in columns for text in column), key=len)
        raise ValueError(
            f"the number {longest} has more than the {MAX_PRECISION} decimals that are kept"
        )
    integers = [[int(one.scaleb(digits)) for one in column] for column in numbers]
    if any(abs(one) >= 10**MAX_DIGITS for column in integers for one in column):
        raise _too_long()
    return [np.array(column, np.int64) for column in integers], digits


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number") from None
    if not number.is_finite():
        raise ValueError(f"{text!r} is no number")
    if not number:
        return Decimal(0)
    if number.adjusted() >= MAX_DIGITS:
        raise _too_long()  # here already: to make an integer of 1e999999 takes minutes
    return number


def _too_long() -> ValueError:
    return ValueError(f"a number has more than {MAX_DIGITS} digits")


def _digits(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -int(exponent))
