"""Trading sessions, and when the bars of a session close."""

from __future__ import annotations

import bisect
import datetime as dt
import enum
import functools
import zoneinfo
from collections.abc import Sequence
from typing import Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from domain.bar_type import BarType, BarUnit
from domain.bars import Int64Array

NANOSECONDS_IN_DAY = 86_400 * 1_000_000_000
_MINUTE = 60 * 1_000_000_000
_HOUR = 60 * _MINUTE
NO_SESSION = np.iinfo(np.int64).min
LATE_START = 15 * _MINUTE
"""IBKR's day of currencies begins so many nanoseconds after 17:00 in New York, when it turns."""
# Where trading goes round the clock, by the market's convention its day turns at 17:00 in New
# York. Before and after it lie two bars, and not one that belongs to two days.
_TURNS = {"America/New_York": 17 * _HOUR, "America/Chicago": 16 * _HOUR}


class Stamp(enum.Enum):
    """Which end of a bar a source's stamp names."""

    OPEN = "open"
    CLOSE = "close"


class Hours(enum.Enum):
    """Which hours of a trading day are meant."""

    REGULAR = "regular"
    EXTENDED = "extended"
    """The regular ones, and those before and after the market where the venue has them."""


@attrs.frozen(order=True)
class Session:
    """One trading day of a venue: its date, and its hours in UTC nanoseconds.

    They are the regular ones where nothing else is said.

    `pause` is the break at noon, from and to, where nothing trades.
    """

    date: dt.date
    open: int
    close: int
    pause: tuple[int, int] | None = attrs.field(default=None, order=False)


def midnight_utc(date: dt.date) -> int:
    """Return midnight UTC of `date` in nanoseconds: the label of a daily bar."""
    return (date.toordinal() - dt.date(1970, 1, 1).toordinal()) * NANOSECONDS_IN_DAY


