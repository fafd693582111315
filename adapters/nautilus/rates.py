"""Exchange rates, as quotes where Nautilus looks for them.

Nautilus converts profit and commission by the quotes of currency pairs **at the account's own
venue**, and drops what it cannot convert with a line in its log. So the rate of each currency
that is needed is quoted at each venue that needs it, under an ID of its own, at the close of
the bars that it comes from: it is never newer than the moment it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import FIXED_PRECISION, Currency, Price, Quantity

from domain.backtesting import AccountType, BacktestPlan, BarChunk, ExchangeRates
from domain.bars import Bars
from domain.instrument import Instrument, Series

_ONE = Quantity.from_int(1)


def rate_id(currency: str, base: str, venue: str) -> InstrumentId:
    """Return the ID that the rate of `currency` in `base` is quoted under at `venue`."""
    return InstrumentId(Symbol(f"{currency}/{base}-RATE"), Venue(venue))


def holds_many_currencies(plan: BacktestPlan, venue: str) -> bool:
    """Whether the venue's account keeps a balance for each currency.

    A cash account that trades pairs must: buying EUR/USD pays dollars and leaves euros.
    """
    return plan.settings.account is AccountType.CASH and any(
        instrument.instrument_class.is_pair
        for instrument in plan.funded
        if instrument.id.venue == venue
    )


def foreign_currencies(plan: BacktestPlan, venue: str) -> tuple[str, ...]:
    """Return the currencies that the account at `venue` has to convert into the base currency."""
    is_multi = holds_many_currencies(plan, venue)
    held = dict.fromkeys(
        currency
        for instrument in plan.funded
        if instrument.id.venue == venue
        for currency in (instrument.currency, instrument.base_currency if is_multi else None)
        if currency is not None and currency != plan.base_currency
    )
    return tuple(held)


class RateFeed:
    """Turns the closes of currency pairs into the quotes of the rates that a run needs."""

    def __init__(self, plan: BacktestPlan) -> None:
        base = plan.base_currency
        self._base = base
        self._rates = ExchangeRates()
        self._pairs = {
            Series(pair.id, bar_type): pair
            for pair, bar_type in plan.all_series
            if pair.base_currency is not None
        }
        self._needed = [
            (currency, rate_id(currency, base, venue))
            for venue in plan.venues
            for currency in foreign_currencies(plan, venue)
        ]
        self._quoted: dict[InstrumentId, Decimal] = {}

    def instruments(self) -> list[CurrencyPair]:
        """Return the pairs that the rates are quoted under; Nautilus knows their currencies."""
        return [_rate_pair(quoted, currency, self._base) for currency, quoted in self._needed]

    def quotes(self, chunk: BarChunk) -> list[QuoteTick]:
        """Return the quotes of the rates that change in `chunk`, in order of time."""
        if not self._needed:
            return []
        closes = [
            close for series, pair in self._pairs.items() for close in _closes(pair, chunk, series)
        ]
        closes.sort(key=lambda close: close[0])
        quotes: list[QuoteTick] = []
        for stamp, pair, price in closes:
            self._rates.learn(str(pair.base_currency), pair.currency, price)
            quotes.extend(self._changed(stamp))
        return quotes

    def _changed(self, stamp: int) -> Iterator[QuoteTick]:
        for currency, quoted_under in self._needed:
            rate = self._rates.rate(currency, self._base)
            if rate is not None and self._quoted.get(quoted_under) != rate:
                self._quoted[quoted_under] = rate
                price = Price.from_raw(int(rate.scaleb(FIXED_PRECISION)), FIXED_PRECISION)
                yield QuoteTick(quoted_under, price, price, _ONE, _ONE, stamp, stamp)


def _closes(
    pair: Instrument, chunk: BarChunk, series: Series
) -> Iterator[tuple[int, Instrument, Decimal]]:
    bars = chunk.get(series, Bars.empty())
    for stamp, close in zip(bars.ts_event.tolist(), bars.close.tolist(), strict=True):
        yield stamp, pair, Decimal(close).scaleb(-bars.price_precision)


def _rate_pair(quoted_under: InstrumentId, currency: str, base: str) -> CurrencyPair:
    return CurrencyPair(
        instrument_id=quoted_under,
        raw_symbol=quoted_under.symbol,
        base_currency=Currency.from_internal_map(currency),
        quote_currency=Currency.from_internal_map(base),
        price_precision=FIXED_PRECISION,
        size_precision=0,
        price_increment=Price.from_raw(1, FIXED_PRECISION),
        size_increment=_ONE,
        ts_event=0,
        ts_init=0,
    )
