"""Which sessions the catalog holds whole, in part or not at all, judged from coverage alone."""

from __future__ import annotations

import datetime as dt
import enum
import functools
from collections.abc import Iterable, Sequence

import attrs

from domain.availability import SeriesHoldings
from domain.coverage import short_silence, tolerated_silence
from domain.ends import Ends
from domain.events import CoverageBasis
from domain.intervals import NO_TIME, Interval, IntervalSet
from domain.sessions import (
    LATE_START,
    NANOSECONDS_IN_DAY,
    Session,
    period_dates,
    turns_amid_hours,
)
from domain.timeline import Timeline
from domain.venues import venue
from domain.window import FAR_PAST


class Status(enum.Enum):
    """How much of a session is held."""

    COMPLETE = "complete"
    """All of it, or a source has confirmed that there is nothing to be held."""
    PARTIAL = "partial"
    MISSING = "missing"
    CORRUPT = "corrupt"
    """A partition that it lies in was found damaged and has not been written anew."""
    BEFORE_HISTORY = "before_history"
    """Nothing of it is held, and the source's bars begin later."""


@attrs.frozen
class Judged:
    """A session that is over, what is held of it, and the time of it that is lacking.

    `holes` are those that are no silence of the market: too long, or at the edge of what a
    source attested. `confirmed_empty` tells of a complete session that it holds no bar.
    """

    session: Session
    status: Status
    holes: IntervalSet = NO_TIME
    confirmed_empty: bool = False


def judge(
    sessions: Iterable[Session],
    holdings: SeriesHoldings,
    within: Interval,
    now: int,
    known: Sequence[Session] = (),
) -> list[Judged]:
    """Return what is held of each of `sessions` that is over at `now`, in order.

    Only the time of a session that lies `within` counts; one that lies outside is left out.
    Stamps are UTC nanoseconds. `known` are all sessions of each week or month that is judged:
    with the last of them it is over; see `Ends`.
    """
    bar_type = holdings.series.bar_type
    ends = Ends(bar_type, known)
    rule = _ByTime(holdings) if bar_type.is_intraday else _ByDate(holdings)
    return [
        rule.judge(session, within)
        for session in sessions
        if ends.is_over(session, now) and rule.concerns(session, within)
    ]


