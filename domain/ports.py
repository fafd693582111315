"""What the use cases need from outside, by role. Adapters implement these.

Each port has a whole adapter in memory, and one contract suite in `tests/contract` that all
of its adapters pass.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import attrs

from domain.availability import Availability, SeriesHoldings
from domain.backtesting import BacktestPlan, BacktestResult, BarChunk
from domain.bars import Bars, Int64Array
from domain.events import CoverageBasis, Event, Origin, PartitionWritten, Recorded
from domain.instrument import Instrument, InstrumentId, Series
from domain.intervals import Interval, IntervalSet
from domain.rules import RowProblem
from domain.sessions import Session


@attrs.frozen
class NewPartition:
    """A revision that is about to be written, with what its file says of itself."""

    series: Series
    partition: str
    revision: int
    bars: Bars
    coverage: IntervalSet
    basis: CoverageBasis
    source: str
    detail: str


@attrs.frozen
class StoredFile:
    """A file as it lies on disk: relative path, SHA-256 (hex) and size in bytes."""

    path: str
    sha256: str
    size: int


class BarRepository(Protocol):
    """Keeps partitions as files that, once committed, are never written again."""

    def lock(self, series: Series) -> AbstractContextManager[None]:
        """Hold the right to write `series`, against all processes.

        Raises:
            CatalogReadOnlyError, CatalogError: the folder cannot be written to or used.
            CatalogBusyError: another process kept it for too long.
        """

    def write(self, revisions: Iterable[NewPartition]) -> tuple[StoredFile, ...]:
        """Write revisions of one series durably, each under a name of its own.

        They are current only when recorded. Their bars need not be in memory all at once.

        Raises:
            CatalogBusyError: a name is taken, which the lock should have kept from happening.
            CatalogReadOnlyError, DiskFullError, CatalogError: it could not be written.
        """

    def read(self, partition: PartitionWritten) -> Bars:
        """Return the bars of a revision, current or superseded, once its hash is verified.

        Raises:
            CorruptPartitionError: the file is missing or not what was recorded.
        """

    def tidy(self, holdings: SeriesHoldings) -> None:
        """Leave nothing but current revisions in place; the caller holds the series' lock.

        Superseded ones move to where `read` still finds them. What an earlier holder of the
        lock left goes: temporary files for good, revisions that the ledger does not know aside.

        Raises:
            CatalogReadOnlyError, CatalogError: files could not be moved.
        """

    def quarantine(self, partition: PartitionWritten) -> None:
        """Put a damaged file out of the way, where it can be looked into.

        Raises:
            CatalogReadOnlyError, CatalogError: it could not be moved.
        """


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


class AvailabilityLedger(Protocol):
    """Keeps events for ever, in order, and says what the catalog holds by replaying them."""

    def append(
        self, events: Sequence[Event], origin: Origin, *, expected_head: int
    ) -> tuple[Recorded, ...]:
        """Record all of `events`, or none.

        Raises:
            LedgerConflictError: the ledger's head is no longer `expected_head`.
            CatalogReadOnlyError, DiskFullError, LedgerError: it could not be written.
        """

    def head(self) -> int:
        """Return the sequence number of the last event, 0 when there is none."""

    def head_at(self, time: int) -> int:
        """Return the number of the last event recorded at or before `time`, 0 if there is none.

        `time` is UTC nanoseconds.

        Raises:
            InvalidAsOfError: one before it was recorded later: the clock ran backwards.
            LedgerError: the ledger cannot be read.
        """

    def replay(
        self, *, after: int = 0, upto: int | None = None, series: Series | None = None
    ) -> Iterator[Recorded]:
        """Yield the events with `after < seq <= upto`, all or those about `series`, in order.

        Raises:
            LedgerError: the ledger cannot be read.
        """

    def definitions(self, *, upto: int | None = None) -> Iterator[Recorded]:
        """Yield the events up to `upto` that define instruments, in order.

        Raises:
            LedgerError: the ledger cannot be read.
        """

    def availability(self, *, upto: int | None = None) -> Availability:
        """Return the catalog as it is, or as it was after the event `upto`.

        It is a snapshot: whatever is appended later, what is read from it stays the same.
        """

    def exists(self) -> bool:
        """Return whether there is a ledger, be it one without an event yet."""

    def prepare(self) -> None:
        """Make the ledger where there is none, so that files can never be there without one.

        What a writer was recording when it died is recorded from now on, or never will be.

        Raises:
            CatalogReadOnlyError, DiskFullError, LedgerError: it could not be made.
        """

    def close(self) -> None:
        """Let go of what is held open; the ledger can still be used afterwards."""


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
    """A replay of `events` events: `changed` tells whether the projections had been wrong."""

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
        """Make the projections anew from the events alone; `task` advances by events.

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


