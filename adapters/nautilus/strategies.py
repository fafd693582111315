"""The strategies that are built in."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from nautilus_trader.examples.strategies.ema_cross import EMACross, EMACrossConfig
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.trading.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy

# Nautilus keeps periods in 32 bits.
_LONGEST_PERIOD = 2**31 - 1


class Sizer(Protocol):
    """Decides how much a strategy trades when nobody has said."""

    def size(self, instrument: Instrument, price: Price) -> Decimal:
        """Return how many units of `instrument` to trade at `price`."""


class Sized:
    """A strategy whose `trade_size` is left to `sizer` when its config names none."""

    sizer: Sizer | None = None
    _size: Decimal | None = None

    def size_at(self, wanted: Decimal | None, instrument: Instrument, price: Price) -> Quantity:
        """Return the size of an order, the same for the whole run."""
        if wanted is None and self._size is None and self.sizer is not None:
            self._size = self.sizer.size(instrument, price)
        return instrument.make_qty(self._size if wanted is None else wanted)


class BuyAndHoldConfig(StrategyConfig, frozen=True):
    """`trade_size` in units of the instrument; None for an equal share of the capital."""

    instrument_id: InstrumentId
    bar_type: BarType
    trade_size: Decimal | None = None


class BuyAndHold(Sized, Strategy):  # type: ignore[misc]
    """Buys on the first bar of its instrument and holds until the end."""

    def __init__(self, config: BuyAndHoldConfig) -> None:
        super().__init__(config)
        self._has_bought = False

    def on_start(self) -> None:
        """Ask for the bars."""
        self.subscribe_bars(self.config.bar_type)

    def on_bar(self, bar: Bar) -> None:
        """Buy once."""
        if self._has_bought:
            return
        self._has_bought = True
        instrument = self.cache.instrument(self.config.instrument_id)
        quantity = self.size_at(self.config.trade_size, instrument, bar.close)
        self.submit_order(
            self.order_factory.market(self.config.instrument_id, OrderSide.BUY, quantity)
        )


class EmaCrossConfig(EMACrossConfig, frozen=True):
    """Nautilus's example, which neither asks for history before the run nor for trades."""

    trade_size: Decimal | None = None  # type: ignore[assignment]
    subscribe_trade_ticks: bool = False
    request_bars: bool = False


class EmaCross(Sized, EMACross):
    """Is long while the fast average is above the slow one, else short; flat at the end."""

    def __init__(self, config: EmaCrossConfig) -> None:
        fast, slow = config.fast_ema_period, config.slow_ema_period
        if max(fast, slow) > _LONGEST_PERIOD:
            raise ValueError(f"a period is greater than {_LONGEST_PERIOD:,}")
        if fast >= slow:  # Nautilus refuses it too, with a message that has not been filled in
            raise ValueError(f"fast_ema_period {fast} is not less than slow_ema_period {slow}")
        super().__init__(config)

    def create_order_qty(self) -> Quantity:
        """Return the size of the next order."""
        price = self.cache.bar(self.config.bar_type).close
        return self.size_at(self.config.trade_size, self.instrument, price)


BUILT_IN: dict[str, type[Strategy]] = {"buy-and-hold": BuyAndHold, "ema-cross": EmaCross}
