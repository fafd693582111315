"""One run: a Nautilus engine with its venues, instruments, data and strategies."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import FillModel
from nautilus_trader.common.config import LoggingConfig
from nautilus_trader.model.data import Bar
from nautilus_trader.model.enums import AccountType as NautilusAccountType
from nautilus_trader.model.enums import OmsType as NautilusOmsType
from nautilus_trader.model.identifiers import TraderId, Venue
from nautilus_trader.model.objects import Currency, Money
from nautilus_trader.risk.config import RiskEngineConfig
from nautilus_trader.trading.strategy import Strategy

from adapters.nautilus.accounts import Accounts
from adapters.nautilus.analyzer import LinearAnalyzer
from adapters.nautilus.bars import nautilus_bar_type, nautilus_bars
from adapters.nautilus.capital import base_currency_of, capital_by_venue
from adapters.nautilus.chunks import in_time_order, until_last_traded
from adapters.nautilus.equity import EquityRecorder
from adapters.nautilus.failures import utc
from adapters.nautilus.fees import CommissionModel
from adapters.nautilus.index_orders import IndexOrders
from adapters.nautilus.instruments import expiration, nautilus_instrument, size_precision
from adapters.nautilus.limits import FillLimits
from adapters.nautilus.rates import RateFeed, foreign_currencies, holds_many_currencies
from adapters.nautilus.sizing import EqualShares
from adapters.nautilus.strategies import Sized
from domain.backtesting import AccountType, BacktestPlan, BarChunk, OmsType
from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import ExpiredInstrumentError, PrecisionError
from domain.instrument import Instrument, Series

RANDOM_SEED = 42
# Nautilus denies more than 100 orders a second, which a portfolio of daily bars exceeds: all of
# its orders fall on one instant.
_NO_ORDER_LIMIT = "1000000000/00:00:01"


class Simulation:
    """Runs the strategies of a plan; it is to be disposed of, whatever happens."""

    def __init__(self, plan: BacktestPlan) -> None:
        self._plan = plan
        # First, because it makes coins known to Nautilus that the accounts are to hold.
        self._instruments = [
            nautilus_instrument(one) for one in dict.fromkeys(one for one, _ in plan.traded)
        ]
        self.base = base_currency_of(plan)
        self.capital = capital_by_venue(plan, self.base)
        self.bars = 0
        self.first_close = 0
        self._feed = RateFeed(plan)
        self._bar_types = {
            Series(instrument.id, bar_type): nautilus_bar_type(instrument, bar_type)
            for instrument, bar_type in plan.traded
        }
        self.engine = BacktestEngine(_config())
        self.analyzer = LinearAnalyzer.adopt(self.engine.portfolio.analyzer)
        self.accounts = Accounts(self.engine.cache, tuple(self._bar_types.values()), self.base.code)
        self._limits = FillLimits(self.engine.cache, self.accounts.rate)
        self.recorder = EquityRecorder(self._equity, self.accounts.last_close)
        self.shares = EqualShares(plan, self.capital, self.accounts.rate)
        self._add_venues()
        self._add_instruments()
        if any(not one.instrument_class.is_tradable for one, _ in plan.traded):
            IndexOrders.refuse(self.engine.kernel)
        self.engine.add_actor(self.recorder)

    def add_strategies(self, strategies: Iterable[Strategy]) -> None:
        """Add the strategies; those that are built in get their default size from the capital."""
        for strategy in strategies:
            if isinstance(strategy, Sized):
                strategy.sizer = self.shares
            self.engine.add_strategy(strategy)

    def run(self, chunks: Iterable[BarChunk]) -> None:
        """Process all chunks in order of time, one in memory at a time, and end the run."""
        for chunk in until_last_traded(in_time_order(chunks), self._bar_types.keys()):
            traded = self._traded_bars(chunk)
            data = [*self._feed.quotes(chunk), *traded]
            if traded and not self.bars:
                self.first_close = min(bar.ts_event for bar in traded)
            self.bars += len(traded)
            if data:
                self.engine.add_data(data, validate=False)
                self.engine.run(streaming=True)
                self.engine.clear_data()
        if self.bars:
            self.engine.end()
            self.recorder.finish()

    def now(self) -> int:
        """Return the simulated time in UTC nanoseconds."""
        return int(self.engine.kernel.clock.timestamp_ns())

    def dispose(self) -> None:
        """Free what the engine holds."""
        self.engine.dispose()

    def _equity(self) -> Decimal:
        return sum((self.accounts.equity(venue) for venue in self._plan.venues), Decimal(0))

    def _traded_bars(self, chunk: BarChunk) -> list[Bar]:
        """Return the chunk's bars by series, in the plan's order; Nautilus sorts them by time."""
        return [
            bar
            for instrument, bar_type in self._plan.traded
            for bar in self._converted(instrument, bar_type, chunk)
        ]

    def _converted(self, instrument: Instrument, bar_type: BarType, chunk: BarChunk) -> list[Bar]:
        series = Series(instrument.id, bar_type)
        bars = chunk.get(series)
        if bars is None or not len(bars):
            return []
        _check_expiry(instrument, bars)
        return nautilus_bars(_at_precision_of(instrument, bars), self._bar_types[series])

    def _add_venues(self) -> None:
        settings = self._plan.settings
        # One model for all venues: each new one would set the random numbers back to the start.
        fills = FillModel(prob_slippage=settings.slippage, random_seed=RANDOM_SEED)
        fees = CommissionModel(settings.commission, self._limits.check)
        for venue in dict.fromkeys(one.id.venue for one, _ in self._plan.traded):
            is_multi = holds_many_currencies(self._plan, venue)
            self.engine.add_venue(
                venue=Venue(venue),
                oms_type=_OMS[settings.oms],
                account_type=_ACCOUNTS[settings.account],
                base_currency=None if is_multi else self.base,
                starting_balances=self._balances(venue, is_multi=is_multi),
                default_leverage=Decimal(1),
                fill_model=fills,
                fee_model=fees,
            )

    def _balances(self, venue: str, *, is_multi: bool) -> list[Money]:
        # Nautilus wants an account at a venue of which only indices are looked at: an empty one.
        balances = [Money(self.capital.get(venue, Decimal(0)), self.base)]
        if is_multi:
            # Nautilus books nothing in a currency that an account has never had.
            balances += [
                Money(0, Currency.from_internal_map(code))
                for code in foreign_currencies(self._plan, venue)
            ]
        return balances

    def _add_instruments(self) -> None:
        for instrument in self._instruments:
            self.engine.add_instrument(instrument)
        for pair in self._feed.instruments():
            # Not through the engine, which refuses pairs to a cash account in one currency.
            self.engine.kernel.cache.add_instrument(pair)


_OMS = {OmsType.NETTING: NautilusOmsType.NETTING, OmsType.HEDGING: NautilusOmsType.HEDGING}
_ACCOUNTS = {
    AccountType.CASH: NautilusAccountType.CASH,
    AccountType.MARGIN: NautilusAccountType.MARGIN,
}


def _config() -> BacktestEngineConfig:
    return BacktestEngineConfig(
        trader_id=TraderId("BARLEDGER-001"),
        logging=LoggingConfig(bypass_logging=True),
        run_analysis=False,  # it is per venue, and ours is not
        risk_engine=RiskEngineConfig(
            max_order_submit_rate=_NO_ORDER_LIMIT, max_order_modify_rate=_NO_ORDER_LIMIT
        ),
    )


def _check_expiry(instrument: Instrument, bars: Bars) -> None:
    end = expiration(instrument)
    last = int(bars.ts_event[-1])
    if end is not None and last > end:
        raise expired(instrument, f"has a bar that closes at {utc(last)}")


def expired(instrument: Instrument, what: str) -> ExpiredInstrumentError:
    """Return the error of a future that `what` is told of, after its expiry."""
    return ExpiredInstrumentError(
        f"{instrument.id} expires on {instrument.expiry} but {what}.",
        f"Correct the expiry (barledger instrument set -i '{instrument.id}' --expiry DATE) or "
        "choose a range that ends with it.",
    )


def _at_precision_of(instrument: Instrument, bars: Bars) -> Bars:
    try:
        return bars.rescaled(instrument.price_precision, size_precision(instrument))
    except PrecisionError as error:
        if size_precision(instrument) == instrument.size_precision:
            raise
        raise PrecisionError(
            f"{instrument.id} has a volume that is not a whole number of contracts.",
            "Futures trade in whole contracts: correct the volumes and import the bars again.",
        ) from error
