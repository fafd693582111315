"""Ports for looking after the catalog itself: its files, its history, its ledger, its disk.

What the use cases need of bars and events is in `domain/ports.py`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import attrs

from domain.events import PartitionWritten
from domain.instrument import Series
from domain.ports import AvailabilityLedger, NewPartition, ProgressTask, StoredFile


class FilePlace(enum.Enum):
    """Where in the catalog a file lies."""

    CURRENT = "current"
    HISTORY = "history"
    ORPHANS = "orphans"
    QUARANTINE = "quarantine"
    TEMPORARY = "temporary"
    ELSEWHERE = "elsewhere"


@attrs.frozen
class FoundFile:
    """A file below the catalog's folder, as its path (relative) and name tell of it.

    `series`, `partition` and `revision` are None where the path names none.
    """

    path: str
    size: int
    place: FilePlace
    series: Series | None = None
    partition: str | None = None
    revision: int | None = None


@attrs.frozen
class DescribedFile:
    """What a partition's file says of itself, its values checked, and where and how it lies."""

    new: NewPartition
    stored: StoredFile


class CatalogFiles(Protocol):
    """Looks at the catalog's files by themselves, whatever the ledger says."""

    def find(self) -> Iterator[FoundFile]:
        """Yield whatever is named as a Parquet file, or as what a writer left, by its path.

        Raises:
            CatalogError: a folder cannot be read.
        """

    def sizes(self, series: Series, place: FilePlace) -> Mapping[tuple[str, int], int]:
        """Return the size in bytes of each revision's file, by partition and revision.

        `place` is where current revisions lie, or the history. No file is opened.

        Raises:
            CatalogError: a folder cannot be read.
        """

    def describe(self, path: str) -> DescribedFile:
        """Read the file at `path` and return what it says of itself.

        Raises:
            UnreadablePartitionError: it holds no partition, or not what was written into it.
        """

    def examine(self, recorded: PartitionWritten) -> DescribedFile:
        """Read the file of a revision, current or superseded, and compare all of it.

        Raises:
            CorruptPartitionError: it is missing, or not what was recorded.
            CatalogError: it may not be read.
        """

    def digest(self, path: str) -> str:
        """Return the SHA-256 (hex) of the file at `path`.

        Raises:
            UnreadablePartitionError: it cannot be read.
        """

    def place_of(self, series: Series, partition: str, revision: int) -> str:
        """Return where the current file of a revision lies."""

    def put_back(self, path: str, place: str) -> None:
        """Move the file at `path` to `place`, where a revision belongs; nothing is there.

        Raises:
            CatalogReadOnlyError, CatalogError: it could not be moved.
        """

    def set_aside(self, path: str, to: FilePlace) -> str:
        """Move a file to the orphans or into quarantine; return where it is now.

        Raises:
            CatalogReadOnlyError, CatalogError: it could not be moved.
        """

    def any_partition(self) -> bool:
        """Return whether any series' folder holds a partition, current or superseded.

        Raises:
            LedgerMissingError: a backup was being made there, and never finished.
            CatalogError: the folder cannot be read.
        """


class CatalogCopy(Protocol):
    """A copy of the catalog in the making; nobody can take it for a whole one."""

    @property
    def ledger_folder(self) -> Path:
        """Where the ledger's copy is to be laid; it is put in its place last of all."""

    def add(self, partition: PartitionWritten, *, current: bool) -> None:
        """Copy a revision's file, its hash checked on the way.

        Raises:
            CorruptPartitionError: the file is missing or not what was recorded.
            BackupError, DiskFullError: the copy could not be written.
        """


class RevisionHistory(Protocol):
    """Deletes superseded revisions, and copies revisions for a backup."""

    def exclusively(self) -> AbstractContextManager[None]:
        """Hold off every other deletion and copy, of all processes, until the context ends.

        Raises:
            CatalogReadOnlyError, CatalogError, CatalogBusyError: it could not be had.
        """

    def discard(self, revisions: Iterable[PartitionWritten]) -> int:
        """Delete the files of superseded revisions for good; return the bytes freed.

        A file that is gone already is no error, and what was not recorded is not deleted.

        Raises:
            CatalogReadOnlyError, CatalogError: a file could not be deleted.
        """

    def make_room(self, series: Series) -> int:
        """Free on a full disk what can be spared; return the bytes.

        That is what killed writers left of `series`, whose lock the caller holds, and a reserve
        that is kept for the event which must be recorded before anything can be deleted.

        Raises:
            CatalogReadOnlyError, CatalogError: a file could not be deleted.
        """

    def copying(self, folder: Path) -> AbstractContextManager[CatalogCopy]:
        """Make a copy of the catalog in `folder`, which is whole once the context has ended.

        Where it ends with an error, nothing of the copy is left.

        Raises:
            BackupError: the folder is not empty, lies in the catalog or cannot be written to.
            DiskFullError: the disk is full.
        """


