"""Which of IBKR's answers is the instrument that was asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from ib_async import Contract, ContractDetails

from adapters.ibkr.exchanges import SMART, canonical, exchange_of, venue_of
from adapters.ibkr.futures import FutureCode, code_of, contract_month, is_future, is_named
from adapters.ibkr.symbols import crypto_pair, currency_pair, index_symbol, share_symbol
from domain.errors import AmbiguousSymbolError, ContractNotFoundError
from domain.instrument import InstrumentId


def matches(details: ContractDetails, asked: InstrumentId) -> bool:
    """Whether an answer is of the symbol and the venue of `asked`.

    A share's venue is the exchange that lists it, or the one that was asked for its trades.

    Raises:
        ContractNotFoundError: IBKR has no such exchange.
    """
    contract = details.contract
    if contract is None or not _is_at(contract, exchange_of(asked.venue)):
        return False
    return _SYMBOL_FITS.get(contract.secType, _nothing_fits)(details, contract, asked)


def chosen(
    answers: Sequence[ContractDetails], asked: InstrumentId, today: dt.date
) -> ContractDetails:
    """Return the answer that is the instrument `asked` for.

    Of several futures it is the one of the very product that the code begins with, in the
    contract month nearest to `today`.

    Raises:
        ContractNotFoundError: there is none; the message lists what there is instead.
        AmbiguousSymbolError: there are several; the message lists them.
    """
    fitting = [each for each in distinct(answers) if matches(each, asked)]
    code = FutureCode.parse(asked.symbol)
    if len(fitting) > 1 and code is not None:
        fitting = _nearest(fitting, code, today)
    if not fitting:
        raise _not_found(answers, asked)
    if len(fitting) > 1:
        raise _ambiguous(fitting, asked)
    return fitting[0]


def distinct(answers: Sequence[ContractDetails]) -> list[ContractDetails]:
    """Return the answers without those of a contract that has been told before.

    IBKR tells of a future at each of its exchanges and once more at QBALGO, its own for
    algorithms.
    """
    found: dict[object, ContractDetails] = {}
    for number, each in enumerate(answers):
        contract = each.contract
        if contract is not None and contract.exchange != "QBALGO":
            found.setdefault(contract.conId or -number - 1, each)
    return list(found.values())


def described(details: ContractDetails) -> str:
    """Return how messages name an answer, such as `ESH4.CME (USD, last traded 20240315)`."""
    contract = details.contract or Contract()
    symbol = (code_of(details) if contract.secType == "FUT" else None) or contract.symbol
    more = [contract.currency] if contract.currency else []
    if contract.lastTradeDateOrContractMonth:
        more.append(f"last traded {contract.lastTradeDateOrContractMonth}")
    name = f"{symbol}.{venue_of(contract.primaryExchange or contract.exchange)}"
    return f"{name} ({', '.join(more)})" if more else name


def _is_at(contract: Contract, exchange: str) -> bool:
    if exchange == SMART:
        return contract.secType == "STK"
    return exchange in (canonical(contract.primaryExchange), canonical(contract.exchange))


def _share_fits(_: ContractDetails, contract: Contract, asked: InstrumentId) -> bool:
    symbol = share_symbol(asked.symbol, exchange_of(asked.venue))
    return symbol in (contract.symbol, contract.localSymbol)


def _index_fits(_: ContractDetails, contract: Contract, asked: InstrumentId) -> bool:
    return index_symbol(asked.symbol) in (contract.symbol, contract.localSymbol)


def _currencies_fit(_: ContractDetails, contract: Contract, asked: InstrumentId) -> bool:
    # A symbol that names no pair says nothing: its definition did, and was asked for.
    return currency_pair(asked.symbol) in (None, (contract.symbol, contract.currency))


def _coins_fit(_: ContractDetails, contract: Contract, asked: InstrumentId) -> bool:
    return crypto_pair(asked.symbol) in (None, (contract.symbol, contract.currency))


def _future_fits(details: ContractDetails, contract: Contract, asked: InstrumentId) -> bool:
    code = FutureCode.parse(asked.symbol)
    if code is None:
        return asked.symbol in (contract.symbol, contract.localSymbol)
    return is_future(details, code)


def _nothing_fits(_: ContractDetails, __: Contract, ___: InstrumentId) -> bool:
    return False


_SYMBOL_FITS: dict[str, Callable[[ContractDetails, Contract, InstrumentId], bool]] = {
    "STK": _share_fits,
    "CASH": _currencies_fit,
    "FUT": _future_fits,
    "CRYPTO": _coins_fit,
    "IND": _index_fits,
}


def _nearest(
    fitting: list[ContractDetails], code: FutureCode, today: dt.date
) -> list[ContractDetails]:
    month = code.contract_month(today)
    nearest = [each for each in fitting if contract_month(each) == month] or fitting
    return [each for each in nearest if is_named(each, code)] or nearest


def _not_found(answers: Sequence[ContractDetails], asked: InstrumentId) -> ContractNotFoundError:
    others = _listed(distinct(answers))
    if others:
        return ContractNotFoundError(
            f"IBKR knows no {asked}. It knows {others}.", "Name one of them, if it is meant."
        )
    return ContractNotFoundError(
        f"IBKR knows no {asked}.",
        "Check the symbol and the venue. An index begins with ^ (^NDX.NASDAQ), a future ends with "
        "its contract month (ESH4.CME), and delisted instruments are not served.",
    )


def _ambiguous(fitting: Sequence[ContractDetails], asked: InstrumentId) -> AmbiguousSymbolError:
    currencies = {each.contract.currency for each in fitting if each.contract is not None}
    recovery = "Name one of them."
    if len(currencies) > 1:
        recovery = (
            "Say which currency is meant, such as: barledger instrument set "
            f"-i '{asked}' --currency {min(currencies)}"
        )
    return AmbiguousSymbolError(
        f"{asked} can be any of these at IBKR: {_listed(fitting)}.", recovery
    )


def _listed(answers: Sequence[ContractDetails]) -> str:
    most = 10
    names = list(dict.fromkeys(described(each) for each in answers))
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
