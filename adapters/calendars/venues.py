"""Which calendar a venue keeps.

Names are those of pandas_market_calendars, but for `FX` and `24/7`, which are our own.
"""

from __future__ import annotations

ALWAYS_OPEN = "24/7"
FX_WEEK = "FX"

_US_EQUITIES = "NYSE"
# The sessions of equity index futures lie within those of interest rates and currencies, so
# no hole is seen where there is none. Grains and livestock keep hours of their own: such an
# instrument must name its calendar.
_CME = "CME Globex Equity"
_ENERGY_AND_METALS = "CMEGlobex_EnergyAndMetals"

CALENDARS = {
    **dict.fromkeys(
        ("NASDAQ", "ISLAND", "NYSE", "ARCA", "AMEX", "BATS", "IEX", "PINK", "SMART"), _US_EQUITIES
    ),
    **dict.fromkeys(("XNAS", "XNYS", "ARCX", "XASE", "BATO", "IEXG", "OTC"), _US_EQUITIES),
    **dict.fromkeys(("CME", "CBOT", "GLOBEX", "ECBOT", "XCME", "XCBT", "GLBX"), _CME),
    **dict.fromkeys(("NYMEX", "COMEX", "XNYM", "XCEC"), _ENERGY_AND_METALS),
    "IDEALPRO": FX_WEEK,
    **dict.fromkeys(
        ("PAXOS", "ZEROHASH", "BINANCE", "COINBASE", "KRAKEN", "BITSTAMP", "BYBIT"), ALWAYS_OPEN
    ),
    **dict.fromkeys(("LSE", "XLON"), "LSE"),
    **dict.fromkeys(("IBIS", "IBIS2", "XETR"), "XETR"),
    **dict.fromkeys(("SBF", "XPAR"), "XPAR"),
    **dict.fromkeys(("TSEJ", "XTKS"), "XTKS"),
    **dict.fromkeys(("SEHK", "XHKG"), "XHKG"),
    **dict.fromkeys(("TSE", "XTSE"), "XTSE"),
    **dict.fromkeys(("ASX", "XASX"), "ASX"),
}
