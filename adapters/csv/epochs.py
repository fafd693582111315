"""Numbers become instants: seconds, or a thousandth part and so on, since 1970 in UTC."""

from __future__ import annotations

import datetime as dt
import re

from adapters.csv.stamp_formats import StampKind
from domain.sessions import midnight_utc

# All that was ever quoted, and so few years that the time between any two stamps, too, can
# be counted in 64 bits of nanoseconds (292 years).
FIRST_YEAR, LAST_YEAR = 1800, 2090
FIRST = midnight_utc(dt.date(FIRST_YEAR, 1, 1))
LAST = midnight_utc(dt.date(LAST_YEAR + 1, 1, 1)) - 1
SHORT_YEAR = "has a year of two digits: write all four"
OUT_OF_RANGE = f"lies outside the years {FIRST_YEAR} to {LAST_YEAR}"

# A unit, the first count that is too large for it, and how many digits of its fraction count.
_UNITS = [
    (StampKind.SECONDS, 10**11, 9),
    (StampKind.MILLISECONDS, 10**14, 6),
    (StampKind.MICROSECONDS, 10**17, 3),
    (StampKind.NANOSECONDS, 10**19, 0),
]
EPOCH = re.compile(r"(?P<sign>-?)(?P<whole>[0-9]{1,19})(?:\.(?P<fraction>[0-9]{0,18}))?")
_EXPONENT = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]*)?[eE][+-]?[0-9]+")
# Spreadsheets count the days from 1900: these are 1950 to 2099, and as seconds all of them
# would lie in the first day of 1970.
_FIRST_DAY_NUMBER, _LAST_DAY_NUMBER = 18_264, 73_050


def unit_of(whole: int) -> tuple[StampKind, int]:
    """Return the unit of a count of that magnitude, and how many digits of a fraction it has."""
    return next((kind, digits) for kind, bound, digits in _UNITS if whole < bound)


def decimals_of(kind: StampKind) -> int | None:
    """Return how many digits of a unit's fraction make nanoseconds; None if it is no unit."""
    return next((digits for unit, _, digits in _UNITS if unit is kind), None)


def parse_epoch(text: str) -> tuple[StampKind, int] | str | None:
    """Return unit and nanoseconds since 1970, what is wrong, or None where it is no number."""
    match = EPOCH.fullmatch(text)
    if match is None:
        return _exponent_problem(text)
    whole, fraction = int(match["whole"]), match["fraction"] or ""
    kind, digits = unit_of(whole)
    if fraction[digits:].strip("0"):
        return f"is finer than a nanosecond, read as {kind.value}"
    if _looks_like_another(match["whole"]):
        return _other_problem(match["whole"])
    value = whole * 10**digits + int(fraction[:digits].ljust(digits, "0") or 0)
    value = -value if match["sign"] else value
    return (kind, value) if FIRST <= value <= LAST else OUT_OF_RANGE


def _looks_like_another(whole: str) -> bool:
    """Whether the digits are likelier a day's number or a short date than seconds of 1970."""
    if len(whole) == 5:
        return _FIRST_DAY_NUMBER <= int(whole) <= _LAST_DAY_NUMBER
    return len(whole) == 6 and 1 <= int(whole[2:4]) <= 12 and 1 <= int(whole[4:]) <= 31


def _other_problem(whole: str) -> str:
    if len(whole) == 6:
        return SHORT_YEAR
    return (
        "is a spreadsheet's number of a day: give the column a date's format there, and save "
        "the file again"
    )


def _exponent_problem(text: str) -> str | None:
    if _EXPONENT.fullmatch(text) is None:
        return None
    return (
        "has lost digits to the exponent: give the column a number's format without decimals in "
        "the spreadsheet, and save the file again"
    )
