"""Instrument IDs, bar types and definitions."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bar_type import BarType
from domain.errors import InvalidBarTypeError, InvalidInstrumentError, InvalidInstrumentIdError
from domain.instrument import Instrument, InstrumentClass, InstrumentId, assumed_instrument
from domain.venues import venue


@pytest.mark.parametrize(
    "text",
    ["AAPL.NASDAQ", "EUR/USD.IDEALPRO", "ESH4.CME", "BRK B.NYSE", "BRK.B.NYSE", "^SPX.CBOE"],
)
def test_an_instrument_id_reads_back_as_it_was_written(text: str) -> None:
    assert str(InstrumentId.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AAPL",
        ".NASDAQ",
        "AAPL.",
        "../../etc/passwd.NASDAQ",
        "../AAPL.NASDAQ",
        "A/../B.NASDAQ",
        "A//B.NASDAQ",
        "/etc.NASDAQ",
        "AAPL\0.NASDAQ",
        "AAPL.NAS\0DAQ",
        "AAPL.NASDAQ\n",
        "AAPL\x1b[31m.NASDAQ",
        "AAPL.nasdaq",
        "AAPL .NASDAQ",
        "A" * 61 + ".NASDAQ",
        "ÄPFEL.XETR",
    ],
)
def test_what_is_no_instrument_id_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInstrumentIdError) as caught:
        InstrumentId.parse(text)
    assert "AAPL.NASDAQ" in caught.value.recovery


def test_every_bar_type_reads_back_and_they_sort_by_length() -> None:
    every = BarType.all()
    assert [BarType.parse(str(one)) for one in every] == list(every) == sorted(every, reverse=False)
    lengths = [one.length for one in every if one.is_intraday]
    assert lengths == sorted(lengths)
    assert len(lengths) == 18


@pytest.mark.parametrize("text", ["7_MIN", "1MIN", "1_MINUTE", "", "0_MIN", "2_DAY", "60_MIN"])
def test_what_is_no_bar_type_is_refused_with_the_list(text: str) -> None:
    with pytest.raises(InvalidBarTypeError, match="not a bar type") as caught:
        BarType.parse(text)
    assert "1_MIN" in caught.value.recovery


def test_a_day_has_no_fixed_length() -> None:
    with pytest.raises(ValueError, match="no fixed length"):
        _ = BarType.parse("1_DAY").length


def _assumed(text: str) -> Instrument | None:
    instrument_id = InstrumentId.parse(text)
    defaults = venue(instrument_id.venue).defaults
    return assumed_instrument(instrument_id, defaults) if defaults else None


def test_equities_trade_in_cents_and_whole_shares() -> None:
    apple = _assumed("AAPL.NASDAQ")
    assert apple is not None
    assert (apple.currency, apple.tick, apple.price_precision) == ("USD", Decimal("0.01"), 2)
    assert apple.size_precision == 0


@pytest.mark.parametrize(
    ("text", "currency", "tick"),
    [
        ("EUR/USD.IDEALPRO", "USD", Decimal("0.00001")),
        ("USD/JPY.IDEALPRO", "JPY", Decimal("0.001")),
        ("BTC/USD.PAXOS", "USD", Decimal("0.01")),
    ],
)
def test_pairs_are_quoted_in_their_second_currency(text: str, currency: str, tick: Decimal) -> None:
    pair = _assumed(text)
    assert pair is not None
    assert (pair.currency, pair.tick) == (currency, tick)
    assert pair.base_currency == text[:3]


@pytest.mark.parametrize("text", ["ESH4.CME", "AAPL.NOWHERE", "EURUSD.IDEALPRO"])
def test_nothing_is_assumed_where_a_guess_would_be_wrong(text: str) -> None:
    assert _assumed(text) is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"tick": Decimal("0.001")}, "more than 2 decimals"),
        ({"tick": Decimal(0)}, "not greater than 0"),
        ({"tick": Decimal("NaN")}, "not greater than 0"),
        ({"price_precision": 10}, "not from 0 to 9"),
        ({"currency": "dollars"}, "not a currency code"),
        ({"multiplier": Decimal(-1)}, "multiplier"),
        ({"instrument_class": InstrumentClass.FUTURE}, "expiry"),
        ({"instrument_class": InstrumentClass.CRYPTO_PAIR}, "base currency"),
        ({"base_currency": "USD"}, "its base currency is its currency"),
    ],
)
def test_a_definition_that_contradicts_itself_is_refused(
    change: dict[str, object], problem: str
) -> None:
    apple = _assumed("AAPL.NASDAQ")
    assert apple is not None
    apple.check()
    with pytest.raises(InvalidInstrumentError, match=problem):
        attrs.evolve(apple, **change).check()


def test_a_future_with_its_expiry_is_accepted() -> None:
    Instrument(
        InstrumentId.parse("ESH4.CME"),
        InstrumentClass.FUTURE,
        "USD",
        2,
        0,
        Decimal("0.25"),
        Decimal(1),
        Decimal(50),
        expiry=dt.date(2024, 3, 15),
    ).check()


def test_an_index_is_computed_to_two_decimals_and_cannot_be_traded() -> None:
    russell = _assumed("RUT.RUSSELL")
    assert russell is not None
    russell.check()
    assert (russell.instrument_class, russell.currency) == (InstrumentClass.INDEX, "USD")
    assert (russell.tick, russell.size_step) == (Decimal("0.01"), Decimal(1))
    assert [kind for kind in InstrumentClass if not kind.is_tradable] == [InstrumentClass.INDEX]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"multiplier": Decimal(100)}, "only a future has a multiplier"),
        ({"expiry": dt.date(2024, 3, 15)}, "only a future has an expiry"),
        ({"base_currency": "EUR"}, "a pair needs a base currency"),
    ],
)
def test_an_index_has_nothing_of_what_is_traded(change: dict[str, object], problem: str) -> None:
    russell = _assumed("RUT.RUSSELL")
    assert russell is not None
    with pytest.raises(InvalidInstrumentError, match=problem):
        attrs.evolve(russell, **change).check()


@given(st.integers(0, 9), st.integers(0, 9))
def test_precision_only_grows(price: int, size: int) -> None:
    apple = _assumed("AAPL.NASDAQ")
    assert apple is not None
    grown = apple.with_precision(price, size)
    assert (grown.price_precision, grown.size_precision) == (max(price, 2), size)
