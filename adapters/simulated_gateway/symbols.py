"""How IBKR writes venues and symbols.

Nothing here was tried against a live gateway; it is what its contract search shows.
"""

from __future__ import annotations

import datetime as dt
import re

import attrs

# Venues by their MIC, and older names, as IBKR calls them today.
_EXCHANGES = {
    "XNAS": "NASDAQ",
    "ISLAND": "NASDAQ",
    "XNYS": "NYSE",
    "ARCX": "ARCA",
    "XASE": "AMEX",
    "BATO": "BATS",
    "IEXG": "IEX",
    "XCHI": "CHX",
    "XPSX": "PSX",
    "XBOS": "BEX",
    "XCME": "CME",
    "GLBX": "CME",
    "GLOBEX": "CME",
    "XCBT": "CBOT",
    "ECBOT": "CBOT",
    "XNYM": "NYMEX",
    "XCEC": "COMEX",
    "XCBO": "CBOE",
    "XCBF": "CFE",
    "IFUS": "NYBOT",
    "ICEUS": "NYBOT",
    "IFEU": "IPE",
    "ICEEU": "IPE",
    "XLON": "LSE",
    "XETR": "IBIS",
    "XFRA": "FWB",
    "XSTU": "SWB",
    "XEUR": "EUREX",
    "DTB": "EUREX",
    "XPAR": "SBF",
    "XAMS": "AEB",
    "XLIS": "BVL",
    "XMIL": "BVME",
    "XMAD": "BM",
    "XSWX": "EBS",
    "XWBO": "VSE",
    "XSTO": "SFB",
    "XCSE": "CPH",
    "XHEL": "HEX",
    "XOSL": "OSE",
    "XTSE": "TSE",
    "XTSX": "VENTURE",
    "XTKS": "TSEJ",
    "XHKG": "SEHK",
    "XASX": "ASX",
}
_ZONES = {"America/New_York": "US/Eastern", "America/Chicago": "US/Central"}
# Futures whose trading class, which their local symbols begin with, is not their symbol.
_FUTURE_SYMBOLS = {
    "6A": "AUD",
    "6B": "GBP",
    "6C": "CAD",
    "6E": "EUR",
    "6J": "JPY",
    "6M": "MXP",
    "6N": "NZD",
    "6S": "CHF",
    "BTC": "BRR",
    "VX": "VIX",
}
_MONTHS = "FGHJKMNQUVXZ"
_FUTURE = re.compile(rf"(.+?)([{_MONTHS}])(\d{{1,2}})")


def exchange_of(venue: str) -> str:
    """Return what IBKR calls a venue."""
    return _EXCHANGES.get(venue, venue)


def time_zone_of(zone: str) -> str:
    """Return the name under which IBKR tells of a time zone."""
    return _ZONES.get(zone, zone)


@attrs.frozen
class FutureNames:
    """What IBKR calls a future: the contract month is written YYYYMM."""

    symbol: str
    trading_class: str
    contract_month: str


def future_names(local_symbol: str, expiry: dt.date) -> FutureNames:
    """Return the names of the future `ESH4`, whose last session falls on `expiry`.

    A local symbol that ends in no month and year is a symbol of its own.
    """
    match = _FUTURE.fullmatch(local_symbol)
    if match is None:
        return FutureNames(local_symbol, local_symbol, f"{expiry:%Y%m}")
    root, month = match[1], _MONTHS.index(match[2]) + 1
    # Energies expire in the month before the one they are named by.
    year = expiry.year + (month < expiry.month)
    return FutureNames(_FUTURE_SYMBOLS.get(root, root), root, f"{year}{month:02}")
