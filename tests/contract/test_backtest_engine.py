"""What every `BacktestEngine` does."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from domain.backtesting import AccountType, BarChunk, Commission, Settings
from domain.bars import Bars
from domain.errors import (
    BacktestFailedError,
    BacktestSettingError,
    ExpiredInstrumentError,
    MissingExchangeRateError,
    PrecisionError,
    ReportError,
    StrategyParameterError,
    UnknownStrategyError,
)
from domain.ports import BacktestEngine
from tests.integration.nautilus.building import (
    DAY,
    MINUTE,
    ONE_DAY,
    OPEN,
    bars,
    chunk,
    cut,
    equity,
    future,
    index,
    pair,
    plan,
)

# pandas 2 says it with NumPy 2.5, at import and on every bar.
pytestmark = pytest.mark.filterwarnings("ignore:The 'generic' unit:DeprecationWarning")

# Imported by name, for Nautilus takes two seconds that other contracts need not wait for.
ENGINES = {
    "nautilus": ("adapters.nautilus.engine", "NautilusBacktestEngine"),
    "memory": ("adapters.memory.backtest_engine", "MemoryBacktestEngine"),
}
AAPL = equity("AAPL.NASDAQ")
KO = equity("KO.NYSE")
SAP = equity("SAP.IBIS", "EUR")
EURUSD = pair()
SPX = index()
TEN = {"trade_size": "10"}
CASH = Settings(account=AccountType.CASH)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> BacktestEngine:
    module, name = ENGINES[request.param]
    found: BacktestEngine = getattr(importlib.import_module(module), name)()
    return found


def test_an_unknown_strategy_is_refused_with_the_nearest_name(engine: BacktestEngine) -> None:
    with pytest.raises(UnknownStrategyError) as refused:
        engine.check(plan(AAPL, strategy="buy-and-hodl"))
    assert "buy-and-hold" in refused.value.recovery


def test_an_unknown_parameter_is_refused_with_the_nearest_name(engine: BacktestEngine) -> None:
    with pytest.raises(StrategyParameterError) as refused:
        engine.check(plan(AAPL, params={"trade_sise": "10"}))
    assert "trade_sise" in refused.value.message
    assert "trade_size" in refused.value.recovery


SIZES = ["ten", "", "NaN", "sNaN", "Infinity", "0", "-1", "-5", "0.5", "1e-30", "1e30"]
SIZES += ["1e999999", "1e-1000000000000000000", "1" + "0" * 400]


@pytest.mark.parametrize("size", SIZES)
def test_a_size_that_cannot_be_traded_is_refused(engine: BacktestEngine, size: str) -> None:
    with pytest.raises(StrategyParameterError) as refused:
        engine.check(plan(AAPL, params={"trade_size": size}))
    assert "trade_size" in refused.value.message
    assert len(refused.value.message) < 300


@pytest.mark.parametrize("step", ["1", "0.0000000000000001"])
def test_a_great_size_in_small_steps_is_none(engine: BacktestEngine, step: str) -> None:
    fine = attrs.evolve(AAPL, size_precision=16, size_step=Decimal(step))
    engine.check(plan(fine, params={"trade_size": "9999999999999"}))


def test_amounts_beyond_the_engine_are_an_error(engine: BacktestEngine) -> None:
    """No panic, which would take the process with it."""
    dear = chunk((AAPL, bars([10**17, 9 * 10**17])))
    wanted = plan(AAPL, params={"trade_size": "9999999999999"})
    with pytest.raises((BacktestFailedError, PrecisionError)) as failed:
        engine.run(wanted, [dear])
    assert failed.value.recovery


@pytest.mark.parametrize("size", ["1", "99999999999"])
@pytest.mark.parametrize("account", AccountType)
@pytest.mark.parametrize(
    "commission", ["1000000000000/order", "1000000000000/share", "1000000000000%", "1000%"]
)
def test_the_greatest_commissions_end_in_a_result_or_an_error(
    engine: BacktestEngine, commission: str, account: AccountType, size: str
) -> None:
    settings = Settings(commission=Commission.parse(commission), account=account)
    wanted = plan(AAPL, params={"trade_size": size}, settings=settings)
    try:
        assert engine.run(wanted, [chunk((AAPL, bars([18_500, 18_500])))]).pnl < 0
    except BacktestFailedError as failed:
        assert failed.recovery  # noqa: PT017 (either is right)


def test_two_currencies_need_a_base_currency(engine: BacktestEngine) -> None:
    with pytest.raises(BacktestSettingError) as refused:
        engine.check(plan(AAPL, SAP, rates=[EURUSD]))
    assert "--base-currency" in refused.value.recovery


@pytest.mark.parametrize(
    "capital",
    ["1000.001", "1e-9", "1e-1000000000000000000", "100000." + "0" * 40 + "1", "1e300", "1e999999"],
)
def test_capital_of_too_many_digits_is_refused(engine: BacktestEngine, capital: str) -> None:
    with pytest.raises(BacktestSettingError) as refused:
        engine.check(plan(AAPL, settings=Settings(capital=Decimal(capital))))
    assert "--capital" in refused.value.recovery
    assert len(refused.value.message) < 300


@pytest.mark.parametrize("capital", ["0", "-1", "NaN", "sNaN", "Infinity"])
def test_capital_that_is_none_is_refused(capital: str) -> None:
    with pytest.raises(BacktestSettingError, match="not a number greater than 0"):
        Settings(capital=Decimal(capital))


@pytest.mark.parametrize("slippage", [float("nan"), float("inf"), -0.1, 1.1])
def test_slippage_that_is_no_probability_is_refused(slippage: float) -> None:
    with pytest.raises(BacktestSettingError, match="not a probability"):
        Settings(slippage=slippage)


COSTS = ["", "1", "-1/order", "1.2.3/order", "./order", "nan/order", "1e5/order"]
COSTS += ["1000000000001/order", "99999999999999%", "9" * 400 + "/order", "0." + "0" * 99 + "1%"]


@pytest.mark.parametrize("commission", COSTS)
def test_a_commission_that_is_none_or_beyond_measure_is_refused(commission: str) -> None:
    with pytest.raises(BacktestSettingError) as refused:
        Commission.parse(commission)
    assert "1.00/order" in refused.value.recovery
    assert len(refused.value.message) < 300


def test_a_missing_exchange_rate_is_refused_by_naming_the_pair(engine: BacktestEngine) -> None:
    with pytest.raises(MissingExchangeRateError) as refused:
        engine.check(plan(SAP, settings=Settings(base_currency="USD")))
    assert "EUR/USD" in refused.value.message
    assert "EUR/USD" in refused.value.recovery


def test_an_exchange_rate_may_go_over_a_third_currency(engine: BacktestEngine) -> None:
    over_yen = [pair("EUR/JPY.IDEALPRO", 3), pair("USD/JPY.IDEALPRO", 3)]
    engine.check(plan(SAP, settings=Settings(base_currency="USD"), rates=over_yen))


def test_a_future_that_expired_before_the_run_is_refused(engine: BacktestEngine) -> None:
    with pytest.raises(ExpiredInstrumentError) as refused:
        engine.check(plan(future(expiry="2023-12-15")))
    assert "2023-12-15" in refused.value.message


def test_a_future_that_expires_on_the_first_day_is_not_refused(engine: BacktestEngine) -> None:
    engine.check(plan(future(expiry="2024-01-02")))


def test_a_bar_after_a_futures_expiry_is_refused(engine: BacktestEngine) -> None:
    es = future(expiry="2024-01-03")
    late = bars([470_000, 470_100, 470_200], step=DAY)
    with pytest.raises(ExpiredInstrumentError):
        engine.run(plan(es, params={"trade_size": "1"}), [chunk((es, late))])


@pytest.mark.parametrize("where", ["nowhere/report.html", "."])
def test_a_report_that_cannot_be_written_is_refused_before_the_run(
    engine: BacktestEngine, tmp_path: Path, where: str
) -> None:
    with pytest.raises(ReportError):
        engine.check(plan(AAPL, report=tmp_path / where))


def test_a_report_is_written(engine: BacktestEngine, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    engine.run(plan(AAPL, params=TEN, report=path), [chunk((AAPL, bars([100, 110])))])
    assert path.stat().st_size > 0


def test_profit_is_size_times_the_move_since_the_first_close(engine: BacktestEngine) -> None:
    held = chunk((AAPL, bars([18_500, 18_450, 18_731])))
    result = engine.run(plan(AAPL, params=TEN), [held])
    assert result.pnl == 10 * (Decimal("187.31") - Decimal("185.00"))
    assert result.pnl_percent == pytest.approx(float(result.pnl) / 100_000 * 100)
    assert (result.bars, result.orders, result.positions) == (3, 1, 1)
    assert result.currency == "USD"
    assert result.refused_orders == {}
    assert result.assumptions


@pytest.mark.parametrize("account", AccountType)
def test_profit_of_two_venues_is_the_sum_over_their_accounts(
    engine: BacktestEngine, account: AccountType
) -> None:
    held = chunk((AAPL, bars([18_500, 18_700])), (KO, bars([6_000, 5_950, 5_990])))
    settings = Settings(capital=Decimal("50000.01"), account=account)
    result = engine.run(plan(AAPL, KO, params=TEN, settings=settings), [held])
    nasdaq, nyse = result.accounts
    assert (nasdaq.venue, nasdaq.start, nasdaq.end) == (
        "NASDAQ",
        Decimal("25000.01"),  # the cent that does not divide goes to the first
        Decimal("25020.01"),
    )
    assert (nyse.venue, nyse.start, nyse.end) == ("NYSE", Decimal(25_000), Decimal(24_999))
    assert result.pnl == Decimal(19)
    assert result.bars == 5


@pytest.mark.parametrize("account", AccountType)
@pytest.mark.parametrize("params", [{}, TEN], ids=["default", "ten"])
def test_orders_for_an_index_are_refused_and_counted(
    engine: BacktestEngine, account: AccountType, params: dict[str, str]
) -> None:
    held = chunk((SPX, bars([480_000, 490_000], volume=0)))
    settings = Settings(account=account)
    result = engine.run(plan(SPX, params=params, settings=settings), [held])
    assert (result.bars, result.orders, result.positions, result.pnl) == (2, 1, 0, 0)
    assert result.refused_orders == {"^SPX.CBOE is an index, which cannot be traded": 1}


def test_an_index_takes_no_share_of_the_capital(engine: BacktestEngine) -> None:
    """Nor does it need a rate of its currency, for nothing of it is bought."""
    dax = index("^DAX.EUREX", "EUR")
    held = chunk((dax, bars([1_900_000, 1_910_000])), (AAPL, bars([9_900, 10_000])))
    settings = Settings(capital=Decimal(1_000), account=AccountType.CASH)
    wanted = plan(dax, AAPL, settings=settings)
    engine.check(wanted)
    result = engine.run(wanted, [held])
    assert [(one.venue, one.start) for one in result.accounts] == [("NASDAQ", 1_000)]
    assert (result.pnl, result.currency, result.bars) == (10, "USD", 4)
    assert sum(result.refused_orders.values()) == 1


def test_the_default_size_is_what_an_equal_share_pays_for(engine: BacktestEngine) -> None:
    """Half of 1,000 pays for 5 shares at 99 and for 49 at 10.10."""
    pep = equity("PEP.NASDAQ")
    held = chunk((AAPL, bars([9_900, 10_000])), (pep, bars([1_010, 1_020])))
    settings = Settings(capital=Decimal(1_000), account=AccountType.CASH)
    result = engine.run(plan(AAPL, pep, settings=settings), [held])
    assert result.pnl == 5 * Decimal("1.00") + 49 * Decimal("0.10")


def test_a_share_that_pays_for_nothing_is_an_error(engine: BacktestEngine) -> None:
    settings = Settings(capital=Decimal(50))
    with pytest.raises(BacktestFailedError) as failed:
        engine.run(plan(AAPL, settings=settings), [chunk((AAPL, bars([10_000])))])
    assert "trade_size" in failed.value.recovery


@pytest.mark.parametrize(
    ("commission", "cost"),
    [
        ("0", "0"),
        ("1.50/order", "1.50"),
        ("0.02/share", "0.20"),
        ("0.1%", "1.85"),
        ("5bp", "0.925"),
    ],
)
def test_commission_is_paid(engine: BacktestEngine, commission: str, cost: str) -> None:
    settings = Settings(commission=Commission.parse(commission))
    held = chunk((AAPL, bars([18_500, 18_500])))
    result = engine.run(plan(AAPL, params=TEN, settings=settings), [held])
    assert abs(result.pnl + Decimal(cost)) <= Decimal("0.005")


def test_a_future_earns_its_multiplier(engine: BacktestEngine) -> None:
    es = future()
    held = chunk((es, bars([480_000, 480_050])))
    assert engine.run(plan(es, params={"trade_size": "2"}), [held]).pnl == Decimal(50)


@pytest.mark.parametrize(("account", "profit"), [("margin", "11"), ("cash", "31.00")])
def test_profit_in_euros_is_counted_in_dollars(
    engine: BacktestEngine, account: str, profit: str
) -> None:
    """Ten shares from 100 to 101 euros, while a euro goes from 1.08 to 1.10 dollars.

    On margin the profit of 10 euros is worth 11 dollars. In cash 1,080 dollars were paid for
    what is worth 1,111.
    """
    held = chunk(
        (EURUSD, bars([108_000, 110_000], price_precision=5)), (SAP, bars([10_000, 10_100]))
    )
    settings = Settings(base_currency="USD", account=AccountType(account))
    result = engine.run(plan(SAP, params=TEN, settings=settings, rates=[EURUSD]), [held])
    assert result.pnl == Decimal(profit)
    assert result.currency == "USD"
    assert [account.venue for account in result.accounts] == ["IBIS"]


def test_an_inverse_rate_serves_as_well(engine: BacktestEngine) -> None:
    """Ten shares from 100 to 200 dollars; 1.25 dollars are one euro."""
    held = chunk(
        (EURUSD, bars([125_000, 125_000], price_precision=5)), (AAPL, bars([10_000, 20_000]))
    )
    settings = Settings(base_currency="EUR")
    result = engine.run(plan(AAPL, params=TEN, settings=settings, rates=[EURUSD]), [held])
    assert result.pnl == Decimal(800)


def test_a_rate_that_begins_after_the_first_fill_is_an_error(engine: BacktestEngine) -> None:
    late = bars([108_000], start=OPEN + MINUTE, price_precision=5)
    held = chunk((EURUSD, late), (SAP, bars([10_000, 10_100])))
    settings = Settings(base_currency="USD")
    with pytest.raises(MissingExchangeRateError):
        engine.run(plan(SAP, params=TEN, settings=settings, rates=[EURUSD]), [held])


def test_chunks_make_no_difference(engine: BacktestEngine) -> None:
    whole = chunk(
        (EURUSD, bars([108_000 + i for i in range(9)], price_precision=5)),
        (SAP, bars([10_000 + 7 * i for i in range(9)])),
        (AAPL, bars([18_500 - i for i in range(9)])),
    )
    settings = Settings(base_currency="USD")
    wanted = plan(SAP, AAPL, params=TEN, settings=settings, rates=[EURUSD])
    at_once = engine.run(wanted, [whole])
    in_parts = engine.run(wanted, cut(whole, OPEN + 2 * MINUTE, OPEN + 3 * MINUTE))
    assert at_once == in_parts
    assert at_once.bars == 18


@pytest.mark.parametrize("cuts", [(), (1,), (2,), (1, 2, 3)])
@pytest.mark.parametrize("account", AccountType)
def test_rate_bars_after_the_last_traded_bar_change_nothing(
    engine: BacktestEngine, account: AccountType, cuts: tuple[int, ...]
) -> None:
    """A euro is 1.10 dollars when the last traded bar closes, and 2 dollars days later."""
    share = bars([10_000, 10_100])
    later = bars([200_000] * 3, start=OPEN + 2 * MINUTE, step=DAY, price_precision=5)
    rates = bars([108_000, 110_000], price_precision=5)
    settings = Settings(base_currency="USD", account=account)
    wanted = plan(SAP, params=TEN, settings=settings, rates=[EURUSD])
    until_then = engine.run(wanted, [chunk((EURUSD, rates), (SAP, share))])
    longer = chunk((EURUSD, Bars.concat([rates, later])), (SAP, share))
    assert engine.run(wanted, cut(longer, *(OPEN + MINUTE * edge for edge in cuts))) == until_then
    assert until_then.bars == 2


def test_rate_bars_between_traded_bars_count_for_the_later_one(engine: BacktestEngine) -> None:
    """The rate of 2 closes alone, in a chunk of its own, before the second traded bar."""
    chunks: list[BarChunk] = [
        chunk((EURUSD, bars([125_000], price_precision=5)), (SAP, bars([10_000]))),
        chunk((EURUSD, bars([200_000], start=OPEN + DAY, price_precision=5))),
        chunk((SAP, bars([11_000], start=OPEN + 2 * DAY))),
    ]
    settings = Settings(base_currency="USD")
    result = engine.run(plan(SAP, params=TEN, settings=settings, rates=[EURUSD]), chunks)
    assert (result.pnl, result.bars) == (Decimal(200), 2)


def test_rate_bars_alone_are_no_run(engine: BacktestEngine) -> None:
    settings = Settings(base_currency="USD")
    wanted = plan(SAP, params=TEN, settings=settings, rates=[EURUSD])
    result = engine.run(wanted, [chunk((EURUSD, bars([108_000, 110_000], price_precision=5)))])
    assert (result.bars, result.orders, result.pnl) == (0, 0, Decimal(0))


def test_empty_chunks_and_absent_series_are_nothing_special(engine: BacktestEngine) -> None:
    chunks: Iterable[BarChunk] = [
        {},
        chunk((AAPL, bars([10_000, 10_000]))),
        chunk((AAPL, bars([])), (KO, bars([]))),
        chunk((KO, bars([5_000, 5_100], start=OPEN + 2 * MINUTE))),
    ]
    result = engine.run(plan(AAPL, KO, params=TEN), chunks)
    assert (result.bars, result.orders, result.pnl) == (4, 2, Decimal(10))


def test_without_bars_nothing_is_bought(engine: BacktestEngine) -> None:
    result = engine.run(plan(AAPL, KO), [{}, chunk((AAPL, bars([])))])
    assert (result.bars, result.orders, result.positions) == (0, 0, 0)
    assert result.pnl == 0
    assert result.sharpe is None
    assert result.max_drawdown is None
    assert sum(account.end for account in result.accounts) == 100_000


def test_the_precision_may_grow_from_chunk_to_chunk(engine: BacktestEngine) -> None:
    fine = AAPL.with_precision(4, 0)
    chunks = [
        chunk((fine, bars([18_500]))),
        chunk((fine, bars([1_850_001], start=OPEN + MINUTE, price_precision=4))),
    ]
    result = engine.run(plan(fine, params={"trade_size": "10000"}), chunks)
    assert result.pnl == Decimal(1)


def test_sharpe_and_drawdown_are_of_daily_equity(engine: BacktestEngine) -> None:
    """Ten shares: 100,000, then 100,100, 99,900 and 100,200 at the ends of four days.

    Returns 0, 0.001, -0.001998…, 0.003003…: mean 0.00050125, sample deviation 0.00208207.
    """
    held = chunk((AAPL, bars([10_000, 11_000, 9_000, 12_000], step=DAY)), bar_type=ONE_DAY)
    result = engine.run(plan(AAPL, params=TEN, bar_type=ONE_DAY), [held])
    assert result.sharpe == pytest.approx(0.00050125 / 0.00208207 * 252**0.5, rel=1e-4)
    assert result.max_drawdown == pytest.approx(99_900 / 100_100 - 1)


def test_one_engine_runs_again_and_again(engine: BacktestEngine) -> None:
    held = chunk((AAPL, bars([100, 101])))
    first = engine.run(plan(AAPL, params=TEN), [held])
    assert engine.run(plan(AAPL, params=TEN), [held]) == first


def test_a_cash_account_that_cannot_pay_is_an_error(engine: BacktestEngine) -> None:
    settings = attrs.evolve(CASH, capital=Decimal(999))
    with pytest.raises(BacktestFailedError) as failed:
        engine.run(plan(AAPL, params=TEN, settings=settings), [chunk((AAPL, bars([10_000])))])
    assert "money" in failed.value.message
    assert "--capital" in failed.value.recovery


def test_a_broken_source_of_bars_is_told_as_it_is(engine: BacktestEngine) -> None:
    def broken() -> Iterable[BarChunk]:
        yield chunk((AAPL, bars([100])))
        raise ExpiredInstrumentError("what the source said", "")

    with pytest.raises(ExpiredInstrumentError, match="what the source said"):
        engine.run(plan(AAPL), broken())
