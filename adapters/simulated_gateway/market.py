"""What the gateway serves: instruments as IBKR knows them, and their bars."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence

import attrs

from adapters.simulated_gateway.symbols import exchange_of, future_names, time_zone_of
from domain.bar_type import BarType
from domain.bars import Bars
from domain.instrument import Instrument, InstrumentId, Series
from domain.venues import venue

SMART = "SMART"
# Above those that IBKR gives its contracts, and within the 31 bits that they have.
_LEAST_CON_ID = 1_000_000_000


@attrs.frozen
class Listing:
    """An instrument, and what IBKR knows of it.

    `exchange` is where a request for it goes, `primary_exchange` the venue that lists a share.
    `last_trade_date` is written YYYYMMDD, `contract_month` YYYYMM; both are empty for what does
    not expire. `shows` is the kind of bars that there are: TRADES, MIDPOINT or AGGTRADES.
    """

    instrument: Instrument
    con_id: int
    symbol: str
    sec_type: str
    exchange: str
    currency: str
    local_symbol: str
    trading_class: str
    primary_exchange: str = ""
    multiplier: str = ""
    last_trade_date: str = ""
    contract_month: str = ""
    time_zone_id: str = "UTC"
    long_name: str = ""
    stock_type: str = ""
    shows: str = "TRADES"

    @property
    def name(self) -> str:
        """How an error calls it, such as `AAPL@SMART Trades`."""
        return f"{self.symbol}@{self.exchange} {self.shows.capitalize()}"

    @property
    def exchanges(self) -> tuple[str, ...]:
        """The exchanges that a request may name."""
        named = dict.fromkeys((self.exchange, self.primary_exchange))
        return tuple(name for name in named if name)


def listing_of(instrument: Instrument, con_id: int) -> Listing:
    """Return what IBKR would know of an instrument, under the contract ID `con_id`."""
    return _KINDS[instrument.instrument_class.value](instrument, con_id)


def _equity(instrument: Instrument, con_id: int) -> Listing:
    symbol, primary = instrument.id.symbol, exchange_of(instrument.id.venue)
    return Listing(
        instrument,
        con_id,
        symbol,
        "STK",
        SMART,
        instrument.currency,
        symbol,
        "NMS" if primary == "NASDAQ" else symbol,
        primary_exchange="" if primary == SMART else primary,
        time_zone_id=_time_zone(instrument),
        long_name=f"{symbol} COMMON STOCK",
        stock_type="COMMON",
    )


def _currency_pair(instrument: Instrument, con_id: int) -> Listing:
    base, quote = instrument.base_currency or "", instrument.currency
    return Listing(
        instrument,
        con_id,
        base,
        "CASH",
        exchange_of(instrument.id.venue),
        quote,
        f"{base}.{quote}",
        f"{base}.{quote}",
        time_zone_id=_time_zone(instrument),
        long_name=f"{base} against {quote}",
        shows="MIDPOINT",
    )


def _crypto_pair(instrument: Instrument, con_id: int) -> Listing:
    base, quote = instrument.base_currency or "", instrument.currency
    return Listing(
        instrument,
        con_id,
        base,
        "CRYPTO",
        exchange_of(instrument.id.venue),
        quote,
        f"{base}.{quote}",
        base,
        time_zone_id=_time_zone(instrument),
        long_name=f"{base} against {quote}",
        shows="AGGTRADES",
    )


def _future(instrument: Instrument, con_id: int) -> Listing:
    if instrument.expiry is None:
        raise ValueError(f"{instrument.id} is a future without an expiry")
    local_symbol = instrument.id.symbol
    names = future_names(local_symbol, instrument.expiry)
    return Listing(
        instrument,
        con_id,
        names.symbol,
        "FUT",
        exchange_of(instrument.id.venue),
        instrument.currency,
        local_symbol,
        names.trading_class,
        multiplier=f"{instrument.multiplier.normalize():f}",
        last_trade_date=f"{instrument.expiry:%Y%m%d}",
        contract_month=names.contract_month,
        time_zone_id=_time_zone(instrument),
        long_name=f"{names.symbol} future",
    )


def _index(instrument: Instrument, con_id: int) -> Listing:
    symbol = instrument.id.symbol.removeprefix("^")
    return Listing(
        instrument,
        con_id,
        symbol,
        "IND",
        exchange_of(instrument.id.venue),
        instrument.currency,
        symbol,
        symbol,
        time_zone_id=_time_zone(instrument),
        long_name=f"{symbol} index",
    )


_KINDS: Mapping[str, Callable[[Instrument, int], Listing]] = {
    "equity": _equity,
    "currency-pair": _currency_pair,
    "crypto-pair": _crypto_pair,
    "future": _future,
    "index": _index,
}


def _time_zone(instrument: Instrument) -> str:
    return time_zone_of(venue(instrument.id.venue).zone)


def con_id_of(instrument_id: InstrumentId) -> int:
    """Return a contract ID that stays the same whatever else is listed."""
    return _LEAST_CON_ID + zlib.crc32(str(instrument_id).encode()) % _LEAST_CON_ID


class Market:
    """Listings, and the bars that are served of them: those of the bar type asked for alone."""

    def __init__(self, listings: Sequence[Listing], bars: Mapping[Series, Bars]) -> None:
        """Take the listings, each under a contract ID of its own, and bars in order of time.

        Raises:
            ValueError: two listings share a contract ID, or bars are of no listing or disordered.
        """
        self.listings = tuple(listings)
        self.bars = dict(bars)
        if len({listing.con_id for listing in listings}) < len(self.listings):
            raise ValueError("two listings have one contract ID")
        known = {listing.instrument.id for listing in listings}
        for series, some in self.bars.items():
            if series.instrument_id not in known:
                raise ValueError(f"{series} are of no listing")
            if not some.is_sorted():
                raise ValueError(f"{series} are not in order of time")

    def bar_types(self, listing: Listing) -> tuple[BarType, ...]:
        """Return the bar types of which a listing has bars, shortest first."""
        own = (one for one in self.bars if one.instrument_id == listing.instrument.id)
        return tuple(sorted(series.bar_type for series in own if len(self.bars[series])))

    def bars_of(self, listing: Listing, bar_type: BarType) -> Bars:
        """Return all bars of a listing in this bar type; none where it has none."""
        return self.bars.get(Series(listing.instrument.id, bar_type), Bars.empty())
