"""What the ledger tells of each judged session: its bars, their source, and the last event."""

from __future__ import annotations

import datetime as dt
import enum
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence

import attrs

from application.catalog import Catalog
from application.series_check import SeriesCheck
from domain.events import (
    Event,
    HistoryStartFound,
    PartitionWritten,
    RangeConfirmedEmpty,
    Recorded,
)
from domain.gaps import Judged, Status
from domain.history import Revision, SeriesHistory
from domain.intervals import IntervalSet
from domain.sessions import Session, date_of_label, period_dates
from domain.venues import venue


class Scope(enum.Enum):
    """What the bars that are told of a session are of; more than this, only a file could tell."""

    SESSION = "session"
    """Of the session: all lie inside its hours, or it is the one bar of its day or period."""
    DATE = "date"
    """Of its date: some lie before or after its hours."""
    OUTSIDE = "outside"
    """Of its date, and none inside its hours."""
    OTHERS = "others"
    """Of files that hold bars of other days too."""


@attrs.frozen
class SessionDetail:
    """A judged session, what is held of it, and what happened to it last.

    `bars` are those of the current files that hold any of it, and `scope` says whether all of
    these are of the session. `sources` name where they came from, each a source and its detail.
    `last` is the last event that touched the session, None where none ever did: one that changed
    its bars, or an answer of a source that it lacks some of its time. `problem` says what is wrong
    with a file of it that is damaged, although the ledger does not know that yet.
    """

    judged: Judged
    bars: int = 0
    scope: Scope = Scope.SESSION
    sources: tuple[tuple[str, str], ...] = ()
    last: Recorded | None = None
    problem: str | None = None


class SessionDetails:
    """The use case: looks sessions up in the ledger's events. No file is opened."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def of(self, check: SeriesCheck, head: int) -> list[SessionDetail]:
        """Return a detail for each judged session of a series that was checked at event `head`.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        history = self._catalog.history(check.series, head)
        known = _known(check, history)
        problems = {one.partition.partition: one.problem for one in check.damaged}
        answers = _last_answers(history, check.judged)
        return [
            _detail(one, answer, known, problems)
            for one, answer in zip(check.judged, answers, strict=True)
        ]


def _detail(
    judged: Judged, answer: Recorded | None, known: _ByTime | _ByDate, problems: dict[str, str]
) -> SessionDetail:
    revisions = known.revisions(judged)
    held = [
        one.event for one in revisions if one.is_current and one.event.partition not in problems
    ]
    events = [*map(_last_change, revisions), *([answer] if answer else [])]
    wrong = [problems[one.event.partition] for one in revisions if _is_damaged(one, problems)]
    return SessionDetail(
        judged,
        bars=sum(known.bars(one) for one in held),
        scope=_joined({known.scope(one, judged.session) for one in held}),
        sources=tuple(dict.fromkeys((one.source, one.detail) for one in held)),
        last=max(events, key=lambda one: one.seq, default=None),
        problem=wrong[0] if wrong else None,
    )


def _joined(scopes: set[Scope]) -> Scope:
    """Return what the bars of several files are of."""
    if Scope.OTHERS in scopes:
        return Scope.OTHERS
    return Scope.DATE if len(scopes) > 1 else next(iter(scopes), Scope.SESSION)


def _is_damaged(one: Revision, problems: dict[str, str]) -> bool:
    return one.is_current and one.event.partition in problems


def _last_change(one: Revision) -> Recorded:
    """Return the last event that changed what is held, by this revision or in its place."""
    if one.ended is not None:
        # Damage of a revision that is no longer current changes nothing.
        return one.ended
    return one.corrupted or one.written


def _known(check: SeriesCheck, history: SeriesHistory) -> _ByTime | _ByDate:
    lost = frozenset(one.partition.partition for one in check.damaged) | check.holdings.corrupt
    return (_ByTime if check.series.bar_type.is_intraday else _ByDate)(check, history, lost)


