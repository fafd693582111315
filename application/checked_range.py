"""Which sessions a check is about: those of the range that was named, or of what is held."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Self

import attrs

from domain.availability import SeriesHoldings
from domain.bar_type import BarType
from domain.ends import Ends
from domain.errors import NothingHeldError
from domain.intervals import Interval
from domain.sessions import Session, date_of_label, whole_periods
from domain.venues import venue
from domain.window import FAR_FUTURE, FAR_PAST, Bound, Window

# A session can begin on the evening before its date, and the clock of a venue differs from UTC.
_MARGIN = dt.timedelta(days=2)


@attrs.frozen
class CheckedRange:
    """Dates to ask the calendar for, and the time that sessions must touch to be meant.

    Dates that were named choose sessions by their date, and take them whole. Of a session that
    an instant cuts, only the time `within` counts. Where nothing was named, the sessions are
    those that touch what is held, damaged partitions included. Stamps are UTC nanoseconds.
    """

    window: Window
    first: dt.date
    last: dt.date
    touched: Interval
    within: Interval

    @classmethod
    def of(cls, window: Window, holdings: SeriesHoldings, now: int) -> Self:
        """Return the range that `window` and what is held make.

        Raises:
            NothingHeldError: an end is open, and nothing is held to take it from.
        """
        zone = venue(holdings.series.instrument_id.venue).tzinfo
        start, end = window.bounds(zone)
        dates = window.dates(zone)
        edges = held_edges(holdings)
        if window.start is None and (edges is None or edges.start >= end):
            raise NothingHeldError(
                f"The Parquet catalog holds no {holdings.series} to begin with.",
                "Name --start and --end, or import some first: barledger import-csv FILE -i "
                f"'{holdings.series.instrument_id}'",
            )
        held_start = edges.start if edges else FAR_PAST
        # Where all that is held lies before the start, what is asked for is the time since.
        held_end = edges.end if edges and edges.end > start else now
        within = Interval(
            start if isinstance(window.start, dt.datetime) else FAR_PAST,
            end if isinstance(window.end, dt.datetime) else FAR_FUTURE,
        )
        since = held_start if window.start is None else within.start
        touched = Interval(since, max(since, held_end) if window.end is None else within.end)
        return cls(
            window,
            _query(window.start, dates[0], touched.start, -_MARGIN),
            # Nothing after today is over, however far away the end was set.
            min(_query(window.end, dates[1], touched.end, _MARGIN), date_of_label(now) + _MARGIN),
            touched,
            within,
        )

    def chosen(self, sessions: Sequence[Session]) -> list[Session]:
        """Return the sessions that are meant, of those that the calendar has."""
        touched, dated = self.touched, (one for one in sessions if self._has(one.date))
        return [one for one in dated if one.close > touched.start and one.open < touched.end]

    def _has(self, date: dt.date) -> bool:
        return self.first <= date <= self.last

    def whole_periods(self, bar_type: BarType) -> tuple[dt.date, dt.date]:
        """Return from when to when sessions must be known: a bar ends with its period's last."""
        return whole_periods(min(self.first, self.last), self.last, bar_type)

    def shown(
        self, holdings: SeriesHoldings, sessions: Sequence[Session], ends: Ends, now: int
    ) -> tuple[dt.date, dt.date] | None:
        """Return the first and last date that was judged, closed days at the ends included.

        None where no session was over before the first that was not.
        """
        over = [one for one in sessions if ends.is_over(one, now)]
        known = [one.date for one in over]
        if self.window.is_open:
            known += holdings.trading_dates
        first = _named(self.window.start) or min(known, default=self.first)
        last = _named(self.window.end) or max(known, default=self.last)
        last = min(last, self.last) if self.window.end else last
        if len(over) < len(sessions):
            last = min(last, sessions[len(over)].date - dt.timedelta(days=1))
        return (first, last) if first <= last else None

    def joined(
        self,
        held: Sequence[dt.date],
        sessions: Sequence[Session],
        shown: tuple[dt.date, dt.date] | None,
    ) -> tuple[dt.date, dt.date] | None:
        """Return the first and last date held, over closed days to the ends that were named."""
        if not held:
            return None
        dates = [one.date for one in sessions]
        start, end = held[0], held[-1]
        if shown is None:
            return start, end
        if _named(self.window.start) and not any(date < start for date in dates):
            start = min(start, shown[0])
        if _named(self.window.end) and not any(end < date <= shown[1] for date in dates):
            end = max(end, shown[1])
        return start, end


def held_edges(holdings: SeriesHoldings) -> Interval | None:
    """Return the time from the first to the last that is held, or was until it was damaged."""
    covered = [*holdings.partitions.each("coverage"), holdings.lost]
    starts = [one.intervals[0].start for one in covered if one]
    ends = [one.intervals[-1].end for one in covered if one]
    return Interval(min(starts), max(ends)) if starts else None


def _query(bound: Bound | None, date: dt.date | None, edge: int, margin: dt.timedelta) -> dt.date:
    """Return the date from or up to which the calendar is asked."""
    if date is not None and _named(bound):
        return date
    return date_of_label(edge) + margin


def _named(bound: Bound | None) -> dt.date | None:
    """Return the date that was named as such."""
    return None if isinstance(bound, dt.datetime) else bound
