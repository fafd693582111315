"""How much the built-in strategies trade by default."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import ROUND_FLOOR, Decimal

from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price

from domain.backtesting import BacktestPlan, Commission, CommissionKind
from domain.errors import BacktestFailedError

# The rest of an order that is larger than the bar's liquidity fills one tick worse, and so
# does a fill that slips.
_TICKS_OF_SLIPPAGE = 2


class EqualShares:
    """As many units as an equal share of an account's capital pays for at the first close.

    Commission and slippage are paid from the share too, so that a cash account never runs
    out. `capital` is each venue's, `rate` that of a currency at a venue, in the base currency.
    """

    def __init__(
        self,
        plan: BacktestPlan,
        capital: Mapping[str, Decimal],
        rate: Callable[[str, str], Decimal],
    ) -> None:
        parts = Counter(instrument.id.venue for instrument, _ in plan.traded)
        self._shares = {venue: capital[venue] / parts[venue] for venue in capital}
        self._base = plan.base_currency
        self._commission = plan.settings.commission
        self._rate = rate
        self.chosen: dict[str, Decimal] = {}

    def size(self, instrument: Instrument, price: Price) -> Decimal:
        """Return the size, a multiple of the instrument's size step.

        Raises:
            BacktestFailedError: the share does not pay for the least size.
            MissingExchangeRateError: the price cannot be converted yet.
        """
        venue = instrument.id.venue.value
        share = self._shares[venue] / self._rate(instrument.quote_currency.code, venue)
        step = instrument.size_increment.as_decimal()
        cost = _unit_cost(instrument, price, self._commission)
        steps = (share - _order_cost(self._commission)) / (cost * step) if cost > 0 else Decimal(0)
        size: Decimal = steps.to_integral_value(ROUND_FLOOR) * step
        if size <= 0:
            raise self._cannot_pay(instrument, cost * step, share)
        self.chosen[str(instrument.id)] = size
        return size

    def _cannot_pay(
        self, instrument: Instrument, cost: Decimal, share: Decimal
    ) -> BacktestFailedError:
        quote = instrument.quote_currency.code
        return BacktestFailedError(
            f"The least that can be bought of {instrument.id} costs {cost:,.2f} {quote}, but its "
            f"share of the capital is {share:,.2f} {quote}.",
            "Name a size (--param trade_size=1) or more capital (--capital).",
        )


def _unit_cost(instrument: Instrument, price: Price, commission: Commission) -> Decimal:
    worst = price.as_decimal() + _TICKS_OF_SLIPPAGE * instrument.price_increment.as_decimal()
    value: Decimal = worst * instrument.multiplier.as_decimal()
    if commission.kind is CommissionKind.RATE:
        return value * (1 + commission.amount)
    return value + (commission.amount if commission.kind is CommissionKind.PER_UNIT else 0)


def _order_cost(commission: Commission) -> Decimal:
    return commission.amount if commission.kind is CommissionKind.PER_ORDER else Decimal(0)
