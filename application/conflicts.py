"""New bars meet held ones: what differs, and what each way of settling it leaves."""

from __future__ import annotations

import enum

import attrs
import numpy as np
from numpy.typing import NDArray

from domain.bars import Bars, Int64Array


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
    common, of_held, of_new = np.intersect1d(
        held.slots, new.slots, assume_unique=True, return_indices=True
    )
    same = _same_rows(*_alike(held.bars.take(of_held), new.bars.take(of_new)))
    lost = np.isin(held.days, replaced_days) & ~np.isin(held.slots, new.slots)
    return Overlap(
        new=len(new.bars) - len(common),
        identical=int(same.sum()),
        different=int((~same).sum()),
        vanishing=int(lost.sum()),
    )


def settle(held: Placed, new: Placed, policy: OnConflict, replaced_days: Int64Array) -> Bars:
    """Return what a partition holds afterwards, in order of time, no slot twice."""
    if policy is OnConflict.OVERWRITE:
        held = held.take(~np.isin(held.days, replaced_days))
    keep, add = (held, new) if policy is OnConflict.SKIP else (new, held)
    joined = Bars.concat([keep.bars, add.take(~np.isin(add.slots, keep.slots)).bars])
    return joined.take(np.argsort(joined.ts_open, kind="stable"))


def _alike(held: Bars, new: Bars) -> tuple[Bars, Bars]:
    price = max(held.price_precision, new.price_precision)
    size = max(held.size_precision, new.size_precision)
    return held.rescaled(price, size), new.rescaled(price, size)


def _same_rows(one: Bars, other: Bars) -> NDArray[np.bool_]:
    same = np.ones(len(one), np.bool_)
    for mine, theirs in zip(one.columns(), other.columns(), strict=True):
        same &= mine == theirs
    return same
