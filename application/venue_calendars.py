"""Which trading calendars venues keep, and naming another for one."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from application.catalog import Catalog
from domain.errors import UsageError
from domain.events import VenueCalendarNamed
from domain.instrument import InstrumentId, is_venue
from domain.ports import TradingCalendar


@attrs.frozen
class VenueRow:
    """A venue, the calendar that was `named` for it, and those its known instruments keep."""

    venue: str
    named: str | None
    calendars: tuple[str, ...]
    instruments: int


class VenueCalendars:
    """Shows the calendars of venues, and records which one a user names for a venue."""

    def __init__(self, catalog: Catalog, calendar: TradingCalendar) -> None:
        self._catalog = catalog
        self._calendar = calendar

    def rows(self, venues: Sequence[str]) -> list[VenueRow]:
        """Return `venues`, or all of which the catalog knows an instrument or a named calendar.

        Raises:
            UsageError: a venue's name can be none.
        """
        availability = self._catalog.availability()
        known: dict[str, list[InstrumentId]] = {venue: [] for venue in availability.calendars}
        for one in availability.known_ids():
            known.setdefault(one.venue, []).append(one)
        rows = []
        for venue in dict.fromkeys(venues) or sorted(known):
            _check(venue)
            ids = known.get(venue, [])
            kept = (
                self._calendar.describe(one, availability.calendar_of(one))
                for one in ids or [InstrumentId("ANY", venue)]
            )
            named = availability.calendars.get(venue)
            rows.append(VenueRow(venue, named, tuple(dict.fromkeys(kept)), len(ids)))
        return rows

    def name(self, venue: str, calendar: str | None) -> bool:
        """Record the calendar of a venue, None for the usual one; return whether that is new.

        Raises:
            UsageError: the venue's name can be none.
            UnknownCalendarError: there is no calendar of that name.
        """
        _check(venue)
        if calendar is not None:
            self._calendar.describe(InstrumentId("ANY", venue), calendar)
        if self._catalog.availability().calendars.get(venue) == calendar:
            return False
        self._catalog.record([VenueCalendarNamed(venue, calendar)])
        return True


def _check(venue: str) -> None:
    if not is_venue(venue):
        raise UsageError(
            f"{venue!r} is not the name of a venue.",
            "Write it as in instrument IDs, in capitals: NASDAQ, ARCA, CME or IDEALPRO.",
        )
