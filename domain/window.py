"""The range of time that a command is asked for."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import attrs
import numpy as np
from numpy.typing import NDArray

from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import InvalidWindowError
from domain.sessions import NANOSECONDS_IN_DAY, date_of_label, midnight_utc

Bound = dt.date | dt.datetime
FAR_PAST, FAR_FUTURE = -(2**62), 2**62
"""Times, in UTC nanoseconds, beyond which nothing lies: the years 1823 and 2116."""
_FIRST_YEAR, _LAST_YEAR = 1823, 2116
_EXAMPLE = "Write a date such as 2024-01-31, or an instant with a zone: 2024-01-31T15:30:00-05:00."


def parse_bound(text: str) -> Bound:
    """Return the date, or the instant with a zone, that `text` (ISO 8601) names.

    Raises:
        InvalidWindowError: it is neither, or an instant without a zone.
    """
    text = text.strip()
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        pass
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InvalidWindowError(f"{text!r} is neither a date nor an instant.", _EXAMPLE) from None
    if instant.tzinfo is None:
        raise InvalidWindowError(f"The instant {text!r} has no time zone.", _EXAMPLE)
    return instant


@attrs.frozen
class Window:
    """From `start` to `end`, each a date by the venue's clock (inclusive), an instant, or open."""

    start: Bound | None = None
    end: Bound | None = None

    def __attrs_post_init__(self) -> None:
        instants = isinstance(self.start, dt.datetime), isinstance(self.end, dt.datetime)
        if instants[0] == instants[1] and self.start is not None and self.end is not None:
            self._check(_instant(self.start, dt.UTC, last=False), _instant(self.end, dt.UTC))

    def _check(self, start: int, end: int) -> None:
        if start == FAR_FUTURE:
            raise InvalidWindowError(
                f"The start {self.start} lies beyond the year {_LAST_YEAR}.",
                "Name an earlier --start: no bar can be kept that is so far away.",
            )
        if end == FAR_PAST:
            raise InvalidWindowError(
                f"The end {self.end} lies before the year {_FIRST_YEAR}.",
                "Name a later --end: no bar can be kept that is so long ago.",
            )
        if end <= start:
            raise InvalidWindowError(
                f"The end {self.end} does not lie after the start {self.start}.",
                "Swap --start and --end, or name a later end.",
            )

    @property
    def is_open(self) -> bool:
        """Whether neither end is named, so that all that is held is meant."""
        return self.start is None and self.end is None

    def bounds(self, zone: zoneinfo.ZoneInfo) -> tuple[int, int]:
        """Return start and end in UTC nanoseconds; dates are days on the clock of `zone`.

        Raises:
            InvalidWindowError: the end does not lie after the start.
        """
        start = FAR_PAST if self.start is None else _instant(self.start, zone, last=False)
        end = FAR_FUTURE if self.end is None else _instant(self.end, zone)
        # Only the venue's clock tells a date from an instant that stands beside it.
        self._check(start, end)
        return start, end

    def dates(self, zone: zoneinfo.ZoneInfo) -> tuple[dt.date | None, dt.date | None]:
        """Return the first and last date, by the clock of `zone`, that the window touches."""
        return _date(self.start, zone), _date(self.end, zone)

    def mask(self, bars: Bars, bar_type: BarType, zone: zoneinfo.ZoneInfo) -> NDArray[np.bool_]:
        """Return which of `bars` lie wholly inside.

        Dates choose bars of a day and longer by their session's date.
        """
        start, end = self.bounds(zone)
        first: NDArray[np.bool_] = bars.ts_open >= start
        last: NDArray[np.bool_] = bars.ts_event <= end
        if not bar_type.is_intraday:
            if self.start is not None and not isinstance(self.start, dt.datetime):
                first = bars.ts_open >= midnight_utc(self.start)
            elif self.start is not None:
                first = bars.ts_event > start
            if self.end is not None and not isinstance(self.end, dt.datetime):
                last = bars.ts_open <= midnight_utc(self.end)
        return first & last

    def utc_dates(self, zone: zoneinfo.ZoneInfo) -> tuple[dt.date, dt.date]:
        """Return the first and last UTC date whose partitions can hold bars of the window."""
        start, end = self.bounds(zone)
        floor, ceiling = midnight_utc(dt.date(1, 1, 2)), midnight_utc(dt.date(9999, 12, 30))
        # A daily bar lies by its session's date, which can differ from the UTC date by one.
        return (
            date_of_label(max(start - NANOSECONDS_IN_DAY, floor)),
            date_of_label(min(end + NANOSECONDS_IN_DAY, ceiling)),
        )


def _instant(bound: Bound, zone: dt.tzinfo, *, last: bool = True) -> int:
    if isinstance(bound, dt.datetime):
        return clamped(nanoseconds(bound))
    # The first and last two days of the calendar cannot be turned into UTC.
    if bound.toordinal() < 3 or bound.toordinal() > dt.date.max.toordinal() - 3:
        return FAR_FUTURE if bound.year > 1 else FAR_PAST
    day = bound + dt.timedelta(days=1) if last else bound
    return clamped(nanoseconds(dt.datetime.combine(day, dt.time(), zone)))


def clamped(stamp: int) -> int:
    """Return UTC nanoseconds that 64 bits hold: a far stamp becomes the farthest on its side."""
    return max(FAR_PAST, min(stamp, FAR_FUTURE))


def _date(bound: Bound | None, zone: zoneinfo.ZoneInfo) -> dt.date | None:
    return bound.astimezone(zone).date() if isinstance(bound, dt.datetime) else bound


def nanoseconds(instant: dt.datetime) -> int:
    """Return an aware datetime as UTC nanoseconds since 1970, exactly."""
    since = instant - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
