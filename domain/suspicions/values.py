"""Values of single bars that are legal, and yet seldom right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from domain.bars import Bars, Int64Array
from domain.instrument import InstrumentClass
from domain.suspicions.suspicion import Suspicion, Tally, Wording, counted, decimal_of
from domain.venues import venue

_SPIKE = 2
# From 0.02 to 0.04 is two steps of the price, and no spike.
_STEPS = 5


class PriceSpikes:
    """Watches for bars that reach twice or half the prices at which they open and close."""

    def __init__(self, words: Wording) -> None:
        self._words = words
        self._tally = Tally()
        self._first = ""

    def add(self, bars: Bars, lines: Int64Array) -> None:
        """Compare high and low with open and close; prices at or below 0 have no ratio."""
        top, bottom = np.maximum(bars.open, bars.close), np.minimum(bars.open, bars.close)
        high = (bars.high >= top * _SPIKE) & (bars.high - top >= _STEPS)
        low = (bars.low * _SPIKE <= bottom) & (bottom - bars.low >= _STEPS)
        spiked = (high | low) & (bars.low > 0)
        if not self._tally.count and spiked.any():
            row = int(np.argmax(spiked))
            self._first = _spike_text(bars, row, "high" if high[row] else "low")
        self._tally.add(spiked, bars, lines)

    def found(self) -> Iterator[Suspicion]:
        """Yield the spikes, the first one with its prices."""
        tally = self._tally
        if tally.count:
            yield Suspicion(
                "price-spike",
                tally.count,
                tally.line,
                f"The price doubles or halves and comes back inside {counted(tally.count, 'bar')}, "
                f"first in {self._words.place(tally.line, tally.ts_open)}: {self._first}. Such a "
                "high or low is often a wrong price, at which a stop or a limit would be filled.",
            )


def _spike_text(bars: Bars, row: int, column: str) -> str:
    prices = {
        name: decimal_of(getattr(bars, name)[row], bars.price_precision)
        for name in (column, "open", "close")
    }
    return ", ".join(f"{name} {price:f}" for name, price in prices.items())


class ZeroVolume:
    """Watches for bars in which nothing was traded."""

    def __init__(self, words: Wording) -> None:
        self._words = words
        self._tally = Tally()
        self._bars = 0

    def add(self, bars: Bars, lines: Int64Array) -> None:
        """Count the bars of no volume."""
        self._bars += len(bars)
        self._tally.add(bars.volume == 0, bars, lines)

    def found(self) -> Iterator[Suspicion]:
        """Yield the bars of no volume, unless nobody knows the volumes of such a market."""
        tally, every = self._tally, self._tally.count == self._bars
        if not tally.count or (every and self._has_no_volumes()):
            return
        what = "Every bar has" if every else f"{tally.count:,} of {self._bars:,} bars have"
        may_be = (
            "The file may have no volumes, and orders be filled as if nothing were traded."
            if every
            else "They may be times without a trade that the vendor filled with the last price."
        )
        place = self._words.place(tally.line, tally.ts_open)
        yield Suspicion(
            "zero-volume", tally.count, tally.line, f"{what} no volume, first {place}. {may_be}"
        )

    def _has_no_volumes(self) -> bool:
        instrument_id = self._words.series.instrument_id
        market, symbol = venue(instrument_id.venue), instrument_id.symbol
        no_volumes = (InstrumentClass.CURRENCY_PAIR, InstrumentClass.INDEX)
        return market.instrument_class in no_volumes or symbol.startswith("^")
