"""Instruments that the gateway lists, and the contracts by which they are asked for."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import ib_async

from domain.bar_type import BarType
from domain.instrument import Instrument, InstrumentClass, InstrumentId, Series


def equity(name: str, currency: str = "USD") -> Instrument:
    """Return a share."""
    return Instrument(
        InstrumentId.parse(name),
        InstrumentClass.EQUITY,
        currency,
        2,
        0,
        Decimal("0.01"),
        Decimal(1),
    )


def future(name: str, expiry: str, multiplier: str = "50") -> Instrument:
    """Return a future."""
    return Instrument(
        InstrumentId.parse(name),
        InstrumentClass.FUTURE,
        "USD",
        2,
        0,
        Decimal("0.25"),
        Decimal(1),
        Decimal(multiplier),
        expiry=dt.date.fromisoformat(expiry),
    )


EQUITY = equity("AAPL.NASDAQ")
EURO = Instrument(
    InstrumentId.parse("EUR/USD.IDEALPRO"),
    InstrumentClass.CURRENCY_PAIR,
    "USD",
    5,
    0,
    Decimal("0.00001"),
    Decimal(1),
    base_currency="EUR",
)
BITCOIN = Instrument(
    InstrumentId.parse("BTC/USD.PAXOS"),
    InstrumentClass.CRYPTO_PAIR,
    "USD",
    2,
    8,
    Decimal("0.01"),
    Decimal("0.00000001"),
    base_currency="BTC",
)
MARCH = future("ESH4.CME", "2024-03-15")
JUNE = future("ESM4.CME", "2024-06-21")
INDEX = Instrument(
    InstrumentId.parse("^SPX.CBOE"),
    InstrumentClass("index"),
    "USD",
    2,
    0,
    Decimal("0.01"),
    Decimal(1),
)
LONDON = equity("AAPL.LSE", "GBP")
CON_IDS = {
    one.id: 1000 + place
    for place, one in enumerate((EQUITY, EURO, BITCOIN, MARCH, JUNE, INDEX, LONDON))
}

STOCK = ib_async.Stock("AAPL", "SMART", "USD")
PAIR = ib_async.Forex("EURUSD")
COIN = ib_async.Crypto("BTC", "PAXOS", "USD")


def series(instrument: Instrument, bar_type: str) -> Series:
    """Return the series of an instrument in a bar type."""
    return Series(instrument.id, BarType.parse(bar_type))
