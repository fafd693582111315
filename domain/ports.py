"""What the use cases need from outside, by role. Adapters implement these.

The ports for looking after the catalog itself are in `domain/upkeep.py`, those for files of bars
that others wrote in `domain/bar_files.py`.

Each port has a whole adapter in memory, and one contract suite in `tests/contract` that all
of its adapters pass.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import attrs

from domain.availability import Availability, SeriesHoldings
from domain.backtesting import BacktestPlan, BacktestResult, BarChunk
from domain.bars import Bars
from domain.events import CoverageBasis, Event, Origin, PartitionWritten, Recorded
from domain.fetching import Answer, Wanted
from domain.instrument import Instrument, InstrumentId, Series
from domain.intervals import IntervalSet
from domain.sessions import Hours, Session


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

    def fetching(self, series: Series, seconds: float = 0) -> AbstractContextManager[bool]:
        """Hold the right to fetch `series`, against all processes, where it can be had.

        It is waited for so many seconds; the context gives whether it was had. Whoever holds it
        keeps nobody from writing.

        Raises:
            CatalogReadOnlyError, CatalogError: the folder cannot be written to or used.
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
        """Yield the events up to `upto` that define instruments or name calendars, in order.

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


class MarketDataSource(Protocol):
    """Gives instruments and bars that the catalog lacks.

    It connects when it is first asked. Every wait is bounded. Whatever interrupts a call, no
    request runs on at the other end once `close` was called.
    """

    def name(self) -> str:
        """Return the name under which the source is recorded, such as `ibkr`."""

    def find(self, text: str) -> Sequence[Instrument]:
        """Return every instrument that `text`, a symbol or an instrument ID, may mean.

        Raises:
            GatewayUnreachableError, GatewayLostError: the source cannot be asked.
            RateLimitedError, SourceRefusedError, UnusableAnswerError: it gave no answer.
        """

    def fetch(self, wanted: Sequence[Wanted]) -> Iterator[Answer]:
        """Yield what the source says of all that is `wanted`, each of another series.

        The answers about a series are in order of time. What they do not attest of it, once they
        end, the source cannot tell yet. No failure ever looks like an empty market.

        Raises:
            GatewayUnreachableError, GatewayLostError, RateLimitedError: it cannot be asked any
                more; what was yielded before stays true.
        """

    def close(self) -> None:
        """Cancel what is still being asked, within a second, and let go of the connection."""


class TradingCalendar(Protocol):
    """Knows when the venues trade."""

    def sessions(
        self,
        instrument_id: InstrumentId,
        first: dt.date,
        last: dt.date,
        calendar: str | None,
        hours: Hours = Hours.REGULAR,
    ) -> Sequence[Session]:
        """Return the sessions dated `first` to `last`, in order.

        `calendar` names one in place of the venue's own. With `hours` extended, a session runs
        from the start of trading before the market to the end of trading after it, where the
        venue has them; elsewhere extended hours are the regular ones.

        Raises:
            UnknownCalendarError: there is no calendar of that name.
        """

    def describe(self, instrument_id: InstrumentId, calendar: str | None) -> str:
        """Return the name of the calendar, saying so where it is only a fallback.

        Raises:
            UnknownCalendarError: there is no calendar of that name.
        """

    def require(self, calendar: str) -> None:
        """Refuse a name that no calendar has.

        Raises:
            UnknownCalendarError: with the names that may be meant.
        """


class Progress(Protocol):
    """Tells the user what happens, and how far long operations are.

    It is called from the main thread alone.
    """

    def tell(self, sentence: str) -> None:
        """Show one sentence."""

    def warn(self, sentence: str) -> None:
        """Show one sentence that must not be missed, however quiet the user wants it."""

    def track(self, description: str, total: int) -> AbstractContextManager[ProgressTask]:
        """Show an operation of `total` steps until the context ends; 0 where nobody knows.

        Many can be shown at the same time, and end in any order.
        """

    def stand(self, sentence: str | None, seconds: float = 0, *, paced: bool = False) -> None:
        """Show one sentence in place of the last such, to count down; None takes it away.

        As long as one stands, for so many `seconds` more, operations do not go on. That says
        nothing of their speed; but waits that are `paced` belong to the pace at which they go on.
        """


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
