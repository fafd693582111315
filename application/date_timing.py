"""Rows of bars of a day and longer get the date that they are labelled by, and their close."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from domain.bar_type import BarType, BarUnit
from domain.bars import Int64Array
from domain.sessions import (
    NANOSECONDS_IN_DAY,
    NO_SESSION,
    Session,
    Stamp,
    daily_closes,
    date_of_label,
    midnight_utc,
    period_dates,
    utc_offsets,
)

Mask = NDArray[np.bool_]
Misplaced = tuple[Mask, str]
_SATURDAY, _MONDAY = 5, 0
_NO_DATE = NO_SESSION
_PERIODS = {BarUnit.WEEK: "week", BarUnit.MONTH: "month"}


@attrs.frozen(eq=False)
class Dated:
    """Midnights UTC of the dates that bars are labelled by, and their closes.

    `misplaced` are the rows that cannot have them, each mask with what is wrong.
    """

    labels: Int64Array
    closes: Int64Array
    misplaced: tuple[Misplaced, ...]


@attrs.frozen
class Dating:
    """Finds the dates of stamps, which name one by themselves or are the edge of its session.

    `label` turns stamps into midnights UTC where all of them are dates or midnights, and is None
    where they are other times; `timed` tells that they were written as times. `stamp` None leaves
    open which end of a bar a stamp names.
    """

    bar_type: BarType
    sessions: Sequence[Session]
    zone: zoneinfo.ZoneInfo
    stamp: Stamp | None
    label: Callable[[Int64Array], Int64Array] | None
    timed: bool

    def dated(self, stamps: Int64Array) -> Dated:
        """Return the dates and closes of bars with these `stamps` (UTC nanoseconds)."""
        labels, misplaced = self._labels(stamps)
        labels, amid = self._periods(labels)
        closes = daily_closes(labels, self.bar_type, self.sessions)
        closed = closes == NO_SESSION
        for mask, _ in (*misplaced, *amid):
            closed &= ~mask
        closes = np.where(closes == NO_SESSION, labels, closes)
        return Dated(
            labels,
            np.maximum(closes, self._ends(stamps, labels)),
            (*misplaced, *amid, (closed, "names a date on which the venue had no session")),
        )

    def _ends(self, stamps: Int64Array, labels: Int64Array) -> Int64Array:
        """Return before which instant bars of a midnight cannot close, whatever their session says.

        What runs from midnight to midnight ends later than the last session of its dates where
        the next one begins before, as with currencies and futures.
        """
        never = np.full(len(stamps), np.iinfo(np.int64).min, np.int64)
        if not self.timed or self.label is None:
            return never
        if self.stamp is Stamp.CLOSE:
            return stamps
        if not self.sessions:
            return never
        starts, _, dates = self._edges()
        following = _following(labels, self.bar_type)
        ends = stamps + following - self.label(stamps)
        # The session that is on at the end, or the one that begins last before it.
        last = np.searchsorted(starts, ends, side="left") - 1
        begun = (last >= 0) & (dates[np.maximum(last, 0)] >= following)
        return np.where(begun, ends, never)

    def _labels(self, stamps: Int64Array) -> tuple[Int64Array, tuple[Misplaced, ...]]:
        if self.label is not None:
            # As the end of a day, a midnight is that of the day before.
            back = int(self.timed and self.stamp is Stamp.CLOSE and self._is_day)
            return self.label(stamps) - back * NANOSECONDS_IN_DAY, ()
        labels = self._session_labels(stamps)
        lost = labels == _NO_DATE
        days = stamps // NANOSECONDS_IN_DAY * NANOSECONDS_IN_DAY
        between = self._between_sessions(stamps) if self.stamp is None else np.zeros_like(lost)
        return np.where(lost, days, labels), (
            (lost, "is neither the open nor the close of a session, so that it names no date"),
            (between, "ends a session and begins the next; say which by --stamp"),
        )

    @property
    def _is_day(self) -> bool:
        return self.bar_type.unit is BarUnit.DAY

    def _session_labels(self, stamps: Int64Array) -> Int64Array:
        """Return the date of the session that each stamp opens or closes, or `_NO_DATE`."""
        if not self.sessions:
            return np.full(len(stamps), _NO_DATE, np.int64)
        starts, ends, dates = self._edges()
        found = self._late_closes(stamps)
        for edges, other in ((ends, Stamp.OPEN), (starts, Stamp.CLOSE)):
            if self.stamp is not other:
                at = np.minimum(np.searchsorted(edges, stamps), len(edges) - 1)
                found = np.where(edges[at] == stamps, dates[at], found)
        return found

    def _late_closes(self, stamps: Int64Array) -> Int64Array:
        """Return the date of a session that closed early, where the stamp is the usual close."""
        found = np.full(len(stamps), _NO_DATE, np.int64)
        if self.stamp is Stamp.OPEN:
            return found
        _, ends, dates = self._edges()
        clock = ends + utc_offsets(ends, self.zone)
        times, counts = np.unique(clock % NANOSECONDS_IN_DAY, return_counts=True)
        local = stamps + utc_offsets(stamps, self.zone)
        days = local // NANOSECONDS_IN_DAY * NANOSECONDS_IN_DAY
        at = np.minimum(np.searchsorted(dates, days), len(dates) - 1)
        same = (dates[at] == days) & (ends[at] <= stamps)
        usual = local % NANOSECONDS_IN_DAY == times[counts.argmax()]
        return np.where(same & usual, days, found)

    def _between_sessions(self, stamps: Int64Array) -> Mask:
        if not self.sessions:
            return np.zeros(len(stamps), np.bool_)
        starts, ends, _ = self._edges()
        return np.isin(stamps, np.intersect1d(starts, ends))

    def _edges(self) -> tuple[Int64Array, Int64Array, Int64Array]:
        columns = [(s.open, s.close, midnight_utc(s.date)) for s in self.sessions]
        starts, ends, dates = np.array(columns, np.int64).T
        return starts, ends, dates

    def _periods(self, labels: Int64Array) -> tuple[Int64Array, tuple[Misplaced, ...]]:
        """Return the labels of weeks and months that can be told, moved into their own."""
        period = _PERIODS.get(self.bar_type.unit)
        if period is None:
            return labels, ()
        dates = [session.date for session in self.sessions]
        found = [self._period(date_of_label(int(label)), dates) for label in labels]
        amid = np.array([problem == "amid" for _, problem in found], np.bool_)
        open_ = np.array([problem == "open" for _, problem in found], np.bool_)
        return np.array([midnight_utc(date) for date, _ in found], np.int64), (
            (amid, f"lies amid a {period}; such a bar is labelled by its first or its last day"),
            (
                open_,
                f"lies between two {period}s; say --stamp open if the {period} begins then, "
                f"--stamp close if it ends",
            ),
        )

    def _period(self, date: dt.date, sessions: Sequence[dt.date]) -> tuple[dt.date, str]:
        """Return the first date of the period that `date` labels, and what keeps it from that.

        By its first day alone a period is known without a word, whoever labelled it.
        """
        week = self.bar_type.unit is BarUnit.WEEK
        if week and date.weekday() >= _SATURDAY:
            if self.stamp is None:
                return date, "open"
            later = dt.timedelta(days=7 if self.stamp is Stamp.OPEN else 0)
            return self._first(date + later), ""
        begins = date.weekday() == _MONDAY if week else date.day == 1
        if begins and self.stamp is Stamp.CLOSE:
            # At its first midnight a period ends that had begun before.
            return self._first(date - dt.timedelta(days=1)), ""
        return self._first(date), "amid" if self._is_amid(date, sessions) else ""

    def _first(self, date: dt.date) -> dt.date:
        return period_dates(date, self.bar_type)[0]

    def _is_amid(self, date: dt.date, sessions: Sequence[dt.date]) -> bool:
        first, last = period_dates(date, self.bar_type)
        inside = sessions[bisect_left(sessions, first) : bisect_right(sessions, last)]
        if not inside or date <= inside[0]:
            return False
        return date < inside[-1] or self.stamp is Stamp.OPEN


def _following(labels: Int64Array, bar_type: BarType) -> Int64Array:
    """Return midnight UTC of the first date after the day, week or month of each label."""
    if bar_type.unit is BarUnit.DAY:
        return labels + NANOSECONDS_IN_DAY
    lasts = (period_dates(date_of_label(int(label)), bar_type)[1] for label in labels)
    return np.array([midnight_utc(last) for last in lasts], np.int64) + NANOSECONDS_IN_DAY
