"""Bars of an answer: times and decimals as they were sent, stamped by their close."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

import attrs
import numpy as np

from adapters.ibkr.bar_grid import check_grid
from adapters.ibkr.decimal_columns import scaled
from adapters.ibkr.decoding import HistoryAnswer
from adapters.ibkr.failures import Undecodable
from domain.bar_type import NANOSECONDS_IN_SECOND, BarType
from domain.bars import Bars, Int64Array, same_bars
from domain.errors import PrecisionError
from domain.fetching import Wanted
from domain.instrument import InstrumentClass
from domain.rules import problems_of
from domain.sessions import (
    NO_SESSION,
    Session,
    daily_closes,
    inside_sessions,
    instant_text,
    intraday_closes,
    midnight_utc,
    period_dates,
)
from domain.venues import venue
from domain.window import FAR_FUTURE

_STAMP = re.compile(r"-?\d{1,10}")
_FARTHEST = FAR_FUTURE // NANOSECONDS_IN_SECOND
_DATE_LENGTH = len("20240131")
_UNTRADED = (InstrumentClass.CURRENCY_PAIR, InstrumentClass.INDEX)
_NO_VOLUME = ("-1", "-1.0")


@attrs.frozen(eq=False)
class Heard:
    """What an answer holds: `bars` of the sessions that were wanted, stamped by their close.

    `opens` are those of all its bars, in order: UTC nanoseconds, midnights of the date for bars of
    a day and longer.
    """

    bars: Bars
    opens: Int64Array


def heard(answer: HistoryAnswer, wanted: Wanted, price_decimals: int) -> Heard:
    """Return what an answer holds.

    The point of prices is moved by `price_decimals` places to the left. A bar that was sent twice
    is there once.

    Raises:
        Undecodable: bars are in disorder or break the rules, or a value is none.
        OffGrid: nobody can tell when a bar closes.
    """
    try:
        opens = _opens(answer.dates, wanted.series.bar_type)
        bars = _bars(opens, answer, wanted.instrument.instrument_class)
        bars = attrs.evolve(bars, price_precision=bars.price_precision + price_decimals)
    except (ValueError, PrecisionError) as error:
        raise Undecodable(str(error)) from error
    bars = _each_once(bars)
    return Heard(_sound(_closing(bars, wanted), wanted), bars.ts_open)


def _each_once(bars: Bars) -> Bars:
    """Return the bars without repetitions."""
    steps = np.diff(bars.ts_open)
    if (steps < 0).any():
        raise Undecodable("the bars of an answer are not in order of time")
    again = np.flatnonzero(steps == 0) + 1
    if not len(again):
        return bars
    if not same_bars(bars.take(again), bars.take(again - 1)).all():
        at = instant_text(int(bars.ts_open[again[0]]))
        raise Undecodable(f"two bars that differ open at {at}")
    return bars.take(np.concatenate(([True], steps > 0)))


def _closing(bars: Bars, wanted: Wanted) -> Bars:
    """Return the bars of the sessions that were wanted, with their closes."""
    zone = venue(wanted.series.instrument_id.venue).tzinfo
    bar_type = wanted.series.bar_type
    if not bar_type.is_intraday:
        return _closing_with_sessions(bars, bar_type, wanted.sessions)
    inside = bars.take(inside_sessions(bars.ts_open, wanted.sessions))
    check_grid(inside.ts_open, bar_type, wanted.sessions, zone)
    closes = intraday_closes(inside.ts_open, bar_type, zone, wanted.sessions)
    return attrs.evolve(inside, ts_event=closes)


def _sound(bars: Bars, wanted: Wanted) -> Bars:
    """Return the bars, which must keep the rules: one answer is refused, and not those before."""
    negative = wanted.instrument.instrument_class is InstrumentClass.FUTURE
    for one in problems_of(bars, lambda row: row, prices_may_be_negative=negative)[:1]:
        at = instant_text(int(bars.ts_open[one.line]))
        raise Undecodable(f"the {one.column} {one.value} of the bar at {at} {one.problem}")
    return bars


def _bars(opens: Int64Array, answer: HistoryAnswer, kind: InstrumentClass) -> Bars:
    """Return the bars of an answer, whose closes are not known yet."""
    prices, price_digits = scaled([answer.opens, answer.highs, answer.lows, answer.closes])
    texts = answer.volumes
    if kind in _UNTRADED:
        # The middle of bid and ask is not traded, nor an index: a volume of -1 tells that.
        texts = ["0" if text in _NO_VOLUME else text for text in texts]
    (volumes,), size_digits = scaled([texts])
    return Bars.of_columns((opens, opens, *prices, volumes), price_digits, size_digits)


def _opens(texts: Sequence[str], bar_type: BarType) -> Int64Array:
    """Return when bars open: epoch seconds, or dates for bars of a day and longer."""
    if bar_type.is_intraday:
        if _DATE_LENGTH in set(map(len, texts)):
            raise ValueError("a bar within a day has a date for a stamp")
        return _seconds(texts) * NANOSECONDS_IN_SECOND
    dates = [_date(text) for text in texts]
    labels = [midnight_utc(period_dates(date, bar_type)[0]) for date in dates]
    return np.array(labels, np.int64)


def _seconds(texts: Sequence[str]) -> Int64Array:
    try:
        seconds = np.fromiter(map(int, texts), np.int64, len(texts))
    except (ValueError, OverflowError) as error:
        raise _no_time(texts) from error
    if ((seconds < -_FARTHEST) | (seconds > _FARTHEST)).any():
        raise _no_time(texts)
    return seconds


def _no_time(texts: Sequence[str]) -> Undecodable:
    wrong = (text for text in texts if not _STAMP.fullmatch(text))
    return Undecodable(f"a bar has {next(wrong, max(texts))!r} for a stamp, which is no time")


def _date(text: str) -> dt.date:
    try:
        return dt.datetime.strptime(text, "%Y%m%d").date()
    except ValueError as error:
        raise Undecodable(f"a bar has {text!r} for a stamp, which is no date") from error


def _closing_with_sessions(bars: Bars, bar_type: BarType, sessions: Sequence[Session]) -> Bars:
    """Return the bars of a day and longer that have a session, closing with its end."""
    closes = daily_closes(bars.ts_open, bar_type, sessions)
    known = closes != NO_SESSION
    return attrs.evolve(bars, ts_event=np.where(known, closes, bars.ts_open)).take(known)
