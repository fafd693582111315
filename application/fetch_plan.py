"""What is wanted of one series."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

import attrs

from application.fetch_parts import Part, cut_at_midnight, whole_period
from domain.availability import SeriesHoldings
from domain.bar_type import BarType
from domain.fetching import Wanted
from domain.instrument import Instrument, Series
from domain.intervals import IntervalSet
from domain.partitions import partition_of
from domain.sessions import (
    Hours,
    Session,
    period_dates,
)


@attrs.frozen
class SeriesPlan:
    """What is wanted of one series, in order of time.

    `meant` are the sessions that were asked about, `held` counts those of them that nothing is
    lacking of. `beside` are parts held from other sources next to what is wanted, to compare
    with and not to publish. `known` are all sessions of the calendar from before the first of
    these parts to after the last, by `calendar`, its name. `instrument` is None until somebody has
    said what it is. Of the dates `unreplaced`, which lie before its first bar, the source has
    nothing to replace what others gave. The sessions `early` lie there, too, and nothing is held
    of them. It `is_to_come` where no session that was asked about is over.
    """

    name: str
    series: Series
    hours: Hours
    holdings: SeriesHoldings
    meant: tuple[Session, ...]
    parts: tuple[Part, ...]
    known: tuple[Session, ...]
    beside: tuple[Part, ...] = ()
    held: int = 0
    instrument: Instrument | None = None
    asks_history_start: bool = False
    calendar: str = ""
    unreplaced: tuple[dt.date, ...] = ()
    early: tuple[Session, ...] = ()
    is_to_come: bool = False

    @property
    def compared(self) -> tuple[Part, ...]:
        """The parts, in order of time, in which levels can be compared."""
        found = [*self.beside, *(part for part in self.parts if part.joins)] if self.parts else []
        return tuple(sorted(found, key=lambda part: part.date))

    @property
    def outside(self) -> tuple[dt.date, ...]:
        """The dates of sessions that were not asked about, and are replaced all the same."""
        meant = set(self.meant)
        replaced = (one for part in self.parts if part.replaces for one in part.sessions)
        return tuple(one.date for one in replaced if one not in meant)

    @property
    def dates(self) -> tuple[dt.date, dt.date] | None:
        """The first and the last date that was meant."""
        return (self.meant[0].date, self.meant[-1].date) if self.meant else None

    def of(self, instrument: Instrument) -> SeriesPlan:
        """Return the plan for an instrument that is now known; after its expiry is nothing."""
        expiry = instrument.expiry
        kept = [one for one in self.parts if expiry is None or one.date <= expiry]
        beside = self.beside if kept else ()
        return attrs.evolve(self, instrument=instrument, parts=tuple(kept), beside=beside)

    def near(self, dates: Iterable[dt.date]) -> tuple[Part, ...]:
        """Return the whole days, weeks or months of some sessions, to compare levels there."""
        firsts = {period_dates(date, self.series.bar_type)[0] for date in dates}
        return tuple(
            whole_period(first, self.known, self.series.bar_type) for first in sorted(firsts)
        )

    def wanted(self, parts: Sequence[Part], *, asks_history_start: bool = False) -> Wanted:
        """Return what the source is asked for to get `parts` of this plan."""
        if self.instrument is None:
            raise ValueError(f"{self.series}: its instrument is not known yet")
        return Wanted(
            self.series,
            self.instrument,
            self._sessions_of(parts),
            IntervalSet(tuple(one for part in parts for one in part.time)),
            self.hours,
            asks_history_start,
            None if asks_history_start else self.holdings.history_start,
        )

    def _sessions_of(self, parts: Sequence[Part]) -> tuple[Session, ...]:
        """Return all sessions from the first part to the last, those between them included."""
        if not parts:
            return ()
        first, last = parts[0].date, parts[-1].sessions[-1].date
        return tuple(one for one in self.known if first <= one.date <= last)

    def bars_expected(self) -> dict[str, int]:
        """Return how many bars each partition will hold afterwards, at the most."""
        counts: dict[str, int] = {}
        for part in self.parts:
            for name, bars in _expected(part, self.series.bar_type):
                held = self.holdings.partitions.get(name)
                counts[name] = counts.get(name, held.bars if held else 0) + bars
        return counts


def _expected(part: Part, bar_type: BarType) -> Iterator[tuple[str, int]]:
    if not bar_type.is_intraday:
        yield str(part.date.year), 1
        return
    for piece in cut_at_midnight(part.time):
        yield partition_of(piece.start, bar_type), -(-(piece.end - piece.start) // bar_type.length)
