"""Every error that a user can meet: a stable code, a message, and what to do next.

Adapters translate foreign exceptions into these at one place each, `from` the original, so
that nothing above them needs to know which library failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from domain.events import PartitionWritten
    from domain.rules import RowProblem


class BarledgerError(Exception):
    """Root of all errors that barledger raises on purpose.

    `code` never changes once released; `exit_code` is what the command line ends with. `done`
    is what the command had finished before it failed, in the words of its JSON.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, recovery: str) -> None:
        super().__init__(message)
        self.message = message
        self.recovery = recovery
        self.done: Mapping[str, object] = {}


class UsageError(BarledgerError):
    """The command was asked for something that makes no sense as it was said."""

    code = "usage"
    exit_code = 2


class InvalidInstrumentIdError(UsageError):
    """An instrument ID is not `SYMBOL.VENUE`, or could name something outside the catalog."""

    code = "invalid-instrument-id"


class InvalidBarTypeError(UsageError):
    """A bar type is not one that is served, such as `1_MIN` or `1_DAY`."""

    code = "invalid-bar-type"


class InvalidInstrumentError(UsageError):
    """An instrument's definition contradicts itself or lacks what its class needs."""

    code = "invalid-instrument"


class UnknownCalendarError(UsageError):
    """A trading calendar's name is not known."""

    code = "unknown-calendar"


class InvalidWindowError(UsageError):
    """A start or end is unreadable, has no time zone, or the end lies before the start."""

    code = "invalid-window"


class InvalidAsOfError(UsageError):
    """A point of the catalog's history is unreadable, has no time zone, or is yet to come."""

    code = "invalid-as-of"


class ConfirmationNeededError(UsageError):
    """A command takes something away, and nobody has said yes to it."""

    code = "confirmation-needed"


class NothingHeldError(UsageError):
    """No range was named and the Parquet catalog holds nothing to take one from."""

    code = "nothing-held"


class AmbiguousSymbolError(UsageError):
    """A symbol with no venue fits more than one instrument."""

    code = "ambiguous-symbol"


class UnknownTimeZoneError(UsageError):
    """A time zone's name is not in the IANA database."""

    code = "unknown-time-zone"


class TimeZoneNeededError(UsageError):
    """Stamps carry no time zone and none was named."""

    code = "time-zone-needed"


class DateOrderNeededError(UsageError):
    """A file's dates could be read with the day or the month first."""

    code = "date-order-needed"


class InvalidLayoutError(UsageError):
    """What was said of a file's layout contradicts itself."""

    code = "invalid-layout"


class BarTypeNeededError(UsageError):
    """The spacing of a file's stamps does not show its bar type."""

    code = "bar-type-needed"


class BarTypeMismatchError(UsageError):
    """Rows of a file are of another bar type than was named."""

    code = "bar-type-mismatch"


class ConflictError(UsageError):
    """New bars differ from held ones, and nothing says which to keep.

    `conflicts` tells of each day how many bars are concerned, in the words of the JSON.
    """

    code = "conflict"

    def __init__(
        self, message: str, recovery: str, conflicts: Sequence[Mapping[str, object]] = ()
    ) -> None:
        super().__init__(message, recovery)
        self.conflicts = tuple(conflicts)


class LevelDifferenceError(ConflictError):
    """Fetched prices and held ones of another source differ in level, as after a split."""

    code = "level-difference"


class UnknownStrategyError(UsageError):
    """A strategy cannot be found, or is not a Nautilus `Strategy`."""

    code = "unknown-strategy"


class StrategyParameterError(UsageError):
    """A strategy's parameter does not exist, is missing, or does not parse."""

    code = "strategy-parameter"


class BacktestSettingError(UsageError):
    """A setting of the run, such as its capital or account type, cannot be used."""

    code = "backtest-setting"


class DataNotFoundError(BarledgerError):
    """The Parquet catalog lacks the bars that were asked for."""

    code = "data-not-found"
    exit_code = 3


class ContractNotFoundError(DataNotFoundError):
    """The source knows no such instrument."""

    code = "contract-not-found"


class GatewayError(BarledgerError):
    """Bars could not be had from the IBKR Gateway."""

    code = "gateway"


class GatewayUnreachableError(GatewayError):
    """No gateway answers where one was looked for."""

    code = "gateway-unreachable"
    exit_code = 6


class ClientIdTakenError(GatewayUnreachableError):
    """Another program is connected to the gateway under the client ID that was named."""

    code = "client-id-taken"


class GatewayLostError(GatewayError):
    """The connection to the gateway, or the gateway's own to its servers, broke and stayed so."""

    code = "gateway-lost"
    exit_code = 6


class RateLimitedError(GatewayError):
    """The gateway went on saying that it was asked too often."""

    code = "rate-limited"


class SourceRefusedError(GatewayError):
    """The gateway refuses the request for good, as where a subscription is missing."""

    code = "source-refused"


class UnusableAnswerError(GatewayError):
    """What the gateway answered cannot be understood, or breaks the rules of bars."""

    code = "unusable-answer"


