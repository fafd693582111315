"""The ledger's file as a whole: copied while others write, or put out of the way."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from adapters.sqlite import event_table, failures
from domain.errors import BackupError, DiskFullError

QUARANTINE = ".quarantine"
_BESIDE = ("", "-wal", "-shm")
_ELSEWHERE = "Name an empty folder on a disk with room for it."


def copy(source: sqlite3.Connection, target: Path) -> int:
    """Copy the ledger, as it is at one moment, beside `target`; return the copy's head.

    Raises:
        BackupError: there is a file already, or it cannot be written there.
        DiskFullError: the disk is full.
        sqlite3.Error: the ledger is damaged.
    """
    if target.exists():
        raise BackupError(f"There is a ledger at {target} already.", _ELSEWHERE)
    partial = _partial(target)
    with _translated(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove(partial)
        with contextlib.closing(sqlite3.connect(partial, isolation_level=None)) as made:
            # In one step, for a writer who came in between two would make it begin anew.
            source.backup(made)
            return event_table.head_and_hash(made)[0]


def finish(target: Path, head: int) -> int:
    """Give the copy its name, durably; return its head.

    Raises:
        BackupError: it cannot be written there.
        DiskFullError: the disk is full.
    """
    with _translated(target):
        sync(_partial(target))
        _partial(target).rename(target)
        sync(target.parent)
    return head


def _partial(target: Path) -> Path:
    return target.with_name(f"{target.name}.partial")


@contextlib.contextmanager
def _translated(target: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if failures.is_damage(error):
            raise
        if failures.is_full(error, target.parent):
            raise failures.full(target) from error
        raise BackupError(
            f"The ledger cannot be copied to {target} ({error}).", _ELSEWHERE
        ) from error
    except OSError as error:
        found = failures.from_system(error, target, "written to")
        if isinstance(found, DiskFullError):
            raise found from error
        raise BackupError(
            f"The ledger cannot be copied to {target} ({error.strerror}).", _ELSEWHERE
        ) from error


class Aside:
    """The ledger at `path`, kept in the quarantine, too, with what lies beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._gone = False
        folder = path.parent / QUARANTINE
        folder.mkdir(exist_ok=True)
        self.target = _free_name(folder, path)
        try:
            for suffix in reversed(_BESIDE):
                _link(_beside(path, suffix), _beside(self.target, suffix))
            sync(folder)
            sync(path.parent)
        except BaseException:
            self.undo()
            raise

    @property
    def kept(self) -> str:
        """Where it is kept, relative to the catalog."""
        return self.target.relative_to(self._path.parent).as_posix()

    def give_way(self) -> None:
        """Take it from its place."""
        self._gone = True
        with failures.translated(self._path):
            for suffix in _BESIDE:
                _beside(self._path, suffix).unlink(missing_ok=True)

    def undo(self) -> None:
        """Let it be in its place alone, unless another has taken that meanwhile."""
        with contextlib.suppress(OSError):
            if not self._gone:
                for suffix in _BESIDE:
                    _beside(self.target, suffix).unlink(missing_ok=True)
            elif not self._path.exists():
                for suffix in reversed(_BESIDE):
                    if _beside(self.target, suffix).exists():
                        _beside(self.target, suffix).rename(_beside(self._path, suffix))
                sync(self._path.parent)


class NoneAside:
    """No ledger, which is nowhere kept."""

    kept: str | None = None

    def give_way(self) -> None:
        """Do nothing: its place is free."""


def _free_name(folder: Path, path: Path) -> Path:
    number, target = 1, folder / path.name
    while any(_beside(target, suffix).exists() for suffix in _BESIDE):
        number += 1
        target = folder / f"{path.stem}.{number}{path.suffix}"
    return target


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, or a copy where the disk knows no second names."""
    if not source.exists():
        return
    try:
        target.hardlink_to(source)
    except OSError:
        # What can be made anew is not copied: to close that file would let go of SQLite's locks.
        if not source.name.endswith("-shm"):
            shutil.copy2(source, target)
            sync(target)


def _remove(partial: Path) -> None:
    for suffix in (*_BESIDE, "-journal"):
        _beside(partial, suffix).unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until the file, or the names in the folder, have reached the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
