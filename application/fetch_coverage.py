"""Which time partitions cover because a source has answered for it."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from application.fetch_parts import Part, cut_at_midnight
from domain.bars import Bars
from domain.gaps import trading_time
from domain.intervals import Interval, IntervalSet
from domain.sessions import NANOSECONDS_IN_DAY, date_of_label
from domain.timeline import Timeline


class Attested:
    """The `time` that a source has answered for in `parts`, shared out to partitions of `bars`.

    Only intraday bars have coverage of this kind. A UTC date without a bar has no partition: its
    time goes to the nearest one with bars.
    """

    def __init__(self, time: IntervalSet, parts: Sequence[Part], bars: Bars) -> None:
        self.time = time
        self._known = set((bars.ts_open // NANOSECONDS_IN_DAY).tolist())
        self._days = sorted(self._known)
        pieces = [one for part in parts for each in part.sessions for one in trading_time(each)]
        self._starts = [one.start for one in pieces]
        self._ends = [one.end for one in pieces]
        self._shares: dict[str, list[Interval]] = {}
        for piece in cut_at_midnight(time):
            self._shares.setdefault(self._name(piece.start), []).append(piece)

    def _name(self, instant: int) -> str:
        """Return the partition that takes in what was attested from `instant` on."""
        day = instant // NANOSECONDS_IN_DAY
        if day in self._known:
            return date_of_label(instant).isoformat()
        nearest = min(self._days, key=lambda one: (abs(one - day), one), default=day)
        return date_of_label(nearest * NANOSECONDS_IN_DAY).isoformat()

    def share(self, name: str) -> IntervalSet:
        """Return the time that a partition takes in."""
        return IntervalSet(tuple(self._shares.get(name, ())))

    def ends_open(self, name: str, held: IntervalSet) -> bool:
        """Whether what a partition takes in ends inside a session, and nothing goes on there.

        `held` is the time that was covered before. Such an end must not pass for a quiet market.
        """
        covered = Timeline(held.union(self.time))
        for one in self.time:
            before = self._is_inside(one.start) and not covered.touches(one.start - 1, one.start)
            if before and self._name(one.start) == name:
                return True
            after = self._is_inside(one.end) and not covered.touches(one.end, one.end + 1)
            if after and self._name(one.end - 1) == name:
                return True
        return False

    def _is_inside(self, instant: int) -> bool:
        """Whether trading goes on before and after an instant."""
        place = bisect.bisect_right(self._starts, instant) - 1
        return place >= 0 and self._starts[place] < instant < self._ends[place]
