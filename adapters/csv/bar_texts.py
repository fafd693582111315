"""Columns of bars become text: exact decimals in plain digits, and stamps of ISO 8601."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from domain.bars import Bars, Int64Array
from domain.sessions import NANOSECONDS_IN_DAY, utc_offsets

if TYPE_CHECKING:
    import pyarrow as pa

_SECOND = 1_000_000_000
_MINUTE = 60 * _SECOND


def decimal_texts(values: Int64Array, precision: int, shown: int) -> pa.StringArray:
    """Return `values / 10**precision` with `shown` digits after the point, no fewer than that.

    Arrow's own text of a decimal has an exponent where the value is small.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    whole, rest = np.divmod(np.abs(values), 10**precision)
    texts = pa.array(whole).cast(pa.string())
    if shown:
        # The 1 before the fraction keeps its leading zeros, and goes again.
        padded = pa.array(rest + 10**precision).cast(pa.string())
        fraction = pc.utf8_slice_codeunits(padded, 1)
        texts = pc.binary_join_element_wise(texts, fraction, ".")
        if shown > precision:
            texts = pc.binary_join_element_wise(texts, "0" * (shown - precision), "")
    negative = values < 0
    if negative.any():
        texts = pc.if_else(pa.array(negative), pc.binary_join_element_wise("-", texts, ""), texts)
    return texts


def price_texts(bars: Bars, shown: int) -> list[pa.StringArray]:
    """Return open, high, low and close, each with `shown` digits after the point."""
    all_prices = np.concatenate((bars.open, bars.high, bars.low, bars.close))
    texts = decimal_texts(all_prices, bars.price_precision, shown)
    return [texts.slice(column * len(bars), len(bars)) for column in range(4)]


def date_texts(labels: Int64Array) -> pa.StringArray:
    """Return the dates, such as `2024-01-31`, at whose midnight UTC the `labels` lie."""
    import pyarrow as pa

    days = (labels // NANOSECONDS_IN_DAY).astype(np.int32)
    return pa.array(days).view(pa.date32()).cast(pa.string())


def instant_texts(stamps: Int64Array, zone: zoneinfo.ZoneInfo | None) -> pa.StringArray:
    """Return UTC nanoseconds as ISO 8601: `2024-01-02T14:30:00Z`, or with the offset of `zone`.

    Fractions of a second are written where there are any. An offset of old that counts seconds,
    as before the standard times, is rounded to a minute and the time of the day with it, since
    ISO 8601 knows no such offset: the instant stays the same.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    offsets = None if zone is None else _in_minutes(utc_offsets(stamps, zone))
    local = stamps if offsets is None else stamps + offsets
    seconds, rest = np.divmod(local, _SECOND)
    texts = pa.array(seconds).view(pa.timestamp("s")).cast(pa.string())
    texts = pc.replace_substring(texts, " ", "T")
    if rest.any():
        texts = pc.binary_join_element_wise(texts, _fractions(rest), "")
    return pc.binary_join_element_wise(texts, "Z" if offsets is None else _signs(offsets), "")


def _in_minutes(offsets: Int64Array) -> Int64Array:
    rounded: Int64Array = (offsets + _MINUTE // 2) // _MINUTE * _MINUTE
    return rounded


def _fractions(nanoseconds: Int64Array) -> pa.StringArray:
    """Return `.5` for half a second, and nothing for none."""
    return _rendered(nanoseconds, lambda each: f".{each:09}".rstrip("0").rstrip("."))


def _signs(offsets: Int64Array) -> pa.StringArray:
    return _rendered(offsets, _offset_text)


def _offset_text(offset: int) -> str:
    """Return `-05:00` for an offset of five hours behind UTC, in nanoseconds."""
    hours, minutes = divmod(abs(offset) // _MINUTE, 60)
    return f"{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"


def _rendered(values: Int64Array, text_of: Callable[[int], str]) -> pa.StringArray:
    """Return the text of each value; there are few different ones."""
    import pyarrow as pa

    unique, places = np.unique(values, return_inverse=True)
    return pa.array([text_of(one) for one in unique.tolist()], pa.string()).take(pa.array(places))
