"""Whether fetched prices and held ones of other sources are on one level.

IBKR's trades are adjusted for splits, a vendor's file may not be.
"""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Sequence
from fractions import Fraction

import attrs
import numpy as np

from application.fetch_plan import SeriesPlan
from application.fetch_texts import shown_source
from domain.bars import Bars, Int64Array
from domain.errors import LevelDifferenceError
from domain.instrument import Instrument, Series
from domain.sessions import Hours, slots
from domain.venues import venue

# What lies below is rounding, or a vendor that takes the last quote for the last trade.
_SAME = 0.001
_TICKS = 2
# What lies above is none of these, however few bars and however large the ticks are.
_CLEAR = 0.02
_ENOUGH_BARS = 3
_NEAR_FRACTION = 0.005
_LARGEST_TERM = 50
# No split is as small, so that such a difference has other causes.
_LEAST_SPLIT = 1.04


@attrs.frozen
class Level:
    """How closes compare: the median of fetched ÷ held over `bars` slots, from `date` on.

    `bars` 0 says that no slot has a bar of both. `differs` tells that it is none of rounding, and
    `is_doubtful` that it would be so, were it not of too few bars.
    """

    date: dt.date
    bars: int
    ratio: float = 1.0
    differs: bool = False
    is_doubtful: bool = False

    @property
    def agrees(self) -> bool:
        """Whether nothing speaks for another level."""
        return not self.differs and not self.is_doubtful


def level_of(
    date: dt.date, fetched: Bars, held: Bars, instrument: Instrument, series: Series
) -> Level:
    """Return how fetched closes compare with the held ones of the same slots."""
    zone = venue(series.instrument_id.venue).tzinfo
    of_fetched = slots(fetched.ts_open, series.bar_type, zone)
    of_held = slots(held.ts_open, series.bar_type, zone)
    _, one, two = np.intersect1d(of_fetched, of_held, assume_unique=True, return_indices=True)
    if not len(one):
        return Level(date, 0)
    new = _prices(fetched.close[one], fetched.price_precision)
    old = _prices(held.close[two], held.price_precision)
    comparable = old != 0
    if not comparable.any():
        return Level(date, 0)
    ratio = float(np.median(new[comparable] / old[comparable]))
    apart = abs(float(np.median(new - old))) > _TICKS * float(instrument.tick)
    return _judged(date, int(comparable.sum()), ratio, apart=apart)


def _judged(date: dt.date, bars: int, ratio: float, *, apart: bool) -> Level:
    off = abs(ratio - 1)
    clear, slight = off > _CLEAR, apart and off > _SAME
    differs = clear or (slight and bars >= _ENOUGH_BARS)
    return Level(date, bars, ratio, differs, slight and not differs)


def _prices(values: Int64Array, digits: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    # A median of ratios needs no exact decimals.
    prices: np.ndarray[tuple[int], np.dtype[np.float64]] = values / 10.0**digits
    return prices


def ratio_text(ratio: float) -> str:
    """Return a ratio as a number, and as a simple fraction where it is near one: `4 (4:1)`."""
    number = f"{ratio:.4f}".rstrip("0").rstrip(".")
    if ratio <= 0:
        return number
    near = Fraction(ratio).limit_denominator(_LARGEST_TERM)
    simple = 0 < near.numerator <= _LARGEST_TERM and near != 1
    if simple and abs(float(near) / ratio - 1) <= _NEAR_FRACTION:
        return f"{number} ({near.numerator}:{near.denominator})"
    return number


def joined_text(levels: Sequence[Level], source: str) -> str | None:
    """Return how fetched bars compare with held ones, None where there was nothing to compare."""
    if not levels:
        return None
    compared = [one for one in levels if one.bars]
    if not compared:
        return (
            f"The level of {shown_source(source)}'s prices could not be compared: no bar of it and "
            "none that is held are of the same time."
        )
    different = [one for one in compared if one.differs]
    bars = sum(one.bars for one in compared)
    doubtful = [one for one in compared if one.is_doubtful]
    if doubtful and not different:
        few = sum(one.bars for one in doubtful)
        return (
            f"{_difference(doubtful, source)} That is of {few} bar{'' if few == 1 else 's'}, too "
            "few to tell another level by."
        )
    if not different:
        level = f"{shown_source(source)}'s prices are on the level of those held"
        return f"{level} ({bars:,} bars compared)."
    return _difference(different, source)


def _difference(different: Sequence[Level], source: str) -> str:
    first = different[0]
    more = f", and on {len(different) - 1} more" if len(different) > 1 else ""
    return (
        f"{shown_source(source)}'s prices are {ratio_text(first.ratio)} times those held on "
        f"{first.date}{more}."
    )


def level_difference(
    plan: SeriesPlan, levels: Sequence[Level], source: str
) -> LevelDifferenceError:
    """Return the error that refuses to join bars of two sources that are not on one level."""
    different = [one for one in levels if one.differs]
    return LevelDifferenceError(
        f"{plan.name} {plan.series.bar_type.label} bars: {_difference(different, source)} "
        "They were not joined.",
        f"{_cause(different, source)} Say which to keep: --keep fetched fetches all of the series "
        "anew, --keep held puts fetched bars beside the held ones as they are: "
        f"{_command(plan)} --keep fetched",
        _conflicts(different),
    )


def adjusted_since(plan: SeriesPlan, levels: Sequence[Level], source: str) -> LevelDifferenceError:
    """Return the error that refuses to join what a source gave before and after an adjustment."""
    different = [one for one in levels if one.differs]
    shown = shown_source(source)
    held = plan.holdings.trading_dates
    first = min(held[0], plan.parts[0].date)
    last = max(held[-1], plan.parts[-1].sessions[-1].date)
    hours = (
        " (with --outside-rth where such bars are held)" if plan.series.bar_type.is_intraday else ""
    )
    return LevelDifferenceError(
        f"{plan.name} {plan.series.bar_type.label} bars: {_difference(different, source)} "
        "They were not joined.",
        f"{shown} has adjusted its prices, as after a split, since the held ones were fetched. "
        f"Fetch all of the series anew{hours}: {_command(plan, (first, last))} --refetch. "
        f"Or put fetched bars beside the held ones as they are: {_command(plan)} --keep held",
        _conflicts(different),
    )


def _cause(different: Sequence[Level], source: str) -> str:
    shown = shown_source(source)
    if all(1 / _LEAST_SPLIT < one.ratio < _LEAST_SPLIT for one in different):
        return (
            "So differ prices of which only one kind is adjusted for dividends, or closes that "
            "are taken at another moment or venue."
        )
    return (
        f"Such is a split: {shown}'s prices are adjusted for it, those of a file may not be, or "
        "for dividends too."
    )


def _conflicts(different: Sequence[Level]) -> list[dict[str, object]]:
    return [
        {"day": one.date.isoformat(), "ratio": one.ratio, "bars": one.bars} for one in different
    ]


def _command(plan: SeriesPlan, dates: tuple[dt.date, dt.date] | None = None) -> str:
    """Return the command that fetches what is planned: a backtest has no choice to offer."""
    words = ["barledger", "fetch", "-i", plan.name, "--bar-type", str(plan.series.bar_type)]
    dates = dates or plan.dates
    if dates:
        words += ["--start", f"{dates[0]}", "--end", f"{dates[1]}"]
    if plan.hours is Hours.EXTENDED:
        words.append("--outside-rth")
    return shlex.join(words)
