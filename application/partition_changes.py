"""What new bars do to the partitions that they fall into."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np

from application.conflicts import OnConflict, Overlap, Placed, compare, settle
from application.series_writer import SeriesReader
from domain.bars import Bars
from domain.partitions import split_by_partition
from domain.sessions import NANOSECONDS_IN_DAY, slots, utc_offsets
from domain.venues import venue


class PartitionChanges:
    """What the new bars do to the partitions that they fall into."""

    def __init__(self, held: SeriesReader, new: Bars) -> None:
        self.holdings = held.holdings
        self._series = held.holdings.series
        parts = dict(split_by_partition(new, self._series.bar_type))
        self._new = {name: self._placed(bars) for name, bars in parts.items()}
        self._days = np.unique(np.concatenate([part.days for part in self._new.values()]))
        self._held = {name: self._placed(held.read(name)) for name in self._touched(held)}
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
        return sorted({*self._new, *sharing})

    def _part(self, name: str) -> Placed:
        return self._new.get(name) or self._placed(Bars.empty())

    def _placed(self, bars: Bars) -> Placed:
        bar_type, zone = self._series.bar_type, venue(self._series.instrument_id.venue).tzinfo
        days = bars.ts_open
        if bar_type.is_intraday:
            days = days + utc_offsets(bars.ts_open, zone)
        return Placed(bars, slots(bars.ts_open, bar_type, zone), days // NANOSECONDS_IN_DAY)

    def _compare(self, name: str) -> Overlap:
        held, new = self._held[name], self._part(name)
        if not len(held.bars):
            return Overlap(new=len(new.bars))
        return compare(held, new, self._days)

    def settled(self, policy: OnConflict) -> dict[str, Bars]:
        """Return the partitions that change, with what they hold afterwards."""
        if policy not in self._settled:
            self._settled[policy] = dict(self._changing(policy))
        return self._settled[policy]

    def _changing(self, policy: OnConflict) -> Iterator[tuple[str, Bars]]:
        for name, held in self._held.items():
            new = self._part(name)
            after = settle(held, new, policy, self._days) if len(held.bars) else new.bars
            if not after.same_values(held.bars):
                yield name, after
