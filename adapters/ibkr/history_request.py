"""A request for bars in IBKR's words."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from ib_async import Contract


@attrs.frozen
class HistoryRequest:
    """A request for bars that open before `end`, which is UTC."""

    contract: Contract
    end: dt.datetime
    duration: str
    bar_size: str
    what_to_show: str
    regular_hours: bool

    @property
    def identity(self) -> str:
        """What makes two requests identical to IBKR."""
        parts = (self.end.isoformat(), self.duration, self.bar_size, self.regular_hours)
        return "|".join(map(str, (contract_identity(self.contract), self.what_to_show, *parts)))


def contract_identity(contract: Contract) -> str:
    """Return what tells a contract from all others."""
    parts = (contract.conId, contract.secType, contract.symbol, contract.exchange)
    return "|".join(map(str, parts))
