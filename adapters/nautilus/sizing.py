"""How much the built-in strategies trade by default."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import ROUND_FLOOR, Decimal

from nautilus_trader.model.instruments import IndexInstrument, Instrument
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
        parts = Counter(instrument.id.venue for instrument in plan.funded)
        self._shares = {venue: capital[venue] / parts[venue] for venue in capital}
        self._base = plan.base_currency
        self._commission = plan.settings.commission
        self._rate = rate
        self.chosen: dict[str, Decimal] = {}

    def size(self, instrument: Instrument, price: Price) -> Decimal:
        """Return the size, a multiple of the instrument's size step.

        Of an index, for which no order is taken, it is one step.

        Raises:
            BacktestFailedError: the share does not pay for the least size.
            MissingExchangeRateError: the price cannot be converted yet.
        """
        if isinstance(instrument, IndexInstrument):
            least: Decimal = instrument.size_increment.as_decimal()
            return least
        venue = instrument.id.venue.value
        share = self._shares[venue] / self._rate(instrument.quote_currency.code, venue)
        step = instrument.size_increment.as_decimal()
        value = _unit_value(instrument, price)
        if value <= 0:
            raise _no_price(instrument, price)
        by_unit, by_order = _commissions(self._commission, value)
        steps = (share - by_order) / ((value + by_unit) * step)
        size: Decimal = steps.to_integral_value(ROUND_FLOOR) * step
        if size <= 0:
            raise _cannot_pay(instrument, value * step, by_unit * step + by_order, share)
        self.chosen[str(instrument.id)] = size
        return size


def _no_price(instrument: Instrument, price: Price) -> BacktestFailedError:
    return BacktestFailedError(
        f"The price of {instrument.id} is {price}, at which a share of the capital buys no "
        "particular size.",
        "Name a size: --param trade_size=1.",
    )


def _cannot_pay(
    instrument: Instrument, value: Decimal, commission: Decimal, share: Decimal
) -> BacktestFailedError:
    quote = instrument.quote_currency.code
    held = f"its share of the capital, {share:,.2f} {quote}"
    if commission > share:
        return BacktestFailedError(
            f"The commission on the least that can be bought of {instrument.id}, "
            f"{commission:,.2f} {quote}, is more than {held}.",
            "Name a lower commission (--commission) or more capital (--capital).",
        )
    extra = f" and its commission {commission:,.2f} {quote}" if commission else ""
    return BacktestFailedError(
        f"The least that can be bought of {instrument.id} costs {value:,.2f} {quote}{extra}, "
        f"more than {held}.",
        "Name a size (--param trade_size=1) or more capital (--capital).",
    )


def _unit_value(instrument: Instrument, price: Price) -> Decimal:
    worst = price.as_decimal() + _TICKS_OF_SLIPPAGE * instrument.price_increment.as_decimal()
    value: Decimal = worst * instrument.multiplier.as_decimal()
    return value


def _commissions(commission: Commission, value: Decimal) -> tuple[Decimal, Decimal]:
    """Return what is charged on each unit, worth `value`, and on the order as a whole."""
    if commission.kind is CommissionKind.PER_ORDER:
        return Decimal(0), commission.amount
    is_rate = commission.kind is CommissionKind.RATE
    return commission.amount * (value if is_rate else 1), Decimal(0)
