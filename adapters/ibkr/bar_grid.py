"""Whether bars lie on the grid by which their close is known, so that none is shown too early."""

from __future__ import annotations

import itertools
import zoneinfo
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from adapters.ibkr.failures import OffGrid
from domain.bar_type import BarType
from domain.bars import Int64Array
from domain.sessions import LATE_START, Session, instant_text, on_grid


def check_grid(
    opens: Int64Array, bar_type: BarType, sessions: Sequence[Session], zone: zoneinfo.ZoneInfo
) -> None:
    """Refuse bars whose close would be guessed: `opens`, in order, lie in some of `sessions`.

    A bar opens on the grid of its type by the clock `zone`, or with its session, or after a pause.
    It closes on the grid, and with its session where that ends first.

    Raises:
        OffGrid: a bar opens anywhere else, or goes on over the end of its session.
    """
    boundaries = on_grid(opens, bar_type, zone)
    known = (boundaries == opens) | np.isin(opens, _edges(sessions))
    stray = opens[~known & ~_begins_late(opens, sessions)]
    if len(stray):
        raise OffGrid(
            f"a {bar_type.label} bar opens at {instant_text(int(stray[0]))}, which no such bar "
            f"does by the clock {zone}"
        )
    crossing = _crossing(opens, boundaries + bar_type.length, sessions)
    if crossing is not None:
        raise OffGrid(
            f"the {bar_type.label} bar of {instant_text(crossing)} seems to go on over the end of "
            "its trading day, as no other bar begins with the next one"
        )


def _edges(sessions: Sequence[Session]) -> list[int]:
    return [one.open for one in sessions] + [one.pause[1] for one in sessions if one.pause]


def _begins_late(opens: Int64Array, sessions: Sequence[Session]) -> NDArray[np.bool_]:
    """Return which bars are the first of their session, and open a quarter after it does."""
    starts = np.array([one.open for one in sessions], np.int64)
    place = np.searchsorted(starts, opens, side="right") - 1
    start = starts[np.maximum(place, 0)]
    is_first = np.concatenate(([True], opens[:-1] < start[1:])) if len(opens) else place >= 0
    found: NDArray[np.bool_] = is_first & (opens - start == LATE_START)
    return found


def _crossing(opens: Int64Array, closes: Int64Array, sessions: Sequence[Session]) -> int | None:
    """Return when a bar opens that would close after the day's end, if that is what bars do.

    Where the next day follows at once, its first bar shows that they do not. One such day tells:
    of another one nothing may have been traded at first.
    """
    crossing = None
    for one, following in itertools.pairwise(sessions):
        place = int(np.searchsorted(opens, one.close))
        if one.close != following.open or not 0 < place < len(opens):
            continue
        if opens[place - 1] < one.open or opens[place] >= following.close:
            continue
        if closes[place - 1] > one.close:
            if opens[place] < closes[place - 1]:
                return None
            crossing = int(opens[place - 1])
    return crossing
