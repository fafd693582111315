"""Which bar type the stamps of a file show, and whether they lie where such bars begin."""

from __future__ import annotations

import zoneinfo
from collections import Counter
from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from domain.bar_type import BarType, BarUnit
from domain.bars import Int64Array
from domain.sessions import LATE_START, NANOSECONDS_IN_DAY, Session, utc_offsets

_KEPT_STEPS = 10_000
_FEW_AGAINST = 0.01
_DAY_STEPS = {
    # Of bars two or three days long there is no type, and where nothing trades on weekends one
    # day is the most common step all the same.
    BarUnit.DAY: range(1, 2),
    BarUnit.WEEK: range(6, 9),
    BarUnit.MONTH: range(28, 32),
}


@attrs.define
class Steps:
    """How often each step between one stamp and the next was met, in rows that come in parts.

    `rising`, `falling` and `level` count the steps by their direction. Steps of a hostile file may
    all differ: of a part, and of all, only the most common are kept.
    """

    counts: Counter[int] = attrs.field(factory=Counter)
    rising: int = 0
    falling: int = 0
    level: int = 0
    last: int | None = None
    most: int = _KEPT_STEPS

    def add(self, stamps: Int64Array) -> None:
        """Take in the stamps (UTC nanoseconds) of rows that follow those before."""
        if not len(stamps):
            return
        joined = stamps if self.last is None else np.concatenate(([self.last], stamps))
        self.last = int(stamps[-1])
        steps = np.diff(joined)
        self.rising += int((steps > 0).sum())
        self.falling += int((steps < 0).sum())
        self.level += int((steps == 0).sum())
        values, counts = _most_common(np.abs(steps[steps != 0]), self.most)
        self.counts.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        if len(self.counts) > self.most:
            self.counts = Counter(dict(self.counts.most_common(self.most)))

    @property
    def disordered(self) -> bool:
        """Whether so many rows run against the others, or repeat, that the steps show nothing."""
        against = self.level + min(self.rising, self.falling)
        return against > _FEW_AGAINST * (self.rising + self.falling + self.level)

    def share(self, length: int) -> float:
        """Return which part of the steps are multiples of `length` nanoseconds."""
        fitting = sum(count for step, count in self.counts.items() if step % length == 0)
        return fitting / max(self.counts.total(), 1)

    def share_from(self, length: int) -> float:
        """Return which part of the steps are as long as `length` nanoseconds, or longer."""
        long = sum(count for step, count in self.counts.items() if step >= length)
        return long / max(self.counts.total(), 1)

    @property
    def newest_first(self) -> bool:
        """Whether the rows run from the newest to the oldest, but for a few."""
        return self.falling > self.rising

    @property
    def usual(self) -> int | None:
        """The most common step in nanoseconds, None where there is none."""
        if not self.counts:
            return None
        most = max(self.counts.values())
        # Of two that are as common the longer: were it wrong, stamps off its grid would say so.
        return max(step for step, count in self.counts.items() if count == most)

    def bar_type(self, *, dates_only: bool) -> BarType | None:
        """Return the bar type whose length is the most common step, or None.

        The most common, not the least: the first bar of a session may be short, and quiet
        stretches make longer steps.
        """
        step = self.usual
        if step is None:
            return None
        if dates_only or step % NANOSECONDS_IN_DAY == 0:
            return _longer_bar_type(step // NANOSECONDS_IN_DAY)
        return next((t for t in BarType.all() if t.is_intraday and t.length == step), None)


def _most_common(steps: Int64Array, most: int) -> tuple[Int64Array, Int64Array]:
    values, counts = np.unique(steps, return_counts=True)
    if len(values) <= most:
        return values, counts
    kept = np.argpartition(counts, -most)[-most:]
    return values[kept], counts[kept]


def _longer_bar_type(days: int) -> BarType | None:
    units = (unit for unit, steps in _DAY_STEPS.items() if days in steps)
    return next((BarType(1, unit) for unit in units), None)


def off_grid(
    stamps: Int64Array,
    bar_type: BarType,
    zone: zoneinfo.ZoneInfo,
    sessions: Sequence[Session],
    *,
    opens: bool = False,
) -> NDArray[np.bool_]:
    """Return which `stamps` no bar of `bar_type` begins or ends at; or only begins, with `opens`.

    The grid lies on the venue's clock; a session's open and close are on it too, and so is the
    first bar of a day of currencies, as IBKR gives it.
    """
    local = stamps + utc_offsets(stamps, zone)
    edges = np.array(
        [edge for s in sessions for edge in (s.open, s.close, *(s.pause or ()))], np.int64
    )
    if opens:
        late = [s.open + LATE_START for s in sessions if s.close - s.open == NANOSECONDS_IN_DAY]
        edges = np.concatenate([edges, np.array(late, np.int64)])
    result: NDArray[np.bool_] = (local % bar_type.length != 0) & ~np.isin(stamps, edges)
    return result
