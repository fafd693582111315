"""One series while a source is being asked for it."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Sequence

import attrs

from application.catalog import Catalog
from application.fetch_holes import Holes
from application.fetch_incoming import Incoming
from application.fetch_joins import Level, adjusted_since, joined_text, level_difference
from application.fetch_jumps import Jumps
from application.fetch_merging import Arrived
from application.fetch_notices import Gathered
from application.fetch_parts import Part
from application.fetch_plan import SeriesPlan
from application.fetch_publishing import Publisher
from application.fetch_report import SeriesReport
from application.fetch_request import Keep
from application.fetch_shares import Shares
from application.fetch_texts import fetching_text, stray_text, unanswered
from domain.bars import Bars
from domain.errors import BarledgerError
from domain.fetching import FetchedBars, Stray, Wanted
from domain.ports import Clock, Progress


class SeriesFetch:
    """What is still wanted of a series, and why it failed if it did.

    `failed_as` counts the series that failed before. `report` tells what was published, and
    `holes` what the source lacks amid that, when it is closed.
    """

    def __init__(
        self,
        catalog: Catalog,
        progress: Progress,
        plan: SeriesPlan,
        source: str,
        clock: Clock,
        keep: Keep | None,
        gathered: Gathered,
    ) -> None:
        self.plan = plan
        self.error: BarledgerError | None = None
        self.failed_as = 0
        self._progress = progress
        self._source = source
        self._clock = clock
        self.holes = Holes(plan, source)
        self.report = SeriesReport(plan, source, gathered, clock, keep)
        self._keep = keep
        self._publisher = Publisher(catalog, progress, plan, source, clock, keep)
        self._jumps = Jumps(catalog, plan)
        self._doubted: set[dt.date] = set()
        self._held_back: list[Arrived] = []
        self._strays: set[dt.date] = set()
        self._ready: Arrived | None = None
        self._completed = False
        self._shown = contextlib.ExitStack()
        self._shares: Shares | None = None
        self._incoming: Incoming | None = None
        self.wanted: Wanted | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come, because all is there or because it failed."""
        return self._completed or self.error is not None

    @property
    def doubts(self) -> tuple[Part, ...]:
        """Held sessions to compare before the rest is published: prices jump next to them."""
        return self.plan.near(self._doubted) if not self.is_over else ()

    def joins(self, levels: Sequence[Level], came: Arrived) -> None:
        """Take over sessions that were compared with those held from other sources.

        Raises:
            LevelDifferenceError: they are not on one level, and nobody has said what to keep.
        """
        compared = self.report.compared = joined_text(levels, self._source)
        differs = any(one.differs for one in levels)
        if differs and self._keep is None:
            raise level_difference(self.plan, levels, self._source)
        unsure = any(one.is_doubtful for one in levels) or not any(one.bars for one in levels)
        if compared and (differs or unsure):
            self._progress.warn(f"{self.plan.name}: {compared}")
        beside = {part.date for part in self.plan.beside}
        parts = tuple(part for part in came.parts if part.date not in beside)
        before = tuple(part for part in came.before if part.date not in beside)
        if parts or before:
            bars = _bars_of(parts, came.bars, self.plan)
            self._ready = attrs.evolve(came, parts=parts, bars=bars, before=before)

    def resolve(self, levels: Sequence[Level], came: Arrived) -> None:
        """Publish what was held back, now that the sessions next to it were compared.

        Raises:
            LevelDifferenceError: they are on another level than when they were fetched.
            and what `Publisher.publish` raises.
        """
        del came
        if any(one.differs for one in levels):
            raise adjusted_since(self.plan, levels, self._source)
        if not all(one.bars for one in levels):
            text = joined_text([one for one in levels if not one.bars], self._source)
            self._progress.warn(f"{self.plan.name}: {text}")
        self._doubted.clear()
        held_back, self._held_back = self._held_back, []
        for place, arrived in enumerate(held_back, 1):
            self._publish(arrived, is_last=place == len(held_back))

    def begin(self) -> None:
        """Publish what has come already, and get ready for the rest."""
        ready = self._ready.dates if self._ready else set()
        parts = [part for part in self.plan.parts if part.date not in ready]
        if parts:
            unknown = self.plan.asks_history_start
            self.wanted = self.plan.wanted(parts, asks_history_start=unknown)
            self._incoming = Incoming(self.wanted, parts, self._clock, self.plan.known)
            self._show(self.wanted)
        if self._ready:
            self._offer(self._ready)

    def _show(self, wanted: Wanted) -> None:
        text = fetching_text(self.plan.name, self.plan.series, self._source)
        task = self._shown.enter_context(self._progress.track(text, Shares.STEPS))
        self._shares = Shares(task, wanted.time)

    def history_starts(self, start: int) -> None:
        """Take note of when the source's bars begin, UTC nanoseconds."""
        self.report.history_starts(start)
        self._publisher.history_starts(start)
        if self._incoming:
            self._incoming.history_starts(start)

    def strays(self, stray: Stray) -> None:
        """Tell of bars that lie in no session, once."""
        if stray.dates and not set(stray.dates) <= self._strays:
            self._strays.update(stray.dates)
            calendar = self.plan.calendar
            self._progress.warn(stray_text(self.plan.name, stray, self._source, calendar))

    def take(self, answer: FetchedBars) -> None:
        """Publish the sessions that are settled by an answer.

        Raises:
            UnusableAnswerError: it breaks the rules.
            and what `Publisher.publish` raises.
        """
        if self._incoming is None:
            return
        arrived = self._incoming.add(answer)
        if self._shares:
            self._shares.advance(answer.attested)
        if arrived:
            self._offer(arrived)

    def finish(self) -> None:
        """End the series once the source has said all, unless there are `doubts`.

        Raises:
            UnusableAnswerError: it did not say a word.
            and what `Publisher.publish` raises.
        """
        rest = self._incoming.finish() if self._incoming else None
        if self._incoming and not self._incoming.is_done:
            raise unanswered(self.plan.series)
        self._offer(rest or Arrived((), Bars.empty()))

    def _offer(self, arrived: Arrived) -> None:
        """Publish what arrived, or hold it back where prices jump from or to what is held."""
        if self._keep is not Keep.HELD:
            self._doubted |= self._jumps.at(arrived)
        if self._doubted:
            self._held_back.append(arrived)
        else:
            is_last = self._incoming is None or self._incoming.is_done
            self._publish(arrived, is_last=is_last)

    def _publish(self, arrived: Arrived, *, is_last: bool) -> None:
        last = self.report.completed if is_last else None
        self.report.add(self._publisher.publish(arrived, last))
        if is_last:
            self._completed = True
            self.report.tell()
            self.close()

    def fail(self, error: BarledgerError, before: int) -> None:
        """Take note that nothing more comes, because of `error`; so many failed `before`."""
        self.error, self.failed_as = error, before
        self.report.tell_unreplaced()
        self.close()

    def close(self) -> None:
        """Tell of the holes in what came, and take what is on show of it from the screen."""
        for text in self.holes.texts():
            self._progress.warn(text)
        self._shown.close()


def _bars_of(parts: Sequence[Part], bars: Bars, plan: SeriesPlan) -> Bars:
    """Return the bars of some parts, in order of time."""
    return Bars.concat([bars.take(part.mask(bars, plan.series)) for part in parts])
