"""What is wanted of a series, cut into questions that a gateway answers in a few seconds each."""

from __future__ import annotations

import itertools
import zoneinfo
from collections.abc import Iterator, Sequence

import attrs
import numpy as np

from adapters.ibkr.limits import (
    BARS_PER_QUESTION,
    SECONDS_PER_QUESTION,
    SESSIONS_PER_QUESTION,
    YEARS_PER_QUESTION,
)
from domain.bar_type import NANOSECONDS_IN_SECOND, BarType, BarUnit
from domain.fetching import Wanted
from domain.intervals import Interval, IntervalSet
from domain.sessions import NANOSECONDS_IN_DAY, Session, period_dates, slots

_SIZE_UNITS = {
    BarUnit.SEC: ("secs", "secs"),
    BarUnit.MIN: ("min", "mins"),
    BarUnit.HOUR: ("hour", "hours"),
    BarUnit.DAY: ("day", "days"),
    BarUnit.WEEK: ("week", "weeks"),
    BarUnit.MONTH: ("month", "months"),
}
_MINUTE = BarType(1, BarUnit.MIN)
_HOUR = BarType(1, BarUnit.HOUR)
_FOUR_HOURS = BarType(4, BarUnit.HOUR)
_PERIODS_IN_YEAR = {BarUnit.DAY: 252, BarUnit.WEEK: 52, BarUnit.MONTH: 12}
# A bar of a month is labelled by its first day and can begin before the first session wanted.
_LONGEST_PERIOD_DAYS = 31


@attrs.frozen
class Question:
    """One request for history: some sessions in a row, and the `time` of them that is wanted.

    It asks for the bars of `duration`, in IBKR's words, up to `end` (UTC nanoseconds), and so for
    all of `time`, perhaps for more.
    """

    sessions: tuple[Session, ...]
    time: IntervalSet
    end: int
    duration: str

    @property
    def span(self) -> Interval:
        """From the start of what is wanted to its end."""
        return Interval(self.time.intervals[0].start, self.time.intervals[-1].end)


def bar_size(bar_type: BarType) -> str:
    """Return the bar type in IBKR's words, such as `1 min` or `5 mins`."""
    one, many = _SIZE_UNITS[bar_type.unit]
    return f"{bar_type.step} {one if bar_type.step == 1 else many}"


def questions(wanted: Wanted) -> list[Question]:
    """Return the questions for all that is wanted, in order of time.

    Sessions with one between them that is held are not asked for in one question.
    """
    return [one for run in _runs(wanted) for one in _cut(run, wanted)]


