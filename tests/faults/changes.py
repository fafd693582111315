"""Changes to one series of a catalog, made in this process or in one that dies on the way."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import attrs

from adapters.memory.progress import MemoryProgressTask
from application.series_writer import Change, Removal, inferred_change
from domain.bars import Bars
from domain.instrument import Series
from entrypoints.container import Container
from tests.faults.state import opened


@attrs.frozen(eq=False)
class SeriesChange:
    """What days of a series hold from now on; no bars stand for a removal.

    Where `merge`, bars are added to those that are held, and take the place of equal stamps.
    """

    series: Series
    days: Mapping[str, Bars]
    merge: bool = False

    def apply(self, container: Container) -> None:
        """Make the change through the catalog.

        Raises:
            CorruptPartitionError: a file that had to be read is damaged.
        """
        with container.catalog().writing(self.series) as writer:
            changes: dict[str, Change | Removal] = {}
            for day, bars in self.days.items():
                if self.merge and len(bars):
                    held = writer.read(day)
                    kept = held.take([ts not in bars.ts_open for ts in held.ts_open])
                    joined = Bars.concat([kept, bars])
                    bars = joined.take(joined.ts_open.argsort())
                if len(bars) or day in writer.holdings.partitions:
                    changes[day] = inferred_change(bars, self.series.bar_type, "test", day)
            if changes:
                writer.commit(changes, [], MemoryProgressTask("", len(changes)))


def apply(catalog: str, file: str) -> None:
    """Make the change that was pickled into `file`."""
    change: SeriesChange = pickle.loads(Path(file).read_bytes())
    with opened(Path(catalog)) as container:
        change.apply(container)