class CannotListenError(BarledgerError):
    """The simulated gateway cannot listen where it was told to, as where a port is in use."""

    code = "cannot-listen"


class RefusedRows(Protocol):
    """What is wrong with rows: a list, or more than fits into one."""

    def __len__(self) -> int:
        """Return how many problems there are."""

    def __iter__(self) -> Iterator[RowProblem]:
        """Yield all in order, as often as asked."""


class RowsRefusedError(BarledgerError):
    """Rows of a file break the rules; nothing of it was written.

    `rows` can be millions and may come from a disk: whoever tells of the error does so while
    they are held open. `listed_in` is the file that they were written to, if they were.
    """

    code = "rows-refused"
    exit_code = 4

    def __init__(self, message: str, recovery: str, rows: RefusedRows) -> None:
        super().__init__(message, recovery)
        self.rows = rows
        self.listed_in: Path | None = None


class UnreadableFileError(BarledgerError):
    """A file to be imported cannot be opened, decoded or split into columns."""

    code = "unreadable-file"
    exit_code = 4


class PrecisionError(BarledgerError):
    """A value has more digits than can be kept exactly."""

    code = "precision"
    exit_code = 4


class CatalogError(BarledgerError):
    """The Parquet catalog's folder cannot be used."""

    code = "catalog-unusable"


class CatalogReadOnlyError(CatalogError):
    """A change was asked of a Parquet catalog that cannot be written to."""

    code = "catalog-read-only"


class DiskFullError(CatalogError):
    """The disk is full; nothing of the change was kept."""

    code = "disk-full"


class NotEnoughSpaceError(DiskFullError):
    """The disk has less room than the change needs; it was not begun."""

    code = "not-enough-space"


class CatalogBusyError(CatalogError):
    """Another process holds the series' lock and does not let go."""

    code = "catalog-busy"


class LedgerError(BarledgerError):
    """The ledger cannot be read or written."""

    code = "ledger"


class LedgerConflictError(LedgerError):
    """Another process appended events since the head that this change was based on."""

    code = "ledger-conflict"


class LedgerMissingError(LedgerError):
    """The catalog's folder holds partitions, and no ledger that knows of them."""

    code = "ledger-missing"


class LedgerLostError(LedgerMissingError):
    """The same, as found by a command that looks for damage."""

    exit_code = 5


class LedgerDamagedError(LedgerError):
    """Events of the ledger are not what was recorded."""

    code = "ledger-damaged"
    exit_code = 5


class EventNotFoundError(BarledgerError):
    """The ledger has no event of this number."""

    code = "event-not-found"
    exit_code = 3


class RevisionDiscardedError(BarledgerError):
    """A superseded revision was deleted to free space, and can no longer be read."""

    code = "revision-discarded"


class UnreadablePartitionError(BarledgerError):
    """A file does not hold a partition, or not any more."""

    code = "unreadable-partition"


class BackupError(BarledgerError):
    """The backup cannot be written where it was asked for."""

    code = "backup"


class CorruptPartitionError(BarledgerError):
    """A partition's file is missing, cut, or not what was committed."""

    code = "corrupt-partition"

    def __init__(
        self,
        partition: PartitionWritten,
        problem: str,
        *,
        quarantined: bool = False,
        superseded: bool = False,
    ) -> None:
        now = "What is left of it lies in quarantine now" if quarantined else ""
        if superseded:
            told = "what the Parquet catalog holds today is not touched by that."
            todo = "Name another --as-of, leave that stretch out, or take the file from a backup."
            recovery = f"{now + ', and ' if now else 'It is an old revision: '}{told} {todo}"
        else:
            now = f"{now}, and it counts as missing. " if now else ""
            recovery = (
                f"{now}Import or fetch that stretch again; it came from "
                f"{partition.source}: {partition.detail}."
            )
        super().__init__(f"The partition {partition.path} is damaged: {problem}.", recovery)
        self.partition = partition
        self.problem = problem


class InstrumentNotDefinedError(BarledgerError):
    """An instrument needs a definition that cannot be assumed, such as a future's expiry."""

    code = "instrument-not-defined"


class ExpiredInstrumentError(BarledgerError):
    """Bars lie after the expiry of their instrument, or the expiry is wrong."""

    code = "expired-instrument"


class MissingExchangeRateError(BarledgerError):
    """Profit in one currency cannot be counted in another: no rate is at hand."""

    code = "missing-exchange-rate"


class BacktestFailedError(BarledgerError):
    """The strategy or the engine failed while running."""

    code = "backtest-failed"


class ReportError(BarledgerError):
    """The report cannot be written where it was asked for."""

    code = "report"


class ExportError(BarledgerError):
    """Bars cannot be written where they were asked for."""

    code = "export"


class CancelledError(BarledgerError):
    """The user ended the command with Ctrl-C."""

    code = "cancelled"
    exit_code = 130


class OutputError(BarledgerError):
    """The result cannot be written to where standard output leads."""

    code = "output"
