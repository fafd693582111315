"""What a backtest is asked for, and what comes out of it."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

import attrs

from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import BacktestSettingError
from domain.instrument import Instrument, Series

BarChunk = Mapping[Series, Bars]
"""The bars of one stretch of time, by series; the next chunk begins where it ends."""


class OmsType(enum.Enum):
    """Whether fills of one instrument make one position (netting) or one each (hedging)."""

    NETTING = "netting"
    HEDGING = "hedging"


class AccountType(enum.Enum):
    """Whether orders are paid in full from cash, or on margin, which allows to sell short."""

    CASH = "cash"
    MARGIN = "margin"


class CommissionKind(enum.Enum):
    """What a commission is charged on."""

    NONE = "none"
    PER_ORDER = "order"
    PER_UNIT = "unit"
    RATE = "rate"


@attrs.frozen
class Commission:
    """What a fill costs: an amount in the quote currency, or a share of the fill's value."""

    kind: CommissionKind = CommissionKind.NONE
    amount: Decimal = Decimal(0)

    _FORM = re.compile(r"([0-9.]+)\s*(/order|/share|/unit|/contract|%|bp)")

    @classmethod
    def parse(cls, text: str) -> Commission:
        """Return the commission written as `0`, `1.00/order`, `0.005/share`, `0.1%` or `5bp`.

        Raises:
            BacktestSettingError: it is written in no such way.
        """
        text = text.strip().lower()
        if text in ("0", "none"):
            return cls()
        match = cls._FORM.fullmatch(text)
        try:
            amount = Decimal(match[1]) if match else None
        except InvalidOperation:
            amount = None
        if match is None or amount is None:
            raise BacktestSettingError(
                f"{text!r} is not a commission.",
                "Write 0, 1.00/order, 0.005/share, 0.1% or 5bp.",
            )
        if match[2] == "/order":
            return cls(CommissionKind.PER_ORDER, amount)
        if match[2] in ("%", "bp"):
            return cls(CommissionKind.RATE, amount / (100 if match[2] == "%" else 10_000))
        return cls(CommissionKind.PER_UNIT, amount)

    def __str__(self) -> str:
        if self.kind is CommissionKind.NONE:
            return "none"
        if self.kind is CommissionKind.RATE:
            return f"{(self.amount * 100).normalize():f}% of each fill's value"
        return f"{self.amount} for each {self.kind.value}"


@attrs.frozen
class Settings:
    """What a run assumes. `capital` is in the base currency and for the portfolio as a whole.

    `base_currency` None stands for the currency that all instruments are quoted in.
    `slippage` is the probability, 0 to 1, that a fill is one tick worse than the price.
    """

    capital: Decimal = Decimal(100_000)
    oms: OmsType = OmsType.NETTING
    account: AccountType = AccountType.MARGIN
    base_currency: str | None = None
    commission: Commission = Commission()
    slippage: float = 0.0

    def __attrs_post_init__(self) -> None:
        if not self.capital.is_finite() or self.capital <= 0:
            raise BacktestSettingError(
                f"The capital {self.capital} is not greater than 0.", "Name one: --capital 100000."
            )
        if not 0 <= self.slippage <= 1:
            raise BacktestSettingError(
                f"The slippage {self.slippage} is not a probability.",
                "Name a number from 0 to 1: --slippage 0.5.",
            )


@attrs.frozen
class StrategySpec:
    """A strategy by name or as `module:Class`, and its parameters as they were typed."""

    name: str
    params: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen
class BacktestPlan:
    """All that an engine must know before the first bar.

    `traded` are the series that the strategy runs on, `rates` those that only convert
    currencies. Instruments carry the precisions that their bars need. `first_open` and
    `last_close` bound the bars, in UTC nanoseconds.
    """

    strategy: StrategySpec
    settings: Settings
    traded: tuple[tuple[Instrument, BarType], ...]
    rates: tuple[tuple[Instrument, BarType], ...]
    first_open: int
    last_close: int
    report: Path | None = None

    @property
    def all_series(self) -> tuple[tuple[Instrument, BarType], ...]:
        """Every instrument with the bar type that it is loaded in."""
        return (*self.traded, *self.rates)


@attrs.frozen
class AccountResult:
    """One venue's account: its balance at the start and its equity at the end."""

    venue: str
    start: Decimal
    end: Decimal


@attrs.frozen
class BacktestResult:
    """What a run came to, over the accounts of all venues.

    Amounts are in `currency`. `pnl` counts open positions at their last price.
    `sharpe` (of daily returns, 252 days a year) and `max_drawdown` (a fraction, 0 or less)
    are None where there is nothing to compute them from. `refused_orders` counts, by reason,
    the orders that the engine denied or rejected. `assumptions` are sentences to be shown.
    """

    bars: int
    orders: int
    positions: int
    currency: str
    accounts: tuple[AccountResult, ...]
    pnl: Decimal
    pnl_percent: float
    sharpe: float | None
    max_drawdown: float | None
    refused_orders: Mapping[str, int]
    assumptions: tuple[str, ...]
