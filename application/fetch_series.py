"""One series while a source is being asked for it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from application.catalog import Catalog
from application.fetch_incoming import Incoming
from application.fetch_joins import Level, joined_text, level_difference
from application.fetch_merging import Arrived
from application.fetch_parts import Part
from application.fetch_plan import SeriesPlan
from application.fetch_publishing import Published, Publisher
from application.fetch_request import Keep, SeriesOutcome
from application.fetch_shares import Shares
from application.fetch_texts import fetching_text, kept_text, left_text, unanswered
from domain.bars import Bars
from domain.errors import BarledgerError
from domain.events import Event, FetchAborted, FetchCompleted, FetchStarted
from domain.fetching import FetchedBars, Wanted
from domain.ports import Clock, Progress


class SeriesFetch:
    """What is still wanted of a series, what was published of it, and why it failed if it did.

    `failed_as` counts the series that failed before.
    """

    def __init__(
        self,
        catalog: Catalog,
        progress: Progress,
        plan: SeriesPlan,
        source: str,
        clock: Clock,
        keep: Keep | None,
    ) -> None:
        self.plan = plan
        self.error: BarledgerError | None = None
        self.failed_as = 0
        self._progress = progress
        self._source = source
        self._clock = clock
        self._keep = keep
        self._publisher = Publisher(catalog, progress, plan, source, clock)
        self._published = Published()
        self._joined: str | None = None
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

    def joins(self, levels: Sequence[Level], came: Arrived) -> None:
        """Take over sessions that were compared with those held from other sources.

        Raises:
            LevelDifferenceError: they are not on one level, and nobody has said what to keep.
        """
        self._joined = joined_text(levels, self._source)
        differs = any(one.differs for one in levels)
        if differs and self._keep is None:
            raise level_difference(self.plan, levels, self._source)
        if self._joined and (differs or not any(one.bars for one in levels)):
            self._progress.warn(f"{self.plan.name}: {self._joined}")
        beside = {part.date for part in self.plan.beside}
        parts = tuple(part for part in came.parts if part.date not in beside)
        if parts:
            self._ready = Arrived(parts, _bars_of(parts, came.bars, self.plan), came.empty)

    def begin(self) -> None:
        """Publish what has come already, and get ready for the rest."""
        ready = {part.date for part in self._ready.parts} if self._ready else set()
        parts = [part for part in self.plan.parts if part.date not in ready]
        if parts:
            unknown = self.plan.asks_history_start
            self.wanted = self.plan.wanted(parts, asks_history_start=unknown)
            self._incoming = Incoming(self.wanted, parts, self._clock)
            self._show(self.wanted)
        if self._ready:
            self._publish(self._ready)

    def _show(self, wanted: Wanted) -> None:
        text = fetching_text(self.plan.name, self.plan.series, self._source)
        task = self._shown.enter_context(self._progress.track(text, Shares.STEPS))
        self._shares = Shares(task, wanted.time)

    def history_starts(self, start: int) -> None:
        """Take note of when the source's bars begin, UTC nanoseconds."""
        self._publisher.history_starts(start)
        if self._incoming:
            self._incoming.history_starts(start)

    def take(self, answer: FetchedBars) -> None:
        """Publish the sessions that are complete by an answer.

        Raises:
            UnusableAnswerError: it breaks the rules.
            and what `Publisher.publish` raises.
        """
        if self._incoming is None:
            return
        arrived = self._incoming.add(answer)
        if self._shares:
            self._shares.advance(answer.attested)
        if arrived and (arrived.parts or self._incoming.is_done):
            self._publish(arrived)

    def finish(self) -> None:
        """End the series once the source has said all.

        Raises:
            UnusableAnswerError: it did not answer for all that was wanted.
        """
        rest = self._incoming.finish() if self._incoming else None
        if self._incoming and not self._incoming.is_done:
            raise unanswered(self.plan.series)
        self._publish(rest or Arrived((), Bars.empty()))

    def _publish(self, arrived: Arrived) -> None:
        is_last = self._incoming is None or self._incoming.is_done
        last = self._completion if is_last else None
        self._published += self._publisher.publish(arrived, last)
        if is_last:
            self._completed = True
            self._tell()
            self.close()

    def _completion(self, published: Published) -> Event:
        done = self._published + published
        return FetchCompleted(
            series=self.plan.series,
            source=self._source,
            sessions=done.sessions,
            confirmed_empty=len(done.confirmed),
            bars=done.bars,
            partitions=done.partitions,
            joined=self._joined,
        )

    def _tell(self) -> None:
        if self._published.left:
            self._progress.warn(left_text(self.plan.name, self._published.left, self._source))
        if self._published.kept:
            self._progress.warn(kept_text(self.plan.name, self._published.kept, self._source))

    def fail(self, error: BarledgerError, before: int) -> None:
        """Take note that nothing more comes, because of `error`; so many failed `before`."""
        self.error, self.failed_as = error, before
        self.close()

    def close(self) -> None:
        """Take what is on show of it from the screen."""
        self._shown.close()

    def started(self) -> Event:
        """Return the event that it is being asked for."""
        parts = self.plan.parts
        return FetchStarted(
            series=self.plan.series,
            source=self._source,
            start=parts[0].interval.start,
            end=parts[-1].interval.end,
            sessions=sum(len(part.sessions) for part in parts),
            hours=self.plan.hours.value,
        )

    def aborted(self, problem: str) -> Event:
        """Return the event that it ended early."""
        done = self._published
        return FetchAborted(
            self.plan.series, self._source, done.sessions, done.bars, done.partitions, problem
        )

    def outcome(self) -> SeriesOutcome:
        """Return what was done so far."""
        dates, done = self.plan.dates, self._published
        return SeriesOutcome(
            series=self.plan.series,
            name=self.plan.name,
            start=dates[0] if dates else None,
            end=dates[1] if dates else None,
            bars_fetched=done.bars,
            days_written=len(done.written),
            days_held=self.plan.held,
            confirmed_empty=len(done.confirmed),
            left=tuple(sorted({*done.left, *done.kept})),
            joined=self._joined,
        )


def _bars_of(parts: Sequence[Part], bars: Bars, plan: SeriesPlan) -> Bars:
    """Return the bars of some parts, in order of time."""
    return Bars.concat([bars.take(part.mask(bars, plan.series)) for part in parts])
