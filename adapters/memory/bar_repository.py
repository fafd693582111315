"""Partitions kept in a dictionary."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator

from domain.availability import SeriesHoldings
from domain.bars import Bars
from domain.errors import CatalogBusyError, CorruptPartitionError
from domain.events import PartitionWritten
from domain.instrument import Series
from domain.ports import NewPartition, StoredFile


class MemoryBarRepository:
    """A `BarRepository` that keeps every revision ever written."""

    def __init__(self, lock_seconds: float = 10) -> None:
        self._files: dict[str, Bars] = {}
        self._locks: defaultdict[Series, threading.Lock] = defaultdict(threading.Lock)
        self._lock_seconds = lock_seconds

    @contextlib.contextmanager
    def lock(self, series: Series) -> Iterator[None]:
        """Hold the series against the other threads."""
        lock = self._locks[series]
        if not lock.acquire(timeout=self._lock_seconds):
            raise CatalogBusyError(f"Another thread is writing {series}.", "Wait for it.")
        try:
            yield
        finally:
            lock.release()

    def write(self, revisions: Iterable[NewPartition]) -> tuple[StoredFile, ...]:
        """Keep the revisions' bars."""
        return tuple(self._keep(new) for new in revisions)

    def _keep(self, new: NewPartition) -> StoredFile:
        path = f"{new.series.instrument_id}/{new.series.bar_type}/{new.partition}.{new.revision}"
        self._files[path] = new.bars
        return StoredFile(path, _digest(new.bars), new.bars.nbytes)

    def read(self, partition: PartitionWritten) -> Bars:
        """Return the bars of a revision, once their hash is checked."""
        bars = self._files.get(partition.path)
        if bars is None or _digest(bars) != partition.sha256:
            raise CorruptPartitionError(partition, "its content is not what was written")
        return bars

    def tidy(self, holdings: SeriesHoldings) -> None:
        """Do nothing: revisions have names of their own, and no process leaves any behind."""

    def quarantine(self, partition: PartitionWritten) -> None:
        """Forget the damaged revision."""
        self._files.pop(partition.path, None)

    def damage(self, partition: PartitionWritten) -> None:
        """Lose the first bar of a revision, as a failing disk might."""
        self._files[partition.path] = self._files[partition.path].take(slice(1, None))


def _digest(bars: Bars) -> str:
    digest = hashlib.sha256(f"{bars.price_precision},{bars.size_precision}".encode())
    for column in bars.columns():
        digest.update(column.tobytes())
    return digest.hexdigest()
