"""The catalog after one event, read from the projections as far as it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapters.sqlite import serialization
from adapters.sqlite.asking import OF_TYPE, Snapshot
from adapters.sqlite.series_snapshot import SeriesReader
from domain.availability import Availability, SeriesHoldings
from domain.events import InstrumentRegistered, VenueCalendarNamed
from domain.instrument import Instrument, InstrumentId, Series

_CALENDARS = OF_TYPE.format(kind=VenueCalendarNamed.__name__, series="NULL")


def availability_of(snapshot: Snapshot) -> Availability:
    """Return what the catalog held."""
    return Availability(
        snapshot.head, _Instruments(snapshot), _AllSeries(snapshot), _Calendars(snapshot)
    )


class _Instruments(Mapping[InstrumentId, Instrument]):
    """The definitions that stood; each is read once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._known: dict[InstrumentId, Instrument] = {}

    def __getitem__(self, instrument_id: InstrumentId) -> Instrument:
        if instrument_id not in self._known:
            self._known[instrument_id] = self._read(instrument_id)
        return self._known[instrument_id]

    def _read(self, instrument_id: InstrumentId) -> Instrument:
        ((defined,),) = self._snapshot.rows(
            tuple[int | None],
            "SELECT max(defined) FROM instruments WHERE instrument_id = :id AND defined <= :head",
            id=str(instrument_id),
        )
        if defined is None:
            raise KeyError(instrument_id)
        instrument = self._snapshot.event(defined, InstrumentRegistered).instrument
        if instrument.id != instrument_id:
            raise self._snapshot.wrong(defined)
        return instrument

    def __iter__(self) -> Iterator[InstrumentId]:
        rows = self._snapshot.rows(
            tuple[str],
            "SELECT instrument_id FROM instruments WHERE defined <= :head"
            " GROUP BY instrument_id ORDER BY min(defined)",
        )
        with self._snapshot.sound():
            return iter([InstrumentId.parse(name) for (name,) in rows])

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Calendars(Mapping[str, str]):
    """The calendars that were named for venues; they are read at once, and once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._read: dict[str, str] | None = None

    def _all(self) -> dict[str, str]:
        if self._read is None:
            events = self._snapshot.events(VenueCalendarNamed, _CALENDARS)
            named = {event.venue: event.calendar for event in events}
            self._read = {venue: calendar for venue, calendar in named.items() if calendar}
        return self._read

    def __getitem__(self, venue: str) -> str:
        return self._all()[venue]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


class _AllSeries(Mapping[Series, SeriesHoldings]):
    """What was held of each series; a series is read when it is asked for."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def __getitem__(self, series: Series) -> SeriesHoldings:
        if series not in self:
            raise KeyError(series)
        return SeriesReader(self._snapshot, series).holdings()

    def __contains__(self, series: object) -> bool:
        if not isinstance(series, Series):
            return False
        sql = "SELECT 1 FROM series WHERE series = :series AND first <= :head"
        return bool(self._snapshot.rows(tuple[int], sql, series=serialization.series_key(series)))

    def __iter__(self) -> Iterator[Series]:
        rows = self._snapshot.rows(
            tuple[str], "SELECT series FROM series WHERE first <= :head ORDER BY first"
        )
        with self._snapshot.sound():
            return iter([serialization.series_named(key) for (key,) in rows])

    def __len__(self) -> int:
        return sum(1 for _ in self)
