"""Reads and changes the partitions of one series, whole partitions at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import attrs

from application.series_record import SeriesRecord
from domain.availability import SeriesHoldings
from domain.bar_type import BarType
from domain.bars import Bars
from domain.coverage import inferred_coverage
from domain.events import (
    CoverageBasis,
    Event,
    PartitionRemoved,
    PartitionWritten,
    Recorded,
    WriteCause,
)
from domain.intervals import IntervalSet
from domain.ports import BarRepository, NewPartition, ProgressTask
from domain.recording import draft_of, stored_as


@attrs.frozen
class Change:
    """What a partition holds from now on: its bars, one at least, and what is known of them.

    `source` names where the bars came from, `detail` which file or request it was.
    """

    bars: Bars
    coverage: IntervalSet
    basis: CoverageBasis
    source: str
    detail: str
    cause: WriteCause = WriteCause.BARS

    def __attrs_post_init__(self) -> None:
        if not len(self.bars):
            raise ValueError("a partition that holds no bars is removed, not written")


@attrs.frozen
class Removal:
    """A partition holds nothing from now on."""

    reason: str


Changes = Mapping[str, Change | Removal]
"""By the partition's name. It is gone through twice and may read the bars only then, so that
they need not be in memory all at once."""


class Lazily(Mapping[str, Change | Removal]):
    """Changes that are made whenever they are asked for, by the partition's name."""

    def __init__(self, names: Iterable[str], make: Callable[[str], Change | Removal]) -> None:
        self._names = dict.fromkeys(names)
        self._make = make

    def __getitem__(self, name: str) -> Change | Removal:
        return self._make(name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def inferred_change(bars: Bars, bar_type: BarType, source: str, detail: str) -> Change | Removal:
    """Return the change to `bars`, whose own lie tells what they cover; none leave nothing."""
    if not len(bars):
        return Removal("overwritten")
    coverage = inferred_coverage(bars, bar_type)
    return Change(bars, coverage, CoverageBasis.INFERRED, source, detail)


class SeriesReader:
    """Reads whole partitions of one series."""

    def __init__(self, repository: BarRepository, holdings: SeriesHoldings) -> None:
        self._repository = repository
        self.holdings = holdings

    def read(self, partition: str) -> Bars:
        """Return the bars that the partition holds, which may be none."""
        held = self.holdings.partitions.get(partition)
        return self.read_revision(held) if held else Bars.empty()

    def read_revision(self, partition: PartitionWritten) -> Bars:
        """Return the bars of any revision of the series."""
        return self._repository.read(partition)


class SeriesWriter(SeriesReader):
    """Changes partitions of one series, all of a commit or none."""

    def __init__(
        self,
        record: SeriesRecord,
        repository: BarRepository,
        holdings: SeriesHoldings,
    ) -> None:
        super().__init__(repository, holdings)
        self._record = record

    def commit(
        self,
        changes: Changes,
        also: Sequence[Event],
        task: ProgressTask,
        precisions: tuple[int, int] = (0, 0),
    ) -> tuple[Recorded, ...]:
        """Make `changes` true, together with the events `also`, in one transaction.

        `task` advances by partitions. All files of a series have the same precisions,
        `precisions` (price, size) at least, so that tools which read many at once see one type:
        where new bars need more, the others are written anew. Files are written and synced
        first; the ledger's transaction is the commit point.

        Raises:
            PrecisionError: a value would have more than 18 digits.
            CorruptPartitionError: a partition that had to be written anew is damaged.
            LedgerConflictError: the series is not what it was when its lock was taken.
        """
        self._record.check()
        needed, removals = self._survey(changes, precisions)
        drafts: list[PartitionWritten] = []
        stored = self._repository.write(self._revisions(changes, task, needed, drafts))
        written = (stored_as(*pair) for pair in zip(drafts, stored, strict=True))
        return self._record.append([*written, *removals, *also])

    def record(self, events: Sequence[Event]) -> tuple[Recorded, ...]:
        """Record `events` of this series that change no file.

        Raises:
            LedgerConflictError: the series is not what it was when its lock was taken.
        """
        return self._record.append(events)

    def _survey(
        self, changes: Changes, least: tuple[int, int]
    ) -> tuple[tuple[int, int], list[PartitionRemoved]]:
        """Return the precisions that the series needs afterwards, and the events of removals."""
        price = max(least[0], self.holdings.price_precision)
        size = max(least[1], self.holdings.size_precision)
        removals = []
        for name, change in changes.items():
            if isinstance(change, Removal):
                removals.append(removed(self.holdings.partitions[name], change.reason))
            elif (change.bars.price_precision, change.bars.size_precision) != (price, size):
                needed = change.bars.reduced()
                price = max(price, needed.price_precision)
                size = max(size, needed.size_precision)
        return (price, size), removals

    def _revisions(
        self,
        changes: Changes,
        task: ProgressTask,
        precisions: tuple[int, int],
        drafts: list[PartitionWritten],
    ) -> Iterator[NewPartition]:
        """Yield what is to be written, and leave its events, without paths, in `drafts`."""
        fresh = ((name, one) for name, one in changes.items() if isinstance(one, Change))
        others = (
            (name, self._unchanged(one))
            for name, one in self.holdings.partitions.items()
            if name not in changes and (one.price_precision, one.size_precision) != precisions
        )
        for name, change in itertools.chain(fresh, others):
            bars = change.bars
            if (bars.price_precision, bars.size_precision) != precisions:
                # Reduced first: the least digits are what decides whether a value fits.
                change = attrs.evolve(change, bars=bars.reduced().rescaled(*precisions))
            new = self._new(name, change)
            drafts.append(draft_of(new, change.cause))
            yield new
            task.advance(1)

    def _unchanged(self, held: PartitionWritten) -> Change:
        bars, cause = self._repository.read(held), WriteCause.PRECISION
        return Change(bars, held.coverage, held.basis, held.source, held.detail, cause)

    def _new(self, partition: str, change: Change) -> NewPartition:
        return NewPartition(
            self.holdings.series,
            partition,
            self.holdings.next_revision(partition),
            change.bars,
            change.coverage,
            change.basis,
            change.source,
            change.detail,
        )


def removed(held: PartitionWritten, reason: str) -> PartitionRemoved:
    """Return the event that a partition, of which `held` is the last revision, is gone."""
    return PartitionRemoved(
        held.series, held.partition, held.revision, held.path, held.bars, reason
    )
