"""In which hours a series is held, so that bringing it up to date forgets none of them."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence

from application.checked_range import held_edges
from domain.availability import SeriesHoldings
from domain.bar_type import BarType
from domain.gaps import trading_time
from domain.intervals import Interval, IntervalSet
from domain.ports import TradingCalendar
from domain.sessions import Hours, Session, date_of_label
from domain.timeline import Timeline

# A holiday between two days, or a day that a backtest fetched, makes no series a regular one.
_LAST_SESSIONS = 5
# The closing auction's bar lies beyond the close; by itself it is no hour after market.
_AUCTION = 5 * 60 * 1_000_000_000
_MARGIN = dt.timedelta(days=1)


class HeldHours:
    """Tells from coverage alone whether the last held sessions have bars beside regular hours."""

    def __init__(
        self,
        calendar: TradingCalendar,
        holdings: SeriesHoldings,
        named: str | None,
    ) -> None:
        self._calendar = calendar
        self._named = named
        self._holdings = holdings

    def extended_since(self) -> dt.date | None:
        """Return the first date of the last run of sessions that are held in extended hours.

        None where none of the last sessions that are held is, or bars are of a day and longer.
        """
        bar_type, edges = self._holdings.series.bar_type, held_edges(self._holdings)
        if edges is None or not bar_type.is_intraday:
            return None
        regular = {one.date: one for one in self._sessions(edges, Hours.REGULAR)}
        extended = self._sessions(edges, Hours.EXTENDED)
        if all(regular.get(one.date) == one for one in extended):
            return None
        found = _outside(self._holdings, extended, regular, _least(bar_type))
        runs = [(is_so, list(run)) for is_so, run in itertools.groupby(found, lambda one: one[1])]
        after = 0
        for is_so, run in runs[:2]:
            if is_so and after < _LAST_SESSIONS:
                return run[-1][0].date
            after += len(run)
        return None

    def _sessions(self, edges: Interval, hours: Hours) -> Sequence[Session]:
        first, last = date_of_label(edges.start) - _MARGIN, date_of_label(edges.end) + _MARGIN
        instrument_id = self._holdings.series.instrument_id
        return self._calendar.sessions(instrument_id, first, last, self._named, hours)


def _least(bar_type: BarType) -> int:
    return max(_AUCTION, bar_type.length)


def _outside(
    holdings: SeriesHoldings,
    extended: Sequence[Session],
    regular: dict[dt.date, Session],
    least: int,
) -> Iterator[tuple[Session, bool]]:
    """Yield the sessions that are held, the last first, and whether so beside regular hours."""
    each = holdings.partitions.each("coverage")
    covered = IntervalSet(tuple(one for coverage in each for one in coverage))
    held = Timeline(covered)
    for session in reversed(extended):
        if not held.touches(session.open, session.close):
            continue
        beside = trading_time(session)
        if session.date in regular:
            usual = regular[session.date]
            beside = beside.difference(IntervalSet.of((usual.open, usual.close)))
        lacking = sum(hole.end - hole.start for one in beside for hole in held.holes(one))
        yield session, beside.duration - lacking > least
