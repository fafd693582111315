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
_NEAR_FRACTION = 0.005
_LARGEST_TERM = 50


@attrs.frozen
class Level:
    """How the closes of a session compare: the median of fetched ÷ held over `bars` slots.

    `bars` 0 says that no slot has a bar of both. `differs` tells that it is none of rounding.
    """

    date: dt.date
    bars: int
    ratio: float = 1.0
    differs: bool = False


def level_of(
    date: dt.date, fetched: Bars, held: Bars, instrument: Instrument, series: Series
) -> Level:
    """Return how fetched closes of a session compare with the held ones of the same slots."""
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
    return Level(date, int(comparable.sum()), ratio, apart and abs(ratio - 1) > _SAME)


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
    """Return the error that refuses to join what is not on one level."""
    different = [one for one in levels if one.differs]
    return LevelDifferenceError(
        f"{plan.name} {plan.series.bar_type.label} bars: {_difference(different, source)} "
        "Nothing of it was written.",
        f"Such is a split: {shown_source(source)}'s prices are adjusted for it, those of a file "
        "may not be. Say which to keep: --keep fetched fetches all of the series anew, --keep held "
        f"puts fetched bars beside the held ones as they are: {_command(plan)} --keep fetched",
        [{"day": one.date.isoformat(), "ratio": one.ratio, "bars": one.bars} for one in different],
    )


def _command(plan: SeriesPlan) -> str:
    """Return the command that fetches what is planned: a backtest has no choice to offer."""
    words = ["barledger", "fetch", "-i", plan.name, "--bar-type", str(plan.series.bar_type)]
    if plan.dates:
        words += ["--start", f"{plan.dates[0]}", "--end", f"{plan.dates[1]}"]
    if plan.hours is Hours.EXTENDED:
        words.append("--outside-rth")
    return shlex.join(words)
