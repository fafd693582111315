"""A Parquet catalog on the disk, written and read as the program does."""

from __future__ import annotations

from pathlib import Path

from adapters.memory.progress import MemoryProgress
from application.series_writer import Lazily, inferred_change
from domain.bars import Bars
from domain.instrument import Series
from domain.partitions import split_by_partition
from domain.window import Window
from entrypoints.container import wire


def hold(root: Path, series: Series, bars: Bars) -> None:
    """Write bars to a catalog on the disk."""
    container = wire(root, "test", MemoryProgress())
    changes = {
        name: inferred_change(part, series.bar_type, "csv", "test.csv")
        for name, part in split_by_partition(bars, series.bar_type)
    }
    with container.catalog().writing(series) as writer, MemoryProgress().track("", 1) as task:
        writer.commit(Lazily(changes, changes.__getitem__), (), task)
    container.ledger().close()


def held(root: Path, series: Series) -> Bars:
    """Read all that a catalog holds of a series."""
    catalog = wire(root, "test", MemoryProgress()).catalog
    return Bars.concat(catalog().load(catalog().availability().holdings(series), Window()))
