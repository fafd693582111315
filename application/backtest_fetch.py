"""Fetches what a backtest lacks, before anything of it is loaded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import attrs

from application.backtest_bars import Leg
from application.backtest_gaps import judged_sessions
from application.fetch import FetchBars
from application.fetch_request import FetchItem, FetchRequest
from application.instruments import definition, resolve
from domain.availability import Availability
from domain.bar_type import BarType
from domain.errors import (
    BarledgerError,
    CatalogReadOnlyError,
    DataNotFoundError,
    GatewayUnreachableError,
)
from domain.gaps import Status
from domain.instrument import InstrumentId, Series
from domain.ports import Clock, TradingCalendar
from domain.window import Window

_LACKING = frozenset({Status.MISSING, Status.CORRUPT})


@attrs.frozen
class Fetched:
    """What a fetch brought for a backtest.

    `bars` and `left`, the sessions of which the source has no bars yet, are by series. `problem`
    is why nothing could be fetched, if that is so; it is None also where nothing was lacking.
    """

    bars: Mapping[Series, int] = attrs.field(factory=dict)
    left: Mapping[Series, Sequence[dt.date]] = attrs.field(factory=dict)
    problem: BarledgerError | None = None

    @property
    def brought_bars(self) -> bool:
        """Whether anything came."""
        return any(self.bars.values())

    def why_not(self, series: Series) -> str:
        """Return a sentence, with a space before it, on why bars of `series` were not fetched."""
        if self.problem is not None:
            return f" {self.problem.message}"
        return " The source has no bars of it yet." if series in self.left else ""


class BacktestFetch:
    """Looks for what is lacking, as `check` does, and asks the source for that alone."""

    def __init__(self, fetch: FetchBars, calendar: TradingCalendar, clock: Clock) -> None:
        self._fetch = fetch
        self._calendar = calendar
        self._clock = clock

    def run(
        self,
        names: Sequence[str],
        bar_type: BarType,
        window: Window,
        availability: Availability,
    ) -> Fetched:
        """Fetch what is lacking of the instruments `names`; the source is left alone if nothing is.

        Where it cannot be reached, or the catalog cannot be written to, that is told in the
        result: what is held may do.

        Raises:
            what `FetchBars.run` raises of other failures.
        """
        items = [
            item
            for name in dict.fromkeys(names)
            if (item := self._item(name, bar_type, window, availability)) is not None
        ]
        if not items:
            return Fetched()
        try:
            outcome = self._fetch.run(FetchRequest(tuple(items), window))
        except (GatewayUnreachableError, CatalogReadOnlyError) as error:
            return Fetched(problem=error)
        return Fetched(
            {one.series: one.bars_fetched for one in outcome.series},
            {one.series: one.left for one in outcome.series if one.left},
        )

    def _item(
        self, name: str, bar_type: BarType, window: Window, availability: Availability
    ) -> FetchItem | None:
        """Return what to fetch for an instrument, None where nothing of it is lacking."""
        try:
            instrument_id = resolve(name, availability)
        except DataNotFoundError:
            return None if window.is_open else FetchItem(name, bar_type)
        if self._lacks(name, Series(instrument_id, bar_type), window, availability):
            return FetchItem(name, bar_type, instrument_id)
        return None

    def _lacks(self, name: str, series: Series, window: Window, availability: Availability) -> bool:
        held = availability.holdings(series)
        if not held.partitions:
            return not window.is_open
        instrument = definition(series.instrument_id, availability)
        if instrument is None:
            return False
        calendar = availability.calendar_of(series.instrument_id)
        leg = Leg(name, instrument, held, window, calendar)
        judged = judged_sessions(leg, self._calendar, self._clock.now())
        # Whoever names no range takes what is held: a part of a session is held, too.
        lacking = _LACKING if window.is_open else _LACKING | {Status.PARTIAL}
        return any(one.status in lacking for one in judged)


def used(fetched: Fetched, counts: Mapping[InstrumentId, int]) -> int:
    """Return how many of the bars that were loaded came from the source in this run."""
    return sum(
        min(bars, counts.get(series.instrument_id, 0)) for series, bars in fetched.bars.items()
    )
