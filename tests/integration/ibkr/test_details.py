"""What instruments are, by IBKR's contract details as they arrive."""

from __future__ import annotations

import datetime as dt
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ib_async import ContractDetails

from adapters.ibkr.details import instrument_of, instruments_of, price_decimals
from adapters.ibkr.matching import chosen, distinct, matches
from domain.errors import AmbiguousSymbolError, ContractNotFoundError, UnusableAnswerError
from domain.instrument import Instrument, InstrumentClass, InstrumentId
from tests.integration.ibkr.wire import answer

TODAY = dt.date(2024, 11, 29)
UNSET = repr(sys.float_info.max)


def named(text: str) -> InstrumentId:
    return InstrumentId.parse(text)


# What every class is


def test_a_share_trades_in_whole_units_at_the_exchange_that_lists_it() -> None:
    """IBKR's step of a ten-thousandth is its own service of fractions."""
    assert instrument_of(answer(), asked=None) == Instrument(
        named("AAPL.NASDAQ"), InstrumentClass.EQUITY, "USD", 2, 0, Decimal("0.01"), Decimal(1)
    )


def test_a_pair_of_currencies() -> None:
    assert instrument_of(answer("EUR/USD"), asked=None) == Instrument(
        named("EUR/USD.IDEALPRO"),
        InstrumentClass.CURRENCY_PAIR,
        "USD",
        5,
        0,
        Decimal("0.00005"),
        Decimal(1),
        base_currency="EUR",
    )


def test_a_future() -> None:
    assert instrument_of(answer("ES"), asked=None) == Instrument(
        named("ESH4.CME"),
        InstrumentClass.FUTURE,
        "USD",
        2,
        0,
        Decimal("0.25"),
        Decimal(1),
        Decimal(50),
        expiry=dt.date(2024, 3, 15),
    )


def test_an_index() -> None:
    assert instrument_of(answer("SPX"), asked=None) == Instrument(
        named("^SPX.CBOE"), InstrumentClass.INDEX, "USD", 2, 0, Decimal("0.01"), Decimal(1)
    )


def test_a_pair_of_a_coin() -> None:
    assert instrument_of(answer("BTC/USD"), asked=None) == Instrument(
        named("BTC/USD.PAXOS"),
        InstrumentClass.CRYPTO_PAIR,
        "USD",
        2,
        8,
        Decimal("0.25"),
        Decimal("0.00000001"),
        base_currency="BTC",
    )


# IDs


def test_an_id_is_kept_as_it_was_typed() -> None:
    for text, details in (
        ("AAPL.ISLAND", answer()),
        ("AAPL.XNAS", answer(primaryExchange="ISLAND")),
        ("BRK.B.NYSE", answer(symbol="BRK B", localSymbol="BRK B", primaryExchange="NYSE")),
        ("SPX.CBOE", answer("SPX")),
        ("EURUSD.IDEALPRO", answer("EUR/USD")),
        ("ESH24.GLOBEX", answer("ES")),
        ("AAPL.SMART", answer()),
        ("AAPL.IEX", answer(exchange="IEX")),
    ):
        assert str(instrument_of(details, asked=named(text)).id) == text


def test_another_instrument_is_not_named_as_what_was_asked_for() -> None:
    assert instrument_of(answer(), asked=named("AAPL.NYSE")).id == named("AAPL.NASDAQ")


@pytest.mark.parametrize(
    ("exchange", "venue"),
    [("ISLAND", "NASDAQ"), ("NASDAQ.NMS", "NASDAQ"), ("NYSE", "NYSE"), ("ENEXT.BE", "XBRU")],
)
def test_a_venue_is_the_present_name_of_the_listing(exchange: str, venue: str) -> None:
    assert instrument_of(answer(primaryExchange=exchange), asked=None).id.venue == venue


