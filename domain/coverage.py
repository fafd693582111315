"""Which time a partition's bars cover, when no source has attested it."""

from __future__ import annotations

import numpy as np

from domain.bar_type import BarType
from domain.bars import Bars
from domain.intervals import IntervalSet

_MINUTE = 60 * 1_000_000_000
# Thin stocks trade seldom: shorter holes are minutes without a trade, not missing data.
_TOLERATED_TIME = 30 * _MINUTE
_TOLERATED_BARS = 10
# However long the bars are, so much time is never silence: ten hour bars are more than a
# session, and one bar of them would make it complete.
_NEVER_TOLERATED = 180 * _MINUTE


def tolerated_hole(bar_type: BarType) -> int:
    """Return the longest hole between intraday bars that is no gap, in nanoseconds.

    It is half an hour or ten bars, the longer, but fewer bars where those would make three
    hours: two of an hour, and none of those that are three hours long themselves.
    """
    whole_bars = (_NEVER_TOLERATED - 1) // bar_type.length * bar_type.length
    return min(max(_TOLERATED_TIME, _TOLERATED_BARS * bar_type.length), whole_bars)


def inferred_coverage(bars: Bars, bar_type: BarType) -> IntervalSet:
    """Return the time from bar to bar, but for holes longer than `tolerated_hole`.

    Bars of a day and longer cover from their label to their close.
    """
    if not len(bars):
        return IntervalSet()
    if not bar_type.is_intraday:
        return IntervalSet.of(*zip(bars.ts_open.tolist(), bars.ts_event.tolist(), strict=True))
    holes = bars.ts_open[1:] - bars.ts_event[:-1] > tolerated_hole(bar_type)
    starts = bars.ts_open[np.concatenate(([True], holes))].tolist()
    ends = bars.ts_event[np.concatenate((holes, [True]))].tolist()
    return IntervalSet.of(*zip(starts, ends, strict=True))
