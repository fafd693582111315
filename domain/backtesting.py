"""What a backtest is asked for, and what comes out of it."""

from __future__ import annotations

import enum
import itertools
import math
import re
import statistics
from collections import deque
from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, Decimal, InvalidOperation, getcontext
from pathlib import Path

import attrs

from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import BacktestSettingError, MissingExchangeRateError
from domain.instrument import Instrument, Series

_LONGEST = 60

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

    _FORM = re.compile(r"([0-9.]{1,30})\s*(/order|/share|/unit|/contract|%|bp)")
    _MOST = Decimal(10) ** 12

    @classmethod
    def parse(cls, text: str) -> Commission:
        """Return the commission written as `0`, `1.00/order`, `0.005/share`, `0.1%` or `5bp`.

        Raises:
            BacktestSettingError: it is written in no such way, or beyond all measure.
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
                f"{brief(repr(text))} is not a commission.",
                "Write 0, 1.00/order, 0.005/share, 0.1% or 5bp.",
            )
        if amount > cls._MOST:
            raise BacktestSettingError(
                f"The commission {text} is greater than {cls._MOST:,}{match[2]}.",
                "Name less, such as: --commission 1.00/order.",
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
                f"The capital {self.capital} is not a number greater than 0.",
                "Name one: --capital 100000.",
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
    `last_close` bound the bars, in UTC nanoseconds. Among the traded series may be those of
    indices, which the strategy sees and no order can be sent for.
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

    @property
    def funded(self) -> tuple[Instrument, ...]:
        """The instruments that the capital is for, once for each traded series.

        They are those that can be traded, or all, where there are indices only.
        """
        every = [instrument for instrument, _ in self.traded]
        return tuple(one for one in every if one.instrument_class.is_tradable) or tuple(every)

    @property
    def venues(self) -> tuple[str, ...]:
        """The venues that hold an account, in the order of the traded series."""
        return tuple(dict.fromkeys(instrument.id.venue for instrument in self.funded))

    @property
    def base_currency(self) -> str:
        """The currency that profit is counted in.

        Raises:
            BacktestSettingError: none was named and the instruments' currencies differ.
        """
        if self.settings.base_currency is not None:
            return self.settings.base_currency
        quoted = sorted({instrument.currency for instrument in self.funded})
        if len(quoted) == 1:
            return quoted[0]
        raise BacktestSettingError(
            f"The instruments are quoted in {', '.join(quoted) or 'no currency'}; "
            "profit needs one currency to be counted in.",
            "Name it, such as: --base-currency USD.",
        )

    def check_rates(self) -> None:
        """Refuse a run whose profit cannot be counted in the base currency.

        Raises:
            BacktestSettingError: there is no one base currency.
            MissingExchangeRateError: naming the pair whose bars are missing.
        """
        known, base = ExchangeRates(), self.base_currency
        for pair, _ in self.all_series:
            if pair.base_currency is not None:
                known.learn(pair.base_currency, pair.currency, Decimal(1))
        for instrument in self.funded:
            if known.rate(instrument.currency, base) is None:
                raise missing_rate(instrument, base)


@attrs.frozen
class AccountResult:
    """One venue's account: its balance at the start and its equity at the end."""

    venue: str
    start: Decimal
    end: Decimal


@attrs.frozen
class BacktestResult:
    """What a run came to, over the accounts of all venues.

    `bars` counts the bars of the traded series alone; those of exchange rates are none of
    them, and what closes after the last traded bar changes no figure. Amounts are in
    `currency`. `pnl` counts open positions at their last price, converted at the last rate
    known when the last traded bar closed.
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


class ExchangeRates:
    """What currency pairs last traded at; a rate may go over several of them."""

    def __init__(self) -> None:
        self._prices: dict[str, dict[str, Decimal]] = {}

    def learn(self, base: str, quote: str, price: Decimal) -> None:
        """Remember that one `base` costs `price` of `quote`; a price that is no rate is skipped."""
        if price > 0:
            self._prices.setdefault(base, {})[quote] = price
            self._prices.setdefault(quote, {})[base] = 1 / price

    def rate(self, source: str, target: str) -> Decimal | None:
        """Return what one `source` is in `target`, over the fewest pairs, None if unknown."""
        reached, waiting = {source: Decimal(1)}, deque([source])
        while waiting and target not in reached:
            currency = waiting.popleft()
            for neighbour, price in self._prices.get(currency, {}).items():
                if neighbour not in reached:
                    reached[neighbour] = reached[currency] * price
                    waiting.append(neighbour)
        return reached.get(target)


def missing_rate(instrument: Instrument, base: str, when: str = "") -> MissingExchangeRateError:
    """Return the error of an instrument whose currency has no rate in `base`."""
    pair = f"{instrument.currency}/{base}"
    return MissingExchangeRateError(
        f"{instrument.id} is quoted in {instrument.currency} and profit is counted in {base}, "
        f"but no bars of {pair} are at hand{when}.",
        f"Put bars of {pair}.IDEALPRO (or of {base}/{instrument.currency}) for the whole range "
        "into the Parquet catalog: barledger fetch or barledger import-csv.",
    )


def split_capital(capital: Decimal, parts: int, digits: int) -> tuple[Decimal, ...]:
    """Divide `capital` equally to `digits` decimals; what does not divide goes to the first.

    Raises:
        BacktestSettingError: the capital has more decimals than its currency, or too many digits.
    """
    if _has_more_decimals(capital, digits):
        raise BacktestSettingError(
            f"The capital {brief(capital)} has more than {digits} decimals.",
            f"Name an amount with at most {digits} decimals: --capital 100000.",
        )
    if capital.adjusted() + digits >= getcontext().prec:
        raise BacktestSettingError(
            f"The capital {brief(capital)} is too great to be divided exactly.",
            "Name less: --capital 100000.",
        )
    share = (capital / parts).quantize(Decimal(1).scaleb(-digits), ROUND_DOWN)
    return (capital - share * (parts - 1), *[share] * (parts - 1))


def _has_more_decimals(value: Decimal, digits: int) -> bool:
    # By its digits: arithmetic would round what is longer than its context, or less than it holds.
    _, written, exponent = value.as_tuple()
    surplus = -int(exponent) - digits
    return surplus > 0 and any(written[-surplus:])


def brief(value: object) -> str:
    """Return `value` as messages quote what was typed: its beginning, if it is long."""
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


def sharpe_ratio(equity: Sequence[Decimal]) -> float | None:
    """Return the yearly Sharpe ratio of daily equity, the capital at the start being the first.

    The sample deviation over 252 days a year, no risk-free rate; None for fewer than two
    returns, returns that do not vary, or equity that is not greater than 0.
    """
    if len(equity) < 3 or min(equity) <= 0:
        return None
    returns = [float(now / before - 1) for before, now in itertools.pairwise(equity)]
    deviation = statistics.stdev(returns)
    return statistics.fmean(returns) / deviation * math.sqrt(252) if deviation > 0 else None


def max_drawdown(equity: Sequence[Decimal]) -> float | None:
    """Return the greatest fall below an earlier height, as a fraction, 0 or less.

    None where there is no day after the start.
    """
    if len(equity) < 2:
        return None
    height, worst = equity[0], Decimal(0)
    for value in equity:
        height = max(height, value)
        worst = min(worst, value / height - 1)
    return float(worst)
