"""The bars of a backtest: what is held for it, and how they are handed over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import attrs

from application.catalog import Catalog, partitions_within
from domain.availability import SeriesHoldings
from domain.backtesting import BarChunk
from domain.bars import Bars
from domain.events import PartitionWritten
from domain.instrument import Instrument, Series
from domain.ports import Clock, ProgressTask
from domain.sessions import NANOSECONDS_IN_DAY
from domain.venues import venue
from domain.window import Window


@attrs.frozen
class Leg:
    """One series of a run: its name as the user typed it, and what is held of it.

    Bars are loaded of `loaded`: the time of the sessions that the `window` names. `calendar` names
    a trading calendar in place of the venue's own.
    """

    name: str
    instrument: Instrument
    holdings: SeriesHoldings
    window: Window
    loaded: Window
    calendar: str | None = None

    @property
    def partitions(self) -> list[PartitionWritten]:
        """The partitions that can hold bars of the window, in order of time."""
        return partitions_within(self.holdings, self.loaded)

    @property
    def edges(self) -> tuple[int, int]:
        """When the first bar can open and the last one close, in UTC nanoseconds."""
        start, end = self.loaded.bounds(venue(self.instrument.id.venue).tzinfo)
        held = self.partitions
        return max(start, held[0].first_open), min(end, held[-1].last_close)


class Loading:
    """Loads the bars of all legs, one stretch of time after the other, and counts them."""

    def __init__(
        self, catalog: Catalog, clock: Clock, legs: Sequence[Leg], chunk_days: int
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._legs = legs
        self._step = chunk_days * NANOSECONDS_IN_DAY
        self.seconds = 0.0
        self.counts: Counter[str] = Counter()

    @property
    def total_bars(self) -> int:
        """How many bars the partitions hold that can be loaded."""
        return sum(partition.bars for leg in self._legs for partition in leg.partitions)

    def chunks(self, task: ProgressTask) -> Iterator[BarChunk]:
        """Yield the bars of all legs that close within one stretch of time, then the next."""
        edges = [leg.edges for leg in self._legs if leg.partitions]
        start = min(first for first, _ in edges) // NANOSECONDS_IN_DAY * NANOSECONDS_IN_DAY
        last = max(end for _, end in edges)
        while start < last:
            begun = self._clock.elapsed()
            chunk = self._chunk(start, start + self._step)
            self.seconds += self._clock.elapsed() - begun
            if chunk:
                yield chunk
                task.advance(sum(map(len, chunk.values())))
            start += self._step

    def _chunk(self, start: int, end: int) -> dict[Series, Bars]:
        chunk = {}
        for leg in self._legs:
            bars = self._between(leg, start, end)
            if len(bars):
                chunk[leg.holdings.series] = bars
                self.counts[leg.name] += len(bars)
        return chunk

    def _between(self, leg: Leg, start: int, end: int) -> Bars:
        near = {
            name: one
            for name, one in leg.holdings.partitions.items()
            if one.first_open < end and one.last_close > start
        }
        if not near:
            return Bars.empty()
        loaded = self._catalog.load(attrs.evolve(leg.holdings, partitions=near), leg.loaded)
        parts = (bars.take((bars.ts_event > start) & (bars.ts_event <= end)) for bars in loaded)
        return Bars.concat(parts)
