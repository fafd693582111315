"""Which sources the held bars of a session came from."""

from __future__ import annotations

import datetime as dt

from domain.availability import SeriesHoldings
from domain.events import CoverageBasis
from domain.intervals import IntervalSet
from domain.partitions import partition_of
from domain.sessions import NANOSECONDS_IN_DAY, Session, period_dates

_BETWEEN = "+"


class HeldSources:
    """Tells whether others than the source `own` have given bars of a session."""

    def __init__(self, holdings: SeriesHoldings, own: str) -> None:
        partitions = holdings.partitions
        self._bar_type = holdings.series.bar_type
        sources = partitions.each("source")
        bases = partitions.each("basis")
        others = {
            name
            for name, source, basis in zip(partitions, sources, bases, strict=True)
            if source != own or basis is CoverageBasis.INFERRED
        }
        covered = zip(partitions, partitions.each("coverage"), strict=True)
        self._covered = {name: coverage for name, coverage in covered if name in others}
        dated = zip(partitions, partitions.each("trading_dates"), strict=True)
        self._periods = {
            self._period(date) for name, dates in dated if name in others for date in dates
        }

    def others(self, session: Session) -> bool:
        """Whether bars of `session` are held that are not, or not all, from the source itself."""
        if not self._covered:
            return False
        if not self._bar_type.is_intraday:
            return self._period(session.date) in self._periods
        hours = IntervalSet.of((session.open, session.close))
        days = range(
            session.open // NANOSECONDS_IN_DAY * NANOSECONDS_IN_DAY,
            session.close,
            NANOSECONDS_IN_DAY,
        )
        names = (partition_of(day, self._bar_type) for day in days)
        return any(
            bool(self._covered[name].intersection(hours)) for name in names if name in self._covered
        )

    def _period(self, date: dt.date) -> dt.date:
        return period_dates(date, self._bar_type)[0]


def joined_sources(held: str, own: str) -> str:
    """Return the names of both sources, each once: `csv+ibkr`."""
    names = dict.fromkeys([*held.split(_BETWEEN), own])
    return _BETWEEN.join(names)


def joined_details(held: str, own: str) -> str:
    """Return what is known of both requests or files, however often this is done."""
    first = held.split(f" {_BETWEEN} ")[0]
    return own if first == own else f"{first} {_BETWEEN} {own}"
