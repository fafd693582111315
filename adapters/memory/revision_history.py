"""The history of a repository in memory, and copies of it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from adapters.memory.bar_repository import MemoryBarRepository, digest_of
from domain.bars import Bars
from domain.errors import BackupError, CatalogBusyError
from domain.events import PartitionWritten
from domain.instrument import Series
from domain.upkeep import FilePlace


@attrs.define
class MemoryCatalogCopy:
    """A `CatalogCopy` that keeps bars by path."""

    repository: MemoryBarRepository
    ledger_folder: Path
    bars: dict[str, Bars] = attrs.field(factory=dict)
    superseded: set[str] = attrs.field(factory=set)

    def add(self, partition: PartitionWritten, *, current: bool) -> None:
        """Keep a revision's bars."""
        self.bars[partition.path] = self.repository.read(partition)
        if not current:
            self.superseded.add(partition.path)


class MemoryRevisionHistory:
    """A `RevisionHistory` of a `MemoryBarRepository`; `copies` holds those that are whole."""

    def __init__(self, repository: MemoryBarRepository, lock_seconds: float = 10) -> None:
        self._repository = repository
        self._lock = threading.Lock()
        self._lock_seconds = lock_seconds
        self.copies: dict[Path, MemoryCatalogCopy] = {}

    @contextlib.contextmanager
    def exclusively(self) -> Iterator[None]:
        """Hold off the other threads."""
        if not self._lock.acquire(timeout=self._lock_seconds):
            raise CatalogBusyError("Another thread copies or deletes.", "Wait for it.")
        try:
            yield
        finally:
            self._lock.release()

    def discard(self, revisions: Iterable[PartitionWritten]) -> int:
        """Forget superseded revisions for good."""
        return sum(map(self._discard, revisions))

    def make_room(self, series: Series) -> int:
        """Free nothing: there is no disk."""
        del series
        return 0

    def _discard(self, partition: PartitionWritten) -> int:
        kept = self._repository.files.get(partition.path)
        if kept is None or kept.place is not FilePlace.HISTORY:
            return 0
        if digest_of(kept.new.bars) != partition.sha256:
            self._repository.move(partition.path, FilePlace.ORPHANS)
            return 0
        del self._repository.files[partition.path]
        return kept.new.bars.nbytes

    @contextlib.contextmanager
    def copying(self, folder: Path) -> Iterator[MemoryCatalogCopy]:
        """Keep a copy under the folder's name, once it is whole."""
        if folder in self.copies:
            raise BackupError(f"{folder} is not empty.", "Name another folder.")
        copy = MemoryCatalogCopy(self._repository, folder)
        yield copy
        self.copies[folder] = copy
