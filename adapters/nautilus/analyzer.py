"""Nautilus's performance statistics, over all venues and in linear time."""

from __future__ import annotations

from typing import cast

import pandas as pd
from nautilus_trader.analysis.analyzer import PortfolioAnalyzer
from nautilus_trader.model.identifiers import PositionId
from nautilus_trader.model.objects import Currency, Money
from nautilus_trader.model.position import Position


class LinearAnalyzer(PortfolioAnalyzer):
    """Collects closed trades in a list; Nautilus's copies a pandas Series for each of them."""

    trades: dict[Currency, list[float]]

    @classmethod
    def adopt(cls, analyzer: PortfolioAnalyzer) -> LinearAnalyzer:
        """Turn the analyzer of a portfolio, which cannot be replaced, into one of these."""
        analyzer.__class__ = cls
        adopted = cast("LinearAnalyzer", analyzer)
        adopted.trades = {}
        return adopted

    def record_trade(
        self,
        position_id: PositionId,  # noqa: ARG002 (Nautilus passes it)
        realized_pnl: Money,
        ts_event: int | None = None,  # noqa: ARG002
    ) -> None:
        """Remember what a position came to when it was closed."""
        self.trades.setdefault(realized_pnl.currency, []).append(realized_pnl.as_double())

    def realized_pnls(self, currency: Currency | None = None) -> pd.Series | None:
        """Return what closed positions came to in `currency`, None if there were none."""
        found = self.trades.get(currency)
        return pd.Series(found, dtype=float) if found else None

    def summarise(
        self, start: Money, end: Money, positions: list[Position], returns: pd.Series
    ) -> None:
        """Take the portfolio's capital, equity, positions and daily returns as the data."""
        self._account_balances_starting = {start.currency: start}
        self._account_balances = {end.currency: end}
        self._positions = positions
        self._portfolio_returns = self._returns = returns
