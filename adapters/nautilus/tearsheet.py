"""Nautilus's tear sheet of the whole portfolio, as one HTML file that needs no network."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pandas as pd
from nautilus_trader.analysis.tearsheet import create_tearsheet_from_stats
from nautilus_trader.model.objects import Currency, Money

from adapters.nautilus.analyzer import LinearAnalyzer
from adapters.nautilus.equity import DAY
from adapters.nautilus.failures import utc
from adapters.nautilus.simulation import Simulation
from domain.backtesting import BacktestPlan, BacktestResult
from domain.errors import ReportError


def check_report(path: Path) -> None:
    """Refuse a report that could not be written.

    Raises:
        ReportError: saying why.
    """
    folder = path.absolute().parent
    if path.is_dir():
        raise _unwritable(path, "it is a directory")
    if not folder.is_dir():
        raise _unwritable(path, f"there is no directory {folder}")
    if not os.access(folder, os.W_OK):
        raise _unwritable(path, f"{folder} cannot be written to")


def write_report(
    path: Path, plan: BacktestPlan, result: BacktestResult, simulation: Simulation
) -> None:
    """Write the report of a finished run, all of it or nothing.

    Raises:
        ReportError: it could not be written.
    """
    try:
        html = _html(plan, result, simulation)
    except Exception as error:
        # What Nautilus and Plotly make of figures out of the common is theirs to decide.
        raise ReportError(
            f"The report {path} cannot be made: {type(error).__name__}: {error}.",
            "Run the backtest again without --report.",
        ) from error
    try:
        _replace(path.absolute(), html)
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error


def _replace(path: Path, html: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(html)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _html(plan: BacktestPlan, result: BacktestResult, simulation: Simulation) -> str:
    analyzer, cache = simulation.analyzer, simulation.engine.cache
    start, end = (Money(total, simulation.base) for total in _totals(result))
    returns = _daily_returns(simulation, start.as_decimal())
    analyzer.summarise(start, end, [*cache.positions(), *cache.position_snapshots()], returns)
    page = create_tearsheet_from_stats(
        run_info=_run_info(plan, result, simulation),
        account_info=_account_info(result),
        stats_pnls=_pnls(analyzer, simulation.base),
        stats_returns=analyzer.get_performance_stats_returns(),
        stats_general=analyzer.get_performance_stats_general(),
        returns=returns,
        output_path=None,
        title=f"Backtest of {plan.strategy.name}",
    )
    return str(page)


def _totals(result: BacktestResult) -> tuple[Decimal, Decimal]:
    accounts = result.accounts
    return (
        sum((account.start for account in accounts), Decimal(0)),
        sum((account.end for account in accounts), Decimal(0)),
    )


def _daily_returns(simulation: Simulation, start: Decimal) -> pd.Series:
    recorder = simulation.recorder
    index = pd.to_datetime([day * DAY for day in recorder.days], unit="ns", utc=True)
    equity: Sequence[float] = [float(value) for value in recorder.values]
    before = [float(start), *equity[:-1]]
    # Nothing is a share of nothing: after a day that ended with 0 there is no return.
    returns = [now / then - 1 if then else 0.0 for now, then in zip(equity, before, strict=False)]
    return pd.Series(returns, index=pd.DatetimeIndex(index), dtype=float)


def _pnls(analyzer: LinearAnalyzer, currency: Currency) -> dict[str, dict[str, float]]:
    return {currency.code: analyzer.get_performance_stats_pnls(currency)}


def _run_info(plan: BacktestPlan, result: BacktestResult, simulation: Simulation) -> dict[str, str]:
    return {
        "Strategy": plan.strategy.name,
        **{f"Parameter {name}": value for name, value in plan.strategy.params.items()},
        "Instruments": ", ".join(dict.fromkeys(str(one.id) for one, _ in plan.traded)),
        "First bar": utc(simulation.first_close) if result.bars else "none",
        "Last bar": utc(simulation.accounts.last_close()) if result.bars else "none",
        "Bars": f"{result.bars:,}",
        "Orders": f"{result.orders:,}",
        "Orders refused": f"{sum(result.refused_orders.values()):,}",
        "Positions": f"{result.positions:,}",
    }


def _account_info(result: BacktestResult) -> dict[str, str]:
    info = {}
    for account in result.accounts:
        info[f"{account.venue} at the start"] = f"{account.start:,} {result.currency}"
        info[f"{account.venue} at the end"] = f"{account.end:,} {result.currency}"
    return info


def _unwritable(path: Path, why: str) -> ReportError:
    return ReportError(
        f"The report {path} cannot be written: {why}.",
        "Name a file in a directory that can be written to: --report FILE.html.",
    )
