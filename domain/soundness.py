"""What a partition's file must hold to be believed."""

from __future__ import annotations

import attrs
import numpy as np

from domain.bars import MAX_DIGITS, Bars
from domain.events import PartitionWritten, WriteCause
from domain.partitions import is_partition_name, partition_bounds, partition_of
from domain.ports import NewPartition
from domain.recording import draft_of, stored_as
from domain.rules import problems_of
from domain.sessions import NANOSECONDS_IN_DAY, midnight_utc
from domain.upkeep import DescribedFile

MISSING = "the file is missing"
_LARGEST = 10**MAX_DIGITS - 1
_LONGEST_BAR = 40 * NANOSECONDS_IN_DAY


def unsoundness(new: NewPartition) -> str | None:
    """Return the first thing that cannot be true of a partition, or None where all can be.

    The venue's clock plays no part: a later version may know it better, and what it wrote
    before must not turn into damage.
    """
    bars, series = new.bars, new.series
    if not len(bars):
        return "it holds no bars"
    if not is_partition_name(new.partition, intraday=series.bar_type.is_intraday):
        return "it names no partition"
    first, last = int(bars.ts_open.min()), int(bars.ts_open.max())
    if {partition_of(edge, series.bar_type) for edge in (first, last)} != {new.partition}:
        return f"it holds bars outside {new.partition}"
    if not series.bar_type.is_intraday and (bars.ts_open % NANOSECONDS_IN_DAY).any():
        return "its bars are not stamped by dates"
    return _disorder(bars) or _impossible_values(bars) or _impossible_coverage(new)


def _disorder(bars: Bars) -> str | None:
    if (bars.ts_event <= bars.ts_open).any():
        return "it holds a bar that closes before it has opened"
    if (bars.ts_event > bars.ts_open + _LONGEST_BAR).any():
        return "it holds a bar that takes too long"
    if bars.is_sorted():
        return None
    repeats = len(np.unique(bars.ts_open)) < len(bars)
    return "it holds a bar twice" if repeats else "its bars are not in order of time"


def _impossible_values(bars: Bars) -> str | None:
    for column in bars.columns()[2:]:
        if max(int(column.max()), -int(column.min())) > _LARGEST:
            return f"it holds a value of more than {MAX_DIGITS} digits"
    for one in problems_of(bars, lambda row: row + 1, prices_may_be_negative=True):
        return f"in bar {one.line} the {one.column} {one.value} {one.problem}"
    return None


def _impossible_coverage(new: NewPartition) -> str | None:
    """Bars cover no more than from shortly before their partition to shortly after it."""
    first, last = partition_bounds(new.partition)
    margin = 1 if new.series.bar_type.is_intraday else _LONGEST_BAR // NANOSECONDS_IN_DAY
    earliest = midnight_utc(first) - margin * NANOSECONDS_IN_DAY
    latest = midnight_utc(last) + (margin + 1) * NANOSECONDS_IN_DAY
    if any(one.start < earliest or one.end > latest for one in new.coverage):
        return "it says that it covers time far outside its partition"
    return None


def contradiction(found: DescribedFile, recorded: PartitionWritten) -> str | None:
    """Return in what a file says something else of itself than was recorded, or None."""
    new, event = found.new, event_of(found, recorded.path)
    if new.series != recorded.series:
        return f"it is a file of {new.series}"
    if (new.partition, new.revision) != (recorded.partition, recorded.revision):
        return f"it is revision {new.revision} of {new.partition}"
    for name, what in _FACTS.items():
        mine, theirs = getattr(event, name), getattr(recorded, name)
        if mine != theirs:
            return f"it has {what} {mine}, and {theirs} was recorded"
    return None


_FACTS = {
    "size": "a size in bytes of",
    "bars": "a number of bars of",
    "first_open": "a first bar that opens at",
    "last_close": "a last bar that closes at",
    "price_precision": "a price precision of",
    "size_precision": "a size precision of",
}


def event_of(
    found: DescribedFile, path: str, cause: WriteCause = WriteCause.RECOVERED
) -> PartitionWritten:
    """Return the event that records a file that lies, or will lie, at `path`."""
    stored = attrs.evolve(found.stored, path=path)
    return stored_as(draft_of(found.new, cause), stored)
