"""What the catalog holds, a row for each series."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import attrs

from application.catalog import Catalog
from application.instruments import data_not_found, resolve
from domain.as_of import AsOf
from domain.availability import SeriesHoldings
from domain.bar_type import BarType
from domain.instrument import Series


@attrs.frozen
class SeriesRow:
    """One series: dates are by the venue's clock, `size` is bytes, `updated` UTC nanoseconds."""

    series: Series
    start: dt.date | None
    end: dt.date | None
    trading_days: int
    bars: int
    size: int
    updated: int
    sources: tuple[str, ...]


class ListSeries:
    """Lists series from the ledger alone; no bar is read."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def run(
        self, instruments: Sequence[str], bar_type: BarType | None, as_of: AsOf | None = None
    ) -> list[SeriesRow]:
        """Return every series held, now or `as_of`, or those of `instruments` and `bar_type`.

        Raises:
            InvalidAsOfError: the point of the history is yet to come.
            InvalidInstrumentIdError, AmbiguousSymbolError: see `resolve`.
            DataNotFoundError: nothing is held of the instruments that were named.
        """
        availability = self._catalog.availability(as_of)
        wanted = {resolve(text, availability) for text in instruments}
        rows = [
            _row(held)
            for series, held in sorted(availability.series.items())
            if held.partitions
            and (not wanted or series.instrument_id in wanted)
            and bar_type in (None, series.bar_type)
        ]
        if instruments and not rows:
            kind = f"{bar_type.label} bars" if bar_type else "bars"
            raise data_not_found(", ".join(instruments), f"The Parquet catalog holds no {kind}.")
        return rows


def _row(held: SeriesHoldings) -> SeriesRow:
    dates = held.trading_dates
    return SeriesRow(
        held.series,
        dates[0] if dates else None,
        dates[-1] if dates else None,
        len(dates),
        held.bars,
        held.size,
        held.updated,
        held.sources,
    )
