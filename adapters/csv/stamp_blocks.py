"""Stamps that differ in their digits alone, read at once from the columns of those digits."""

from __future__ import annotations

import functools
import re
import zoneinfo
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from adapters.csv.epochs import (
    EPOCH,
    FIRST,
    FIRST_YEAR,
    LAST,
    LAST_YEAR,
    unit_of,
)
from adapters.csv.stamp_formats import Form, Span, StampKind, Written, written
from adapters.csv.stamp_values import Meaning
from adapters.csv.zone_names import zone_in_stamp
from adapters.csv.zones import by_runs, to_utc
from domain.bars import Int64Array
from domain.sessions import NANOSECONDS_IN_DAY

_SECOND = 1_000_000_000
# Numbers of each row, from columns of one digit a row.
_Digits = NDArray[np.uint8]
_Right = NDArray[np.bool_]
_Values = tuple[StampKind, Form, Int64Array, _Right]


def read_block(text: str, digits: _Digits, meaning: Meaning) -> Iterator[_Values]:
    """Yield kind, form and values of stamps that are written like `text`, and which are right.

    `digits[at]` holds what each row has at the position `at`. A later answer counts where the
    earlier ones are not right; where none is, the stamp may be right nevertheless.
    """
    parts = written(text, meaning.order)
    if parts is not None and parts.dated:
        yield from _dated(digits, parts, meaning)
    yield from _epochs(text, digits)


def _dated(digits: _Digits, parts: Written, meaning: Meaning) -> Iterator[_Values]:
    # Digits in a zone's name make zones of stamps that look alike.
    if parts.place is not None and any(letter.isdigit() for letter in parts.place):
        return
    midnight, right = _midnights(digits, parts)
    fraction = _fraction(digits, parts.spans.get("fraction"))
    seconds, right_time = _seconds(digits, parts, fraction)
    values = midnight + seconds * _SECOND + fraction
    right &= right_time & (values >= FIRST) & (values <= LAST)
    if parts.place is not None:
        values, right = _at_place(values, right, zone_in_stamp(parts.place), meaning)
    yield parts.kind, parts.form, values, right


def _number(digits: _Digits, span: Span | None) -> NDArray[np.int32]:
    """Return the numbers, of at most nine digits, that stand in `span`."""
    total = np.zeros(digits.shape[1], np.int32)
    for column in digits[slice(*(span or (0, 0)))]:
        total *= 10
        total += column
    return total


@functools.cache
def _months() -> tuple[Int64Array, Int64Array]:
    """Return the first day since 1970 and the length of each month, from that of `FIRST_YEAR`."""
    months = np.arange(f"{FIRST_YEAR}-01", f"{LAST_YEAR + 1}-02", dtype="M8[M]")
    days = months.astype("M8[D]").astype(np.int64)
    return days[:-1], np.diff(days)


def _midnights(digits: _Digits, parts: Written) -> tuple[Int64Array, _Right]:
    month = _number(digits, parts.spans.get("month")) if parts.month is None else parts.month
    keys = _number(digits, parts.spans["year"]) * 100 + month
    midnights, right = by_runs(keys * 100 + _number(digits, parts.spans["day"]), _midnights_of)
    return midnights, right.astype(bool)


def _midnights_of(dates: NDArray[np.signedinteger]) -> tuple[Int64Array, Int64Array]:
    """Return midnight of dates such as 20240131, and 0 where there is none of that name."""
    first_days, lengths = _months()
    year, month, day = dates // 10_000, dates // 100 % 100, dates % 100
    right = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12)
    at = np.where(right, (year - FIRST_YEAR) * 12 + month - 1, 0)
    right &= (day >= 1) & (day <= lengths[at])
    return (first_days[at] + day - 1) * NANOSECONDS_IN_DAY, right.astype(np.int64)


def _seconds(digits: _Digits, parts: Written, fraction: Int64Array) -> tuple[Int64Array, _Right]:
    """Return seconds after midnight, less those that the clock is ahead of UTC."""
    names = ("hour", "minute", "second", "ahead_hours", "ahead_minutes")
    numbers = (_number(digits, parts.spans.get(name)) for name in names)
    hour, minute, second, ahead_hours, ahead_minutes = numbers
    if parts.afternoon is None:
        midnight = (hour == 24) & (minute == 0) & (second == 0) & (fraction == 0)
        right = (hour < 24) | midnight
    else:
        right = (hour >= 1) & (hour <= 12)
        hour = hour % 12 + 12 * parts.afternoon
    right &= (minute < 60) & (second < 60) & (ahead_hours < 24) & (ahead_minutes < 60)
    ahead = parts.sign * (ahead_hours * 3600 + ahead_minutes * 60)
    return (hour * 3600 + minute * 60 + second - ahead).astype(np.int64), right


def _fraction(digits: _Digits, span: Span | None) -> Int64Array:
    """Return nanoseconds, or one 0 for all where none are written."""
    if span is None:
        return np.zeros(1, np.int64)
    return _number(digits, span) * np.int64(10 ** (9 - (span[1] - span[0])))


def _at_place(
    values: Int64Array, right: _Right, zone: zoneinfo.ZoneInfo | str, meaning: Meaning
) -> tuple[Int64Array, _Right]:
    if isinstance(zone, str):
        return values, np.zeros(len(values), bool)
    utc = to_utc(np.where(right, values, 0), zone, meaning.change)
    right = right.copy()
    right[list(utc.problems)] = False
    return utc.values, right


# ---- epochs --------------------------------------------------------------------------------


def _epochs(text: str, digits: _Digits) -> Iterator[_Values]:
    match = EPOCH.fullmatch(text)
    # A number of five or six digits may be meant as something else than seconds.
    if match is None or len(match["whole"]) in (5, 6):
        return
    whole = _large_number(digits, match.span("whole"))
    kind, decimals = unit_of(10 ** (len(match["whole"]) - 1))
    right = (digits[match.start("whole")] > 0) & (whole <= LAST // 10**decimals)
    values = np.where(right, whole, 0).astype(np.int64) * 10**decimals
    if match["fraction"]:
        below, exact = _below_unit(_large_number(digits, match.span("fraction")), match, decimals)
        values, right = values + below, right & exact
    if match["sign"]:
        values = -values
    yield kind, Form.PLAIN, values, right & (values >= FIRST) & (values <= LAST)


def _large_number(digits: _Digits, span: Span) -> NDArray[np.uint64]:
    """Return the numbers, of at most 19 digits, that stand in `span`."""
    total = np.zeros(digits.shape[1], np.uint64)
    for start in range(span[0], span[1], 9):
        end = min(start + 9, span[1])
        total *= np.uint64(10 ** (end - start))
        total += _number(digits, (start, end)).astype(np.uint64)
    return total


def _below_unit(
    fraction: NDArray[np.uint64], match: re.Match[str], decimals: int
) -> tuple[Int64Array, _Right]:
    """Return nanoseconds of a unit's fraction, and whether they are whole."""
    missing = decimals - len(match["fraction"])
    if missing >= 0:
        return fraction.astype(np.int64) * 10**missing, np.ones(len(fraction), bool)
    below, rest = np.divmod(fraction, np.uint64(10**-missing))
    return below.astype(np.int64), rest == 0
