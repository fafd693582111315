"""Bars of one series that are about to go into the catalog, partition by partition."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import attrs
import numpy as np

from application.row_timing import TimedRows, Timing
from domain.bar_files import RowChunk
from domain.bars import Bars, Int64Array
from domain.instrument import Series
from domain.partitions import partition_starts, trading_dates

# Neighbouring partitions lie in the same chunk, so the chunk is wanted again at once.
_KEPT_CHUNKS = 4


class NewBars(Protocol):
    """Bars of one series in order of time, none twice, which need not be in memory all at once."""

    @property
    def series(self) -> Series:
        """The series that they are of."""

    @property
    def counts(self) -> Mapping[str, int]:
        """How many bars each partition has, in order of time."""

    @property
    def dates(self) -> Sequence[dt.date]:
        """The dates that they lie on by the venue's clock, in order."""

    @property
    def precisions(self) -> tuple[int, int]:
        """Digits of prices and of sizes that hold every value."""

    def part(self, partition: str) -> Bars:
        """Return the bars of a partition, which may be none."""


class TimedChunks:
    """The rows of a file as bars with their times, chunk by chunk in order of time."""

    def __init__(self, chunks: Sequence[RowChunk], time: Timing, *, newest_first: bool) -> None:
        self._chunks = chunks
        self._time = time
        self._newest_first = newest_first
        self._kept: OrderedDict[int, TimedRows] = OrderedDict()

    def __len__(self) -> int:
        return len(self._chunks)

    def __iter__(self) -> Iterator[TimedRows]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> TimedRows:
        if index not in self._kept:
            self._kept[index] = self._timed(index)
            if len(self._kept) > _KEPT_CHUNKS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(index)
        return self._kept[index]

    def _timed(self, index: int) -> TimedRows:
        if self._newest_first:
            return self._time(self._chunks[len(self) - 1 - index]).reversed()
        return self._time(self._chunks[index])

    def as_written(self) -> Iterator[TimedRows]:
        """Yield the rows in the file's order, with what is wrong with their stamps."""
        return map(self._time, self._chunks) if self._newest_first else iter(self)


@attrs.frozen(eq=False)
class _Place:
    """Where some of a partition's bars are: the chunk, and from where to where in it."""

    chunk: int
    start: int
    end: int


class ChunkedBars:
    """The `NewBars` of a file's rows."""

    def __init__(self, series: Series, chunks: TimedChunks, precisions: tuple[int, int]) -> None:
        self.series = series
        self.precisions = precisions
        self._chunks = chunks
        self._places: dict[str, list[_Place]] = defaultdict(list)
        self._dates: set[dt.date] = set()

    def add(self, index: int, bars: Bars) -> None:
        """Take in where the bars of the chunk at `index` go; chunks come in order of time."""
        for name, start, end in partition_starts(bars, self.series.bar_type):
            self._places[name].append(_Place(index, start, end))
        self._dates.update(trading_dates(bars, self.series))

    @property
    def counts(self) -> Mapping[str, int]:
        """How many bars each partition has, in order of time."""
        return {
            name: sum(place.end - place.start for place in places)
            for name, places in self._places.items()
        }

    @property
    def dates(self) -> Sequence[dt.date]:
        """The dates that they lie on by the venue's clock, in order."""
        return sorted(self._dates)

    def part(self, partition: str) -> Bars:
        """Return the bars of a partition, which may be none."""
        parts = [
            self._chunks[place.chunk].bars.take(slice(place.start, place.end))
            for place in self._places.get(partition, ())
        ]
        return parts[0] if len(parts) == 1 else Bars.concat(parts)


def days_of(dates: Sequence[dt.date]) -> Int64Array:
    """Return dates as days counted from 1970."""
    epoch = dt.date(1970, 1, 1).toordinal()
    return np.array([date.toordinal() - epoch for date in dates], np.int64)
