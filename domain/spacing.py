"""Which bar type the stamps of a file show, and whether they lie where such bars begin."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.bar_type import BarType, BarUnit
from domain.bars import Int64Array
from domain.sessions import NANOSECONDS_IN_DAY, Session, utc_offsets

_DAY_STEPS = {
    BarUnit.DAY: range(1, 5),
    BarUnit.WEEK: range(5, 10),
    BarUnit.MONTH: range(28, 32),
}


def inferred_bar_type(stamps: Int64Array, *, dates_only: bool) -> BarType | None:
    """Return the bar type whose length is the most common step between `stamps`, or None.

    `stamps` are UTC nanoseconds in order. The most common step, not the least: the first bar
    of a session may be short, and quiet stretches make longer ones.
    """
    steps = np.diff(stamps)
    steps = steps[steps > 0]
    if not len(steps):
        return None
    values, counts = np.unique(steps, return_counts=True)
    # Of two that are as common the longer: were it wrong, stamps off its grid would say so.
    step = int(values[counts == counts.max()].max())
    if dates_only:
        return _longer_bar_type(step // NANOSECONDS_IN_DAY)
    return next((t for t in BarType.all() if t.is_intraday and t.length == step), None)


def _longer_bar_type(days: int) -> BarType | None:
    units = (unit for unit, steps in _DAY_STEPS.items() if days in steps)
    return next((BarType(1, unit) for unit in units), None)


def off_grid(
    stamps: Int64Array, bar_type: BarType, zone: zoneinfo.ZoneInfo, sessions: Sequence[Session]
) -> NDArray[np.bool_]:
    """Return which `stamps` no bar of `bar_type` begins or ends at.

    The grid lies on the venue's clock; a session's open and close are on it too.
    """
    local = stamps + utc_offsets(stamps, zone)
    edges = np.array([edge for s in sessions for edge in (s.open, s.close)], np.int64)
    result: NDArray[np.bool_] = (local % bar_type.length != 0) & ~np.isin(stamps, edges)
    return result
