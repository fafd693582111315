"""The `CatalogFiles` of a folder of Parquet files."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from adapters.parquet import files, paths
from adapters.parquet.backup import UNFINISHED
from adapters.parquet.content import checked_content, found_content, recorded_content
from adapters.parquet.durable import DurableBatch, sync_folder
from adapters.parquet.failures import translated, unusable
from adapters.parquet.folders import make_folder, move_aside
from domain.errors import CorruptPartitionError, LedgerMissingError, UnreadablePartitionError
from domain.events import PartitionWritten
from domain.instrument import Series
from domain.ports import StoredFile
from domain.soundness import contradiction
from domain.upkeep import DescribedFile, FilePlace, FoundFile

# What a link ends in that leads to no file.
_NOWHERE = (errno.ELOOP, errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
_PLACES = {FilePlace.CURRENT, FilePlace.HISTORY}


class ParquetCatalogFiles:
    """Looks at the files below `root` by themselves."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self) -> Iterator[FoundFile]:
        """Walk through the folders; a link to a folder is followed, but not round in a circle."""
        with translated(self._root, "read"):
            there = self._root.is_dir()
        if there:
            yield from self._walk(PurePosixPath(), frozenset())

    def _walk(
        self, folder: PurePosixPath, above: frozenset[tuple[int, int]]
    ) -> Iterator[FoundFile]:
        here, entries = self._listed(folder)
        if here in above:
            return
        for entry in entries:
            path = folder / entry.name
            if entry.name.endswith(paths.SUFFIX) or PurePosixPath(entry.name).match(
                paths.TEMPORARY
            ):
                yield paths.found_file(path, _size(entry))
            if self._is_folder(entry):
                yield from self._walk(path, above | {here})

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        """Whether there is more below; a link that leads nowhere is no folder."""
        try:
            with translated(self._root, "read"):
                try:
                    return entry.is_dir()
                except OSError as error:
                    if error.errno not in _NOWHERE:
                        raise
        except FileNotFoundError:
            pass
        return False

    def _listed(self, folder: PurePosixPath) -> tuple[tuple[int, int], list[os.DirEntry[str]]]:
        try:
            with translated(self._root, "read"), os.scandir(self._root / folder) as entries:
                what = (self._root / folder).stat()
                return (what.st_dev, what.st_ino), sorted(entries, key=lambda one: one.name)
        except FileNotFoundError as error:
            raise unusable(self._root, f"{folder} has vanished") from error

    def sizes(self, series: Series, place: FilePlace) -> Mapping[tuple[str, int], int]:
        """List the folder, and ask the system for the size of each file in it."""
        folder = self._root / paths.series_folder(series)
        if place is FilePlace.HISTORY:
            folder /= paths.HISTORY
        try:
            with translated(self._root, "read"):
                return dict(_sizes(folder))
        except FileNotFoundError:
            return {}

    def describe(self, path: str) -> DescribedFile:
        """Read the file once, and believe nothing of it that it does not prove."""
        with _unreadable(path):
            content = found_content(self._root, path)
            return _described(path, content)

    def examine(self, recorded: PartitionWritten) -> DescribedFile:
        """Check the hash first, then what the file says of itself."""
        try:
            content = checked_content(self._root, recorded)
        except CorruptPartitionError as error:
            raise self._explained(error) from error
        try:
            found = _described(recorded.path, content)
        except files.UNREADABLE as error:
            raise CorruptPartitionError(recorded, f"it cannot be parsed ({error})") from error
        problem = contradiction(found, recorded)
        if problem:
            raise CorruptPartitionError(recorded, problem)
        return found

    def _explained(self, error: CorruptPartitionError) -> CorruptPartitionError:
        """Say so where the file is a whole one, but another than the one that was recorded."""
        recorded = error.partition
        try:
            found = _described(recorded.path, recorded_content(self._root, recorded))
        except files.UNREADABLE:
            return error
        problem = contradiction(found, recorded)
        return CorruptPartitionError(recorded, problem) if problem else error

    def digest(self, path: str) -> str:
        """Hash the file's bytes."""
        with _unreadable(path):
            return hashlib.sha256(found_content(self._root, path)).hexdigest()

    def place_of(self, series: Series, partition: str, revision: int) -> str:
        """Name the file below its series' folder."""
        return paths.partition_path(series, partition, revision).as_posix()

    def put_back(self, path: str, place: str) -> None:
        """Copy the file as a new one is written, never over another, then let go of it."""
        with _unreadable(path):
            content = found_content(self._root, path)
        with translated(self._root), DurableBatch() as batch:
            make_folder((self._root / place).parent)
            batch.add(self._root / place, lambda: content)
            batch.publish()
            (self._root / path).unlink()

    def set_aside(self, path: str, to: FilePlace) -> str:
        """Move the file to the place of its kind, beside its series or for the whole catalog."""
        source, relative = self._root / path, PurePosixPath(path)
        folder = relative.parent
        if folder.name in (paths.HISTORY, paths.ORPHANS):
            folder = folder.parent
        kept = folder / paths.ORPHANS
        if to is FilePlace.QUARANTINE:
            kept = PurePosixPath(paths.QUARANTINE, folder)
        with translated(self._root):
            moved = move_aside(source, self._root / kept)
            sync_folder(moved.parent)
        return moved.relative_to(self._root).as_posix()

    def any_partition(self) -> bool:
        """Look for one file that is named as a partition and lies where one belongs."""
        with translated(self._root, "read"):
            self._refuse_unfinished_backup()
            return any(
                paths.found_file(PurePosixPath(path.relative_to(self._root).as_posix()), 0).place
                in _PLACES
                for pattern in ("*/*/*.parquet", f"*/*/{paths.HISTORY}/*.parquet")
                for path in self._root.glob(pattern)
            )

    def _refuse_unfinished_backup(self) -> None:
        """Raise where a backup was being made, which puts the ledger in its place last of all."""
        if os.path.lexists(self._root / UNFINISHED):
            raise LedgerMissingError(
                f"{self._root} holds a backup that was never finished.",
                "Delete that folder and make the backup again, or name another Parquet catalog "
                "with --catalog.",
            )


def _sizes(folder: Path) -> Iterator[tuple[tuple[str, int], int]]:
    try:
        entries = os.scandir(folder)
    except NotADirectoryError:
        return
    with entries:
        for entry in entries:
            named = paths.revision_of(entry.name)
            # What vanishes while we look has been moved, and is there where it is now.
            with contextlib.suppress(FileNotFoundError):
                if named is not None and entry.is_file():
                    yield named, entry.stat().st_size


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0


def _described(path: str, content: bytes) -> DescribedFile:
    digest = hashlib.sha256(content).hexdigest()
    return DescribedFile(files.describe(content), StoredFile(path, digest, len(content)))


@contextlib.contextmanager
def _unreadable(path: str) -> Iterator[None]:
    try:
        yield
    except files.UNREADABLE as error:
        raise UnreadablePartitionError(
            f"{path} cannot be taken for a partition: {error}.",
            "Look at where it came from. Nothing of the Parquet catalog depends on it.",
        ) from error
