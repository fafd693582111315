"""Which series a command that changes the catalog is about."""

from __future__ import annotations

from collections.abc import Sequence

from application.instruments import data_not_found, resolve
from domain.availability import Availability, SeriesHoldings
from domain.bar_type import BarType
from domain.instrument import Series
from domain.partitions import names_within
from domain.venues import venue
from domain.window import Window


def chosen_series(
    availability: Availability, instruments: Sequence[str], bar_type: BarType | None
) -> list[Series]:
    """Return the series of `instruments`, in `bar_type` or all, that were ever held, in order.

    Raises:
        InvalidInstrumentIdError, AmbiguousSymbolError: see `resolve`.
        DataNotFoundError: there is none.
    """
    wanted = {resolve(text, availability) for text in instruments}
    found = [
        one
        for one in sorted(availability.series)
        if (not instruments or one.instrument_id in wanted) and bar_type in (None, one.bar_type)
    ]
    if instruments and not found:
        kind = f"{bar_type.label} bars" if bar_type else "bars"
        raise data_not_found(", ".join(instruments), f"The Parquet catalog holds no {kind}.")
    return found


def partitions_touched(window: Window, *held: SeriesHoldings) -> list[str]:
    """Return the names of partitions, damaged ones too, whose dates `window` can touch."""
    first, last = window.utc_dates(venue(held[0].series.instrument_id.venue).tzinfo)
    names = {name for one in held for name in (*one.partitions, *one.corrupt)}
    return names_within(names, first, last)
