"""Bars as columns: exact decimals over int64, times in UTC nanoseconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from domain.errors import PrecisionError

Int64Array = NDArray[np.int64]

PRICE_COLUMNS = ("open", "high", "low", "close")
# What the engine and a Parquet DECIMAL(18) column both hold exactly.
MAX_PRECISION = 9
MAX_DIGITS = 18
_LIMIT = 10**MAX_DIGITS


def _frozen_column(values: Int64Array) -> Int64Array:
    column = np.ascontiguousarray(values, dtype=np.int64)
    if column.flags.writeable:
        # The caller may go on writing to an array of its own.
        column = column.copy() if column is values else column
        column.flags.writeable = False
    return column


@attrs.frozen(eq=False)
class Bars:
    """Bars of one series, as int64 columns of one length that cannot be written to.

    `ts_open` and `ts_event` are the instants, in UTC nanoseconds, at which a bar opens and
    closes. For bars of a day and longer `ts_open` is midnight UTC of the session's date: a
    label that stays the same when a calendar is corrected. `ts_open` identifies a bar.

    A price is `open / 10**price_precision`, a volume `volume / 10**size_precision`.
    """

    ts_open: Int64Array = attrs.field(converter=_frozen_column)
    ts_event: Int64Array = attrs.field(converter=_frozen_column)
    open: Int64Array = attrs.field(converter=_frozen_column)
    high: Int64Array = attrs.field(converter=_frozen_column)
    low: Int64Array = attrs.field(converter=_frozen_column)
    close: Int64Array = attrs.field(converter=_frozen_column)
    volume: Int64Array = attrs.field(converter=_frozen_column)
    price_precision: int
    size_precision: int

    def __attrs_post_init__(self) -> None:
        if len({len(column) for column in self.columns()}) != 1:
            raise ValueError("columns of bars differ in length")
        for digits in (self.price_precision, self.size_precision):
            if not 0 <= digits <= MAX_PRECISION:
                raise _too_precise(digits)

    @classmethod
    def of_columns(
        cls, columns: Iterable[Int64Array], price_precision: int, size_precision: int
    ) -> Bars:
        """Return the bars whose columns, in the order of the fields, are `columns`."""
        ts_open, ts_event, open_, high, low, close, volume = columns
        return cls(
            ts_open, ts_event, open_, high, low, close, volume, price_precision, size_precision
        )

    @classmethod
    def empty(cls, price_precision: int = 0, size_precision: int = 0) -> Bars:
        """Return no bars."""
        none = np.empty(0, np.int64)
        return cls(none, none, none, none, none, none, none, price_precision, size_precision)

    @classmethod
    def concat(cls, parts: Iterable[Bars]) -> Bars:
        """Return all bars of `parts` one after the other, at the greatest of their precisions."""
        some = [part for part in parts if len(part)]
        if not some:
            return cls.empty()
        price = max(part.price_precision for part in some)
        size = max(part.size_precision for part in some)
        same = [part.rescaled(price, size).columns() for part in some]
        joined = (np.concatenate(columns) for columns in zip(*same, strict=True))
        return cls.of_columns(joined, price, size)

    def columns(self) -> tuple[Int64Array, ...]:
        """Return the seven columns in the order of the fields."""
        return (
            self.ts_open,
            self.ts_event,
            self.open,
            self.high,
            self.low,
            self.close,
            self.volume,
        )

    def __len__(self) -> int:
        return len(self.ts_open)

    @property
    def nbytes(self) -> int:
        """The memory that the columns take, in bytes."""
        return sum(column.nbytes for column in self.columns())

    def take(self, which: slice | NDArray[np.int64] | NDArray[np.bool_]) -> Bars:
        """Return the bars at `which`: a slice, positions or a mask."""
        columns = (column[which] for column in self.columns())
        return Bars.of_columns(columns, self.price_precision, self.size_precision)

    def rescaled(self, price_precision: int, size_precision: int) -> Bars:
        """Return the same values with these precisions.

        Raises:
            PrecisionError: a value would have to be rounded or does not fit.
        """
        if (price_precision, size_precision) == (self.price_precision, self.size_precision):
            return self
        prices = [
            rescale(getattr(self, name), self.price_precision, price_precision)
            for name in PRICE_COLUMNS
        ]
        volume = rescale(self.volume, self.size_precision, size_precision)
        columns = (self.ts_open, self.ts_event, *prices, volume)
        return Bars.of_columns(columns, price_precision, size_precision)

    def reduced(self) -> Bars:
        """Return the same values with the least precisions that hold them exactly."""
        price = needed_precision([getattr(self, n) for n in PRICE_COLUMNS], self.price_precision)
        return self.rescaled(price, needed_precision([self.volume], self.size_precision))

    def same_values(self, other: Bars) -> bool:
        """Whether both hold the same bars as numbers, whatever their precisions."""
        mine, theirs = self.reduced(), other.reduced()
        return (mine.price_precision, mine.size_precision) == (
            theirs.price_precision,
            theirs.size_precision,
        ) and all(map(np.array_equal, mine.columns(), theirs.columns()))

    def is_sorted(self) -> bool:
        """Whether the bars are in order of time, none twice."""
        return bool(np.all(np.diff(self.ts_open) > 0) and np.all(np.diff(self.ts_event) > 0))

    def split(self, starts: Sequence[int]) -> Iterator[Bars]:
        """Yield the runs of bars that begin at the positions `starts`, the first being 0."""
        for begin, end in zip(starts, [*starts[1:], len(self)], strict=True):
            yield self.take(slice(begin, end))


def rescale(values: Int64Array, have: int, want: int) -> Int64Array:
    """Return scaled integers with `want` digits after the point in place of `have`.

    Raises:
        PrecisionError: a value would have to be rounded, or has more than 18 digits.
    """
    if want > MAX_PRECISION:
        raise _too_precise(want)
    if want >= have:
        factor = 10 ** (want - have)
        if len(values) and int(np.abs(values).max()) * factor >= _LIMIT:
            raise _too_long(want)
        scaled: Int64Array = values * factor
        return scaled
    quotient: Int64Array
    quotient, rest = np.divmod(values, 10 ** (have - want))
    if rest.any():
        raise PrecisionError(
            f"A value needs more than {want} decimals and would have to be rounded.",
            "Define the instrument with a greater precision: barledger instrument set.",
        )
    return quotient


def same_bars(one: Bars, other: Bars) -> NDArray[np.bool_]:
    """Return at which positions both have the same bar as times and numbers.

    They are of one length; their precisions may differ.
    """
    same: NDArray[np.bool_] = (one.ts_open == other.ts_open) & (one.ts_event == other.ts_event)
    for name in PRICE_COLUMNS:
        prices = getattr(one, name), getattr(other, name)
        same &= _equal(*prices, other.price_precision - one.price_precision)
    same &= _equal(one.volume, other.volume, other.size_precision - one.size_precision)
    return same


def _equal(one: Int64Array, other: Int64Array, more_digits: int) -> NDArray[np.bool_]:
    """Whether values are equal of which the others have so many more digits after the point."""
    if more_digits < 0:
        return _equal(other, one, -more_digits)
    # The longer ones are cut: the others could become too long for an integer.
    quotient, rest = np.divmod(other, 10**more_digits)
    equal: NDArray[np.bool_] = (quotient == one) & (rest == 0)
    return equal


def needed_precision(columns: Sequence[Int64Array], have: int) -> int:
    """Return how many digits after the point, at most `have`, the values need."""
    for fewer in range(have):
        divisor = 10 ** (have - fewer)
        if not any((column % divisor).any() for column in columns):
            return fewer
    return have


def _too_precise(digits: int) -> PrecisionError:
    return PrecisionError(
        f"{digits} decimals are more than the {MAX_PRECISION} that the Parquet catalog keeps.",
        "Leave such values out, or scale the prices in the file.",
    )


def _too_long(digits: int) -> PrecisionError:
    return PrecisionError(
        f"A value with {digits} decimals has more than {MAX_DIGITS} digits in all.",
        "Leave such values out, or scale the prices in the file.",
    )
