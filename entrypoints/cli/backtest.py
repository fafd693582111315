"""`barledger backtest`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from entrypoints.cli import options
from entrypoints.cli.gateway_options import GatewayChoice, gateway
from entrypoints.cli.options import Invocation
from entrypoints.cli.screen import others_on_stderr

if TYPE_CHECKING:
    from application.backtest import BacktestOutcome, BacktestRequest
    from domain.backtesting import Settings
    from entrypoints.cli.screen import Screen


@click.command("backtest")
@options.instrument(multiple=True, required=True)
@options.bar_type("1_MIN", "")
@options.trading_window
@click.option(
    "--strategy",
    default="ema-cross",
    show_default=True,
    metavar="NAME",
    help="ema-cross, buy-and-hold, or any Nautilus Strategy as module:Class.",
)
@click.option("--param", "params", multiple=True, metavar="KEY=VALUE", help="Repeatable.")
@click.option(
    "--capital",
    default="100000",
    show_default=True,
    metavar="AMOUNT",
    help="Of the whole portfolio, in the base currency.",
)
@click.option(
    "--oms", type=click.Choice(["netting", "hedging"]), default="netting", show_default=True
)
@click.option(
    "--account", type=click.Choice(["margin", "cash"]), default="margin", show_default=True
)
@click.option("--base-currency", metavar="CODE", help="[default: that of the instruments]")
@click.option(
    "--commission",
    default="0",
    show_default=True,
    metavar="COST",
    help="1.00/order, 0.005/share, 0.1% or 5bp.",
)
@click.option(
    "--slippage",
    type=float,
    default=0.0,
    show_default=True,
    metavar="PROBABILITY",
    help="That a fill is one tick worse.",
)
@options.as_of
@click.option("--offline", is_flag=True, help="Use the Parquet catalog alone; fetch nothing.")
@click.option(
    "--report", type=click.Path(path_type=Path), metavar="FILE.html", help="Write the tear sheet."
)
@click.option(
    "--chunk-days",
    type=click.IntRange(1),
    default=30,
    show_default=True,
    help="How much time of bars is in memory at once.",
)
@gateway
@options.common
def command(invocation: Invocation, gateway: GatewayChoice, **choices: Any) -> None:
    """Run a Nautilus backtest on bars of the Parquet catalog.

    What is missing there is fetched from Interactive Brokers first and kept, unless --offline
    says not to; where no gateway can be reached, bars that are missing are an error.

    Several instruments make a portfolio backtest. Without --start and --end all bars that are
    held are used. What the run assumes is printed with its result.

    \b
    Examples:
      barledger backtest -i AAPL.NASDAQ --start 2024-01-01 --end 2024-01-31
      barledger backtest -i AAPL.NASDAQ -i MSFT.NASDAQ --strategy buy-and-hold
      barledger backtest -i SPY.ARCA --strategy mine:Breakout --param lookback=20
    """
    screen = invocation.screen
    request = _request(**choices)
    with others_on_stderr():
        outcome = invocation.wire(gateway).run_backtest().run(request)
    if screen.as_json:
        screen.show_json({**_document(outcome), "warnings": screen.warnings})
    else:
        _show(screen, outcome, request)


def _request(**choices: Any) -> BacktestRequest:
    from application.backtest import BacktestRequest
    from domain.backtesting import StrategySpec

    return BacktestRequest(
        instruments=choices["instruments"],
        bar_type=choices["bar_type"],
        window=options.parse_window(choices["start"], choices["end"]),
        strategy=StrategySpec(choices["strategy"], _params(choices["params"])),
        settings=_settings(**choices),
        report=choices["report"],
        chunk_days=choices["chunk_days"],
        as_of=choices["as_of"],
        offline=choices["offline"],
    )


def _settings(**choices: Any) -> Settings:
    from domain.backtesting import AccountType, Commission, OmsType, Settings
    from domain.errors import BacktestSettingError

    try:
        capital = Decimal(choices["capital"].replace(",", "").replace("_", ""))
    except InvalidOperation:
        raise BacktestSettingError(
            f"The capital {choices['capital']!r} is not a number.", "Name one: --capital 100000."
        ) from None
    return Settings(
        capital=capital,
        oms=OmsType(choices["oms"]),
        account=AccountType(choices["account"]),
        base_currency=choices["base_currency"],
        commission=Commission.parse(choices["commission"]),
        slippage=choices["slippage"],
    )


def _params(texts: tuple[str, ...]) -> dict[str, str]:
    from domain.errors import StrategyParameterError

    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise StrategyParameterError(
                f"--param {text!r} is not KEY=VALUE.", "Write it so: --param fast_ema_period=10."
            )
        if key.strip() in found:
            raise StrategyParameterError(
                f"--param {key.strip()} is named twice.", "Name each parameter once."
            )
        found[key.strip()] = value
    return found


def _show(screen: Screen, outcome: BacktestOutcome, request: BacktestRequest) -> None:
    screen.show_table([("Result", "left"), ("", "right")], _rows(outcome))
    screen.show_text("Assumed:")
    for sentence in outcome.result.assumptions:
        screen.show_text(f"  - {sentence}")
    if request.report:
        screen.show_text(f"Tear sheet: {request.report}")


def _rows(outcome: BacktestOutcome) -> list[tuple[str, str]]:
    result, currency = outcome.result, outcome.result.currency
    refused = [(f"  refused: {why}", f"{count:,}") for why, count in result.refused_orders.items()]
    accounts = [
        (f"Account {one.venue}", f"{one.start:,.2f} to {one.end:,.2f} {currency}")
        for one in result.accounts
    ]
    profit = f"{result.pnl:+,.2f} {currency} ({result.pnl_percent:+.2f}%)"
    seconds = f"{outcome.seconds_total:.1f}, {outcome.seconds_loading:.1f} of them loading"
    past = f" as of event {outcome.past.seq}" if outcome.past else ""
    return [
        ("Bars", f"{result.bars:,} from Parquet catalog{past}{_fetched(outcome)}"),
        ("Orders", f"{result.orders:,}"),
        *refused,
        ("Positions", f"{result.positions:,}"),
        *accounts,
        ("Profit and loss", profit),
        ("Sharpe ratio", "not defined" if result.sharpe is None else f"{result.sharpe:.2f}"),
        ("Maximum drawdown", _percent(result.max_drawdown)),
        ("Seconds", seconds),
    ]


def _fetched(outcome: BacktestOutcome) -> str:
    bars = outcome.bars_from_source
    return f", {bars:,} of them fetched from IBKR" if bars else ""


def _percent(fraction: float | None) -> str:
    return "not defined" if fraction is None else f"{fraction * 100:.2f}%"


def _document(outcome: BacktestOutcome) -> dict[str, Any]:
    result, loading, total = outcome.result, outcome.seconds_loading, outcome.seconds_total
    past = outcome.past
    return {
        "source": {"catalog": outcome.bars_from_catalog, "ibkr": outcome.bars_from_source},
        "bars": result.bars,
        "orders": result.orders,
        "positions": result.positions,
        "pnl": float(result.pnl),
        "pnl_percent": result.pnl_percent,
        "sharpe": result.sharpe,
        "max_drawdown": result.max_drawdown,
        "seconds": {"load": loading, "run": max(0.0, total - loading), "total": total},
        "currency": result.currency,
        "accounts": [
            {"venue": one.venue, "start": float(one.start), "end": float(one.end)}
            for one in result.accounts
        ],
        "refused_orders": dict(result.refused_orders),
        "assumptions": list(result.assumptions),
        "as_of": {"event": past.seq, "time": past.time_text} if past else None,
    }