def halves(question: Question, bar_type: BarType, zone: zoneinfo.ZoneInfo) -> list[Question]:
    """Return two questions for what one asked, or that one where it cannot be cut.

    No bar lies in both: bars within a day are cut on the grid that they have by the clock `zone`.
    """
    periods = _periods(question.sessions, bar_type)
    if len(periods) > 1:
        middle = len(periods) // 2
        parts = [_flat(periods[:middle]), _flat(periods[middle:])]
        return [question_about(part, of_sessions(part, question.time), bar_type) for part in parts]
    if not bar_type.is_intraday:
        return [question]
    start, end = question.span.start, question.span.end
    between = np.array([(start + end) // 2], np.int64)
    middle = int(slots(between, bar_type, zone)[0])
    if middle <= start:
        return [question]
    times = IntervalSet.of((start, middle)), IntervalSet.of((middle, end))
    pieces = [question.time.intersection(time) for time in times]
    return [question_about(question.sessions, piece, bar_type) for piece in pieces if piece]


def _periods(sessions: Sequence[Session], bar_type: BarType) -> list[tuple[Session, ...]]:
    """Return the sessions of each day, week or month, which has one bar or is cut further."""
    runs = itertools.groupby(sessions, lambda one: period_dates(one.date, bar_type)[0])
    return [tuple(run) for _, run in runs]


def _flat(periods: Sequence[tuple[Session, ...]]) -> tuple[Session, ...]:
    return tuple(itertools.chain.from_iterable(periods))


def _runs(wanted: Wanted) -> Iterator[tuple[Session, ...]]:
    """Yield sessions in a row of which something is wanted, those of a part by themselves."""
    run: list[Session] = []
    for session in wanted.sessions:
        lacking = of_sessions((session,), wanted.time)
        if lacking and (not wanted.series.bar_type.is_intraday or _is_whole(session, lacking)):
            run.append(session)
            continue
        if run:
            yield tuple(run)
            run = []
        if lacking:
            yield (session,)
    if run:
        yield tuple(run)


def _is_whole(session: Session, lacking: IntervalSet) -> bool:
    return lacking.intervals[0].start == session.open and lacking.intervals[-1].end == session.close


def of_sessions(sessions: Sequence[Session], time: IntervalSet) -> IntervalSet:
    """Return the part of `time` that lies in the hours of `sessions`."""
    return time.intersection(IntervalSet.of(*((one.open, one.close) for one in sessions)))


def _cut(run: tuple[Session, ...], wanted: Wanted) -> Iterator[Question]:
    """Yield questions about sessions in a row, none of them larger than a gateway likes."""
    bar_type = wanted.series.bar_type
    if bar_type.unit is BarUnit.SEC:
        yield from _by_seconds(run, wanted)
        return
    # One bar is never asked for by two questions, so that weeks and months stay whole.
    periods = _periods(run, bar_type)
    for some in itertools.batched(periods, _periods_per_question(run, bar_type)):
        part = _flat(some)
        yield question_about(part, of_sessions(part, wanted.time), bar_type)


def _by_seconds(run: tuple[Session, ...], wanted: Wanted) -> Iterator[Question]:
    """Yield questions about parts of sessions, for bars that are too many in a whole one."""
    bar_type = wanted.series.bar_type
    longest = SECONDS_PER_QUESTION[bar_type.step] * NANOSECONDS_IN_SECOND
    for session in run:
        for piece in of_sessions((session,), wanted.time):
            for start in range(piece.start, piece.end, longest):
                time = IntervalSet.of((start, min(start + longest, piece.end)))
                yield question_about((session,), time, bar_type)


def _periods_per_question(run: Sequence[Session], bar_type: BarType) -> int:
    if bar_type.is_intraday:
        longest = max(session.close - session.open for session in run)
        bars = -(-longest // bar_type.length)
        return max(1, min(SESSIONS_PER_QUESTION, BARS_PER_QUESTION // bars))
    # Venues that trade on every day of the year are asked for fewer of them.
    return YEARS_PER_QUESTION * _PERIODS_IN_YEAR[bar_type.unit]


def question_about(sessions: Sequence[Session], time: IntervalSet, bar_type: BarType) -> Question:
    """Return the question for `time`, which lies in `sessions`, all of them in a row."""
    end = time.intervals[-1].end
    return Question(tuple(sessions), time, end, _duration(sessions, time, bar_type))


def _duration(sessions: Sequence[Session], time: IntervalSet, bar_type: BarType) -> str:
    """Return how far a question reaches back from its end, in IBKR's words.

    Its table gives seconds for bars of up to a minute, trading days for those up to an hour, then
    weeks, months and years. What is longer than needed is left out of the answer.
    """
    start, end = time.intervals[0].start, time.intervals[-1].end
    if bar_type <= _MINUTE and len(sessions) == 1 and end - start <= NANOSECONDS_IN_DAY:
        return f"{-(-(end - start) // NANOSECONDS_IN_SECOND)} S"
    if bar_type <= _HOUR:
        return f"{len(sessions)} D"
    days = (sessions[-1].date - sessions[0].date).days + 2
    if bar_type <= _FOUR_HOURS:
        return f"{-(-days // 7)} W"
    if bar_type.is_intraday:
        return f"{days // 28 + 1} M"
    return f"{(days + _LONGEST_PERIOD_DAYS) // 365 + 1} Y"
