"""The table of events: what is appended to it and read from it."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from adapters.sqlite import failures, serialization
from adapters.sqlite.serialization import UnknownEventError, UnreadableEventError
from adapters.sqlite.upcasting import current_version
from domain.events import Event, InstrumentRegistered, Origin, Recorded
from domain.instrument import Series
from domain.ports import LedgerHead

COLUMNS = (
    "seq, event_id, type, version, series, recorded_at, user, host, command, correlation_id,"
    " payload, previous_hash, hash"
)
_INSERT = f"INSERT INTO events ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"  # noqa: S608 - constants
_SELECT = (
    "SELECT seq, event_id, recorded_at, user, host, command, correlation_id, type, version,"
    " payload FROM events WHERE seq > ? AND seq <= ?{} ORDER BY seq"
)
_ALL, _OF_SERIES = _SELECT.format(""), _SELECT.format(" AND series = ?")
# Definitions are about no series, which the index of series finds at once.
_DEFINITIONS = _SELECT.format(" AND series IS NULL AND type = ?")
Row = tuple[int, str, str, int, str | None, int, str, str, str, str, str, str, str]
"""One event, in the order of `COLUMNS`."""


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
    """Return the last number among the events recorded up to `time`."""
    found = connection.execute("SELECT max(seq) FROM events WHERE recorded_at <= ?", (time,))
    return int(found.fetchone()[0] or 0)


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


def insert(connection: sqlite3.Connection, added: Iterable[Row]) -> None:
    """Add rows behind the last one."""
    connection.executemany(_INSERT, added)


def read(
    connection: sqlite3.Connection, path: Path, after: int, upto: int, series: Series | None
) -> Iterator[Recorded]:
    """Yield the events with `after < seq <= upto`, all or those about `series`.

    Raises:
        LedgerError: an event cannot be read; `path` names the ledger.
    """
    if series is None:
        found = connection.execute(_ALL, (after, upto))
    else:
        key = serialization.series_key(series)
        found = connection.execute(_OF_SERIES, (after, upto, key))
    yield from _recorded(found, path)


def read_definitions(connection: sqlite3.Connection, path: Path, upto: int) -> Iterator[Recorded]:
    """Yield the events up to `upto` that define instruments.

    Raises:
        LedgerError: an event cannot be read; `path` names the ledger.
    """
    kind = InstrumentRegistered.__name__
    yield from _recorded(connection.execute(_DEFINITIONS, (0, upto, kind)), path)


def _recorded(found: sqlite3.Cursor, path: Path) -> Iterator[Recorded]:
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
