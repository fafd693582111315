"""Steps from held to fetched bars that are too large for a market: one may be on another level.

IBKR adjusts all of a history when a share is split, so that what was fetched before and what is
fetched after do not fit each other.
"""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from application.catalog import Catalog
from application.fetch_merging import Arrived
from application.fetch_parts import Part, whole_period
from application.fetch_plan import SeriesPlan
from domain.bars import Bars
from domain.errors import CorruptPartitionError
from domain.partitions import names_within
from domain.sessions import Session, period_dates
from domain.suspicions.jumps import jumped

# Partitions of a year are looked at for many sessions in a row.
_REMEMBERED = 4


class Jumps:
    """Looks at the joins of what arrives with what was held before the fetch."""

    def __init__(self, catalog: Catalog, plan: SeriesPlan) -> None:
        self._reader = catalog.reader(plan.holdings)
        self._plan = plan
        self._bar_type = plan.series.bar_type
        self._known = plan.known
        self._wanted = {one.date for part in plan.parts for one in part.sessions}
        self._compared = {one.date for part in plan.compared for one in part.sessions}
        self._read: dict[str, Bars] = {}

    def at(self, arrived: Arrived) -> set[dt.date]:
        """Return dates of held sessions from which, or to which, prices jump.

        Where levels were compared already, and where held bars are to be replaced, nothing is
        looked at.
        """
        if not self._plan.holdings.partitions or not len(arrived.bars):
            return set()
        return {date for part in arrived.parts for date in self._jumps(part, arrived.bars)}

    def _jumps(self, part: Part, bars: Bars) -> Iterator[dt.date]:
        near = list(self._held_near(part))
        if not near:
            return
        fetched = bars.take(part.mask(bars, self._plan.series))
        parts = [fetched, *(held for _, held in near)]
        dates = [None, *(date for date, _ in near)]
        both = Bars.concat(parts)
        origin = np.repeat(np.arange(len(parts)), [len(one) for one in parts])
        order = np.argsort(both.ts_open, kind="stable")
        both, origin = both.take(order), origin[order]
        for place in np.flatnonzero(_joins(origin) & jumped(both.close[:-1], both.open[1:])):
            held = max(int(origin[place]), int(origin[place + 1]))
            date = dates[held]
            if date is not None:
                yield date

    def _held_near(self, part: Part) -> Iterator[tuple[dt.date, Bars]]:
        """Yield the held bars beside a part and, where they stay, amid it, with their sessions."""
        first = bisect.bisect_left(self._known, part.date, key=_date_of)
        last = first + len(part.sessions) - 1
        known = self._known
        before = (known[place] for place in range(first - 1, -1, -1))
        after = (known[place] for place in range(last + 1, len(known)))
        sessions = [one for one in map(self._next_held, (before, after)) if one]
        if not part.replaces and not part.is_whole:
            sessions += part.sessions
        for session in sessions:
            held = self._held_of(session)
            if len(held) and session.date not in self._compared:
                yield session.date, held

    def _next_held(self, beyond: Iterable[Session]) -> Session | None:
        """Return the first session `beyond` that may have bars, None where it is not held."""
        empty = self._plan.holdings.confirmed_empty
        for one in beyond:
            if one.date in self._wanted:
                return None
            if len(self._held_of(one)):
                return one
            if not any(each.start <= one.open and one.close <= each.end for each in empty):
                return None
        return None

    def _held_of(self, session: Session) -> Bars:
        first = period_dates(session.date, self._bar_type)[0]
        part = whole_period(first, self._known, self._bar_type)
        names = names_within(self._plan.holdings.partitions, *part.utc_dates(self._bar_type))
        bars = Bars.concat([self._of(name) for name in names])
        return bars.take(part.mask(bars, self._plan.series))

    def _of(self, name: str) -> Bars:
        if name not in self._read:
            while len(self._read) >= _REMEMBERED:
                del self._read[next(iter(self._read))]
            try:
                self._read[name] = self._reader.read(name)
            except CorruptPartitionError:
                # Whoever publishes beside it tells of the damage.
                self._read[name] = Bars.empty()
        return self._read[name]


def _joins(origin: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return between which neighbours one is fetched and the other held."""
    found: NDArray[np.bool_] = (origin[:-1] == 0) != (origin[1:] == 0)
    return found


def _date_of(session: Session) -> dt.date:
    return session.date
