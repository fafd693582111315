"""Sets of time, as sorted half-open intervals of UTC nanoseconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter

import attrs

_start = attrgetter("start")


@attrs.frozen(order=True)
class Interval:
    """The time from `start` up to, not including, `end`, in UTC nanoseconds."""

    start: int
    end: int

    def __attrs_post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"interval ends at {self.end} before it starts at {self.start}")


def _merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    given = tuple(intervals)
    if len(given) < 2:  # most of the millions of sets that a ledger holds
        return given if given and given[0].start < given[0].end else ()
    result: list[Interval] = []
    for interval in sorted(given, key=_start):
        if interval.start == interval.end:
            continue
        if result and interval.start <= result[-1].end:
            result[-1] = Interval(result[-1].start, max(result[-1].end, interval.end))
        else:
            result.append(interval)
    return tuple(result)


@attrs.frozen
class IntervalSet:
    """A set of time: intervals in order that neither touch nor overlap."""

    intervals: tuple[Interval, ...] = attrs.field(default=(), converter=_merged)

    @classmethod
    def of(cls, *pairs: tuple[int, int]) -> IntervalSet:
        """Return the set that covers each `(start, end)`."""
        return cls(tuple([Interval(*pair) for pair in pairs]))

    def __iter__(self) -> Iterator[Interval]:
        return iter(self.intervals)

    def __bool__(self) -> bool:
        return bool(self.intervals)

    @property
    def duration(self) -> int:
        """How much time the set covers, in nanoseconds."""
        return sum(interval.end - interval.start for interval in self)

    def union(self, other: IntervalSet) -> IntervalSet:
        """Return the time that is in either set."""
        return IntervalSet((*self.intervals, *other.intervals))

    def intersection(self, other: IntervalSet) -> IntervalSet:
        """Return the time that is in both sets."""
        found, mine, theirs = [], 0, 0
        while mine < len(self.intervals) and theirs < len(other.intervals):
            one, two = self.intervals[mine], other.intervals[theirs]
            start, end = max(one.start, two.start), min(one.end, two.end)
            if start < end:
                found.append(Interval(start, end))
            mine += one.end == end
            theirs += two.end == end
        return IntervalSet(tuple(found))

    def difference(self, other: IntervalSet) -> IntervalSet:
        """Return the time that is in this set and not in `other`."""
        found, place, taken = [], 0, other.intervals
        for interval in self:
            start = interval.start
            # What ends before this interval takes nothing of later ones either.
            while place < len(taken) and taken[place].end <= start:
                place += 1
            for one in _up_to(interval.end, taken, place):
                if one.start > start:
                    found.append(Interval(start, one.start))
                start = one.end
            if start < interval.end:
                found.append(Interval(start, interval.end))
        return IntervalSet(tuple(found))


def _up_to(end: int, intervals: tuple[Interval, ...], place: int) -> Iterator[Interval]:
    """Yield the intervals from `place` on that start before `end`."""
    while place < len(intervals) and intervals[place].start < end:
        yield intervals[place]
        place += 1


NO_TIME = IntervalSet()
"""The empty set."""
