"""What is usual at a venue: its clock, and what its instruments are when nobody says."""

from __future__ import annotations

import zoneinfo

import attrs

from domain.instrument import InstrumentClass, VenueDefaults


@attrs.frozen
class Venue:
    """A venue's clock (IANA time zone) and what is traded there."""

    zone: str
    instrument_class: InstrumentClass | None = None
    currency: str | None = None

    @property
    def tzinfo(self) -> zoneinfo.ZoneInfo:
        """The venue's clock."""
        return zoneinfo.ZoneInfo(self.zone)

    @property
    def defaults(self) -> VenueDefaults | None:
        """What may be assumed of the venue's instruments, or None for an unknown venue."""
        if self.instrument_class is None or self.currency is None:
            return None
        return VenueDefaults(self.instrument_class, self.currency)


_EQUITY, _FUTURE = InstrumentClass.EQUITY, InstrumentClass.FUTURE
_NEW_YORK = Venue("America/New_York", _EQUITY, "USD")
_INDICES = Venue("America/New_York", InstrumentClass.INDEX, "USD")
_CHICAGO = Venue("America/Chicago", _FUTURE, "USD")
# Energy and metals close by New York's clock though CME Group runs them from Chicago.
_NEW_YORK_FUTURES = Venue("America/New_York", _FUTURE, "USD")
_FX = Venue("America/New_York", InstrumentClass.CURRENCY_PAIR, "USD")
_CRYPTO = Venue("UTC", InstrumentClass.CRYPTO_PAIR, "USD")
_TORONTO = Venue("America/Toronto", _EQUITY, "CAD")
_UNKNOWN = Venue("UTC")

# Names as IBKR and Nautilus write them, then MICs. Where shares, options and futures are traded
# side by side under one name, nothing is assumed of an instrument: a wrong multiplier is money.
_NAMED = {
    "NASDAQ ISLAND NYSE ARCA AMEX BATS BYX DRCTEDGE EDGEA IEX MEMX CHX PSX BEX LTSE NYSENAT "
    "PINK SMART": _NEW_YORK,
    "XNAS XNYS ARCX XASE BATO BATY EDGX EDGA IEXG XCHI XPSX XBOS XCIS OTC": _NEW_YORK,
    "CME CBOT GLOBEX ECBOT XCME XCBT GLBX CFE XCBF": _CHICAGO,
    "NYMEX COMEX XNYM XCEC NYBOT ICEUS IFUS": _NEW_YORK_FUTURES,
    "CBOE XCBO": Venue("America/Chicago"),
    "RUSSELL": _INDICES,
    "IPE ICEEU IFEU": Venue("Europe/London", _FUTURE, "USD"),
    "IDEALPRO": _FX,
    "PAXOS ZEROHASH BINANCE COINBASE KRAKEN BITSTAMP BYBIT": _CRYPTO,
    "LSE LSEETF XLON": Venue("Europe/London", _EQUITY, "GBP"),
    "IBIS IBIS2 XETR FWB XFRA SWB XSTU": Venue("Europe/Berlin", _EQUITY, "EUR"),
    "EUREX DTB XEUR": Venue("Europe/Berlin", _FUTURE, "EUR"),
    "SBF XPAR": Venue("Europe/Paris", _EQUITY, "EUR"),
    "AEB XAMS": Venue("Europe/Amsterdam", _EQUITY, "EUR"),
    "XBRU": Venue("Europe/Brussels", _EQUITY, "EUR"),
    "BVL XLIS": Venue("Europe/Lisbon", _EQUITY, "EUR"),
    "BVME XMIL MTAA": Venue("Europe/Rome", _EQUITY, "EUR"),
    "BM XMAD": Venue("Europe/Madrid", _EQUITY, "EUR"),
    "EBS XSWX": Venue("Europe/Zurich", _EQUITY, "CHF"),
    "VSE XWBO": Venue("Europe/Vienna", _EQUITY, "EUR"),
    "SFB XSTO": Venue("Europe/Stockholm", _EQUITY, "SEK"),
    "CPH XCSE": Venue("Europe/Copenhagen", _EQUITY, "DKK"),
    "HEX XHEL": Venue("Europe/Helsinki", _EQUITY, "EUR"),
    "OSE XOSL": Venue("Europe/Oslo", _EQUITY, "NOK"),
    "WSE XWAR": Venue("Europe/Warsaw", _EQUITY, "PLN"),
    "PRA XPRA": Venue("Europe/Prague", _EQUITY, "CZK"),
    "BUX XBUD": Venue("Europe/Budapest", _EQUITY, "HUF"),
    "XDUB": Venue("Europe/Dublin", _EQUITY, "EUR"),
    # In Johannesburg prices are in cents.
    "JSE XJSE": Venue("Africa/Johannesburg"),
    "TSE VENTURE XTSE XTSX": _TORONTO,
    "MEXI XMEX": Venue("America/Mexico_City", _EQUITY, "MXN"),
    "TSEJ XTKS": Venue("Asia/Tokyo", _EQUITY, "JPY"),
    "SEHK XHKG": Venue("Asia/Hong_Kong", _EQUITY, "HKD"),
    "XSHG XSHE": Venue("Asia/Shanghai", _EQUITY, "CNY"),
    # The same shares, bought from Hong Kong with the yuan that are traded there.
    "SEHKNTL SEHKSZSE": Venue("Asia/Shanghai", _EQUITY, "CNH"),
    "TWSE XTAI": Venue("Asia/Taipei", _EQUITY, "TWD"),
    "SGX XSES": Venue("Asia/Singapore"),
    "KSE XKRX": Venue("Asia/Seoul"),
    "NSE XNSE": Venue("Asia/Kolkata"),
    "ASX XASX": Venue("Australia/Sydney", _EQUITY, "AUD"),
}
VENUES = {name: venue for names, venue in _NAMED.items() for name in names.split()}


def is_known(name: str) -> bool:
    """Whether anything is known of the venue `name`, its clock above all."""
    return name in VENUES


def venue(name: str) -> Venue:
    """Return what is known of the venue `name`; an unknown one goes by UTC."""
    return VENUES.get(name, _UNKNOWN)
