"""Whether bars run over the turn of the trading day, where trading goes round the clock."""

from __future__ import annotations

import itertools
import zoneinfo
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.bar_type import BarType
from domain.bars import Int64Array
from domain.sessions import Session, on_grid

# Of a file that ends bars with the day some turns may lack the bar behind them, but only few.
_FEW = 0.2


class Turns:
    """The ends of `sessions` that the next one follows at once, amid a slot of `bar_type` bars.

    IBKR and most vendors end a bar there and begin another one. Of a file whose bars run on, a
    bar that was taken to end there would be known before it has ended.
    """

    def __init__(
        self, bar_type: BarType, zone: zoneinfo.ZoneInfo, sessions: Sequence[Session]
    ) -> None:
        self._bar_type = bar_type
        self._zone = zone
        follows = (
            one.close for one, after in itertools.pairwise(sessions) if one.close == after.open
        )
        turns = np.array([*follows], np.int64)
        # The others are on the grid, and end a bar whatever is done.
        self._turns = turns[on_grid(turns, bar_type, zone) != turns]
        self._before: set[int] = set()
        self._behind: set[int] = set()
        self._last = np.iinfo(np.int64).min

    def see(self, opens: Int64Array) -> None:
        """Take note of bars that open at `opens` (UTC nanoseconds), in any order."""
        if not len(self._turns) or not len(opens):
            return
        self._last = max(self._last, int(opens.max()))
        self._before.update(self._following(opens)[self.crossed(opens)].tolist())
        place = np.searchsorted(self._turns, opens, side="right") - 1
        turns = self._turns[np.maximum(place, 0)]
        behind = (place >= 0) & (on_grid(opens, self._bar_type, self._zone) < turns)
        self._behind.update(turns[behind].tolist())

    @property
    def end_bars(self) -> bool:
        """Whether the bars that were seen end with the day, as one begins there.

        A turn tells where a bar opens on each side of it, in its slot.
        """
        parted = len(self._before & self._behind)
        # Nothing is known of the turn at which all ends.
        run_on = sum(turn <= self._last for turn in self._before - self._behind)
        return parted > 0 and run_on <= _FEW * parted

    def crossed(self, opens: Int64Array) -> NDArray[np.bool_]:
        """Return which bars open before a turn in the slot that it lies in (UTC nanoseconds)."""
        following = self._following(opens)
        ends = on_grid(opens, self._bar_type, self._zone) + self._bar_type.length
        crossed: NDArray[np.bool_] = (opens < following) & (following < ends)
        return crossed

    def _following(self, opens: Int64Array) -> Int64Array:
        """Return the turn behind each instant, far away where there is none."""
        later = np.append(self._turns, np.iinfo(np.int64).max)
        return later[np.searchsorted(self._turns, opens, side="right")]
