"""The `BarRepository` on a folder of Parquet files."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import filelock

from adapters.parquet import files, paths
from adapters.parquet.durable import DurableBatch, sync_folder
from domain.bars import Bars
from domain.errors import (
    CatalogBusyError,
    CatalogError,
    CatalogReadOnlyError,
    CorruptPartitionError,
    DiskFullError,
)
from domain.events import PartitionWritten
from domain.instrument import Series
from domain.ports import NewPartition, StoredFile

_LOCK_SECONDS = 60


class ParquetBarRepository:
    """Keeps each revision of a partition as a file below `root` that is never written again."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextlib.contextmanager
    def lock(self, series: Series) -> Iterator[None]:
        """Hold the series' lock file; the system frees it when its holder dies."""
        folder = self._root / paths.series_folder(series)
        with _translated(self._root):
            folder.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(folder / ".lock", timeout=_LOCK_SECONDS)
            try:
                lock.acquire()
            except filelock.Timeout as error:
                raise CatalogBusyError(
                    f"Another process has been writing {series} for {_LOCK_SECONDS} seconds.",
                    "Wait until it has finished, then run the command again.",
                ) from error
        try:
            yield
        finally:
            lock.release()

    def write(self, revisions: Iterable[NewPartition]) -> tuple[StoredFile, ...]:
        """Write temporary files, sync them, then give each its name."""
        with _translated(self._root), DurableBatch() as batch:
            stored = tuple(self._stage(new, batch) for new in revisions)
            batch.publish()
        return stored

    def _stage(self, new: NewPartition, batch: DurableBatch) -> StoredFile:
        path = paths.partition_path(new.series, new.partition, new.revision)
        content = files.encode(new)
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        self._set_aside(path)
        batch.add(target, content)
        return StoredFile(path.as_posix(), hashlib.sha256(content).hexdigest(), len(content))

    def read(self, partition: PartitionWritten) -> Bars:
        """Read the file into memory once, check its hash, and parse what was checked."""
        content = self._content(partition)
        if hashlib.sha256(content).hexdigest() != partition.sha256:
            raise _corrupt(partition, "its content is not what was written")
        try:
            return files.decode(content)
        except (ValueError, OSError, KeyError) as error:
            raise _corrupt(partition, f"it cannot be parsed ({error})") from error

    def retire(self, partition: PartitionWritten) -> None:
        """Move the file into the history folder beside it, where `read` finds it too."""
        path = PurePosixPath(partition.path)
        with _translated(self._root):
            target = self._root / paths.history_path(path)
            target.parent.mkdir(exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                (self._root / path).rename(target)
            sync_folder(target.parent)
            sync_folder(target.parent.parent)

    def _content(self, partition: PartitionWritten) -> bytes:
        path = PurePosixPath(partition.path)
        # A writer may move the file to the history while we look: so look here, there, here.
        for candidate in (path, paths.history_path(path), path):
            try:
                return (self._root / candidate).read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise _corrupt(partition, f"it cannot be read ({error.strerror})") from error
        raise _corrupt(partition, "the file is missing")

    def _set_aside(self, path: PurePosixPath) -> None:
        """Move away a file that bears the name of a revision which the ledger does not know."""
        stray = self._root / path
        if stray.exists():
            target = stray.parent / paths.ORPHANS / f"{stray.stem}.{uuid.uuid4().hex}.parquet"
            target.parent.mkdir(exist_ok=True)
            stray.rename(target)


def _corrupt(partition: PartitionWritten, reason: str) -> CorruptPartitionError:
    return CorruptPartitionError(
        f"The partition {partition.path} is damaged: {reason}.",
        "Import or fetch that stretch again; the ledger says where it came from "
        f"({partition.source}: {partition.detail}).",
    )


@contextlib.contextmanager
def _translated(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                f"The disk that holds the Parquet catalog {root} is full.",
                "Free some space, then run the same command again: nothing is half-written.",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise CatalogReadOnlyError(
                f"The Parquet catalog {root} cannot be written to ({error.strerror}).",
                "Give yourself write permission, or name another folder with --catalog.",
            ) from error
        raise CatalogError(
            f"The Parquet catalog {root} cannot be used ({error.strerror}).",
            "Name a folder with --catalog; it is made if it does not exist.",
        ) from error
