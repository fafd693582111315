"""What is wanted of a series, cut into questions that a gateway answers in a few seconds each."""

from __future__ import annotations

import itertools
import zoneinfo
from collections.abc import Iterator, Sequence

import attrs
import numpy as np

from adapters.ibkr.limits import (
    BARS_PER_QUESTION,
    CONTROL_SESSIONS,
    SECONDS_PER_QUESTION,
    SESSIONS_PER_QUESTION,
    YEARS_PER_QUESTION,
)
from domain.bar_type import NANOSECONDS_IN_SECOND, BarType, BarUnit
from domain.fetching import Wanted
from domain.intervals import Interval, IntervalSet
from domain.sessions import NANOSECONDS_IN_DAY, Session, on_grid, period_dates

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
_MARGIN = 60 * NANOSECONDS_IN_SECOND
_NEARLY_A_DAY = NANOSECONDS_IN_DAY * 47 // 48
_MOST_DAYS_IN_MONTHS = 335
# A bar of a month is labelled by its first day and can begin before the first session wanted.
_LONGEST_PERIOD_DAYS = 31


@attrs.frozen
class Question:
    """One request for history: some sessions in a row, and the `time` of them that is wanted.

    It asks for the bars of `duration`, in IBKR's words, up to `end` (UTC nanoseconds), and so for
    all of `time`, perhaps for more. One that is a `control` is to confirm that there are no bars.
    """

    sessions: tuple[Session, ...]
    time: IntervalSet
    end: int
    duration: str
    control: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether it reaches back by the clock, and not by trading days as IBKR knows them."""
        return self.duration.endswith("S")

    @property
    def span(self) -> Interval:
        """From the start of what is wanted to its end."""
        return Interval(self.time.intervals[0].start, self.time.intervals[-1].end)


def bar_size(bar_type: BarType) -> str:
    """Return the bar type in IBKR's words, such as `1 min` or `5 mins`."""
    one, many = _SIZE_UNITS[bar_type.unit]
    return f"{bar_type.step} {one if bar_type.step == 1 else many}"


def questions(wanted: Wanted) -> Iterator[Question]:
    """Yield the questions for all that is wanted, in order of time.

    Sessions with one between them that is held are not asked for in one question.
    """
    for run in _runs(wanted):
        yield from _cut(run, wanted.series.bar_type)


def longest_time(bar_type: BarType) -> int:
    """Return the longest time that one question may be about, in nanoseconds; 0 if it is no time.

    Where bars are of seconds, IBKR gives a length; the others are counted in sessions.
    """
    if bar_type.unit is not BarUnit.SEC:
        return 0
    return SECONDS_PER_QUESTION[bar_type.step] * NANOSECONDS_IN_SECOND


