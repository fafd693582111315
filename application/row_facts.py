"""What must be known of all rows of a file before any of them can become a bar."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import attrs
import numpy as np

from domain.bar_files import FileRows, RowChunk
from domain.bar_type import BarType
from domain.bars import Int64Array
from domain.sessions import NANOSECONDS_IN_DAY, date_of_label, period_dates, utc_offsets
from domain.spacing import Steps


@attrs.define
class RowFacts:
    """The steps between stamps, their range (UTC nanoseconds), and the precisions of all rows.

    `midnights` tells whether every stamp is a midnight by the venue's clock or by UTC, as daily
    bars are often stamped: the name of the clock, or None.
    """

    dates_only: bool = False
    steps: Steps = attrs.field(factory=Steps)
    first: int = np.iinfo(np.int64).max
    last: int = np.iinfo(np.int64).min
    price_precision: int = 0
    size_precision: int = 0
    _at_venue: bool = True
    _at_utc: bool = True
    _at_file: bool = True

    @property
    def by_date(self) -> bool:
        """Whether every stamp is a date, be it written as a midnight."""
        return self.dates_only or self.midnights is not None

    @property
    def any(self) -> bool:
        """Whether there is a row at all."""
        return self.first <= self.last

    @property
    def midnights(self) -> str | None:
        """Whose midnight every stamp is: `venue`, `utc`, `file`, or None."""
        whose = {"venue": self._at_venue, "utc": self._at_utc, "file": self._at_file}
        return next((name for name, all_ in whose.items() if all_), None) if self.any else None

    def add(
        self, chunk: RowChunk, zone: zoneinfo.ZoneInfo, file_zone: zoneinfo.ZoneInfo | None
    ) -> None:
        """Take in the rows that follow those before."""
        stamps = chunk.bars.ts_open
        self.steps.add(stamps)
        self.first = min(self.first, int(stamps.min()))
        self.last = max(self.last, int(stamps.max()))
        self.price_precision = max(self.price_precision, chunk.bars.price_precision)
        self.size_precision = max(self.size_precision, chunk.bars.size_precision)
        self._at_utc = self._at_utc and _all_midnight(stamps)
        self._at_venue = self._at_venue and _all_midnight(stamps, zone)
        own = file_zone is not None and self._at_file
        self._at_file = own and _all_midnight(stamps, file_zone)

    def dates(self, bar_type: BarType) -> tuple[dt.date, dt.date]:
        """Return the first and last date of the sessions that the rows can lie in."""
        if not self.any:
            return dt.date(1970, 1, 1), dt.date(1970, 1, 1)
        # A week can begin on the Sunday before it, and end on the day after it.
        first, _ = period_dates(date_of_label(self.first) - dt.timedelta(days=1), bar_type)
        _, last = period_dates(date_of_label(self.last) + dt.timedelta(days=2), bar_type)
        # A session's date can differ from the UTC date of its instants by one.
        return first - dt.timedelta(days=1), last + dt.timedelta(days=1)


def facts_of(
    rows: FileRows, zone: zoneinfo.ZoneInfo, file_zone: zoneinfo.ZoneInfo | None
) -> RowFacts:
    """Return the facts of all rows; `zone` is the venue's clock, `file_zone` the file's."""
    facts = RowFacts(rows.dates_only)
    for chunk in rows.chunks:
        facts.add(chunk, zone, file_zone)
    return facts


def _all_midnight(stamps: Int64Array, zone: zoneinfo.ZoneInfo | None = None) -> bool:
    # One stamp tells most often, and looking at all of them takes longer.
    few = stamps[:1]
    return not any(
        ((part if zone is None else part + utc_offsets(part, zone)) % NANOSECONDS_IN_DAY).any()
        for part in (few, stamps)
    )
