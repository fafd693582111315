"""Copies the catalog to another folder while others go on writing it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

from application.catalog import Catalog
from application.space import ensure_room, file_bytes
from domain.as_of import AsOf
from domain.availability import Availability
from domain.errors import BackupError, CatalogReadOnlyError, CorruptPartitionError, DiskFullError
from domain.history import Revision
from domain.ports import AvailabilityLedger, Progress, ProgressTask
from domain.upkeep import CatalogCopy, DiskSpace, LedgerHead, LedgerKeeper, RevisionHistory

_FREE = (
    "Free some space there, or name a folder on another disk. What had been copied is deleted "
    "again."
)


@attrs.frozen
class NotCopied:
    """A revision that could not be copied, for its file is damaged."""

    path: str
    problem: str
    is_current: bool


@attrs.frozen
class BackUpResult:
    """What a backup holds.

    `partitions` and `bars` are current ones, `superseded` counts old revisions, and `size` is
    the bytes of both. `head` is the last event of its ledger. Partitions that were known as
    `damaged` are so in the backup, too; `missing` ones were found damaged only now.
    """

    partitions: int
    bars: int
    superseded: int
    size: int
    head: LedgerHead
    damaged: int
    missing: tuple[NotCopied, ...]


class BackUp:
    """The use case.

    `keeper_in` gives a keeper of the ledger that lies in a folder, `disk_at` the disk of one.
    """

    def __init__(
        self,
        catalog: Catalog,
        ledger: AvailabilityLedger,
        history: RevisionHistory,
        keeper: LedgerKeeper,
        keeper_in: Callable[[Path], LedgerKeeper],
        disk_at: Callable[[Path], DiskSpace],
        progress: Progress,
    ) -> None:
        self._catalog = catalog
        self._ledger = ledger
        self._history = history
        self._keeper = keeper
        self._keeper_in = keeper_in
        self._disk_at = disk_at
        self._progress = progress

    def run(self, folder: Path) -> BackUpResult:
        """Make `folder` a copy of the catalog as it is at one moment, history included.

        Raises:
            BackupError, DiskFullError: it cannot be made there; nothing of it is left.
            CatalogBusyError: another backup is being made, or history deleted.
            CatalogError, LedgerError: the catalog cannot be read.
        """
        self._catalog.availability()
        if not self._ledger.exists():
            raise BackupError(
                "The Parquet catalog is empty: there is nothing to copy.",
                "Name the folder that holds one with --catalog.",
            )
        with self._undisturbed(), self._history.copying(folder) as copy:
            head = self._copy_ledger(copy, folder)
            availability = self._catalog.availability(AsOf(seq=head.seq))
            self._ensure_space(availability, folder)
            return self._copied(copy, availability, head)

    def _copy_ledger(self, copy: CatalogCopy, folder: Path) -> LedgerHead:
        try:
            self._keeper.copy(copy.ledger_folder)
            return self._keeper_in(copy.ledger_folder).head()
        except DiskFullError as error:
            what = f"The disk that holds the backup {folder} is full."
            raise DiskFullError(what, _FREE) from error

    def _ensure_space(self, availability: Availability, folder: Path) -> None:
        sizes = [
            one.event.size
            for series in availability.series
            for one in self._catalog.history(series, upto=availability.head)
            if not one.corrupted and not one.discarded
        ]
        needs = f"{len(sizes):,} file{' needs' if len(sizes) == 1 else 's need'}"
        whose = f"The disk that holds the backup {folder}"
        ensure_room(self._disk_at(folder), file_bytes(sizes), whose, needs, _FREE)

    @contextlib.contextmanager
    def _undisturbed(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(self._history.exclusively())
            except CatalogReadOnlyError:
                self._progress.warn(
                    "This Parquet catalog cannot be written to, so that nobody can be kept from "
                    "deleting old revisions meanwhile: run no `barledger gc` until it is copied."
                )
            yield

    def _copied(
        self, copy: CatalogCopy, availability: Availability, head: LedgerHead
    ) -> BackUpResult:
        tally = _Tally(copy)
        total = sum(len(held.revisions) for held in availability.series.values())
        with self._progress.track("Copying the Parquet catalog", total) as task:
            for series in sorted(availability.series):
                for revision in self._catalog.history(series, upto=availability.head):
                    tally.take(revision, task)
        return tally.result(availability, head)


class _Tally:
    """Copies revisions, and counts them."""

    def __init__(self, copy: CatalogCopy) -> None:
        self._copy = copy
        self.partitions = self.bars = self.superseded = self.size = 0
        self.missing: list[NotCopied] = []

    def take(self, revision: Revision, task: ProgressTask) -> None:
        """Copy a revision, unless its file is known to be gone."""
        if revision.ended is None:
            task.advance(1)
        if revision.corrupted or revision.discarded:
            return
        one = revision.event
        try:
            self._copy.add(one, current=revision.is_current)
        except CorruptPartitionError as error:
            self.missing.append(NotCopied(one.path, error.problem, revision.is_current))
            return
        self.size += one.size
        if revision.is_current:
            self.partitions += 1
            self.bars += one.bars
        else:
            self.superseded += 1

    def result(self, availability: Availability, head: LedgerHead) -> BackUpResult:
        """Return what was copied."""
        damaged = sum(len(held.corrupt) for held in availability.series.values())
        return BackUpResult(
            self.partitions,
            self.bars,
            self.superseded,
            self.size,
            head,
            damaged,
            tuple(self.missing),
        )
