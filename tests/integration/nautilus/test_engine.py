"""What Nautilus gets wrong in silence, computed by hand."""

from __future__ import annotations

import random
import statistics
from decimal import Decimal

import attrs
import pytest

from adapters.nautilus.engine import NautilusBacktestEngine
from domain.backtesting import (
    AccountType,
    BacktestResult,
    BarChunk,
    Commission,
    OmsType,
    Settings,
)
from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import (
    BacktestFailedError,
    BacktestSettingError,
    InvalidInstrumentError,
    PrecisionError,
)
from domain.instrument import Instrument, InstrumentClass, InstrumentId, Series
from tests.integration.nautilus.building import (
    DAY,
    MINUTE,
    ONE_DAY,
    ONE_MINUTE,
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
from tests.integration.nautilus.user_strategies import Scripted

MINE = "tests.integration.nautilus.user_strategies"
AAPL = equity("AAPL.NASDAQ")
KO = equity("KO.NYSE")
SAP = equity("SAP.IBIS", "EUR")
EURUSD = pair()
MARGIN = Settings()
CASH = Settings(account=AccountType.CASH)
# 3 January 2024, 00:00 UTC.
MIDNIGHT = 1_704_240_000 * 1_000_000_000


@pytest.fixture(autouse=True)
def fresh_notes() -> None:
    Scripted.fills.clear()
    Scripted.profits.clear()


def scripted(
    script: str,
    *traded: Instrument,
    held: BarChunk | list[BarChunk],
    settings: Settings = MARGIN,
    rates: tuple[Instrument, ...] = (),
    **params: str,
) -> BacktestResult:
    """Run the script, such as `10,0,-10`, on every instrument."""
    chunks = held if isinstance(held, list) else [held]
    wanted = plan(
        *traded,
        strategy=f"{MINE}:Scripted",
        params={"script": script, **params},
        settings=settings,
        rates=rates,
    )
    return NautilusBacktestEngine().run(wanted, chunks)


# Profit


@pytest.mark.parametrize("settings", [MARGIN, CASH], ids=["margin", "cash"])
def test_profit_is_realised_and_unrealised_together(settings: Settings) -> None:
    """Buys 10 at 100, sells 4 at 110 (+40) and holds 6 to 105 (+30)."""
    held = chunk((AAPL, bars([10_000, 11_000, 10_500])))
    result = scripted("10,-4", AAPL, held=held, settings=settings)
    assert result.pnl == Decimal(70)
    assert (result.orders, result.positions) == (2, 1)


def test_a_short_position_gains_when_the_price_falls() -> None:
    held = chunk((AAPL, bars([10_000, 9_000])))
    assert scripted("-10", AAPL, held=held).pnl == Decimal(100)


def test_a_short_future_in_a_cash_account() -> None:
    """Nautilus pays its whole value out, which is owed until the future is bought back."""
    es = future()
    held = chunk((es, bars([480_000, 479_000])))
    assert scripted("-1", es, held=held, settings=CASH).pnl == Decimal(500)


def test_positions_that_were_closed_and_opened_again_count() -> None:
    held = chunk((AAPL, bars([100, 110, 100, 110, 100])))
    result = scripted("1,-1,1,-1,1", AAPL, held=held)
    assert (result.orders, result.positions) == (5, 3)
    assert result.pnl == Decimal("0.20")


def test_a_turned_position_counts_as_two() -> None:
    """Netting: 1 long, then 1 short by one order of 2, then flat."""
    held = chunk((AAPL, bars([100, 110, 100])))
    result = scripted("1,-2,1", AAPL, held=held)
    assert (result.positions, result.pnl) == (2, Decimal("0.20"))


def test_hedging_makes_a_position_of_each_order() -> None:
    held = chunk((AAPL, bars([100, 110, 120])))
    settings = Settings(oms=OmsType.HEDGING)
    result = scripted("1,-1,1", AAPL, held=held, settings=settings)
    assert (result.positions, result.pnl) == (3, Decimal("0.10"))
    assert any("hedging" in each for each in result.assumptions)


def test_many_round_trips_on_two_venues_add_up() -> None:
    """Each of 50 round trips earns 1 a share on the one venue and loses 2 on the other."""
    up, down = [10_000, 10_100] * 50, [10_000, 9_800] * 50
    held = chunk((AAPL, bars(up)), (KO, bars(down)))
    result = scripted(",".join(["10,-10"] * 50), AAPL, KO, held=held)
    nasdaq, nyse = result.accounts
    assert nasdaq.end - nasdaq.start == 50 * 10
    assert nyse.end - nyse.start == -50 * 20
    assert result.pnl == -500
    assert result.positions == 100


# Money


def test_a_pair_in_a_cash_account_is_not_counted_twice() -> None:
    """1,000 euros are bought at 1.10 dollars and worth 1.12 at the end."""
    held = chunk((EURUSD, bars([110_000, 112_000], price_precision=5)))
    result = scripted("1000", EURUSD, held=held, settings=CASH)
    assert result.pnl == Decimal(20)
    assert any("IDEALPRO each currency" in each for each in result.assumptions)


def test_a_pair_on_margin() -> None:
    held = chunk((EURUSD, bars([110_000, 112_000, 111_000], price_precision=5)))
    assert scripted("1000,-400", EURUSD, held=held).pnl == Decimal(8 + 6)


def test_a_coin_in_a_cash_account() -> None:
    coin = Instrument(
        InstrumentId.parse("XYZQ/USD.PAXOS"),
        InstrumentClass.CRYPTO_PAIR,
        "USD",
        2,
        6,
        Decimal("0.01"),
        Decimal("0.000001"),
        base_currency="XYZQ",
    )
    held = chunk((coin, bars([4_000_000, 5_000_000], volume=10**12, size_precision=6)))
    wanted = plan(coin, settings=attrs.evolve(CASH, capital=Decimal(1_000)))
    result = NautilusBacktestEngine().run(wanted, [held])
    # 1,000 / 40,000.02 = 0.024999… coins at 40,000 are worth 10,000 more each.
    assert result.pnl == Decimal("249.99")


def test_selling_euros_that_the_account_does_not_hold_is_an_error() -> None:
    held = chunk((EURUSD, bars([110_000, 112_000], price_precision=5)))
    with pytest.raises(BacktestFailedError) as failed:
        scripted("-1000", EURUSD, held=held, settings=CASH)
    assert "EUR" in failed.value.message
    assert "--account margin" in failed.value.recovery


@pytest.mark.parametrize("name", ["USD/JPY.IDEALPRO", "USD/JPY.IBFX"])
def test_realised_profit_unrealised_profit_and_commission_are_converted(name: str) -> None:
    """From a traded pair, in yen, into dollars, at each moment's own rate.

    1,000 dollars are bought at 150 yen and 400 of them sold at 160: +4,000 yen, at 160 yen a
    dollar +25.00. The other 600 stand at 125: -15,000 yen, at 125 a dollar -120.00. Commission
    of 0.1 % is 150 yen at 150, 1.00, and 64 yen at 160, 0.40.
    """
    yen = pair(name, 3)
    held = chunk((yen, bars([150_000, 160_000, 125_000], price_precision=3)))
    settings = Settings(base_currency="USD", commission=Commission.parse("0.1%"))
    result = scripted("1000,-400", yen, held=held, settings=settings)
    assert result.pnl == Decimal("25.00") - Decimal("120.00") - Decimal("1.40")


def test_strategies_see_converted_profit_too() -> None:
    """The portfolio that a strategy asks reads the same rates."""
    held = chunk(
        (EURUSD, bars([125_000, 125_000, 125_000], price_precision=5)),
        (SAP, bars([10_000, 11_000, 11_000])),
    )
    settings = Settings(base_currency="USD")
    scripted("10", SAP, held=held, settings=settings, rates=(EURUSD,))
    assert Scripted.profits[-1] == "125.00 USD"


def test_a_rate_of_a_later_moment_is_never_used() -> None:
    """The rate doubles one minute after the profit of 100 euros was realised at 1.25."""
    rate = bars([125_000, 125_000, 250_000], price_precision=5)
    held = chunk((EURUSD, rate), (SAP, bars([10_000, 11_000, 11_000])))
    settings = Settings(base_currency="USD")
    result = scripted("10,-10", SAP, held=held, settings=settings, rates=(EURUSD,))
    assert result.pnl == Decimal(125)


def test_a_rate_that_closes_between_two_bars_is_used_from_then_on() -> None:
    """The rate of 2 closes half a minute before the second bar, whose profit is 100 euros."""
    rate = Bars.concat(
        [
            bars([125_000], price_precision=5),
            bars([200_000], start=OPEN + MINUTE // 2, price_precision=5),
        ]
    )
    held = chunk((EURUSD, rate), (SAP, bars([10_000, 11_000])))
    settings = Settings(base_currency="USD")
    result = scripted("10,-10", SAP, held=held, settings=settings, rates=(EURUSD,))
    assert result.pnl == Decimal(200)


def test_rates_may_begin_days_before_the_first_trade_in_a_bar_type_of_their_own() -> None:
    """A chunk of rates alone; the daily rate of 1.25 closed three days before the first fill."""
    settings = Settings(base_currency="USD")
    wanted = attrs.evolve(
        plan(SAP, params={"trade_size": "10"}, settings=settings), rates=((EURUSD, ONE_DAY),)
    )
    daily = bars([125_000, 200_000], start=OPEN - 4 * DAY, step=DAY, price_precision=5)
    held = [
        {Series(EURUSD.id, ONE_DAY): daily.take(slice(0, 1))},
        chunk((SAP, bars([10_000, 11_000]))),
    ]
    result = NautilusBacktestEngine().run(wanted, held)
    assert (result.pnl, result.bars, result.sharpe) == (Decimal(125), 2, None)


def test_a_rate_over_two_pairs() -> None:
    """100 euros are 15,000 yen are 120 dollars."""
    euro_yen, dollar_yen = pair("EUR/JPY.IDEALPRO", 3), pair("USD/JPY.IDEALPRO", 3)
    held = chunk(
        (euro_yen, bars([150_000, 150_000], price_precision=3)),
        (dollar_yen, bars([125_000, 125_000], price_precision=3)),
        (SAP, bars([10_000, 11_000])),
    )
    settings = Settings(base_currency="USD")
    result = scripted("10,-10", SAP, held=held, settings=settings, rates=(euro_yen, dollar_yen))
    assert result.pnl == Decimal(120)


def test_a_cash_account_without_the_currency_says_so() -> None:
    yen = pair("USD/JPY.IDEALPRO", 3)
    held = chunk((yen, bars([150_000], price_precision=3)))
    settings = attrs.evolve(CASH, base_currency="USD")
    with pytest.raises(BacktestFailedError) as failed:
        scripted("1000", yen, held=held, settings=settings)
    assert "JPY" in failed.value.message


@pytest.mark.parametrize("base", ["XXX", "usd"])
def test_an_unknown_base_currency_is_refused(base: str) -> None:
    with pytest.raises(BacktestSettingError) as refused:
        NautilusBacktestEngine().check(plan(AAPL, settings=Settings(base_currency=base)))
    assert repr(base) in refused.value.message


def test_an_unknown_currency_of_an_instrument_is_refused() -> None:
    with pytest.raises(InvalidInstrumentError) as refused:
        NautilusBacktestEngine().check(plan(equity("VOD.LSE", "GBX")))
    assert "GBX" in refused.value.message


def test_capital_beyond_nautilus_is_refused() -> None:
    with pytest.raises(BacktestSettingError):
        NautilusBacktestEngine().check(plan(AAPL, settings=Settings(capital=Decimal(10**14))))


# Orders


def test_a_refused_order_is_counted_by_its_reason() -> None:
    held = chunk((AAPL, bars([100, 110, 120])))
    result = scripted("-1,-1", AAPL, held=held, settings=CASH)
    assert result.refused_orders == {"SHORT SELLING not permitted on a CASH account": 2}
    assert (result.orders, result.positions, result.pnl) == (2, 0, Decimal(0))


def test_a_share_with_fractional_volume_cannot_be_sold_short_in_cash_either() -> None:
    fractional = equity("AAPL.NASDAQ", size_precision=3)
    held = chunk((fractional, bars([100, 110], volume=1_000_500, size_precision=3)))
    result = scripted("-1", fractional, held=held, settings=CASH)
    assert sum(result.refused_orders.values()) == 1


def test_more_than_a_hundred_orders_may_fall_on_one_instant() -> None:
    many = [equity(f"A{number}.NASDAQ") for number in range(120)]
    held = chunk(*((each, bars([100, 101])) for each in many))
    result = scripted("1", *many, held=held)
    assert (result.orders, result.positions, result.refused_orders) == (120, 120, {})


def test_market_orders_fill_at_the_close_on_which_they_are_sent() -> None:
    scripted("10", AAPL, held=chunk((AAPL, bars([10_000, 11_000]))))
    assert Scripted.fills == [("AAPL.NASDAQ", OPEN + MINUTE, "10", "100.00", "0.00 USD")]


def test_what_exceeds_a_quarter_of_the_volume_fills_one_tick_worse() -> None:
    scripted("10", AAPL, held=chunk((AAPL, bars([10_000, 11_000], volume=16))))
    assert [fill[2:4] for fill in Scripted.fills] == [("4", "100.00"), ("6", "100.01")]


def test_certain_slippage_costs_one_tick() -> None:
    held = chunk((AAPL, bars([10_000, 10_000])))
    result = scripted("10", AAPL, held=held, settings=Settings(slippage=1.0))
    assert result.pnl == Decimal("-0.10")
    assert any("probability 1 (random seed 42)" in each for each in result.assumptions)


def test_chance_is_the_same_in_every_run() -> None:
    held = chunk((AAPL, bars([10_000, 10_000] * 40)), (KO, bars([10_000, 10_000] * 40)))
    script = ",".join(["1,-1"] * 40)
    first, second = (
        scripted(script, AAPL, KO, held=held, settings=Settings(slippage=0.5)) for _ in range(2)
    )
    assert first == second
    assert Decimal(-2) < first.pnl < 0


def test_commission_per_order_is_charged_once_for_several_fills() -> None:
    settings = Settings(commission=Commission.parse("1.50/order"))
    held = chunk((AAPL, bars([10_000, 10_000], volume=16)))
    scripted("10", AAPL, held=held, settings=settings)
    assert [fill[-1] for fill in Scripted.fills] == ["1.50 USD", "0.00 USD"]


def test_the_default_size_leaves_room_for_commission_and_slippage() -> None:
    """Cash is never overdrawn, though the volume makes half of the order fill a tick worse."""
    settings = attrs.evolve(
        CASH, capital=Decimal(1_000), slippage=1.0, commission=Commission.parse("1/order")
    )
    held = chunk((AAPL, bars([10, 10], volume=40)))
    result = NautilusBacktestEngine().run(plan(AAPL, settings=settings), [held])
    assert result.orders == 1
    assert any("8325 AAPL.NASDAQ" in each for each in result.assumptions)


@pytest.mark.parametrize(
    ("commission", "told"),
    [
        ("99999999999/order", "commission on the least that can be bought of AAPL.NASDAQ, 99,999,"),
        ("600/share", "commission on the least that can be bought of AAPL.NASDAQ, 600.00 USD, is"),
        ("450/order", "AAPL.NASDAQ costs 100.02 USD and its commission 450.00 USD, more than"),
        ("450%", "AAPL.NASDAQ costs 100.02 USD and its commission 450.09 USD, more than"),
        ("0", None),
    ],
)
def test_what_the_share_does_not_pay_for_is_told(commission: str, told: str | None) -> None:
    settings = Settings(capital=Decimal(500), commission=Commission.parse(commission))
    held = chunk((AAPL, bars([10_000, 10_000])))
    wanted = plan(AAPL, settings=settings)
    if told is None:
        assert NautilusBacktestEngine().run(wanted, [held]).orders == 1
        return
    with pytest.raises(BacktestFailedError) as failed:
        NautilusBacktestEngine().run(wanted, [held])
    assert told in failed.value.message
    assert "500.00 USD" in failed.value.message


def test_no_default_size_at_a_price_below_nothing() -> None:
    """As crude oil was on 20 April 2020."""
    crude = future("CLK0.NYMEX", "2024-04-21")
    with pytest.raises(BacktestFailedError, match=r"price of CLK0\.NYMEX is -37\.63"):
        NautilusBacktestEngine().run(plan(crude), [chunk((crude, bars([-3_763])))])


@pytest.mark.parametrize("capital", ["0.01", "1", "1e13", "17014118346046"])
@pytest.mark.parametrize("account", AccountType)
def test_any_capital_ends_in_a_result_or_an_error(capital: str, account: AccountType) -> None:
    settings = Settings(capital=Decimal(capital), account=account)
    held = chunk((AAPL, bars([10_000, 10**9, 1] * 3)))
    wanted = plan(AAPL, strategy=f"{MINE}:Scripted", params={"script": "9,-9"}, settings=settings)
    for each in (wanted, plan(AAPL, settings=settings)):
        try:
            assert NautilusBacktestEngine().run(each, [held]).bars == 9
        except BacktestFailedError as failed:
            assert failed.recovery  # noqa: PT017 (either is right)


# Futures


def test_a_future_that_expires_in_the_range_is_closed_at_its_last_price() -> None:
    """Three days of ES, which expires on the second, beside a share that goes on."""
    es = future(expiry="2024-01-03")
    held = chunk(
        (es, bars([480_000, 480_100], step=DAY // 2)),
        (AAPL, bars([10_000] * 8, step=DAY // 2)),
    )
    result = scripted("1", es, AAPL, held=held)
    assert [fill[0] for fill in Scripted.fills] == ["ESH4.CME", "AAPL.NASDAQ", "ESH4.CME"]
    # 4 January, 00:00 in Chicago
    assert Scripted.fills[-1][1:4] == (1_704_348_000 * 1_000_000_000, "1", "4801.00")
    assert result.pnl == Decimal(50)
    assert any("ESH4.CME expires at the end of 2024-01-03" in each for each in result.assumptions)


def test_an_expired_future_takes_no_orders() -> None:
    """It trades until its last midnight in Chicago, 06:00 UTC; the share goes on."""
    es = future(expiry="2024-01-03")
    held = chunk((es, bars([480_000])), (AAPL, bars([100] * 4, step=DAY)))
    wanted = plan(es, AAPL, strategy=f"{MINE}:LateBuyer")
    result = NautilusBacktestEngine().run(wanted, [held])
    # Closes on the 3rd, 4th, 5th and 6th; the first buys, and expiry sells.
    assert result.refused_orders == {"Contract ESH4.CME has expired": 3}
    assert result.orders == 5


def test_a_part_of_a_contract_is_an_error() -> None:
    es = future().with_precision(2, 1)
    held = chunk((es, bars([480_000], volume=15, size_precision=1)))
    with pytest.raises(PrecisionError) as refused:
        scripted("1", es, held=held)
    assert "whole number of contracts" in refused.value.message


def test_whole_contracts_written_with_decimals_are_none() -> None:
    es = future().with_precision(2, 1)
    held = chunk((es, bars([480_000, 480_100], volume=150, size_precision=1)))
    assert scripted("1", es, held=held).pnl == Decimal(50)


# Bars


def test_fractional_volume_of_a_share_arrives_exactly() -> None:
    """A bar of 40.004 shares offers a quarter of them, 10.001; whole shares are traded."""
    fractional = equity("AAPL.NASDAQ", size_precision=3)
    held = chunk((fractional, bars([10_000, 11_000], volume=40_004, size_precision=3)))
    result = scripted("10", fractional, held=held)
    assert result.pnl == Decimal(100)
    assert [fill[2:4] for fill in Scripted.fills] == [("10.000", "100.00")]


def test_growing_precision_runs_exactly() -> None:
    """Two decimals in one chunk, four in the next: 187.15 to 187.1503."""
    fine = AAPL.with_precision(4, 0)
    held: list[BarChunk] = [
        chunk((fine, bars([18_715]))),
        chunk((fine, bars([1_871_503], start=OPEN + MINUTE, price_precision=4))),
    ]
    scripted("10000,-10000", fine, held=held)
    assert [fill[3] for fill in Scripted.fills] == ["187.1500", "187.1503"]


@pytest.mark.parametrize(
    "cuts", [(3,), (1, 2, 3, 4, 5, 6, 7, 8), (0, 5), (4, 4, 4)], ids=["two", "all", "first", "gaps"]
)
def test_chunks_change_no_fill(cuts: tuple[int, ...]) -> None:
    whole = chunk(
        (EURUSD, bars([125_000 + 100 * i for i in range(9)], price_precision=5)),
        (SAP, bars([10_000, 10_200, 9_900, 10_100, 10_050, 9_800, 9_700, 9_900, 10_000])),
        (AAPL, bars([18_500, 18_400, 18_600, 18_550, 18_700, 18_800, 18_750, 18_600, 18_500])),
    )
    settings = Settings(base_currency="USD", slippage=0.5, commission=Commission.parse("5bp"))
    script, rates = "10,-20,0,15,0,-5,0,10", (EURUSD,)
    at_once = scripted(script, SAP, AAPL, held=whole, settings=settings, rates=rates)
    fills = list(Scripted.fills)
    Scripted.fills.clear()
    parts: list[BarChunk] = [*cut(whole, *(OPEN + MINUTE * edge for edge in cuts))]
    in_parts = scripted(script, SAP, AAPL, held=parts, settings=settings, rates=rates)
    assert Scripted.fills == fills
    assert len(fills) == 10
    assert in_parts == at_once


def test_limit_orders_rest_over_the_edge_of_chunks() -> None:
    whole = chunk((AAPL, bars([10_000, 10_100, 9_800, 9_900, 10_200])))
    at_once = scripted("10", AAPL, held=whole, limit="99")
    fills = list(Scripted.fills)
    Scripted.fills.clear()
    parts: list[BarChunk] = [*cut(whole, OPEN + MINUTE, OPEN + 2 * MINUTE)]
    assert scripted("10", AAPL, held=parts, limit="99") == at_once
    assert Scripted.fills == fills
    assert [fill[2:4] for fill in fills] == [("10", "99.00")]
    assert at_once.pnl == Decimal(30)


def test_a_long_bar_that_ends_in_the_next_chunk_waits_for_it() -> None:
    """Chunks bounded by when bars open: the hour closes after minutes of the next chunk."""
    hour = BarType.parse("1_HOUR")
    minutes = bars([10_000, 10_100, 10_200])
    long = bars([5_000], step=3 * MINUTE)
    by_open: list[BarChunk] = [
        {Series(AAPL.id, ONE_MINUTE): minutes.take(slice(0, 1)), Series(KO.id, hour): long},
        {Series(AAPL.id, ONE_MINUTE): minutes.take(slice(1, 3))},
    ]
    wanted = attrs.evolve(
        plan(AAPL, strategy=f"{MINE}:Scripted", params={"script": "1,1,1"}),
        traded=((AAPL, ONE_MINUTE), (KO, hour)),
    )
    result = NautilusBacktestEngine().run(wanted, by_open)
    assert result.bars == 4
    assert [(fill[0], fill[1] - OPEN) for fill in Scripted.fills] == [
        ("AAPL.NASDAQ", MINUTE),
        ("AAPL.NASDAQ", 2 * MINUTE),
        ("AAPL.NASDAQ", 3 * MINUTE),
        ("KO.NYSE", 3 * MINUTE),
    ]


@pytest.mark.parametrize("days", [(1, 0), (0, 0), (0, 1, 0), (1, 2, 0, 3)])
def test_chunks_out_of_order_are_an_error(days: tuple[int, ...]) -> None:
    held: list[BarChunk] = [chunk((AAPL, bars([100], start=OPEN + day * DAY))) for day in days]
    with pytest.raises(BacktestFailedError, match="not in order"):
        scripted("1", AAPL, held=held)


# The days


def test_a_bar_that_closes_at_midnight_belongs_to_the_day_that_ends() -> None:
    """Closes at 23:59 and 00:00 are one day of two, not two of three."""
    first = bars([10_000, 11_000], start=MIDNIGHT - 2 * MINUTE)
    second = bars([9_000], start=MIDNIGHT + 600 * MINUTE)
    held = chunk((AAPL, Bars.concat([first, second])))
    result = scripted("10", AAPL, held=held)
    # 100,000 to 100,100 to 99,900: had 100,000 been a day's end the fall would be the same,
    # but the ratio is of two returns.
    returns = [0.001, 99_900 / 100_100 - 1]
    mean, half = sum(returns) / 2, (returns[0] - returns[1]) / 2
    assert result.sharpe == pytest.approx(mean / (half * 2**0.5) * 252**0.5)
    assert result.max_drawdown == pytest.approx(99_900 / 100_100 - 1)


def test_days_without_bars_are_left_out_whatever_the_chunks() -> None:
    week = Bars.concat(
        [bars([10_000, 10_100], step=DAY), bars([9_900, 10_300], start=OPEN + 6 * DAY, step=DAY)]
    )
    held = {Series(AAPL.id, ONE_DAY): week}
    wanted = plan(AAPL, params={"trade_size": "10"}, bar_type=ONE_DAY)
    results = [
        NautilusBacktestEngine().run(wanted, chunks)
        for chunks in ([held], cut(held, OPEN + DAY), cut(held, OPEN + 3 * DAY))
    ]
    assert results[0] == results[1] == results[2]
    assert results[0].max_drawdown == pytest.approx(99_990 / 100_010 - 1)
    returns = [0, 10 / 100_000, -20 / 100_010, 40 / 99_990]
    ratio = statistics.fmean(returns) / statistics.stdev(returns) * 252**0.5
    assert results[0].sharpe == pytest.approx(ratio)


def test_a_day_that_ends_with_its_bar_at_midnight_is_a_day() -> None:
    """As daily bars of coins do: 100,000, then 100,100 and 99,900."""
    held = {Series(AAPL.id, ONE_DAY): bars([10_000, 11_000, 9_000], start=MIDNIGHT, step=DAY)}
    wanted = plan(AAPL, params={"trade_size": "10"}, bar_type=ONE_DAY, first_open=MIDNIGHT)
    returns = [0, 100 / 100_000, -200 / 100_100]
    ratio = statistics.fmean(returns) / statistics.stdev(returns) * 252**0.5
    assert NautilusBacktestEngine().run(wanted, [held]).sharpe == pytest.approx(ratio)


def test_orders_that_close_positions_at_the_end_count_for_the_last_day() -> None:
    """The last bar closes at midnight; the position is sold, for 500, after it."""
    closes = [10_000 + i for i in range(30)]
    held = chunk((AAPL, bars(closes, start=MIDNIGHT + DAY - 30 * MINUTE)))
    settings = Settings(commission=Commission.parse("500/order"))
    wanted = plan(AAPL, strategy="ema-cross", params={"trade_size": "1"}, settings=settings)
    result = NautilusBacktestEngine().run(wanted, [held])
    assert result.orders == 2
    assert -1000 < result.pnl < -999
    assert result.max_drawdown == pytest.approx(float(result.pnl) / 100_000)


def test_one_day_has_no_sharpe_ratio() -> None:
    result = scripted("10", AAPL, held=chunk((AAPL, bars([100, 110]))))
    assert result.sharpe is None
    assert result.max_drawdown == 0.0


def test_equity_that_does_not_move_has_no_sharpe_ratio() -> None:
    held = {Series(AAPL.id, ONE_DAY): bars([100] * 5, step=DAY)}
    wanted = plan(AAPL, params={"trade_size": "10"}, bar_type=ONE_DAY)
    assert NautilusBacktestEngine().run(wanted, [held]).sharpe is None


# Strategies


def test_the_built_in_cross_is_flat_at_the_end() -> None:
    held = chunk((AAPL, bars([10_000 + 50 * abs(i % 40 - 20) for i in range(200)])))
    wanted = plan(AAPL, strategy="ema-cross", params={"fast_ema_period": "3"})
    result = NautilusBacktestEngine().run(wanted, [held])
    assert result.orders == 2 * result.positions > 4


def test_the_example_of_nautilus_runs_with_its_own_defaults() -> None:
    """With `request_bars`, which asks for history that is not there, and trade ticks."""
    held = chunk((AAPL, bars([10_000 + 50 * abs(i % 40 - 20) for i in range(200)])))
    names = ("ema-cross", "nautilus_trader.examples.strategies.ema_cross:EMACross")
    ours, theirs = (
        NautilusBacktestEngine().run(plan(AAPL, strategy=name, params={"trade_size": "10"}), [held])
        for name in names
    )
    assert theirs == ours
    assert theirs.orders > 4


def test_an_instrument_may_be_absent_at_first() -> None:
    """A subscription to what has no bars yet is kept until it has."""
    chunks: list[BarChunk] = [
        chunk((AAPL, bars([100, 100]))),
        chunk((KO, bars([100, 110], start=OPEN + DAY))),
    ]
    result = scripted("10", AAPL, KO, held=chunks)
    assert (result.orders, result.pnl) == (2, Decimal(1))


@pytest.mark.parametrize("where", ["on_start", "on_bar", "on_stop"])
def test_a_strategy_that_fails_is_told_with_the_place_and_the_time(where: str) -> None:
    wanted = plan(AAPL, strategy=f"{MINE}:Failing", params={"where": where})
    with pytest.raises(BacktestFailedError) as failed:
        NautilusBacktestEngine().run(wanted, [chunk((AAPL, bars([100])))])
    assert f"{MINE}:Failing" in failed.value.message
    assert "2024-01-02 14:31:00 UTC" in failed.value.message
    assert f"LookupError: broken in {where}" in failed.value.message
    assert "user_strategies.py, line" in failed.value.message
    assert isinstance(failed.value.__cause__, LookupError)


def test_a_strategy_that_exits_does_not_end_the_process() -> None:
    wanted = plan(AAPL, strategy=f"{MINE}:Failing", params={"where": "exit"})
    with pytest.raises(BacktestFailedError, match="SystemExit"):
        NautilusBacktestEngine().run(wanted, [chunk((AAPL, bars([100])))])


@pytest.mark.parametrize("where", ["on_start", "on_bar", "on_stop", "on_dispose"])
@pytest.mark.parametrize("how", ["LookupError", "SystemExit", "Evil", "GeneratorExit"])
def test_whatever_a_strategy_raises_is_its_failure(where: str, how: str) -> None:
    params = {"where": where, "how": how}
    wanted = plan(AAPL, strategy=f"{MINE}:Failing", params=params)
    with pytest.raises(BacktestFailedError, match=rf"{how}: broken in {where}"):
        NautilusBacktestEngine().run(wanted, [chunk((AAPL, bars([100])))])


@pytest.mark.parametrize("where", ["on_start", "on_bar", "on_stop", "on_dispose"])
def test_an_interrupt_is_no_failure(where: str) -> None:
    params = {"where": where, "how": "KeyboardInterrupt"}
    wanted = plan(AAPL, strategy=f"{MINE}:Failing", params=params)
    with pytest.raises(KeyboardInterrupt):
        NautilusBacktestEngine().run(wanted, [chunk((AAPL, bars([100])))])


def test_after_a_failure_the_next_run_is_a_run_like_any_other() -> None:
    engine = NautilusBacktestEngine()
    held = chunk((AAPL, bars([10_000, 11_000])))
    with pytest.raises(BacktestFailedError):
        engine.run(plan(AAPL, strategy=f"{MINE}:Failing", params={"where": "on_bar"}), [held])
    settings = attrs.evolve(CASH, capital=Decimal(1))
    with pytest.raises(BacktestFailedError):
        engine.run(plan(AAPL, params={"trade_size": "10"}, settings=settings), [held])
    assert engine.run(plan(AAPL, params={"trade_size": "10"}), [held]).pnl == Decimal(100)


def test_nothing_is_printed_on_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    held = chunk((AAPL, bars([100])))
    wanted = plan(AAPL, strategy=f"{MINE}:Failing", params={"where": "nowhere"})
    NautilusBacktestEngine().run(wanted, [held])
    written = capfd.readouterr()
    assert written.out == ""
    assert written.err == "the strategy starts\n"


def test_random_numbers_of_the_process_are_left_alone() -> None:
    random.seed(7)
    expected = random.random()
    random.seed(7)
    held = chunk((AAPL, bars([100, 100])))
    scripted("1", AAPL, held=held, settings=Settings(slippage=0.5))
    assert random.random() == expected


# Indices


def test_a_strategy_that_trades_and_looks_at_an_index_sees_its_bars() -> None:
    """The index at the share's own venue; every order for it is refused, and no other is."""
    ndx = index("^NDX.NASDAQ")
    held = chunk((ndx, bars([1_500_000, 1_510_000, 1_520_000])), (AAPL, bars([100, 110, 120])))
    result = scripted("1,-1,1", ndx, AAPL, held=held)
    assert len(Scripted.profits) == 6
    assert {name for name, *_ in Scripted.fills} == {"AAPL.NASDAQ"}
    assert (result.orders, len(Scripted.fills), result.pnl) == (6, 3, Decimal("0.10"))
    assert result.refused_orders == {"^NDX.NASDAQ is an index, which cannot be traded": 3}
    assert any("^NDX.NASDAQ is an index" in each for each in result.assumptions)


def test_waiting_orders_for_an_index_are_refused_too() -> None:
    held = chunk((index(), bars([480_000, 470_000, 460_000])))
    result = scripted("1,1", index(), held=held, limit="4750")
    assert (result.positions, result.pnl) == (0, 0)
    assert sum(result.refused_orders.values()) == 2


def test_a_list_of_orders_with_an_index_in_it_is_refused_as_a_whole() -> None:
    held = chunk((index(), bars([480_000, 470_000])))
    wanted = plan(index(), strategy=f"{MINE}:Bracketing")
    result = NautilusBacktestEngine().run(wanted, [held])
    assert (result.orders, result.positions) == (3, 0)
    assert sum(result.refused_orders.values()) == 3
