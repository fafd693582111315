"""Which trading calendars venues keep, and naming another for one."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from application.catalog import Catalog
from domain import venues
from domain.availability import Availability
from domain.errors import UsageError
from domain.events import VenueCalendarNamed
from domain.instrument import InstrumentId, is_venue
from domain.ports import TradingCalendar


@attrs.frozen
class VenueRow:
    """A venue: the calendar that was `named` for it, or else the usual ones of what it trades.

    Of its known `instruments`, `own` name a calendar of their own, which is none of these.
    `time_zone` is the IANA name of its clock, None where that is not known: UTC stands in.
    """

    venue: str
    named: str | None
    calendars: tuple[str, ...]
    instruments: int
    own: int
    time_zone: str | None


class VenueCalendars:
    """Shows the calendars of venues, and records which one a user names for a venue."""

    def __init__(self, catalog: Catalog, calendar: TradingCalendar) -> None:
        self._catalog = catalog
        self._calendar = calendar

    def rows(self, names: Sequence[str]) -> list[VenueRow]:
        """Return the venues `names`, or all with an instrument or a named calendar that is known.

        Raises:
            UsageError: a venue's name can be none.
        """
        availability = self._catalog.availability()
        known: dict[str, list[InstrumentId]] = {venue: [] for venue in availability.calendars}
        for one in availability.known_ids():
            known.setdefault(one.venue, []).append(one)
        rows = []
        for venue in dict.fromkeys(names) or sorted(known):
            _check(venue)
            rows.append(self._row(venue, known.get(venue, []), availability))
        return rows

    def _row(self, venue: str, ids: Sequence[InstrumentId], availability: Availability) -> VenueRow:
        defined = availability.instruments
        own = {one for one in ids if one in defined and defined[one].calendar}
        others = [one for one in ids if one not in own] or [InstrumentId("ANY", venue)]
        named = availability.calendars.get(venue)
        kept = (self._calendar.describe(one, named) for one in others)
        zone = venues.venue(venue).zone if venues.is_known(venue) else None
        calendars = tuple(dict.fromkeys(kept))
        return VenueRow(venue, named, calendars, len(ids), len(own), zone)

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
