"""What a fetch publishes together: a session, or those of one week or month."""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from domain.bar_type import BarType
from domain.bars import Bars, Int64Array
from domain.gaps import trading_time
from domain.instrument import Series
from domain.intervals import Interval, IntervalSet
from domain.sessions import (
    NANOSECONDS_IN_DAY,
    Session,
    date_of_label,
    midnight_utc,
    period_dates,
    slots,
)
from domain.venues import venue

# The clocks of all venues differ from UTC by quarters of an hour, and slots lie on the clock.
_QUARTER = 15 * 60 * 1_000_000_000


@attrs.frozen
class Part:
    """What is published together: a session, or those of one week or month.

    `time` is what is wanted of them. With `replaces`, bars that are held of it go where the source
    has others. Bars of other sources are held of a part that `joins`: levels are compared there.
    """

    sessions: tuple[Session, ...]
    time: IntervalSet
    replaces: bool = False
    joins: bool = False

    @property
    def date(self) -> dt.date:
        """The date of its first session."""
        return self.sessions[0].date

    @property
    def is_whole(self) -> bool:
        """Whether all of its sessions' time is wanted."""
        return not any(trading_time(one).difference(self.time) for one in self.sessions)

    @property
    def interval(self) -> Interval:
        """From its first session's open to its last one's close."""
        return Interval(self.sessions[0].open, self.sessions[-1].close)

    def label(self, bar_type: BarType) -> int:
        """Return the slot of its one bar of a day, a week or a month, in UTC nanoseconds."""
        return midnight_utc(period_dates(self.date, bar_type)[0])

    def mask(self, bars: Bars, series: Series) -> NDArray[np.bool_]:
        """Return which of `bars` are of the time that is wanted."""
        if series.bar_type.is_intraday:
            return inside(bars.ts_open, self.time)
        zone = venue(series.instrument_id.venue).tzinfo
        of_it: NDArray[np.bool_] = slots(bars.ts_open, series.bar_type, zone) == self.label(
            series.bar_type
        )
        return of_it

    def has_any(self, bars: Bars, series: Series) -> bool:
        """Whether any of `bars`, which are in order of time, is of the time that is wanted."""
        if series.bar_type.is_intraday:
            return any_inside(bars.ts_open, self.time)
        return bool(self.mask(bars, series).any())

    def utc_dates(self, bar_type: BarType) -> tuple[dt.date, dt.date]:
        """Return the first and last UTC date whose partitions can hold a bar of it.

        A slot of long bars can begin on one date and have its bar on the next.
        """
        if not bar_type.is_intraday:
            date = period_dates(self.date, bar_type)[0]
            return date, date
        beside = bar_type.length if bar_type.length > _QUARTER else 0
        return (
            date_of_label(self.interval.start - beside),
            date_of_label(self.interval.end - 1 + beside),
        )


def inside(instants: Int64Array, time: IntervalSet) -> NDArray[np.bool_]:
    """Return which of `instants` (UTC nanoseconds) lie in `time`."""
    if not time:
        return np.zeros(len(instants), np.bool_)
    starts = np.array([one.start for one in time], np.int64)
    ends = np.array([one.end for one in time], np.int64)
    place = np.searchsorted(starts, instants, side="right") - 1
    found: NDArray[np.bool_] = (place >= 0) & (instants < ends[np.maximum(place, 0)])
    return found


def any_inside(instants: Int64Array, time: IntervalSet) -> bool:
    """Whether any of `instants` (UTC nanoseconds, ascending) lies in `time`."""
    starts = np.searchsorted(instants, [one.start for one in time])
    ends = np.searchsorted(instants, [one.end for one in time])
    return bool((starts < ends).any())


def cut_at_midnight(time: Iterable[Interval]) -> Iterator[Interval]:
    """Yield `time` in pieces that each lie on one UTC date."""
    for one in time:
        start = one.start
        while start < one.end:
            midnight = midnight_utc(date_of_label(start)) + NANOSECONDS_IN_DAY
            end = min(one.end, midnight)
            yield Interval(start, end)
            start = end


def _date_of(session: Session) -> dt.date:
    return session.date


def whole_period(first: dt.date, known: Sequence[Session], bar_type: BarType) -> Part:
    """Return all that is `known` of the day, week or month that begins with a date."""
    last = period_dates(first, bar_type)[1]
    start = bisect.bisect_left(known, first, key=_date_of)
    end = bisect.bisect_right(known, last, key=_date_of)
    return joined([Part((one,), trading_time(one), joins=True) for one in known[start:end]])


def joined(parts: Sequence[Part]) -> Part:
    """Return parts as one that is published together."""
    if len(parts) == 1:
        return parts[0]
    return Part(
        tuple(session for part in parts for session in part.sessions),
        IntervalSet(tuple(one for part in parts for one in part.time)),
        any(part.replaces for part in parts),
        any(part.joins for part in parts),
    )
