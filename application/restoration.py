"""What a partition holds once a window of it is as it was at an earlier point."""

from __future__ import annotations

import attrs
import numpy as np

from application.cutting import (
    Cut,
    cut,
    surely_covered,
    surely_inside,
    surely_outside,
    taken_time,
    what_is_left,
)
from application.series_writer import Change, Removal, SeriesReader
from domain.bars import Bars
from domain.errors import ConflictError, CorruptPartitionError
from domain.events import CoverageBasis, PartitionWritten, WriteCause
from domain.intervals import IntervalSet
from domain.sessions import slots
from domain.venues import venue
from domain.window import Window

_NOTHING = Cut(Bars.empty(), Bars.empty())


@attrs.frozen
class Restored:
    """What becomes of a partition: the bars that come back, and those that only go.

    `change` is None where the window holds already what it held then.
    """

    change: Change | Removal | None = None
    back: Bars = attrs.field(factory=Bars.empty)
    gone: Bars = attrs.field(factory=Bars.empty)


@attrs.frozen
class Restoration:
    """Brings partitions of one series back to what they held after the event `as_of`."""

    reader: SeriesReader
    window: Window
    as_of: int

    def of(self, now: PartitionWritten | None, then: PartitionWritten | None) -> Restored:
        """Return what becomes of a partition that holds `now`, if anything, and held `then`.

        Raises:
            CorruptPartitionError: the bars of then, or those that have to stay, are damaged.
            ConflictError: a bar of then and one that has to stay tell of the same time.
        """
        if now == then:
            return Restored()
        old = self._old(then)
        if now is None:
            change = self._as_then(then, old) if then and len(old.inside) else None
            return Restored(change, old.inside)
        if not len(old.inside) and surely_outside(now, self.window):
            return Restored()
        held = self._held(now)
        gone = held.inside.take(~np.isin(held.inside.ts_open, old.inside.ts_open))
        if then is None or not len(old.inside):
            return Restored(self._without(now, held), gone=gone) if len(gone) else Restored()
        change = self._mixed(now, then, held, old)
        if _is_so_already(now, held, change):
            return Restored()
        return Restored(change, old.inside, gone)

    def _old(self, then: PartitionWritten | None) -> Cut:
        if then is None or surely_outside(then, self.window):
            return _NOTHING
        return cut(self.reader.read_revision(then), then.series, self.window)

    def _held(self, now: PartitionWritten) -> Cut:
        try:
            return cut(self.reader.read_revision(now), now.series, self.window)
        except CorruptPartitionError:
            # What goes anyway need not be sound.
            if surely_inside(now, self.window):
                return _NOTHING
            raise

    def _without(self, now: PartitionWritten, held: Cut) -> Change | Removal:
        if len(held.outside):
            return what_is_left(now, held, self.window)
        return Removal(f"it held nothing after event {self.as_of}")

    def _as_then(self, then: PartitionWritten, old: Cut) -> Change:
        covered = then.coverage
        if len(old.outside):
            taken = taken_time(self.window, then.series, Bars.empty(), old.inside)
            covered = covered.intersection(taken)
        return _change(old.inside, covered, then.basis, then)

    def _mixed(self, now: PartitionWritten, then: PartitionWritten, held: Cut, old: Cut) -> Change:
        """Return the window as it was then, beside what lies outside of it now."""
        if not len(held.outside):
            return self._as_then(then, old)
        bars = _joined(held.outside, old.inside, then)
        taken = taken_time(self.window, now.series, held.outside, held.inside, old.inside)
        stays = now.coverage.difference(taken)
        if held.outside.same_values(old.outside) and not stays.difference(then.coverage):
            # All bars are those of then, so all is true again that was known then.
            return _change(bars, then.coverage, then.basis, then)
        basis = then.basis if now.basis is CoverageBasis.ATTESTED else now.basis
        covered = stays.union(then.coverage.intersection(taken))
        covered = surely_covered(covered, now.coverage, basis, now.series)
        return _change(bars, covered, basis, then)


def _change(
    bars: Bars, covered: IntervalSet, basis: CoverageBasis, then: PartitionWritten
) -> Change:
    return Change(bars, covered, basis, then.source, then.detail, WriteCause.RESTORED)


def _joined(outside: Bars, inside: Bars, then: PartitionWritten) -> Bars:
    bars = Bars.concat([outside, inside])
    bars = bars.take(np.argsort(bars.ts_open, kind="stable"))
    zone = venue(then.series.instrument_id.venue).tzinfo
    taken = slots(bars.ts_open, then.series.bar_type, zone)
    if not bars.is_sorted() or len(np.unique(taken)) < len(taken):
        raise ConflictError(
            f"{then.partition} would hold two bars of the same time: one that it holds now and "
            f"one of revision {then.revision}.",
            "Restore whole days: name dates with --start and --end, or leave them out.",
        )
    return bars


def _is_so_already(now: PartitionWritten, held: Cut, change: Change) -> bool:
    if now.coverage != change.coverage:
        return False
    known = (now.basis, now.source, now.detail) == (change.basis, change.source, change.detail)
    # A part of a partition cannot say where it came from.
    if not known and not len(held.outside):
        return False
    bars = Bars.concat([held.outside, held.inside])
    return bars.take(np.argsort(bars.ts_open, kind="stable")).same_values(change.bars)
