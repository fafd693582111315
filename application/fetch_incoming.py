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
from domain.sessions import midnight_utc, period_dates
from domain.window import FAR_PAST

# So long after a session's end a source may still be without its last bars: whoever pays for
# delayed data gets them a quarter of an hour later.
_SETTLING = 60 * 60 * 1_000_000_000


class Incoming:
    """Takes answers about `parts`, in order of time, and gives back those that are complete."""

    def __init__(self, wanted: Wanted, parts: Sequence[Part], clock: Clock) -> None:
        self._bar_type: BarType = wanted.series.bar_type
        self._clock = clock
        self._check = AnswerCheck(wanted, clock)
        self._waiting = deque(parts)
        self._start = FAR_PAST
        self._attested = NO_TIME
        self._empty = NO_TIME
        self._bars: list[Bars] = []

    @property
    def is_done(self) -> bool:
        """Whether all parts were answered for."""
        return not self._waiting

    def history_starts(self, start: int) -> None:
        """Ask for nothing any more that lies before the first bar that the source has."""
        self._start = start

    def add(self, answer: FetchedBars) -> Arrived | None:
        """Take in the next answer, and return the parts that are complete by it, if any are.

        Raises:
            UnusableAnswerError: see `AnswerCheck`.
        """
        self._check(answer)
        self._attested = self._attested.union(answer.attested)
        self._empty = self._empty.union(answer.empty)
        if len(answer.bars):
            self._bars.append(answer.bars)
        complete: list[Part] = []
        while self._waiting and self._is_answered(self._waiting[0]):
            complete.append(self._waiting.popleft())
        return self._arrived(complete) if complete else None

    def finish(self) -> Arrived | None:
        """Give up what nothing more is to be said of; return what came of sessions that go on.

        Before the source's first bar there is nothing. Of a session that is on, or has just ended,
        it may not have the last bars yet: what it has not answered for is left to a later fetch.
        """
        while self._waiting and not self._since_start(self._waiting[0]):
            self._waiting.popleft()
        if not self._waiting or not all(map(self._goes_on, self._waiting)):
            return None
        parts = [
            attrs.evolve(part, time=part.time.intersection(self._attested))
            for part in self._waiting
        ]
        self._waiting.clear()
        arrived = self._arrived(parts)
        # That nothing came of a session is told, too.
        silent = tuple(part for part in parts if not part.time)
        return attrs.evolve(arrived, parts=(*arrived.parts, *silent))

    def _goes_on(self, part: Part) -> bool:
        return part.interval.end + _SETTLING > self._clock.now()

    def _since_start(self, part: Part) -> IntervalSet:
        return part.time.difference(IntervalSet.of((FAR_PAST, self._start)))

    def _is_answered(self, part: Part) -> bool:
        if not part.time.difference(self._attested):
            return True
        last = self._attested.intervals[-1].end if self._attested else FAR_PAST
        return last >= part.interval.end and not self._since_start(part).difference(self._attested)

    def _arrived(self, complete: Sequence[Part]) -> Arrived:
        """Return the parts with their bars; what belongs to later ones is kept."""
        gathered = Bars.concat(self._bars)
        count = int(np.searchsorted(gathered.ts_open, self._end_of(complete[-1])))
        bars, rest = gathered.take(slice(0, count)), gathered.take(slice(count, None))
        self._bars = [rest] if len(rest) else []
        time = IntervalSet(tuple(one for part in complete for one in part.time))
        empty = self._empty.intersection(time)
        self._attested = self._attested.difference(time)
        self._empty = self._empty.difference(time)
        known = (self._known(part) for part in complete)
        return Arrived(tuple(part for part in known if part.time), bars, empty)

    def _known(self, part: Part) -> Part:
        """Return a part without its time before the source's first bar."""
        if part.interval.start >= self._start or not self._bar_type.is_intraday:
            return part if part.interval.end > self._start else attrs.evolve(part, time=NO_TIME)
        return attrs.evolve(part, time=self._since_start(part))

    def _end_of(self, part: Part) -> int:
        """Return from which `ts_open` on a bar is of a later part."""
        if self._bar_type.is_intraday:
            return part.interval.end
        return midnight_utc(period_dates(part.date, self._bar_type)[1]) + 1
