"""What IBKR's contract details say of an instrument."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

from ib_async import Contract, ContractDetails

from adapters.ibkr.amounts import amount, divided, number, plain
from adapters.ibkr.exchanges import SMART, venue_of
from adapters.ibkr.futures import code_of
from adapters.ibkr.matching import chosen, distinct, matches
from domain.errors import InvalidInstrumentError, UnusableAnswerError
from domain.instrument import (
    Instrument,
    InstrumentClass,
    InstrumentId,
    decimals_of,
    is_symbol,
    is_venue,
)

__all__ = ["chosen", "distinct", "instrument_of", "instruments_of", "matches", "price_decimals"]

_CLASSES = {
    "STK": InstrumentClass.EQUITY,
    "CASH": InstrumentClass.CURRENCY_PAIR,
    "FUT": InstrumentClass.FUTURE,
    "CRYPTO": InstrumentClass.CRYPTO_PAIR,
    "IND": InstrumentClass.INDEX,
}
# A date, after which a time and its zone may follow.
_DAY = re.compile(r"(\d{8})(?:[ -].*)?")


def instrument_of(details: ContractDetails, *, asked: InstrumentId | None) -> Instrument:
    """Return the definition of an instrument, under the ID `asked` if that is what it is.

    Where an exchange quotes in hundredths (pence in London, cents for grain) IBKR's price
    magnifier is 100, while the currency and `minTick` are those of whole units. Shares are
    defined in whole units, and the prices of their bars are to be divided (`price_decimals`):
    profit is counted in the currency, and a price in pence would make it a hundred times too
    great. Futures keep the prices that everyone knows, with a tick a hundred times as great and
    a multiplier a hundred times less.

    Shares, futures and indices trade in whole units: fractions of a share are the broker's own
    service. A share's step is greater where the exchange trades in lots.

    Raises:
        UnusableAnswerError: the details contradict themselves, or what is needed is missing.
    """
    contract = _contract(details)
    instrument_id = asked if asked and matches(details, asked) else _id_of(details, contract)
    kind = _class_of(contract)
    tick, magnifier = _tick(details, kind), _magnifier(details)
    step = _size_step(details, kind)
    instrument = Instrument(
        instrument_id,
        kind,
        contract.currency,
        decimals_of(tick),
        decimals_of(step),
        tick,
        step,
        _multiplier(contract, magnifier) if kind is InstrumentClass.FUTURE else Decimal(1),
        contract.symbol if kind.is_pair else None,
        _expiry(details, contract) if kind is InstrumentClass.FUTURE else None,
    )
    return _checked(instrument)


def instruments_of(answers: list[ContractDetails]) -> list[Instrument]:
    """Return the instruments of several answers, each once.

    Raises:
        UnusableAnswerError: see `instrument_of`.
    """
    found = (instrument_of(each, asked=None) for each in distinct(answers))
    return list({each.id: each for each in found}.values())


def price_decimals(details: ContractDetails) -> int:
    """Return how many places the point of a bar's prices is to be moved to the left.

    It is 2 for shares that are quoted in hundredths of their currency, else 0; see
    `instrument_of`.

    Raises:
        UnusableAnswerError: prices are quoted in some other part of the currency.
    """
    if _class_of(_contract(details)) is not InstrumentClass.EQUITY:
        return 0
    magnifier = _magnifier(details)
    places = len(str(magnifier)) - 1
    if magnifier != 10**places:
        raise _unusable(details, f"its price magnifier {magnifier} is no power of 10")
    return places


def _contract(details: ContractDetails) -> Contract:
    if details.contract is None:
        raise _unusable(details, "they name no contract")
    return details.contract


def _class_of(contract: Contract) -> InstrumentClass:
    kind = _CLASSES.get(contract.secType)
    if kind is None:
        raise UnusableAnswerError(
            f"IBKR says that {contract.symbol} is of the kind {contract.secType!r}, of which "
            "barledger keeps no bars.",
            "Name a share, a future, an index or a pair of currencies or coins.",
        )
    return kind


def _id_of(details: ContractDetails, contract: Contract) -> InstrumentId:
    exchange = contract.primaryExchange or contract.exchange
    symbol, venue = _symbol_of(details, contract), venue_of(exchange)
    if exchange == SMART or not is_venue(venue):
        raise _unusable(details, f"the exchange {exchange!r} is none that lists it")
    if not is_symbol(symbol):
        raise _unusable(details, f"the symbol {symbol!r} cannot be one of an instrument ID")
    return InstrumentId(symbol, venue)


def _symbol_of(details: ContractDetails, contract: Contract) -> str:
    kind = _class_of(contract)
    if kind is InstrumentClass.FUTURE:
        code = code_of(details)
        if code is None:
            raise _unusable(details, "they tell no contract month")
        return code
    if kind is InstrumentClass.INDEX:
        return f"^{contract.symbol}"
    return f"{contract.symbol}/{contract.currency}" if kind.is_pair else contract.symbol


def _magnifier(details: ContractDetails) -> int:
    magnifier = details.priceMagnifier or 1  # 0 is what is not told
    if magnifier < 1:
        raise _unusable(details, f"the price magnifier {magnifier} is less than 1")
    return magnifier


def _tick(details: ContractDetails, kind: InstrumentClass) -> Decimal:
    tick = amount(details.minTick)
    if tick is None:
        raise _unusable(details, f"the price step {details.minTick} is none")
    magnifier = _magnifier(details)
    return plain(tick if kind is InstrumentClass.EQUITY else tick * magnifier)


def _size_step(details: ContractDetails, kind: InstrumentClass) -> Decimal:
    step = amount(details.sizeIncrement) or amount(details.minSize)
    if step is None:
        if kind is InstrumentClass.CRYPTO_PAIR:
            raise _unusable(details, "they tell no size step")
        return Decimal(1)
    if kind.is_pair:
        return plain(step)
    is_lot = kind is InstrumentClass.EQUITY and step > 1 and step == step.to_integral_value()
    return plain(step) if is_lot else Decimal(1)


def _multiplier(contract: Contract, magnifier: int) -> Decimal:
    told = number(contract.multiplier)
    multiplier = divided(told, magnifier) if told is not None else None
    if multiplier is None:
        raise UnusableAnswerError(
            f"The multiplier {contract.multiplier!r} (by {magnifier}) that IBKR tells of "
            f"{contract.localSymbol or contract.symbol} is none.",
            _RECOVERY,
        )
    return plain(multiplier)


def _expiry(details: ContractDetails, contract: Contract) -> dt.date:
    """Return the last day of trading; the day of the settlement stands in for it."""
    for text in (contract.lastTradeDateOrContractMonth, details.realExpirationDate):
        found = _DAY.fullmatch(text.strip())
        if found is not None:
            try:
                return dt.datetime.strptime(found[1], "%Y%m%d").date()
            except ValueError:
                break
    raise _unusable(
        details,
        f"the last day of trading, {contract.lastTradeDateOrContractMonth!r} or "
        f"{details.realExpirationDate!r}, is no date",
    )


def _checked(instrument: Instrument) -> Instrument:
    try:
        instrument.check()
    except InvalidInstrumentError as error:
        raise UnusableAnswerError(
            f"What IBKR tells of {instrument.id} cannot be used. {error.message}", _RECOVERY
        ) from error
    return instrument


_RECOVERY = (
    "Ask again later. If it stays so, define it by hand: barledger instrument set -i SYMBOL.VENUE …"
)


def _unusable(details: ContractDetails, problem: str) -> UnusableAnswerError:
    contract = details.contract
    name = (contract.localSymbol or contract.symbol) if contract is not None else "a contract"
    return UnusableAnswerError(
        f"The details of {name} that IBKR tells cannot be used: {problem}.", _RECOVERY
    )
