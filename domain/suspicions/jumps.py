"""Prices that jump from one bar to the next as they do at a split."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import attrs
import numpy as np
from numpy.typing import NDArray

from domain.bars import Bars, Int64Array
from domain.suspicions.suspicion import Suspicion, Wording, counted, decimal_of

# A price that grows to 7/5 of what it was, or shrinks to 5/7. Times seven, 18 digits still fit
# into int64.
_GROWN, _WHOLE = 7, 5
# From 0.02 to 0.03 is one step of the price, and no jump.
_STEPS = 5
_TOLD = 3
# How many new shares for how many old ones, as companies choose them.
_RATIOS = (
    *((new, 1) for new in (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100)),
    (3, 2),
    (5, 2),
)
# The market moves overnight too, so a split is met by some percent.
_NEAR = Decimal("0.04")


@attrs.frozen
class _Jump:
    """A step from one price to another; inside a bar both stand in one line."""

    before: Decimal
    after: Decimal
    line_before: int
    line: int
    ts_open: int


class PriceJumps:
    """Watches the step from each close to the next open and, of intraday bars, to the close.

    Some vendors open a bar at the close before it, and so have a split inside a bar.
    """

    def __init__(self, words: Wording) -> None:
        self._words = words
        self._count = 0
        self._first: list[_Jump] = []
        self._last: tuple[Decimal, int, int] | None = None

    def add(self, bars: Bars, lines: Int64Array) -> None:
        """Look at the step into the first of `bars`, and at those between and inside them."""
        self._step_between_chunks(bars, lines)
        between = np.zeros(len(bars), np.bool_)
        between[1:] = jumped(bars.close[:-1], bars.open[1:])
        inside = np.zeros(len(bars), np.bool_)
        if self._words.series.bar_type.is_intraday:
            inside = jumped(bars.open, bars.close)
        self._count += int(np.count_nonzero(between) + np.count_nonzero(inside))
        for row in np.flatnonzero(between | inside)[:_TOLD].tolist():
            if between[row]:
                prices = (bars.close[row - 1], bars.open[row])
                self._keep(bars, prices, lines, (row - 1, row))
            if inside[row]:
                self._keep(bars, (bars.open[row], bars.close[row]), lines, (row, row))
        digits = bars.price_precision
        self._last = decimal_of(bars.close[-1], digits), int(lines[-1]), digits

    def _keep(
        self, bars: Bars, prices: tuple[int, int], lines: Int64Array, rows: tuple[int, int]
    ) -> None:
        if len(self._first) < _TOLD:
            before, after = (decimal_of(price, bars.price_precision) for price in prices)
            where = (int(lines[rows[0]]), int(lines[rows[1]]), int(bars.ts_open[rows[1]]))
            self._first.append(_Jump(before, after, *where))

    def _step_between_chunks(self, bars: Bars, lines: Int64Array) -> None:
        if self._last is None:
            return
        before, line_before, digits = self._last
        after = decimal_of(bars.open[0], bars.price_precision)
        step = _STEPS * Decimal(1).scaleb(-max(digits, bars.price_precision))
        least, most = min(before, after), max(before, after)
        if least > 0 and most * _WHOLE >= least * _GROWN and most - least >= step:
            self._count += 1
            if len(self._first) < _TOLD:
                where = (line_before, int(lines[0]), int(bars.ts_open[0]))
                self._first.append(_Jump(before, after, *where))

    def found(self) -> Iterator[Suspicion]:
        """Yield the jumps, the first ones with their prices."""
        if not self._count:
            return
        told = "; ".join(map(self._text, self._first))
        rest = self._count - len(self._first)
        yield Suspicion(
            "price-jump",
            self._count,
            self._first[0].line,
            f"The price jumps {counted(self._count, 'time')}: {told}"
            f"{f'; and {rest:,} more' if rest else ''}. It does so at a split where prices are "
            "not adjusted, and where a price is wrong; a backtest takes it for a gain or a loss.",
        )

    def _text(self, jump: _Jump) -> str:
        place = self._words.place(jump.line, jump.ts_open)
        near = _split_text(jump.before, jump.after)
        start = "inside the bar" if jump.line_before == jump.line else f"in line {jump.line_before}"
        return f"from {jump.before:f} {start} to {jump.after:f} ({place}{near})"


def jumped(before: Int64Array, after: Int64Array) -> NDArray[np.bool_]:
    """Return where a price grows to 7/5 of what it was or shrinks to 5/7, scaled integers."""
    least, most = np.minimum(before, after), np.maximum(before, after)
    jumped: NDArray[np.bool_] = most * _WHOLE >= least * _GROWN
    return jumped & (least > 0) & (most - least >= _STEPS)


def _split_text(before: Decimal, after: Decimal) -> str:
    """Return the usual ratio to which a jump is near, or nothing."""
    factor = max(before, after) / min(before, after)
    new, old = min(_RATIOS, key=lambda ratio: abs(factor * ratio[1] / ratio[0] - 1))
    if abs(factor * old / new - 1) > _NEAR:
        return ""
    return (
        f", near a {new}:{old} split" if after < before else f", near a {old}:{new} reverse split"
    )
