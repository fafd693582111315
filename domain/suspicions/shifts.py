"""Whole days of bars that lie beside their sessions: a wrong time zone, or the wrong stamp."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from domain.bars import Bars, Int64Array
from domain.sessions import NANOSECONDS_IN_DAY, Session, utc_offsets
from domain.suspicions.stretches import Beside, blocks_of, stretches_of
from domain.suspicions.suspicion import Suspicion, Wording, counted

_MINUTE = 60 * 1_000_000_000
_QUARTER = 15 * _MINUTE
# No two clocks are further apart, and the nearest session is never further away.
_FURTHEST = 14 * 4
_SHIFTS = np.arange(-_FURTHEST, _FURTHEST + 1)
_HOUR, _HALF_HOUR = 4, 2
_NO_SHIFT = _FURTHEST
# Auctions after the close are traded some minutes late.
_LATE = 10 * _MINUTE
# What fits as well, or almost, half an hour beside the best is no shift but room to spare.
_ALMOST = 0.8


class ShiftedDays:
    """Watches where the bars of each day begin and end, as against the venue's session.

    A day is a stretch of bars without a long silence, and may cross midnight; where trading goes
    on over the nights it is a week.
    """

    def __init__(
        self, words: Wording, regular: Sequence[Session], extended: Sequence[Session]
    ) -> None:
        self._words = words
        self._sessions = (blocks_of(regular), blocks_of(extended))
        self._parts: list[Int64Array] = []

    def add(self, bars: Bars, lines: Int64Array) -> None:
        """Keep where stretches begin and end; the last may go on in the next chunk."""
        before = self._parts[-1][-1] if self._parts else None
        rows = stretches_of(bars, lines, before)
        if len(rows):
            self._parts.append(rows)

    def found(self) -> Iterator[Suspicion]:
        """Yield the wrong stamp or, where that is right, the wrong zone."""
        if not self._parts:
            return
        stretches = np.concatenate(self._parts)
        length = self._words.series.bar_type.length
        every = [
            Beside.of(stretches, blocks, length, self._words.zone) for blocks in self._sessions
        ]
        fits = [_fitting(beside, length) for beside in every]
        usual = fits[0][:, _NO_SHIFT] | fits[1][:, _NO_SHIFT]
        for beside in every:
            told = _wrong_stamp(beside, length, self._words)
            if told:
                yield told
                return
        # Bars of the regular session, shifted, may lie in extended hours; not the other way.
        for beside, fit, right in zip(every, fits, (fits[0][:, _NO_SHIFT], usual), strict=True):
            told = _wrong_zone(beside, fit & ~right[:, np.newaxis], self._words)
            if told:
                yield told
                return


def _wrong_stamp(beside: Beside, length: int, words: Wording) -> Suspicion | None:
    """Tell of bars that all lie one bar late or early, as when the stamp is the other end."""
    late = (beside.last_open == beside.close) & (beside.first_open == beside.grid_open + length)
    early = ((beside.first_close == beside.open) | (beside.first_close == beside.grid_open)) & (
        beside.last_close == beside.grid_close - length
    )
    for kind, days, ends in (("close", late, "closes"), ("open", early, "opens")):
        # A wrong stamp spoils all days; a wrong zone may look like one in summer alone.
        if 3 * int(np.count_nonzero(days)) > 2 * len(days):
            what = f"the stamps are those of the bars' {ends}; if so, say --stamp {kind}."
            how = "one bar late" if kind == "close" else "one bar early"
            return _told(f"stamp-{kind}", beside, days, words, f"{how}: it seems that {what}")
    return None


def _fitting(beside: Beside, length: int) -> NDArray[np.bool_]:
    """Return, for each stretch and each of `_SHIFTS`, whether it fits its session when shifted.

    One that is as long as its session fits with one shift alone, a shorter one with several,
    one that is longer with none.
    """
    least = beside.last_close - beside.grid_close - _LATE
    most = beside.first_open - beside.grid_open + min(length, _LATE)
    shifts = (_SHIFTS * _QUARTER)[np.newaxis, :]
    fits: NDArray[np.bool_] = (least[:, np.newaxis] <= shifts) & (shifts <= most[:, np.newaxis])
    return fits


def _wrong_zone(beside: Beside, fits: NDArray[np.bool_], words: Wording) -> Suspicion | None:
    """Tell of bars that lie the same time early or late on most days.

    `fits` tells of the days that are not right as they are. In summer it may be an hour more or
    less, where one of the two clocks is changed and the other is not.
    """
    votes = np.count_nonzero(fits, axis=0)
    best = _best(votes)
    if not votes[best] or not _is_sharp(votes, best):
        return None
    found = [best]
    hours_beside = [at for at in (best - _HOUR, best + _HOUR) if 0 <= at < len(votes)]
    more = [int(np.count_nonzero(fits[:, at] & ~fits[:, best])) for at in hours_beside]
    if max(more):
        found.append(hours_beside[more.index(max(more))])
    days = fits[:, found].any(axis=1)
    if not _is_most(days):
        return None
    shifts = np.where(fits[:, best], _SHIFTS[best], _SHIFTS[found[-1]])[days]
    advice = _advice(shifts, beside.first_open[days], words)
    return _told("wrong-zone", beside, days, words, f"{_span_text(found)}. {advice}")


def _best(votes: NDArray[np.intp]) -> int:
    """Return which shift most days fit, of those that fit as many one of whole hours."""
    roundness = (_SHIFTS % _HOUR == 0).astype(int) + (_SHIFTS % _HALF_HOUR == 0)
    return int(np.lexsort((roundness, votes))[-1])


def _is_sharp(votes: NDArray[np.intp], best: int) -> bool:
    """Return whether the days fit at one shift, and not half an hour beside it as well."""
    beside = [at for at in (best - _HALF_HOUR, best + _HALF_HOUR) if 0 <= at < len(votes)]
    return all(votes[at] < _ALMOST * votes[best] for at in beside)


def _is_most(days: NDArray[np.bool_]) -> bool:
    return 2 * int(np.count_nonzero(days)) > len(days)


def _span_text(found: Sequence[int]) -> str:
    shifts = [int(_SHIFTS[at]) for at in found]
    hours = [f"{abs(shift) / _HOUR:g}" for shift in sorted(shifts, key=abs)]
    unit = "hour" if hours == ["1"] else "hours"
    return f"{' or '.join(hours)} {unit} {'early' if shifts[0] < 0 else 'late'}"


def _advice(quarters: Int64Array, opens: Int64Array, words: Wording) -> str:
    """Say which zone would set right days that lie `quarters` of an hour late."""
    ahead = utc_offsets(opens, words.zone)
    zone = words.zone.key
    if _is_nearly_all(quarters * _QUARTER == ahead):
        return f"It seems that the venue's time was read as UTC; if so, say --timezone {zone}."
    if _is_nearly_all(quarters * _QUARTER == -ahead):
        return "It seems that UTC was read as the venue's time; if so, say --timezone UTC."
    return f"Is --timezone right? The venue's own time is --timezone {zone}."


def _is_nearly_all(days: NDArray[np.bool_]) -> bool:
    return 20 * int(np.count_nonzero(days)) > 19 * len(days)


def _told(
    kind: str, beside: Beside, days: NDArray[np.bool_], words: Wording, how: str
) -> Suspicion:
    row = int(np.argmax(days))
    count, line = int(np.count_nonzero(days)), int(beside.line[row])
    stamps = (beside.first_open, beside.last_close, beside.open, beside.close)
    edges = [int(column[row]) for column in stamps]
    long = max(edges[1] - edges[0], edges[3] - edges[2]) > NANOSECONDS_IN_DAY
    clocks = [words.local(edge) for edge in edges]
    style = "%H:%M:%S" if any(clock.second for clock in clocks) else "%H:%M"
    begin, end, opens, closes = (f"{clock:{'%a ' if long else ''}{style}}" for clock in clocks)
    total = counted(len(days), "week" if long else "day")
    return Suspicion(
        kind,
        count,
        line,
        f"The bars of {count:,} of {total} lie beside the session, first from line "
        f"{line}, {clocks[0]:%Y-%m-%d}: they run from {begin} to {end} by the "
        f"venue's clock ({words.zone.key}), where the session runs from {opens} to {closes}, "
        f"{how}",
    )