@pytest.mark.parametrize(
    ("name", "local", "month", "code"),
    [
        ("ES", "ESH4", "202403", "ESH4"),
        ("ZC", "ZC   DEC 25", "202512", "ZCZ5"),
        ("ZC", "ZCZ5", "202512", "ZCZ5"),
        ("ES", "", "202403", "ESH4"),
        ("ES", "", "", "ESH4"),
        ("ES", "FES 20240315 M", "202403", "ESH4"),
    ],
)
def test_a_future_is_named_by_its_code(name: str, local: str, month: str, code: str) -> None:
    found = instrument_of(answer(name, localSymbol=local, contractMonth=month), asked=None)
    assert found.id.symbol == code


def test_the_contract_month_of_oil_lies_after_its_last_day() -> None:
    oil = answer(
        "ES",
        symbol="CL",
        tradingClass="CL",
        localSymbol="CLZ5",
        exchange="NYMEX",
        contractMonth="202512",
        lastTradeDate="20251120",
        realExpirationDate="20251120",
        multiplier="1000",
        minTick="0.01",
    )
    found = instrument_of(oil, asked=None)
    assert (str(found.id), found.expiry) == ("CLZ5.NYMEX", dt.date(2025, 11, 20))
    assert matches(oil, named("CLZ5.NYMEX"))
    assert not matches(oil, named("CLX5.NYMEX"))


# Numbers


@given(st.integers(1, 10**9), st.integers(0, 9))
def test_a_tick_is_the_decimal_that_was_sent(digits: int, places: int) -> None:
    tick = Decimal(digits).scaleb(-places)
    if tick > 10**6:
        return
    found = instrument_of(answer(minTick=f"{tick:f}"), asked=None)
    assert found.tick == tick
    assert found.price_precision == max(0, -int(tick.normalize().as_tuple().exponent))


@pytest.mark.parametrize("tick", ["0", "", "-0.01", "nan", "inf", UNSET, "1e-10"])
def test_a_price_step_that_is_none_is_refused(tick: str) -> None:
    with pytest.raises(UnusableAnswerError) as refused:
        instrument_of(answer(minTick=tick), asked=None)
    assert "AAPL" in refused.value.message
    assert refused.value.recovery


@pytest.mark.parametrize("size", ["", "0", UNSET, "0.0001", "1"])
def test_without_lots_a_share_trades_one_by_one(size: str) -> None:
    found = instrument_of(answer(minSize=size, sizeIncrement=size), asked=None)
    assert (found.size_precision, found.size_step) == (0, Decimal(1))


def test_lots_are_the_step_of_a_share() -> None:
    toyota = answer(symbol="7203", primaryExchange="TSEJ", currency="JPY", sizeIncrement="100")
    found = instrument_of(toyota, asked=None)
    assert (str(found.id), str(found.size_step)) == ("7203.TSEJ", "100")


@pytest.mark.parametrize("size", ["", "0", UNSET])
def test_a_pair_that_tells_no_increment_has_its_least_size_for_a_step(size: str) -> None:
    found = instrument_of(answer("BTC/USD", sizeIncrement=size), asked=None)
    assert (found.size_precision, found.size_step) == (5, Decimal("0.00001"))


def test_a_coin_of_which_no_size_is_told_is_refused() -> None:
    with pytest.raises(UnusableAnswerError, match="no size step"):
        instrument_of(answer("BTC/USD", sizeIncrement="", minSize=""), asked=None)


# Prices in hundredths


def test_grain_in_cents_keeps_its_prices_and_its_value() -> None:
    """450.25 cents a bushel, 5,000 bushels: 22,512.50 dollars."""
    corn = answer("ZC")
    found = instrument_of(corn, asked=None)
    assert (found.tick, found.multiplier) == (Decimal("0.25"), Decimal(50))
    assert Decimal("450.25") * found.multiplier == Decimal("22512.50")
    assert price_decimals(corn) == 0


def test_a_share_in_pence_is_kept_in_pounds() -> None:
    vodafone = answer("VOD")
    found = instrument_of(vodafone, asked=None)
    assert (str(found.id), found.currency, found.tick) == ("VOD.LSE", "GBP", Decimal("0.0001"))
    assert price_decimals(vodafone) == 2


@pytest.mark.parametrize(("magnifier", "places"), [("", 0), ("0", 0), ("1", 0), ("1000", 3)])
def test_a_magnifier_moves_the_point(magnifier: str, places: int) -> None:
    assert price_decimals(answer(priceMagnifier=magnifier)) == places


