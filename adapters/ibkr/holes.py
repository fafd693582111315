"""Stretches without a bar amid a session that is otherwise full of them."""

from __future__ import annotations

import numpy as np

from adapters.ibkr.limits import HOLE_SECONDS, LONGEST_BAR_WITH_HOLES_SECONDS, NEARLY_ALL
from domain.bar_type import NANOSECONDS_IN_SECOND, BarType
from domain.bars import Bars
from domain.intervals import NO_TIME, IntervalSet

_LEAST = HOLE_SECONDS * NANOSECONDS_IN_SECOND
_LONGEST_BAR = LONGEST_BAR_WITH_HOLES_SECONDS * NANOSECONDS_IN_SECOND


def holes(bars: Bars, time: IntervalSet, bar_type: BarType) -> IntervalSet:
    """Return where bars are missing from `time`, the hours of a session or a part of them.

    A hole is half an hour long or longer. There are none where the rest of `time` lacks more than a
    tenth of its bars, for that is what a thin market looks like, and none where the holes make up
    more than half of it.
    """
    if not bar_type.is_intraday or bar_type.length > _LONGEST_BAR:
        return NO_TIME
    found: list[tuple[int, int]] = []
    count = 0
    for piece in time:
        first = int(np.searchsorted(bars.ts_event, piece.start, side="right"))
        last = int(np.searchsorted(bars.ts_open, piece.end))
        count += max(0, last - first)
        begins = np.concatenate([[piece.start], bars.ts_event[first:last]])
        ends = np.concatenate([bars.ts_open[first:last], [piece.end]])
        found += (
            (int(begins[at]), int(ends[at])) for at in np.flatnonzero(ends - begins >= _LEAST)
        )
    lacking = IntervalSet.of(*found)
    missing = lacking.duration / bar_type.length
    usual = time.duration / bar_type.length - missing
    return lacking if count >= max(NEARLY_ALL * usual, missing) else NO_TIME
