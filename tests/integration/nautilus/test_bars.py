"""Bars become Nautilus's without losing a digit."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.model.data import Bar

from adapters.nautilus.bars import nautilus_bar_type, nautilus_bars
from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import PrecisionError
from tests.integration.nautilus.building import MINUTE, ONE_MINUTE, OPEN, bars, equity, pair

AAPL = nautilus_bar_type(equity("AAPL.NASDAQ"), ONE_MINUTE)


@st.composite
def any_bars(draw: st.DrawFn) -> Bars:
    """Return bars whose values take up to the 18 digits that the catalog keeps."""
    price, size = draw(st.integers(0, 9)), draw(st.integers(0, 9))
    greatest = min(10**18 - 1, 17_014_118_346_046 * 10**price)
    prices = st.integers(-greatest, greatest)
    volumes = st.integers(0, min(10**18 - 1, 34_028_236_692_093 * 10**size))
    rows = draw(st.lists(st.tuples(prices, prices, prices, prices, volumes), max_size=5))
    opens = OPEN + MINUTE * np.arange(len(rows), dtype=np.int64)
    columns = np.array(rows, np.int64).reshape(-1, 5).T
    return Bars.of_columns((opens, opens + MINUTE, *columns), price, size)


def decimals(bar: Bar) -> list[Decimal]:
    return [each.as_decimal() for each in (bar.open, bar.high, bar.low, bar.close, bar.volume)]


@given(any_bars())
def test_every_digit_arrives(given_bars: Bars) -> None:
    converted = nautilus_bars(given_bars, AAPL)
    assert len(converted) == len(given_bars)
    for row, bar in enumerate(converted):
        digits = [-given_bars.price_precision] * 4 + [-given_bars.size_precision]
        values = [int(column[row]) for column in given_bars.columns()[2:]]
        exact = [Decimal(value).scaleb(by) for value, by in zip(values, digits, strict=True)]
        assert decimals(bar) == exact
        assert bar.close.precision == given_bars.price_precision
        assert bar.volume.precision == given_bars.size_precision


@given(any_bars())
def test_both_stamps_are_the_close(given_bars: Bars) -> None:
    for bar, close in zip(nautilus_bars(given_bars, AAPL), given_bars.ts_event, strict=True):
        assert bar.ts_event == bar.ts_init == close


def test_a_price_beyond_nautilus_is_an_error() -> None:
    with pytest.raises(PrecisionError) as refused:
        nautilus_bars(bars([17_014_118_346_047], price_precision=0), AAPL)
    assert "AAPL.NASDAQ" in refused.value.message
    assert refused.value.recovery


def test_a_volume_beyond_nautilus_is_an_error() -> None:
    with pytest.raises(PrecisionError):
        nautilus_bars(bars([100], volume=34_028_236_692_094), AAPL)


def test_a_series_is_named_as_in_nautilus() -> None:
    assert str(AAPL) == "AAPL.NASDAQ-1-MINUTE-LAST-EXTERNAL"
    euros = nautilus_bar_type(pair(), BarType.parse("1_DAY"))
    assert str(euros) == "EUR/USD.IDEALPRO-1-DAY-MID-EXTERNAL"


@pytest.mark.parametrize("bar_type", BarType.all(), ids=str)
def test_every_bar_type_has_a_name(bar_type: BarType) -> None:
    assert nautilus_bar_type(equity("AAPL.NASDAQ"), bar_type).spec.step == bar_type.step
