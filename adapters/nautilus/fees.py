"""Commission as the settings name it, and the guard that a fill can be booked."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from nautilus_trader.backtest.models import FeeModel
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.model.orders import Order

from domain.backtesting import Commission, CommissionKind

BeforeFill = Callable[[Instrument, Quantity, Price, Decimal], None]
"""Is given the instrument, quantity, price and commission of a fill that is to be booked."""


class CommissionModel(FeeModel):  # type: ignore[misc]
    """Charges each fill in its quote currency; `before_fill` may refuse the fill by raising.

    Nautilus's own fixed fee is in one currency for a whole venue, and its rates belong to the
    instrument; one commission for all instruments needs a model of its own.
    """

    def __init__(self, commission: Commission, before_fill: BeforeFill) -> None:
        self._commission = commission
        self._before_fill = before_fill
        self._charged: set[ClientOrderId] = set()

    def get_commission(
        self, order: Order, fill_qty: Quantity, fill_px: Price, instrument: Instrument
    ) -> Money:
        """Return what one fill costs, rounded to the quote currency's decimals."""
        amount = self._amount(order, fill_qty, fill_px, instrument)
        self._before_fill(instrument, fill_qty, fill_px, amount)
        return Money(amount, instrument.quote_currency)

    def _amount(
        self, order: Order, fill_qty: Quantity, fill_px: Price, instrument: Instrument
    ) -> Decimal:
        charge = self._commission
        if charge.kind is CommissionKind.RATE:
            value: Decimal = instrument.notional_value(fill_qty, fill_px).as_decimal()
            return abs(value) * charge.amount
        if charge.kind is CommissionKind.PER_UNIT:
            quantity: Decimal = fill_qty.as_decimal()
            return charge.amount * quantity
        if charge.kind is CommissionKind.PER_ORDER and order.client_order_id not in self._charged:
            self._charged.add(order.client_order_id)
            return charge.amount
        return Decimal(0)
