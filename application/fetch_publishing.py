"""Puts fetched sessions into the catalog, beside what is held of their partitions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from application.catalog import Catalog
from application.fetch_joins import Level
from application.fetch_meanwhile import Meanwhile
from application.fetch_merging import Arrived, Merging
from application.fetch_parts import Part
from application.fetch_plan import SeriesPlan
from application.fetch_request import Keep
from application.fetch_sources import HeldSources
from application.fetch_texts import detail_text
from application.series_writer import SeriesWriter
from domain.errors import CorruptPartitionError
from domain.events import Event, HistoryStartFound, RangeConfirmedEmpty
from domain.fetching import MAY_STILL_COME
from domain.intervals import NO_TIME, IntervalSet
from domain.ports import Clock, Progress


@attrs.frozen
class Published:
    """What one commit did: `written` dates got bars, `confirmed` and `left` have none.

    `kept` were to be replaced, or compared, and the source has nothing of them. Of the dates in
    `rest`, written ones, the source does not have all yet. Of those in `lacking` it gave `old_bars`
    bars before that it does not give any more. Of the `same` dates it has no bar but held ones. On
    those that are `replaced`, held bars of others went; `levels` tell how theirs and its compare.
    """

    bars: int = 0
    partitions: int = 0
    old_bars: int = 0
    written: tuple[dt.date, ...] = ()
    confirmed: tuple[dt.date, ...] = ()
    left: tuple[dt.date, ...] = ()
    kept: tuple[dt.date, ...] = ()
    rest: tuple[dt.date, ...] = ()
    lacking: tuple[dt.date, ...] = ()
    same: tuple[dt.date, ...] = ()
    replaced: tuple[dt.date, ...] = ()
    levels: tuple[Level, ...] = ()

    def __add__(self, other: Published) -> Published:
        return Published(*(a + b for a, b in zip(_values(self), _values(other), strict=True)))

    @property
    def sessions(self) -> int:
        """How many sessions were answered for."""
        return len(self.written) + len(self.confirmed) + len(self.same)


def _values(one: Published) -> tuple[Any, ...]:
    return attrs.astuple(one, recurse=False)


LastEvent = Callable[[Published], Event]


class _Unshown:
    def advance(self, steps: int) -> None:
        """Show nothing: what is on show is how much has come."""


class Publisher:
    """Publishes the sessions of one series as they come."""

    def __init__(
        self,
        catalog: Catalog,
        progress: Progress,
        plan: SeriesPlan,
        source: str,
        clock: Clock,
        keep: Keep | None,
    ) -> None:
        self._catalog = catalog
        self._progress = progress
        self._plan = plan
        self._source = source
        self._clock = clock
        self._meanwhile = Meanwhile(progress, plan, source, keep)
        self._registered = False
        self._start: int | None = None

    def history_starts(self, start: int) -> None:
        """Take note of when the source's bars begin; it is recorded with what comes next."""
        if start != self._plan.holdings.history_start:
            self._start = start

    def publish(self, arrived: Arrived, last: LastEvent | None = None) -> Published:
        """Make all that arrived current, in one transaction with what `last` makes of it.

        Raises:
            CorruptPartitionError: a partition is damaged and cannot be put out of the way.
            LevelDifferenceError: others wrote bars of another level there meanwhile.
            CatalogError, LedgerError: it cannot be written.
            PrecisionError: a value has too many digits.
        """
        self._register(arrived)
        while True:
            try:
                with self._catalog.writing(self._plan.series) as writer:
                    return self._publish(writer, arrived, last)
            except CorruptPartitionError as error:
                # What is damaged is lost already; it must not keep new bars from being written.
                if not self._catalog.quarantine(error):
                    raise
                self._progress.warn(f"{error.message} Its bars count as missing.")

    def _register(self, arrived: Arrived) -> None:
        """Define the instrument as the source does, unless somebody has defined it already."""
        instrument = self._plan.instrument
        if self._registered or instrument is None or not len(arrived.bars):
            return
        if instrument.id not in self._catalog.availability().instruments:
            self._catalog.register(instrument)
        self._registered = True

    def _publish(self, writer: SeriesWriter, arrived: Arrived, last: LastEvent | None) -> Published:
        if not arrived.parts:
            return self._record(writer, Published(kept=self._kept_before(arrived)), last)
        self._meanwhile.check(writer, arrived)
        merging = Merging(writer, self._plan, self._source, self._detail, arrived)
        changes = merging.changes()
        published = attrs.evolve(
            self._told(arrived, merging), bars=merging.new_bars, partitions=len(changes)
        )
        empty = self._confirmed(arrived).difference(merging.held_time)
        events = [*self._answers(empty), *([last(published)] if last else [])]
        if changes:
            self._meanwhile.wrote(writer.commit(changes, events, _Unshown(), self._least(writer)))
        elif events:
            writer.record(events)
        self._start = None
        return published

    @property
    def _detail(self) -> str:
        first, last = self._plan.parts[0], self._plan.parts[-1]
        return detail_text(self._plan.hours, (first.date, last.sessions[-1].date))

    def _least(self, writer: SeriesWriter) -> tuple[int, int]:
        """Return the digits of prices and sizes that the series has whatever the bars need."""
        held, known = writer.holdings, self._plan.instrument
        price, size = (known.price_precision, known.size_precision) if known else (0, 0)
        return max(price, held.price_precision), max(size, held.size_precision)

    def _record(
        self, writer: SeriesWriter, published: Published, last: LastEvent | None
    ) -> Published:
        """Record what the source said where there is nothing to be written."""
        writer.record([*self._answers(NO_TIME), *([last(published)] if last else [])])
        self._start = None
        return published

    def _answers(self, empty: IntervalSet) -> Iterator[Event]:
        """Yield what the source said that it does not have."""
        series, source = self._plan.series, self._source
        if self._start is not None:
            yield HistoryStartFound(series, self._start, source)
        if empty:
            yield RangeConfirmedEmpty(series, empty, source, self._detail)

    def _confirmed(self, arrived: Arrived) -> IntervalSet:
        """Return the time that is empty for good; a whole session counts with its pause."""
        found: list[tuple[int, int]] = []
        for part in arrived.parts:
            if not self._is_old(part, arrived):
                continue
            if part.is_whole and _is_empty(part, arrived):
                found.extend((one.open, one.close) for one in part.sessions)
            else:
                of_it = arrived.empty.intersection(part.time)
                found.extend((one.start, one.end) for one in of_it)
        return IntervalSet.of(*found)

    def _is_old(self, part: Part, arrived: Arrived) -> bool:
        # A clock that is fast here would make the source's last days old.
        return part.interval.end + MAY_STILL_COME <= min(self._clock.now(), arrived.as_of)

    def _told(self, arrived: Arrived, merging: Merging) -> Published:
        """Return which dates got bars, and what became of the others."""
        told = Published(kept=self._kept_before(arrived))
        for part in arrived.parts:
            dates = tuple(one.date for one in part.sessions)
            became: dict[str, Any] = dict.fromkeys(self._kinds(part, arrived, merging), dates)
            told += Published(**became)
            if level := merging.level(part):
                told += Published(replaced=dates, levels=(level,))
            if old := merging.lacks(part):
                told += Published(old_bars=old, lacking=(part.date,))
        return told

    def _kinds(self, part: Part, arrived: Arrived, merging: Merging) -> Iterator[str]:
        """Yield what became of the sessions of a part, by the names that `Published` has."""
        holds, is_short = merging.holds(part), part.date in arrived.short
        is_over = part.interval.end <= self._clock.now()
        if merging.fetched(part):
            yield from _of_fetched(gives=merging.gives(part), is_short=is_short, is_over=is_over)
        elif holds and (part.replaces or part.joins):
            yield "kept"
        elif holds and is_short:
            yield from ["rest"] if is_over else []
        elif not is_short and self._is_old(part, arrived) and _is_empty(part, arrived):
            yield from [] if holds or not part.is_whole else ["confirmed"]
        elif is_short or not merging.covers(part):
            yield "left"

    def _kept_before(self, arrived: Arrived) -> tuple[dt.date, ...]:
        """Return dates before the source's first bar that were to be replaced."""
        replaced = (part for part in arrived.before if part.replaces)
        sessions = [one for part in replaced for one in part.sessions]
        if not sessions:
            return ()
        others = HeldSources(self._plan.holdings, self._source).others
        return tuple(one.date for one in sessions if others(one))


def _of_fetched(*, gives: bool, is_short: bool, is_over: bool) -> Iterator[str]:
    """Yield what became of sessions of which the source has bars, new ones or not."""
    if gives:
        yield "written"
    if is_short and is_over:
        yield "rest"
    elif not (gives or is_short):
        yield "same"


def _is_empty(part: Part, arrived: Arrived) -> bool:
    """Whether the source has said twice that it has no bar of all that was wanted."""
    return bool(part.time) and not part.time.difference(arrived.empty)