def halves(question: Question, bar_type: BarType, zone: zoneinfo.ZoneInfo) -> list[Question]:
    """Return two questions for what one asked, or that one where it cannot be cut.

    No bar lies in both: bars within a day are cut on the grid that they have by the clock `zone`.
    """
    periods = _periods(question.sessions, bar_type)
    if len(periods) > 1:
        middle = len(periods) // 2
        parts = [_flat(periods[:middle]), _flat(periods[middle:])]
        return [_part(question, part, of_sessions(part, question.time), bar_type) for part in parts]
    if not bar_type.is_intraday:
        return [question]
    start, end = question.span.start, question.span.end
    between = np.array([(start + end) // 2], np.int64)
    middle = int(on_grid(between, bar_type, zone)[0])
    if middle <= start:
        return [question]
    times = IntervalSet.of((start, middle)), IntervalSet.of((middle, end))
    pieces = [question.time.intersection(time) for time in times]
    return [_part(question, question.sessions, piece, bar_type) for piece in pieces if piece]


def _part(
    question: Question, sessions: Sequence[Session], time: IntervalSet, bar_type: BarType
) -> Question:
    return question_about(sessions, time, bar_type, control=question.control)


def _periods(sessions: Sequence[Session], bar_type: BarType) -> list[tuple[Session, ...]]:
    """Return the sessions of each day, week or month, which has one bar or is cut further."""
    runs = itertools.groupby(sessions, lambda one: period_dates(one.date, bar_type)[0])
    return [tuple(run) for _, run in runs]


def _flat(periods: Sequence[tuple[Session, ...]]) -> tuple[Session, ...]:
    return tuple(itertools.chain.from_iterable(periods))


@attrs.frozen
class _Lacking:
    """A session, and the time of it that is wanted."""

    session: Session
    time: IntervalSet

    @property
    def is_whole(self) -> bool:
        first, last = self.time.intervals[0], self.time.intervals[-1]
        return first.start == self.session.open and last.end == self.session.close


def _runs(wanted: Wanted) -> Iterator[list[_Lacking]]:
    """Yield sessions in a row of which something is wanted, those of a part by themselves."""
    run: list[_Lacking] = []
    for session, time in by_session(wanted.sessions, wanted.time):
        one = _Lacking(session, time)
        if time and (not wanted.series.bar_type.is_intraday or one.is_whole):
            run.append(one)
            continue
        if run:
            yield run
            run = []
        if time:
            yield [one]
    if run:
        yield run


def by_session(
    sessions: Sequence[Session], time: IntervalSet
) -> Iterator[tuple[Session, IntervalSet]]:
    """Yield each session with the part of `time` that lies in its hours; both are in order."""
    intervals, place = time.intervals, 0
    for session in sessions:
        while place < len(intervals) and intervals[place].end <= session.open:
            place += 1
        last = place
        while last < len(intervals) and intervals[last].start < session.close:
            last += 1
        hours = IntervalSet.of((session.open, session.close))
        yield session, IntervalSet(intervals[place:last]).intersection(hours)


def of_sessions(sessions: Sequence[Session], time: IntervalSet) -> IntervalSet:
    """Return the part of `time` that lies in the hours of `sessions`, which are in order."""
    return IntervalSet(tuple(one for _, part in by_session(sessions, time) for one in part))


def _cut(run: Sequence[_Lacking], bar_type: BarType) -> Iterator[Question]:
    """Yield questions about sessions in a row, none of them larger than a gateway likes."""
    if bar_type.unit is BarUnit.SEC:
        for one in run:
            yield from _by_seconds(one, bar_type)
        return
    # One bar is never asked for by two questions, so that weeks and months stay whole.
    lacking = {one.session: one.time for one in run}
    periods = _periods(tuple(lacking), bar_type)
    for some in itertools.batched(periods, _periods_per_question(tuple(lacking), bar_type)):
        part = _flat(some)
        time = IntervalSet(tuple(one for session in part for one in lacking[session]))
        yield question_about(part, time, bar_type)


def _by_seconds(one: _Lacking, bar_type: BarType) -> Iterator[Question]:
    """Yield questions about parts of a session, for bars that are too many in a whole one."""
    longest = longest_time(bar_type)
    for piece in one.time:
        for start in range(piece.start, piece.end, longest):
            time = IntervalSet.of((start, min(start + longest, piece.end)))
            yield question_about((one.session,), time, bar_type)


def _periods_per_question(run: Sequence[Session], bar_type: BarType) -> int:
    if bar_type.is_intraday:
        longest = max(session.close - session.open for session in run)
        bars = -(-longest // bar_type.length)
        return max(1, min(SESSIONS_PER_QUESTION, BARS_PER_QUESTION // bars))
    # Venues that trade on every day of the year are asked for fewer of them.
    return YEARS_PER_QUESTION * _PERIODS_IN_YEAR[bar_type.unit]


def question_about(
    sessions: Sequence[Session],
    time: IntervalSet,
    bar_type: BarType,
    *,
    control: bool = False,
    further: int = 0,
) -> Question:
    """Return the question for `time`, which lies in `sessions`, all of them in a row.

    It ends with `time`, or so many nanoseconds `further`.

    With `control` it reaches back some trading days further, so that an answer without bars of
    `time` shows at least that there are bars to be had, and a little beyond the last close.
    """
    beyond = _beyond(sessions[-1], time, bar_type) if control else further
    end = time.intervals[-1].end + beyond
    duration = _duration(sessions, time.intervals[0].start, end, bar_type, control=control)
    return Question(tuple(sessions), time, end, duration, control)


def _beyond(session: Session, time: IntervalSet, bar_type: BarType) -> int:
    """Return how far the end of a question that is to confirm lies after what it asks about.

    Nobody has written down whether an end is inclusive, so it lies a bar further. Of seconds no
    more are asked for than allowed; and of bars of a day and longer, where the next session
    follows at once, an end beyond the close would be amid that one's bar.
    """
    if bar_type.is_intraday and bar_type.unit is not BarUnit.SEC:
        return max(_MARGIN, bar_type.length)
    if bar_type.unit is BarUnit.SEC:
        length = time.intervals[-1].end - time.intervals[0].start
        if length + _MARGIN > longest_time(bar_type):
            return 0
    follows_at_once = session.close - session.open >= _NEARLY_A_DAY
    at_close = time.intervals[-1].end == session.close
    return _MARGIN if at_close and not follows_at_once else 0


def _duration(
    sessions: Sequence[Session], start: int, end: int, bar_type: BarType, *, control: bool
) -> str:
    """Return how far a question reaches back from its end, in IBKR's words.

    Its table gives seconds for bars of up to a minute, trading days for those up to an hour, then
    weeks, months and years. What is longer than needed is left out of the answer.
    """
    more = CONTROL_SESSIONS if control else 0
    in_seconds = bar_type.unit is BarUnit.SEC or (bar_type == _MINUTE and not control)
    if in_seconds and len(sessions) == 1 and end - start <= NANOSECONDS_IN_DAY:
        return f"{-(-(end - start) // NANOSECONDS_IN_SECOND)} S"
    if bar_type <= _HOUR:
        return f"{len(sessions) + more} D"
    days = (sessions[-1].date - sessions[0].date).days + 2 + 2 * more
    # What is longer than a year is refused in weeks and months.
    if bar_type.is_intraday and days <= _MOST_DAYS_IN_MONTHS:
        return f"{-(-days // 7)} W" if bar_type <= _FOUR_HOURS else f"{days // 28 + 1} M"
    return f"{(days + _LONGEST_PERIOD_DAYS) // 365 + 1} Y"
