"""Chunks of bars in order of time, whatever their edges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from domain.backtesting import BarChunk
from domain.bars import Bars
from domain.errors import BacktestFailedError
from domain.instrument import Series


def in_time_order(chunks: Iterable[BarChunk]) -> Iterator[dict[Series, Bars]]:
    """Yield all bars of `chunks` so that none closes before or with one of an earlier chunk.

    A chunk's last bars are held back until it is known when the next one's first bar closes: a
    chunk may be bounded by when bars open, and a long bar then closes after short bars of the
    next. Chunks that are empty are left out.

    Raises:
        BacktestFailedError: a chunk begins before what has been yielded ended.
    """
    held: dict[Series, Bars] = {}
    done = 0
    for chunk in chunks:
        filled = {series: bars for series, bars in chunk.items() if len(bars)}
        if not filled:
            continue
        begin = min(int(bars.ts_event[0]) for bars in filled.values())
        if begin <= done:
            raise _not_in_order()
        ready, later = _divided(held, begin)
        if ready:
            yield ready
            done = max(int(bars.ts_event[-1]) for bars in ready.values())
        held = _joined(later, filled)
    if held:
        yield held


def until_last_traded(
    chunks: Iterable[dict[Series, Bars]], traded: Set[Series]
) -> Iterator[dict[Series, Bars]]:
    """Yield `chunks`, in order of time, without what closes after the last bar of `traded`.

    Bars of rates are held back until a traded bar closes with them or later, for they would
    revalue what is open when the run is over.
    """
    held: list[dict[Series, Bars]] = []
    for chunk in chunks:
        closes = [int(bars.ts_event[-1]) for series, bars in chunk.items() if series in traded]
        if not closes:
            held.append(chunk)
            continue
        ready, later = _divided(chunk, max(closes) + 1)
        yield from (*held, ready)
        held = [later] if later else []


def _divided(
    chunk: dict[Series, Bars], begin: int
) -> tuple[dict[Series, Bars], dict[Series, Bars]]:
    before = {series: bars.take(bars.ts_event < begin) for series, bars in chunk.items()}
    after = {series: bars.take(bars.ts_event >= begin) for series, bars in chunk.items()}
    return (
        {series: bars for series, bars in before.items() if len(bars)},
        {series: bars for series, bars in after.items() if len(bars)},
    )


def _joined(first: dict[Series, Bars], second: dict[Series, Bars]) -> dict[Series, Bars]:
    for series in first.keys() & second.keys():
        if first[series].ts_event[-1] >= second[series].ts_event[0]:
            raise _not_in_order()
    return {
        series: Bars.concat(part[series] for part in (first, second) if series in part)
        for series in dict.fromkeys((*first, *second))
    }


def _not_in_order() -> BacktestFailedError:
    return BacktestFailedError(
        "The bars are not in order of time.", "Check them: barledger verify."
    )
