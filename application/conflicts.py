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


def compare(held: Bars, new: Bars, replaced_days: Int64Array, held_days: Int64Array) -> Overlap:
    """Return how `new` overlaps `held`, both in order of time.

    `held_days` numbers the day of each held bar, `replaced_days` are the days of new ones.
    """
    held, new = _alike(held, new)
    common, of_held, of_new = np.intersect1d(
        held.ts_open, new.ts_open, assume_unique=True, return_indices=True
    )
    same = _same_rows(held.take(of_held), new.take(of_new))
    lost = np.isin(held_days, replaced_days) & ~np.isin(held.ts_open, new.ts_open)
    return Overlap(
        new=len(new) - len(common),
        identical=int(same.sum()),
        different=int((~same).sum()),
        vanishing=int(lost.sum()),
    )


def settle(
    held: Bars, new: Bars, policy: OnConflict, replaced_days: Int64Array, held_days: Int64Array
) -> Bars:
    """Return what a partition holds afterwards, in order of time, no bar twice."""
    if policy is OnConflict.OVERWRITE:
        held = held.take(~np.isin(held_days, replaced_days))
    keep, add = (held, new) if policy is OnConflict.SKIP else (new, held)
    joined = Bars.concat([keep, add.take(~np.isin(add.ts_open, keep.ts_open))])
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
