"""The table of events: what is appended to it and read from it."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import attrs

from adapters.sqlite import failures, serialization
from adapters.sqlite.serialization import UnknownEventError, UnreadableEventError
from adapters.sqlite.upcasting import current_version
from domain.as_of import clock_ran_backwards
from domain.events import Event, InstrumentRegistered, Origin, Recorded, VenueCalendarNamed
from domain.instrument import Series
from domain.upkeep import LedgerHead

COLUMNS = (
    "seq, event_id, type, version, series, recorded_at, user, host, command, correlation_id,"
    " payload, previous_hash, hash"
)
_INSERT = f"INSERT INTO events ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"  # noqa: S608 - constants
_SELECT = (
    "SELECT seq, event_id, recorded_at, user, host, command, correlation_id, type, version,"
    " payload FROM events WHERE seq > ? AND seq <= ?{} ORDER BY seq LIMIT {}"
)
CHUNK = 1_000
"""How many events are read at once."""
Row = tuple[int, str, str, int, str | None, int, str, str, str, str, str, str, str]
"""One event, in the order of `COLUMNS`."""
Stored = tuple[int, str, int, str, str, str, str, str, int, str]
"""One event, as it is read to be made sense of."""


# With the bare number, SQLite would go through the events themselves instead of their index.
_AROUND = (
    "SELECT (SELECT min(+seq) FROM events WHERE recorded_at > ?),"
    " (SELECT max(+seq) FROM events WHERE recorded_at <= ?)"
)
_STAMPS = "SELECT seq, recorded_at FROM events WHERE seq IN (?, ?)"


def head_and_hash(connection: sqlite3.Connection) -> tuple[int, str]:
    """Return the last event's number and hash; 0 and zeros where there is none."""
    row = connection.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1")
    found = row.fetchone()
    return (int(found[0]), str(found[1])) if found else (0, serialization.GENESIS)


def last(connection: sqlite3.Connection) -> LedgerHead:
    """Return the last event's number, hash and time."""
    found = connection.execute(
        "SELECT seq, hash, recorded_at FROM events ORDER BY seq DESC LIMIT 1"
    )
    return LedgerHead(*(found.fetchone() or (0, serialization.GENESIS, 0)))


def hash_of(connection: sqlite3.Connection, seq: int) -> str | None:
    """Return the hash of the event `seq`, or None where there is no such event."""
    if seq == 0:
        return serialization.GENESIS
    found = connection.execute("SELECT hash FROM events WHERE seq = ?", (seq,)).fetchone()
    return str(found[0]) if found else None


def head_at(connection: sqlite3.Connection, time: int) -> int:
    """Return how many events come before the first that was recorded later than `time`.

    Raises:
        InvalidAsOfError: one behind that was recorded earlier: the clock ran backwards.
    """
    later, last = connection.execute(_AROUND, (time, time)).fetchone()
    if later is None or (last or 0) < later:
        return int(last or 0)
    stamps = dict(connection.execute(_STAMPS, (later, last)))
    raise clock_ran_backwards(time, (later, stamps[later]), (last, stamps[last]))


def rows(recorded: Iterable[Recorded], payloads: Iterable[str], previous: str) -> list[Row]:
    """Return the rows of events with these payloads, chained to the hash of the one before."""
    made: list[Row] = []
    for one, payload in zip(recorded, payloads, strict=True):
        origin, kind = one.origin, type(one.event).__name__
        fields = (
            one.seq,
            one.event_id,
            kind,
            current_version(kind),
            serialization.series_of(one.event),
            one.recorded_at,
            origin.user,
            origin.host,
            origin.command,
            origin.correlation_id,
            payload,
        )
        digest = serialization.chained_hash(previous, fields)
        made.append((*fields, previous, digest))
        previous = digest
    return made


def insert(connection: sqlite3.Connection, path: Path, added: Sequence[Row]) -> None:
    """Add rows behind the last one.

    Raises:
        LedgerDamagedError: something in the file kept one of them out.
    """
    if added and connection.executemany(_INSERT, added).rowcount != len(added):
        raise failures.not_recorded(path)


@attrs.frozen
class Wanted:
    """Which events are read: a further condition, and what stands for its `?`."""

    condition: str = ""
    values: tuple[str, ...] = ()

    @classmethod
    def of(cls, series: Series | None) -> Wanted:
        """Return what finds the events of a series, or all."""
        if series is None:
            return cls()
        return cls(" AND series = ?", (serialization.series_key(series),))

    def read(self, connection: sqlite3.Connection, after: int, upto: int) -> list[Stored]:
        """Return the first `CHUNK` of the events with `after < seq <= upto`, in order."""
        sql = _SELECT.format(self.condition, CHUNK)
        return connection.execute(sql, (after, upto, *self.values)).fetchall()


# Definitions are about no series, which the index of series finds at once.
DEFINITIONS = Wanted(
    " AND series IS NULL AND type IN (?, ?)",
    (InstrumentRegistered.__name__, VenueCalendarNamed.__name__),
)
"""Finds the events that define instruments, or name the calendars of venues."""


def recorded(found: Iterable[Stored], path: Path) -> Iterator[Recorded]:
    """Yield the events of rows.

    Raises:
        LedgerError: an event cannot be read; `path` names the ledger.
    """
    for seq, event_id, recorded_at, user, host, command, run, kind, version, payload in found:
        event = decoded(path, seq, kind, version, payload)
        yield Recorded(seq, event_id, recorded_at, _origin(user, host, command, run), event)


def decoded(path: Path, seq: int, kind: str, version: int, payload: str) -> Event:
    """Return the event of a row.

    Raises:
        LedgerError: it cannot be read; `path` names the ledger.
    """
    try:
        return serialization.from_json(kind, version, payload)
    except (UnknownEventError, UnreadableEventError) as error:
        raise failures.unreadable_event(path, seq, error) from error


_origin = functools.lru_cache(maxsize=1024)(Origin)
