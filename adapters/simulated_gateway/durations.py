"""How far back from its end a request for history reaches."""

from __future__ import annotations

import calendar
import datetime as dt
import itertools
import re

import attrs

from adapters.simulated_gateway.market import Listing
from adapters.simulated_gateway.refusals import invalid
from adapters.simulated_gateway.stamps import SECOND, instant, nanoseconds, zone
from adapters.simulated_gateway.trading_days import TradingDays
from domain.sessions import Hours

_DURATION = re.compile(r"([1-9]\d{0,5}) ([SDWMY])")
# The most of a unit that may be asked for, and the unit that is to be used beyond.
_MOST = {
    "S": (86_400, "86400 seconds must be made in days"),
    "D": (365, "365 days must be made in years"),
    "W": (52, "52 weeks must be made in years"),
    "M": (12, "12 months must be made in years"),
}
_EARLIEST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MONTHS = {"M": 1, "Y": 12}


@attrs.frozen
class Duration:
    """So many of a unit: S seconds, D trading days, or W weeks, M months, Y years on the clock."""

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Return the duration written as `5 D`.

        Raises:
            RefusedError: it is none, or is to be made in a longer unit.
        """
        match = _DURATION.fullmatch(text)
        if match is None:
            raise invalid("Historical data request duration format is incorrect")
        found = cls(int(match[1]), match[2])
        most, instead = _MOST.get(found.unit, (found.count, ""))
        if found.count > most:
            raise invalid(f"Historical data requests for durations longer than {instead}.")
        return found

    def start(self, end: int, listing: Listing, days: TradingDays, hours: Hours) -> int:
        """Return where the time that ends at `end` starts, both in UTC nanoseconds.

        Of trading days the one in which the end lies is the first, or the last one before it.
        """
        if self.unit == "S":
            return end - self.count * SECOND
        if self.unit == "D":
            some = itertools.islice(days.before(listing, end, hours), self.count)
            return min((session.open for session in some), default=end)
        at = instant(end, zone(listing.time_zone_id))
        if self.unit == "W":
            return nanoseconds(at - dt.timedelta(weeks=self.count))
        return nanoseconds(_months_before(at, self.count * _MONTHS[self.unit]))


def _months_before(at: dt.datetime, months: int) -> dt.datetime:
    """Return the same time of the same day so many months ago, or of the month's last day."""
    year, month = divmod(at.year * 12 + at.month - 1 - months, 12)
    if year < _EARLIEST.year:
        return _EARLIEST
    last = calendar.monthrange(year, month + 1)[1]
    return at.replace(year=year, month=month + 1, day=min(at.day, last))