@pytest.mark.parametrize("magnifier", ["-1", "50"])
def test_a_magnifier_that_makes_no_sense_is_refused(magnifier: str) -> None:
    with pytest.raises(UnusableAnswerError, match="magnifier"):
        price_decimals(answer(priceMagnifier=magnifier))


@pytest.mark.parametrize("multiplier", ["", "0", "-50", "fifty", "NaN", "Infinity"])
def test_a_multiplier_that_is_none_is_refused(multiplier: str) -> None:
    with pytest.raises(UnusableAnswerError, match="multiplier"):
        instrument_of(answer("ES", multiplier=multiplier), asked=None)


def test_a_multiplier_that_cannot_be_divided_exactly_is_refused() -> None:
    with pytest.raises(UnusableAnswerError, match="multiplier"):
        instrument_of(answer("ZC", priceMagnifier="7"), asked=None)


# Expiry


@pytest.mark.parametrize(
    ("last", "real"),
    [
        ("20240315", "20240315"),
        ("20240315 09:30 US/Central", "20240315"),
        ("20240315-09:30:00-US/Central", ""),
        ("20240315 16:15 EST", ""),
        ("", "20240315"),
        ("202403", "20240315"),
    ],
)
def test_the_last_day_of_trading_in_every_form_that_it_is_sent_in(last: str, real: str) -> None:
    details = answer("ES", lastTradeDate=last, realExpirationDate=real)
    assert instrument_of(details, asked=None).expiry == dt.date(2024, 3, 15)


@pytest.mark.parametrize(("last", "real"), [("", ""), ("20241332", ""), ("soon", "later")])
def test_a_last_day_that_is_no_date_is_refused(last: str, real: str) -> None:
    with pytest.raises(UnusableAnswerError, match="last day of trading"):
        instrument_of(answer("ES", lastTradeDate=last, realExpirationDate=real), asked=None)


# Nonsense


@pytest.mark.parametrize(
    "changed",
    [
        {"secType": "OPT"},
        {"secType": ""},
        {"currency": ""},
        {"currency": "dollars"},
        {"primaryExchange": ""},
        {"primaryExchange": "nowhere at all"},
        {"symbol": "../../etc/passwd"},
        {"symbol": ""},
    ],
    ids=str,
)
def test_details_that_no_instrument_can_have_are_refused(changed: dict[str, str]) -> None:
    with pytest.raises(UnusableAnswerError) as refused:
        instrument_of(answer(**changed), asked=None)
    assert refused.value.recovery


def test_a_pair_of_one_currency_is_refused() -> None:
    with pytest.raises(UnusableAnswerError, match="its currency"):
        instrument_of(answer("EUR/USD", symbol="USD"), asked=None)


def test_a_future_that_names_no_month_is_refused() -> None:
    details = answer("ES", contractMonth="", lastTradeDate="", localSymbol="")
    with pytest.raises(UnusableAnswerError, match="contract month"):
        instrument_of(details, asked=None)


def test_details_of_nothing_are_refused() -> None:
    with pytest.raises(UnusableAnswerError, match="no contract"):
        instrument_of(ContractDetails(), asked=None)


# Which answer is meant


@pytest.mark.parametrize(
    ("details", "asked", "fits"),
    [
        (answer(), "AAPL.NASDAQ", True),
        (answer(primaryExchange="ISLAND"), "AAPL.NASDAQ", True),
        (answer(primaryExchange="NYSE"), "AAPL.NASDAQ", False),
        (answer(), "MSFT.NASDAQ", False),
        (answer(), "AAPL.SMART", True),
        (answer("ES"), "ESH4.CME", True),
        (answer("ES"), "ESM4.CME", False),
        (answer("ES"), "ESH5.CME", False),
        (answer("ES"), "NQH4.CME", False),
        (answer("ES"), "ESH4.NYMEX", False),
        (answer("ES"), "ES.SMART", False),
        (answer("SPX"), "SPX.CBOE", True),
        (answer("SPX"), "^SPX.CBOE", True),
        (answer("SPX"), "^VIX.CBOE", False),
        (answer("EUR/USD"), "EUR/USD.IDEALPRO", True),
        (answer("EUR/USD"), "EUR/GBP.IDEALPRO", False),
        (answer("BTC/USD"), "ETH/USD.PAXOS", False),
        (answer("BTC/USD"), "BTC/USD.ZEROHASH", False),
        (answer(secType="OPT"), "AAPL.NASDAQ", False),
        (ContractDetails(), "AAPL.NASDAQ", False),
    ],
)
def test_an_answer_fits_by_symbol_and_venue(
    details: ContractDetails, asked: str, *, fits: bool
) -> None:
    assert matches(details, named(asked)) is fits


