"""Which time a partition's bars cover, when no source has attested it."""

from __future__ import annotations

import numpy as np

from domain.bar_type import BarType
from domain.bars import Bars
from domain.intervals import IntervalSet

_MINUTE = 60 * 1_000_000_000
# Thin stocks trade seldom: shorter holes are minutes without a trade, not missing data.
_SHORT = 30 * _MINUTE
_TOLERATED_BARS = 10
# However long the bars are, a session is never silent for longer: ten hour bars are more than
# a session, and one bar of them would make it complete.
_LONGEST = 120 * _MINUTE


def short_silence(bar_type: BarType) -> int:
    """Return the longest hole between intraday bars that is none wherever it is, in nanoseconds.

    It is half an hour, and nothing for bars that are longer than a session may be silent.
    """
    return _SHORT if bar_type.length <= _LONGEST else 0


def tolerated_silence(bar_type: BarType) -> int:
    """Return how long a session may be silent between its bars, in nanoseconds.

    All holes that are longer than `short_silence` count together. It is half an hour or ten
    bars, the longer, but two hours at most: two bars of an hour, and none of three hours.
    """
    whole_bars = _LONGEST // bar_type.length * bar_type.length
    return min(max(_SHORT, _TOLERATED_BARS * bar_type.length), whole_bars)


def inferred_coverage(bars: Bars, bar_type: BarType) -> IntervalSet:
    """Return the time from bar to bar, but for holes longer than `short_silence`.

    Bars of a day and longer cover from their label to their close.
    """
    if not len(bars):
        return IntervalSet()
    if not bar_type.is_intraday:
        return IntervalSet.of(*zip(bars.ts_open.tolist(), bars.ts_event.tolist(), strict=True))
    holes = bars.ts_open[1:] - bars.ts_event[:-1] > short_silence(bar_type)
    starts = bars.ts_open[np.concatenate(([True], holes))].tolist()
    ends = bars.ts_event[np.concatenate((holes, [True]))].tolist()
    return IntervalSet.of(*zip(starts, ends, strict=True))
