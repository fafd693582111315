"""Fetches what a backtest lacks, before anything of it is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from application.backtest_bars import Leg
from application.backtest_gaps import judged_sessions
from application.fetch import FetchBars
from application.fetch_left import as_sentence, why_nothing
from application.fetch_request import FetchItem, FetchRequest, SeriesOutcome
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
    """What a fetch brought for a backtest, by series.

    `names` are those that were typed, with the instruments that they turned out to mean.
    `problem` is why nothing could be fetched, if that is so; it is None also where nothing was
    lacking.
    """

    outcomes: Mapping[Series, SeriesOutcome] = attrs.field(factory=dict)
    names: Mapping[str, InstrumentId] = attrs.field(factory=dict)
    problem: BarledgerError | None = None

    @property
    def brought_bars(self) -> bool:
        """Whether anything came."""
        return any(one.bars_fetched for one in self.outcomes.values())

    @property
    def unwritable(self) -> CatalogReadOnlyError | None:
        """Return the error that kept bars, which the source may have, from being written."""
        return self.problem if isinstance(self.problem, CatalogReadOnlyError) else None

    def leaves(self, series: Series) -> bool:
        """Whether the source gave nothing of some sessions of `series`, which confirms nothing."""
        return series in self.outcomes and bool(self.outcomes[series].left)

    def named(self, name: str) -> InstrumentId | None:
        """Return the instrument that was asked for by `name`, which only the source may know."""
        return self.names.get(name)

    def why_not(self, series: Series) -> str:
        """Return a sentence, with a space before it, on why bars of `series` were not fetched."""
        if self.problem is not None:
            return f" {self.problem.message}"
        outcome = self.outcomes.get(series)
        why = why_nothing(outcome) if outcome else None
        if self.leaves(series):
            gave = "the source gave no bars of it, which confirms nothing: a later run asks again"
            why = f"{why}; {gave}" if why else gave
        return as_sentence(why) if why else ""


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
            outcome = self._fetch.run(FetchRequest(tuple(items), window, needs_all=True))
        except (GatewayUnreachableError, CatalogReadOnlyError) as error:
            return Fetched(problem=error)
        return Fetched({one.series: one for one in outcome.series}, outcome.names)

    def _item(
        self, name: str, bar_type: BarType, window: Window, availability: Availability
    ) -> FetchItem | None:
        """Return what to fetch for an instrument, None where nothing of it is lacking."""
        try:
            instrument_id = resolve(name, availability)
        except DataNotFoundError:
            return FetchItem(name, bar_type)
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
        leg = Leg(name, instrument, held, window, window, calendar)
        judged = judged_sessions(leg, self._calendar, self._clock.now())
        # Whoever names no range takes what is held: a part of a session is held, too.
        lacking = _LACKING if window.is_open else _LACKING | {Status.PARTIAL}
        return any(one.status in lacking for one in judged)


def used(fetched: Fetched, counts: Mapping[InstrumentId, int]) -> int:
    """Return how many of the bars that were loaded came from the source in this run."""
    return sum(
        min(one.bars_fetched, counts.get(series.instrument_id, 0))
        for series, one in fetched.outcomes.items()
    )