class _ByTime:
    """Finds the revisions of a session among those of the UTC dates that it lies in."""

    def __init__(self, check: SeriesCheck, history: SeriesHistory, lost: frozenset[str]) -> None:
        self._zone = venue(check.series.instrument_id.venue).tzinfo
        self._history = history
        self._lost = lost

    def revisions(self, judged: Judged) -> list[Revision]:
        """Return every revision, current or not, that holds anything of a session."""
        session = judged.session
        date = session.date if self._is_of_one_date(session) else None
        return [
            one
            for name in _utc_dates(session)
            for one in self._history.partitions.get(name, ())
            if _touches(one.event, session, date) or self._spoils(one, judged)
        ]

    def _spoils(self, one: Revision, judged: Judged) -> bool:
        """Return whether the session is corrupt because of this file, whatever it held."""
        return (
            judged.status is Status.CORRUPT
            and one.ended is None
            and one.event.partition in self._lost
        )

    def bars(self, event: PartitionWritten) -> int:
        """Return how many bars the file of a revision holds."""
        return event.bars

    def scope(self, event: PartitionWritten, session: Session) -> Scope:
        """Return what the bars of a file are of, as seen from a session."""
        if session.open <= event.first_open and event.last_close <= session.close:
            return Scope.SESSION
        if event.trading_dates != (session.date,) or not self._is_of_one_date(session):
            return Scope.OTHERS
        return Scope.DATE if _overlaps(event.coverage, session) else Scope.OUTSIDE

    def _is_of_one_date(self, session: Session) -> bool:
        """Return whether the session begins and ends on its date, as those of stocks do."""
        return self._date(session.open) == session.date == self._date(session.close - 1)

    def _date(self, stamp: int) -> dt.date:
        return dt.datetime.fromtimestamp(stamp // 10**9, self._zone).date()


def _utc_dates(session: Session) -> Iterator[str]:
    date, last = date_of_label(session.open), date_of_label(session.close - 1)
    while date <= last:
        yield date.isoformat()
        date += dt.timedelta(days=1)


def _touches(event: PartitionWritten, session: Session, date: dt.date | None) -> bool:
    """Return whether a file covers time of a session, or has bars of its date around it."""
    is_of_date = date is not None and date in event.trading_dates
    return is_of_date or _overlaps(event.coverage, session)


def _overlaps(time: IntervalSet, session: Session) -> bool:
    return any(one.start < session.close and session.open < one.end for one in time)


class _ByDate:
    """Finds the revisions that hold the bar of a session's day, week or month."""

    def __init__(self, check: SeriesCheck, history: SeriesHistory, lost: frozenset[str]) -> None:
        del lost
        self._bar_type = check.series.bar_type
        self._revisions: defaultdict[dt.date, list[Revision]] = defaultdict(list)
        for one in history:
            for first in dict.fromkeys(map(self._period, one.event.trading_dates)):
                self._revisions[first].append(one)

    def revisions(self, judged: Judged) -> list[Revision]:
        """Return every revision, current or not, that holds the bar of a session."""
        return self._revisions.get(self._period(judged.session.date), [])

    def bars(self, event: PartitionWritten) -> int:
        """Return 1: a file has one bar of a period at most."""
        del event
        return 1

    def scope(self, event: PartitionWritten, session: Session) -> Scope:
        """Return that it is the session's own: which bar of a file is meant, its date says."""
        del event, session
        return Scope.SESSION

    def _period(self, date: dt.date) -> dt.date:
        return period_dates(date, self._bar_type)[0]


def _last_answers(history: SeriesHistory, judged: Sequence[Judged]) -> list[Recorded | None]:
    """Return, for each session, the last time that a source said that it lacks any of it."""
    last: list[Recorded | None] = [None] * len(judged)
    place = _Places(judged)
    for recorded in history.answers:  # oldest first
        for number in place.concerned(recorded.event):
            last[number] = recorded
    return last


class _Places:
    """Finds which of the judged sessions, which are in order of time, an answer is about."""

    def __init__(self, judged: Sequence[Judged]) -> None:
        self._opens = [one.session.open for one in judged]
        self._closes = [one.session.close for one in judged]
        self._before = [n for n, one in enumerate(judged) if one.status is Status.BEFORE_HISTORY]

    def concerned(self, event: Event) -> Iterator[int]:
        """Yield the places of the sessions that an answer is about, some of them twice."""
        if isinstance(event, RangeConfirmedEmpty):
            for one in event.empty:
                yield from self._between(one.start, one.end)
        elif isinstance(event, HistoryStartFound):
            yield from self._before
            yield from self._between(event.start, event.start)

    def _between(self, start: int, end: int) -> range:
        """Return the places of the sessions that are open at any time from `start` to `end`."""
        return range(bisect_right(self._closes, start), bisect_left(self._opens, end))
