"""What partitions hold once fetched sessions are in them: bars, coverage, and their sources."""

from __future__ import annotations

import datetime as dt
import functools

import attrs
import numpy as np
from numpy.typing import NDArray

from application.fetch_coverage import Attested
from application.fetch_joins import Level, level_of
from application.fetch_parts import Part, any_inside
from application.fetch_plan import SeriesPlan
from application.fetch_sources import joined_details, joined_sources
from application.series_writer import Change, SeriesReader
from domain.availability import coverage_of
from domain.bar_type import BarType
from domain.bars import Bars, Int64Array, same_bars
from domain.coverage import inferred_coverage
from domain.events import CoverageBasis, PartitionWritten
from domain.intervals import NO_TIME, IntervalSet
from domain.partitions import names_within, partition_bounds, split_by_partition
from domain.sessions import (
    NANOSECONDS_IN_DAY,
    midnight_utc,
    slots,
)
from domain.venues import venue
from domain.window import FAR_FUTURE

Mask = NDArray[np.bool_]


@attrs.frozen(eq=False)
class Arrived:
    """Parts of a plan that a source has answered for, with its bars of them.

    Of the time in `empty` it has said twice that there are none. A part whose date is in `short`
    has only the time that it had something to say of, which may be none. The parts `before` lie
    before its first bar. `as_of` is the source's time when it was asked, UTC nanoseconds.
    """

    parts: tuple[Part, ...]
    bars: Bars
    empty: IntervalSet = NO_TIME
    short: frozenset[dt.date] = frozenset()
    before: tuple[Part, ...] = ()
    as_of: int = FAR_FUTURE

    @property
    def time(self) -> IntervalSet:
        """The time that it answered for."""
        return IntervalSet(tuple(one for part in self.parts for one in part.time))

    @property
    def dates(self) -> set[dt.date]:
        """The first dates of all parts."""
        return {part.date for part in (*self.parts, *self.before)}


@attrs.frozen(eq=False)
class _Held:
    """What is held where fetched bars go, all partitions in a row."""

    bars: Bars
    slots: Int64Array
    own: Mask
    """Which of the bars are of partitions that the source alone has given."""

    def take(self, which: Mask) -> _Held:
        return _Held(self.bars.take(which), self.slots[which], self.own[which])