def date_of_label(label: int) -> dt.date:
    """Return the UTC date in which the instant `label` (nanoseconds) lies."""
    return dt.date(1970, 1, 1) + dt.timedelta(days=int(label) // NANOSECONDS_IN_DAY)


def instant_text(stamp: int) -> str:
    """Return the instant `stamp` (UTC nanoseconds) as ISO 8601, ending in Z."""
    seconds, rest = divmod(stamp, 1_000_000_000)
    instant = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
    fraction = f".{rest:09d}" if rest else ""
    return f"{instant:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def utc_offsets(stamps: Int64Array, zone: zoneinfo.ZoneInfo) -> Int64Array:
    """Return what the clock of `zone` is ahead of UTC at each of `stamps`, in nanoseconds."""
    if not len(stamps):
        return np.empty(0, np.int64)
    unique, inverse = _days_of(stamps)
    at_start, at_end = np.array([_day_offsets(day, zone) for day in unique.tolist()], np.int64).T
    offsets: Int64Array = at_start[inverse]
    changing = at_start != at_end
    if changing.any():
        for position in np.flatnonzero(changing[inverse]):
            offsets[position] = _offset(stamps[position], zone)
    return offsets


def _days_of(stamps: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Return the UTC days, counted from 1970, that `stamps` lie on, and each one's place there."""
    days = stamps // NANOSECONDS_IN_DAY
    first, last = int(days.min()), int(days.max())
    if last - first < len(days):
        # Most often few days have many stamps, and counting is quicker than sorting.
        return np.arange(first, last + 1, dtype=np.int64), days - first
    return np.unique(days, return_inverse=True)


@functools.lru_cache(maxsize=65_536)
def _day_offsets(day: int, zone: zoneinfo.ZoneInfo) -> tuple[int, int]:
    """Return what the clock is ahead of UTC in the first and the last second of a UTC day."""
    start = day * NANOSECONDS_IN_DAY
    return _offset(start, zone), _offset(start + NANOSECONDS_IN_DAY - 1, zone)


def _offset(stamp: int, zone: zoneinfo.ZoneInfo) -> int:
    at = dt.datetime.fromtimestamp(int(stamp) // 1_000_000_000, zone).utcoffset()
    return round((at or dt.timedelta()).total_seconds()) * 1_000_000_000


def dates_on_clock(stamps: Int64Array, zone: zoneinfo.ZoneInfo) -> tuple[dt.date, ...]:
    """Return the distinct dates, by the clock of `zone`, on which `stamps` lie, in order."""
    one = _only_day(stamps, zone)
    days = (
        distinct((stamps + utc_offsets(stamps, zone)) // NANOSECONDS_IN_DAY).tolist()
        if one is None
        else (one,)
    )
    return tuple(dt.date(1970, 1, 1) + dt.timedelta(days=day) for day in days)


def _only_day(stamps: Int64Array, zone: zoneinfo.ZoneInfo) -> int | None:
    """Return the day, counted from 1970, that all `stamps` lie on, where a look at two tells."""
    if not len(stamps):
        return None
    first, last = int(stamps.min()), int(stamps.max())
    offset, at_end = _day_offsets(first // NANOSECONDS_IN_DAY, zone)
    if first // NANOSECONDS_IN_DAY != last // NANOSECONDS_IN_DAY or offset != at_end:
        return None
    day = (first + offset) // NANOSECONDS_IN_DAY
    return day if day == (last + offset) // NANOSECONDS_IN_DAY else None


def distinct(values: Int64Array) -> Int64Array:
    """Return the distinct `values` in ascending order; they need no sorting where they ascend."""
    if not len(values):
        return values
    steps = np.diff(values)
    if (steps >= 0).all():
        return values[np.concatenate(([True], steps > 0))]
    return np.unique(values)


def intraday_closes(
    opens: Int64Array,
    bar_type: BarType,
    zone: zoneinfo.ZoneInfo,
    sessions: Sequence[Session],
    *,
    each: bool = False,
) -> Int64Array:
    """Return when intraday bars that open at `opens` close, in UTC nanoseconds.

    A bar closes at the next boundary of its bar type on the venue's clock, so an hour bar
    that opens with the session at 09:30 closes at 10:00. Where every bar opens inside a
    regular session, the session's end cuts the last one short; bars of extended hours trade
    on past it, and to cut them would show their end before it happened. With `each`, a session
    cuts its last bar, whatever lies outside of all.
    """
    length = bar_type.length
    offsets = utc_offsets(opens, zone)
    closes: Int64Array = ((opens + offsets) // length + 1) * length - offsets
    session_ends = _edges_of_sessions(opens, sessions, of="close")
    inside = session_ends != NO_SESSION
    if each or (len(opens) and inside.all()):
        return np.where(inside, np.minimum(closes, session_ends), closes)
    return closes


def intraday_opens(
    closes: Int64Array,
    bar_type: BarType,
    zone: zoneinfo.ZoneInfo,
    sessions: Sequence[Session],
    *,
    each: bool = False,
) -> Int64Array:
    """Return when intraday bars that close at `closes` open, in UTC nanoseconds.

    A bar opens at the boundary of its bar type before its close; where every bar lies inside
    a regular session, the first one opens with the session, not before it; with `each`, whatever
    lies outside of all.
    """
    length = bar_type.length
    before = closes - 1
    offsets = utc_offsets(before, zone)
    opens: Int64Array = (before + offsets) // length * length - offsets
    starts = _edges_of_sessions(before, sessions, of="open")
    inside = starts != NO_SESSION
    if each or (len(closes) and inside.all()):
        return np.where(inside, np.maximum(opens, starts), opens)
    return opens


def slots(opens: Int64Array, bar_type: BarType, zone: zoneinfo.ZoneInfo) -> Int64Array:
    """Return what tells bars with these `ts_open` from each other: one bar a slot.

    The hour bar that opens with the session at 09:30 lies in the slot of 09:00, as the one of
    extended hours that opens there: both tell of the same hour. A slot amid which the trading day
    turns is two: the bar of 16:00 that ends with the day at 17:00, and the one that begins then.
    UTC nanoseconds; for bars of a day and longer the label of the first date of their period.
    """
    if bar_type.is_intraday:
        return _since_turn(opens, on_grid(opens, bar_type, zone), bar_type, zone)
    if bar_type.unit is BarUnit.DAY:
        return opens
    firsts = (period_dates(date_of_label(int(label)), bar_type)[0] for label in opens)
    return np.array([midnight_utc(first) for first in firsts], np.int64)


def turns_amid_hours(zone: zoneinfo.ZoneInfo) -> bool:
    """Whether the day of what trades round the clock turns amid hours by the clock of `zone`."""
    return zone.key in _TURNS


def on_grid(instants: Int64Array, bar_type: BarType, zone: zoneinfo.ZoneInfo) -> Int64Array:
    """Return the boundary of an intraday bar type, on the clock of `zone`, at or before each.

    All are UTC nanoseconds.
    """
    offsets = utc_offsets(instants, zone)
    return (instants + offsets) // bar_type.length * bar_type.length - offsets


def _since_turn(
    opens: Int64Array, boundaries: Int64Array, bar_type: BarType, zone: zoneinfo.ZoneInfo
) -> Int64Array:
    """Return each boundary, or the turn of the trading day between it and the bar's open."""
    turn = _TURNS.get(zone.key)
    if turn is None or turn % bar_type.length == 0:
        return boundaries
    since_midnight = (opens + utc_offsets(opens, zone)) % NANOSECONDS_IN_DAY
    turns = opens - (since_midnight - turn) % NANOSECONDS_IN_DAY
    return np.maximum(boundaries, turns)


def _edges_of_sessions(
    instants: Int64Array, sessions: Sequence[Session], *, of: Literal["open", "close"]
) -> Int64Array:
    """Return the edge of the session in which each instant lies, or `NO_SESSION`."""
    if not sessions:
        return np.full(len(instants), NO_SESSION, np.int64)
    starts = np.array([session.open for session in sessions], np.int64)
    ends = np.array([session.close for session in sessions], np.int64)
    index = np.searchsorted(starts, instants, side="right") - 1
    inside = (index >= 0) & (instants < ends[np.maximum(index, 0)])
    edges = (starts if of == "open" else ends)[np.maximum(index, 0)]
    return np.where(inside, edges, NO_SESSION)


def inside_sessions(instants: Int64Array, sessions: Sequence[Session]) -> NDArray[np.bool_]:
    """Return which of `instants` (UTC nanoseconds) lie in a session, its close left out."""
    inside: NDArray[np.bool_] = _edges_of_sessions(instants, sessions, of="open") != NO_SESSION
    return inside


def within_dates(sessions: Sequence[Session], zone: zoneinfo.ZoneInfo) -> bool:
    """Whether each session opens and closes on one date by the clock of `zone`."""
    opens = np.array([session.open for session in sessions], np.int64)
    closes = np.array([session.close for session in sessions], np.int64)
    first = (opens + utc_offsets(opens, zone)) // NANOSECONDS_IN_DAY
    last = (closes + utc_offsets(closes, zone)) // NANOSECONDS_IN_DAY
    return bool((first == last).all())


def daily_closes(labels: Int64Array, bar_type: BarType, sessions: Sequence[Session]) -> Int64Array:
    """Return when bars of a day and longer close: with the last session of their period.

    `labels` are midnights UTC of the bars' dates; a week runs from Monday, a month from its
    first day. Where the calendar has no session, `NO_SESSION` stands.

    A bar cannot close before its label. Where its last session has ended by then, as on a half
    day in Auckland, or in a week that is labelled by its Sunday, it closes a minute after its
    label: later than in truth, which shows nothing too early.
    """
    dates = [session.date for session in sessions]
    closes = np.full(len(labels), NO_SESSION, np.int64)
    for position, label in enumerate(labels):
        first, last = period_dates(date_of_label(int(label)), bar_type)
        index = bisect.bisect_right(dates, last) - 1
        if index >= 0 and dates[index] >= first:
            closes[position] = max(sessions[index].close, int(label) + _MINUTE)
    return closes


def whole_periods(first: dt.date, last: dt.date, bar_type: BarType) -> tuple[dt.date, dt.date]:
    """Return the first and last date of all days, weeks or months that two dates lie in."""
    return period_dates(first, bar_type)[0], period_dates(last, bar_type)[1]


def period_dates(date: dt.date, bar_type: BarType) -> tuple[dt.date, dt.date]:
    """Return the first and last date of the day, week or month in which `date` lies."""
    if bar_type.unit is BarUnit.WEEK:
        monday = date - dt.timedelta(days=date.weekday())
        return monday, monday + dt.timedelta(days=6)
    if bar_type.unit is BarUnit.MONTH:
        following = (date.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
        return date.replace(day=1), following - dt.timedelta(days=1)
    return date, date
