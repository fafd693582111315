"""Reads and changes the partitions of one series, whole partitions at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs

from domain.availability import SeriesHoldings
from domain.bars import Bars
from domain.coverage import inferred_coverage
from domain.events import CoverageBasis, Event, PartitionRemoved, PartitionWritten
from domain.partitions import trading_dates
from domain.ports import BarRepository, NewPartition, ProgressTask, StoredFile


@attrs.frozen
class Provenance:
    """Where bars came from: the source's name, and which file or request it was."""

    source: str
    detail: str


class SeriesReader:
    """Reads whole partitions of one series."""

    def __init__(self, repository: BarRepository, holdings: SeriesHoldings) -> None:
        self._repository = repository
        self.holdings = holdings

    def read(self, partition: str) -> Bars:
        """Return the bars that the partition holds, which may be none."""
        held = self.holdings.partitions.get(partition)
        return self._repository.read(held) if held else Bars.empty()


class SeriesWriter(SeriesReader):
    """Changes partitions of one series, all of a commit or none."""

    def __init__(
        self,
        record: Callable[[Sequence[Event]], None],
        repository: BarRepository,
        holdings: SeriesHoldings,
    ) -> None:
        super().__init__(repository, holdings)
        self._record = record

    def commit(
        self,
        changes: Mapping[str, Bars],
        provenance: Provenance,
        also: Sequence[Event],
        task: ProgressTask,
        precisions: tuple[int, int] = (0, 0),
    ) -> None:
        """Make `changes` the whole content of their partitions, together with the events `also`.

        A partition that is left with no bars is removed; `task` advances by partitions. All
        files of a series have the same precisions, `precisions` (price, size) at least, so that
        tools which read many at once see one type: where new bars need more, the others are
        written anew. Files are written and synced first; the ledger's transaction is the commit
        point.

        Raises:
            PrecisionError: a value would have more than 18 digits.
            CorruptPartitionError: a partition that had to be written anew is damaged.
        """
        drafts: list[PartitionWritten] = []
        stored = self._repository.write(
            self._revisions(changes, provenance, task, precisions, drafts)
        )
        events: list[Event] = [
            *(_placed(*pair) for pair in zip(drafts, stored, strict=True)),
            *(self._removed(name) for name, bars in changes.items() if not len(bars)),
        ]
        self._record([*events, *also])

    def _revisions(
        self,
        changes: Mapping[str, Bars],
        provenance: Provenance,
        task: ProgressTask,
        precisions: tuple[int, int],
        drafts: list[PartitionWritten],
    ) -> Iterator[NewPartition]:
        """Yield what is to be written, and leave its events, without paths, in `drafts`."""
        new = {name: bars.reduced() for name, bars in changes.items() if len(bars)}
        held = self.holdings
        price = max(precisions[0], held.price_precision, *(b.price_precision for b in new.values()))
        size = max(precisions[1], held.size_precision, *(b.size_precision for b in new.values()))
        others = (
            self._rewritten(one)
            for name, one in held.partitions.items()
            if name not in changes and (one.price_precision, one.size_precision) != (price, size)
        )
        fresh = (self._new(name, bars, provenance) for name, bars in new.items())
        for revision in itertools.chain(fresh, others):
            scaled = attrs.evolve(revision, bars=revision.bars.rescaled(price, size))
            drafts.append(_draft(scaled))
            yield scaled
            task.advance(1)

    def _new(self, partition: str, bars: Bars, provenance: Provenance) -> NewPartition:
        return NewPartition(
            self.holdings.series,
            partition,
            self.holdings.next_revision(partition),
            bars,
            inferred_coverage(bars, self.holdings.series.bar_type),
            CoverageBasis.INFERRED,
            provenance.source,
            provenance.detail,
        )

    def _rewritten(self, held: PartitionWritten) -> NewPartition:
        return NewPartition(
            held.series,
            held.partition,
            self.holdings.next_revision(held.partition),
            self._repository.read(held),
            held.coverage,
            held.basis,
            held.source,
            held.detail,
        )

    def _removed(self, partition: str) -> PartitionRemoved:
        held = self.holdings.partitions[partition]
        return PartitionRemoved(
            held.series, partition, held.revision, held.path, held.bars, "overwritten"
        )


def _draft(new: NewPartition) -> PartitionWritten:
    """Return the event of a revision whose file is not written yet."""
    bars = new.bars
    return PartitionWritten(
        series=new.series,
        partition=new.partition,
        revision=new.revision,
        path="",
        sha256="",
        size=0,
        bars=len(bars),
        first_open=int(bars.ts_open[0]),
        last_close=int(bars.ts_event[-1]),
        price_precision=bars.price_precision,
        size_precision=bars.size_precision,
        trading_dates=trading_dates(bars, new.series),
        coverage=new.coverage,
        basis=new.basis,
        source=new.source,
        detail=new.detail,
    )


def _placed(draft: PartitionWritten, stored: StoredFile) -> PartitionWritten:
    return attrs.evolve(draft, path=stored.path, sha256=stored.sha256, size=stored.size)
