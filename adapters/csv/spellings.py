"""How vendors, brokers and spreadsheets name the columns of bars."""

from __future__ import annotations

import re
from collections.abc import Mapping

from domain.bars import PRICE_COLUMNS

STAMP_COLUMN = "timestamp"
VOLUME_COLUMN = "volume"
COLUMNS = (STAMP_COLUMN, *PRICE_COLUMNS, VOLUME_COLUMN)
# Whose bars the rows are; a file may tell it or not.
SYMBOL_COLUMN = "symbol"

# A stamp in two columns; either may stand alone as well.
DATE, TIME = "date", "time"
# The number of ticks is a volume where nothing better is there, as MetaTrader writes it.
TICKS = "ticks"

_SPELLINGS: Mapping[str, str] = {
    STAMP_COLUMN: "timestamp datetime ts tsevent timeutc time(utc) time(gmt) time(eet) time(est) "
    "time(et) date(utc) date(gmt) datetimeutc datetime(utc) dateandtime date/time datetime(et) "
    "opentime opendate windowstart windowstartutc starttime bartime barstart baropentime "
    "candletime candletimestamp candlestarttime klineopentime utc utctime gmttime localtime "
    "exchangetime easterntime t epoch epochms epochns unix unixtime unixtimestamp unixms "
    "unixtimestampms timestampms timestampns timestamp(ms) timestamp(utc) timestamputc "
    "timestampgmt timestampopen",
    DATE: "date day tradedate tradingdate tradingday pricedate dtyyyymmdd",
    TIME: "time timeofday tradetime tradingtime",
    "open": "open o opn openprice priceopen pxopen openbid bidopen firstprice first",
    "high": "high h hi highprice pricehigh pxhigh highbid bidhigh max maxprice",
    "low": "low l lo lowprice pricelow pxlow lowbid bidlow min minprice",
    "close": "close c cls closeprice priceclose pxclose pxlast closebid bidclose close/last "
    "closelast last lastprice latest latestprice price closingprice",
    VOLUME_COLUMN: "volume v vol vol. totalvolume volumetraded tradedvolume tradevolume "
    "volumeshares volume(shares) pxvolume shares sharevolume tradedquantity totaltradedquantity "
    "ttltrdqnty",
    TICKS: "tickvol tickvolume ticks",
}
# The most telling first: symbol may be that of all futures of one root, and a name of a company.
_SYMBOLS = [
    *("localsymbol", "symbol", "rawsymbol", "ticker", "tickersymbol", "stocksymbol", "actsymbol"),
    *("tic", "sym", "instrument", "instrumentname", "contract", "security", "pair", "tscode"),
    *("code", "isin", "cusip", "figi", "ric", "conid", "instrumentid", "securityid", "name"),
]
_ROLES = {text: role for role, texts in _SPELLINGS.items() for text in texts.split()}
_BRACKETS = re.compile(r"<(.*)>")
_JOINTS = re.compile(r"[\s_-]")


def plain_name(cell: str) -> str:
    """Return the name that a cell of a header gives, without case and outer blanks."""
    return cell.strip().strip('"').strip().lower()


def role_of(cell: str) -> str | None:
    """Return which of `COLUMNS`, `DATE`, `TIME` or `TICKS` a header's cell means, if any."""
    return _ROLES.get(_joined(cell))


def symbol_rank(cell: str) -> int | None:
    """Return how telling a header's cell is as the name of a column of symbols, 0 being best."""
    name = _joined(cell)
    return _SYMBOLS.index(name) if name in _SYMBOLS else None


def _joined(cell: str) -> str:
    name = plain_name(cell)
    bracketed = _BRACKETS.fullmatch(name)
    return _JOINTS.sub("", bracketed[1] if bracketed else name)
