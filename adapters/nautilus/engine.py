"""The engine of backtests: Nautilus Trader."""

from __future__ import annotations

import contextlib
import random
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from nautilus_trader.cache.base import CacheFacade
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.trading.strategy import Strategy

from adapters.nautilus.assumptions import assumptions_of
from adapters.nautilus.bars import nautilus_bar_type
from adapters.nautilus.capital import base_currency_of, capital_by_venue
from adapters.nautilus.failures import failure, utc
from adapters.nautilus.instruments import expiration, nautilus_instrument
from adapters.nautilus.simulation import Simulation, expired
from adapters.nautilus.snapshots import each_read_once
from adapters.nautilus.strategy_loading import strategy_class
from adapters.nautilus.strategy_params import Tradable, make_strategies
from adapters.nautilus.tearsheet import check_report, write_report
from domain.backtesting import (
    AccountResult,
    BacktestPlan,
    BacktestResult,
    BarChunk,
    max_drawdown,
    sharpe_ratio,
)
from domain.errors import BarledgerError

# What tells one refusal from the next of the same kind: the order, its amounts, a time.
_PARTICULARS = re.compile(
    r"(: | with position |, (was|expiration|activation) ).*|( for)? order O-[^\s,]+"
)


class NautilusBacktestEngine:
    """A `BacktestEngine` that runs Nautilus Trader's in this process, one run at a time.

    What strategies print goes to standard error.
    """

    def check(self, plan: BacktestPlan) -> None:
        """Refuse what cannot run, before any bar is loaded; see the port."""
        _check_all_but_strategy(plan)
        with contextlib.redirect_stdout(sys.stderr):
            _strategies(plan)

    def run(self, plan: BacktestPlan, chunks: Iterable[BarChunk]) -> BacktestResult:
        """Run the plan over `chunks`; see the port."""
        _check_all_but_strategy(plan)
        quiet = contextlib.redirect_stdout(sys.stderr)
        with _own_random_numbers(), each_read_once(), quiet:
            simulation = Simulation(plan)
            with _disposing(simulation, plan):
                _simulate(simulation, plan, chunks)
                result = _result(plan, simulation)
                if plan.report is not None:
                    write_report(plan.report, plan, result, simulation)
        return result


def _simulate(simulation: Simulation, plan: BacktestPlan, chunks: Iterable[BarChunk]) -> None:
    try:
        with _telling_failures(simulation, plan):
            simulation.add_strategies(_strategies(plan))
            simulation.run(_reading(chunks))
    except _ReadingFailed as error:
        raise error.cause from error.cause.__cause__


@contextlib.contextmanager
def _telling_failures(simulation: Simulation, plan: BacktestPlan) -> Iterator[None]:
    try:
        yield
    except (BarledgerError, _ReadingFailed):
        raise
    except KeyboardInterrupt:
        raise  # it is the user's wish, not the strategy's failure
    except BaseException as error:
        raise failure(error, plan.strategy.name, simulation.now()) from error


class _ReadingFailed(Exception):  # noqa: N818
    """Carries what the source of the bars raised past the errors of the strategy."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _reading(chunks: Iterable[BarChunk]) -> Iterator[BarChunk]:
    try:
        yield from chunks
    except Exception as error:
        raise _ReadingFailed(error) from error


def _strategies(plan: BacktestPlan) -> list[Strategy]:
    series = []
    for instrument, bar_type in plan.traded:
        named = nautilus_bar_type(instrument, bar_type)
        series.append(Tradable(named.instrument_id, named, instrument.size_step))
    spec = plan.strategy
    return make_strategies(spec.name, strategy_class(spec.name), spec.params, tuple(series))


def _check_all_but_strategy(plan: BacktestPlan) -> None:
    if plan.report is not None:
        check_report(plan.report)
    for instrument, _ in plan.traded:
        nautilus_instrument(instrument)
    capital_by_venue(plan, base_currency_of(plan))
    plan.check_rates()
    _check_expiries(plan)


def _check_expiries(plan: BacktestPlan) -> None:
    for instrument, _ in plan.traded:
        end = expiration(instrument)
        if end is not None and end <= plan.first_open:
            raise expired(instrument, f"the run begins at {utc(plan.first_open)}")


@contextlib.contextmanager
def _disposing(simulation: Simulation, plan: BacktestPlan) -> Iterator[None]:
    try:
        yield
    except BaseException:
        # What failed is told; that it also fails to stop adds nothing.
        with contextlib.suppress(BarledgerError), _telling_failures(simulation, plan):
            simulation.dispose()
        raise
    with _telling_failures(simulation, plan):
        simulation.dispose()


@contextlib.contextmanager
def _own_random_numbers() -> Iterator[None]:
    # Nautilus's fill model seeds and draws from the generator that all of Python shares.
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)


def _result(plan: BacktestPlan, simulation: Simulation) -> BacktestResult:
    cache = simulation.engine.cache
    accounts = tuple(_account_results(simulation))
    pnl = sum((account.end - account.start for account in accounts), Decimal(0))
    equity = [plan.settings.capital, *simulation.recorder.values]
    return BacktestResult(
        bars=simulation.bars,
        orders=cache.orders_total_count(),
        positions=_positions(cache),
        currency=simulation.base.code,
        accounts=accounts,
        pnl=pnl,
        pnl_percent=float(pnl / plan.settings.capital * 100),
        sharpe=sharpe_ratio(equity),
        max_drawdown=max_drawdown(equity),
        refused_orders=_refused(cache),
        assumptions=assumptions_of(plan, simulation),
    )


def _account_results(simulation: Simulation) -> Iterator[AccountResult]:
    cent = Decimal(1).scaleb(-simulation.base.precision)
    for venue, start in simulation.capital.items():
        end = simulation.accounts.equity(venue) if simulation.bars else start
        yield AccountResult(venue, start.quantize(cent), end.quantize(cent))


def _positions(cache: CacheFacade) -> int:
    """Count positions; one that was closed and opened again (netting) left a snapshot behind."""
    closed_before = sum(
        len(cache.position_snapshot_bytes(position)) for position in cache.position_snapshot_ids()
    )
    return int(cache.positions_total_count()) + closed_before


def _refused(cache: CacheFacade) -> Mapping[str, int]:
    refused = Counter(
        _PARTICULARS.sub("", order.last_event.reason)
        for order in cache.orders()
        if order.status in (OrderStatus.DENIED, OrderStatus.REJECTED)
    )
    return dict(refused)
