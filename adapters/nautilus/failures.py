"""Foreign exceptions of a run as errors that users can act on."""

from __future__ import annotations

import datetime as dt
import re
import traceback
from pathlib import Path

from nautilus_trader.accounting.error import AccountBalanceNegative
from nautilus_trader.model.objects import MONEY_MAX, QUANTITY_MAX

from domain.errors import BacktestFailedError

# How Nautilus begins to say that a value is beyond its limits.
_BEYOND = re.compile(r"`(MONEY|QUANTITY)_(MAX|MIN)`")


def utc(stamp: int) -> str:
    """Return UTC nanoseconds as people read them, to the second."""
    moment = dt.datetime.fromtimestamp(stamp // 1_000_000_000, dt.UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def failure(error: BaseException, strategy: str, stamp: int) -> BacktestFailedError:
    """Return what is told of `error`, raised while `strategy` ran, at `stamp` in UTC ns."""
    if isinstance(error, AccountBalanceNegative):
        return BacktestFailedError(
            f"The strategy {strategy} ran out of money at {utc(stamp)}: an order left its cash "
            f"account with {error.balance} {error.currency}.",
            "Give it more (--capital), let it trade less (--param trade_size=…), or let it borrow: "
            "--account margin.",
        )
    if isinstance(error, ValueError) and _BEYOND.search(str(error)):
        return too_great(f"the strategy {strategy}, at {utc(stamp)},")
    return BacktestFailedError(
        f"The strategy {strategy} failed at {utc(stamp)}: "
        f"{type(error).__name__}: {error}{place_of(error)}",
        "Correct the strategy or its parameters and run the backtest again.",
    )


def too_great(what: str) -> BacktestFailedError:
    """Return the error of amounts that `what` leads to and that Nautilus cannot hold."""
    return BacktestFailedError(
        f"Nautilus Trader holds no amount of money greater than {MONEY_MAX:,.0f} and no quantity "
        f"greater than {QUANTITY_MAX:,.0f}, and {what} could lead beyond.",
        "Trade less (--param trade_size=…), with less capital (--capital) or a lower commission "
        "(--commission).",
    )


def place_of(error: BaseException) -> str:
    """Return where the code of a user raised `error`, such as ` (mine.py, line 7)`, or ``."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.endswith(".py") and not _is_ours(frame.filename)
    ]
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""


def _is_ours(filename: str) -> bool:
    return any(part in filename for part in ("nautilus_trader", "adapters/nautilus", "importlib"))
