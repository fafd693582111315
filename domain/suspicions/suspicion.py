"""One thing that is suspicious, and the words in which it is told."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator
from decimal import Decimal
from typing import Protocol

import attrs
import numpy as np
from numpy.typing import NDArray

from domain.bars import Bars, Int64Array
from domain.instrument import Series
from domain.sessions import date_of_label
from domain.venues import venue


@attrs.frozen
class Suspicion:
    """What was seen in a file, how often, and the line where it is met first in order of time.

    `kind` is a stable code such as `price-jump`; `sentence` tells the user all of it.
    """

    kind: str
    count: int
    first_line: int
    sentence: str


class Watch(Protocol):
    """Looks at bars as they come by, and says at the end what was suspicious."""

    def add(self, bars: Bars, lines: Int64Array) -> None:
        """Look at the next bars in order of time, at least one, with the lines they stand in."""

    def found(self) -> Iterator[Suspicion]:
        """Yield what was suspicious, at most one of a kind."""


@attrs.frozen
class Wording:
    """Writes instants by the clock of the series' venue, and what they belong to."""

    series: Series

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The venue's clock."""
        return venue(self.series.instrument_id.venue).tzinfo

    def local(self, instant: int) -> dt.datetime:
        """Return `instant` (UTC nanoseconds) by the venue's clock, to the second."""
        return dt.datetime.fromtimestamp(int(instant) // 1_000_000_000, self.zone)

    def place(self, line: int, ts_open: int) -> str:
        """Return where the bar that opens at `ts_open` (UTC nanoseconds) is met."""
        if not self.series.bar_type.is_intraday:
            return f"line {line}, {date_of_label(ts_open)}"
        opened = self.local(ts_open)
        clock = f"{opened:%H:%M:%S}" if opened.second else f"{opened:%H:%M}"
        return f"line {line}, {opened:%Y-%m-%d} {clock} {self.zone.key}"


@attrs.define
class Tally:
    """Counts bars, and keeps where the first one was met."""

    count: int = 0
    line: int = 0
    ts_open: int = 0

    def add(self, where: NDArray[np.bool_], bars: Bars, lines: Int64Array) -> None:
        """Count the bars at `where`, a mask."""
        found = int(np.count_nonzero(where))
        if found and not self.count:
            first = int(np.argmax(where))
            self.line, self.ts_open = int(lines[first]), int(bars.ts_open[first])
        self.count += found


def decimal_of(value: int, digits: int) -> Decimal:
    """Return a scaled integer with `digits` digits after the point as a decimal."""
    return Decimal(int(value)).scaleb(-digits)


def counted(count: int, noun: str) -> str:
    """Return `count` with the noun in its number, such as `1 bar` or `1,200 bars`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
