"""Cells that tell how much become exact decimals, or problems that say what to do."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.csv.decimals import Notation, aligned, decimals
from domain.bar_files import FileLayout
from domain.bars import MAX_DIGITS, MAX_PRECISION
from domain.errors import InvalidLayoutError
from tests.integration.csv import reference

PLAIN = Notation()
ENGLISH, GERMAN = Notation(".", ","), Notation(",", ".")
FRENCH, SWISS, CODE = Notation(",", " "), Notation(".", "'"), Notation(".", "_")
DOLLARS, EUROS = Notation(".", ",", "$"), Notation(",", None, "€")
NOTATIONS = [
    *(PLAIN, Notation(","), ENGLISH, GERMAN, FRENCH, SWISS, CODE, Notation(".", " ")),
    *(DOLLARS, EUROS),
]
# More than are looked at one by one.
MANY = 1_100


def read(texts: list[str], notation: Notation = PLAIN) -> list[Decimal | str]:
    """Return each number, or what is wrong with it."""
    column = decimals(pa.array(texts, pa.string()), notation)
    assert all(column.values[row] == 0 for row in column.problems)
    return [
        column.problems.get(row) or Decimal(int(value)).scaleb(-column.precision)
        for row, value in enumerate(column.values)
    ]


# ---- what is read --------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, MANY])
@pytest.mark.parametrize(
    ("notation", "text", "expected"),
    [
        (PLAIN, "187.1500", "187.15"),
        (PLAIN, "+5.", "5"),
        (PLAIN, "-.5", "-0.5"),
        (PLAIN, "1.2E+3", "1200"),
        (PLAIN, "0e999", "0"),
        (PLAIN, "123456789.123456789", "123456789.123456789"),
        (ENGLISH, "1,234,567.50", "1234567.5"),
        (ENGLISH, "1234567.50", "1234567.5"),
        (ENGLISH, "-1,234", "-1234"),
        (ENGLISH, "1e3", "1000"),
        (GERMAN, "1.234.567,50", "1234567.5"),
        (GERMAN, "1.234", "1234"),
        (GERMAN, ",5", "0.5"),
        (GERMAN, "1,5e2", "150"),
        (FRENCH, "1 234,5", "1234.5"),
        (FRENCH, "1\u00a0234\u202f567,5", "1234567.5"),
        (SWISS, "1'234.5", "1234.5"),
        (SWISS, "1\u2019234.5", "1234.5"),
        (CODE, "1_234", "1234"),
        (Notation(","), "1,234", "1.234"),
        (DOLLARS, "$1,234.5", "1234.5"),
        (DOLLARS, "$.5", "0.5"),
        (DOLLARS, "1e3", "1000"),
        (EUROS, "€1,5", "1.5"),
    ],
)
def test_a_number_is_read_exactly(notation: Notation, text: str, expected: str, rows: int) -> None:
    assert read([text] * rows, notation) == [Decimal(expected)] * rows


@pytest.mark.parametrize("rows", [1, MANY])
@pytest.mark.parametrize(
    ("notation", "text"),
    [
        *((ENGLISH, text) for text in ("12,34", "1,2345", ",123", "1,234,56", "1,,234", "1,234,")),
        *((ENGLISH, text) for text in ("0,123", "1,234e2", "1.234,567", "1,234.5,6", "1 234")),
        *((GERMAN, text) for text in ("1.5", "1.23,4", "1,234,5", "1.234.5", "0.123")),
        *((FRENCH, text) for text in ("1  234", "12 34", "1.5", "1 234.5", "1\t234")),
        *(
            (PLAIN, text)
            for text in ("nan", "inf", "5%", "(5)", "0x10", "1_000", "--1", "1e", "e5")
        ),
        *((PLAIN, text) for text in ("\u0663", "\uff15", "1\u0660", "\u22125", "1.2.3", "1e5.0")),
        *((CODE, text) for text in ("_1", "1_", "1__234", "1_23")),
        (Notation(","), "1.5"),
        *((DOLLARS, text) for text in ("$1.2.3", "$1,2", "$1e", "1.$5")),
        *((EUROS, text) for text in ("€1.5", "€1,5,5")),
    ],
)
def test_what_is_no_number_in_the_notation_is_refused(
    notation: Notation, text: str, rows: int
) -> None:
    for found in read([text] * rows, notation):
        assert isinstance(found, str)
        assert found.startswith("is not a number")


@pytest.mark.parametrize(
    ("notation", "text", "hints"),
    [
        (PLAIN, "1,234.50", ['if "," groups its thousands, say --thousands ","']),
        (
            PLAIN,
            "1,234",
            [
                'if "," groups its thousands, say --thousands ","',
                'if "," stands before its fraction, say --decimal ","',
            ],
        ),
        (PLAIN, "12,5", ['if "," stands before its fraction, say --decimal ","']),
        (
            PLAIN,
            "1.234,50",
            [
                'if "." groups its thousands and "," stands before its fraction, '
                'say --thousands "." --decimal ","'
            ],
        ),
        (PLAIN, "1\u202f234", ['if " " groups its thousands, say --thousands " "']),
        (SWISS, "12,5", ['if "," stands before its fraction, say --decimal ","']),
        (ENGLISH, "1,23", []),
        (PLAIN, "n/a", []),
    ],
)
def test_a_number_of_another_notation_says_how_to_name_that(
    notation: Notation, text: str, hints: list[str]
) -> None:
    assert read([text], notation) == ["; ".join(["is not a number", *hints])]


@pytest.mark.parametrize("text", ["$1.50", "-$2", "€3", "4 €", "£5", "+¥6"])
def test_a_currency_sign_is_refused_by_name(text: str) -> None:
    sign = next(each for each in text if each in "$€£¥")
    assert read([text]) == [f'has the currency sign "{sign}": save the column as plain numbers']


@pytest.mark.parametrize(
    "text", ["-$2", "$-2", "$ 3", "4 $", "€5", "$$6", "+$7", "$", "$x", "$nan"]
)
def test_a_currency_sign_that_stands_before_no_digit_is_refused(text: str) -> None:
    (problem,) = read([text], DOLLARS)
    assert str(problem).startswith('has the currency sign "')


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is missing"),
        ("0.1234567891", "needs more than 9 decimals"),
        ("1e-48", "needs more than 9 decimals"),
        ("1234567890123456789", "has more than 18 digits"),
        ("1e999999999999999999999", "has more than 18 digits"),
    ],
)
def test_a_number_that_cannot_be_kept_says_why(text: str, problem: str) -> None:
    assert read([text]) == [problem]
    assert read([text] * MANY) == [problem] * MANY


def test_columns_are_aligned_at_the_least_precision_that_holds_all() -> None:
    columns = [decimals(pa.array([text, "1,000.50"]), ENGLISH) for text in ("2.125", "123456")]
    aligned_columns, precision = aligned(columns)
    assert precision == 3
    assert [column.values.tolist() for column in aligned_columns] == [
        [2_125, 1_000_500],
        [123_456_000, 1_000_500],
    ]


# ---- the notation --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decimal", "thousands"),
    [
        *itertools.product(["", "..", "1", "x", "-", "+", " ", "e", "'"], [None]),
        *itertools.product(
            ["."], ["", ",,", "1", "x", "-", "+", '"', "\n", "\t", "é", "\u0661", "."]
        ),
        (",", ","),
    ],
)
def test_a_layout_that_no_number_could_have_is_refused(decimal: str, thousands: str | None) -> None:
    with pytest.raises(InvalidLayoutError) as caught:
        Notation.of(FileLayout(decimal=decimal, thousands=thousands))
    assert caught.value.recovery


@pytest.mark.parametrize(
    ("thousands", "expected"), [(" ", " "), ("\u00a0", " "), ("\u202f", " "), ("\u2019", "'")]
)
def test_characters_that_look_alike_are_one(thousands: str, expected: str) -> None:
    assert Notation.of(FileLayout(thousands=thousands)) == Notation(".", expected)


def test_the_notation_is_plain_where_nothing_is_said() -> None:
    assert Notation.of(FileLayout()) == PLAIN


# ---- held to the slow reader ---------------------------------------------------------------

NUMBERS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**19), max_value=10**19).map(
        str
    ),
    st.integers(-(10**9), 10**9).map("{:,}".format),
    st.tuples(st.integers(0, 10**7), st.integers(0, 999)).map("{0[0]:,}.{0[1]}".format),
    st.from_regex(r"[+-]?[0-9]{0,12}\.?[0-9]{0,11}([eE][+-]?[0-9]{1,2})?", fullmatch=True),
    st.text(alphabet="0123456789,.' _-+eE", max_size=12),
    st.sampled_from(
        ["", "-", ".", "1e-48", "0." + "0" * 47 + "1", "1e999999", "0e400", "$1", "5%", "€1,5"]
    ),
)
SWAPS = [("", ""), (",", "|"), (",", "'"), (",", " "), (",", "_"), (",", "\u00a0"), (",", "")]


@given(
    st.lists(NUMBERS, min_size=1, max_size=8),
    st.sampled_from(NOTATIONS),
    st.sampled_from(SWAPS),
    st.booleans(),
    st.sampled_from(["", "", "$", "€", "-$"]),
)
@settings(max_examples=800, deadline=None)
@example(["100000000000000000", "0.5"], PLAIN, SWAPS[0], False, "")
@example(["1,234.5"], ENGLISH, SWAPS[0], True, "")
@example(["1,234.5"], DOLLARS, SWAPS[0], True, "$")
def test_numbers_are_read_as_one_by_one_or_refused(
    texts: list[str], notation: Notation, swap: tuple[str, str], many: bool, sign: str
) -> None:
    texts = [text.replace(*swap) if swap[0] else text for text in texts]
    texts = [(sign + text.replace("|", ".")).strip() for text in texts] * (150 if many else 1)
    told = (notation.decimal, notation.thousands, notation.currency)
    expected = [reference.number(text, *told) for text in texts]
    needed = max((_decimals(value) for value in expected if value is not None), default=0)
    for text, value, found in zip(texts, expected, read(texts, notation), strict=True):
        if value is None or abs(value) >= 10 ** (MAX_DIGITS - needed):
            assert isinstance(found, str), (text, found)
        else:
            assert found == value, text


def _decimals(value: Decimal) -> int:
    digits = len(f"{value:f}".partition(".")[2].rstrip("0"))
    assert digits <= MAX_PRECISION
    return digits
