"""An engine that knows one strategy, in exact decimals."""

from __future__ import annotations

import datetime as dt
import difflib
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_FLOOR, Decimal, DecimalException, InvalidOperation, localcontext

import attrs

from domain.backtesting import (
    AccountResult,
    AccountType,
    BacktestPlan,
    BacktestResult,
    BarChunk,
    Commission,
    CommissionKind,
    ExchangeRates,
    brief,
    max_drawdown,
    missing_rate,
    sharpe_ratio,
    split_capital,
)
from domain.bars import Bars
from domain.errors import (
    BacktestFailedError,
    ExpiredInstrumentError,
    ReportError,
    StrategyParameterError,
    UnknownStrategyError,
)
from domain.instrument import Instrument, InstrumentClass, Series
from domain.venues import venue

_STRATEGY = "buy-and-hold"
_PARAMETER = "trade_size"
_GREATEST_SIZE = Decimal(10) ** 13
_DAY = 86_400_000_000_000


@attrs.frozen
class _Tick:
    """The close of one bar."""

    stamp: int
    order: int
    instrument: Instrument
    traded: bool
    price: Decimal


@attrs.define
class _Account:
    """A venue's account: cash in the base currency, and how much is held, bought at which price."""

    start: Decimal
    cash: Decimal
    held: dict[Instrument, tuple[Decimal, Decimal]] = attrs.field(factory=dict)


class MemoryBacktestEngine:
    """A `BacktestEngine` without Nautilus: it buys on the first bar and holds.

    Orders fill in full at the close. A report is one line of text.
    """

    def check(self, plan: BacktestPlan) -> None:
        """Refuse what cannot run, before any bar is loaded; see the port."""
        plan.check_rates()
        split_capital(plan.settings.capital, len(plan.venues), _digits(plan.base_currency))
        _check_strategy(plan)
        _trade_size(plan)
        for instrument, _ in plan.traded:
            if _expiration(instrument) <= plan.first_open:
                raise _expired(instrument)
        if plan.report and (plan.report.is_dir() or not plan.report.absolute().parent.is_dir()):
            raise _unwritable(plan)

    def run(self, plan: BacktestPlan, chunks: Iterable[BarChunk]) -> BacktestResult:
        """Run the plan over `chunks`; see the port."""
        self.check(plan)
        run = _Run(plan)
        ticks = sorted(_ticks(plan, chunks), key=lambda one: (one.stamp, one.order))
        try:
            for _, closing in itertools.groupby(_until_last_traded(ticks), lambda one: one.stamp):
                run.process(list(closing))
            result = run.result()
        except DecimalException as error:
            raise _too_great() from error
        if plan.report:
            try:
                plan.report.write_text(f"{result.pnl} {result.currency}\n", encoding="utf-8")
            except OSError as error:
                raise _unwritable(plan) from error
        return result


