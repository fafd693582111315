"""Sets of time, as sorted half-open intervals of UTC nanoseconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs


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
    for interval in sorted(given):
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
        found = []
        mine, theirs = list(self), list(other)
        while mine and theirs:
            start, end = max(mine[0].start, theirs[0].start), min(mine[0].end, theirs[0].end)
            if start < end:
                found.append(Interval(start, end))
            (mine if mine[0].end <= theirs[0].end else theirs).pop(0)
        return IntervalSet(tuple(found))

    def difference(self, other: IntervalSet) -> IntervalSet:
        """Return the time that is in this set and not in `other`."""
        found = []
        for interval in self:
            start = interval.start
            for taken in other:
                if taken.end <= start or taken.start >= interval.end:
                    continue
                if taken.start > start:
                    found.append(Interval(start, taken.start))
                start = max(start, taken.end)
            if start < interval.end:
                found.append(Interval(start, interval.end))
        return IntervalSet(tuple(found))