def test_of_several_answers_the_one_that_fits_is_chosen() -> None:
    answers = [answer(primaryExchange="NYSE", conId="1"), answer()]
    assert chosen(answers, named("AAPL.NASDAQ"), TODAY) is answers[1]


def test_what_ibkr_does_not_know_is_not_found_with_a_hint() -> None:
    with pytest.raises(ContractNotFoundError) as refused:
        chosen([], named("NDX.NASDAQ"), TODAY)
    assert "^NDX.NASDAQ" in refused.value.recovery


def test_what_ibkr_knows_elsewhere_is_named() -> None:
    with pytest.raises(ContractNotFoundError, match=r"AAPL\.NASDAQ \(USD\)"):
        chosen([answer()], named("AAPL.NYSE"), TODAY)


def _dax(trading_class: str, number: int) -> ContractDetails:
    return answer(
        "ES",
        symbol="DAX",
        tradingClass=trading_class,
        localSymbol=f"{trading_class} 20250321 M",
        exchange="EUREX",
        currency="EUR",
        contractMonth="202503",
        lastTradeDate="20250321",
        conId=str(number),
    )


DAX = [_dax("FDXM", 1), _dax("FDAX", 2), _dax("FDXS", 3)]


@pytest.mark.parametrize(("asked", "number"), [("FDAXH5.EUREX", 2), ("FDXMH5.EUREX", 1)])
def test_of_several_products_on_an_index_the_code_tells_which(asked: str, number: int) -> None:
    contract = chosen(DAX, named(asked), TODAY).contract
    assert contract is not None
    assert contract.conId == number


def test_a_symbol_that_several_products_have_is_ambiguous() -> None:
    with pytest.raises(AmbiguousSymbolError) as refused:
        chosen(DAX, named("DAXH5.EUREX"), TODAY)
    for code in ("FDAXH5.EUREX", "FDXMH5.EUREX", "FDXSH5.EUREX"):
        assert code in refused.value.message


def test_of_two_decades_the_nearer_one_is_chosen() -> None:
    later = answer("ES", contractMonth="203403", lastTradeDate="20340317", conId="7")
    answers = [later, answer("ES")]
    assert chosen(answers, named("ESH4.CME"), TODAY) is answers[1]
    assert chosen(answers, named("ESH4.CME"), dt.date(2033, 1, 1)) is later


def test_a_share_in_two_currencies_is_ambiguous_and_says_how_to_tell() -> None:
    answers = [answer("VOD"), answer("VOD", currency="USD", conId="8")]
    with pytest.raises(AmbiguousSymbolError, match=r"GBP.*USD") as refused:
        chosen(answers, named("VOD.LSE"), TODAY)
    assert "--currency" in refused.value.recovery


def test_many_others_are_not_all_listed() -> None:
    answers = [
        answer(symbol=f"A{number}", localSymbol=f"A{number}", conId=str(number))
        for number in range(1, 41)
    ]
    with pytest.raises(ContractNotFoundError, match="and 30 more"):
        chosen(answers, named("AAPL.NASDAQ"), TODAY)


def test_a_contract_is_told_once_and_not_as_of_the_brokers_own_exchange() -> None:
    answers = [answer("ES", exchange="QBALGO"), answer("ES"), answer("ES"), answer()]
    assert distinct(answers) == [answers[1], answers[3]]
    found = instruments_of([*answers, answer("ES", conId="9")])
    assert [str(one.id) for one in found] == ["ESH4.CME", "AAPL.NASDAQ"]
