"""Bars of one slot that lie in two partitions.

A slot can begin before midnight UTC and a bar of it after that, as the four hours from 08:00 in
Tokyo with a session that opens at 09:00.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator

import numpy as np

from application.new_bars import NewBars
from application.series_writer import SeriesReader
from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import ConflictError
from domain.partitions import partition_bounds, partition_of
from domain.sessions import instant_text, midnight_utc, slots


def refuse_slots_told_twice(new: NewBars, held: SeriesReader, zone: zoneinfo.ZoneInfo) -> None:
    """Refuse new bars of slots whose held bar lies in a neighbouring partition.

    What is settled partition by partition would leave both.

    Raises:
        ConflictError: there is one.
    """
    bar_type, partitions = new.series.bar_type, held.holdings.partitions
    for name in new.counts:
        before, after = _neighbours(name, bar_type)
        if before in partitions and _straddles(name, bar_type, zone):
            _refuse(new, _pairs(new.part(name), held.read(before), bar_type, zone))
        if after in partitions and _straddles(after, bar_type, zone):
            later = _pairs(held.read(after), new.part(name), bar_type, zone)
            _refuse(new, ((mine, theirs) for theirs, mine in later))


def _neighbours(name: str, bar_type: BarType) -> tuple[str, str]:
    """Return the partitions before and after the one of this name."""
    first, last = partition_bounds(name)
    day = dt.timedelta(days=1)
    edges = (midnight_utc(date) for date in (first - day, last + day))
    before, after = (partition_of(edge, bar_type) for edge in edges)
    return before, after


def _straddles(name: str, bar_type: BarType, zone: zoneinfo.ZoneInfo) -> bool:
    """Whether a slot that begins before the partition can have a bar in it."""
    return _first_slot(name, bar_type, zone) < midnight_utc(partition_bounds(name)[0])


def _first_slot(name: str, bar_type: BarType, zone: zoneinfo.ZoneInfo) -> int:
    begin = np.array([midnight_utc(partition_bounds(name)[0])], np.int64)
    return int(slots(begin, bar_type, zone)[0])


def _pairs(
    later: Bars, earlier: Bars, bar_type: BarType, zone: zoneinfo.ZoneInfo
) -> Iterator[tuple[int, int]]:
    """Yield when the first of `later` and a bar of `earlier` open, if they are of one slot."""
    if not len(later) or not len(earlier):
        return
    slot = slots(later.ts_open[:1], bar_type, zone)[0]
    for row in (slots(earlier.ts_open, bar_type, zone) == slot).nonzero()[0]:
        yield int(later.ts_open[0]), int(earlier.ts_open[row])


def _refuse(new: NewBars, pairs: Iterator[tuple[int, int]]) -> None:
    for mine, theirs in pairs:
        raise ConflictError(
            f"The bar that opens at {instant_text(mine)} is of the same time as the held one of "
            f"{new.series} that opens at {instant_text(theirs)}, on another UTC date: both would "
            "stay. Nothing was written.",
            "Import bars that are stamped as the held ones are, or take the held days out first: "
            "barledger remove",
        )
