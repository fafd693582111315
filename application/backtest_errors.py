"""Why a backtest has no bars to run on, and what to do about it."""

from __future__ import annotations

from application.instruments import data_not_found
from application.past import Past
from domain.availability import Availability, SeriesHoldings
from domain.errors import DataNotFoundError, NothingHeldError
from domain.instrument import Series


def not_found(name: str, detail: str, past: Past | None) -> DataNotFoundError:
    """Return the error for bars that are not held, now or at a point of the past."""
    return past.not_found(name, detail) if past else data_not_found(name, detail)


def nothing_held(series: Series, availability: Availability) -> NothingHeldError:
    """Return the error for a series of which nothing is held, where no range was named."""
    others = [
        str(other.bar_type)
        for other, held in sorted(availability.series.items())
        if other.instrument_id == series.instrument_id and held.partitions
    ]
    if others:
        recovery = f"Held are {', '.join(others)} bars: name one with --bar-type."
    else:
        recovery = (
            "Import some first: barledger import-csv FILE -i "
            f"'{series.instrument_id}', or name --start and --end."
        )
    damaged = lost(availability.holdings(series))
    return NothingHeldError(f"The Parquet catalog holds no {series}.{damaged}", recovery)


def lost(held: SeriesHoldings) -> str:
    """Return a sentence on what was held and is damaged, if anything is."""
    damaged = ", ".join(sorted(held.corrupt))
    return f" Damaged and left out until imported again: {damaged}." if damaged else ""
