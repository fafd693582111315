"""What new bars do to the partitions that they fall into."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np

from application.conflicts import OnConflict, Overlap, compare, settle
from application.series_writer import SeriesReader
from domain.bars import Bars, Int64Array
from domain.instrument import Series
from domain.partitions import split_by_partition
from domain.sessions import NANOSECONDS_IN_DAY, utc_offsets
from domain.venues import venue


class PartitionChanges:
    """What the new bars do to the partitions that they fall into."""

    def __init__(self, held: SeriesReader, new: Bars) -> None:
        self._series = held.holdings.series
        self._days = _day_numbers(new, self._series)
        self._parts = dict(split_by_partition(new, self._series.bar_type))
        self._held = {name: held.read(name) for name in self._touched(held)}
        self._settled: dict[OnConflict, dict[str, Bars]] = {}
        self.overlap = sum((self._compare(name) for name in self._held), Overlap())

    def _touched(self, held: SeriesReader) -> list[str]:
        """Return new bars' partitions, and held ones that share a day of the venue with them."""
        days = set(self._days.tolist())
        epoch = dt.date(1970, 1, 1).toordinal()
        sharing = (
            name
            for name, one in held.holdings.partitions.items()
            if any(date.toordinal() - epoch in days for date in one.trading_dates)
        )
        return sorted({*self._parts, *sharing})

    def _part(self, name: str) -> Bars:
        return self._parts.get(name, Bars.empty())

    def _compare(self, name: str) -> Overlap:
        held = self._held[name]
        if not len(held):
            return Overlap(new=len(self._part(name)))
        return compare(held, self._part(name), self._days, _day_numbers(held, self._series))

    def settled(self, policy: OnConflict) -> dict[str, Bars]:
        """Return the partitions that change, with what they hold afterwards."""
        if policy not in self._settled:
            self._settled[policy] = dict(self._changing(policy))
        return self._settled[policy]

    def _changing(self, policy: OnConflict) -> Iterator[tuple[str, Bars]]:
        for name, held in self._held.items():
            new = self._part(name)
            if len(held):
                days = _day_numbers(held, self._series)
                new = settle(held, new, policy, self._days, days)
            if not new.same_values(held):
                yield name, new


def _day_numbers(bars: Bars, series: Series) -> Int64Array:
    """Return, for each bar, the day it belongs to by the venue's clock, counted from 1970."""
    local = bars.ts_open
    if series.bar_type.is_intraday and len(bars):
        local = local + utc_offsets(bars.ts_open, venue(series.instrument_id.venue).tzinfo)
    days: Int64Array = np.floor_divide(local, NANOSECONDS_IN_DAY)
    return days
