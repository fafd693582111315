"""Which sessions the catalog holds whole, in part or not at all, judged from coverage alone."""

from __future__ import annotations

import bisect
import datetime as dt
import enum
import functools
from collections.abc import Iterable

import attrs

from domain.availability import SeriesHoldings
from domain.bar_type import BarType, BarUnit
from domain.coverage import tolerated_hole
from domain.events import CoverageBasis
from domain.intervals import NO_TIME, Interval, IntervalSet
from domain.partitions import partition_bounds
from domain.sessions import NANOSECONDS_IN_DAY, Session, midnight_utc, period_dates
from domain.window import FAR_PAST


class Status(enum.Enum):
    """How much of a session is held."""

    COMPLETE = "complete"
    """All of it, or a source has confirmed that there is nothing to be held."""
    PARTIAL = "partial"
    MISSING = "missing"
    CORRUPT = "corrupt"
    """A partition that it lies in was found damaged and has not been written anew."""
    BEFORE_HISTORY = "before_history"
    """Nothing of it is held, and the source's bars begin later."""


@attrs.frozen
class Judged:
    """A session that is over, what is held of it, and the time of it that is lacking.

    `holes` are those that are no silence of the market: too long, or at the edge of what a
    source attested. `confirmed_empty` tells of a complete session that it holds no bar.
    """

    session: Session
    status: Status
    holes: IntervalSet = NO_TIME
    confirmed_empty: bool = False


def judge(
    sessions: Iterable[Session], holdings: SeriesHoldings, within: Interval, now: int
) -> list[Judged]:
    """Return what is held of each of `sessions` that is over at `now`, in order.

    Only the time of a session that lies `within` counts; one that lies outside is left out.
    Stamps are UTC nanoseconds.
    """
    bar_type = holdings.series.bar_type
    rule = _ByTime(holdings) if bar_type.is_intraday else _ByDate(holdings)
    return [
        rule.judge(session, within)
        for session in sessions
        if is_over(session, bar_type, now) and rule.concerns(session, within)
    ]


def is_over(session: Session, bar_type: BarType, now: int) -> bool:
    """Whether no bar of `session` is still to come: its day, week or month has ended."""
    if bar_type.unit in (BarUnit.WEEK, BarUnit.MONTH):
        last = period_dates(session.date, bar_type)[1]
        return midnight_utc(last) + NANOSECONDS_IN_DAY <= now
    return session.close <= now


def damaged_time(holdings: SeriesHoldings) -> IntervalSet:
    """Return the time of the UTC dates whose partitions are damaged."""
    bounds = map(partition_bounds, holdings.corrupt)
    return IntervalSet.of(
        *((midnight_utc(first), midnight_utc(last) + NANOSECONDS_IN_DAY) for first, last in bounds)
    )


class _Timeline:
    """A set of time that can be asked about many short stretches quickly."""

    def __init__(self, covered: IntervalSet) -> None:
        self._intervals = covered.intervals
        self._ends = [one.end for one in covered]

    def touches(self, start: int, end: int) -> bool:
        """Return whether any time from `start` to `end` is in the set."""
        place = bisect.bisect_right(self._ends, start)
        return place < len(self._ends) and self._intervals[place].start < end

    def holds(self, start: int, end: int) -> bool:
        """Return whether all the time from `start` to `end` is in the set."""
        place = bisect.bisect_right(self._ends, start)
        return (
            place < len(self._ends)
            and self._intervals[place].start <= start
            and end <= self._ends[place]
        )

    def first(self, start: int, end: int) -> int:
        """Return the first instant from `start` to `end` that is in the set, or else `end`."""
        place = bisect.bisect_right(self._ends, start)
        first = self._intervals[place].start if place < len(self._ends) else end
        return min(max(first, start), end)

    def holes(self, stretch: Interval) -> list[Interval]:
        """Return the parts of `stretch` that are not in the set."""
        found, start = [], stretch.start
        for place in range(bisect.bisect_right(self._ends, start), len(self._ends)):
            one = self._intervals[place]
            if one.start >= stretch.end:
                break
            if one.start > start:
                found.append(Interval(start, one.start))
            start = one.end
        if start < stretch.end:
            found.append(Interval(start, stretch.end))
        return found


