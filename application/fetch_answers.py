"""What a source says is taken for true only once it can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from domain.bars import Bars, Int64Array
from domain.errors import UnusableAnswerError
from domain.fetching import FetchedBars, Wanted
from domain.gaps import trading_time
from domain.instrument import InstrumentClass
from domain.intervals import IntervalSet
from domain.ports import Clock
from domain.rules import problems_of
from domain.sessions import (
    Session,
    daily_closes,
    date_of_label,
    instant_text,
    midnight_utc,
    period_dates,
    slots,
)
from domain.venues import venue

if TYPE_CHECKING:
    import datetime as dt

Mask = NDArray[np.bool_]


class AnswerCheck:
    """Looks at each answer about one series, in the order in which they come.

    `known` are sessions of the calendar, all of each week or month that is asked about.
    """

    def __init__(
        self, wanted: Wanted, clock: Clock, known: Sequence[Session] | None = None
    ) -> None:
        self._wanted = wanted
        self._known = wanted.sessions if known is None else known
        self._clock = clock
        self._bar_type = wanted.series.bar_type
        self._zone = venue(wanted.series.instrument_id.venue).tzinfo
        self._answered_to: int | None = None

    def __call__(self, answer: FetchedBars) -> None:
        """Take note of the answer, which is the next one.

        Raises:
            UnusableAnswerError: it breaks the rules of bars, or is not about what was asked.
        """
        problem = next(self._problems(answer), None)
        if problem is not None:
            raise UnusableAnswerError(
                f"What the source answered about {answer.series} cannot be used: {problem}.",
                "Nothing of that answer was kept. Fetch again; if it stays so, leave that "
                "stretch out with --start and --end, and tell us.",
            )
        if answer.attested:
            self._answered_to = answer.attested.intervals[-1].end

    def _problems(self, answer: FetchedBars) -> Iterator[str]:
        yield from self._problems_of_time(answer)
        bars = answer.bars
        if not len(bars):
            return
        if not bars.is_sorted() or (np.diff(self._slots(bars)) <= 0).any():
            yield "its bars are not in order of time, or one comes twice"
        late = np.flatnonzero(bars.ts_event > self._clock.now())
        if len(late):
            yield f"the bar that opens at {_at(bars, late[0])} has not closed yet"
        outside = np.flatnonzero(~self._inside(bars, answer.attested))
        if len(outside):
            yield f"it did not answer for the time of the bar at {_at(bars, outside[0])}"
        torn = np.flatnonzero(~self._closes_with_sessions(bars))
        if len(torn):
            yield f"the bar of {_at(bars, torn[0])} does not close with the last of its sessions"
        negative = self._wanted.instrument.instrument_class is InstrumentClass.FUTURE
        for one in problems_of(bars, lambda row: row, prices_may_be_negative=negative)[:1]:
            yield f"the {one.column} {one.value} of the bar at {_at(bars, one.line)} {one.problem}"

    def _problems_of_time(self, answer: FetchedBars) -> Iterator[str]:
        if answer.series != self._wanted.series:
            yield f"it is about {self._wanted.series}"
        if answer.attested.difference(self._wanted.time):
            yield "it is about time that was not asked for"
        if answer.empty.difference(answer.attested):
            yield "it calls time empty that it does not answer for"
        before = self._answered_to
        if answer.attested and before is not None and answer.attested.intervals[0].start < before:
            yield "it comes after one about later time"

    def _slots(self, bars: Bars) -> Int64Array:
        return slots(bars.ts_open, self._bar_type, self._zone)

    def _inside(self, bars: Bars, attested: IntervalSet) -> Mask:
        """Return which bars lie in time that was answered for."""
        if not self._bar_type.is_intraday:
            return self._of_sessions(bars, attested)
        starts = np.array([one.start for one in attested], np.int64)
        ends = np.array([one.end for one in attested], np.int64)
        place = np.searchsorted(starts, bars.ts_open, side="right") - 1
        if not len(starts):
            return np.zeros(len(bars), np.bool_)
        end = ends[np.maximum(place, 0)]
        # A bar that is on when trading ends or pauses closes with its hour all the same.
        trading_ends = np.array(
            [one.end for session in self._wanted.sessions for one in trading_time(session)],
            np.int64,
        )
        longest = bars.ts_event - bars.ts_open <= self._bar_type.length
        closes = (bars.ts_event <= end) | np.isin(end, trading_ends)
        inside: Mask = (place >= 0) & (bars.ts_open < end) & closes & longest
        return inside & (bars.ts_event > bars.ts_open)

    def _of_sessions(self, bars: Bars, attested: IntervalSet) -> Mask:
        """Return which bars are of a day, week or month that was answered for."""
        periods = {
            midnight_utc(self._period(session.date))
            for session in self._wanted.sessions
            if not trading_time(session).difference(attested)
        }
        of_bars = [midnight_utc(self._period(date_of_label(int(one)))) for one in bars.ts_open]
        return np.isin(np.array(of_bars, np.int64), np.array(sorted(periods), np.int64))

    def _closes_with_sessions(self, bars: Bars) -> Mask:
        """Return which bars close when they must, so that none is shown before it has ended."""
        if self._bar_type.is_intraday:
            return np.ones(len(bars), np.bool_)
        closes: Mask = bars.ts_event == daily_closes(bars.ts_open, self._bar_type, self._known)
        return closes

    def _period(self, date: dt.date) -> dt.date:
        return period_dates(date, self._bar_type)[0]


def _at(bars: Bars, row: int) -> str:
    return instant_text(int(bars.ts_open[row]))
