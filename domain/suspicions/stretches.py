"""Where bars and sessions begin and end, with the nights between them left out."""

from __future__ import annotations

import itertools
import zoneinfo
from collections.abc import Sequence

import attrs
import numpy as np

from domain.bars import Bars, Int64Array
from domain.sessions import NANOSECONDS_IN_DAY, Session, utc_offsets

# Shorter than any night between two sessions of shares, longer than any pause at noon.
_APART = 4 * 3600 * 1_000_000_000
_FIRST_OPEN, _FIRST_CLOSE, _LAST_OPEN, _LAST_CLOSE, _LINE = range(5)


def stretches_of(bars: Bars, lines: Int64Array, before: Int64Array | None) -> Int64Array:
    """Return the stretches of bars without a long silence, a row for each, in order of time.

    A row, of 5, holds when the first bar opens and closes and when the last one does, in UTC
    nanoseconds, and the first one's line. `before` is the row of the last stretch so far; where
    `bars` go on with it, it grows, and is not returned.
    """
    silent = bars.ts_open[1:] - bars.ts_event[:-1] >= _APART
    starts = np.concatenate(([0], np.flatnonzero(silent) + 1))
    ends = np.append(starts[1:], len(bars)) - 1
    edges = (
        bars.ts_open[starts],
        bars.ts_event[starts],
        bars.ts_open[ends],
        bars.ts_event[ends],
        lines[starts],
    )
    rows = np.column_stack(edges).astype(np.int64)
    if before is not None and rows[0, _FIRST_OPEN] - before[_LAST_CLOSE] < _APART:
        before[_LAST_OPEN : _LAST_CLOSE + 1] = rows[0, _LAST_OPEN : _LAST_CLOSE + 1]
        return rows[1:]
    return rows


def blocks_of(sessions: Sequence[Session]) -> Int64Array:
    """Return when trading begins and ends, in rows of 2, without the short pauses.

    The sessions of futures and currencies, which go on over the nights, join to weeks.
    """
    edges = np.array([(one.open, one.close) for one in sessions], np.int64).reshape(-1, 2)
    apart = np.flatnonzero(edges[1:, 0] - edges[:-1, 1] >= _APART)
    opens = edges[np.concatenate(([0], apart + 1)), 0]
    closes = edges[np.append(apart, len(edges) - 1), 1]
    return np.column_stack((opens, closes))


def never_closes(sessions: Sequence[Session]) -> bool:
    """Return whether each session begins where the one before ends, as crypto's days do.

    They have no first or last bar, and where such sessions begin and end is no market's matter.
    """
    pairs = itertools.pairwise(sessions)
    whole = sessions[-1].close - sessions[0].open >= NANOSECONDS_IN_DAY
    return whole and all(after.open <= before.close for before, after in pairs)


@attrs.frozen(eq=False)
class Beside:
    """Stretches of bars beside the session nearest to each, in columns of UTC nanoseconds.

    `grid_open` and `grid_close` are the session's edges where the bars' grid includes them: an
    hour bar may open at 09:00 with a session of 09:30.
    """

    first_open: Int64Array
    first_close: Int64Array
    last_open: Int64Array
    last_close: Int64Array
    line: Int64Array
    open: Int64Array
    close: Int64Array
    grid_open: Int64Array
    grid_close: Int64Array

    @classmethod
    def of(
        cls, stretches: Int64Array, blocks: Int64Array, length: int, zone: zoneinfo.ZoneInfo
    ) -> Beside:
        """Return each of `stretches` with the one of `blocks` whose middle is nearest.

        `length` is that of a bar in nanoseconds; its grid lies on the clock of `zone`.
        """
        mine = _middles(stretches[:, _FIRST_OPEN], stretches[:, _LAST_CLOSE])
        theirs = _middles(blocks[:, 0], blocks[:, 1])
        after = np.searchsorted(theirs, mine).clip(1, max(len(theirs) - 1, 1))
        after = np.minimum(after, len(theirs) - 1)
        before = np.maximum(after - 1, 0)
        nearer = np.abs(theirs[before] - mine) <= np.abs(theirs[after] - mine)
        nearest = blocks[np.where(nearer, before, after)]
        opens, closes = nearest[:, 0], nearest[:, 1]
        opens_ahead, closes_ahead = utc_offsets(opens, zone), utc_offsets(closes, zone)
        return cls(
            stretches[:, _FIRST_OPEN],
            stretches[:, _FIRST_CLOSE],
            stretches[:, _LAST_OPEN],
            stretches[:, _LAST_CLOSE],
            stretches[:, _LINE],
            opens,
            closes,
            (opens + opens_ahead) // length * length - opens_ahead,
            -((-closes - closes_ahead) // length) * length - closes_ahead,
        )


def _middles(starts: Int64Array, ends: Int64Array) -> Int64Array:
    middles: Int64Array = starts + (ends - starts) // 2
    return middles
