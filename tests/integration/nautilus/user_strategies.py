"""Strategies as users write them; tests name them as `tests.integration…:Class`."""

from __future__ import annotations

import builtins
from decimal import Decimal
from typing import ClassVar

import pandas as pd
from nautilus_trader.common.component import TimeEvent
from nautilus_trader.common.config import PositiveInt
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import OrderSide, TimeInForce
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price
from nautilus_trader.trading.config import StrategyConfig
from nautilus_trader.trading.strategy import Strategy


class ScriptConfig(StrategyConfig, frozen=True):
    """`script` lists signed sizes, one a bar: buy, sell (less than 0) or nothing (0)."""

    instrument_id: InstrumentId
    bar_type: BarType
    script: list[int]
    limit: Decimal | None = None


class Scripted(Strategy):
    """Sends the orders of its script, one on each bar, and tells of its fills and portfolio."""

    fills: ClassVar[list[tuple[str, int, str, str, str]]] = []
    profits: ClassVar[list[str]] = []

    def __init__(self, config: ScriptConfig) -> None:
        super().__init__(config)
        self._script = list(config.script)

    def on_start(self) -> None:
        self.subscribe_bars(self.config.bar_type)

    def on_bar(self, bar: Bar) -> None:
        self.profits.append(str(self.portfolio.total_pnl(self.config.instrument_id)))
        size = self._script.pop(0) if self._script else 0
        if size:
            instrument = self.cache.instrument(self.config.instrument_id)
            side = OrderSide.BUY if size > 0 else OrderSide.SELL
            quantity = instrument.make_qty(abs(size))
            if self.config.limit is None:
                order = self.order_factory.market(instrument.id, side, quantity)
            else:
                price = Price(self.config.limit, instrument.price_precision)
                order = self.order_factory.limit(instrument.id, side, quantity, price)
            self.submit_order(order)

    def on_order_filled(self, event: object) -> None:
        self.fills.append(
            (
                str(event.instrument_id),
                event.ts_event,
                str(event.last_qty),
                str(event.last_px),
                str(event.commission),
            )
        )


class BracketConfig(StrategyConfig, frozen=True):
    """What takes one series and nothing else."""

    instrument_id: InstrumentId
    bar_type: BarType


class Bracketing(Strategy):
    """Sends an entry with its stop and its target, once."""

    def __init__(self, config: BracketConfig) -> None:
        super().__init__(config)
        self._has_sent = False

    def on_start(self) -> None:
        self.subscribe_bars(self.config.bar_type)

    def on_bar(self, bar: Bar) -> None:
        if self._has_sent:
            return
        self._has_sent = True
        instrument = self.cache.instrument(self.config.instrument_id)
        self.submit_order_list(
            self.order_factory.bracket(
                instrument.id,
                OrderSide.BUY,
                instrument.make_qty(1),
                sl_trigger_price=instrument.make_price(bar.close.as_double() / 2),
                tp_price=instrument.make_price(bar.close.as_double() * 2),
            )
        )


class PortfolioConfig(StrategyConfig, frozen=True):
    """What takes all instruments at once."""

    instrument_ids: list[InstrumentId]
    bar_types: tuple[BarType, ...]


class WholePortfolio(Strategy):
    """One strategy for all instruments: buys one of each on its first bar."""

    made: ClassVar[list[PortfolioConfig]] = []

    def __init__(self, config: PortfolioConfig) -> None:
        super().__init__(config)
        self.made.append(config)

    def on_start(self) -> None:
        for bar_type in self.config.bar_types:
            self.subscribe_bars(bar_type)

    def on_bar(self, bar: Bar) -> None:
        instrument = self.cache.instrument(bar.bar_type.instrument_id)
        if self.portfolio.is_flat(instrument.id):
            one = instrument.make_qty(1)
            self.submit_order(self.order_factory.market(instrument.id, OrderSide.BUY, one))


class LateBuyer(Strategy):
    """On every bar of the last series it buys one of the first instrument."""

    def __init__(self, config: PortfolioConfig) -> None:
        super().__init__(config)

    def on_start(self) -> None:
        self.subscribe_bars(self.config.bar_types[-1])

    def on_bar(self, bar: Bar) -> None:
        instrument = self.cache.instrument(self.config.instrument_ids[0])
        one = instrument.make_qty(1)
        self.submit_order(self.order_factory.market(instrument.id, OrderSide.BUY, one))


class TypedConfig(StrategyConfig, frozen=True):
    """A parameter of each kind."""

    bar_type: BarType
    count: PositiveInt
    share: float = 0.5
    size: Decimal | None = None
    is_bold: bool = False
    label: str = ""
    force: TimeInForce | None = None
    days: list[int] = []  # noqa: RUF012 (msgspec copies it)
    pause: pd.Timedelta | None = None


class Typed(Strategy):
    """Keeps its config for all to see."""

    made: ClassVar[list[TypedConfig]] = []

    def __init__(self, config: TypedConfig) -> None:
        if config.share > 1:
            raise ValueError(f"share {config.share} is greater than 1")
        super().__init__(config)
        self.made.append(config)


class Bare(Strategy):
    """Takes no config at all."""

    def __init__(self) -> None:
        super().__init__()


class Plain(Strategy):
    """Has no `__init__` of its own."""


class Untold(Strategy):
    """Takes something that is no config."""

    def __init__(self, config: dict[str, str]) -> None:
        super().__init__()


class NoStrategy:
    """Is something else."""


class Evil(BaseException):
    """What no `except Exception` catches."""


class FailingConfig(StrategyConfig, frozen=True):
    """Says where to fail, and with which exception."""

    bar_type: BarType
    where: str
    how: str = "LookupError"


class Failing(Strategy):
    """Raises where its config says."""

    def __init__(self, config: FailingConfig) -> None:
        super().__init__(config)

    def on_start(self) -> None:
        print("the strategy starts")  # noqa: T201 (users do)
        self.subscribe_bars(self.config.bar_type)
        self._fail("on_start")

    def on_bar(self, bar: Bar) -> None:
        if self.config.where == "exit":
            raise SystemExit(3)
        self._fail("on_bar")

    def on_stop(self) -> None:
        self._fail("on_stop")

    def on_dispose(self) -> None:
        self._fail("on_dispose")

    def _fail(self, where: str) -> None:
        if where == self.config.where:
            kind = Evil if self.config.how == "Evil" else getattr(builtins, self.config.how)
            raise kind(f"broken in {where}")


class WatcherConfig(StrategyConfig, frozen=True):
    """The series to watch and the instants, in UTC nanoseconds, at which to look at it."""

    bar_type: BarType
    alerts: list[int]


class Watcher(Strategy):
    """Notes what it can know, and when."""

    seen_at_alerts: ClassVar[dict[int, int]] = {}
    seen_on_bars: ClassVar[list[tuple[int, int]]] = []

    def __init__(self, config: WatcherConfig) -> None:
        super().__init__(config)

    def on_start(self) -> None:
        self.subscribe_bars(self.config.bar_type)
        for number, alert in enumerate(self.config.alerts):
            self.clock.set_time_alert_ns(f"look-{number}", alert, self._look)

    def on_bar(self, bar: Bar) -> None:
        newest = max(each.ts_event for each in self.cache.bars(self.config.bar_type))
        self.seen_on_bars.append((newest, self.clock.timestamp_ns()))

    def _look(self, event: TimeEvent) -> None:
        bar = self.cache.bar(self.config.bar_type)
        self.seen_at_alerts[event.ts_event] = bar.ts_event if bar else 0
