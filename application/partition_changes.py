"""What new bars do to the partitions that they fall into."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from typing import Self

from application.conflicts import OnConflict, Overlap, Placed, compare_by_day, settle
from application.new_bars import NewBars, days_of
from application.series_writer import SeriesReader
from application.straddling import refuse_slots_told_twice
from domain.bars import Bars
from domain.ports import ProgressTask
from domain.sessions import NANOSECONDS_IN_DAY, date_of_label, slots, utc_offsets
from domain.venues import venue


class PartitionChanges:
    """What the new bars do to the partitions that they fall into.

    Bars are read one partition at a time, and again by whoever writes them.
    """

    def __init__(self, held: SeriesReader, new: NewBars) -> None:
        self.holdings = held.holdings
        self._held = held
        self._new = new
        self._zone = venue(new.series.instrument_id.venue).tzinfo
        self._days = days_of(new.dates)
        self._counts = new.counts
        self._by_partition = {
            name: Overlap(new=count)
            for name, count in self._counts.items()
            if name not in held.holdings.partitions
        }
        self._names = self._to_compare()
        self.by_day: Mapping[dt.date, Overlap] = {}

    @property
    def steps(self) -> int:
        """By how many steps `compare` advances its task."""
        return len(self._names)

    def refuse_doubles(self) -> None:
        """Refuse what would be there twice afterwards, whatever the policy.

        Raises:
            ConflictError: a new bar and a held one of the same slot lie in two partitions.
            CorruptPartitionError: a held partition is damaged.
        """
        refuse_slots_told_twice(self._new, self._held, self._zone)

    def compare(self, task: ProgressTask) -> Self:
        """Read what is held where the new bars go, and count what is alike and what is not.

        Raises:
            CorruptPartitionError: a held partition is damaged.
        """
        days: dict[int, Overlap] = defaultdict(Overlap)
        for name in self._names:
            found = compare_by_day(
                self._placed(self._held.read(name)), self._part(name), self._days
            )
            self._by_partition[name] = sum(found.values(), Overlap())
            for day, overlap in found.items():
                days[day] += overlap
            task.advance(1)
        dates = {date_of_label(day * NANOSECONDS_IN_DAY): days[day] for day in sorted(days)}
        self.by_day = {date: overlap for date, overlap in dates.items() if overlap.held}
        return self

    @property
    def overlap(self) -> Overlap:
        """What was counted in all."""
        return sum(self._by_partition.values(), Overlap())

    def _to_compare(self) -> list[str]:
        """Return the partitions whose days of the venue have both held and new bars."""
        touched = self.touched()
        days = {date for name in touched for date in self._held_dates(name)}
        # A day of the venue can lie in two partitions, of which one holds nothing yet.
        beside = {
            (date + dt.timedelta(days=step)).isoformat() for date in days for step in (-1, 0, 1)
        }
        return sorted({*touched, *(beside & self._counts.keys())})

    def touched(self) -> list[str]:
        """Return held partitions that new bars fall into, or that share a day with them."""
        new_days = set(self._days.tolist())
        return [
            name
            for name in self.holdings.partitions
            if name in self._counts
            or not new_days.isdisjoint(days_of(self._held_dates(name)).tolist())
        ]

    def _held_dates(self, name: str) -> tuple[dt.date, ...]:
        held = self.holdings.partitions.get(name)
        return held.trading_dates if held else ()

    def _part(self, name: str) -> Placed:
        return self._placed(self._new.part(name))

    def _placed(self, bars: Bars) -> Placed:
        bar_type = self._new.series.bar_type
        days = bars.ts_open
        if bar_type.is_intraday:
            days = days + utc_offsets(bars.ts_open, self._zone)
        return Placed(bars, slots(bars.ts_open, bar_type, self._zone), days // NANOSECONDS_IN_DAY)

    def changing(self, policy: OnConflict) -> Mapping[str, int]:
        """Return the partitions that change, with how many bars each holds afterwards."""
        return {
            name: self._held_bars(name) + overlap.new - overlap.vanished(policy)
            for name, overlap in sorted(self._by_partition.items())
            if overlap.changes(policy)
        }

    def _held_bars(self, name: str) -> int:
        held = self.holdings.partitions.get(name)
        return held.bars if held else 0

    def after(self, name: str, policy: OnConflict) -> Bars:
        """Return what a partition holds afterwards."""
        if name not in self.holdings.partitions:
            return self._new.part(name)
        held = self._placed(self._held.read(name))
        return settle(held, self._part(name), policy, self._days)
