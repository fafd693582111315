"""What a run assumes, in sentences that are shown with its result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from adapters.nautilus.rates import holds_many_currencies
from adapters.nautilus.simulation import RANDOM_SEED, Simulation
from domain.backtesting import AccountType, BacktestPlan, OmsType
from domain.instrument import InstrumentClass

_OMS = {
    OmsType.NETTING: "Fills of one instrument make one position (netting).",
    OmsType.HEDGING: "Each order makes a position of its own (hedging).",
}


def assumptions_of(plan: BacktestPlan, simulation: Simulation) -> tuple[str, ...]:
    """Return the sentences, the most important first."""
    return (
        *_capital(plan, simulation.capital, simulation.base.precision),
        _account(plan),
        _OMS[plan.settings.oms],
        f"Commission: {plan.settings.commission}.",
        *_fills(plan),
        *_sizes(simulation.shares.chosen),
        *_conversion(plan),
        *_expiries(plan),
        *_indices(plan),
        "The Sharpe ratio is of daily returns (days without bars left out), 252 days a year, "
        "no risk-free rate; returns and drawdown count open positions at their last price.",
    )


def _capital(plan: BacktestPlan, capital: Mapping[str, Decimal], digits: int) -> Iterator[str]:
    base = plan.base_currency
    yield f"The capital is {plan.settings.capital:,.{digits}f} {base}; profit is counted in {base}."
    if len(capital) > 1:
        parts = ", ".join(f"{share:,.{digits}f} at {venue}" for venue, share in capital.items())
        yield f"It is split equally among the venues' accounts: {parts}; none lends to another."


def _account(plan: BacktestPlan) -> str:
    if plan.settings.account is AccountType.MARGIN:
        return (
            "Accounts are on margin with leverage 1 and no margin requirement: short sales are "
            "allowed, and no order is refused for lack of money."
        )
    many = [venue for venue in plan.venues if holds_many_currencies(plan, venue)]
    kept = f" At {', '.join(many)} each currency has a balance of its own." if many else ""
    return "Accounts are cash accounts: orders are paid in full, without leverage." + kept


def _fills(plan: BacktestPlan) -> Iterator[str]:
    yield (
        "Market orders fill at the close of the bar on which they are sent, without latency; "
        "other orders meet each later bar's open, high, low and close in this order."
    )
    yield (
        "What an order asks for beyond a quarter of the bar's volume fills one tick worse; "
        "a bar's volume limits nothing else."
    )
    if plan.settings.slippage:
        yield (
            f"A fill slips by one tick with probability {plan.settings.slippage:g} "
            f"(random seed {RANDOM_SEED})."
        )
    else:
        yield "There is no other slippage."


def _sizes(chosen: Mapping[str, Decimal]) -> Iterator[str]:
    if chosen:
        sizes = ", ".join(f"{size.normalize():f} {name}" for name, size in chosen.items())
        yield (
            f"Trade size: {sizes}: as much as an equal share of the account's capital paid for "
            "when it was first traded. --param trade_size=… names another."
        )


def _conversion(plan: BacktestPlan) -> Iterator[str]:
    foreign = sorted({one.currency for one in plan.funded} - {plan.base_currency})
    if foreign:
        yield (
            f"{', '.join(foreign)} is converted at the last close of the rate's bars, realised "
            "profit and commission when they arise."
        )


def _expiries(plan: BacktestPlan) -> Iterator[str]:
    for instrument in dict.fromkeys(one for one, _ in plan.traded):
        if instrument.instrument_class is InstrumentClass.FUTURE:
            yield (
                f"{instrument.id} expires at the end of {instrument.expiry}, by its venue's "
                "clock; a position that is still open then is closed at the last price."
            )


def _indices(plan: BacktestPlan) -> Iterator[str]:
    for instrument in dict.fromkeys(one for one, _ in plan.traded):
        if not instrument.instrument_class.is_tradable:
            yield (
                f"{instrument.id} is an index: the strategy sees its bars, and every order for "
                "it is refused."
            )
