"""Instruments of the domain as Nautilus's."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from nautilus_trader.model.enums import AssetClass, CurrencyType
from nautilus_trader.model.enums import InstrumentClass as NautilusClass
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CurrencyPair, Equity, FuturesContract, IndexInstrument
from nautilus_trader.model.instruments import Instrument as NautilusInstrument
from nautilus_trader.model.objects import Currency, Price, Quantity

from domain.errors import InvalidInstrumentError, InvalidInstrumentIdError
from domain.instrument import Instrument, InstrumentClass
from domain.venues import venue

_NANOSECONDS = 1_000_000_000
# The digits of coins that Nautilus does not know: what most exchanges settle in.
_COIN_PRECISION = 8


class _FractionalEquity(Equity):  # type: ignore[misc]
    """An equity whose volume has decimals, which `Equity` does not allow.

    It stays an `Equity`, because Nautilus refuses short sales in a cash account by that class.
    """

    def __init__(self, instrument: Instrument, currency: Currency) -> None:
        NautilusInstrument.__init__(
            self,
            asset_class=AssetClass.EQUITY,
            instrument_class=NautilusClass.SPOT,
            quote_currency=currency,
            is_inverse=False,
            size_precision=instrument.size_precision,
            size_increment=_quantity(instrument.size_step, instrument.size_precision),
            multiplier=Quantity.from_int(1),
            margin_init=Decimal(0),
            margin_maint=Decimal(0),
            maker_fee=Decimal(0),
            taker_fee=Decimal(0),
            **_common(instrument),
        )


def nautilus_instrument(instrument: Instrument) -> NautilusInstrument:
    """Return the instrument with the precisions that `instrument` names.

    Raises:
        InvalidInstrumentError: Nautilus knows no such currency or cannot hold the definition.
    """
    make = {
        InstrumentClass.EQUITY: _equity,
        InstrumentClass.FUTURE: _future,
        InstrumentClass.CURRENCY_PAIR: _pair,
        InstrumentClass.CRYPTO_PAIR: _pair,
        InstrumentClass.INDEX: _index,
    }[instrument.instrument_class]
    if instrument.multiplier != 1 and instrument.instrument_class is not InstrumentClass.FUTURE:
        raise InvalidInstrumentError(
            f"{instrument.id} has a multiplier of {instrument.multiplier} and is no future.",
            f"Correct it with: barledger instrument set -i '{instrument.id}' --multiplier 1.",
        )
    try:
        return make(instrument)
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidInstrumentError(
            f"Nautilus Trader cannot hold the definition of {instrument.id}: {error}.",
            f"Correct it with: barledger instrument set -i '{instrument.id}' …",
        ) from error


def expiration(instrument: Instrument) -> int | None:
    """Return when a future has expired: the end of the day, by the venue's clock, in UTC ns."""
    if instrument.instrument_class is not InstrumentClass.FUTURE or instrument.expiry is None:
        return None
    after = instrument.expiry + dt.timedelta(days=1)
    midnight = dt.datetime.combine(after, dt.time(), venue(instrument.id.venue).tzinfo)
    return int(midnight.timestamp()) * _NANOSECONDS


def size_precision(instrument: Instrument) -> int:
    """Return the digits that volumes are kept with: none for futures, which Nautilus counts."""
    is_future = instrument.instrument_class is InstrumentClass.FUTURE
    return 0 if is_future else instrument.size_precision


def currency_named(code: str, instrument: Instrument) -> Currency:
    """Return the currency `code` that `instrument` is quoted in or trades.

    A coin of a crypto pair that Nautilus does not know is made known to it, with 8 decimals.

    Raises:
        InvalidInstrumentError: it is neither known nor a coin.
    """
    known = Currency.from_internal_map(code)
    if known is not None:
        return known
    if instrument.instrument_class is not InstrumentClass.CRYPTO_PAIR:
        raise InvalidInstrumentError(
            f"{code!r}, a currency of {instrument.id}, is not one that Nautilus Trader knows.",
            f"Name it by its ISO 4217 code: barledger instrument set -i '{instrument.id}' "
            "--currency USD.",
        )
    coin = Currency(code, _COIN_PRECISION, 0, code, CurrencyType.CRYPTO)
    Currency.register(coin)
    return coin


def _equity(instrument: Instrument) -> NautilusInstrument:
    currency = currency_named(instrument.currency, instrument)
    if instrument.size_precision > 0:
        return _FractionalEquity(instrument, currency)
    return Equity(
        currency=currency, lot_size=_quantity(instrument.size_step, 0), **_common(instrument)
    )


def _future(instrument: Instrument) -> NautilusInstrument:
    return FuturesContract(
        asset_class=AssetClass.ALTERNATIVE,  # which it is, nobody has said; nothing depends on it
        currency=currency_named(instrument.currency, instrument),
        multiplier=Quantity.from_str(f"{instrument.multiplier:f}"),
        lot_size=Quantity.from_int(1),
        underlying=instrument.id.symbol,
        activation_ns=0,
        expiration_ns=expiration(instrument) or 0,
        **_common(instrument),
    )


def _pair(instrument: Instrument) -> NautilusInstrument:
    if instrument.base_currency is None:
        raise InvalidInstrumentError(
            f"{instrument.id} is a pair, but what it buys and sells is not known.",
            f"Name it: barledger instrument set -i '{instrument.id}' --base-currency EUR.",
        )
    return CurrencyPair(
        base_currency=currency_named(instrument.base_currency, instrument),
        quote_currency=currency_named(instrument.currency, instrument),
        size_precision=instrument.size_precision,
        size_increment=_quantity(instrument.size_step, instrument.size_precision),
        **_common(instrument),
    )


def _index(instrument: Instrument) -> NautilusInstrument:
    return IndexInstrument(
        currency=currency_named(instrument.currency, instrument),
        size_precision=instrument.size_precision,
        size_increment=_quantity(instrument.size_step, instrument.size_precision),
        **_common(instrument),
    )


def _common(instrument: Instrument) -> dict[str, object]:
    try:
        instrument_id = InstrumentId.from_str(str(instrument.id))
    except ValueError as error:
        raise InvalidInstrumentIdError(
            f"Nautilus Trader cannot hold the instrument ID {instrument.id}: {error}.",
            "Register the instrument under another ID.",
        ) from error
    return {
        "instrument_id": instrument_id,
        "raw_symbol": instrument_id.symbol,
        "price_precision": instrument.price_precision,
        "price_increment": Price.from_str(_digits(instrument.tick, instrument.price_precision)),
        "ts_event": 0,
        "ts_init": 0,
    }


def _quantity(value: Decimal, precision: int) -> Quantity:
    return Quantity.from_str(_digits(value, precision))


def _digits(value: Decimal, precision: int) -> str:
    return f"{value:.{precision}f}"
