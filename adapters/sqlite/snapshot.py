"""The catalog after one event, read from the projections as far as it is asked for.

The past never changes, so what is read is the same however late it is read: after other events
were appended, after the ledger was closed, or after the projections were made anew.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, ItemsView, Iterator, Mapping, Sequence, ValuesView
from pathlib import Path
from typing import Any, Protocol

import attrs
import msgspec

from adapters.sqlite import event_table, failures, serialization, wire
from domain.availability import Availability, Partitions, SeriesHoldings
from domain.errors import LedgerError, UsageError
from domain.events import (
    HistoryStartFound,
    InstrumentRegistered,
    PartitionWritten,
    RangeConfirmedEmpty,
    VenueCalendarNamed,
)
from domain.instrument import Instrument, InstrumentId, Series
from domain.intervals import IntervalSet

_REVISIONS = "FROM revisions WHERE series = :series AND written <= :head"
_UNENDED = f"{_REVISIONS} AND (ended IS NULL OR ended > :head)"
_CURRENT = f"{_UNENDED} AND (corrupted IS NULL OR corrupted > :head)"
_BY_TIME = "ORDER BY partition, written"
_EVENT = "SELECT type, version, payload FROM events WHERE seq = :seq"
_ALL_EVENTS = (
    "SELECT partition, revision, seq, type, version, payload"  # noqa: S608 - constants
    f" FROM (SELECT partition, revision, written {_CURRENT})"
    f" CROSS JOIN events ON seq = written {_BY_TIME}"
)
# The condition on the type is that of the index of the few.
_OF_TYPE = (
    "SELECT seq, type, version, payload FROM events WHERE type = '{kind}' AND series IS {series}"
    " AND seq <= :head AND type <> 'PartitionWritten' ORDER BY seq"
)
_EMPTY = _OF_TYPE.format(kind=RangeConfirmedEmpty.__name__, series=":series")
_STARTS = _OF_TYPE.format(kind=HistoryStartFound.__name__, series=":series")
_CALENDARS = _OF_TYPE.format(kind=VenueCalendarNamed.__name__, series="NULL")
_CHANGES = (
    "SELECT max(written), max(iif(ended <= :head, ended, 0)),"
    f" max(iif(corrupted <= :head, corrupted, 0)) {_REVISIONS}"
)


class Ask(Protocol):
    """Asks the ledger, which the question gets as a connection; None where it is gone."""

    def __call__[T](self, question: Callable[[sqlite3.Connection], T], /) -> T | None:
        """Return the answer."""


@attrs.define
class Snapshot:
    """Asks the ledger at `path` what was so after the event `head`, whose hash is `digest`."""

    path: Path
    ask: Ask
    head: int
    digest: str
    _checked: sqlite3.Connection | None = None

    def availability(self) -> Availability:
        """Return what the catalog held."""
        return Availability(self.head, _Instruments(self), _AllSeries(self), _Calendars(self))

    def rows[T](self, kind: type[T], sql: str, **named: object) -> list[T]:
        """Return all rows of a query, which may name `:head`; each is of the type `kind`.

        Raises:
            LedgerError: it cannot be read, or is another ledger by now.
        """
        found = self._answer(sql, {"head": self.head, **named})
        with self.sound():
            return msgspec.convert(found, list[kind])  # type: ignore[valid-type]

    def event[T](self, seq: int, kind: type[T]) -> T:
        """Return the event `seq`, which is one of the type `kind`."""
        rows = self._answer(_EVENT, {"seq": seq})
        if not rows:
            raise self.wrong(seq)
        name, version, payload = rows[0]
        return self.decoded(seq, name, version, payload, kind)

    def events[T](self, kind: type[T], sql: str, **named: object) -> list[T]:
        """Return the events of a query's rows, which are of the type `kind`."""
        rows = self.rows(tuple[int, str, int, str], sql, **named)
        return [self.decoded(*row, kind) for row in rows]

    def decoded[T](self, seq: int, name: str, version: int, payload: str, kind: type[T]) -> T:
        """Return the event of a row, which is one of the type `kind`."""
        found = event_table.decoded(self.path, seq, name, version, payload)
        if not isinstance(found, kind):
            raise self.wrong(seq)
        return found

    def wrong(self, seq: int) -> LedgerError:
        """Return what to raise where a row points to an event that it does not follow from."""
        return failures.wrong_projections(self.path, f"event {seq} is not what it says")

    @contextlib.contextmanager
    def sound(self) -> Iterator[None]:
        """Tell of values that were not written so, where they are made sense of."""
        try:
            yield
        except (ValueError, UsageError) as error:
            raise failures.wrong_projections(self.path) from error

    def _answer(self, sql: str, named: Mapping[str, object]) -> list[Any]:
        def question(connection: sqlite3.Connection) -> list[Any]:
            if connection is not self._checked:
                if event_table.hash_of(connection, self.head) != self.digest:
                    raise failures.replaced(self.path)
                self._checked = connection
            return connection.execute(sql, named).fetchall()

        found = self.ask(question)
        if found is None:
            raise failures.replaced(self.path)
        return found


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
        return _Reader(self._snapshot, series).holdings()

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


