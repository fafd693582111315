"""What an answer leaves open: sessions to ask for again, and time that it does not speak of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

import attrs
import numpy as np
from numpy.typing import NDArray

from adapters.ibkr.answered_bars import Heard
from adapters.ibkr.chunks import Question, by_session, of_sessions
from adapters.ibkr.limits import SETTLING_SECONDS
from domain.bar_type import NANOSECONDS_IN_SECOND, BarType, BarUnit
from domain.bars import Bars, Int64Array
from domain.intervals import NO_TIME, IntervalSet
from domain.sessions import (
    NANOSECONDS_IN_DAY,
    Session,
    inside_sessions,
    midnight_utc,
    period_dates,
)
from domain.window import FAR_FUTURE, FAR_PAST


@attrs.frozen
class Completeness:
    """Judges the answers about bars of one type at the time `now`, UTC nanoseconds."""

    bar_type: BarType
    now: int
    sessions: tuple[Session, ...] = ()
    """All of the calendar that are asked about: a week or month has settled with its last one."""
    _closes: dict[int, int] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        """Take note of when weeks and months close."""
        if not self.bar_type.is_intraday:
            self._closes.update((self._label(one), one.close) for one in self.sessions)

    def kept(self, heard: Heard, question: Question) -> Bars:
        """Return the bars that were asked for and that nothing can change any more.

        Of a session that goes on, or ended a while ago, the newest bar of the answer may still
        grow: only a bar that follows it shows that it has ended.
        """
        bars = heard.bars
        if not self.bar_type.is_intraday:
            periods = {self._label(one) for one in question.sessions if self.has_settled(one)}
            labels = np.array(sorted(periods), np.int64)
            return bars.take(np.isin(bars.ts_open, labels) & (bars.ts_event <= self.now))
        chosen = _overlapping(bars, question.time) & (bars.ts_event <= self.now)
        for session in question.sessions:
            if not self.has_settled(session):
                newest = bars.ts_open == heard.opens[-1] if len(heard.opens) else chosen
                chosen &= ~(newest & self._of(session, bars))
        return bars.take(chosen)

    def doubtful(
        self, question: Question, heard: Heard, bars: Bars, history_start: int | None
    ) -> Iterator[tuple[Session, ...]]:
        """Yield sessions in a row to ask for again: those without bars, and those that may be cut.

        IBKR counts trading days back from the end as it knows them, so that an answer can begin
        amid the first session that was meant, and nobody has written down whether an end is
        inclusive.
        """
        cut = set(self._cut(question, heard, bars, history_start))
        yield from _in_a_row(
            question.sessions, lambda one: one in cut or self._is_silent(one, bars)
        )

    def silent(self, sessions: Iterable[Session], bars: Bars) -> Iterator[Session]:
        """Yield the sessions that have ended and of which there is no bar."""
        return (one for one in sessions if self._is_silent(one, bars))

    def _is_silent(self, session: Session, bars: Bars) -> bool:
        return self.has_settled(session) and not self._of(session, bars).any()

    def has_settled(self, session: Session) -> bool:
        """Whether nothing of a session is still to come."""
        close = session.close
        if not self.bar_type.is_intraday:
            close = self._closes.get(self._label(session), close)
        return close + SETTLING_SECONDS * NANOSECONDS_IN_SECOND <= self.now

    def _cut(
        self, question: Question, heard: Heard, bars: Bars, history_start: int | None
    ) -> Iterator[Session]:
        if self.bar_type.unit not in (BarUnit.MIN, BarUnit.HOUR):
            return
        times = dict(by_session(question.sessions, question.time))
        last = question.sessions[-1]
        first = self._first(question, heard)
        if first is not None and not question.is_exact:
            opens = bars.ts_open[self._of(first, bars)][:1]
            begins_late = len(opens) and int(opens[0]) > times[first].intervals[0].start
            if begins_late and heard.opens[0] >= opens[0] != history_start:
                yield first
        closes = bars.ts_event[self._of(last, bars)]
        end = times[last].intervals[-1].end
        ends_early = len(closes) and int(closes[-1]) < end == question.end
        if ends_early and self.has_settled(last):
            yield last

    def reaches(self, heard: Heard, session: Session) -> bool:
        """Whether an answer has a bar before a session."""
        start = session.open if self.bar_type.is_intraday else self._label(session)
        return bool(len(heard.opens)) and int(heard.opens[0]) < start

    def _first(self, question: Question, heard: Heard) -> Session | None:
        """Return the session in which an answer begins, None where it has bars before them all."""
        first = int(heard.opens[0]) if len(heard.opens) else FAR_FUTURE
        return next((one for one in question.sessions if one.open <= first < one.close), None)

    def unreached(self, run: tuple[Session, ...], heard: Heard) -> tuple[Session, ...]:
        """Return the sessions at the beginning of `run` that the answer about it may not reach.

        An answer that has a bar before them all reaches them. One that begins with a later bar was
        perhaps cut there: what lies before it has to be asked for by itself.
        """
        if not len(heard.opens):
            return run
        if self.reaches(heard, run[0]):
            return ()
        first = int(heard.opens[0])
        if not self.bar_type.is_intraday:
            return tuple(one for one in run if self._label(one) < first)
        return tuple(one for one in run if one.open <= first)

    def unknown(self, left: tuple[Session, ...], bars: Bars, time: IntervalSet) -> IntervalSet:
        """Return the part of `time` that no answer reached: what lies before the first bar."""
        if not self.bar_type.is_intraday:
            return of_sessions(tuple(self.silent(left, bars)), time)
        if not left:
            return NO_TIME
        since = bars.ts_open[bars.ts_open >= left[0].open]
        first = int(since[0]) if len(since) else FAR_FUTURE
        return of_sessions(left, time).intersection(IntervalSet.of((FAR_PAST, first)))

    def attested(self, question: Question, bars: Bars) -> IntervalSet:
        """Return the time that an answer speaks of: to its last bar where a session goes on."""
        attested = question.time
        for session in question.sessions:
            if self.has_settled(session):
                continue
            closes = bars.ts_event[self._of(session, bars)]
            last = int(closes.max()) if len(closes) else session.open
            if self.bar_type.is_intraday or not len(closes):
                attested = attested.difference(IntervalSet.of((last, max(last, session.close))))
        return attested

    def stray(self, question: Question, heard: Heard, sessions: tuple[Session, ...]) -> Int64Array:
        """Return the opens of bars amid what was asked for that lie in no session at all."""
        first, last = question.sessions[0], question.sessions[-1]
        opens = heard.opens
        if self.bar_type.is_intraday:
            amid = (opens >= first.open) & (opens < last.close)
            return opens[amid & ~inside_sessions(opens, sessions)]
        labels = np.array([self._label(one) for one in sessions], np.int64)
        amid = (opens >= self._label(first)) & (opens <= self._label(last))
        return opens[amid & ~np.isin(opens, labels)]

    def _of(self, session: Session, bars: Bars) -> NDArray[np.bool_]:
        """Return which bars are of a session, or of its week or month."""
        if not self.bar_type.is_intraday:
            of_period: NDArray[np.bool_] = bars.ts_open == self._label(session)
            return of_period
        inside: NDArray[np.bool_] = (bars.ts_open >= session.open) & (bars.ts_open < session.close)
        return inside

    def _label(self, session: Session) -> int:
        return midnight_utc(period_dates(session.date, self.bar_type)[0])


def begins_near(history_start: int | None, session: Session) -> bool:
    """Whether there may be no bar before a session at all, as far as the history's start tells.

    That is the start of bars of any hour: it may lie in the night before the session.
    """
    return history_start is not None and history_start > session.open - NANOSECONDS_IN_DAY


def shows_silence(minutes: Heard, question: Question, history_start: int | None) -> bool:
    """Whether an answer with bars of a minute shows that there are none of shorter ones.

    It must have none of the time that was asked about, and one before that; see `begins_near` for
    where there may be none. An answer without any bar shows nothing.
    """
    if not len(minutes.opens) or _overlapping(minutes.bars, question.time).any():
        return False
    is_first = begins_near(history_start, question.sessions[0])
    return is_first or int(minutes.opens[0]) < question.span.start


def _overlapping(bars: Bars, time: IntervalSet) -> NDArray[np.bool_]:
    """Return which bars have a part of `time`: a bar before a pause may end amid it."""
    if not time:
        return np.zeros(len(bars), np.bool_)
    starts = np.array([one.start for one in time], np.int64)
    ends = np.array([one.end for one in time], np.int64)
    place = np.searchsorted(ends, bars.ts_open, side="right")
    found: NDArray[np.bool_] = (place < len(ends)) & (
        starts[np.minimum(place, len(ends) - 1)] < bars.ts_event
    )
    return found


def _in_a_row(
    sessions: Iterable[Session], is_chosen: Callable[[Session], bool]
) -> Iterator[tuple[Session, ...]]:
    for chosen, run in groupby(sessions, is_chosen):
        if chosen:
            yield tuple(run)
