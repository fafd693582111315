"""Codes of futures, such as `ESH4`: a product, a month's letter, and one or more digits of a year.

The letters are those of the exchanges (F for January to Z for December). What a product is
called at IBKR is not always what its code begins with: the euro's future, 6E, has the symbol EUR
and the trading class 6E.
"""

from __future__ import annotations

import datetime as dt
import re

import attrs
from ib_async import Contract, ContractDetails

_LETTERS = "FGHJKMNQUVXZ"
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_CODE = re.compile(rf"(?P<root>[A-Z0-9]+) ?(?P<month>[{_LETTERS}])(?P<year>\d\d?|20\d\d)")
_NAMED = re.compile(rf"(?P<root>[A-Z0-9]+) +(?P<month>{'|'.join(_MONTHS)}) (?P<year>\d\d)")
_YEARS = 12
# Where IBKR's own name of a contract is always the code with one digit of the year. Elsewhere it
# is or was another, such as `FDAX 20240315 M` and `ZN   JUN 24`.
_CODED = frozenset({"CME", "NYMEX", "COMEX", "CFE", "NYBOT"})
# IBKR's symbols of products whose codes begin otherwise, at exchanges that are not `_CODED`.
_SYMBOLS = {
    "EUREX": {
        "FDAX": "DAX",
        "FDXM": "DAX",
        "FDXS": "DAX",
        "FESX": "ESTX50",
        "FSXE": "ESTX50",
        "FXXP": "SXXP",
        "FSMI": "SMI",
        "FVS": "V2TX",
        "FGBL": "GBL",
        "FGBM": "GBM",
        "FGBS": "GBS",
        "FGBX": "GBX",
        "FBTP": "BTP",
        "FOAT": "OAT",
    }
}


@attrs.frozen
class FutureCode:
    """A contract month of a product; `year` has its last `digits` digits only."""

    root: str
    month: int
    year: int
    digits: int

    @classmethod
    def parse(cls, symbol: str) -> FutureCode | None:
        """Return what `symbol` says, in any of `ESH4`, `ESH24`, `ESH2024`, `ES H4`, `ES MAR 24`.

        None where it is no contract month.
        """
        found = _CODE.fullmatch(symbol)
        if found is not None:
            month = _LETTERS.index(found["month"]) + 1
        else:
            found = _NAMED.fullmatch(symbol)
            if found is None:
                return None
            month = _MONTHS.index(found["month"]) + 1
        return cls(found["root"], month, int(found["year"]), len(found["year"]))

    @classmethod
    def near(cls, symbol: str, near: dt.date) -> FutureCode | None:
        """Return what `symbol` says, or None where it is no contract month that may be meant.

        None lies further ahead than 12 years, and none can be fetched that is longer past: the
        ESTX50 is an index, and no contract of November 2050.
        """
        code = cls.parse(symbol)
        return code if code and abs(code.full_year(near) - near.year) <= _YEARS else None

    def full_year(self, near: dt.date) -> int:
        """Return the year in which the contract month is nearest to `near`; of two, the later."""
        span: int = 10**self.digits
        first = near.year - near.year % span + self.year
        return min(
            (first + span, first, first - span),
            key=lambda year: abs((year - near.year) * 12 + self.month - near.month),
        )

    def contract_month(self, near: dt.date) -> str:
        """Return the contract month as IBKR writes it, such as `202403`."""
        return f"{self.full_year(near):04d}{self.month:02d}"

    def is_month(self, contract_month: str) -> bool:
        """Whether IBKR's `contract_month`, such as `202403`, is one that the code may mean."""
        year, month = contract_month[:4], contract_month[4:6]
        return (
            contract_month[:6].isdecimal()
            and int(month or 0) == self.month
            and int(year) % 10**self.digits == self.year
        )


def future_query(code: FutureCode, exchange: str, near: dt.date) -> Contract:
    """Return what to ask IBKR for the contract that `code` means, expired ones included."""
    month = code.contract_month(near)
    if exchange in _CODED:
        return _query(month, exchange=exchange, named=local_symbol(code.root, month))
    return _query(month, exchange=exchange, symbol=_symbol(code.root, exchange))


def future_candidates(code: FutureCode, near: dt.date) -> list[Contract]:
    """Return what to ask IBKR for `code` at any exchange: by its own name, and by its symbol.

    Of one contract both may bring an answer.
    """
    month = code.contract_month(near)
    return [
        _query(month, named=local_symbol(code.root, month)),
        _query(month, symbol=code.root),
    ]


def _query(month: str, *, exchange: str = "", symbol: str = "", named: str = "") -> Contract:
    return Contract(
        secType="FUT",
        lastTradeDateOrContractMonth=month,
        includeExpired=True,
        exchange=exchange,
        symbol=symbol,
        localSymbol=named,
    )


def _symbol(root: str, exchange: str) -> str:
    return _SYMBOLS.get(exchange, {}).get(root, root)


def local_symbol(root: str, contract_month: str) -> str:
    """Return the code of a contract month with one digit of the year: `ESH4` for 202403."""
    return f"{root}{_LETTERS[int(contract_month[4:6]) - 1]}{contract_month[3]}"


def contract_month(details: ContractDetails) -> str:
    """Return the contract month of a future, such as `202403`, or an empty text if none is told.

    That of oil and others lies after the month in which they are last traded.
    """
    month = details.contractMonth[:6]
    if not month and details.contract is not None:
        month = details.contract.lastTradeDateOrContractMonth[:6]
    return month if len(month) == 6 and month.isdecimal() and "01" <= month[4:] <= "12" else ""


def code_of(details: ContractDetails) -> str | None:
    """Return the code that names a future, such as `ESH4`, or None if that is not told.

    It is IBKR's own name where that is a code, else it is made of the trading class.
    """
    contract, month = details.contract, contract_month(details)
    if contract is None or not month:
        return None
    local = FutureCode.parse(contract.localSymbol)
    if local is not None and local.is_month(month) and " " not in contract.localSymbol:
        return contract.localSymbol
    root = contract.tradingClass or contract.symbol
    return local_symbol(root, month) if root else None


def is_future(details: ContractDetails, code: FutureCode) -> bool:
    """Whether a future is one that `code` may mean, by its trading class or IBKR's symbol."""
    contract = details.contract
    if contract is None or not code.is_month(contract_month(details)):
        return False
    if code.root in _roots(details):
        return True
    return contract.symbol == code.root


def is_named(details: ContractDetails, code: FutureCode) -> bool:
    """Whether a future has the very product in its name that `code` begins with."""
    return code.root in _roots(details)


def _roots(details: ContractDetails) -> set[str]:
    contract = details.contract
    if contract is None:
        return set()
    local = FutureCode.parse(contract.localSymbol)
    return {contract.tradingClass} | ({local.root} if local else set())
