"""The `RevisionHistory` on a folder of Parquet files."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import filelock

from adapters.parquet import paths, reserve
from adapters.parquet.backup import FolderCopy, copied_to
from adapters.parquet.durable import sync_folder
from adapters.parquet.failures import translated
from adapters.parquet.folders import move_aside
from adapters.parquet.locks import acquire
from domain.errors import CatalogBusyError
from domain.events import PartitionWritten
from domain.instrument import Series
from domain.waits import Tell, untold

LOCK_FILE = ".history.lock"
_LOCK_SECONDS = 60
_WHAT = "Another process makes a backup, or deletes history."


class ParquetRevisionHistory:
    """Looks after the superseded revisions below `root`.

    `tell` is told what is waited for, where another process is in the way for long.
    """

    def __init__(
        self, root: Path, lock_seconds: float = _LOCK_SECONDS, *, tell: Tell = untold
    ) -> None:
        self._root = root
        self._lock_seconds = lock_seconds
        self._tell = tell

    @contextlib.contextmanager
    def exclusively(self) -> Iterator[None]:
        """Hold a lock file in the catalog's folder; the system frees it when its holder dies."""
        lock = filelock.FileLock(self._root / LOCK_FILE)
        with translated(self._root):
            try:
                acquire(lock, _WHAT, self._lock_seconds, self._tell)
            except filelock.Timeout as error:
                raise CatalogBusyError(
                    "A backup is being made, or history deleted, by another process.",
                    "Wait until it has finished, then run the command again.",
                ) from error
        try:
            yield
            reserve.keep(self._root)
        finally:
            lock.release()

    def make_room(self, series: Series) -> int:
        """Delete the reserve, and temporary files in the series' folder."""
        freed, folder = 0, self._root / paths.series_folder(series)
        with translated(self._root):
            for path in (self._root / reserve.NAME, *folder.glob(paths.TEMPORARY)):
                if path.is_file():
                    freed += path.stat().st_size
                    path.unlink(missing_ok=True)
        return freed

    def discard(self, revisions: Iterable[PartitionWritten]) -> int:
        """Delete files in history folders alone, so that nothing current can go."""
        freed, folders = 0, set()
        with translated(self._root):
            for one in revisions:
                path = self._root / paths.history_path(PurePosixPath(one.path))
                freed += _delete(path, one)
                folders.add(path.parent)
            for folder in folders:
                if folder.exists():
                    sync_folder(folder)
        return freed

    @contextlib.contextmanager
    def copying(self, folder: Path) -> Iterator[FolderCopy]:
        """Fill a folder within `folder`, and bring its content up when all is on the disk."""
        with copied_to(folder, self._root) as copy:
            yield copy


def _delete(path: Path, recorded: PartitionWritten) -> int:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return 0
    if hashlib.sha256(content).hexdigest() != recorded.sha256:
        # Damaged, or of a time that this ledger, put back from a backup, knows nothing of.
        move_aside(path, path.parent.parent / paths.ORPHANS)
        return 0
    path.unlink(missing_ok=True)
    return len(content)
