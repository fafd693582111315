"""Files of bars that others wrote: how they are laid out, and what can be read of them.

The ports `BarFileReader` and `RowProblemLog` stand here; they are implemented by adapters.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import attrs

from domain.bars import Bars, Int64Array
from domain.ports import Progress
from domain.rules import RowProblem
from domain.sessions import instant_text


class ClockChange(enum.Enum):
    """Which instant a time means that daylight saving repeats or skips, where two may be meant.

    Of a time that is repeated, the first or the second occurrence. Of one that is skipped, what
    a clock that had already been put forward would call it (earlier), or one that had not (later).
    """

    EARLIER = "earlier"
    LATER = "later"


class DateOrder(enum.Enum):
    """How a date is written whose year comes last."""

    MONTH_FIRST = "mdy"
    DAY_FIRST = "dmy"


@attrs.frozen
class BarFile:
    """A file of bars, or standard input where it has no path."""

    path: Path | None

    @property
    def name(self) -> str:
        """The name without folders, as the ledger keeps it; `-` for standard input."""
        return "-" if self.path is None else self.path.name

    @property
    def argument(self) -> str:
        """How a command names it."""
        if self.path is None:
            return "-"
        # A file whose name is that of standard input needs its folder.
        return "./-" if str(self.path) == "-" else str(self.path)

    def __str__(self) -> str:
        """Return how a sentence calls it."""
        return "standard input" if self.path is None else self.argument


@attrs.frozen
class FileLayout:
    """How to read a file of bars. What is None is found from the file itself, or refused.

    `time_zone` is the zone of stamps that carry none, `delimiter` one character, `columns` the
    columns in the file's order where it has no header. `thousands` is the character that groups
    the digits of numbers, None where nothing does; `decimal` the one before their fraction.
    """

    time_zone: str | None = None
    clock_change: ClockChange | None = None
    date_order: DateOrder | None = None
    delimiter: str | None = None
    columns: tuple[str, ...] | None = None
    decimal: str = "."
    thousands: str | None = None


class RowProblemLog(Protocol):
    """Collects what is wrong with rows, be it with millions of them."""

    def add(self, problems: Iterable[RowProblem]) -> None:
        """Keep problems, in any order."""

    def __len__(self) -> int:
        """Return how many problems there are."""

    def __iter__(self) -> Iterator[RowProblem]:
        """Yield all in order, as often as asked."""

    def lines(self) -> int:
        """Return how many different lines have a problem."""

    def close(self) -> None:
        """Let go of what is held open; there is nothing more to be had then."""


NewProblemLog = Callable[[], RowProblemLog]


@attrs.frozen(eq=False)
class RowChunk:
    """Rows that follow one another: bars whose `ts_open` and `ts_event` both hold the stamp.

    `lines` gives each row's line, the file's first being 1.
    """

    bars: Bars
    lines: Int64Array


@attrs.frozen(eq=False)
class FileRows:
    """The rows of a file without a problem of their own, kept so that they can be read again.

    `chunks` are in the file's order and none is empty; each access may read from a disk. Stamps
    are UTC nanoseconds; where `dates_only`, midnight UTC of the date. `rows` counts those with
    problems too, such as those of another symbol than the first. `sha256` (hex) is that of the
    content as it was read, compressed or not. `notes` are sentences on what was found without being
    told, for the user to judge. `stamp_text` writes an instant as the file writes its stamps, as
    far as that is known.
    """

    chunks: Sequence[RowChunk]
    problems: RowProblemLog
    dates_only: bool
    rows: int
    sha256: str
    notes: tuple[str, ...] = ()
    stamp_text: Callable[[int], str] = instant_text


class BarFileReader(Protocol):
    """Reads files of bars that others wrote."""

    def reading(
        self, file: BarFile, layout: FileLayout, progress: Progress
    ) -> AbstractContextManager[FileRows]:
        """Read the file to its end and give its rows until the context ends.

        Memory stays bounded, whatever the file's size.

        Raises:
            UnreadableFileError: it cannot be opened, decoded or split into the columns, or it
                changed meanwhile.
            TimeZoneNeededError, UnknownTimeZoneError, DateOrderNeededError: a stamp could mean
                several instants.
            InvalidLayoutError: the layout contradicts itself.
            DiskFullError, CatalogError: rows that do not fit into memory found no room in the
                folder for temporary files, or no such folder.
        """
