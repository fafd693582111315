"""Which series are exported: those named, or all that are held."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import attrs

from application.catalog import partitions_within
from application.chosen_series import partitions_touched
from application.instruments import data_not_found
from application.past import Past, resolve_then
from application.series_check import held_series
from domain.availability import Availability, SeriesHoldings
from domain.bar_type import BarType
from domain.errors import DataNotFoundError, NothingHeldError
from domain.events import PartitionWritten
from domain.instrument import InstrumentId, Series
from domain.window import Window

_ANY = "any instrument"
_NONE_IN_RANGE = "The range that was asked for holds no bar of it."


@attrs.frozen
class Chosen:
    """A series to export, what a snapshot holds of it, and what its instrument was called."""

    name: str
    holdings: SeriesHoldings
    window: Window

    @property
    def series(self) -> Series:
        """The series."""
        return self.holdings.series

    @property
    def partitions(self) -> list[PartitionWritten]:
        """The partitions that can hold bars of the range, in order of time."""
        return partitions_within(self.holdings, self.window)

    @property
    def damaged(self) -> list[str]:
        """The partitions that could, and are known to be damaged."""
        touched = partitions_touched(self.window, self.holdings)
        return [name for name in touched if name in self.holdings.corrupt]


def chosen_for_export(
    instruments: Sequence[str],
    bar_type: BarType | None,
    window: Window,
    availability: Availability,
    past: Past | None,
) -> list[Chosen]:
    """Return the series, in `bar_type` or all, that can have bars inside `window`.

    `instruments` are as the user typed them.

    Raises:
        NothingHeldError: no range was named, and nothing is held to take one from.
        DataNotFoundError, AmbiguousSymbolError, InvalidInstrumentIdError: see `resolve`.
    """
    names: dict[InstrumentId | None, str] = {None: _ANY}
    if instruments:
        names = {resolve_then(text, availability, past): text for text in instruments}
    held = [
        Chosen(name, availability.holdings(series), window)
        for instrument_id, name in names.items()
        for series in held_series(instrument_id, bar_type, availability)
    ]
    for instrument_id, name in names.items():
        if not any(one.name == name and one.holdings.partitions for one in held):
            raise _nothing_held(name, instrument_id, bar_type, window, past)
    in_range = [one for one in held if one.partitions]
    require_all(names.values(), in_range, past)
    return in_range


def require_all(names: Collection[str], found: Sequence[Chosen], past: Past | None) -> None:
    """Do nothing where every one of `names` was found.

    Raises:
        DataNotFoundError: one was not.
    """
    for name in names:
        if not any(one.name == name for one in found):
            raise _not_found(name, _NONE_IN_RANGE, past)


def _nothing_held(
    name: str,
    instrument_id: InstrumentId | None,
    bar_type: BarType | None,
    window: Window,
    past: Past | None,
) -> NothingHeldError | DataNotFoundError:
    kind = f"{bar_type.label} bars" if bar_type else "bars"
    what = f"The Parquet catalog holds no {kind}{f' of {instrument_id}' if instrument_id else ''}."
    if past or not window.is_open:
        return _not_found(name, what, past)
    return NothingHeldError(
        what,
        "`barledger list` shows what is held. Import some first: "
        f"barledger import-csv FILE -i {f"'{instrument_id}'" if instrument_id else 'SYMBOL.VENUE'}",
    )


def _not_found(name: str, detail: str, past: Past | None) -> DataNotFoundError:
    return past.not_found(name, detail) if past else data_not_found(name, detail)
