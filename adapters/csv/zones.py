"""Times of a clock on the wall become UTC, but for those that daylight saving skips or repeats."""

from __future__ import annotations

import datetime as dt
import difflib
import zoneinfo
from collections.abc import Mapping

import numpy as np

from domain.bars import Int64Array
from domain.errors import UnknownTimeZoneError
from domain.sessions import NANOSECONDS_IN_DAY

_SECOND = 1_000_000_000
_EPOCH = dt.datetime(1970, 1, 1)


def zone_named(name: str) -> zoneinfo.ZoneInfo:
    """Return the time zone `name` of the IANA database.

    Raises:
        UnknownTimeZoneError: there is none of that name.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    # A folder of the database, or a name too long for a file's, is an OSError.
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownTimeZoneError(f"There is no time zone {name!r}.", _suggestion(name)) from error


def _suggestion(name: str) -> str:
    known = {zone.lower(): zone for zone in sorted(zoneinfo.available_timezones())}
    near = difflib.get_close_matches(name.lower(), known, n=3)
    if near:
        return f"Did you mean {' or '.join(known[each] for each in near)}?"
    return "Name one of the IANA database, such as America/New_York, Europe/London or UTC."


def to_utc(local: Int64Array, zone: zoneinfo.ZoneInfo) -> tuple[Int64Array, Mapping[int, str]]:
    """Return `local` nanoseconds of the clock of `zone` as UTC nanoseconds.

    The second value tells, by row, which times no instant or two instants have.
    """
    days, inverse = np.unique(local // NANOSECONDS_IN_DAY, return_inverse=True)
    starts = days * NANOSECONDS_IN_DAY
    # A day whose first and last moment have one offset has no change of the clock in it.
    first = np.array([_offset(start, zone, fold=0) for start in starts], np.int64)
    last = np.array(
        [_offset(start + NANOSECONDS_IN_DAY - 1, zone, fold=1) for start in starts], np.int64
    )
    offsets: Int64Array = first[inverse]
    problems = {}
    for row in np.flatnonzero((first != last)[inverse]):
        before, after = (_offset(local[row], zone, fold=fold) for fold in (0, 1))
        offsets[row] = before
        if before != after:
            problems[int(row)] = _problem(zone, skipped=after > before)
    return local - offsets, problems


def _offset(local: int, zone: zoneinfo.ZoneInfo, *, fold: int) -> int:
    """Return the nanoseconds that the clock is ahead of UTC; `fold` chooses where two fit."""
    clock = _EPOCH + dt.timedelta(seconds=int(local) // _SECOND)
    ahead = clock.replace(tzinfo=zone, fold=fold).utcoffset() or dt.timedelta()
    return round(ahead.total_seconds()) * _SECOND


def _problem(zone: zoneinfo.ZoneInfo, *, skipped: bool) -> str:
    if skipped:
        return f"does not exist: the clocks of {zone.key} were put forward over it"
    return f"names two instants: the clocks of {zone.key} were put back over it"
