"""What to ask IBKR for, of an instrument ID or of a symbol with no venue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from ib_async import Contract

from adapters.ibkr.exchanges import AMERICAN, LISTING, SMART, exchange_of
from adapters.ibkr.futures import FutureCode, future_candidates, future_query
from adapters.ibkr.symbols import (
    crypto_pair,
    currency_pair,
    index_symbol,
    is_currency,
    share_symbol,
)
from domain.errors import ContractNotFoundError
from domain.instrument import Instrument, InstrumentClass, InstrumentId
from domain.venues import is_known, venue

TRADES, MIDPOINT, AGGTRADES = "TRADES", "MIDPOINT", "AGGTRADES"
_CRYPTO_EXCHANGES = ("PAXOS", "ZEROHASH")
_INDEX_EXCHANGES = frozenset({"CBOE", "RUSSELL"})
_SHOWN = {
    InstrumentClass.EQUITY: TRADES,
    InstrumentClass.CURRENCY_PAIR: MIDPOINT,
    InstrumentClass.FUTURE: TRADES,
    InstrumentClass.CRYPTO_PAIR: AGGTRADES,
    InstrumentClass.INDEX: TRADES,
}


def what_to_show(kind: InstrumentClass) -> str:
    """Return the kind of history that bars of such an instrument are made of, in IBKR's words.

    Currencies have no trades, only quotes; trades of coins are served as aggregates.
    """
    return _SHOWN[kind]


def contract_for(
    instrument_id: InstrumentId, instrument: Instrument | None, *, today: dt.date
) -> Contract:
    """Return what to ask IBKR's contract details for.

    `instrument` is the definition that was recorded, None where there is none: one that is only
    assumed says nothing. Without one the class follows from a `^`, which marks an index, or from
    the venue; where futures are traded, a symbol that is no contract month can only be an index.
    A year of one or two digits is that of the contract month nearest to the expiry, if that is
    known, else to `today`.

    Raises:
        ContractNotFoundError: IBKR has no such exchange, the symbol cannot be read, or nobody has
            said what the instrument is and its venue does not tell.
    """
    kind = instrument.instrument_class if instrument else _class_of(instrument_id, today)
    query = _QUERIES[kind](instrument_id, instrument, today)
    if instrument is not None and not query.currency:
        query.currency = instrument.currency
    return query


def candidates_for(symbol: str, *, today: dt.date) -> list[Contract]:
    """Return all that IBKR is to be asked for a symbol with no venue; each answer is as good.

    `^SPX` is an index at any exchange, `EUR/USD` a pair of currencies or coins, `ESH4` a future.
    All others are shares in US dollars: in other currencies a symbol often is another company.
    """
    if symbol.startswith("^"):
        return [Contract(secType="IND", symbol=index_symbol(symbol))]
    pair = currency_pair(symbol) if "/" in symbol else None
    if pair is not None and is_currency(pair[0]) and is_currency(pair[1]):
        return [_pair_query("CASH", pair, "IDEALPRO")]
    if pair is not None and is_currency(pair[1]):
        return [_pair_query("CRYPTO", pair, exchange) for exchange in _CRYPTO_EXCHANGES]
    code = FutureCode.near(symbol, today)
    return future_candidates(code, today) if code else [_american_share(symbol, "", "USD")]


def _class_of(instrument_id: InstrumentId, today: dt.date) -> InstrumentClass:
    if instrument_id.symbol.startswith("^"):
        return InstrumentClass.INDEX
    exchange = exchange_of(instrument_id.venue)
    if exchange in _INDEX_EXCHANGES:
        return InstrumentClass.INDEX
    usual = venue(instrument_id.venue).instrument_class
    if usual is None:
        raise _not_told(instrument_id)
    if usual is InstrumentClass.FUTURE and FutureCode.near(instrument_id.symbol, today) is None:
        return InstrumentClass.INDEX
    return usual


def _equity(instrument_id: InstrumentId, instrument: Instrument | None, _: dt.date) -> Contract:
    exchange = exchange_of(instrument_id.venue)
    usual = "USD" if exchange in AMERICAN else ""
    currency = instrument.currency if instrument else usual
    if exchange in LISTING or exchange == SMART:
        listing = exchange if exchange in LISTING else ""
        return _american_share(instrument_id.symbol, listing, currency)
    symbol = share_symbol(instrument_id.symbol, exchange)
    return Contract(secType="STK", symbol=symbol, exchange=exchange, currency=currency)


def _american_share(symbol: str, listing: str, currency: str) -> Contract:
    return Contract(
        secType="STK",
        symbol=share_symbol(symbol, SMART),
        exchange=SMART,
        primaryExchange=listing,
        currency=currency,
    )


def _currency_pair(
    instrument_id: InstrumentId, instrument: Instrument | None, _: dt.date
) -> Contract:
    pair = _sides(instrument) or currency_pair(instrument_id.symbol)
    if pair is None:
        raise _no_pair(instrument_id, "EUR/USD.IDEALPRO")
    return _pair_query("CASH", pair, exchange_of(instrument_id.venue))


def _crypto_pair(
    instrument_id: InstrumentId, instrument: Instrument | None, _: dt.date
) -> Contract:
    pair = _sides(instrument) or crypto_pair(instrument_id.symbol)
    if pair is None:
        raise _no_pair(instrument_id, "BTC/USD.PAXOS")
    return _pair_query("CRYPTO", pair, exchange_of(instrument_id.venue))


def _sides(instrument: Instrument | None) -> tuple[str, str] | None:
    if instrument is None or instrument.base_currency is None:
        return None
    return instrument.base_currency, instrument.currency


def _pair_query(sec_type: str, pair: tuple[str, str], exchange: str) -> Contract:
    return Contract(secType=sec_type, symbol=pair[0], currency=pair[1], exchange=exchange)


def _index(instrument_id: InstrumentId, _: Instrument | None, __: dt.date) -> Contract:
    return Contract(
        secType="IND",
        symbol=index_symbol(instrument_id.symbol),
        exchange=exchange_of(instrument_id.venue),
    )


def _future(instrument_id: InstrumentId, instrument: Instrument | None, today: dt.date) -> Contract:
    exchange = exchange_of(instrument_id.venue)
    expiry = instrument.expiry if instrument else None
    code = FutureCode.parse(instrument_id.symbol)
    if code is not None:
        return future_query(code, exchange, expiry or today)
    if expiry is None:
        raise ContractNotFoundError(
            f"{instrument_id} names no contract month.", "Write it as a code, such as ESH4.CME."
        )
    return Contract(
        secType="FUT",
        symbol=instrument_id.symbol,
        exchange=exchange,
        lastTradeDateOrContractMonth=f"{expiry:%Y%m%d}",
        includeExpired=True,
    )


_QUERIES: dict[InstrumentClass, Callable[[InstrumentId, Instrument | None, dt.date], Contract]] = {
    InstrumentClass.EQUITY: _equity,
    InstrumentClass.CURRENCY_PAIR: _currency_pair,
    InstrumentClass.FUTURE: _future,
    InstrumentClass.CRYPTO_PAIR: _crypto_pair,
    InstrumentClass.INDEX: _index,
}


def _no_pair(instrument_id: InstrumentId, example: str) -> ContractNotFoundError:
    return ContractNotFoundError(
        f"{instrument_id} does not say which currency is bought with which.",
        f"Write it as {example}.",
    )


def _not_told(instrument_id: InstrumentId) -> ContractNotFoundError:
    name = instrument_id.venue
    why = (
        f"at {name} more than one kind of instrument is traded"
        if is_known(name)
        else f"the venue {name} is not known"
    )
    return ContractNotFoundError(
        f"What {instrument_id} is cannot be told: {why}.",
        "Say it, and name the venue as IBKR does: barledger instrument set "
        f"-i '{instrument_id}' --class equity --currency USD",
    )
