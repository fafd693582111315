"""Partitions that a window takes in whole or cuts in two, and what their parts cover."""

from __future__ import annotations

import datetime as dt

import attrs
import numpy as np

from application.series_writer import Change
from domain.bars import Bars
from domain.coverage import tolerated_silence
from domain.events import CoverageBasis, PartitionWritten, WriteCause
from domain.instrument import Series
from domain.intervals import Interval, IntervalSet
from domain.sessions import NANOSECONDS_IN_DAY, midnight_utc
from domain.venues import venue
from domain.window import Bound, Window


@attrs.frozen
class Cut:
    """The bars of a partition that lie in a window, and the others."""

    inside: Bars
    outside: Bars


def cut(bars: Bars, series: Series, window: Window) -> Cut:
    """Part `bars` by whether they lie wholly in `window`."""
    mask = window.mask(bars, series.bar_type, venue(series.instrument_id.venue).tzinfo)
    return Cut(bars.take(mask), bars.take(~mask))


def surely_inside(partition: PartitionWritten, window: Window) -> bool:
    """Whether what is recorded of the partition tells that all its bars lie in `window`."""
    time = time_of(window, partition.series)
    return time.start <= partition.first_open and _last_instant(partition, window) <= time.end


def surely_outside(partition: PartitionWritten, window: Window) -> bool:
    """Whether what is recorded of the partition tells that none of its bars lies in `window`."""
    time = time_of(window, partition.series)
    return partition.last_close <= time.start or partition.first_open >= time.end


def _last_instant(partition: PartitionWritten, window: Window) -> int:
    if partition.series.bar_type.is_intraday or _date(window.end) is None:
        return partition.last_close
    # A date chooses a longer bar by its label, however late it closes.
    return midnight_utc(partition.trading_dates[-1]) + NANOSECONDS_IN_DAY


def time_of(window: Window, series: Series) -> Interval:
    """Return the window as time, UTC nanoseconds.

    Bars of a day and longer are labelled with midnight UTC of a date, so that a date of the
    window stands for the day after that label.
    """
    start, end = window.bounds(venue(series.instrument_id.venue).tzinfo)
    if not series.bar_type.is_intraday:
        first, last = _date(window.start), _date(window.end)
        start = start if first is None else midnight_utc(first)
        end = end if last is None else midnight_utc(last) + NANOSECONDS_IN_DAY
    return Interval(start, max(start, end))


def spans(bars: Bars) -> IntervalSet:
    """Return the time from each bar's open, or label, to its close; `bars` are in order."""
    if not len(bars):
        return IntervalSet()
    breaks = bars.ts_open[1:] > bars.ts_event[:-1]
    starts = bars.ts_open[np.concatenate(([True], breaks))].tolist()
    ends = bars.ts_event[np.concatenate((breaks, [True]))].tolist()
    return IntervalSet.of(*zip(starts, ends, strict=True))


def taken_time(window: Window, series: Series, kept: Bars, *taken: Bars) -> IntervalSet:
    """Return the time of which nothing is known any more once `taken` have gone from `window`.

    What the `kept` bars tell of stays known, be it that one of them reaches into the window.
    """
    time = IntervalSet((time_of(window, series),))
    for bars in taken:
        time = time.union(spans(bars))
    return time.difference(spans(kept))


def surely_covered(
    covered: IntervalSet, before: IntervalSet, basis: CoverageBasis, series: Series
) -> IntervalSet:
    """Return `covered`, without what would let time that is covered no more pass for silence.

    Short holes beside inferred coverage count as minutes without a trade, so where so little
    of what was covered `before` has gone, its surroundings are no longer vouched for either.
    """
    if basis is CoverageBasis.ATTESTED or not series.bar_type.is_intraday:
        return covered
    reach = tolerated_silence(series.bar_type)
    lost = before.difference(covered)
    return covered.difference(
        IntervalSet(
            tuple(
                Interval(one.start - reach, one.end + reach)
                for one in lost
                if one.end - one.start <= reach
            )
        )
    )


def what_is_left(held: PartitionWritten, parts: Cut, window: Window) -> Change:
    """Return a partition without what `window` takes of it; something must be left."""
    taken = taken_time(window, held.series, parts.outside, parts.inside)
    left = held.coverage.difference(taken)
    covered = surely_covered(left, held.coverage, held.basis, held.series)
    return Change(parts.outside, covered, held.basis, held.source, held.detail, WriteCause.REMOVAL)


def _date(bound: Bound | None) -> dt.date | None:
    return None if isinstance(bound, dt.datetime) else bound