class DiskSpace(Protocol):
    """Knows how much room the catalog's disk has."""

    def free(self) -> int | None:
        """Return the free bytes, or None where the system does not say."""


@attrs.frozen
class LedgerHead:
    """The ledger's last event: its number, its hash (hex), and when it was recorded.

    The hash stands for the whole history up to it. `recorded_at` is UTC nanoseconds. An empty
    ledger has number 0 and a hash of zeros.
    """

    seq: int
    hash: str
    recorded_at: int


@attrs.frozen
class LedgerReport:
    """What a check of the whole ledger found.

    `first_broken` is the number of the first event that is not what was recorded, or None.
    `problems` are sentences; `warnings` are what is odd and yet no damage, such as a clock that
    ran backwards.
    """

    events: int
    head: LedgerHead
    first_broken: int | None
    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


@attrs.frozen
class ReplayReport:
    """A replay of `events` events: `changed` tells whether anything had been wrong."""

    events: int
    head: int
    changed: bool


class LedgerAside(Protocol):
    """A ledger that another one is about to replace."""

    @property
    def kept(self) -> str | None:
        """Where it is kept, relative to the catalog, or None where there was none."""

    def give_way(self) -> None:
        """Free its place for another."""


class LedgerKeeper(Protocol):
    """Looks after the ledger's own record: proves it, rebuilds what is derived, copies it."""

    def head(self) -> LedgerHead:
        """Return the last event's number and hash."""

    def verify(
        self, task: ProgressTask, *, expected: tuple[int, str] | None = None
    ) -> LedgerReport:
        """Check every event's hash, the order, what guards the past, and the projections.

        `expected` is the number and hash (hex) of a head that was kept elsewhere: a tail that
        was cut off and a history that was written anew are found by it alone. `task` advances
        by events. Nothing is changed.

        Raises:
            LedgerDamagedError: the file is no database any more.
            LedgerError: the ledger cannot be opened.
        """

    def replay(self, task: ProgressTask) -> ReplayReport:
        """Make the projections anew from the events alone, and what guards the events.

        `task` advances by events.

        Raises:
            LedgerDamagedError: an event is missing or not what was recorded; nothing is changed.
            CatalogReadOnlyError, DiskFullError, LedgerError: it could not be done.
        """

    def copy(self, folder: Path) -> int:
        """Copy the ledger, as it is at one moment, into `folder`; return the copy's head.

        Others may write meanwhile. Where there is no ledger, nothing is copied.

        Raises:
            BackupError: there is a ledger in `folder` already, or it cannot be written there.
            DiskFullError, LedgerError: it could not be copied.
        """

    def set_aside(self, expected_head: int | None = None) -> AbstractContextManager[LedgerAside]:
        """Keep the ledger where it can be looked into, so that another can take its place.

        Nobody else writes to it until the context ends. Where that is with an error, the ledger
        stays, or is put back, where it was. Whoever waited to write to it begins anew with what
        has its place then. `expected_head` is the last event that the caller knows of.

        Raises:
            LedgerConflictError: its last event is another one.
            CatalogReadOnlyError, DiskFullError, CatalogError, LedgerError: it could not be done.
        """


class NewLedger(Protocol):
    """Makes a ledger that nobody sees until it takes the place of the present one."""

    def begin(self) -> AvailabilityLedger:
        """Return an empty ledger to be filled; what an earlier attempt has left is gone.

        Raises:
            CatalogReadOnlyError, DiskFullError, LedgerError: it could not be made.
        """

    def take_place(self) -> None:
        """Make it the catalog's ledger; the present one has given way.

        Raises:
            CatalogBusyError: there is another one in its place.
            CatalogReadOnlyError, CatalogError: it could not be done.
        """

    def abandon(self) -> None:
        """Let nothing be left of it, as far as that can be done."""
