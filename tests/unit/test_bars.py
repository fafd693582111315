"""Bars: exact columns that nobody can write to."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bars import Bars, rescale
from domain.errors import PrecisionError
from domain.rules import value_text
from tests.builders import minute_bars


def test_columns_cannot_be_written_to_not_even_through_the_array_they_came_from() -> None:
    source = np.arange(3)
    bars = Bars(source, source, source, source, source, source, source, 2, 0)
    source[0] = 99
    assert bars.open[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        bars.open[0] = 1


def test_columns_of_different_lengths_are_refused() -> None:
    bars = minute_bars()
    with pytest.raises(ValueError, match="length"):
        attrs.evolve(bars, open=bars.open[1:])


@pytest.mark.parametrize(("price", "size"), [(10, 0), (0, 10), (-1, 0)])
def test_more_than_nine_decimals_are_refused(price: int, size: int) -> None:
    with pytest.raises(PrecisionError, match="9"):
        minute_bars(price_precision=price, size_precision=size)


@given(
    st.lists(st.integers(1 - 10**9, 10**9 - 1), min_size=1, max_size=20),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_rescaling_there_and_back_loses_nothing(values: list[int], have: int, more: int) -> None:
    column = np.array(values, np.int64)
    want = min(9, have + more)
    wide = rescale(column, have, want)
    assert [int(v) for v in wide] == [v * 10 ** (want - have) for v in values]
    assert (rescale(wide, want, have) == column).all()


def test_nothing_is_ever_rounded() -> None:
    with pytest.raises(PrecisionError, match="rounded"):
        rescale(np.array([1234]), 4, 3)


@pytest.mark.parametrize("value", [10**9, -(10**9)])
def test_what_does_not_fit_eighteen_digits_is_refused(value: int) -> None:
    assert abs(int(rescale(np.array([value // 10]), 0, 9)[0])) == 10**17
    with pytest.raises(PrecisionError, match="18 digits"):
        rescale(np.array([value]), 0, 9)


def test_reduced_bars_are_the_same_numbers_with_the_least_precision() -> None:
    bars = minute_bars(first_price=18_700, step=10)
    reduced = attrs.evolve(bars, high=bars.high + 8, low=bars.low - 8).reduced()
    assert reduced.price_precision == 1
    assert value_text(reduced, "open", 1) == "187.1"
    assert minute_bars().same_values(minute_bars().rescaled(7, 3))
    assert not minute_bars().same_values(minute_bars(first_price=18_701))


def test_joined_bars_take_the_greatest_precision() -> None:
    joined = Bars.concat(
        [minute_bars(price_precision=2), minute_bars("2024-01-03T14:30:00", price_precision=4)]
    )
    assert joined.price_precision == 4
    assert value_text(joined, "open", 0) == "187.0000"
    assert value_text(joined, "open", 5) == "1.8700"
    assert joined.is_sorted()


def test_bars_out_of_order_or_twice_are_not_sorted() -> None:
    bars = minute_bars()
    assert bars.is_sorted()
    assert not bars.take(np.array([0, 0, 1])).is_sorted()
    assert not bars.take(slice(None, None, -1)).is_sorted()


def test_no_bars_join_to_no_bars() -> None:
    assert len(Bars.concat([])) == 0
    assert Bars.empty().is_sorted()
