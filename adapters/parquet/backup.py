"""A folder that becomes a copy of the catalog at one stroke, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from adapters.parquet import paths
from adapters.parquet.content import checked_content
from adapters.parquet.durable import sync_file, sync_folder
from domain.errors import BackupError, CorruptPartitionError, DiskFullError
from domain.events import PartitionWritten

UNFINISHED = ".unfinished-backup"
# A disk takes several flushes at once; what waits for them is held in memory.
_THREADS = 8
_MOST_WAITING = 32


@contextlib.contextmanager
def copied_to(folder: Path, root: Path) -> Iterator[FolderCopy]:
    """Yield a copy of the catalog at `root` that stands in `folder` once the context ends.

    Raises:
        BackupError, DiskFullError: it cannot be made there; nothing of it is left.
    """
    _check(folder, root)
    with _translated(folder):
        made = _missing_folders(folder)
    copy = FolderCopy(root, folder)
    try:
        with _translated(folder):
            copy.ledger_folder.mkdir(parents=True)
        yield copy
        with _translated(folder):
            copy.finish()
    except BaseException:
        copy.abandon()
        for one in made:
            with contextlib.suppress(OSError):
                one.rmdir()
        raise


class FolderCopy:
    """The `CatalogCopy` in `folder` of the catalog at `root`."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._folder = folder
        self.ledger_folder = folder / UNFINISHED
        self._pool = ThreadPoolExecutor(_THREADS)
        self._waiting: deque[Future[None]] = deque()
        self._folders: set[Path] = set()
        self._in_place: list[Path] = []

    def add(self, partition: PartitionWritten, *, current: bool) -> None:
        """Read the file, check it, and leave it to be written and flushed meanwhile."""
        path = PurePosixPath(partition.path)
        if path.is_absolute() or ".." in path.parts:
            raise CorruptPartitionError(partition, "its path leads out of the catalog")
        content = checked_content(self._root, partition)
        target = self.ledger_folder / (path if current else paths.history_path(path))
        with _translated(self._folder):
            if target.parent not in self._folders:
                target.parent.mkdir(parents=True, exist_ok=True)
                self._folders.add(target.parent)
            self._waiting.append(self._pool.submit(_write, target, content))
            while len(self._waiting) > _MOST_WAITING:
                self._waiting.popleft().result()

    def finish(self) -> None:
        """Wait until all is on the disk, then bring it into place, the ledger last."""
        while self._waiting:
            self._waiting.popleft().result()
        self._pool.shutdown()
        for folder in self._below():
            sync_folder(folder)
        for source in sorted(self._to_place(), key=_folders_first):
            if source.is_file():
                sync_file(source)
                # From here on the folder is taken for a catalog, so all else must be there.
                sync_folder(self._folder)
            self._in_place.append(source.rename(self._folder / source.name))
        self.ledger_folder.rmdir()
        sync_folder(self._folder)
        sync_folder(self._folder.parent)

    def _to_place(self) -> Iterator[Path]:
        for source in self.ledger_folder.iterdir():
            # What a database leaves beside it when it has been read is no part of it.
            is_empty_log = source.name.endswith("-wal") and not source.stat().st_size
            if is_empty_log or source.name.endswith("-shm"):
                source.unlink()
            else:
                yield source

    def _below(self) -> set[Path]:
        inside = {parent for one in self._folders for parent in (one, *one.parents)}
        return {one for one in inside if one.is_relative_to(self.ledger_folder)}

    def abandon(self) -> None:
        """Delete what was copied."""
        self._pool.shutdown(cancel_futures=True)
        for path in (*reversed(self._in_place), self.ledger_folder):
            if path.is_file():
                path.unlink(missing_ok=True)
            else:
                shutil.rmtree(path, ignore_errors=True)


def _folders_first(path: Path) -> tuple[bool, int]:
    # A log that still belongs to the ledger has the longer name, and goes before it.
    return path.is_file(), -len(path.name)


def _write(target: Path, content: bytes) -> None:
    with target.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _missing_folders(folder: Path) -> list[Path]:
    """Return `folder` and those above it that do not exist, the innermost first."""
    return [one for one in (folder, *folder.parents) if not one.exists()]


def _check(folder: Path, root: Path) -> None:
    with _translated(folder):
        inside, outside = folder.resolve(), root.resolve()
        if inside.is_relative_to(outside):
            raise BackupError(
                f"{folder} lies in the Parquet catalog that is to be copied.",
                "Name a folder elsewhere, on another disk if you can.",
            )
        if not os.path.lexists(folder):
            return
        names = [one.name for one in folder.iterdir()]
    if UNFINISHED in names:
        raise BackupError(
            f"{folder} holds a backup that was never finished.",
            "Delete that folder, or name another one.",
        )
    if names:
        raise BackupError(
            f"{folder} is not empty.",
            "A backup goes into a folder of its own: name one that does not exist yet.",
        )


@contextlib.contextmanager
def _translated(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                f"The disk that holds the backup {folder} is full.",
                "Free some space there, or name a folder on another disk. What had been copied "
                "is deleted again.",
            ) from error
        raise BackupError(
            f"The backup cannot be written to {folder} ({error.strerror}).",
            "Name a folder that does not exist yet, where you may write.",
        ) from error
