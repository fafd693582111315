"""One text becomes one stamp, or what is wrong with it: this defines what stamps mean."""

from __future__ import annotations

import datetime as dt

import attrs
import numpy as np

from adapters.csv.epochs import FIRST, LAST, OUT_OF_RANGE, SHORT_YEAR, parse_epoch
from adapters.csv.stamp_formats import Form, StampKind, Written, has_short_year, written
from adapters.csv.zone_names import zone_in_stamp
from adapters.csv.zones import to_utc
from domain.bar_files import ClockChange, DateOrder
from domain.sessions import midnight_utc

_SECOND = 1_000_000_000
NO_SUCH_TIME = "is no date or time that exists"
_ORDERS = {DateOrder.MONTH_FIRST: "the month first", DateOrder.DAY_FIRST: "the day first"}


@attrs.frozen
class Meaning:
    """What decides where a stamp could mean several instants."""

    order: DateOrder | None = None
    change: ClockChange | None = None


@attrs.frozen
class Stamp:
    """A stamp in nanoseconds since 1970: of UTC, or of the clock on the wall where it is local."""

    kind: StampKind
    form: Form
    value: int


def parse(text: str, meaning: Meaning) -> Stamp | str:
    """Return the stamp that `text` writes, or what is wrong with it."""
    if not text:
        return "is missing"
    parts = written(text, meaning.order)
    dated = None if parts is None else _dated(text, parts, meaning)
    if isinstance(dated, Stamp):
        return dated
    epoch = parse_epoch(text)
    if isinstance(epoch, tuple):
        return Stamp(epoch[0], Form.PLAIN, epoch[1])
    return dated or epoch or _unreadable(text)


def _unreadable(text: str) -> str:
    if has_short_year(text):
        return SHORT_YEAR
    return "is not written like 2024-01-31 09:30:00, 2024-01-31T09:30:00Z or 2024-01-31"


def _dated(text: str, parts: Written, meaning: Meaning) -> Stamp | str:
    if not parts.dated:
        return "could have the day or the month first: say --date-order mdy or --date-order dmy"
    try:
        value = _wall_clock(text, parts) - _ahead(text, parts)
    except ValueError:
        return _no_such_date(text, parts, meaning)
    if not FIRST <= value <= LAST:
        return OUT_OF_RANGE
    if parts.place is not None:
        return _at_place(value, parts, parts.place, meaning)
    return Stamp(parts.kind, parts.form, value)


def _no_such_date(text: str, parts: Written, meaning: Meaning) -> str:
    if parts.form & Form.YEAR_LAST and meaning.order is not None:
        other = next(order for order in DateOrder if order is not meaning.order)
        if _exists(text, written(text, other)):
            return f"has {_ORDERS[other]}, where the file's have {_ORDERS[meaning.order]}"
    return NO_SUCH_TIME


def _exists(text: str, parts: Written | None) -> bool:
    try:
        return parts is not None and _wall_clock(text, parts) >= FIRST
    except ValueError:
        return False


def _number(text: str, parts: Written, part: str) -> int:
    start, end = parts.spans.get(part, (0, 0))
    return int(text[start:end] or 0)


def _wall_clock(text: str, parts: Written) -> int:
    """Return nanoseconds from 1970 by the clock that was looked at.

    Raises:
        ValueError: no calendar or clock shows that.
    """
    month = parts.month or _number(text, parts, "month")
    date = dt.date(_number(text, parts, "year"), month, _number(text, parts, "day"))
    start, end = parts.spans.get("fraction", (0, 0))
    fraction = int(text[start:end].ljust(9, "0"))
    minute, second = _number(text, parts, "minute"), _number(text, parts, "second")
    hour = _hour(_number(text, parts, "hour"), afternoon=parts.afternoon)
    if hour == 24 and not (minute or second or fraction):
        return midnight_utc(date) + 86_400 * _SECOND
    time = dt.time(hour, minute, second)
    return midnight_utc(date) + _seconds(time) * _SECOND + fraction


def _hour(shown: int, *, afternoon: bool | None) -> int:
    if afternoon is None:
        return shown
    if not 1 <= shown <= 12:
        raise ValueError(shown)
    return shown % 12 + (12 if afternoon else 0)


def _ahead(text: str, parts: Written) -> int:
    # The constructor refuses hours and minutes that no clock shows.
    ahead = dt.time(_number(text, parts, "ahead_hours"), _number(text, parts, "ahead_minutes"))
    return parts.sign * _seconds(ahead) * _SECOND


def _seconds(time: dt.time) -> int:
    return time.hour * 3600 + time.minute * 60 + time.second


def _at_place(value: int, parts: Written, place: str, meaning: Meaning) -> Stamp | str:
    zone = zone_in_stamp(place)
    if isinstance(zone, str):
        return zone
    utc = to_utc(np.array([value], np.int64), zone, meaning.change)
    return utc.problems.get(0) or Stamp(parts.kind, parts.form, int(utc.values[0]))
