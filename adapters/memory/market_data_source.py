"""A source of bars that were put into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from domain.bars import Bars
from domain.instrument import Instrument, Series
from domain.intervals import IntervalSet
from domain.ports import FetchedBars


class MemoryMarketDataSource:
    """A `MarketDataSource` that serves `bars` and counts what it was asked for."""

    def __init__(self, instruments: Sequence[Instrument], bars: Mapping[Series, Bars]) -> None:
        self._instruments = tuple(instruments)
        self._bars = dict(bars)
        self.requests: list[tuple[Series, IntervalSet]] = []

    def name(self) -> str:
        """Return the name under which the source is recorded."""
        return "memory"

    def find(self, symbol: str) -> Sequence[Instrument]:
        """Return the instruments whose ID or symbol is `symbol`."""
        return [one for one in self._instruments if symbol in (str(one.id), one.id.symbol)]

    def history_start(self, series: Series) -> int | None:
        """Return when the first bar opens."""
        bars = self._bars.get(series)
        return int(bars.ts_open[0]) if bars is not None and len(bars) else None

    def fetch(self, series: Series, wanted: IntervalSet) -> Iterator[FetchedBars]:
        """Yield, for each interval, the bars that lie wholly inside it."""
        self.requests.append((series, wanted))
        bars = self._bars.get(series, Bars.empty())
        for interval in wanted:
            inside = (bars.ts_open >= interval.start) & (bars.ts_event <= interval.end)
            yield FetchedBars(interval, bars.take(inside))
