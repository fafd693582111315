"""Refuses orders for indices, which Nautilus would fill though nobody can trade them."""

from __future__ import annotations

from nautilus_trader.cache.base import CacheFacade
from nautilus_trader.common.component import MessageBus
from nautilus_trader.core.message import Command
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import SubmitOrder, SubmitOrderList
from nautilus_trader.model.events import OrderDenied
from nautilus_trader.model.instruments import IndexInstrument
from nautilus_trader.model.orders import Order
from nautilus_trader.risk.engine import RiskEngine
from nautilus_trader.system.kernel import NautilusKernel

_RISK = "RiskEngine.execute"
_EXECUTION = "ExecEngine.process"


class IndexOrders:
    """Stands before the risk engine, which all orders pass, and denies those for indices.

    The strategy is told as of any order that the risk engine denies. A list of orders of which
    one is for an index is denied as a whole.
    """

    def __init__(self, bus: MessageBus, cache: CacheFacade, risk: RiskEngine) -> None:
        self._bus = bus
        self._cache = cache
        self._risk = risk

    @classmethod
    def refuse(cls, kernel: NautilusKernel) -> None:
        """Refuse them from now on."""
        made = cls(kernel.msgbus, kernel.cache, kernel.risk_engine)
        kernel.msgbus.deregister(_RISK, kernel.risk_engine.execute)
        kernel.msgbus.register(_RISK, made.execute)

    def execute(self, command: Command) -> None:
        """Deny the orders of the command, or pass it on."""
        orders = _orders(command)
        index = next((one for one in orders if self._is_for_index(one)), None)
        if index is None:
            self._risk.execute(command)
            return
        for order in orders:
            self._deny(order, f"{index.instrument_id} is an index, which cannot be traded")

    def _is_for_index(self, order: Order) -> bool:
        return isinstance(self._cache.instrument(order.instrument_id), IndexInstrument)

    def _deny(self, order: Order, reason: str) -> None:
        if not self._cache.order_exists(order.client_order_id):
            self._cache.add_order(order)
        denied = OrderDenied(
            trader_id=order.trader_id,
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            reason=reason,
            event_id=UUID4(),
            ts_init=order.ts_init,
        )
        self._bus.send(endpoint=_EXECUTION, msg=denied)


def _orders(command: Command) -> list[Order]:
    if isinstance(command, SubmitOrder):
        return [command.order]
    return list(command.order_list.orders) if isinstance(command, SubmitOrderList) else []
