"""Contract details as they arrive: fields of the message, decoded by ib_async itself."""

from __future__ import annotations

from typing import Any

from ib_async import ContractDetails
from ib_async.decoder import Decoder

SERVER_VERSION = 178

# The fields of the message, in its order, and what they say of Apple's share.
_APPLE = {
    "symbol": "AAPL",
    "secType": "STK",
    "lastTradeDate": "",
    "strike": "0",
    "right": "",
    "exchange": "SMART",
    "currency": "USD",
    "localSymbol": "AAPL",
    "marketName": "NMS",
    "tradingClass": "NMS",
    "conId": "265598",
    "minTick": "0.01",
    "multiplier": "",
    "orderTypes": "ACTIVETIM,LMT,MKT",
    "validExchanges": "SMART,AMEX,NYSE",
    "priceMagnifier": "1",
    "underConId": "0",
    "longName": "APPLE INC",
    "primaryExchange": "NASDAQ",
    "contractMonth": "",
    "industry": "Technology",
    "category": "Computers",
    "subcategory": "Computers",
    "timeZoneId": "US/Eastern",
    "tradingHours": "20241126:0400-20241126:2000",
    "liquidHours": "20241126:0930-20241126:1600",
    "evRule": "",
    "evMultiplier": "",
    "secIds": [("ISIN", "US0378331005")],
    "aggGroup": "1",
    "underSymbol": "",
    "underSecType": "",
    "marketRuleIds": "26,26,26",
    "realExpirationDate": "",
    "stockType": "COMMON",
    "minSize": "0.0001",
    "sizeIncrement": "0.0001",
    "suggestedSizeIncrement": "100",
}
_OTHERS: dict[str, dict[str, str]] = {
    "EUR/USD": {
        "symbol": "EUR",
        "secType": "CASH",
        "exchange": "IDEALPRO",
        "localSymbol": "EUR.USD",
        "tradingClass": "EUR.USD",
        "conId": "12087792",
        "minTick": "5e-05",
        "primaryExchange": "",
        "minSize": "1",
        "sizeIncrement": "1",
    },
    "ES": {
        "symbol": "ES",
        "secType": "FUT",
        "lastTradeDate": "20240315 08:30 US/Central",
        "exchange": "CME",
        "localSymbol": "ESH4",
        "tradingClass": "ES",
        "conId": "533620665",
        "minTick": "0.25",
        "multiplier": "50",
        "primaryExchange": "",
        "contractMonth": "202403",
        "realExpirationDate": "20240315",
        "minSize": "1",
        "sizeIncrement": "1",
    },
    "ZC": {
        "symbol": "ZC",
        "secType": "FUT",
        "lastTradeDate": "20251212",
        "exchange": "CBOT",
        "localSymbol": "ZC   DEC 25",
        "tradingClass": "ZC",
        "conId": "577421487",
        "minTick": "0.0025",
        "multiplier": "5000",
        "priceMagnifier": "100",
        "primaryExchange": "",
        "contractMonth": "202512",
        "realExpirationDate": "20251212",
        "minSize": "1",
        "sizeIncrement": "1",
    },
    "SPX": {
        "symbol": "SPX",
        "secType": "IND",
        "exchange": "CBOE",
        "localSymbol": "SPX",
        "tradingClass": "SPX",
        "conId": "416904",
        "primaryExchange": "",
        "minSize": "",
        "sizeIncrement": "",
    },
    "BTC/USD": {
        "symbol": "BTC",
        "secType": "CRYPTO",
        "exchange": "PAXOS",
        "localSymbol": "BTC.USD",
        "tradingClass": "BTC",
        "conId": "479624278",
        "minTick": "0.25",
        "primaryExchange": "",
        "minSize": "0.00001",
        "sizeIncrement": "0.00000001",
    },
    "VOD": {
        "symbol": "VOD",
        "exchange": "LSE",
        "currency": "GBP",
        "localSymbol": "VOD",
        "tradingClass": "SETS",
        "conId": "139156456",
        "minTick": "0.0001",
        "priceMagnifier": "100",
        "primaryExchange": "LSE",
    },
}


class _Received:
    """Takes what ib_async's decoder makes of a message."""

    def __init__(self) -> None:
        self.details: list[ContractDetails] = []

    def contractDetails(self, _: int, details: ContractDetails) -> None:  # noqa: N802
        self.details.append(details)


def decoded(fields: list[str]) -> ContractDetails:
    """Return what ib_async makes of the fields of a message."""
    received = _Received()
    Decoder(received, SERVER_VERSION).interpret(fields)  # type: ignore[arg-type]
    (details,) = received.details
    return details


def answer(name: str = "AAPL", **changed: Any) -> ContractDetails:
    """Return the details of a well-known instrument, with some fields changed."""
    fields = _APPLE | _OTHERS.get(name, {}) | changed
    assert fields.keys() == _APPLE.keys(), "a field is none of the message"
    ids = [part for pair in fields.pop("secIds") for part in pair]
    texts = [str(text) for text in fields.values()]
    place = list(_APPLE).index("secIds")
    return decoded(["10", "1", *texts[:place], str(len(ids) // 2), *ids, *texts[place:]])
