"""Makes a ledger from the files alone, where the one that knew them is lost or damaged."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator

import attrs

from application.instruments import definition
from application.rebuild_partition import BrokenFile, PartitionRecord, record_of
from application.space import ensure_room, ledger_bytes
from application.verify_findings import Unknown
from domain.errors import (
    CatalogError,
    LedgerConflictError,
    LedgerDamagedError,
    LedgerError,
    NothingHeldError,
)
from domain.events import Event, LedgerRebuilt, Origin
from domain.instrument import InstrumentId, Series
from domain.ports import AvailabilityLedger, BarRepository, Progress, ProgressTask
from domain.upkeep import (
    CatalogFiles,
    DiskSpace,
    FilePlace,
    FoundFile,
    LedgerKeeper,
    NewLedger,
    RevisionHistory,
)

_BATCH = 1_000
_FREE = "Free some space, then run the same command again: nothing was written."
_RECORDED = (FilePlace.CURRENT, FilePlace.HISTORY)


@attrs.define
class Rebuilt:
    """What the new ledger holds, and what it does not.

    `partitions` and `bars` are those that are held now, `revisions` those of the past. `broken`
    files are in quarantine now. `undefined` instruments need a definition before a backtest;
    what is usual at their venue is assumed of the `assumed` ones. `undecided` says where the
    files alone did not tell what was current.
    """

    partitions: int = 0
    bars: int = 0
    revisions: int = 0
    broken: list[BrokenFile] = attrs.field(factory=list)
    unknown: list[Unknown] = attrs.field(factory=list)
    undecided: list[str] = attrs.field(factory=list)
    undefined: tuple[InstrumentId, ...] = ()
    assumed: tuple[InstrumentId, ...] = ()
    head: int = 0
    set_aside: str | None = None

    def add(self, record: PartitionRecord) -> None:
        """Count one partition."""
        if record.current is not None:
            self.partitions += 1
            self.bars += record.current.bars
        self.revisions += record.superseded
        self.broken += record.broken
        self.unknown += record.unknown
        self.undecided += [record.undecided] if record.undecided else []


class RebuildLedger:
    """The use case."""

    def __init__(
        self,
        repository: BarRepository,
        ledger: AvailabilityLedger,
        keeper: LedgerKeeper,
        new_ledger: NewLedger,
        files: CatalogFiles,
        history: RevisionHistory,
        origin: Origin,
        progress: Progress,
        disk: DiskSpace,
    ) -> None:
        self._repository = repository
        self._ledger = ledger
        self._keeper = keeper
        self._new_ledger = new_ledger
        self._files = files
        self._origin = origin
        self._history = history
        self._disk = disk
        self._locked: set[Series] = set()
        self._progress = progress

    def present_events(self) -> int:
        """Return how many events a sound present ledger holds, whose history would be given up.

        0 where it is missing, empty or damaged.

        Raises:
            LedgerError, CatalogError: it can neither be read nor called damaged.
        """
        try:
            with self._progress.track("Verifying the ledger", self._keeper.head().seq) as task:
                report = self._keeper.verify(task)
        except LedgerDamagedError:
            return 0
        return report.head.seq if report.valid else 0

    def run(self) -> Rebuilt:
        """Build the ledger beside the present one, and put it in its place once it is whole.

        Nothing is written by anybody else meanwhile. Damaged files go to quarantine at the end.

        Raises:
            NothingHeldError: there are no files.
            CatalogReadOnlyError, CatalogBusyError, DiskFullError, CatalogError, LedgerError: it
                could not be done; the present ledger stands, or none does, never half of one.
        """
        counted = [one for one in self._files.find() if one.series]
        if not any(one.place in _RECORDED and one.partition for one in counted):
            raise NothingHeldError(
                "There is no partition to make a ledger from.",
                "Name the Parquet catalog's folder with --catalog.",
            )
        rebuilt = Rebuilt()
        with contextlib.ExitStack() as locks:
            locks.enter_context(self._history.exclusively())
            self._locked = {one.series for one in counted if one.series}
            for series in sorted(self._locked):
                locks.enter_context(self._repository.lock(series))
            self._ensure_space(counted)
            try:
                self._replace(rebuilt, len(counted))
            except BaseException:
                self._new_ledger.abandon()
                raise
            self._clear(rebuilt)
        self._look_at_instruments(rebuilt)
        return rebuilt

    def _ensure_space(self, files: list[FoundFile]) -> None:
        number = len([one for one in files if one.partition and one.place in _RECORDED])
        needs = f"a new ledger of {number:,} file{'' if number == 1 else 's'} needs"
        ensure_room(self._disk, ledger_bytes(number), "The Parquet catalog's disk", needs, _FREE)

    def _replace(self, rebuilt: Rebuilt, files: int) -> None:
        before = self._head()
        new = self._new_ledger.begin()
        with self._progress.track("Reading the Parquet catalog", files) as task:
            for batch in _batches(self._events(rebuilt, task)):
                new.append(batch, self._origin, expected_head=new.head())
        self._put_in_place(new, rebuilt, before)

    def _head(self) -> int | None:
        try:
            return self._keeper.head().seq
        except LedgerError:
            return None

    def _events(self, rebuilt: Rebuilt, task: ProgressTask) -> Iterator[Event]:
        for (series, _), found in itertools.groupby(self._files.find(), key=_group):
            if series is not None and series not in self._locked:
                raise LedgerConflictError(
                    f"Another process has begun to write {series} meanwhile. Nothing was changed.",
                    "Run the command again.",
                )
            yield from self._of_series(list(found), rebuilt, task)

    def _of_series(
        self, found: list[FoundFile], rebuilt: Rebuilt, task: ProgressTask
    ) -> Iterator[Event]:
        named = [one for one in found if one.partition and one.place in _RECORDED]
        rebuilt.unknown += [_left(one) for one in found if one not in named and _is_told(one)]
        task.advance(len([one for one in found if one.series]) - len(named))
        for _, files in itertools.groupby(sorted(named, key=_partition), key=_partition):
            partition = list(files)
            record = record_of(partition, self._files)
            rebuilt.add(record)
            yield from record.events
            task.advance(len(partition))

    def _put_in_place(self, new: AvailabilityLedger, rebuilt: Rebuilt, before: int | None) -> None:
        self._ledger.close()
        with self._keeper.set_aside(before) as aside:
            rebuilt.set_aside = aside.kept
            files = rebuilt.partitions + rebuilt.revisions
            done = LedgerRebuilt(files, rebuilt.bars, aside.kept)
            (recorded,) = new.append([done], self._origin, expected_head=new.head())
            rebuilt.head = recorded.seq
            # All that takes time is done before the place is empty.
            new.close()
            aside.give_way()
            self._new_ledger.take_place()

    def _clear(self, rebuilt: Rebuilt) -> None:
        for one in rebuilt.broken:
            try:
                to = FilePlace.ORPHANS if one.misnamed else FilePlace.QUARANTINE
                self._files.set_aside(one.file.path, to)
            except CatalogError as error:
                self._progress.warn(f"{one.file.path} stays where it is. {error.message}")

    def _look_at_instruments(self, rebuilt: Rebuilt) -> None:
        availability = self._ledger.availability()
        ids = availability.known_ids()
        rebuilt.undefined = tuple(one for one in ids if definition(one, availability) is None)
        rebuilt.assumed = tuple(one for one in ids if one not in rebuilt.undefined)


def _batches(events: Iterator[Event]) -> Iterator[list[Event]]:
    while batch := list(itertools.islice(events, _BATCH)):
        yield batch


def _group(file: FoundFile) -> tuple[Series | None, bool]:
    return file.series, file.place is FilePlace.QUARANTINE


def _partition(file: FoundFile) -> str:
    return file.partition or ""


def _is_told(file: FoundFile) -> bool:
    return file.place not in (FilePlace.QUARANTINE, FilePlace.TEMPORARY)


def _left(file: FoundFile) -> Unknown:
    if file.place is FilePlace.ORPHANS:
        action = "barledger verify --repair --yes takes it in if it is newer"
        return Unknown(file.path, "it was set aside", action, file.series)
    return Unknown(
        file.path, "it lies where no partition does", "move it out of the catalog", file.series
    )
