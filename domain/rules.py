"""The rules that every bar meets, whichever way it comes in, over whole columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import attrs
import numpy as np
from numpy.typing import NDArray

from domain.bars import PRICE_COLUMNS, Bars


@attrs.frozen(order=True)
class RowProblem:
    """What is wrong with one value of one row.

    `line` counts the header of a file as line 1, as an editor shows it; for bars that come
    from no file it is the bar's position, counted from 1.
    """

    line: int
    column: str
    value: str
    problem: str


_Rule = tuple[str, str, NDArray[np.bool_]]


def problems_of(
    bars: Bars, line_of: Callable[[int], int], *, prices_may_be_negative: bool = False
) -> list[RowProblem]:
    """Return every breach of the rules, in order of lines.

    Prices are greater than 0 (unless the instrument can trade below), high is the greatest
    and low the least of the four, volume is 0 or more. `line_of` gives the line of a position.
    """
    return sorted(
        RowProblem(line_of(int(row)), column, value_text(bars, column, int(row)), problem)
        for column, problem, broken in _breaches(bars, positive=not prices_may_be_negative)
        for row in np.flatnonzero(broken)
    )


def _breaches(bars: Bars, *, positive: bool) -> Iterator[_Rule]:
    if positive:
        for name in PRICE_COLUMNS:
            yield name, "is not greater than 0", getattr(bars, name) <= 0
    yield "high", "is not the greatest of the four prices", bars.high < _extreme(bars, np.maximum)
    yield "low", "is not the least of the four prices", bars.low > _extreme(bars, np.minimum)
    yield "volume", "is negative", bars.volume < 0


def _extreme(bars: Bars, pick: Callable[..., NDArray[np.int64]]) -> NDArray[np.int64]:
    return pick(pick(bars.open, bars.close), pick(bars.high, bars.low))


def value_text(bars: Bars, column: str, row: int) -> str:
    """Return the value at `row` of `column` as a decimal in plain digits."""
    digits = bars.size_precision if column == "volume" else bars.price_precision
    return f"{Decimal(int(getattr(bars, column)[row])).scaleb(-digits):f}"
