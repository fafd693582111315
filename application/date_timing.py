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
    """Finds the dates of stamps, which name one by themselves or lie in its session.

    `label` turns stamps into midnights UTC where all of them are dates, and is None where they
    are times. `stamp` None leaves open which end of a bar a stamp names.
    """

    bar_type: BarType
    sessions: Sequence[Session]
    zone: zoneinfo.ZoneInfo
    stamp: Stamp | None
    label: Callable[[Int64Array], Int64Array] | None

    def dated(self, stamps: Int64Array) -> Dated:
        """Return the dates and closes of bars with these `stamps` (UTC nanoseconds)."""
        labels, misplaced = self._labels(stamps)
        labels, amid = self._periods(labels)
        closes = daily_closes(labels, self.bar_type, self.sessions)
        closed = closes == NO_SESSION
        for mask, _ in (*misplaced, *amid):
            closed &= ~mask
        return Dated(
            labels,
            np.where(closes == NO_SESSION, labels, closes),
            (*misplaced, *amid, (closed, "the venue had no session then")),
        )

    def _labels(self, stamps: Int64Array) -> tuple[Int64Array, tuple[Misplaced, ...]]:
        if self.label is not None:
            return self.label(stamps), ()
        labels = self._session_labels(stamps)
        lost = labels == _NO_DATE
        days = stamps // NANOSECONDS_IN_DAY * NANOSECONDS_IN_DAY
        between = self._between_sessions(stamps) if self.stamp is None else np.zeros_like(lost)
        return np.where(lost, days, labels), (
            (lost, f"lies in no session, so that it names no date, as {self.bar_type} bars need"),
            (between, "ends a session and begins the next; say which by --stamp"),
        )

    def _session_labels(self, stamps: Int64Array) -> Int64Array:
        """Return the date of the session that each stamp lies in, its edges included."""
        found = self._dates_on_clock(stamps)
        if not self.sessions:
            return found
        starts, ends, dates = self._edges()
        index = np.searchsorted(starts, stamps, side="right") - 1
        if self.stamp is Stamp.CLOSE:
            # A stamp that ends a session is that session's, though the next one begins there.
            before = np.maximum(index - 1, 0)
            index = np.where((index > 0) & (ends[before] == stamps), before, index)
        at = np.maximum(index, 0)
        return np.where((index >= 0) & (stamps <= ends[at]), dates[at], found)

    def _dates_on_clock(self, stamps: Int64Array) -> Int64Array:
        """Return each stamp's date by the venue's clock, if a session of it ends on that date."""
        days = (stamps + utc_offsets(stamps, self.zone)) // NANOSECONDS_IN_DAY * NANOSECONDS_IN_DAY
        edges = np.array([(s.open, s.close) for s in self.sessions], np.int64).reshape(-1, 2)
        local = (edges + utc_offsets(edges.ravel(), self.zone).reshape(-1, 2)) // NANOSECONDS_IN_DAY
        whole = local[local[:, 0] == local[:, 1], 0] * NANOSECONDS_IN_DAY
        return np.where(np.isin(days, whole), days, _NO_DATE)

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
        found = [self._period(date_of_label(int(label))) for label in labels]
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

    def _period(self, date: dt.date) -> tuple[dt.date, str]:
        """Return the date by which the period of `date` is known, and what keeps it from that."""
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
        return date, "amid" if self._is_amid(date) else ""

    def _first(self, date: dt.date) -> dt.date:
        """Return the first day of the period, by which alone it is known without a word."""
        return period_dates(date, self.bar_type)[0]

    def _is_amid(self, date: dt.date) -> bool:
        first, last = period_dates(date, self.bar_type)
        dates = [session.date for session in self.sessions]
        inside = dates[bisect_left(dates, first) : bisect_right(dates, last)]
        return bool(inside) and inside[0] < date < inside[-1]
