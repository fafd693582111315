"""Gathers what a source answers about one series until whole sessions of it are there."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import attrs
import numpy as np

from application.fetch_answers import AnswerCheck
from application.fetch_merging import Arrived
from application.fetch_parts import Part
from domain.bar_type import BarType
from domain.bars import Bars
from domain.fetching import FetchedBars, Wanted
from domain.intervals import NO_TIME, IntervalSet
from domain.ports import Clock
from domain.sessions import Session, midnight_utc, period_dates
from domain.window import FAR_FUTURE, FAR_PAST


class Incoming:
    """Takes answers about `parts`, in order of time, and gives back those that are settled.

    A part is settled once all of it was answered for, or an answer was about later time: what is
    lacking of it then, the source cannot tell yet. `known` are sessions of the calendar, all of
    each week or month that is asked about.
    """

    def __init__(
        self,
        wanted: Wanted,
        parts: Sequence[Part],
        clock: Clock,
        known: Sequence[Session] | None = None,
    ) -> None:
        self._series = wanted.series
        self._bar_type: BarType = wanted.series.bar_type
        self._check = AnswerCheck(wanted, clock, known)
        self._waiting = deque(parts)
        self._start = FAR_PAST
        self._attested = NO_TIME
        self._answered_to = FAR_PAST
        self._empty = NO_TIME
        self._bars: list[Bars] = []
        self._has_spoken = False
        self._as_of = FAR_FUTURE

    @property
    def is_done(self) -> bool:
        """Whether nothing more is to be said of any part."""
        return not self._waiting

    def history_starts(self, start: int) -> None:
        """Ask for nothing any more that lies before the first bar that the source has."""
        self._start = start

    def add(self, answer: FetchedBars) -> Arrived | None:
        """Take in the next answer, and return the parts that are settled by it, if any are.

        Raises:
            UnusableAnswerError: see `AnswerCheck`.
        """
        self._check(answer)
        self._has_spoken = True
        self._as_of = min(self._as_of, answer.as_of)
        if answer.attested:
            self._answered_to = answer.attested.intervals[-1].end
        self._attested = self._attested.union(answer.attested)
        self._empty = self._empty.union(answer.empty)
        if len(answer.bars):
            self._bars.append(answer.bars)
        settled: list[Part] = []
        while self._waiting and self._is_settled(self._waiting[0]):
            settled.append(self._waiting.popleft())
        return self._arrived(settled) if settled else None

    def finish(self) -> Arrived | None:
        """Return what is left once nothing more will be said, None where nothing is.

        Of a session that goes on, that ended a while ago or that has no bars, a source may have
        nothing to say yet. Where it has not said a word of any session, nothing is settled.
        """
        if not self._has_spoken and any(map(self._since_start, self._waiting)):
            return None
        rest = list(self._waiting)
        self._waiting.clear()
        return self._arrived(rest) if rest else None

    def _since_start(self, part: Part) -> IntervalSet:
        return part.time.difference(IntervalSet.of((FAR_PAST, self._start)))

    def _is_settled(self, part: Part) -> bool:
        return self._answered_to >= part.interval.end or not part.time.difference(self._attested)

    def _arrived(self, settled: Sequence[Part]) -> Arrived:
        """Return the parts with their bars; what belongs to later ones is kept."""
        gathered = Bars.concat(self._bars)
        count = int(np.searchsorted(gathered.ts_open, self._end_of(settled[-1])))
        bars, rest = gathered.take(slice(0, count)), gathered.take(slice(count, None))
        self._bars = [rest] if len(rest) else []
        since = [part for part in settled if self._since_start(part)]
        unsaid = {part.date: self._unsaid(part, bars) for part in since}
        known = [self._answered(part, unsaid[part.date]) for part in since]
        arrived = Arrived(
            parts=tuple(known),
            bars=bars,
            empty=self._empty.intersection(_time_of(known)),
            short=frozenset(date for date, time in unsaid.items() if time),
            before=tuple(part for part in settled if not self._since_start(part)),
            as_of=self._as_of,
        )
        self._attested = self._attested.difference(_time_of(settled))
        self._empty = self._empty.difference(_time_of(settled))
        return arrived

    def _answered(self, part: Part, unsaid: IntervalSet) -> Part:
        """Return a part with the time of it that the source has answered for."""
        if self._bar_type.is_intraday:
            # Before the source's first bar nobody can say anything.
            return attrs.evolve(part, time=self._since_start(part).difference(unsaid))
        return attrs.evolve(part, time=NO_TIME) if unsaid else part

    def _unsaid(self, part: Part, bars: Bars) -> IntervalSet:
        """Return the time of a part of which nothing was said; one long bar says all."""
        if not self._bar_type.is_intraday and part.has_any(bars, self._series):
            return NO_TIME
        return self._since_start(part).difference(self._attested)

    def _end_of(self, part: Part) -> int:
        """Return from which `ts_open` on a bar is of a later part."""
        if self._bar_type.is_intraday:
            return part.interval.end
        return midnight_utc(period_dates(part.date, self._bar_type)[1]) + 1


def _time_of(parts: Sequence[Part]) -> IntervalSet:
    return IntervalSet(tuple(one for part in parts for one in part.time))
