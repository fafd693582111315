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


_NEW_YORK = Venue("America/New_York", InstrumentClass.EQUITY, "USD")
_CHICAGO = Venue("America/Chicago", InstrumentClass.FUTURE, "USD")
# Energy and metals close by New York's clock though CME Group runs them from Chicago.
_NEW_YORK_FUTURES = Venue("America/New_York", InstrumentClass.FUTURE, "USD")
_FX = Venue("America/New_York", InstrumentClass.CURRENCY_PAIR, "USD")
_CRYPTO = Venue("UTC", InstrumentClass.CRYPTO_PAIR, "USD")
_XETRA = Venue("Europe/Berlin", InstrumentClass.EQUITY, "EUR")
_UNKNOWN = Venue("UTC")

# Names as IBKR and Nautilus write them; both spellings where they differ (NASDAQ, XNAS).
VENUES = {
    **dict.fromkeys(
        ("NASDAQ", "ISLAND", "NYSE", "ARCA", "AMEX", "BATS", "IEX", "PINK", "SMART"), _NEW_YORK
    ),
    **dict.fromkeys(("XNAS", "XNYS", "ARCX", "XASE", "BATO", "IEXG", "OTC"), _NEW_YORK),
    **dict.fromkeys(("CME", "CBOT", "GLOBEX", "ECBOT", "XCME", "XCBT", "GLBX"), _CHICAGO),
    **dict.fromkeys(("NYMEX", "COMEX", "XNYM", "XCEC"), _NEW_YORK_FUTURES),
    "IDEALPRO": _FX,
    **dict.fromkeys(
        ("PAXOS", "ZEROHASH", "BINANCE", "COINBASE", "KRAKEN", "BITSTAMP", "BYBIT"), _CRYPTO
    ),
    **dict.fromkeys(("LSE", "XLON"), Venue("Europe/London", InstrumentClass.EQUITY, "GBP")),
    **dict.fromkeys(("IBIS", "IBIS2", "XETR"), _XETRA),
    **dict.fromkeys(("SBF", "XPAR"), Venue("Europe/Paris", InstrumentClass.EQUITY, "EUR")),
    **dict.fromkeys(("TSEJ", "XTKS"), Venue("Asia/Tokyo", InstrumentClass.EQUITY, "JPY")),
    **dict.fromkeys(("SEHK", "XHKG"), Venue("Asia/Hong_Kong", InstrumentClass.EQUITY, "HKD")),
    **dict.fromkeys(("TSE", "XTSE"), Venue("America/Toronto", InstrumentClass.EQUITY, "CAD")),
    **dict.fromkeys(("ASX", "XASX"), Venue("Australia/Sydney", InstrumentClass.EQUITY, "AUD")),
}


def venue(name: str) -> Venue:
    """Return what is known of the venue `name`; an unknown one goes by UTC."""
    return VENUES.get(name, _UNKNOWN)