class Merging:
    """Fetched bars of some sessions, merged with what `reader` holds of their partitions.

    Held bars stay, but where the source gives those anew that it gave before, or where those of
    others are to be replaced. `new_bars` counts the fetched ones that are new or took the place of
    others.
    """

    def __init__(
        self, reader: SeriesReader, plan: SeriesPlan, source: str, detail: str, arrived: Arrived
    ) -> None:
        self._reader = reader
        self._plan = plan
        self._source = source
        self._detail = detail
        self._arrived = arrived
        self._bar_type: BarType = plan.series.bar_type
        self._zone = venue(plan.series.instrument_id.venue).tzinfo
        self._names = self._touched()
        self._partitions = {name: reader.holdings.partitions[name] for name in self._names}
        self.held_time = coverage_of(self._partitions.values())
        self._held = self._read()
        self._new_slots = self._slots(arrived.bars)
        kept = self._held.take(~self._dropped())
        fresh = ~np.isin(self._new_slots, kept.slots)
        self._fresh = arrived.bars.take(fresh)
        self._kept = kept.bars
        self.new_bars = self._count_new(fresh)
        joined = Bars.concat([kept.bars, self._fresh])
        self._merged = joined.take(np.argsort(joined.ts_open, kind="stable"))
        self._attested = self._cover()

    def _touched(self) -> list[str]:
        """Return the held partitions that can have a bar of the sessions, or of a slot of them."""
        parts = [part.utc_dates(self._bar_type) for part in self._arrived.parts]
        first, last = min(first for first, _ in parts), max(last for _, last in parts)
        return names_within(self._reader.holdings.partitions, first, last)

    def _read(self) -> _Held:
        parts = [self._reader.read(name) for name in self._names]
        own = [
            np.full(len(bars), self._is_own(self._partitions[name]), np.bool_)
            for name, bars in zip(self._names, parts, strict=True)
        ]
        bars = Bars.concat(parts)
        mine = np.concatenate(own) if own else np.empty(0, np.bool_)
        return _Held(bars, self._slots(bars), mine)

    def _is_own(self, held: PartitionWritten) -> bool:
        return held.source == self._source

    def _slots(self, bars: Bars) -> Int64Array:
        return slots(bars.ts_open, self._bar_type, self._zone)

    def _dropped(self) -> Mask:
        """Return which held bars give way to fetched ones."""
        dropped: Mask = (self._same_slot & self._held.own) | self._replaced
        return dropped

    @functools.cached_property
    def _replaced(self) -> Mask:
        """Which held bars of other sources are of parts to be replaced, and so go."""
        replaced: Mask = self._in_replaced_parts() & ~self._held.own
        return replaced

    @functools.cached_property
    def _same_slot(self) -> Mask:
        """Which held bars lie in slots of which fetched ones are."""
        found: Mask = np.isin(self._held.slots, self._new_slots)
        return found

    def lacks(self, part: Part) -> int:
        """Return how many held bars of a part the source gave before and does not give now."""
        if not part.replaces or not part.time:
            return 0
        before = self._held.own & ~self._same_slot
        return int((before & self._of(part, self._held.bars)).sum()) if before.any() else 0

    def level(self, part: Part) -> Level | None:
        """Return how fetched bars of a part compare with those of others that they replace.

        None where they replace none.
        """
        instrument, held = self._plan.instrument, self._held.bars
        gone = self._replaced & self._of(part, held) if self._replaced.any() else self._replaced
        if instrument is None or not gone.any():
            return None
        fetched = self._arrived.bars.take(self._of(part, self._arrived.bars))
        return level_of(part.date, fetched, held.take(gone), instrument, self._plan.series)

    def _in_replaced_parts(self) -> Mask:
        """Return which held bars are of parts to be replaced of which the source has some."""
        found = np.zeros(len(self._held.slots), np.bool_)
        for part in self._arrived.parts:
            if part.replaces and self._has_any(part, self._arrived.bars):
                found |= self._of(part, self._held.bars)
        return found

    def _of(self, part: Part, bars: Bars) -> Mask:
        return part.mask(bars, self._plan.series)

    def _has_any(self, part: Part, bars: Bars) -> bool:
        return part.has_any(bars, self._plan.series)

    def _count_new(self, fresh: Mask) -> int:
        held = self._held
        _, one, two = np.intersect1d(
            held.slots, self._new_slots, assume_unique=True, return_indices=True
        )
        same = np.zeros(len(fresh), np.bool_)
        same[two] = same_bars(held.bars.take(one), self._arrived.bars.take(two))
        return int((fresh & ~same).sum())

    def gives(self, part: Part) -> bool:
        """Whether fetched bars of a part are held from now on."""
        return self._has_any(part, self._fresh)

    def fetched(self, part: Part) -> bool:
        """Whether the source has bars of a part, held before or not."""
        return self._has_any(part, self._arrived.bars)

    def holds(self, part: Part) -> bool:
        """Whether bars of a part were held before."""
        if not self._bar_type.is_intraday:
            return self._has_any(part, self._held.bars)
        return any_inside(self._held.bars.ts_open, IntervalSet((part.interval,)))

    def covers(self, part: Part) -> bool:
        """Whether what the source said of a part is all that there is to be said.

        Where it has no bar of a session, and another source does, it has said nothing. Where
        nobody has one, only being asked twice makes the session empty.
        """
        silent = self.holds(part) and not part.joins and not part.replaces
        return self.fetched(part) or silent

    def _cover(self) -> Attested:
        answered = [part for part in self._arrived.parts if self.covers(part)]
        time = IntervalSet(tuple(one for part in answered for one in part.time))
        return Attested(time.difference(self._arrived.empty), answered, self._merged)

    def changes(self) -> dict[str, Change]:
        """Return the partitions that are other than before, by name."""
        found = {}
        for name, bars in split_by_partition(self._merged, self._bar_type):
            change = self._change(name, bars)
            if self._differs(name, change):
                found[name] = change
        return found

    def _change(self, name: str, bars: Bars) -> Change:
        held = self._partitions.get(name)
        if not self._bar_type.is_intraday:
            coverage, basis = inferred_coverage(bars, self._bar_type), CoverageBasis.ATTESTED
        else:
            coverage, basis = self._coverage(name, held)
        source, detail = self._source, self._detail
        if held and not self._is_own(held) and not self._is_among(self._fresh, name):
            source, detail = held.source, held.detail
        elif held and not self._is_own(held) and self._is_among(self._kept, name):
            source = joined_sources(held.source, source)
            detail = joined_details(held.detail, detail)
        return Change(bars, coverage, basis, source, detail)

    def _is_among(self, bars: Bars, name: str) -> bool:
        """Whether any of `bars`, which are in order, lies in a partition."""
        first, last = partition_bounds(name)
        start, end = midnight_utc(first), midnight_utc(last) + NANOSECONDS_IN_DAY
        return any_inside(bars.ts_open, IntervalSet.of((start, end)))

    def _coverage(
        self, name: str, held: PartitionWritten | None
    ) -> tuple[IntervalSet, CoverageBasis]:
        given = self._attested.share(name)
        if held is None:
            return given, CoverageBasis.ATTESTED
        inferred = held.basis is CoverageBasis.INFERRED
        left = held.coverage.difference(self._attested.time)
        ends_open = self._attested.ends_open(name, self.held_time)
        keeps = inferred and bool(left) and not ends_open
        basis = CoverageBasis.INFERRED if keeps else CoverageBasis.ATTESTED
        return held.coverage.union(given), basis

    def _differs(self, name: str, change: Change) -> bool:
        held = self._partitions.get(name)
        if held is None:
            return True
        if not self._bar_type.is_intraday:
            return not self._reader.read(name).same_values(change.bars)
        known = (held.coverage, held.basis)
        if known != (change.coverage, change.basis):
            return True
        return not self._reader.read(name).same_values(change.bars)
