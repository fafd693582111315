"""Which exchange rates a backtest needs, and which held series can give them."""

from __future__ import annotations

from collections.abc import Iterable

from application.instruments import definition
from domain.availability import Availability
from domain.bar_type import BarType
from domain.instrument import Instrument, Series


def rate_series(
    traded: Iterable[Instrument],
    base_currency: str | None,
    bar_type: BarType,
    availability: Availability,
) -> list[tuple[Series, Instrument]]:
    """Return held series of currency pairs that turn the quote currencies into the base.

    A pair serves in either direction; one of the same bar type is preferred, then the
    shortest. A pair that is traded anyway is not named again. Where none is held, the engine
    says what is missing.
    """
    instruments = list(traded)
    if base_currency is None:
        return []
    needed = {one.currency for one in instruments} - {base_currency}
    needed -= {_other(one, base_currency) for one in instruments}
    found = []
    for currency in sorted(needed):
        candidates = _candidates(currency, base_currency, availability)
        candidates.sort(key=lambda pair: (pair[0].bar_type != bar_type, pair[0]))
        found += candidates[:1]
    return found


def _candidates(
    currency: str, base_currency: str, availability: Availability
) -> list[tuple[Series, Instrument]]:
    defined = (
        (series, definition(series.instrument_id, availability))
        for series, held in availability.series.items()
        if held.partitions
    )
    return [
        (series, one)
        for series, one in defined
        if one is not None and {one.base_currency, one.currency} == {currency, base_currency}
    ]


def _other(instrument: Instrument, currency: str) -> str | None:
    """Return what a pair exchanges `currency` for, or None where it is no such pair."""
    sides = {instrument.base_currency, instrument.currency}
    return next(iter(sides - {currency}), None) if currency in sides and None not in sides else None