class _ByTime:
    """Judges sessions by the time that the partitions cover, joined over their edges."""

    def __init__(self, holdings: SeriesHoldings) -> None:
        self._partitions = holdings.partitions
        named = list(zip(self._partitions, self._partitions.each("coverage"), strict=True))
        held = IntervalSet(tuple(one for _, covered in named for one in covered))
        self._held = Timeline(held)
        self._covered = Timeline(held.union(holdings.confirmed_empty))
        self._damaged = Timeline(holdings.lost)
        self._history_start = _history_start(holdings)
        self._turns = turns_amid_hours(venue(holdings.series.instrument_id.venue).tzinfo)
        self._short = short_silence(holdings.series.bar_type)
        self._tolerated = tolerated_silence(holdings.series.bar_type)
        self._ending = {one.end: name for name, covered in named for one in covered}
        self._starting = {one.start: name for name, covered in named for one in covered}

    def concerns(self, session: Session, within: Interval) -> bool:
        """Return whether any trading time of the session lies `within`."""
        if session.close <= within.start or session.open >= within.end:
            return False
        pause = session.pause
        return pause is None or within.start < pause[0] or within.end > pause[1]

    def judge(self, session: Session, within: Interval) -> Judged:
        """Compare the session's time with the coverage; short silences are no holes."""
        damaged = self._damaged.touches(session.open, session.close)
        if not damaged and self._covered.holds(session.open, session.close):
            return self._complete(session)
        time = trading_time(session) if damaged else self._time_since_history(session)
        cut = session.open < within.start or within.end < session.close
        wanted = time.intersection(IntervalSet((within,))) if cut else time
        if not wanted:
            return Judged(session, Status.BEFORE_HISTORY)
        holes = self._holes(session, time)
        lacking = wanted.intersection(IntervalSet(tuple(holes))) if holes else NO_TIME
        return self._compare(session, wanted, lacking)

    def _time_since_history(self, session: Session) -> IntervalSet:
        """Return the session's time of which bars can be had, from wherever they came so far."""
        time, start = trading_time(session), self._history_start
        if session.open >= start:
            return time
        if session.close <= start:
            return time if self._covered.touches(session.open, session.close) else NO_TIME
        first = self._covered.first(session.open, start)
        return time.difference(IntervalSet.of((session.open, first)))

    def _compare(self, session: Session, wanted: IntervalSet, lacking: IntervalSet) -> Judged:
        """Judge the part of a session that is `wanted`, of which this is lacking."""
        if self._damaged and any(self._damaged.touches(one.start, one.end) for one in wanted):
            return Judged(session, Status.CORRUPT, lacking)
        if not lacking:
            return self._complete(session)
        return Judged(session, Status.MISSING if lacking == wanted else Status.PARTIAL, lacking)

    def _complete(self, session: Session) -> Judged:
        empty = not self._held.touches(session.open, session.close)
        return Judged(session, Status.COMPLETE, confirmed_empty=empty)

    def _holes(self, session: Session, time: IntervalSet) -> list[Interval]:
        """Return the parts of `time` that are not covered, but for short silences."""
        if not self._covered.touches(session.open, session.close):
            return list(time)
        found, silences = [], []
        for piece in time:
            for hole in self._covered.holes(piece):
                if self._is_silence(hole, piece):
                    silences.append(hole)
                elif not self._is_short(hole) and not self._begins_late(hole, piece):
                    found.append(hole)
        # What is silent for long, a little at a time, is not there: it is no quiet market.
        quiet = sum(one.end - one.start for one in silences) <= self._tolerated
        return found if quiet else sorted(found + silences)

    def _is_short(self, hole: Interval) -> bool:
        """Return whether a hole is short, and bars lie beside it.

        Bars may begin late or end early in a quiet market; a source that answered for some time
        and no more has said nothing of the rest.
        """
        return hole.end - hole.start <= self._short and self._is_beside_bars(hole)

    def _begins_late(self, hole: Interval, piece: Interval) -> bool:
        """Return whether it is the quarter in which a day of currencies has no bar yet."""
        if piece.end - piece.start != NANOSECONDS_IN_DAY or hole.start != piece.start:
            return False
        is_late = self._turns and hole.end - hole.start == LATE_START
        return is_late and hole.end in self._starting and self._is_beside_bars(hole)

    def _is_silence(self, hole: Interval, piece: Interval) -> bool:
        """Return whether a hole is longer than a short one, and has bars before and after it.

        At the edges of a session there is no long silence: so begins and ends what was cut off.
        """
        if hole.end - hole.start <= self._short:
            return False
        begins_after_bars = hole.start > piece.start and hole.start in self._ending
        ends_before_bars = hole.end < piece.end and hole.end in self._starting
        return begins_after_bars and ends_before_bars and self._is_beside_bars(hole)

    def _is_beside_bars(self, hole: Interval) -> bool:
        """Return whether bars lie beside a hole, and not the end of what a source answered for."""
        beside = (self._ending.get(hole.start), self._starting.get(hole.end))
        return any(self._bases[name] is CoverageBasis.INFERRED for name in beside if name)

    @functools.cached_property
    def _bases(self) -> dict[str, CoverageBasis]:
        """Why each partition's time counts as covered; asked for by the first short hole."""
        return dict(zip(self._partitions, self._partitions.each("basis"), strict=True))


class _ByDate:
    """Judges sessions by whether the bar of their day, week or month is held."""

    def __init__(self, holdings: SeriesHoldings) -> None:
        self._bar_type = holdings.series.bar_type
        self._held = {self._period(date)[0] for date in holdings.trading_dates}
        self._lost = {self._period(date)[0] for date in holdings.lost_dates}
        self._empty = Timeline(holdings.confirmed_empty)
        self._history_start = _history_start(holdings)

    def concerns(self, session: Session, within: Interval) -> bool:
        """Return whether the session's bar closes `within`, as it must to be loaded."""
        return within.start < session.close <= within.end

    def judge(self, session: Session, within: Interval) -> Judged:
        """Look for the bar; there is no part of it."""
        del within
        first = self._period(session.date)[0]
        if first in self._held:
            return Judged(session, Status.COMPLETE)
        if first in self._lost:
            return Judged(session, Status.CORRUPT, trading_time(session))
        if self._empty.holds(session.open, session.close):
            return Judged(session, Status.COMPLETE, confirmed_empty=True)
        if session.close <= self._history_start:
            return Judged(session, Status.BEFORE_HISTORY)
        return Judged(session, Status.MISSING, trading_time(session))

    def _period(self, date: dt.date) -> tuple[dt.date, dt.date]:
        return period_dates(date, self._bar_type)


def _history_start(holdings: SeriesHoldings) -> int:
    """Return where the source's bars begin; where that is not known, it may be at any time."""
    return FAR_PAST if holdings.history_start is None else holdings.history_start


def trading_time(session: Session) -> IntervalSet:
    """Return the session's hours without its pause."""
    if session.pause is None:
        return IntervalSet.of((session.open, session.close))
    return IntervalSet.of((session.open, session.pause[0]), (session.pause[1], session.close))
