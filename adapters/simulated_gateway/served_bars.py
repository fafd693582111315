"""Which bars of a listing lie in a stretch of time."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

import numpy as np

from adapters.simulated_gateway.market import Listing, Market
from adapters.simulated_gateway.trading_days import TradingDays
from domain.bar_type import BarType
from domain.bars import Bars, Int64Array
from domain.sessions import Hours, Session, date_of_label, inside_sessions, period_dates


class ServedBars:
    """Bars by when they open: those of a day and longer open with their first session."""

    def __init__(self, market: Market, days: TradingDays) -> None:
        self._market = market
        self._days = days
        self._opens: dict[tuple[Listing, BarType, Hours], Int64Array] = {}

    def between(
        self, listing: Listing, bar_type: BarType, hours: Hours, start: int, end: int
    ) -> Bars:
        """Return the bars that open from `start` on and before `end`, UTC nanoseconds.

        In regular hours they are those alone that open in a regular session.
        """
        bars = self._market.bars_of(listing, bar_type)
        opens = self.opens(listing, bar_type, hours)
        begin, stop = np.searchsorted(opens, [start, end])
        some = bars.take(slice(int(begin), int(max(begin, stop))))
        if bar_type.is_intraday and hours is Hours.REGULAR and len(some):
            return some.take(self._regular(listing, some.ts_open))
        return some

    def first(self, listing: Listing, hours: Hours) -> int | None:
        """Return when the first bar of any type opens, None where nothing is served."""
        firsts = [
            first
            for bar_type in self._market.bar_types(listing)
            for first in self._first(listing, bar_type, hours)
        ]
        return min(firsts, default=None)

    def _first(self, listing: Listing, bar_type: BarType, hours: Hours) -> list[int]:
        opens = self.opens(listing, bar_type, hours)
        if bar_type.is_intraday and hours is Hours.REGULAR:
            opens = opens[self._regular(listing, opens)]
        return [int(opens[0])] if len(opens) else []

    def _regular(self, listing: Listing, opens: Int64Array) -> np.ndarray:
        ends = int(opens[0]), int(opens[-1])
        return inside_sessions(opens, self._days.between(listing, *ends, Hours.REGULAR))

    def opens(self, listing: Listing, bar_type: BarType, hours: Hours) -> Int64Array:
        """Return when each bar of this type opens."""
        bars = self._market.bars_of(listing, bar_type)
        if bar_type.is_intraday or not len(bars):
            return bars.ts_open
        key = (listing, bar_type, hours)
        if key not in self._opens:
            labels = bars.ts_open
            month = 40 * 86_400 * 1_000_000_000
            sessions = self._days.between(
                listing, int(labels[0]) - month, int(labels[-1]) + month, hours
            )
            self._opens[key] = _period_opens(labels, bar_type, sessions)
        return self._opens[key]


def _period_opens(labels: Int64Array, bar_type: BarType, sessions: Sequence[Session]) -> Int64Array:
    """Return when the first session of each label's period opens; the label where it has none."""
    dates = [session.date for session in sessions]
    opens = labels.copy()
    for position, label in enumerate(labels.tolist()):
        first, last = period_dates(date_of_label(label), bar_type)
        index = bisect.bisect_left(dates, first)
        if index < len(dates) and dates[index] <= last:
            opens[position] = sessions[index].open
    return opens
