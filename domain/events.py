"""What can happen to a catalog, in the past tense. The ledger keeps these and nothing else.

Every stamp is UTC nanoseconds, every path relative to the catalog's folder.
"""

from __future__ import annotations

import datetime as dt
import enum

import attrs

from domain.instrument import Instrument, Series
from domain.intervals import IntervalSet


class CoverageBasis(enum.Enum):
    """Why time counts as covered: a source answered for it, or its bars lie close enough."""

    ATTESTED = "attested"
    INFERRED = "inferred"


class WriteCause(enum.Enum):
    """Why a partition got a new revision."""

    BARS = "bars"
    """Its bars are new or others than before."""
    PRECISION = "precision"
    """The same bars with more decimals, which other partitions of the series need."""
    REMOVAL = "removal"
    """Some of its bars were taken out."""
    RESTORED = "restored"
    """It holds again what an earlier revision held."""
    RECOVERED = "recovered"
    """A file that the ledger did not know of was taken in."""


@attrs.frozen
class InstrumentRegistered:
    """An instrument was defined, or defined anew."""

    instrument: Instrument


@attrs.frozen
class PartitionWritten:
    """A partition has a new current revision.

    `path` names the file; `sha256` and `size` (bytes) are those of its content. `trading_dates`
    are the dates, by the venue's clock, that it holds bars for. `source` says where the bars
    came from (`csv`, `ibkr`, …) and `detail` which file or request it was.
    """

    series: Series
    partition: str
    revision: int
    path: str
    sha256: str
    size: int
    bars: int
    first_open: int
    last_close: int
    price_precision: int
    size_precision: int
    trading_dates: tuple[dt.date, ...]
    coverage: IntervalSet
    basis: CoverageBasis
    source: str
    detail: str
    cause: WriteCause = WriteCause.BARS


@attrs.frozen
class PartitionRemoved:
    """A partition holds nothing any more; its last revision `path` lies in the history."""

    series: Series
    partition: str
    revision: int
    path: str
    bars: int
    reason: str


@attrs.frozen
class PartitionMarkedCorrupt:
    """The file of a revision is not what was written.

    Where it is the current revision, the partition counts as missing from now on.
    """

    series: Series
    partition: str
    revision: int
    path: str
    problem: str


@attrs.frozen
class PartitionRestored:
    """A partition's new `revision` holds what `restored_revision` held after the event `as_of`.

    The `PartitionWritten` of the new revision stands beside this event.
    """

    series: Series
    partition: str
    revision: int
    restored_revision: int
    as_of: int


@attrs.frozen
class RevisionsDiscarded:
    """Superseded revisions, each a partition and its number, were deleted to free `size` bytes.

    They had ended before `ended_before`, UTC nanoseconds.
    """

    series: Series
    revisions: tuple[tuple[str, int], ...]
    size: int
    ended_before: int


@attrs.frozen
class LedgerRebuilt:
    """The ledger was made from the files alone; an earlier one now lies at `set_aside`."""

    files: int
    bars: int
    set_aside: str | None


@attrs.frozen
class RangeConfirmedEmpty:
    """A source was asked twice for the time in `empty`, and said that it has no bars of it.

    It counts as covered; `detail` says which request it was.
    """

    series: Series
    empty: IntervalSet
    source: str
    detail: str


@attrs.frozen
class HistoryStartFound:
    """The first bar that `source` has of a series opens at `start`; it has nothing before that.

    A later event takes the place of an earlier one.
    """

    series: Series
    start: int
    source: str


@attrs.frozen
class FetchStarted:
    """A source is asked for what is lacking of `sessions` sessions.

    They open at `start` at the earliest and close at `end` at the latest, UTC nanoseconds;
    `hours` (`regular` or `extended`) are those that they are made of.
    """

    series: Series
    source: str
    start: int
    end: int
    sessions: int
    hours: str


@attrs.frozen
class FetchCompleted:
    """All that a fetch wanted of a series is held, or was confirmed not to exist.

    `sessions` were answered for, of which `confirmed_empty` have no bar; `bars` are new or took
    the place of others, in `partitions` revisions. `joined` says how the level compares with that
    of bars from other sources, and which were kept, None where there were none to compare.
    """

    series: Series
    source: str
    sessions: int
    confirmed_empty: int
    bars: int
    partitions: int
    joined: str | None = None


@attrs.frozen
class FetchAborted:
    """A fetch ended early because of `problem`; these `sessions` and `bars` of it are held."""

    series: Series
    source: str
    sessions: int
    bars: int
    partitions: int
    problem: str


@attrs.frozen
class VenueCalendarNamed:
    """The sessions of `venue` are those of the trading calendar `calendar`; None: the usual one."""

    venue: str
    calendar: str | None


@attrs.frozen
class CsvImported:
    """A CSV file was taken in; `sha256` is that of the file as it was read.

    `bars_removed` counts held bars that overwriting took away with no new one in their place,
    None where an early version did not say. `clock_change` and `date_order` are what the user
    said of times that daylight saving repeats or skips, and of dates.
    """

    series: Series
    file: str
    sha256: str
    rows: int
    bars_written: int
    bars_skipped: int
    bars_replaced: int
    time_zone: str | None
    stamp: str
    on_conflict: str
    bars_removed: int | None = 0
    clock_change: str | None = None
    date_order: str | None = None


Event = (
    InstrumentRegistered
    | PartitionWritten
    | PartitionRemoved
    | PartitionMarkedCorrupt
    | PartitionRestored
    | RevisionsDiscarded
    | LedgerRebuilt
    | RangeConfirmedEmpty
    | HistoryStartFound
    | FetchStarted
    | FetchCompleted
    | FetchAborted
    | VenueCalendarNamed
    | CsvImported
)


@attrs.frozen
class Origin:
    """Who changed the catalog, where, and with which command of one run of the program."""

    user: str
    host: str
    command: str
    correlation_id: str


@attrs.frozen
class Recorded:
    """An event in the ledger: its place in it, when it was recorded, and by whom."""

    seq: int
    event_id: str
    recorded_at: int
    origin: Origin
    event: Event
