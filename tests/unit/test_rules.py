"""The rules that every bar meets."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bars import Bars
from domain.rules import problems_of, value_text

Row = tuple[int, int, int, int, int]
GOOD: Row = (10, 12, 9, 11, 100)


def bars_of(*rows: Row, price_precision: int = 0, size_precision: int = 0) -> Bars:
    """Bars of open, high, low, close and volume, a minute apart."""
    stamps = np.arange(len(rows), dtype=np.int64) * 60_000_000_000
    columns = np.array(rows, np.int64).reshape(-1, 5).T
    return Bars.of_columns(
        (stamps, stamps + 60_000_000_000, *columns), price_precision, size_precision
    )


def found(*rows: Row, negative: bool = False) -> list[tuple[int, str, str, str]]:
    problems = problems_of(bars_of(*rows), lambda row: row + 2, prices_may_be_negative=negative)
    return [(p.line, p.column, p.value, p.problem) for p in problems]


def test_a_good_bar_has_no_problems() -> None:
    assert found(GOOD) == []
    assert found() == []


def test_a_bar_that_never_moved_and_never_traded_is_good() -> None:
    assert found((10, 10, 10, 10, 0)) == []


@pytest.mark.parametrize("price", [0, -1])
def test_a_price_must_be_greater_than_0(price: int) -> None:
    assert found((price, 12, price, 11, 5)) == [
        (2, "low", str(price), "is not greater than 0"),
        (2, "open", str(price), "is not greater than 0"),
    ]


def test_every_price_is_held_to_it() -> None:
    assert [column for _, column, _, _ in found((0, 0, 0, 0, 5))] == [
        "close",
        "high",
        "low",
        "open",
    ]


def test_prices_at_and_below_0_pass_where_the_instrument_can_trade_there() -> None:
    assert found((-3, 0, -5, -4, 5), negative=True) == []


@pytest.mark.parametrize(
    ("row", "column", "problem"),
    [
        ((13, 12, 9, 11, 5), "high", "is not the greatest of the four prices"),
        ((10, 12, 9, 13, 5), "high", "is not the greatest of the four prices"),
        ((8, 12, 9, 11, 5), "low", "is not the least of the four prices"),
        ((10, 12, 9, 8, 5), "low", "is not the least of the four prices"),
    ],
)
def test_high_and_low_bound_open_and_close(row: Row, column: str, problem: str) -> None:
    assert [(c, p) for _, c, _, p in found(row)] == [(column, problem)]


def test_a_high_below_the_low_breaks_both_rules() -> None:
    assert [column for _, column, _, _ in found((10, 9, 12, 10, 5))] == ["high", "low"]


def test_negative_prices_are_still_bounded_by_high_and_low() -> None:
    assert found((-3, -4, -5, -4, 5), negative=True) == [
        (2, "high", "-4", "is not the greatest of the four prices")
    ]


def test_a_volume_may_be_0_and_not_less() -> None:
    assert found((10, 12, 9, 11, -1)) == [(2, "volume", "-1", "is negative")]


def test_problems_come_in_order_of_lines_and_good_rows_between_have_none() -> None:
    problems = found((10, 12, 9, 11, -1), GOOD, (13, 12, 9, 11, 5), GOOD, (10, 12, 0, 11, -7))
    assert [(line, column) for line, column, _, _ in problems] == [
        (2, "volume"),
        (4, "high"),
        (6, "low"),
        (6, "volume"),
    ]


def test_a_value_is_shown_as_a_decimal_in_plain_digits() -> None:
    bars = bars_of((18715, 5, -5, 100, 123456789012345678), price_precision=2, size_precision=9)
    texts = [value_text(bars, column, 0) for column in ("open", "high", "low", "close", "volume")]
    assert texts == ["187.15", "0.05", "-0.05", "1.00", "123456789.012345678"]


@given(st.integers(-(10**18) + 1, 10**18 - 1), st.integers(0, 9))
def test_no_digit_of_a_value_is_lost_when_it_is_shown(scaled: int, digits: int) -> None:
    bars = bars_of((scaled,) * 5, price_precision=digits, size_precision=digits)
    for column in ("close", "volume"):
        text = value_text(bars, column, 0)
        assert "E" not in text
        assert int(Decimal(text) * 10**digits) == scaled


prices = st.integers(-3, 3)


@given(
    st.lists(st.tuples(prices, prices, prices, prices, st.integers(-1, 1)), max_size=8),
    st.booleans(),
)
def test_the_rules_over_columns_are_the_rules_of_each_row(rows: list[Row], negative: bool) -> None:
    expected = set()
    for line, (open_, high, low, close, volume) in enumerate(rows, 2):
        named = {"open": open_, "high": high, "low": low, "close": close}
        if not negative:
            expected |= {(line, n, "is not greater than 0") for n, v in named.items() if v <= 0}
        if high != max(named.values()):
            expected.add((line, "high", "is not the greatest of the four prices"))
        if low != min(named.values()):
            expected.add((line, "low", "is not the least of the four prices"))
        if volume < 0:
            expected.add((line, "volume", "is negative"))
    problems = found(*rows, negative=negative)
    assert {(line, column, problem) for line, column, _, problem in problems} == expected
    assert len(problems) == len(expected)
