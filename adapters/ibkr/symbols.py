"""How the symbols of instrument IDs are written at IBKR."""

from __future__ import annotations

import re

from adapters.ibkr.exchanges import AMERICAN

_SHARE_CLASS = re.compile(r"([A-Z0-9]+)[./-]([A-Z]{1,3})")
_DIVIDED = re.compile(r"([A-Z0-9]{2,10})[./-]([A-Z]{3,4})")
_SIX_LETTERS = re.compile(r"([A-Z]{3})([A-Z]{3})")
_IN_DOLLARS = re.compile(r"([A-Z0-9]{2,10})(USD)")
# The currencies that IBKR exchanges for each other at IDEALPRO.
_CURRENCIES = (
    "AED AUD CAD CHF CNH CZK DKK EUR GBP HKD HUF ILS JPY KRW MXN NOK NZD PLN RON RUB SAR SEK SGD "
    "THB TRY USD ZAR"
)


def share_symbol(symbol: str, exchange: str) -> str:
    """Return IBKR's symbol of a share.

    In the United States a class of shares stands after a space, `BRK B`; it may be written
    `BRK.B`, `BRK/B` and `BRK-B` too, for no symbol there has such a sign. Elsewhere some have.
    """
    divided = _SHARE_CLASS.fullmatch(symbol) if exchange in AMERICAN else None
    return f"{divided[1]} {divided[2]}" if divided else symbol


def index_symbol(symbol: str) -> str:
    """Return IBKR's symbol of an index, which in an instrument ID may begin with `^`."""
    return symbol.removeprefix("^")


def currency_pair(symbol: str) -> tuple[str, str] | None:
    """Return what `EUR/USD`, `EUR.USD` or `EURUSD` buys and what it is quoted in."""
    return _pair(symbol, _SIX_LETTERS)


def crypto_pair(symbol: str) -> tuple[str, str] | None:
    """Return what `BTC/USD`, `BTC.USD` or `BTCUSD` buys and what it is quoted in."""
    return _pair(symbol, _IN_DOLLARS)


def is_currency(code: str) -> bool:
    """Whether `code` is a currency that IBKR exchanges, and no coin."""
    return code in _CURRENCIES.split()


def _pair(symbol: str, undivided: re.Pattern[str]) -> tuple[str, str] | None:
    found = _DIVIDED.fullmatch(symbol) or undivided.fullmatch(symbol)
    return (found[1], found[2]) if found else None
