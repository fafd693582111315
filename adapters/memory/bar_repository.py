"""Partitions kept in a dictionary."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator

import attrs

from domain.availability import SeriesHoldings
from domain.bars import Bars
from domain.errors import CatalogBusyError, CorruptPartitionError
from domain.events import PartitionWritten
from domain.instrument import Series
from domain.ports import NewPartition, StoredFile
from domain.upkeep import FilePlace


@attrs.frozen
class MemoryFile:
    """A revision as it lies in memory, and what kind of place it lies in."""

    new: NewPartition
    place: FilePlace = FilePlace.CURRENT


class MemoryBarRepository:
    """A `BarRepository` that keeps every revision ever written, in `files`, by path."""

    def __init__(self, lock_seconds: float = 10) -> None:
        self.files: dict[str, MemoryFile] = {}
        self._locks: defaultdict[Series, threading.Lock] = defaultdict(threading.Lock)
        self._fetch_locks: defaultdict[Series, threading.Lock] = defaultdict(threading.Lock)
        self._lock_seconds = lock_seconds
        self._moves = itertools.count()

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

    @contextlib.contextmanager
    def fetching(self, series: Series, seconds: float = 0) -> Iterator[bool]:
        """Hold the right to fetch the series against the other threads, if none has it."""
        lock = self._fetch_locks[series]
        had = lock.acquire(timeout=seconds)
        try:
            yield had
        finally:
            if had:
                lock.release()

    def write(self, revisions: Iterable[NewPartition]) -> tuple[StoredFile, ...]:
        """Keep the revisions' bars."""
        return tuple(self._keep(new) for new in revisions)

    def _keep(self, new: NewPartition) -> StoredFile:
        path = memory_path(new.series, new.partition, new.revision)
        if path in self.files:
            raise CatalogBusyError(f"Another thread has written {path}.", "Wait for it.")
        self.files[path] = MemoryFile(new)
        return stored_file(path, new)

    def read(self, partition: PartitionWritten) -> Bars:
        """Return the bars of a revision, once their hash is checked."""
        kept = self.files.get(partition.path)
        if kept is None or digest_of(kept.new.bars) != partition.sha256:
            raise CorruptPartitionError(partition, "its content is not what was written")
        return kept.new.bars

    def tidy(self, holdings: SeriesHoldings) -> None:
        """Mark superseded revisions as such, and move aside what the ledger does not know."""
        for path, kept in list(self.files.items()):
            new = kept.new
            if new.series != holdings.series or kept.place is not FilePlace.CURRENT:
                continue
            current = holdings.partitions.get(new.partition)
            if new.revision > holdings.revisions.get(new.partition, 0):
                self.move(path, FilePlace.ORPHANS)
            elif current is None or current.revision != new.revision:
                self.files[path] = attrs.evolve(kept, place=FilePlace.HISTORY)

    def quarantine(self, partition: PartitionWritten) -> None:
        """Move the damaged revision where `read` does not look."""
        if partition.path in self.files:
            self.move(partition.path, FilePlace.QUARANTINE)

    def move(self, path: str, place: FilePlace) -> str:
        """Give a file a name that says where it lies, and return that."""
        moved = f".{place.value}/{next(self._moves)}/{path}"
        self.files[moved] = attrs.evolve(self.files.pop(path), place=place)
        return moved

    def damage(self, partition: PartitionWritten) -> None:
        """Lose the first bar of a revision, as a failing disk might."""
        kept = self.files[partition.path]
        new = attrs.evolve(kept.new, bars=kept.new.bars.take(slice(1, None)))
        self.files[partition.path] = attrs.evolve(kept, new=new)


def memory_path(series: Series, partition: str, revision: int) -> str:
    """Return the name of a revision."""
    return f"{series.instrument_id}/{series.bar_type}/{partition}.{revision}"


def stored_file(path: str, new: NewPartition) -> StoredFile:
    """Return a revision as it lies in memory."""
    return StoredFile(path, digest_of(new.bars), new.bars.nbytes)


def digest_of(bars: Bars) -> str:
    """Return a SHA-256 (hex) of bars, which stands for that of a file."""
    digest = hashlib.sha256(f"{bars.price_precision},{bars.size_precision}".encode())
    for column in bars.columns():
        digest.update(column.tobytes())
    return digest.hexdigest()
