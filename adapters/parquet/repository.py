"""The `BarRepository` on a folder of Parquet files."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import attrs

from adapters.parquet import files, paths, reserve
from adapters.parquet.content import checked_content
from adapters.parquet.durable import DurableBatch
from adapters.parquet.failures import translated
from adapters.parquet.folders import clear_folder, make_folder, move_aside
from domain.availability import SeriesHoldings
from domain.bars import Bars
from domain.errors import CatalogBusyError, CorruptPartitionError
from domain.events import PartitionWritten
from domain.instrument import Series
from domain.ports import NewPartition, StoredFile
from domain.publishing import OnStep, Step, unobserved
from domain.waits import Tell, untold

_LOCK_SECONDS = 60


@attrs.define
class _Staged:
    """A file on its way: what is recorded of it is known once its content was made."""

    path: str
    digest: str = ""
    size: int = 0

    def encode(self, new: NewPartition) -> bytes:
        content = files.encode(new)
        self.digest, self.size = files.sha256(content), len(content)
        return content

    def stored(self) -> StoredFile:
        return StoredFile(self.path, self.digest, self.size)


class ParquetBarRepository:
    """Keeps each revision of a partition as a file below `root` that is never written again.

    `tell` is told what is waited for, where another process is in the way for long.
    """

    def __init__(self, root: Path, on_step: OnStep = unobserved, tell: Tell = untold) -> None:
        self._root = root
        self._on_step = on_step
        self._tell = tell

    @contextlib.contextmanager
    def lock(self, series: Series) -> Iterator[None]:
        """Hold the series' lock file; the system frees it when its holder dies."""
        import filelock  # which is not needed to read, and takes long to import

        from adapters.parquet.locks import acquire

        folder = self._root / paths.series_folder(series)
        with translated(self._root):
            make_folder(folder)
            lock = filelock.FileLock(folder / ".lock")
            try:
                acquire(lock, f"Another process is writing {series}.", _LOCK_SECONDS, self._tell)
            except filelock.Timeout as error:
                raise CatalogBusyError(
                    f"Another process has been writing {series} for {_LOCK_SECONDS} seconds.",
                    "Wait until it has finished, then run the command again.",
                ) from error
        try:
            self._on_step(Step.LOCKED)
            yield
            reserve.keep(self._root)
        finally:
            lock.release()
            self._on_step(Step.RELEASED)

    @contextlib.contextmanager
    def fetching(self, series: Series, seconds: float = 0) -> Iterator[bool]:
        """Hold another lock file of the series, if no other process does."""
        import filelock

        folder = self._root / paths.series_folder(series)
        with translated(self._root):
            make_folder(folder)
            lock = filelock.FileLock(folder / ".fetch.lock", timeout=seconds)
            with contextlib.suppress(filelock.Timeout):
                lock.acquire()
        try:
            yield lock.is_locked
        finally:
            lock.release()

    def write(self, revisions: Iterable[NewPartition]) -> tuple[StoredFile, ...]:
        """Write temporary files, sync them, then give each its name."""
        with translated(self._root), DurableBatch(self._on_step) as batch:
            folders: set[Path] = set()
            stored = [self._stage(new, batch, folders) for new in revisions]
            batch.publish()
        return tuple(one.stored() for one in stored)

    def _stage(self, new: NewPartition, batch: DurableBatch, folders: set[Path]) -> _Staged:
        path = paths.partition_path(new.series, new.partition, new.revision)
        target = self._root / path
        if target.parent not in folders:
            target.parent.mkdir(parents=True, exist_ok=True)
            folders.add(target.parent)
        staged = _Staged(path.as_posix())
        batch.add(target, functools.partial(staged.encode, new))
        return staged

    def read(self, partition: PartitionWritten) -> Bars:
        """Read the file into memory once, check its hash, and parse what was checked."""
        content = checked_content(self._root, partition)
        try:
            return files.decode(content)
        except files.UNREADABLE as error:
            raise CorruptPartitionError(partition, f"it cannot be parsed ({error})") from error

    def tidy(self, holdings: SeriesHoldings) -> None:
        """Move superseded files to the history folder and unknown ones to the orphans."""
        with translated(self._root):
            folder = self._root / paths.series_folder(holdings.series)
            clear_folder(folder, holdings, self._on_step)
        self._on_step(Step.TIDIED)

    def quarantine(self, partition: PartitionWritten) -> None:
        """Move the file below the catalog's quarantine folder; one that is gone stays gone."""
        path = PurePosixPath(partition.path)
        with translated(self._root):
            for candidate in (self._root / path, self._root / paths.history_path(path)):
                if os.path.lexists(candidate):
                    move_aside(candidate, self._root / paths.QUARANTINE / path.parent)
