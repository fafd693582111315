"""New bars meet held ones: what differs, and what each way of settling it leaves."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import attrs
import numpy as np
from numpy.typing import NDArray

from domain.bars import Bars, Int64Array, same_bars


class OnConflict(enum.Enum):
    """What to do where new bars differ from held ones."""

    ASK = "ask"
    SKIP = "skip"
    OVERWRITE = "overwrite"
    MERGE = "merge"


@attrs.frozen
class Overlap:
    """How many of the new bars are new, held alike, or held with other values.

    `vanishing` counts held bars that have no new one and lie on days that overwriting
    replaces.
    """

    new: int = 0
    identical: int = 0
    different: int = 0
    vanishing: int = 0

    @property
    def held(self) -> bool:
        """Whether any held bar is concerned."""
        return bool(self.identical or self.different or self.vanishing)

    def changes(self, policy: OnConflict) -> bool:
        """Whether settling it so changes what is held."""
        replaced = self.replaced(policy)
        return bool(self.new or replaced or self.vanished(policy))

    def replaced(self, policy: OnConflict) -> int:
        """Return how many held bars get other values."""
        return 0 if policy is OnConflict.SKIP else self.different

    def vanished(self, policy: OnConflict) -> int:
        """Return how many held bars are gone afterwards, with no new one in their place."""
        return self.vanishing if policy is OnConflict.OVERWRITE else 0

    def written(self, policy: OnConflict) -> int:
        """Return how many of the new bars are taken."""
        return self.new + self.replaced(policy)

    def skipped(self, policy: OnConflict) -> int:
        """Return how many of the new bars are not taken, as the held ones stay."""
        return self.identical + self.different - self.replaced(policy)

    def __add__(self, other: Overlap) -> Overlap:
        return Overlap(
            self.new + other.new,
            self.identical + other.identical,
            self.different + other.different,
            self.vanishing + other.vanishing,
        )


@attrs.frozen(eq=False)
class Placed:
    """Bars in order of time, with each bar's slot (see `slots`) and its day at the venue.

    A slot has one bar: two bars of one slot are the same stretch of time told twice, whatever
    their stamps say.
    """

    bars: Bars
    slots: Int64Array
    days: Int64Array

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Placed:
        """Return the bars at `which`: positions or a mask."""
        return Placed(self.bars.take(which), self.slots[which], self.days[which])


def compare(held: Placed, new: Placed, replaced_days: Int64Array) -> Overlap:
    """Return how `new` overlaps `held`; `replaced_days` are those that new bars lie on."""
    return sum(compare_by_day(held, new, replaced_days).values(), Overlap())


def compare_by_day(held: Placed, new: Placed, replaced_days: Int64Array) -> Mapping[int, Overlap]:
    """Return the same by day of the venue, counted from 1970."""
    if not len(held.bars):
        return {day: Overlap(new=count) for day, count in _counted(new.days).items()}
    _, of_held, of_new = np.intersect1d(
        held.slots, new.slots, assume_unique=True, return_indices=True
    )
    same = same_bars(held.bars.take(of_held), new.bars.take(of_new))
    lost = np.isin(held.days, replaced_days) & ~np.isin(held.slots, new.slots)
    counts = (
        _counted(np.delete(new.days, of_new)),
        _counted(new.days[of_new][same]),
        _counted(new.days[of_new][~same]),
        _counted(held.days[lost]),
    )
    days = sorted(set().union(*counts))
    return {day: Overlap(*(count.get(day, 0) for count in counts)) for day in days}


def _counted(days: Int64Array) -> Mapping[int, int]:
    values, counts = np.unique(days, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def settle(held: Placed, new: Placed, policy: OnConflict, replaced_days: Int64Array) -> Bars:
    """Return what a partition holds afterwards, in order of time, no slot twice."""
    if policy is OnConflict.OVERWRITE:
        held = held.take(~np.isin(held.days, replaced_days))
    keep, add = (held, new) if policy is OnConflict.SKIP else (new, held)
    joined = Bars.concat([keep.bars, add.take(~np.isin(add.slots, keep.slots)).bars])
    return joined.take(np.argsort(joined.ts_open, kind="stable"))
