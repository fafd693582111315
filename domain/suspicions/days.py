"""Days on which the price does not move, and days that are told twice."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator

import attrs
import numpy as np
from numpy.typing import NDArray

from domain.bars import MAX_PRECISION, PRICE_COLUMNS, Bars, Int64Array
from domain.sessions import NANOSECONDS_IN_DAY
from domain.suspicions.suspicion import Suspicion, Tally, Wording, counted

# A thin stock may trade now and then at one price; with fewer bars a day tells nothing.
_SEVERAL = 5
_WEIGHTS = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93,
     0xA0761D6478BD642F], np.uint64,
)  # fmt: skip


class FlatBars:
    """Watches bars of a day and longer for those of one single price."""

    def __init__(self, words: Wording) -> None:
        self._words = words
        self._tally = Tally()

    def add(self, bars: Bars, lines: Int64Array) -> None:
        """Count the bars whose price does not move."""
        self._tally.add(bars.high == bars.low, bars, lines)

    def found(self) -> Iterator[Suspicion]:
        """Yield the flat bars."""
        if self._tally.count:
            bars = f"{self._words.series.bar_type.label} bar"
            yield _flat(self._words, self._tally, counted(self._tally.count, bars))


@attrs.define
class _Day:
    """What is known so far of the bars of one day, counted from 1970 by the venue's clock.

    Prices have `digits` after the point; `content` stands for all values of all bars.
    """

    digits: int
    number: int
    bars: int
    low: int
    high: int
    content: int
    line: int
    ts_open: int

    @property
    def is_flat(self) -> bool:
        return self.bars >= _SEVERAL and self.low == self.high

    def grow(self, more: _Day) -> None:
        digits = max(self.digits, more.digits)
        mine, others = 10 ** (digits - self.digits), 10 ** (digits - more.digits)
        self.low = min(self.low * mine, more.low * others)
        self.high = max(self.high * mine, more.high * others)
        self.digits = digits
        self.bars += more.bars
        self.content = (self.content + more.content) % 2**64

    def repeats(self, other: _Day) -> bool:
        moves = self.bars >= _SEVERAL and self.low < self.high
        return moves and (self.bars, self.content) == (other.bars, other.content)


class WholeDays:
    """Watches the days, by the venue's clock, of intraday bars."""

    def __init__(self, words: Wording) -> None:
        self._words = words
        self._flat, self._repeated = Tally(), Tally()
        self._before: _Day | None = None
        self._open: _Day | None = None

    def add(self, bars: Bars, lines: Int64Array) -> None:
        """Sum up each day; the last may go on in the next chunk."""
        for day in self._days(bars, lines):
            if self._open and self._open.number == day.number:
                self._open.grow(day)
                continue
            self._before = self._judged()
            self._open = day

    def _days(self, bars: Bars, lines: Int64Array) -> list[_Day]:
        numbers, starts = _days_on_clock(bars.ts_open, self._words.zone)
        goes_on = self._open is not None and self._open.number == numbers[0]
        begun = self._open.bars if self._open and goes_on else 0
        columns = (
            numbers,
            np.diff(starts, append=len(bars)),
            np.minimum.reduceat(bars.low, starts),
            np.maximum.reduceat(bars.high, starts),
            np.add.reduceat(_contents(bars, starts, begun), starts),
            lines[starts],
            bars.ts_open[starts],
        )
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return [_Day(bars.price_precision, *row) for row in rows]

    def _judged(self) -> _Day | None:
        """Count the day that is over for what it is, and return it."""
        day = self._open
        if day and day.is_flat:
            _count(self._flat, day)
        if day and self._before and day.repeats(self._before):
            _count(self._repeated, day)
        return day

    def found(self) -> Iterator[Suspicion]:
        """Yield the flat days and the repeated ones."""
        flat, repeated = attrs.evolve(self._flat), attrs.evolve(self._repeated)
        day = self._open
        if day and day.is_flat:
            _count(flat, day)
        if day and self._before and day.repeats(self._before):
            _count(repeated, day)
        if flat.count:
            yield _flat(self._words, flat, f"all bars of {counted(flat.count, 'day')}")
        if repeated.count:
            yield _repeated(self._words, repeated)


def _count(tally: Tally, day: _Day) -> None:
    if not tally.count:
        tally.line, tally.ts_open = day.line, day.ts_open
    tally.count += 1


def _contents(bars: Bars, starts: NDArray[np.intp], begun: int) -> NDArray[np.uint64]:
    """Return a number for each bar that sums up, over a day, to one that tells days apart.

    It depends on the values as decimals, whatever their precisions, and on the bar's place in
    its day; `begun` is how many bars of the first day came before. uint64 wraps as it should.
    """
    factors = [10 ** (MAX_PRECISION - bars.price_precision)] * len(PRICE_COLUMNS)
    factors.append(10 ** (MAX_PRECISION - bars.size_precision))
    weights = _WEIGHTS * np.array(factors, np.uint64)
    total = np.zeros(len(bars), np.uint64)
    for name, weight in zip((*PRICE_COLUMNS, "volume"), weights, strict=True):
        total += getattr(bars, name).view(np.uint64) * weight
    offsets = starts.copy()
    offsets[0] = -begun
    places = np.arange(len(bars)) - np.repeat(offsets, np.diff(starts, append=len(bars)))
    total *= (2 * places + 1).astype(np.uint64)
    return total


def _days_on_clock(
    opens: Int64Array, zone: zoneinfo.ZoneInfo
) -> tuple[Int64Array, NDArray[np.intp]]:
    """Return the days by the clock of `zone`, counted from 1970, and where each one begins."""
    days = opens // NANOSECONDS_IN_DAY
    present = days[np.flatnonzero(np.diff(days, prepend=days[0] - 1))]
    # By the clock it may be the day before or the day after the one in UTC.
    numbers = np.unique(np.concatenate((present - 1, present, present + 1)))
    midnights = np.array([_midnight(day, zone) for day in numbers.tolist()], np.int64)
    starts = np.searchsorted(opens, midnights, side="left")
    some = np.diff(starts, append=len(opens)) > 0
    return numbers[some], starts[some]


def _midnight(day: int, zone: zoneinfo.ZoneInfo) -> int:
    date = dt.date(1970, 1, 1) + dt.timedelta(days=day)
    start = dt.datetime(date.year, date.month, date.day, tzinfo=zone)
    return round(start.timestamp()) * 1_000_000_000


def _flat(words: Wording, tally: Tally, what: str) -> Suspicion:
    place = words.place(tally.line, tally.ts_open)
    return Suspicion(
        "flat-day",
        tally.count,
        tally.line,
        f"The price does not move in {what}, first {place}. They may be holidays or halts that "
        "the vendor filled with the last price.",
    )


def _repeated(words: Wording, tally: Tally) -> Suspicion:
    place = words.place(tally.line, tally.ts_open)
    return Suspicion(
        "repeated-day",
        tally.count,
        tally.line,
        f"{counted(tally.count, 'day')} repeat every price and volume of the day before, first "
        f"{place}. The vendor may have filled a day that is missing; leave it out of the file, "
        "or get it from another source.",
    )
