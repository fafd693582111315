"""A set of time that is asked about many short stretches."""

from __future__ import annotations

import bisect

from domain.intervals import Interval, IntervalSet


class Timeline:
    """Answers by halving, so that thousands of sessions can be asked about. UTC nanoseconds."""

    def __init__(self, covered: IntervalSet) -> None:
        self._intervals = covered.intervals
        self._ends = [one.end for one in covered]

    def __bool__(self) -> bool:
        return bool(self._ends)

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