class _ByTime:
    """Judges sessions by the time that the partitions cover, joined over their edges."""

    def __init__(self, holdings: SeriesHoldings) -> None:
        self._partitions = holdings.partitions
        named = list(zip(self._partitions, self._partitions.each("coverage"), strict=True))
        held = IntervalSet(tuple(one for _, covered in named for one in covered))
        self._held = _Timeline(held)
        self._covered = _Timeline(held.union(holdings.confirmed_empty))
        self._damaged = _Timeline(damaged_time(holdings))
        self._history_start = _history_start(holdings)
        self._tolerated = tolerated_hole(holdings.series.bar_type)
        self._ending = {one.end: name for name, covered in named for one in covered}
        self._starting = {one.start: name for name, covered in named for one in covered}

    def concerns(self, session: Session, within: Interval) -> bool:
        """Return whether any trading time of the session lies `within`."""
        if session.close <= within.start or session.open >= within.end:
            return False
        pause = session.pause
        return pause is None or within.start < pause[0] or within.end > pause[1]

    def judge(self, session: Session, within: Interval) -> Judged:
        """Compare the session's time with the coverage; short silences are no holes."""
        damaged = self._damaged.touches(session.open, session.close)
        if not damaged and self._covered.holds(session.open, session.close):
            return self._complete(session)
        time = _trading_time(session) if damaged else self._time_since_history(session)
        if not time:
            return Judged(session, Status.BEFORE_HISTORY)
        holes = self._holes(session, time)
        if not damaged and not holes:
            return self._complete(session)
        wanted = time.intersection(IntervalSet((within,)))
        return self._compare(session, wanted, wanted.intersection(IntervalSet(tuple(holes))))

    def _time_since_history(self, session: Session) -> IntervalSet:
        """Return the session's time of which bars can be had, from wherever they came so far."""
        time, start = _trading_time(session), self._history_start
        if session.open >= start:
            return time
        if session.close <= start:
            return time if self._covered.touches(session.open, session.close) else NO_TIME
        first = self._covered.first(session.open, start)
        return time.difference(IntervalSet.of((session.open, first)))

    def _compare(self, session: Session, wanted: IntervalSet, lacking: IntervalSet) -> Judged:
        """Judge the part of a session that is `wanted`, of which this is lacking."""
        if not wanted:
            return Judged(session, Status.BEFORE_HISTORY)
        if any(self._damaged.touches(one.start, one.end) for one in wanted):
            return Judged(session, Status.CORRUPT, lacking)
        if not lacking:
            return self._complete(session)
        return Judged(session, Status.MISSING if lacking == wanted else Status.PARTIAL, lacking)

    def _complete(self, session: Session) -> Judged:
        empty = not self._held.touches(session.open, session.close)
        return Judged(session, Status.COMPLETE, confirmed_empty=empty)

    def _holes(self, session: Session, time: IntervalSet) -> list[Interval]:
        """Return the parts of `time` that are not covered, but for short silences."""
        holes = [hole for piece in time for hole in self._covered.holes(piece)]
        if not self._covered.touches(session.open, session.close):
            return holes
        return [hole for hole in holes if not self._is_quiet(hole)]

    def _is_quiet(self, hole: Interval) -> bool:
        """Return whether a hole is short, and bars lie beside it.

        Bars may begin late or end early in a quiet market; a source that answered for some time
        and no more has said nothing of the rest.
        """
        if hole.end - hole.start > self._tolerated:
            return False
        beside = (self._ending.get(hole.start), self._starting.get(hole.end))
        return any(self._bases[name] is CoverageBasis.INFERRED for name in beside if name)

    @functools.cached_property
    def _bases(self) -> dict[str, CoverageBasis]:
        """Why each partition's time counts as covered; asked for by the first short hole."""
        return dict(zip(self._partitions, self._partitions.each("basis"), strict=True))


class _ByDate:
    """Judges sessions by whether the bar of their day, week or month is held."""

    def __init__(self, holdings: SeriesHoldings) -> None:
        self._bar_type = holdings.series.bar_type
        self._held = {self._period(date)[0] for date in holdings.trading_dates}
        self._damaged_years = {partition_bounds(name)[0].year for name in holdings.corrupt}
        self._empty = _Timeline(holdings.confirmed_empty)
        self._history_start = _history_start(holdings)

    def concerns(self, session: Session, within: Interval) -> bool:
        """Return whether the session's bar closes `within`, as it must to be loaded."""
        return within.start < session.close <= within.end

    def judge(self, session: Session, within: Interval) -> Judged:
        """Look for the bar; there is no part of it."""
        del within
        first, last = self._period(session.date)
        if first in self._held:
            return Judged(session, Status.COMPLETE)
        if not self._damaged_years.isdisjoint((first.year, last.year)):
            return Judged(session, Status.CORRUPT, _trading_time(session))
        if self._empty.holds(session.open, session.close):
            return Judged(session, Status.COMPLETE, confirmed_empty=True)
        if session.close <= self._history_start:
            return Judged(session, Status.BEFORE_HISTORY)
        return Judged(session, Status.MISSING, _trading_time(session))

    def _period(self, date: dt.date) -> tuple[dt.date, dt.date]:
        return period_dates(date, self._bar_type)


def _history_start(holdings: SeriesHoldings) -> int:
    """Return where the source's bars begin; where that is not known, it may be at any time."""
    return FAR_PAST if holdings.history_start is None else holdings.history_start


def _trading_time(session: Session) -> IntervalSet:
    """Return the session's regular hours without its pause."""
    if session.pause is None:
        return IntervalSet.of((session.open, session.close))
    return IntervalSet.of((session.open, session.pause[0]), (session.pause[1], session.close))
