"""An earlier point of the catalog's history, as users are told of it."""

from __future__ import annotations

import attrs

from application.catalog import Catalog
from application.instruments import resolve
from domain.as_of import AsOf
from domain.availability import Availability
from domain.errors import DataNotFoundError
from domain.instrument import InstrumentId
from domain.ports import Progress
from domain.sessions import instant_text


@attrs.frozen
class Past:
    """The catalog after the event `seq`, which was recorded at `time`, UTC nanoseconds.

    It is `torn` where that event is in the middle of what one command recorded at once.
    """

    seq: int
    time: int
    torn: bool = False

    @property
    def time_text(self) -> str | None:
        """When the event was recorded, or None before the first."""
        return instant_text(self.time) if self.seq else None

    def __str__(self) -> str:
        if not self.seq:
            return "The Parquet catalog as it was before its first event"
        # The event's number is exact, so the time need not be.
        return f"The Parquet catalog as of event {self.seq} ({instant_text(_seconds(self.time))})"

    def not_found(self, name: str, detail: str) -> DataNotFoundError:
        """Return the error for bars that were not held then: nothing is fetched into the past."""
        return DataNotFoundError(
            f"Data not found for {name} as of event {self.seq}.",
            f"{detail} Nothing is fetched into the past: name a later --as-of; "
            "`barledger ledger log` lists what changed when.",
        )


def past_of(
    as_of: AsOf | None, availability: Availability, catalog: Catalog, progress: Progress
) -> Past | None:
    """Return the point that was asked for, or None for today; a torn one is warned of."""
    if as_of is None:
        return None
    seq = availability.head
    time = catalog.recorded_at(seq)
    past = Past(seq, time, torn=seq > 0 and catalog.recorded_at(seq + 1) == time)
    if past.torn:
        progress.warn(
            f"Event {seq} is in the middle of what one command recorded at once: the Parquet "
            "catalog never was like that. `barledger ledger log` shows where that ends."
        )
    return past


def resolve_then(name: str, availability: Availability, past: Past | None) -> InstrumentId:
    """Return the instrument that the user means by `name`, of those known then.

    Raises:
        DataNotFoundError, AmbiguousSymbolError, InvalidInstrumentIdError: see `resolve`.
    """
    try:
        return resolve(name, availability)
    except DataNotFoundError:
        if past is None:
            raise
        raise past.not_found(name, f"No instrument with the symbol {name} was known.") from None


def _seconds(stamp: int) -> int:
    return stamp // 10**9 * 10**9
