"""What lies beside what is wanted, to compare levels of prices with."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Iterator, Sequence

from application.fetch_parts import Part, whole_period
from application.fetch_sources import HeldSources
from domain.bar_type import BarType
from domain.ends import Ends
from domain.sessions import (
    Session,
    period_dates,
)

# A price of a day differs by the moment that counts as its close: the median of so many tells.
_LONG_BARS_COMPARED = 5


class Neighbours:
    """What other sources hold next to what is wanted."""

    def __init__(
        self, known: Sequence[Session], sources: HeldSources, bar_type: BarType, now: int
    ) -> None:
        self._known = known
        self._sources = sources
        self._bar_type = bar_type
        self._now = now

    def beside(self, wanted: Iterable[Session]) -> tuple[Part, ...]:
        """Return what other sources hold next to each run of wanted sessions.

        Of bars of a day and longer several are taken: one alone tells little of a level.
        """
        periods = list(dict.fromkeys(map(self._period, self._known)))
        of_wanted = {self._period(one) for one in wanted}
        most = 1 if self._bar_type.is_intraday else _LONG_BARS_COMPARED
        found: set[dt.date] = set()
        for place, one in enumerate(periods):
            if one in of_wanted:
                before = periods[max(place - most, 0) : place][::-1]
                found.update(self._next_to(before, of_wanted))
                found.update(self._next_to(periods[place + 1 : place + 1 + most], of_wanted))
        return tuple(whole_period(one, self._known, self._bar_type) for one in sorted(found))

    def _next_to(self, beyond: Sequence[dt.date], of_wanted: set[dt.date]) -> Iterator[dt.date]:
        """Yield those of the periods `beyond` that can be compared, up to one that cannot."""
        for one in beyond:
            if one in of_wanted or one not in self._comparable:
                return
            yield one

    @functools.cached_property
    def _comparable(self) -> set[dt.date]:
        """The periods that are over, and that other sources gave bars of."""
        others = self._sources.others
        ends = Ends(self._bar_type, self._known)
        over = (one for one in self._known if ends.is_over(one, self._now))
        return {self._period(one) for one in over if others(one)}

    def _period(self, session: Session) -> dt.date:
        return period_dates(session.date, self._bar_type)[0]
