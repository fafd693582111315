"""What IBKR calls the venues of instrument IDs, and the other way round.

IBKR's names are venues as they are. Besides them MICs are understood, and names that IBKR has
given up; a dot, which would divide an instrument ID, is written as an underscore (`OSE_JPN`).
Source: IBKR's lists of exchanges, and ISO 10383 for MICs.
"""

from __future__ import annotations

from domain.errors import ContractNotFoundError

SMART = "SMART"

_SAME = {
    "NASDAQ": "ISLAND XNAS NASDAQ.NMS NASDAQ.SCM",
    "NYSE": "XNYS",
    "ARCA": "ARCX",
    "AMEX": "XASE",
    "BATS": "BATO",
    "PINK": "OTC",
    "BYX": "BATY",
    "DRCTEDGE": "EDGX",
    "EDGEA": "EDGA",
    "IEX": "IEXG",
    "CHX": "XCHI",
    "PSX": "XPSX",
    "BEX": "XBOS",
    "NYSENAT": "XCIS",
    "CBOE": "XCBO",
    "CME": "GLOBEX XCME",
    "CBOT": "ECBOT XCBT",
    "NYMEX": "XNYM",
    "COMEX": "XCEC",
    "CFE": "XCBF",
    "NYBOT": "ICEUS IFUS",
    "EUREX": "DTB XEUR",
    "LSE": "XLON",
    "IBIS": "XETR",
    "FWB": "XFRA",
    "SWB": "XSTU",
    "SBF": "XPAR",
    "AEB": "XAMS",
    "ENEXT.BE": "XBRU",
    "BVL": "XLIS",
    "BVME": "XMIL MTAA",
    "BM": "XMAD",
    "EBS": "XSWX",
    "VSE": "XWBO",
    "SFB": "XSTO",
    "CPH": "XCSE",
    "HEX": "XHEL",
    "OSE": "XOSL",
    "WSE": "XWAR",
    "PRA": "XPRA",
    "BUX": "XBUD",
    "JSE": "XJSE",
    "TSE": "XTSE",
    "VENTURE": "XTSX",
    "MEXI": "XMEX",
    "TSEJ": "XTKS",
    "OSE.JPN": "XOSE",
    "SEHK": "XHKG",
    "TWSE": "XTAI",
    "SGX": "XSES",
    "KSE": "XKRX",
    "NSE": "XNSE",
    "ASX": "XASX",
}
_EXCHANGES = {other: name for name, others in _SAME.items() for other in others.split()}
# Venues that are known by another name than IBKR's with a dot written otherwise.
_VENUES = {"ENEXT.BE": "XBRU"}
# Names of more than one exchange, or of none that IBKR gives bars of, and what to name instead.
_ELSEWHERE = {
    "GLBX": "one of CME, CBOT, NYMEX and COMEX",
    "IFEU": "IPE (energy), ICEEU or ICEEUSOFT",
    "XSHG": "SEHKNTL, where IBKR trades Shanghai's shares",
    "XSHE": "SEHKSZSE, where IBKR trades Shenzhen's shares",
    "XDUB": "another venue of the share",
    **dict.fromkeys(("BINANCE", "COINBASE", "KRAKEN", "BITSTAMP", "BYBIT"), "PAXOS or ZEROHASH"),
}

# Where shares are listed in the United States. They trade at all of its exchanges, so their bars
# are those of all (SMART), and the listing tells which share is meant.
LISTING = frozenset({"NASDAQ", "NYSE", "ARCA", "AMEX", "BATS", "PINK"})
AMERICAN = LISTING | {
    *("BYX", "DRCTEDGE", "EDGEA", "IEX", "MEMX", "CHX", "PSX", "BEX", "LTSE", "NYSENAT"),
    SMART,
}


def exchange_of(venue: str) -> str:
    """Return IBKR's name of `venue`, which it is itself if it is no other name of one.

    Raises:
        ContractNotFoundError: it names several exchanges, or one that IBKR does not serve.
    """
    if venue in _ELSEWHERE:
        raise ContractNotFoundError(
            f"IBKR has no exchange {venue}.", f"Name {_ELSEWHERE[venue]} as the venue."
        )
    return canonical(_EXCHANGES.get(venue, venue.replace("_", ".")))


def canonical(exchange: str) -> str:
    """Return the name that IBKR has now for an exchange of which it has had several."""
    return _EXCHANGES.get(exchange, exchange)


def venue_of(exchange: str) -> str:
    """Return the venue that instrument IDs name for IBKR's `exchange`."""
    name = canonical(exchange)
    return _VENUES.get(name, name.replace(".", "_"))
