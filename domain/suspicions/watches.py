"""All that is watched for, and in which order it is told."""

from __future__ import annotations

from collections.abc import Sequence

from domain.bars import Bars, Int64Array
from domain.instrument import Series
from domain.sessions import Session
from domain.suspicions.days import FlatBars, WholeDays
from domain.suspicions.hours import TradingHours
from domain.suspicions.jumps import PriceJumps
from domain.suspicions.shifts import ShiftedDays
from domain.suspicions.stretches import never_closes
from domain.suspicions.suspicion import Suspicion, Watch, Wording
from domain.suspicions.values import PriceSpikes, ZeroVolume

# What spoils a whole file first, what is often harmless last.
_ORDER = (
    "wrong-zone",
    "stamp-close",
    "stamp-open",
    "closed-venue",
    "price-jump",
    "price-spike",
    "repeated-day",
    "zero-volume",
    "flat-day",
    "outside-session",
)
_OF_THE_CLOCK = frozenset(_ORDER[:3])


class Suspicions:
    """Watches the bars of one series for what is legal, and yet seldom right.

    `regular` and `extended` are the sessions of both kinds of hours, in order, from a day before
    the bars' first date to a day after their last one; where there are none, or the bars are of
    a day and longer, hours are not looked at.
    """

    def __init__(
        self, series: Series, regular: Sequence[Session], extended: Sequence[Session]
    ) -> None:
        words = Wording(series)
        self._watches: list[Watch] = [PriceJumps(words), ZeroVolume(words)]
        if not series.bar_type.is_intraday:
            self._watches.append(FlatBars(words))
            return
        self._watches += [PriceSpikes(words), WholeDays(words)]
        if regular:
            self._watches.append(TradingHours(words, regular, extended or regular))
        if regular and not never_closes(regular):
            self._watches.append(ShiftedDays(words, regular, extended or regular))

    def add(self, bars: Bars, lines: Int64Array) -> None:
        """Look at the next bars, with the line of each.

        All bars meet the rules and come in order of time; a chunk may end amid a day, and have
        other precisions than the one before. What is kept of them grows with the days alone.
        """
        if len(bars):
            for watch in self._watches:
                watch.add(bars, lines)

    def found(self) -> tuple[Suspicion, ...]:
        """Return what was suspicious in all bars so far, at most one of a kind, worst first."""
        all_found = [one for watch in self._watches for one in watch.found()]
        if any(one.kind in _OF_THE_CLOCK for one in all_found):
            # A wrong clock puts bars outside the session: to call that harmless would mislead.
            all_found = [one for one in all_found if one.kind != "outside-session"]
        return tuple(sorted(all_found, key=lambda one: _ORDER.index(one.kind)))
