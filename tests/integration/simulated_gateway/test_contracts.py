"""Which contracts a description means, and what is told of them."""

from __future__ import annotations

from typing import Any

import ib_async
import pytest

from adapters.simulated_gateway.market import listing_of
from adapters.simulated_gateway.server import SimulatedGateway
from domain.instrument import Instrument
from tests.builders import utc
from tests.integration.simulated_gateway.conftest import Serving
from tests.integration.simulated_gateway.driving import driven, soon
from tests.integration.simulated_gateway.instruments import (
    BITCOIN,
    COIN,
    CON_IDS,
    EQUITY,
    EURO,
    INDEX,
    JUNE,
    LONDON,
    MARCH,
    PAIR,
    STOCK,
    future,
)

ALL = (EQUITY, EURO, BITCOIN, MARCH, JUNE, INDEX, LONDON)


@pytest.fixture
def gateway(serving: Serving) -> SimulatedGateway:
    """Return a gateway that lists one of each kind, in May 2024: March has expired."""
    return serving({}, *ALL, now=utc("2024-05-01T12:00:00"))


def details(gateway: SimulatedGateway, contract: ib_async.Contract) -> list[Any]:
    return driven(gateway, lambda ib: soon(ib.reqContractDetailsAsync(contract)))


def Future(**parts: Any) -> ib_async.Contract:  # noqa: N802 - as the library's own
    return ib_async.Contract(secType="FUT", symbol="ES", exchange="CME", currency="USD", **parts)


@pytest.mark.parametrize(
    ("contract", "instrument"),
    [
        pytest.param(STOCK, EQUITY, id="share"),
        pytest.param(ib_async.Stock("AAPL", "NASDAQ", "USD"), EQUITY, id="share-at-its-exchange"),
        pytest.param(
            ib_async.Stock("AAPL", "SMART", primaryExchange="NASDAQ"), EQUITY, id="by-primary"
        ),
        pytest.param(
            ib_async.Stock("AAPL", "SMART", primaryExchange="LSE"), LONDON, id="other-primary"
        ),
        pytest.param(ib_async.Contract(conId=CON_IDS[EQUITY.id]), EQUITY, id="by-id"),
        pytest.param(PAIR, EURO, id="pair"),
        pytest.param(COIN, BITCOIN, id="crypto"),
        pytest.param(ib_async.Index("SPX", "CBOE"), INDEX, id="index"),
        pytest.param(Future(localSymbol="ESM4"), JUNE, id="future-by-local-symbol"),
        pytest.param(
            Future(lastTradeDateOrContractMonth="202406"), JUNE, id="future-by-contract-month"
        ),
        pytest.param(
            Future(lastTradeDateOrContractMonth="20240621", multiplier="50"),
            JUNE,
            id="future-by-last-day",
        ),
        pytest.param(Future(localSymbol="ESH4", includeExpired=True), MARCH, id="expired-future"),
    ],
)
def test_a_description_means_one_contract(
    gateway: SimulatedGateway, contract: ib_async.Contract, instrument: Instrument
) -> None:
    (found,) = details(gateway, contract)
    assert found.contract.conId == CON_IDS[instrument.id]
    assert found.contract.currency == instrument.currency
    assert found.minTick == float(instrument.tick)


def test_what_is_told_of_each_kind(gateway: SimulatedGateway) -> None:
    share, pair, coin, _, june, index, _ = (
        details(gateway, ib_async.Contract(conId=CON_IDS[one.id]))[0] for one in ALL
    )
    assert share.contract == ib_async.Contract(
        secType="STK",
        conId=1000,
        symbol="AAPL",
        exchange="SMART",
        primaryExchange="NASDAQ",
        currency="USD",
        localSymbol="AAPL",
        tradingClass="NMS",
    )
    assert (share.timeZoneId, share.stockType, share.validExchanges) == (
        "US/Eastern",
        "COMMON",
        "SMART,NASDAQ",
    )
    assert pair.contract == ib_async.Contract(
        secType="CASH",
        conId=1001,
        symbol="EUR",
        exchange="IDEALPRO",
        currency="USD",
        localSymbol="EUR.USD",
        tradingClass="EUR.USD",
    )
    assert (coin.contract.symbol, coin.contract.exchange, coin.minSize) == ("BTC", "PAXOS", 1e-8)
    assert june.contract == ib_async.Contract(
        secType="FUT",
        conId=1004,
        symbol="ES",
        lastTradeDateOrContractMonth="20240621",
        multiplier="50",
        exchange="CME",
        currency="USD",
        localSymbol="ESM4",
        tradingClass="ES",
    )
    assert (june.contractMonth, june.realExpirationDate, june.timeZoneId) == (
        "202406",
        "20240621",
        "US/Central",
    )
    assert (index.contract.symbol, index.contract.secType) == ("SPX", "IND")


def test_several_contracts_can_fit(gateway: SimulatedGateway) -> None:
    found = details(gateway, ib_async.Contract(secType="STK", symbol="AAPL", exchange="SMART"))
    assert [one.contract.primaryExchange for one in found] == ["NASDAQ", "LSE"]
    assert len(details(gateway, Future(includeExpired=True))) == 2


@pytest.mark.parametrize(
    "contract",
    [
        pytest.param(ib_async.Stock("TSLA", "SMART", "USD"), id="another-symbol"),
        pytest.param(ib_async.Stock("AAPL", "SMART", "EUR"), id="another-currency"),
        pytest.param(ib_async.Stock("AAPL", "NYSE", "USD"), id="another-exchange"),
        pytest.param(ib_async.Contract(conId=1), id="another-id"),
        pytest.param(Future(localSymbol="ESH4"), id="expired"),
        pytest.param(ib_async.Index("AAPL", "SMART"), id="another-kind"),
        pytest.param(ib_async.Stock(exchange="SMART"), id="no-name"),
    ],
)
def test_a_description_that_fits_nothing_is_an_error(
    gateway: SimulatedGateway, contract: ib_async.Contract
) -> None:
    with pytest.raises(ib_async.RequestError) as failed:
        details(gateway, contract)
    assert failed.value.code == 200


def test_futures_are_named_as_their_exchange_names_them() -> None:
    """The euro is 6E to trade and EUR to ask for; oil expires a month before its contract's."""
    euro = listing_of(future("6EU4.CME", "2024-09-16", "125000"), 1)
    oil = listing_of(future("CLF5.NYMEX", "2024-12-19", "1000"), 2)
    assert (euro.symbol, euro.trading_class, euro.contract_month) == ("EUR", "6E", "202409")
    assert (oil.symbol, oil.contract_month, oil.last_trade_date) == ("CL", "202501", "20241219")


def test_symbols_are_searched_by_their_beginning(gateway: SimulatedGateway) -> None:
    found = driven(gateway, lambda ib: soon(ib.reqMatchingSymbolsAsync("AAP")))
    assert [(one.contract.conId, one.contract.primaryExchange) for one in found] == [
        (CON_IDS[EQUITY.id], "NASDAQ"),
        (CON_IDS[LONDON.id], "LSE"),
    ]