@attrs.frozen
class _Reader:
    """Reads one series of a snapshot."""

    snapshot: Snapshot
    series: Series

    def rows[T](self, kind: type[T], sql: str) -> list[T]:
        """Return all rows of a query, which may name `:head` and `:series`."""
        return self.snapshot.rows(kind, sql, series=serialization.series_key(self.series))

    def holdings(self) -> SeriesHoldings:
        """Return what was held, of which the partitions are read when they are asked for."""
        ((changes),) = self.rows(tuple[int | None, int | None, int | None], _CHANGES)
        last = max(one or 0 for one in changes)
        times = self.snapshot.rows(
            tuple[int], "SELECT recorded_at FROM events WHERE seq = :seq", seq=last
        )
        corrupt = self.rows(tuple[str], f"SELECT partition {_UNENDED} AND corrupted <= :head")
        empty = self._events(RangeConfirmedEmpty, _EMPTY)
        starts = self._events(HistoryStartFound, _STARTS)
        return SeriesHoldings(
            self.series,
            _LazyPartitions(self),
            _LastRevisions(self),
            times[0][0] if times else 0,
            frozenset(name for (name,) in corrupt),
            IntervalSet(tuple(one for event in empty for one in event.empty)),
            starts[-1].start if starts else None,
        )

    def _events[T](self, kind: type[T], sql: str) -> list[T]:
        return self.snapshot.events(kind, sql, series=serialization.series_key(self.series))


class _LastRevisions(Mapping[str, int]):
    """The last revision of each partition; all are read at once, and once."""

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader
        self._read: dict[str, int] | None = None

    def _all(self) -> dict[str, int]:
        if self._read is None:
            sql = f"SELECT partition, revision {_REVISIONS} {_BY_TIME}"
            self._read = dict(self._reader.rows(tuple[str, int], sql))
        return self._read

    def __getitem__(self, partition: str) -> int:
        return self._all()[partition]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


class _LazyPartitions(Partitions):
    """Current partitions in order of time: names are read once, an event when it is asked for."""

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader
        self._read: dict[str, tuple[int, int]] | None = None

    def _written(self) -> dict[str, tuple[int, int]]:
        """Return the event that wrote each partition, and its revision."""
        if self._read is None:
            sql = f"SELECT partition, written, revision {_CURRENT} {_BY_TIME}"
            rows = self._reader.rows(tuple[str, int, int], sql)
            self._read = {name: (seq, revision) for name, seq, revision in rows}
        return self._read

    def items(self) -> ItemsView[str, PartitionWritten]:
        """Return all partitions by name, read at once and not kept."""
        return self._built().items()

    def values(self) -> ValuesView[PartitionWritten]:
        """Return all partitions, read at once and not kept."""
        return self._built().values()

    def _built(self) -> dict[str, PartitionWritten]:
        decoded = self._reader.snapshot.decoded
        rows = self._reader.rows(tuple[str, int, int, str, int, str], _ALL_EVENTS)
        return {
            name: self._own(
                name, seq, revision, decoded(seq, kind, version, payload, PartitionWritten)
            )
            for name, revision, seq, kind, version, payload in rows
        }

    def __getitem__(self, partition: str) -> PartitionWritten:
        seq, revision = self._written()[partition]
        found = self._reader.snapshot.event(seq, PartitionWritten)
        return self._own(partition, seq, revision, found)

    def _own(
        self, partition: str, seq: int, revision: int, found: PartitionWritten
    ) -> PartitionWritten:
        """Return the event of a row, which must be that of its series, partition and revision."""
        if (found.partition, found.revision, found.series) != (
            partition,
            revision,
            self._reader.series,
        ):
            raise self._reader.snapshot.wrong(seq)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._written())

    def __len__(self) -> int:
        return len(self._written())

    def each(self, attribute: str) -> Iterator[Any]:
        """Yield one attribute of every partition, from its column where there is one."""
        if attribute not in _COLUMNS:
            return super().each(attribute)
        array, values = _COLUMNS[attribute]
        sql = f"SELECT {array} FROM (SELECT {attribute} AS value {_CURRENT} {_BY_TIME})"  # noqa: S608 - ours
        ((text,),) = self._reader.rows(tuple[str | None], sql)
        with self._reader.snapshot.sound():
            return iter(values(text) if text else ())


# One JSON array for a whole column: SQLite puts it together in half the time of its rows.
_VALUES, _JSON = "json_group_array(value)", "'[' || group_concat(value) || ']'"
_COLUMNS: Mapping[str, tuple[str, Callable[[str], Sequence[Any]]]] = {
    **dict.fromkeys(
        ("revision", "bars", "size", "price_precision", "size_precision"), (_VALUES, wire.whole)
    ),
    **dict.fromkeys(("partition", "source"), (_VALUES, wire.texts)),
    "trading_dates": (_JSON, wire.all_dates),
    "coverage": (_JSON, wire.all_coverage),
}
