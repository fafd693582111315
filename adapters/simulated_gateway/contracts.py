"""Contracts as requests describe them, which listings they mean, and what is told of those."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import attrs

from adapters.simulated_gateway.frames import Fields
from adapters.simulated_gateway.market import SMART, Listing, Market
from adapters.simulated_gateway.refusals import RefusedError, invalid, unknown_contract

CONTRACT_FIELDS = 12
_SEC_TYPES = {"STK", "CASH", "FUT", "IND", "CRYPTO"}
_ORDER_TYPES = "ACTIVETIM,AD,ADJUST,ALERT,ALLOC,AVGCOST,BASKET,DAY,GTC,LMT,MKT,STP"


@attrs.frozen
class ContractQuery:
    """What a request says of a contract; what it leaves open is 0 or empty."""

    con_id: int
    symbol: str
    sec_type: str
    last_trade_date: str
    multiplier: str
    exchange: str
    primary_exchange: str
    currency: str
    local_symbol: str
    trading_class: str
    include_expired: bool = False

    @classmethod
    def parse(cls, fields: Fields) -> ContractQuery:
        """Return the query of the twelve fields of a contract and `includeExpired` after them.

        Raises:
            ValueError: a field is missing, or is no number where one belongs.
        """
        con_id, symbol, sec_type, date, _strike, _right, multiplier, *rest = fields
        exchange, primary, currency, local, trading_class, expired = rest
        return cls(
            int(con_id or 0),
            symbol,
            sec_type,
            date,
            multiplier,
            exchange,
            primary,
            currency,
            local,
            trading_class,
            expired == "1",
        )


def found(market: Market, query: ContractQuery, today: dt.date) -> Sequence[Listing]:
    """Return the listings that a query means, in the market's order.

    Raises:
        RefusedError: none fits, or what is asked for is no kind of contract.
    """
    if not query.con_id and query.sec_type not in _SEC_TYPES:
        raise invalid("Please enter a valid security type")
    fitting = [listing for listing in market.listings if _fits(query, listing, today)]
    if not fitting:
        raise unknown_contract()
    return fitting


def the_one(market: Market, query: ContractQuery, today: dt.date) -> Listing:
    """Return the listing of which history is asked.

    Raises:
        RefusedError: none fits, several do, or no exchange is named.
    """
    if not query.exchange:
        raise invalid("Please enter exchange")
    fitting = found(market, query, today)
    if len(fitting) > 1:
        text = f"The contract description specified for {query.symbol} is ambiguous."
        raise RefusedError(200, text)
    return fitting[0]


def _fits(query: ContractQuery, listing: Listing, today: dt.date) -> bool:
    if query.exchange and query.exchange not in listing.exchanges:
        return False
    if query.con_id:
        return query.con_id == listing.con_id
    if listing.last_trade_date and not query.include_expired and _expired(listing, today):
        return False
    if query.sec_type != listing.sec_type or not (query.symbol or query.local_symbol):
        return False
    return _names_fit(query, listing) and _date_fits(query.last_trade_date, listing)


def _names_fit(query: ContractQuery, listing: Listing) -> bool:
    return all(
        not asked or asked == has
        for asked, has in (
            (query.symbol, listing.symbol),
            (query.local_symbol, listing.local_symbol),
            (query.currency, listing.currency),
            (query.primary_exchange, listing.primary_exchange),
            (query.trading_class, listing.trading_class),
            (query.multiplier, listing.multiplier),
        )
    )


def _date_fits(asked: str, listing: Listing) -> bool:
    """Whether a day is the last of trading, or a month that of the contract."""
    has = listing.contract_month if len(asked) == len("YYYYMM") else listing.last_trade_date
    return not asked or asked == has


def _expired(listing: Listing, today: dt.date) -> bool:
    return listing.last_trade_date < f"{today:%Y%m%d}"


def details(listing: Listing, request_id: str, asked_exchange: str) -> list[object]:
    """Return the message that tells of a listing, as one that answers for `asked_exchange`."""
    instrument = listing.instrument
    exchange = asked_exchange or listing.exchange
    step = f"{instrument.size_step.normalize():f}"
    future = listing.sec_type == "FUT"
    return [
        10,
        request_id,
        listing.symbol,
        listing.sec_type,
        listing.last_trade_date,
        0,
        "",
        exchange,
        listing.currency,
        listing.local_symbol,
        listing.trading_class,  # the market's name
        listing.trading_class,
        listing.con_id,
        f"{instrument.tick.normalize():f}",
        listing.multiplier,
        _ORDER_TYPES,
        ",".join(listing.exchanges),
        1,
        0,
        listing.long_name,
        listing.primary_exchange,
        listing.contract_month,
        "",
        "",
        "",
        listing.time_zone_id,
        "",
        "",
        "",
        "",
        0,
        1 if listing.exchange == SMART else 2147483647,
        listing.symbol if future else "",
        "IND" if future else "",
        "26",
        listing.last_trade_date,
        listing.stock_type,
        step,
        step,
        step,
    ]


def sample(listing: Listing) -> list[object]:
    """Return what a search by symbol tells of a listing: no derivatives, and no issuer."""
    where = listing.primary_exchange or listing.exchange
    known = [listing.con_id, listing.symbol, listing.sec_type, where, listing.currency]
    return [*known, 0, listing.long_name, ""]
