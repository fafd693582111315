"""Which sessions the catalog holds whole, in part or not at all, judged from coverage alone."""

from __future__ import annotations

import bisect
import datetime as dt
import enum
from collections.abc import Iterable

import attrs

from domain.availability import SeriesHoldings
from domain.bar_type import BarType, BarUnit
from domain.coverage import tolerated_hole
from domain.events import CoverageBasis
from domain.intervals import Interval, IntervalSet
from domain.partitions import partition_bounds
from domain.sessions import NANOSECONDS_IN_DAY, Session, midnight_utc, period_dates


class Status(enum.Enum):
    """How much of a session is held."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    MISSING = "missing"
    CORRUPT = "corrupt"
    """A partition that it lies in was found damaged and has not been written anew."""


@attrs.frozen
class Judged:
    """A session that is over, what is held of it, and the time of it that is lacking.

    `holes` are those that are no silence of the market: too long, or at the edge of what a
    source attested.
    """

    session: Session
    status: Status
    holes: IntervalSet = attrs.field(factory=IntervalSet)


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

    def within(self, stretch: Interval) -> IntervalSet:
        """Return the part of the set that lies in `stretch`."""
        found = []
        for place in range(bisect.bisect_right(self._ends, stretch.start), len(self._ends)):
            one = self._intervals[place]
            if one.start >= stretch.end:
                break
            found.append(Interval(max(one.start, stretch.start), min(one.end, stretch.end)))
        return IntervalSet(tuple(found))

    def holds(self, start: int, end: int) -> bool:
        """Return whether all the time from `start` to `end` is in the set."""
        place = bisect.bisect_right(self._ends, start)
        return (
            place < len(self._ends)
            and self._intervals[place].start <= start
            and end <= self._ends[place]
        )


class _ByTime:
    """Judges sessions by the time that the partitions cover, joined over their edges."""

    def __init__(self, holdings: SeriesHoldings) -> None:
        self._partitions = holdings.partitions
        named = list(zip(self._partitions, self._partitions.each("coverage"), strict=True))
        self._covered = _Timeline(_union(covered for _, covered in named))
        self._damaged = _Timeline(damaged_time(holdings))
        self._tolerated = tolerated_hole(holdings.series.bar_type)
        self._ending = {one.end: name for name, covered in named for one in covered}
        self._starting = {one.start: name for name, covered in named for one in covered}

    def concerns(self, session: Session, within: Interval) -> bool:
        """Return whether any time of the session lies `within`."""
        return session.close > within.start and session.open < within.end

    def judge(self, session: Session, within: Interval) -> Judged:
        """Compare the session's time with the coverage; short silences are no holes."""
        time = _trading_time(session)
        wanted = time.intersection(IntervalSet((within,)))
        if any(self._damaged.within(piece) for piece in wanted):
            return Judged(session, Status.CORRUPT, wanted.intersection(self._holes(time)))
        if self._covered.holds(session.open, session.close):
            return Judged(session, Status.COMPLETE)
        lacking = wanted.intersection(self._holes(time))
        if not lacking:
            return Judged(session, Status.COMPLETE)
        status = Status.MISSING if lacking == wanted else Status.PARTIAL
        return Judged(session, status, lacking)

    def _holes(self, time: IntervalSet) -> IntervalSet:
        covered = _union(self._covered.within(piece) for piece in time)
        holes = time.difference(covered)
        if not covered:
            return holes
        return IntervalSet(tuple(hole for hole in holes if not self._is_quiet(hole)))

    def _is_quiet(self, hole: Interval) -> bool:
        """Return whether a hole is short, and bars lie beside it.

        Bars may begin late or end early in a quiet market; a source that answered for some time
        and no more has said nothing of the rest.
        """
        if hole.end - hole.start > self._tolerated:
            return False
        beside = (self._ending.get(hole.start), self._starting.get(hole.end))
        return any(
            self._partitions[name].basis is CoverageBasis.INFERRED for name in beside if name
        )


class _ByDate:
    """Judges sessions by whether the bar of their day, week or month is held."""

    def __init__(self, holdings: SeriesHoldings) -> None:
        self._bar_type = holdings.series.bar_type
        self._held = {self._period(date)[0] for date in holdings.trading_dates}
        self._damaged_years = {partition_bounds(name)[0].year for name in holdings.corrupt}

    def concerns(self, session: Session, within: Interval) -> bool:
        """Return whether the session's bar closes `within`, as it must to be loaded."""
        return within.start < session.close <= within.end

    def judge(self, session: Session, within: Interval) -> Judged:
        """Look for the bar; there is no part of it."""
        del within
        first, last = self._period(session.date)
        if first in self._held:
            return Judged(session, Status.COMPLETE)
        damaged = not self._damaged_years.isdisjoint((first.year, last.year))
        status = Status.CORRUPT if damaged else Status.MISSING
        return Judged(session, status, _trading_time(session))

    def _period(self, date: dt.date) -> tuple[dt.date, dt.date]:
        return period_dates(date, self._bar_type)


def _union(sets: Iterable[IntervalSet]) -> IntervalSet:
    return IntervalSet(tuple(interval for one in sets for interval in one))


def _trading_time(session: Session) -> IntervalSet:
    """Return the session's regular hours without its pause."""
    if session.pause is None:
        return IntervalSet.of((session.open, session.close))
    return IntervalSet.of((session.open, session.pause[0]), (session.pause[1], session.close))
