"""What IBKR is asked for."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ib_async.util import dataclassNonDefaults

from adapters.ibkr.contracts import candidates_for, contract_for, what_to_show
from adapters.ibkr.exchanges import exchange_of, venue_of
from adapters.ibkr.futures import FutureCode
from domain.errors import ContractNotFoundError
from domain.instrument import Instrument, InstrumentClass, InstrumentId, is_venue
from domain.venues import VENUES

TODAY = dt.date(2024, 11, 29)


def asked(text: str, instrument: Instrument | None = None) -> dict[str, object]:
    """Return the fields of what is asked for."""
    query = contract_for(InstrumentId.parse(text), instrument, today=TODAY)
    return dataclassNonDefaults(query)


def defined(text: str, kind: InstrumentClass, currency: str = "USD", **more: object) -> Instrument:
    """Return what somebody has defined."""
    steps = (Decimal("0.01"), Decimal(1))
    return Instrument(InstrumentId.parse(text), kind, currency, 2, 0, *steps, **more)  # type: ignore[arg-type]


# Shares


@pytest.mark.parametrize(
    ("text", "listing"),
    [
        ("TSLA.NASDAQ", "NASDAQ"),
        ("TSLA.ISLAND", "NASDAQ"),
        ("TSLA.XNAS", "NASDAQ"),
        ("KO.NYSE", "NYSE"),
        ("KO.XNYS", "NYSE"),
        ("SPY.ARCA", "ARCA"),
        ("SPY.ARCX", "ARCA"),
        ("CBOE.BATS", "BATS"),
    ],
)
def test_an_american_share_is_asked_at_all_exchanges_by_its_listing(
    text: str, listing: str
) -> None:
    assert asked(text) == {
        "secType": "STK",
        "symbol": text.partition(".")[0],
        "exchange": "SMART",
        "primaryExchange": listing,
        "currency": "USD",
    }


def test_a_share_at_smart_names_no_listing() -> None:
    assert asked("TSLA.SMART") == {
        "secType": "STK",
        "symbol": "TSLA",
        "exchange": "SMART",
        "currency": "USD",
    }


def test_a_share_at_an_exchange_that_lists_none_is_asked_there() -> None:
    assert asked("TSLA.IEX")["exchange"] == asked("TSLA.IEXG")["exchange"] == "IEX"
    assert "primaryExchange" not in asked("TSLA.IEX")


@pytest.mark.parametrize("text", ["BRK B.NYSE", "BRK.B.NYSE", "BRK/B.NYSE", "BRK-B.XNYS"])
def test_a_class_of_shares_may_be_written_in_any_way(text: str) -> None:
    assert asked(text)["symbol"] == "BRK B"


def test_abroad_a_dot_is_a_part_of_the_symbol() -> None:
    assert asked("BT.A.LSE")["symbol"] == "BT.A"


@pytest.mark.parametrize(
    ("text", "exchange"),
    [
        ("SAP.IBIS", "IBIS"),
        ("SAP.XETR", "IBIS"),
        ("VOD.LSE", "LSE"),
        ("7203.TSEJ", "TSEJ"),
        ("700.SEHK", "SEHK"),
        ("BHP.ASX", "ASX"),
        ("KBC.XBRU", "ENEXT.BE"),
    ],
)
def test_a_share_abroad_is_asked_at_its_exchange(text: str, exchange: str) -> None:
    """In any currency, for at some exchanges one share trades in several."""
    assert asked(text) == {
        "secType": "STK",
        "symbol": text.partition(".")[0],
        "exchange": exchange,
    }


def test_a_definition_names_the_currency() -> None:
    etf = defined("VUSA.LSEETF", InstrumentClass.EQUITY, "GBP")
    assert asked("VUSA.LSEETF", etf)["currency"] == "GBP"


# Pairs


@pytest.mark.parametrize("text", ["EUR/USD.IDEALPRO", "EURUSD.IDEALPRO", "EUR.USD.IDEALPRO"])
def test_a_pair_of_currencies(text: str) -> None:
    assert asked(text) == {
        "secType": "CASH",
        "symbol": "EUR",
        "currency": "USD",
        "exchange": "IDEALPRO",
    }


@pytest.mark.parametrize("text", ["BTC/USD.PAXOS", "BTCUSD.PAXOS", "BTC/USD.ZEROHASH"])
def test_a_pair_of_a_coin(text: str) -> None:
    assert asked(text) == {
        "secType": "CRYPTO",
        "symbol": "BTC",
        "currency": "USD",
        "exchange": text.rpartition(".")[2],
    }


def test_a_pair_that_is_named_otherwise_is_what_it_was_defined_as() -> None:
    euro = defined("FIBER.IDEALPRO", InstrumentClass.CURRENCY_PAIR, base_currency="EUR")
    assert (asked("FIBER.IDEALPRO", euro)["symbol"], euro.currency) == ("EUR", "USD")


@pytest.mark.parametrize("text", ["EURO.IDEALPRO", "BITCOIN.PAXOS"])
def test_what_is_no_pair_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ContractNotFoundError) as refused:
        asked(text)
    assert "/USD." in refused.value.recovery


# Indices


@pytest.mark.parametrize(
    ("text", "symbol", "exchange"),
    [
        ("^SPX.CBOE", "SPX", "CBOE"),
        ("SPX.CBOE", "SPX", "CBOE"),
        ("VIX.XCBO", "VIX", "CBOE"),
        ("^NDX.NASDAQ", "NDX", "NASDAQ"),
        ("RUT.RUSSELL", "RUT", "RUSSELL"),
        ("DAX.EUREX", "DAX", "EUREX"),
        ("ESTX50.XEUR", "ESTX50", "EUREX"),
    ],
)
def test_an_index(text: str, symbol: str, exchange: str) -> None:
    assert asked(text) == {"secType": "IND", "symbol": symbol, "exchange": exchange}


def test_a_definition_makes_an_index_of_what_would_be_a_share() -> None:
    index = defined("NDX.NASDAQ", InstrumentClass.INDEX)
    assert asked("NDX.NASDAQ")["secType"] == "STK"
    assert asked("NDX.NASDAQ", index)["secType"] == "IND"


# Futures


@pytest.mark.parametrize(
    ("text", "exchange", "named", "month"),
    [
        ("ESH4.CME", "CME", "ESH4", "202403"),
        ("ESH24.CME", "CME", "ESH4", "202403"),
        ("ESH2024.XCME", "CME", "ESH4", "202403"),
        ("ES H4.GLOBEX", "CME", "ESH4", "202403"),
        ("6EZ4.CME", "CME", "6EZ4", "202412"),
        ("CLZ5.NYMEX", "NYMEX", "CLZ5", "202512"),
        ("GCG5.XCEC", "COMEX", "GCG5", "202502"),
        ("VXF5.CFE", "CFE", "VXF5", "202501"),
    ],
)
def test_a_future_is_asked_by_the_name_of_its_contract(
    text: str, exchange: str, named: str, month: str
) -> None:
    assert asked(text) == {
        "secType": "FUT",
        "localSymbol": named,
        "lastTradeDateOrContractMonth": month,
        "exchange": exchange,
        "includeExpired": True,
    }


@pytest.mark.parametrize(
    ("text", "symbol", "exchange", "month"),
    [
        ("ZNM4.CBOT", "ZN", "CBOT", "202406"),
        ("ZNM4.ECBOT", "ZN", "CBOT", "202406"),
        ("ZN   JUN 24.CBOT", "ZN", "CBOT", "202406"),
        ("FDAXH5.EUREX", "DAX", "EUREX", "202503"),
        ("FESXZ4.XEUR", "ESTX50", "EUREX", "202412"),
    ],
)
def test_elsewhere_a_future_is_asked_by_its_symbol_and_month(
    text: str, symbol: str, exchange: str, month: str
) -> None:
    assert asked(text) == {
        "secType": "FUT",
        "symbol": symbol,
        "lastTradeDateOrContractMonth": month,
        "exchange": exchange,
        "includeExpired": True,
    }


@pytest.mark.parametrize(
    ("code", "today", "year"),
    [
        ("ESH4", "2024-11-29", 2024),
        ("ESH4", "2028-11-29", 2024),
        ("ESH4", "2029-03-01", 2034),
        ("ESH4", "2029-02-28", 2024),
        ("ESZ9", "2020-01-01", 2019),
        ("ESF0", "2019-12-31", 2020),
        ("ESH99", "2024-11-29", 1999),
        ("ESH24", "2090-01-01", 2124),
        ("ESH2031", "2024-11-29", 2031),
    ],
)
def test_a_year_is_that_of_the_nearest_contract_month(code: str, today: str, year: int) -> None:
    """Of two that are as near, the later."""
    found = FutureCode.parse(code)
    assert found is not None
    assert found.full_year(dt.date.fromisoformat(today)) == year


@given(st.dates(dt.date(1990, 1, 1), dt.date(2090, 1, 1)), st.integers(-59, 59))
def test_a_code_of_one_digit_is_read_right_for_five_years_either_way(
    today: dt.date, months: int
) -> None:
    number = today.year * 12 + today.month - 1 + months
    year, month = divmod(number, 12)
    code = FutureCode.parse(f"CL{'FGHJKMNQUVXZ'[month]}{year % 10}")
    assert code is not None
    assert code.contract_month(today) == f"{year}{month + 1:02d}"


def test_the_expiry_of_a_definition_tells_the_year() -> None:
    old = defined("ESH4.CME", InstrumentClass.FUTURE, expiry=dt.date(2014, 3, 21))
    assert asked("ESH4.CME", old)["lastTradeDateOrContractMonth"] == "201403"


def test_a_future_that_names_no_month_is_found_by_its_expiry() -> None:
    front = defined("FRONT.CME", InstrumentClass.FUTURE, expiry=dt.date(2024, 3, 15))
    assert asked("FRONT.CME", front)["lastTradeDateOrContractMonth"] == "20240315"


@pytest.mark.parametrize("symbol", ["ES", "H4", "ESA4", "ESH", "ESH123", "ESH1999", "ES!", ""])
def test_what_is_no_contract_month(symbol: str) -> None:
    assert FutureCode.parse(symbol) is None


# Venues


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("BTC/USD.BINANCE", "PAXOS"),
        ("ESH4.GLBX", "CME"),
        ("600519.XSHG", "SEHKNTL"),
        ("BRNZ4.IFEU", "IPE"),
    ],
)
def test_a_venue_that_ibkr_does_not_serve_is_refused_with_another(text: str, hint: str) -> None:
    with pytest.raises(ContractNotFoundError) as refused:
        asked(text)
    assert hint in refused.value.recovery


@pytest.mark.parametrize("text", ["ABC.NOWHERE", "BN4.SGX", "RELIANCE.NSE"])
def test_what_may_be_of_several_kinds_is_not_guessed(text: str) -> None:
    with pytest.raises(ContractNotFoundError, match="cannot be told") as refused:
        asked(text)
    assert "--class" in refused.value.recovery


def test_at_an_unknown_venue_a_definition_says_what_to_ask_for() -> None:
    share = defined("BN4.SGX", InstrumentClass.EQUITY, "SGD")
    assert asked("BN4.SGX", share) == {
        "secType": "STK",
        "symbol": "BN4",
        "exchange": "SGX",
        "currency": "SGD",
    }
    future = defined("HSIZ4.HKFE", InstrumentClass.FUTURE, "HKD", expiry=dt.date(2024, 12, 30))
    assert (asked("HSIZ4.HKFE", future)["symbol"], future.currency) == ("HSI", "HKD")


@pytest.mark.parametrize("venue", sorted(VENUES))
def test_every_known_venue_is_understood_or_refused_with_advice(venue: str) -> None:
    try:
        exchange = exchange_of(venue)
    except ContractNotFoundError as refused:
        assert refused.recovery.startswith("Name ")  # noqa: PT017 (either is right)
        return
    back = venue_of(exchange)
    assert is_venue(back)
    assert exchange_of(back) == exchange


def test_an_exchange_with_a_dot_is_a_venue_with_an_underscore() -> None:
    assert venue_of("TSE.JPN") == "TSE_JPN"
    assert exchange_of("TSE_JPN") == "TSE.JPN"


# Symbols with no venue


def candidates(symbol: str) -> list[dict[str, object]]:
    """Return the fields of all that is asked for."""
    return [dataclassNonDefaults(one) for one in candidates_for(symbol, today=TODAY)]


@pytest.mark.parametrize(("symbol", "asked_for"), [("TSLA", "TSLA"), ("BRK/B", "BRK B")])
def test_a_symbol_alone_is_a_share_in_dollars(symbol: str, asked_for: str) -> None:
    share = {"secType": "STK", "symbol": asked_for, "exchange": "SMART", "currency": "USD"}
    assert candidates(symbol) == [share]


def test_a_caret_alone_is_an_index() -> None:
    assert candidates("^SPX") == [{"secType": "IND", "symbol": "SPX"}]


def test_a_pair_alone_is_of_currencies_or_of_coins() -> None:
    euro = {"secType": "CASH", "symbol": "EUR", "currency": "USD", "exchange": "IDEALPRO"}
    coin = {"secType": "CRYPTO", "symbol": "BTC", "currency": "USD"}
    assert candidates("EUR/USD") == [euro]
    assert candidates("BTC/USD") == [
        coin | {"exchange": "PAXOS"},
        coin | {"exchange": "ZEROHASH"},
    ]


def test_a_contract_month_alone_is_a_future_at_any_exchange() -> None:
    future = {"secType": "FUT", "lastTradeDateOrContractMonth": "202403", "includeExpired": True}
    assert candidates("ESH4") == [future | {"localSymbol": "ESH4"}, future | {"symbol": "ES"}]


# History


def test_every_class_has_bars_of_a_kind() -> None:
    assert {kind: what_to_show(kind) for kind in InstrumentClass} == {
        InstrumentClass.EQUITY: "TRADES",
        InstrumentClass.CURRENCY_PAIR: "MIDPOINT",
        InstrumentClass.FUTURE: "TRADES",
        InstrumentClass.CRYPTO_PAIR: "AGGTRADES",
        InstrumentClass.INDEX: "TRADES",
    }
