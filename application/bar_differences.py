"""How the bars of one revision of a partition differ from those of another."""

from __future__ import annotations

import heapq
import zoneinfo
from collections.abc import Iterator

import attrs
import numpy as np

from domain.bar_type import BarType
from domain.bars import PRICE_COLUMNS, Bars, Int64Array, same_bars
from domain.rules import value_text
from domain.sessions import slots

VALUES = (*PRICE_COLUMNS, "volume")


@attrs.frozen(eq=False)
class BarAt:
    """One bar of many."""

    bars: Bars
    row: int

    @property
    def ts_open(self) -> int:
        """When it opens, in UTC nanoseconds; of a day and longer, the label of its date."""
        return int(self.bars.ts_open[self.row])

    @property
    def ts_event(self) -> int:
        """When it closes, in UTC nanoseconds."""
        return int(self.bars.ts_event[self.row])

    def text(self, column: str) -> str:
        """Return the value of one of `VALUES` as a decimal in plain digits."""
        return value_text(self.bars, column, self.row)


@attrs.frozen(eq=False)
class BarDifference:
    """What became of the bars that stood in a partition.

    `replaced` have other values or times now, those at the same positions of `replacing`;
    `removed` are gone, with none in their place. All are in order of time. `added` and
    `unchanged` are counts.
    """

    added: int
    unchanged: int
    replaced: Bars
    replacing: Bars
    removed: Bars

    def changed(self) -> Iterator[tuple[BarAt, BarAt | None]]:
        """Yield the bars that were replaced or removed, in order of time, with the new one."""
        replaced: Iterator[tuple[BarAt, BarAt | None]] = (
            (BarAt(self.replaced, row), BarAt(self.replacing, row))
            for row in range(len(self.replaced))
        )
        removed = ((BarAt(self.removed, row), None) for row in range(len(self.removed)))
        return heapq.merge(replaced, removed, key=lambda pair: pair[0].ts_open)


def difference(
    before: Bars, after: Bars, bar_type: BarType, zone: zoneinfo.ZoneInfo
) -> BarDifference:
    """Return how `after`, which stands in the place of `before`, differs from it.

    Both are sorted. Values are compared as numbers, whatever the precisions. `zone` is the
    venue's clock, on which bars of the same stretch of time find each other.
    """
    old, new = _pairs(before, after, bar_type, zone)
    same = same_bars(before.take(old), after.take(new))
    gone = np.ones(len(before), np.bool_)
    gone[old] = False
    return BarDifference(
        added=len(after) - len(new),
        unchanged=int(np.count_nonzero(same)),
        replaced=before.take(old[~same]),
        replacing=after.take(new[~same]),
        removed=before.take(gone),
    )


def _pairs(
    before: Bars, after: Bars, bar_type: BarType, zone: zoneinfo.ZoneInfo
) -> tuple[Int64Array, Int64Array]:
    """Return the positions of bars that tell of the same stretch of time, in order of the old."""
    old, new = _common(before.ts_open, after.ts_open)
    # What opens at another time can still be the same stretch, as an hour that was cut short by
    # the session's start. It comes second: nothing says that no slot was ever filled twice.
    old_left = np.delete(np.arange(len(before)), old)
    new_left = np.delete(np.arange(len(after)), new)
    of_old, of_new = _common(
        slots(before.ts_open[old_left], bar_type, zone),
        slots(after.ts_open[new_left], bar_type, zone),
    )
    old = np.concatenate((old, old_left[of_old]))
    new = np.concatenate((new, new_left[of_new]))
    order = np.argsort(old, kind="stable")
    return old[order], new[order]


def _common(one: Int64Array, other: Int64Array) -> tuple[Int64Array, Int64Array]:
    _, of_one, of_other = np.intersect1d(one, other, return_indices=True)
    return of_one, of_other
