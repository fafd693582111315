"""Texts of decimals become scaled integers, exactly or not at all."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ibkr.decimal_columns import scaled
from domain.bars import MAX_DIGITS, MAX_PRECISION

DECIMALS = st.builds(
    lambda whole, digits: Decimal(whole).scaleb(-digits),
    st.integers(-(10**MAX_DIGITS) + 1, 10**MAX_DIGITS - 1),
    st.integers(0, MAX_PRECISION),
)


def _text(number: Decimal) -> str:
    return f"{number:f}"


def _fits(columns: list[list[Decimal]]) -> bool:
    every = [one for column in columns for one in column]
    digits = max((_decimals(one) for one in every), default=0)
    return all(abs(one.scaleb(digits)) < 10**MAX_DIGITS for one in every)


def _decimals(number: Decimal) -> int:
    return max(0, -int(number.normalize().as_tuple().exponent))


@given(st.lists(st.lists(DECIMALS, max_size=6), min_size=1, max_size=4).filter(_fits))
def test_every_number_is_what_was_written(columns: list[list[Decimal]]) -> None:
    integers, digits = scaled([[_text(one) for one in column] for column in columns])
    found = [[Decimal(int(one)).scaleb(-digits) for one in column] for column in integers]
    assert found == columns
    assert digits == max((_decimals(one) for column in columns for one in column), default=0)


@given(st.lists(st.integers(1, 10**13), min_size=1), st.integers(0, 6))
def test_numbers_of_a_market_take_the_quick_way_and_are_exact_too(
    wholes: list[int], digits: int
) -> None:
    numbers = [Decimal(one).scaleb(-digits) for one in wholes]
    (integers,), found = scaled([[_text(one) for one in numbers]])
    assert [Decimal(int(one)).scaleb(-found) for one in integers] == numbers


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "nan",
        "inf",
        "-Infinity",
        "1e400",
        "1e99999999",
        "0.0000000001",
        "1234567890123456789",
        "1,5",
    ],
)
def test_what_is_no_number_that_can_be_kept_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|decimals|digits"):
        scaled([["1.5", text]])


@pytest.mark.parametrize(
    ("text", "number"),
    [("1e-05", "0.00001"), ("1.2E3", "1200"), ("100.0", "100"), ("0", "0"), ("-37.63", "-37.63")],
)
def test_exponents_and_zeros_are_read(text: str, number: str) -> None:
    (integers,), digits = scaled([[text]])
    assert Decimal(int(integers[0])).scaleb(-digits) == Decimal(number)


def test_no_numbers_at_all_need_no_digits() -> None:
    assert scaled([[], []])[1] == 0


@pytest.mark.parametrize(
    ("text", "digits"),
    [("9007199254740993", 0), ("90071992547.40993", 5), ("999999999999999999", 0)],
)
def test_integers_that_no_float_can_hold_are_exact(text: str, digits: int) -> None:
    (integers,), found = scaled([[text]])
    assert (int(integers[0]), found) == (int(text.replace(".", "")), digits)


@pytest.mark.parametrize("text", ["1000000000000000000", "-1000000000000000000", "1e18"])
def test_the_least_number_with_a_digit_too_many_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="more than 18 digits"):
        scaled([[text]])
