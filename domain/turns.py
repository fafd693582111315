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

    def crossed(self, opens: Int64Array) -> NDArray[np.bool_]:
        """Return which bars open before a turn in the slot that it lies in (UTC nanoseconds)."""
        following = self._following(opens)
        crossed: NDArray[np.bool_] = following < self._ends(opens)
        return crossed & (opens < following)

    def are_shown(self, opens: Int64Array) -> bool:
        """Whether a bar opens at or behind a turn, in the slot that it lies in."""
        if not len(self._turns):
            return False
        place = np.searchsorted(self._turns, opens, side="right") - 1
        before = self._turns[np.maximum(place, 0)]
        return bool(((place >= 0) & (on_grid(opens, self._bar_type, self._zone) < before)).any())

    def _ends(self, opens: Int64Array) -> Int64Array:
        return on_grid(opens, self._bar_type, self._zone) + self._bar_type.length

    def _following(self, opens: Int64Array) -> Int64Array:
        """Return the turn behind each instant, far away where there is none."""
        later = np.append(self._turns, np.iinfo(np.int64).max)
        return later[np.searchsorted(self._turns, opens, side="right")]
