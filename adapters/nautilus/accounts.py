"""What the accounts are worth, over all venues, in the base currency.

Nautilus's own figures are per venue, take what it cannot convert for nothing, and count a pair
bought in a cash account twice (as the currency and as the position).
"""

from __future__ import annotations

from decimal import Decimal

from nautilus_trader.accounting.accounts.base import Account
from nautilus_trader.cache.base import CacheFacade
from nautilus_trader.model.data import BarType
from nautilus_trader.model.identifiers import InstrumentId, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Price
from nautilus_trader.model.position import Position

from adapters.nautilus.failures import utc
from adapters.nautilus.rates import rate_id
from domain.errors import MissingExchangeRateError


class Accounts:
    """Reads the accounts of a run; every figure is as of the last bar that was processed."""

    def __init__(self, cache: CacheFacade, bar_types: tuple[BarType, ...], base: str) -> None:
        self._cache = cache
        self._bar_types = bar_types
        self._base = base

    def equity(self, venue: str) -> Decimal:
        """Return balance and open positions of the account at `venue`, in the base currency.

        Raises:
            MissingExchangeRateError: the account holds a currency that has no rate yet.
        """
        account = self._cache.account_for_venue(Venue(venue))
        balances = [
            (money.as_decimal(), currency.code)
            for currency, money in account.balances_total().items()
        ]
        positions = [
            self._worth(account, position)
            for position in self._cache.positions_open(venue=Venue(venue))
        ]
        return sum(
            (amount * self.rate(code, venue) for amount, code in (*balances, *positions) if amount),
            Decimal(0),
        )

    def rate(self, currency: str, venue: str) -> Decimal:
        """Return what one unit of `currency` is in the base currency.

        Raises:
            MissingExchangeRateError: no bar of the rate has closed yet.
        """
        if currency == self._base:
            return Decimal(1)
        quote = self._cache.quote_tick(rate_id(currency, self._base, venue))
        if quote is None:
            raise _no_rate_yet(currency, self._base, self.last_close())
        rate: Decimal = quote.bid_price.as_decimal()
        return rate

    def last_close(self) -> int:
        """Return when the newest bar of a traded series closed, in UTC ns, 0 before the first."""
        bars = (self._cache.bar(bar_type) for bar_type in self._bar_types)
        return max((bar.ts_event for bar in bars if bar is not None), default=0)

    def _worth(self, account: Account, position: Position) -> tuple[Decimal, str]:
        price = self._last_price(position.instrument_id)
        if account.is_margin_account:
            money = position.unrealized_pnl(price)
        elif account.base_currency is None and self._is_pair(position.instrument_id):
            return Decimal(0), self._base  # what was bought is among the balances
        else:
            money = position.notional_value(price)
            if position.is_short:
                return -money.as_decimal(), money.currency.code
        return money.as_decimal(), money.currency.code

    def _is_pair(self, instrument_id: InstrumentId) -> bool:
        return isinstance(self._cache.instrument(instrument_id), CurrencyPair)

    def _last_price(self, instrument_id: InstrumentId) -> Price:
        bars = [
            self._cache.bar(bar_type)
            for bar_type in self._bar_types
            if bar_type.instrument_id == instrument_id
        ]
        return max((bar for bar in bars if bar is not None), key=lambda bar: bar.ts_event).close


def _no_rate_yet(currency: str, base: str, stamp: int) -> MissingExchangeRateError:
    return MissingExchangeRateError(
        f"At {utc(stamp)} no bar of the rate of {currency} in {base} had closed yet.",
        f"Put bars of {currency}/{base} that begin before the run's first trade into the Parquet "
        "catalog, or begin the run later: --start.",
    )
