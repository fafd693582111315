"""Fetches sessions in which levels can be compared, and compares them."""

from __future__ import annotations

import bisect
import contextlib
import datetime as dt
from collections.abc import Iterator, Sequence

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
from domain.sessions import Session
from domain.window import FAR_FUTURE


class Comparison:
    """The `parts` of one series of which bars are held, and fetched to be compared."""

    def __init__(
        self,
        catalog: Catalog,
        progress: Progress,
        plan: SeriesPlan,
        parts: Sequence[Part],
        clock: Clock,
    ) -> None:
        self._catalog = catalog
        self._progress = progress
        self._plan = plan
        self.wanted: Wanted = plan.wanted(parts)
        self._incoming = Incoming(self.wanted, parts, clock, plan.known)
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

    def result(self) -> tuple[list[Level], Arrived]:
        """Return how levels compare, and what came; of some sessions that may not be all.

        Raises:
            UnusableAnswerError: the source did not say a word.
        """
        rest = self._incoming.finish()
        if not self._incoming.is_done:
            raise unanswered(self._plan.series)
        came = _together([*self._arrived, rest] if rest else self._arrived)
        levels = [self._level(parts, came.bars) for parts in self._stretches(came.parts)]
        return levels, came

    def _stretches(self, parts: Sequence[Part]) -> Iterator[list[Part]]:
        """Yield the parts to be judged together: bars of a day and longer tell little alone."""
        stretch: list[Part] = []
        for part in parts:
            if stretch and not self._goes_on(stretch[-1], part):
                yield stretch
                stretch = []
            stretch.append(part)
        if stretch:
            yield stretch

    def _goes_on(self, before: Part, part: Part) -> bool:
        if self._plan.series.bar_type.is_intraday:
            return False
        known = self._plan.known
        last = bisect.bisect_left(known, before.sessions[-1].date, key=_date_of)
        return bisect.bisect_left(known, part.date, key=_date_of) == last + 1

    def _level(self, parts: Sequence[Part], fetched: Bars) -> Level:
        series, instrument = self._plan.series, self._plan.instrument
        if instrument is None:
            raise ValueError(f"{series}: its instrument is not known yet")
        mine = [fetched.take(part.mask(fetched, series)) for part in parts]
        theirs = [self._held(part) for part in parts]
        return level_of(parts[0].date, Bars.concat(mine), Bars.concat(theirs), instrument, series)

    def _held(self, part: Part) -> Bars:
        holdings = self._plan.holdings
        reader = self._catalog.reader(holdings)
        names = names_within(holdings.partitions, *part.utc_dates(holdings.series.bar_type))
        try:
            held = Bars.concat([reader.read(name) for name in names])
            return held.take(part.mask(held, self._plan.series))
        except CorruptPartitionError as error:
            # What cannot be read cannot be compared, and counts as missing from now on.
            if not self._catalog.quarantine(error):
                raise
            self._progress.warn(f"{error.message} Its bars count as missing.")
            return Bars.empty()


def _together(arrived: Sequence[Arrived]) -> Arrived:
    return Arrived(
        tuple(part for one in arrived for part in one.parts),
        Bars.concat([one.bars for one in arrived]),
        IntervalSet(tuple(each for one in arrived for each in one.empty)),
        frozenset(date for one in arrived for date in one.short),
        tuple(part for one in arrived for part in one.before),
        min((one.as_of for one in arrived), default=FAR_FUTURE),
    )


def _date_of(session: Session) -> dt.date:
    return session.date
