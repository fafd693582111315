"""Traces bars: which of them an event of the ledger replaced or removed, and what they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs

from application.bar_differences import BarAt, BarDifference, difference
from application.catalog import Catalog
from application.event_runs import run_of
from application.partition_cache import PartitionCache
from domain.availability import SeriesHoldings
from domain.bars import Bars
from domain.errors import BarledgerError, CorruptPartitionError, UsageError
from domain.events import CsvImported, PartitionRemoved, PartitionWritten, Recorded
from domain.instrument import Series
from domain.ports import AvailabilityLedger, Progress
from domain.venues import venue

_TRACED = PartitionWritten | PartitionRemoved | CsvImported
_KEPT_BYTES = 64 * 1024 * 1024


@attrs.frozen
class Held:
    """What a partition holds, and the number of the event that recorded it."""

    seq: int
    event: PartitionWritten


@attrs.frozen
class Step:
    """What the event `seq` put in the place of what stood in a partition; None: nothing."""

    seq: int
    partition: str
    before: Held | None
    after: Held | None


@attrs.frozen
class Compared:
    """How many bars of a partition came, changed, went and stayed in one step."""

    step: Step
    added: int
    replaced: int
    removed: int
    unchanged: int

    @property
    def changed(self) -> int:
        """Bars that are no longer what they were."""
        return self.replaced + self.removed


@attrs.frozen
class NotCompared:
    """A step of which a revision cannot be read, and what the user is told of that."""

    step: Step
    error: BarledgerError


@attrs.frozen(eq=False)
class ChangedBar:
    """A bar that a step replaced by `after`, or removed."""

    step: Step
    before: BarAt
    after: BarAt | None


Differ = Callable[[Step], BarDifference]


@attrs.frozen(eq=False)
class ChangedBars:
    """Changed bars in order of time; each pass may read the partitions again, one by one."""

    _parts: Sequence[Compared]
    _differ: Differ
    _count: Callable[[Compared], int]
    _fits: Callable[[ChangedBar], bool]

    def __len__(self) -> int:
        return sum(map(self._count, self._parts))

    def __iter__(self) -> Iterator[ChangedBar]:
        for part in self._parts:
            if self._count(part):
                step = part.step
                changed = (ChangedBar(step, *pair) for pair in self._differ(step).changed())
                yield from filter(self._fits, changed)


@attrs.frozen(eq=False)
class BarChanges:
    """What an event did to bars of a series, by partition in order of time."""

    series: Series
    parts: Sequence[Compared]
    not_compared: Sequence[NotCompared]
    _differ: Differ

    @property
    def added(self) -> int:
        """Bars that came where none was."""
        return sum(part.added for part in self.parts)

    @property
    def unchanged(self) -> int:
        """Bars that are what they were, be it with another number of decimals."""
        return sum(part.unchanged for part in self.parts)

    @property
    def changed(self) -> ChangedBars:
        """The bars that were replaced or removed."""
        return self._bars(lambda part: part.changed, lambda _: True)

    @property
    def replaced(self) -> ChangedBars:
        """The bars that have other values or times now."""
        return self._bars(lambda part: part.replaced, lambda bar: bar.after is not None)

    @property
    def removed(self) -> ChangedBars:
        """The bars that went, with none in their place."""
        return self._bars(lambda part: part.removed, lambda bar: bar.after is None)

    def _bars(
        self, count: Callable[[Compared], int], fits: Callable[[ChangedBar], bool]
    ) -> ChangedBars:
        return ChangedBars(self.parts, self._differ, count, fits)


class TraceBars:
    """The use case: compares what an event wrote with what stood there before it."""

    def __init__(self, catalog: Catalog, ledger: AvailabilityLedger, progress: Progress) -> None:
        self._catalog = catalog
        self._ledger = ledger
        self._progress = progress
        # What is read is asked for again by whoever shows it, when gc may have deleted it.
        self._cache = PartitionCache(_KEPT_BYTES)

    def run(self, recorded: Recorded) -> BarChanges:
        """Return what the event did; of an imported file, to all partitions of the import.

        A revision that was deleted or is damaged keeps its own partition from being compared,
        and no other.

        Raises:
            UsageError: events of this type change no bars by themselves.
            LedgerError, CatalogError: the ledger or a file cannot be read.
        """
        event = recorded.event
        if not isinstance(event, _TRACED):
            raise UsageError(
                f"Event {recorded.seq} is of the type {type(event).__name__}, which has no bars to "
                "compare.",
                "--bars is for PartitionWritten, PartitionRemoved and CsvImported. List such "
                "events: barledger ledger log --all --type PartitionWritten",
            )
        return self._compared(event.series, self._steps(recorded, event.series))

    def _steps(self, recorded: Recorded, series: Series) -> list[Step]:
        """Return what the event did to partitions, or what was done to them along with it."""
        standing: dict[str, Held] = {}
        steps: list[Step] = []
        for one in self._ledger.replay(upto=recorded.seq, series=series):
            event = one.event
            if isinstance(event, PartitionWritten | PartitionRemoved):
                before, after = standing.pop(event.partition, None), None
                if isinstance(event, PartitionWritten):
                    after = standing[event.partition] = Held(one.seq, event)
                if _belongs(one, recorded):
                    steps.append(Step(one.seq, event.partition, before, after))
            elif isinstance(event, CsvImported) and one.seq < recorded.seq:
                # What came before it is that file's, however quickly this one followed.
                steps.clear()
        return sorted(steps, key=lambda step: step.partition)

    def _compared(self, series: Series, steps: Sequence[Step]) -> BarChanges:
        parts: list[Compared] = []
        failures: list[NotCompared] = []
        differ = self._differ(series)
        with self._progress.track("Comparing bars", len(steps)) as task:
            for step in steps:
                try:
                    parts.append(_counted(step, differ(step)))
                except CorruptPartitionError as error:
                    failures.append(NotCompared(step, self._catalog.explained(error)))
                task.advance(1)
        return BarChanges(series, tuple(parts), tuple(failures), differ)

    def _differ(self, series: Series) -> Differ:
        reader = self._catalog.reader(SeriesHoldings(series))
        zone = venue(series.instrument_id.venue).tzinfo

        def bars(held: Held | None) -> Bars:
            return self._cache.get(held.event, reader.read_revision) if held else Bars.empty()

        return lambda step: difference(bars(step.before), bars(step.after), series.bar_type, zone)


def _belongs(one: Recorded, to: Recorded) -> bool:
    """Return whether an event is the one that is asked for, or of the same import."""
    return one.seq == to.seq or (isinstance(to.event, CsvImported) and run_of(one) == run_of(to))


def _counted(step: Step, found: BarDifference) -> Compared:
    return Compared(step, found.added, len(found.replaced), len(found.removed), found.unchanged)
