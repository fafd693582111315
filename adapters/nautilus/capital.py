"""The portfolio's capital as the capital of each venue's account."""

from __future__ import annotations

from decimal import Decimal

from nautilus_trader.model.objects import MONEY_MAX, Currency

from domain.backtesting import BacktestPlan, brief, split_capital
from domain.errors import BacktestSettingError


def base_currency_of(plan: BacktestPlan) -> Currency:
    """Return the currency that the accounts are kept in.

    Raises:
        BacktestSettingError: there is no one such currency, or Nautilus does not know it.
    """
    found = Currency.from_internal_map(plan.base_currency)
    if found is None:
        raise BacktestSettingError(
            f"{plan.base_currency!r} is not a currency that Nautilus Trader knows.",
            "Name one by its ISO 4217 code: --base-currency USD.",
        )
    return found


def capital_by_venue(plan: BacktestPlan, base: Currency) -> dict[str, Decimal]:
    """Return what each venue's account begins with; what does not divide goes to the first.

    Raises:
        BacktestSettingError: the capital has too many digits.
    """
    if plan.settings.capital > Decimal(MONEY_MAX):
        raise BacktestSettingError(
            f"The capital {brief(plan.settings.capital)} is greater than {MONEY_MAX:,.0f}, the "
            "most that Nautilus Trader can hold.",
            "Name less: --capital 100000.",
        )
    shares = split_capital(plan.settings.capital, len(plan.venues), base.precision)
    return dict(zip(plan.venues, shares, strict=True))
