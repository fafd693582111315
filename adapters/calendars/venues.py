"""Which calendar a venue keeps, or the products that are traded there.

Names are those of pandas_market_calendars, but for `FX`, `24/7` and what `corrections` derives,
which are our own.
"""

from __future__ import annotations

import attrs

from adapters.calendars.products import ENERGY_AND_METALS, EQUITY_INDEX, calendar_of_product
from domain.instrument import InstrumentId

ALWAYS_OPEN = "24/7"
FX_WEEK = "FX"

_US_EQUITIES = "NYSE"

# Of a venue's names, IBKR's come first and MICs after them.
_VENUES = {
    _US_EQUITIES: (
        "NASDAQ ISLAND NYSE ARCA AMEX BATS BYX DRCTEDGE EDGEA IEX MEMX CHX PSX BEX LTSE NYSENAT "
        "PINK SMART RUSSELL "
        "XNAS XNYS ARCX XASE BATO BATY EDGX EDGA IEXG XCHI XPSX XBOS XCIS OTC"
    ),
    # The sessions of equity index futures lie within those of interest rates and currencies, so
    # a product that is not known shows no hole where there is none, unless it is a farmer's.
    EQUITY_INDEX: "CME CBOT GLOBEX ECBOT XCME XCBT GLBX",
    ENERGY_AND_METALS: "NYMEX COMEX XNYM XCEC",
    "CFE": "CFE XCBF",
    "CBOE_Index_Options": "CBOE XCBO",
    "ICE": "NYBOT ICEUS IPE ICEEU IFUS IFEU",
    FX_WEEK: "IDEALPRO",
    ALWAYS_OPEN: "PAXOS ZEROHASH BINANCE COINBASE KRAKEN BITSTAMP BYBIT",
    "LSE": "LSE LSEETF XLON",
    "XETR": "IBIS IBIS2 XETR",
    "XSTU": "SWB XSTU",
    # Frankfurt's floor has about the hours of this one; the library gives it those of Xetra.
    "XDUS": "FWB XFRA",
    "XEUR": "EUREX DTB XEUR",
    "XPAR": "SBF XPAR",
    "XAMS": "AEB XAMS",
    "XBRU": "XBRU",
    "XLIS": "BVL XLIS",
    "XMIL": "BVME XMIL MTAA",
    "XMAD": "BM XMAD",
    "XSWX": "EBS XSWX",
    "XWBO": "VSE XWBO",
    "XSTO": "SFB XSTO",
    "XCSE": "CPH XCSE",
    "XHEL": "HEX XHEL",
    "OSE": "OSE XOSL",
    "XWAR": "WSE XWAR",
    "XPRA": "PRA XPRA",
    "XBUD": "BUX XBUD",
    "XDUB": "XDUB",
    "XJSE": "JSE XJSE",
    "TSX": "TSE VENTURE XTSE XTSX",
    "XMEX": "MEXI XMEX",
    "XTKS": "TSEJ XTKS",
    "XHKG": "SEHK XHKG",
    "XSHG": "SEHKNTL SEHKSZSE XSHG XSHE",
    "XTAI": "TWSE XTAI",
    "XSES": "SGX XSES",
    "XKRX": "KSE XKRX",
    "NSE": "NSE XNSE",
    "ASX": "ASX XASX",
}
CALENDARS = {venue: name for name, venues in _VENUES.items() for venue in venues.split()}
_OF_CME_GROUP = frozenset(
    venue for venue, name in CALENDARS.items() if name in (EQUITY_INDEX, ENERGY_AND_METALS)
)
# Where products keep hours of their own: at ICE sugar from 3:30 to 13:00 in New York, Brent for 22
# hours; at Eurex the DAX from 1:10, others from 8:00. On Frankfurt's floor they changed over the
# years.
_ROUGHLY = frozenset(venue for venue, name in CALENDARS.items() if name in ("ICE", "XEUR", "XDUS"))


@attrs.frozen
class UsualCalendar:
    """The calendar of an instrument that names none; `fallback` says why it may be wrong."""

    name: str
    fallback: str | None = None


def usual_calendar(instrument_id: InstrumentId) -> UsualCalendar:
    """Return the calendar by which an instrument is traded when nobody says another."""
    venue = instrument_id.venue
    name = CALENDARS.get(venue)
    if name is None:
        return UsualCalendar(ALWAYS_OPEN, f"the hours of {venue} are not known")
    if venue in _OF_CME_GROUP:
        of_product = calendar_of_product(instrument_id.symbol)
        if of_product is not None:
            return UsualCalendar(of_product)
    if venue in _OF_CME_GROUP or venue in _ROUGHLY:
        return UsualCalendar(name, f"what is traded at {venue} keeps hours of its own")
    return UsualCalendar(name)
