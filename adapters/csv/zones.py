"""Times of a clock on the wall become UTC, also where daylight saving skips or repeats them."""

from __future__ import annotations

import datetime as dt
import functools
import zoneinfo
from collections.abc import Callable, Mapping
from typing import cast

import attrs
import numpy as np
from numpy.typing import NDArray

from domain.bar_files import ClockChange
from domain.bars import Int64Array
from domain.sessions import NANOSECONDS_IN_DAY

Integers = NDArray[np.signedinteger]
_SECOND = 1_000_000_000
_QUARTER = 15 * 60 * _SECOND
_EPOCH = dt.datetime(1970, 1, 1)


@attrs.frozen(eq=False)
class Utc:
    """Times of a clock as UTC nanoseconds; `problems` tells, by row, which have no one instant.

    `chosen` counts those of which a rule chose one of two.
    """

    values: Int64Array
    problems: Mapping[int, str]
    chosen: int = 0


def to_utc(local: Int64Array, zone: zoneinfo.ZoneInfo, change: ClockChange | None) -> Utc:
    """Return `local` nanoseconds of the clock of `zone` as UTC nanoseconds.

    Where the clock shows a time twice or never, `change` says which instant is meant; without
    it that is a problem.
    """
    before, after = _offsets(local, zone)
    rows = np.flatnonzero(before != after)
    offsets = (np.maximum if change is ClockChange.EARLIER else np.minimum)(before, after)
    if change is not None:
        return Utc(local - offsets, {}, len(rows))
    skipped = after > before
    problems = {int(row): _problem(zone, skipped=bool(skipped[row])) for row in rows}
    return Utc(local - offsets, problems)


def _offsets(local: Int64Array, zone: zoneinfo.ZoneInfo) -> tuple[Int64Array, Int64Array]:
    """Return how far the clock is ahead of UTC before and after it was put, where it was."""
    before, after, steady = _by_steps(local, zone, NANOSECONDS_IN_DAY)
    for step in (_QUARTER, _SECOND):
        rows = np.flatnonzero(steady == 0)
        if len(rows):
            before[rows], after[rows], steady[rows] = _by_steps(local[rows], zone, step)
    return before, after


def _by_steps(
    local: Int64Array, zone: zoneinfo.ZoneInfo, step: int
) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Return both offsets of each time, and whether they hold all through its `step`."""

    def at_steps(numbers: Integers) -> tuple[Int64Array, Int64Array, Int64Array]:
        found = [_in_step(int(number) * step, step, zone) for number in numbers]
        before, after, steady = np.array(found, np.int64).reshape(-1, 3).T
        return before, after, steady

    return by_runs(local // step, at_steps)


@functools.lru_cache(maxsize=100_000)
def _in_step(start: int, step: int, zone: zoneinfo.ZoneInfo) -> tuple[int, int, bool]:
    # No zone of the database has changes within a day or less that undo each other.
    first, last = (
        (_offset(end, zone, fold=0), _offset(end, zone, fold=1))
        for end in (start, start + step - 1)
    )
    return *first, first == last


def by_runs[Columns: tuple[Int64Array, ...]](
    keys: Integers, function: Callable[[Integers], Columns]
) -> Columns:
    """Return all that `function` makes of `keys`, asking it once for a run of equal ones."""
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))[: len(keys)]
    lengths = np.diff(np.append(starts, len(keys)))
    columns = tuple(np.repeat(column, lengths) for column in function(keys[starts]))
    return cast("Columns", columns)


def _offset(local: int, zone: zoneinfo.ZoneInfo, *, fold: int) -> int:
    """Return the nanoseconds that the clock is ahead of UTC; `fold` chooses where two fit."""
    clock = _EPOCH + dt.timedelta(seconds=local // _SECOND)
    ahead = clock.replace(tzinfo=zone, fold=fold).utcoffset() or dt.timedelta()
    return round(ahead.total_seconds()) * _SECOND


def _problem(zone: zoneinfo.ZoneInfo, *, skipped: bool) -> str:
    if skipped:
        what = f"does not exist: the clocks of {zone.key} were put forward over it"
    else:
        what = f"names two instants: the clocks of {zone.key} were put back over it"
    return f"{what}; say which is meant by --dst earlier or --dst later"
