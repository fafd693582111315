"""What the ledger tells of each judged session: its bars, their source, and the last event."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator

import attrs

from application.catalog import Catalog
from application.series_check import SeriesCheck
from domain.events import HistoryStartFound, PartitionWritten, RangeConfirmedEmpty, Recorded
from domain.gaps import Judged, Status
from domain.history import Revision, SeriesHistory
from domain.sessions import Session, date_of_label, period_dates
from domain.venues import venue


@attrs.frozen
class SessionDetail:
    """A judged session, what is held of it, and what happened to it last.

    `bars` are those of the current files that hold any of it. They are not `exact` where one of
    these files holds bars of other days too: how many are of this session, only the file could
    tell. `sources` name where they came from, each a source and its detail. `last` is the last
    event that touched the session, None where none ever did. `problem` says what is wrong with a
    file of it that is damaged, although the ledger does not know that yet.
    """

    judged: Judged
    bars: int = 0
    exact: bool = True
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
        answers = _Answers(history)
        return [
            _detail(one, known.revisions(one), known, problems, answers) for one in check.judged
        ]


def _detail(
    judged: Judged,
    revisions: list[Revision],
    known: _ByTime | _ByDate,
    problems: dict[str, str],
    answers: _Answers,
) -> SessionDetail:
    held = [
        one.event for one in revisions if one.is_current and one.event.partition not in problems
    ]
    events = [*map(_last_change, revisions), *answers.about(judged)]
    wrong = [problems[one.event.partition] for one in revisions if _is_damaged(one, problems)]
    return SessionDetail(
        judged,
        bars=sum(known.bars(one) for one in held),
        exact=all(known.is_alone(one, judged.session) for one in held),
        sources=tuple(dict.fromkeys((one.source, one.detail) for one in held)),
        last=max(events, key=lambda one: one.seq, default=None),
        problem=wrong[0] if wrong else None,
    )


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

    def is_alone(self, event: PartitionWritten, session: Session) -> bool:
        """Return whether all bars of a file are those of one session, or of its date."""
        if session.open <= event.first_open and event.last_close <= session.close:
            return True
        return event.trading_dates == (session.date,) and self._is_of_one_date(session)

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
    covers = any(one.start < session.close and session.open < one.end for one in event.coverage)
    return covers or (date is not None and date in event.trading_dates)


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

    def is_alone(self, event: PartitionWritten, session: Session) -> bool:
        """Return True: which bar of a file is meant, its date says."""
        del event, session
        return True

    def _period(self, date: dt.date) -> dt.date:
        return period_dates(date, self._bar_type)[0]


class _Answers:
    """What sources said that they do not have, oldest first."""

    def __init__(self, history: SeriesHistory) -> None:
        self._answers = history.answers

    def about(self, judged: Judged) -> Iterable[Recorded]:
        """Yield the answers by which a session holds nothing and lacks nothing."""
        if judged.confirmed_empty:
            return (one for one in self._answers if _is_about(one, judged.session))
        if judged.status is Status.BEFORE_HISTORY:
            return (one for one in self._answers if isinstance(one.event, HistoryStartFound))
        return ()


def _is_about(recorded: Recorded, session: Session) -> bool:
    event = recorded.event
    return isinstance(event, RangeConfirmedEmpty) and any(
        one.start < session.close and session.open < one.end for one in event.empty
    )
