"""What became of one series: as the user is told, as the ledger keeps it, and as a result."""

from __future__ import annotations

from application.fetch_joins import joined_text
from application.fetch_left import Left
from application.fetch_notices import Gathered
from application.fetch_plan import SeriesPlan
from application.fetch_publishing import Published
from application.fetch_request import Keep, SeriesOutcome
from application.fetch_sources import HeldSources
from application.fetch_texts import (
    kept_text,
    lacking_text,
    replaced_text,
    rest_text,
    same_text,
    unreplaced_text,
)
from domain.events import Event, FetchAborted, FetchCompleted, FetchStarted
from domain.ports import Clock


class SeriesReport:
    """Sums up what was published of a series, and tells it.

    `compared` is how prices compare with those held from other sources, None until that is known
    and where there was nothing to compare.
    """

    def __init__(
        self, plan: SeriesPlan, source: str, gathered: Gathered, clock: Clock, keep: Keep | None
    ) -> None:
        self._plan = plan
        self._source = source
        self._gathered = gathered
        self._is_replacing = keep is Keep.FETCHED
        self._left = Left(plan, clock)
        self._published = Published(kept=plan.unreplaced)
        self.compared: str | None = None

    def history_starts(self, start: int) -> None:
        """Take note of when the source's bars begin, UTC nanoseconds."""
        self._left.start = start

    def add(self, published: Published) -> None:
        """Take note of what was published."""
        self._published += published

    def tell(self) -> None:
        """Have the user told, once all is there, what is not as it was meant to be."""
        done, name, source = self._published, self._plan.name, self._source
        for text in self._left.texts(done, source):
            self._gathered.warn(name, text)
        if done.rest:
            self._gathered.warn(name, rest_text(name, done.rest, source))
        if done.kept:
            self._gathered.warn(name, self._kept_text(done))
        if done.same:
            self._gathered.tell(name, same_text(name, done.same, source))
        if not all(one.bars and one.agrees for one in done.levels):
            self._gathered.warn(name, self._replaced_text(done))
        if done.lacking:
            self._gathered.warn(name, lacking_text(name, done.old_bars, done.lacking, source))

    def tell_unreplaced(self) -> None:
        """Tell which bars of others are still held where only some of them were replaced."""
        if not (self._is_replacing and self._published.written):
            return
        done = {*self._published.written, *self._published.confirmed}
        others = HeldSources(self._plan.holdings, self._source).others
        sessions = (one for part in self._plan.parts if part.replaces for one in part.sessions)
        dates = [one.date for one in sessions if one.date not in done and others(one)]
        if dates:
            self._gathered.warn(self._plan.name, unreplaced_text(self._plan.name, dates))

    def _joined(self, done: Published) -> str | None:
        """Return how prices compare with held ones of others, and which of these stay."""
        kept = [self._kept_text(done)] if done.kept and self._is_replacing else []
        compared = [self.compared] if self.compared else []
        replaced = [self._replaced_text(done)] if done.replaced else []
        return " ".join([*compared, *replaced, *kept]) or None

    def _replaced_text(self, done: Published) -> str:
        compared = joined_text(done.levels, self._source)
        return f"{compared} {replaced_text(done.replaced)}"

    def _kept_text(self, done: Published) -> str:
        kept, replacing = done.kept, self._is_replacing
        return kept_text(self._plan.name, kept, self._source, replacing=replacing)

    def started(self) -> Event:
        """Return the event that the source is being asked."""
        parts = self._plan.parts
        return FetchStarted(
            series=self._plan.series,
            source=self._source,
            start=parts[0].interval.start,
            end=parts[-1].interval.end,
            sessions=sum(len(part.sessions) for part in parts),
            hours=self._plan.hours.value,
        )

    def completed(self, published: Published) -> Event:
        """Return the event that all is there once this was `published`, too."""
        done = self._published + published
        return FetchCompleted(
            series=self._plan.series,
            source=self._source,
            sessions=done.sessions,
            confirmed_empty=len(done.confirmed),
            bars=done.bars,
            partitions=done.partitions,
            joined=self._joined(done),
        )

    def aborted(self, problem: str) -> Event:
        """Return the event that it ended early."""
        done = self._published
        return FetchAborted(
            self._plan.series, self._source, done.sessions, done.bars, done.partitions, problem
        )

    def outcome(self) -> SeriesOutcome:
        """Return what was done so far."""
        dates, done = self._plan.dates, self._published
        return SeriesOutcome(
            series=self._plan.series,
            name=self._plan.name,
            start=dates[0] if dates else None,
            end=dates[1] if dates else None,
            bars_fetched=done.bars,
            days_written=len(done.written),
            days_held=self._plan.held + len(done.same),
            confirmed_empty=len(done.confirmed),
            left=tuple(sorted({*self._left.left(done), *done.kept, *done.rest})),
            joined=self._joined(done),
            early=self._left.early(done),
            history_start=self._left.start,
            is_to_come=self._plan.is_to_come,
            silent=self._left.silent(done),
        )
