"""Fetches the sessions in which levels can be compared, before anything is published."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from application.catalog import Catalog
from application.fetch_incoming import Incoming
from application.fetch_joins import Level, level_of
from application.fetch_merging import Arrived
from application.fetch_parts import Part
from application.fetch_plan import SeriesPlan
from application.fetch_shares import Shares
from application.fetch_texts import comparing_text, unanswered
from domain.bars import Bars
from domain.errors import CorruptPartitionError
from domain.fetching import FetchedBars, Wanted
from domain.intervals import IntervalSet
from domain.partitions import names_within
from domain.ports import Clock, Progress

if TYPE_CHECKING:
    from application.fetch_series import SeriesFetch


class Comparison:
    """The sessions of one series of which both the source and others have bars."""

    def __init__(
        self, catalog: Catalog, progress: Progress, plan: SeriesPlan, clock: Clock
    ) -> None:
        self._catalog = catalog
        self._progress = progress
        self._plan = plan
        self._parts = plan.compared
        self.wanted: Wanted = plan.wanted(self._parts)
        self._incoming = Incoming(self.wanted, self._parts, clock)
        self._arrived: list[Arrived] = []
        self._shares: Shares | None = None

    def show(self, shown: contextlib.ExitStack, source: str) -> None:
        """Show how far this is until `shown` ends."""
        text = comparing_text(self._plan.name, self._plan.series, source)
        task = shown.enter_context(self._progress.track(text, Shares.STEPS))
        self._shares = Shares(task, self.wanted.time)

    def take(self, answer: FetchedBars) -> None:
        """Keep an answer.

        Raises:
            UnusableAnswerError: see `AnswerCheck`.
        """
        arrived = self._incoming.add(answer)
        if self._shares:
            self._shares.advance(answer.attested)
        if arrived:
            self._arrived.append(arrived)

    def settle(self, state: SeriesFetch) -> None:
        """Give over what came, if it is on the level of what is held.

        Raises:
            UnusableAnswerError: the source did not answer for all of it.
            LevelDifferenceError: it is not, and nobody has said what to keep.
        """
        rest = self._incoming.finish()
        if not self._incoming.is_done:
            raise unanswered(self._plan.series)
        if rest:
            self._arrived.append(rest)
        came = Arrived(
            tuple(part for one in self._arrived for part in one.parts),
            Bars.concat([one.bars for one in self._arrived]),
            IntervalSet(tuple(each for one in self._arrived for each in one.empty)),
        )
        levels = [level for part in came.parts if (level := self._level(part, came.bars))]
        state.joins(levels, came)

    def _level(self, part: Part, fetched: Bars) -> Level | None:
        series, instrument = self._plan.series, self._plan.instrument
        if instrument is None:
            return None
        held = self._held(part)
        mine, theirs = (bars.take(part.mask(bars, series)) for bars in (fetched, held))
        return level_of(part.date, mine, theirs, instrument, series)

    def _held(self, part: Part) -> Bars:
        holdings = self._plan.holdings
        reader = self._catalog.reader(holdings)
        names = names_within(holdings.partitions, *part.utc_dates(holdings.series.bar_type))
        try:
            return Bars.concat([reader.read(name) for name in names])
        except CorruptPartitionError as error:
            # What cannot be read cannot be compared, and counts as missing from now on.
            if not self._catalog.quarantine(error):
                raise
            self._progress.warn(f"{error.message} Its bars count as missing.")
            return Bars.empty()