@attrs.frozen
class FetchedBars:
    """Bars that a source gave for a stretch of time that it answers for as a whole."""

    attested: Interval
    bars: Bars


class MarketDataSource(Protocol):
    """Gives instruments and bars that the catalog lacks."""

    def name(self) -> str:
        """Return the name under which the source is recorded, such as `ibkr`."""

    def find(self, symbol: str) -> Sequence[Instrument]:
        """Return every instrument that `symbol` (with or without a venue) may mean."""

    def history_start(self, series: Series) -> int | None:
        """Return when the source's bars begin, in UTC nanoseconds, or None if it has none."""

    def fetch(self, series: Series, wanted: IntervalSet) -> Iterator[FetchedBars]:
        """Yield closed bars for every part of `wanted`, in order of time.

        A failure raises; it never looks like an empty market.
        """


class TradingCalendar(Protocol):
    """Knows when the venues trade."""

    def sessions(
        self, instrument_id: InstrumentId, first: dt.date, last: dt.date, calendar: str | None
    ) -> Sequence[Session]:
        """Return the sessions dated `first` to `last`, in order, regular hours.

        `calendar` names one in place of the venue's own.

        Raises:
            InvalidInstrumentError: there is no calendar of that name.
        """

    def describe(self, instrument_id: InstrumentId, calendar: str | None) -> str:
        """Return the name of the calendar, saying so where it is only a fallback."""


@attrs.frozen
class FileLayout:
    """How to read a file of bars: the zone of stamps that carry none, if it was named."""

    time_zone: str | None = None


@attrs.frozen(eq=False)
class FileRows:
    """Rows of a file: bars whose `ts_open` and `ts_event` both hold the stamp as written.

    Stamps are UTC nanoseconds; where `dates_only`, midnight UTC of the date. `lines` gives
    each row's line, the header being line 1. Rows with `problems` are not among the bars.
    `sha256` (hex) is that of the content that was read.
    """

    bars: Bars
    lines: Int64Array
    dates_only: bool
    rows: int
    sha256: str
    problems: tuple[RowProblem, ...] = ()


class BarFileReader(Protocol):
    """Reads files of bars that others wrote."""

    def read(self, path: Path, layout: FileLayout) -> FileRows:
        """Return all rows of the file at `path`, in the file's order.

        Raises:
            UnreadableFileError: it cannot be opened, decoded or split into the columns.
            TimeZoneNeededError, UnknownTimeZoneError: a stamp could mean several instants.
            PrecisionError: values need more digits than can be kept.
        """


class Progress(Protocol):
    """Tells the user what happens, and how far a long operation is."""

    def tell(self, sentence: str) -> None:
        """Show one sentence."""

    def warn(self, sentence: str) -> None:
        """Show one sentence that must not be missed, however quiet the user wants it."""

    def track(self, description: str, total: int) -> AbstractContextManager[ProgressTask]:
        """Show an operation of `total` steps until the context ends."""


class ProgressTask(Protocol):
    """One operation on show."""

    def advance(self, steps: int) -> None:
        """Say that `steps` more are done."""


class BacktestEngine(Protocol):
    """Runs a strategy over bars."""

    def check(self, plan: BacktestPlan) -> None:
        """Refuse what cannot run, before any bar is loaded.

        Raises:
            UnknownStrategyError, StrategyParameterError, BacktestSettingError: the request.
            InvalidInstrumentError, ExpiredInstrumentError, MissingExchangeRateError: what the
                instruments lack.
            ReportError: the report could not be written where it is wanted.
        """

    def run(self, plan: BacktestPlan, chunks: Iterable[BarChunk]) -> BacktestResult:
        """Run the plan over `chunks`, which come in order of time and are not kept.

        Raises:
            BacktestFailedError: the strategy or the engine failed.
            MissingExchangeRateError: an order filled before its rate had a first bar.
            ExpiredInstrumentError: a bar lies after its future's expiry.
            PrecisionError: a value is beyond what the engine holds exactly.
            ReportError: the report could not be written.
            and what `check` raises.
        """


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Return the time in UTC nanoseconds since 1970."""

    def elapsed(self) -> float:
        """Return seconds that only ever grow, to measure with."""