class _Run:
    """What one run has come to so far."""

    def __init__(self, plan: BacktestPlan) -> None:
        self._plan = plan
        self._base = plan.base_currency
        shares = split_capital(plan.settings.capital, len(plan.venues), _digits(self._base))
        parts = dict(zip(plan.venues, shares, strict=True))
        self._accounts = {name: _Account(share, share) for name, share in parts.items()}
        self._instruments = Counter(instrument.id.venue for instrument in plan.funded)
        self._is_cash = plan.settings.account is AccountType.CASH
        self._rates = ExchangeRates()
        self._prices: dict[Instrument, Decimal] = {}
        self._bars = self._orders = 0
        self._refused: Counter[str] = Counter()
        self._days: dict[int, Decimal] = {}

    def process(self, closing: Sequence[_Tick]) -> None:
        """Take the bars that close at one instant into account, rates first."""
        self._bars += sum(tick.traded for tick in closing)
        for tick in closing:
            pair = tick.instrument
            if pair.base_currency is not None:
                self._rates.learn(pair.base_currency, pair.currency, tick.price)
        for tick in closing:
            if tick.traded:
                self._trade(tick)

    def _trade(self, tick: _Tick) -> None:
        is_first = tick.instrument not in self._prices
        self._prices[tick.instrument] = tick.price
        if is_first:
            self._buy(tick.instrument, tick.price)
        self._days[(tick.stamp - 1) // _DAY] = self._equity()

    def result(self) -> BacktestResult:
        """Return what the run came to."""
        cent = Decimal(1).scaleb(-_digits(self._base))
        accounts = tuple(
            AccountResult(name, account.start.quantize(cent), self._worth(account).quantize(cent))
            for name, account in self._accounts.items()
        )
        pnl = sum((account.end - account.start for account in accounts), Decimal(0))
        capital = self._plan.settings.capital
        equity = [capital, *self._days.values()]
        return BacktestResult(
            bars=self._bars,
            orders=self._orders,
            positions=self._orders - self._refused.total(),
            currency=self._base,
            accounts=accounts,
            pnl=pnl,
            pnl_percent=float(pnl / capital * 100),
            sharpe=sharpe_ratio(equity),
            max_drawdown=max_drawdown(equity),
            refused_orders=dict(self._refused),
            assumptions=("Orders fill in full at the close of the bar on which they are sent.",),
        )

    def _buy(self, instrument: Instrument, price: Decimal) -> None:
        self._orders += 1
        if not instrument.instrument_class.is_tradable:
            self._refused[f"{instrument.id} is an index, which cannot be traded"] += 1
            return
        account = self._accounts[instrument.id.venue]
        rate = self._rate(instrument)
        cost = price * instrument.multiplier * rate
        size = _trade_size(self._plan) or self._default_size(instrument, cost)
        commission = self._plan.settings.commission
        account.cash -= rate * _charge(commission, size, size * price * instrument.multiplier)
        account.held[instrument] = (size, price)
        if self._is_cash:
            account.cash -= size * cost
        if self._is_cash and account.cash < 0:
            raise BacktestFailedError(
                f"The strategy {_STRATEGY} ran out of money.",
                "Give it more (--capital) or let it borrow: --account margin.",
            )

    def _default_size(self, instrument: Instrument, cost: Decimal) -> Decimal:
        account = self._accounts[instrument.id.venue]
        share = account.start / self._instruments[instrument.id.venue]
        steps = (share / (cost * instrument.size_step)).to_integral_value(ROUND_FLOOR)
        if steps <= 0:
            raise BacktestFailedError(
                f"The capital does not pay for one unit of {instrument.id}.",
                "Name a size (--param trade_size=1) or more capital (--capital).",
            )
        return steps * instrument.size_step

    def _equity(self) -> Decimal:
        return sum((self._worth(account) for account in self._accounts.values()), Decimal(0))

    def _worth(self, account: _Account) -> Decimal:
        """Return cash and what is held, which a cash account has paid for in full."""
        worth = account.cash
        for instrument, (size, bought_at) in account.held.items():
            gain = self._prices[instrument] - (0 if self._is_cash else bought_at)
            worth += size * gain * instrument.multiplier * self._rate(instrument)
        return worth

    def _rate(self, instrument: Instrument) -> Decimal:
        rate = self._rates.rate(instrument.currency, self._base)
        if rate is None:
            raise missing_rate(instrument, self._base, " yet")
        return rate


def _ticks(plan: BacktestPlan, chunks: Iterable[BarChunk]) -> Iterator[_Tick]:
    series = [*((*one, False) for one in plan.rates), *((*one, True) for one in plan.traded)]
    for held in chunks:
        for order, (instrument, bar_type, traded) in enumerate(series):
            bars = held.get(Series(instrument.id, bar_type), Bars.empty())
            if len(bars) and int(bars.ts_event[-1]) > _expiration(instrument):
                raise _expired(instrument)
            for stamp, close in zip(bars.ts_event.tolist(), bars.close.tolist(), strict=True):
                price = Decimal(close).scaleb(-bars.price_precision)
                yield _Tick(stamp, order, instrument, traded, price)


def _until_last_traded(ticks: Sequence[_Tick]) -> list[_Tick]:
    last = max((tick.stamp for tick in ticks if tick.traded), default=0)
    return [tick for tick in ticks if tick.stamp <= last]


def _too_great() -> BacktestFailedError:
    return BacktestFailedError(
        "An amount is too great to be counted exactly.",
        "Trade less (--param trade_size=…) or with a lower commission (--commission).",
    )


def _check_strategy(plan: BacktestPlan) -> None:
    if plan.strategy.name != _STRATEGY:
        raise UnknownStrategyError(
            f"There is no strategy {plan.strategy.name!r}.", f"Did you mean {_STRATEGY}?"
        )
    for name in plan.strategy.params:
        if name != _PARAMETER:
            near = difflib.get_close_matches(name, [_PARAMETER])
            raise StrategyParameterError(
                f"The strategy {_STRATEGY} has no parameter {name!r}.",
                f"Did you mean {_PARAMETER}?" if near else f"It has {_PARAMETER}.",
            )


def _trade_size(plan: BacktestPlan) -> Decimal | None:
    text = plan.strategy.params.get(_PARAMETER)
    if text is None:
        return None
    try:
        size = Decimal(text)
    except InvalidOperation as error:
        raise _no_size(text) from error
    if not size.is_finite() or not 0 < size <= _GREATEST_SIZE:
        raise _no_size(text)
    steps = [instrument.size_step for instrument, _ in plan.traded]
    with localcontext(prec=100):
        if any(size < step or size % step for step in steps):
            raise _no_size(text)
    return size


def _no_size(text: str) -> StrategyParameterError:
    return StrategyParameterError(
        f"{brief(repr(text))} is not a value of the parameter {_PARAMETER}.", "Name one: 100."
    )


def _charge(commission: Commission, size: Decimal, value: Decimal) -> Decimal:
    return {
        CommissionKind.NONE: Decimal(0),
        CommissionKind.PER_ORDER: commission.amount,
        CommissionKind.PER_UNIT: commission.amount * size,
        CommissionKind.RATE: commission.amount * value,
    }[commission.kind]


def _digits(currency: str) -> int:
    return 0 if currency in ("JPY", "KRW") else 2


def _expiration(instrument: Instrument) -> int:
    if instrument.instrument_class is not InstrumentClass.FUTURE or instrument.expiry is None:
        return 2**63
    after = instrument.expiry + dt.timedelta(days=1)
    midnight = dt.datetime.combine(after, dt.time(), venue(instrument.id.venue).tzinfo)
    return int(midnight.timestamp()) * 1_000_000_000


def _expired(instrument: Instrument) -> ExpiredInstrumentError:
    return ExpiredInstrumentError(
        f"{instrument.id} expires on {instrument.expiry}, before its bars end.",
        "Correct the expiry or choose a range that ends with it.",
    )


def _unwritable(plan: BacktestPlan) -> ReportError:
    return ReportError(
        f"The report {plan.report} cannot be written.", "Name a file in a directory that exists."
    )
