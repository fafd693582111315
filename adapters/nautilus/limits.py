"""Refuses fills that Nautilus could not book."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from nautilus_trader.accounting.accounts.base import Account
from nautilus_trader.cache.base import CacheFacade
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import MONEY_MAX, QUANTITY_MAX, Price, Quantity

from adapters.nautilus.failures import too_great

_MOST_MONEY = Decimal(MONEY_MAX)
_MOST_UNITS = Decimal(QUANTITY_MAX)


class FillLimits:
    """Looks at each fill before it is booked.

    A fill that cannot be converted Nautilus would book as nothing, in silence; at a balance or
    a position beyond its limits Rust panics and takes the process with it. `rate` is that of a
    currency at a venue, in the base currency.
    """

    def __init__(self, cache: CacheFacade, rate: Callable[[str, str], Decimal]) -> None:
        self._cache = cache
        self._rate = rate

    def check(
        self, instrument: Instrument, quantity: Quantity, price: Price, commission: Decimal
    ) -> None:
        """Refuse a fill that could lead beyond the limits, whichever way it goes.

        Raises:
            MissingExchangeRateError: its currency has no rate yet.
            BacktestFailedError: an amount could become greater than Nautilus holds.
        """
        venue = instrument.id.venue
        rate = max(Decimal(1), self._rate(instrument.quote_currency.code, venue.value))
        account = self._cache.account_for_venue(venue)
        units, cost = self._open(instrument)
        units += quantity.as_decimal()
        value = abs(price.as_decimal()) * quantity.as_decimal() * _multiplier(instrument)
        money = _largest_balance(account) + (cost + value + commission) * rate
        if account.base_currency is None:
            money = max(money, _largest_balance(account) + units)  # a pair's units are a balance
        if money > _MOST_MONEY or units > _MOST_UNITS:
            raise too_great(f"a fill of {instrument.id}")

    def _open(self, instrument: Instrument) -> tuple[Decimal, Decimal]:
        """Return how many units are held or owed, and what they were opened at."""
        units = cost = Decimal(0)
        for position in self._cache.positions_open(instrument_id=instrument.id):
            size = position.quantity.as_decimal()
            units += size
            cost += size * abs(Decimal(position.avg_px_open)) * _multiplier(instrument)
        return units, cost


def _largest_balance(account: Account) -> Decimal:
    balances = account.balances_total().values()
    return max((abs(balance.as_decimal()) for balance in balances), default=Decimal(0))


def _multiplier(instrument: Instrument) -> Decimal:
    multiplier: Decimal = instrument.multiplier.as_decimal()
    return multiplier
