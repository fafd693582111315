"""The `AvailabilityLedger` in one SQLite file."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import cattrs

from adapters.sqlite import connection as opening
from adapters.sqlite import serialization
from domain.availability import Availability, fold
from domain.errors import LedgerConflictError, LedgerError
from domain.events import Event, Origin, Recorded
from domain.instrument import Series
from domain.ports import Clock
from domain.publishing import OnStep, Step, unobserved

_INSERT = (
    "INSERT INTO events (seq, event_id, type, version, series, recorded_at, user, host, command,"
    " correlation_id, payload, previous_hash, hash) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
_SELECT = (
    "SELECT seq, event_id, recorded_at, user, host, command, correlation_id, type, payload"
    " FROM events WHERE seq > ? AND seq <= ? AND series IS coalesce(?, series) ORDER BY seq"
)
_LAST = 2**62


class SqliteLedger:
    """Appends events to the file at `path`, which is made at the first one."""

    def __init__(self, path: Path, clock: Clock, on_step: OnStep = unobserved) -> None:
        self._path = path
        self._clock = clock
        self._on_step = on_step
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None

    def append(
        self, events: Sequence[Event], origin: Origin, *, expected_head: int
    ) -> tuple[Recorded, ...]:
        """Insert all events in one durable transaction, each with the hash of the one before."""
        writer = self._open_writer()
        with opening.translated(self._path), opening.transaction(writer):
            self._on_step(Step.BEGUN)
            head, previous = self._head_and_hash(writer)
            if head != expected_head:
                raise LedgerConflictError(
                    f"The ledger has grown from event {expected_head} to {head} meanwhile.",
                    "Run the command again.",
                )
            now = self._clock.now()
            recorded = tuple(
                Recorded(head + place, str(uuid.uuid4()), now, origin, event)
                for place, event in enumerate(events, start=1)
            )
            for one in recorded:
                previous = _insert(writer, one, previous)
            self._on_step(Step.APPENDED)
        self._on_step(Step.COMMITTED)
        return recorded

    def prepare(self) -> None:
        """Make the file, durably, where there is none."""
        self._open_writer()

    def exists(self) -> bool:
        """Return whether the file has a ledger's tables."""
        return self._open() is not None

    def _open_writer(self) -> sqlite3.Connection:
        if self._writer is None:
            self._writer = opening.open_for_writing(self._path)
        return self._writer

    def head(self) -> int:
        """Return the last sequence number."""
        reader = self._open()
        if reader is None:
            return 0
        with opening.translated(self._path, "read"):
            return self._head_and_hash(reader)[0]

    def head_at(self, time: int) -> int:
        """Return the last number among the events recorded up to `time`."""
        reader = self._open()
        if reader is None:
            return 0
        with opening.translated(self._path, "read"):
            found = reader.execute("SELECT max(seq) FROM events WHERE recorded_at <= ?", (time,))
            return int(found.fetchone()[0] or 0)

    def replay(
        self, *, after: int = 0, upto: int | None = None, series: Series | None = None
    ) -> Iterator[Recorded]:
        """Yield events as they lie in the file; none where there is no file."""
        reader = self._open()
        if reader is None:
            return
        with opening.translated(self._path, "read"):
            key = None if series is None else serialization.series_key(series)
            rows = reader.execute(_SELECT, (after, _LAST if upto is None else upto, key))
            for row in rows:
                yield self._recorded(row)

    def availability(self, *, upto: int | None = None) -> Availability:
        """Fold the events."""
        return fold(self.replay(upto=upto))

    def close(self) -> None:
        """Close the file."""
        for connection in (self._reader, self._writer):
            if connection is not None:
                connection.close()
        self._reader = self._writer = None

    def _open(self) -> sqlite3.Connection | None:
        if self._writer is not None:
            return self._writer
        if self._reader is None:
            self._reader = opening.open_for_reading(self._path)
        return self._reader

    @staticmethod
    def _head_and_hash(connection: sqlite3.Connection) -> tuple[int, str]:
        row = connection.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1")
        found = row.fetchone()
        return (int(found[0]), str(found[1])) if found else (0, serialization.GENESIS)

    def _recorded(self, row: tuple[int, str, int, str, str, str, str, str, str]) -> Recorded:
        seq, event_id, recorded_at, *who, kind, payload = row
        try:
            event = serialization.from_json(kind, payload)
        except (KeyError, ValueError, cattrs.BaseValidationError) as error:
            raise LedgerError(
                f"Event {seq} of the ledger {self._path} cannot be read ({kind}).",
                "Put the ledger back from a backup, or upgrade barledger if a newer one wrote it.",
            ) from error
        return Recorded(seq, event_id, recorded_at, Origin(*who), event)


def _insert(connection: sqlite3.Connection, recorded: Recorded, previous: str) -> str:
    origin, event = recorded.origin, recorded.event
    fields = (
        recorded.seq,
        recorded.event_id,
        type(event).__name__,
        serialization.VERSION,
        serialization.series_of(event),
        recorded.recorded_at,
        origin.user,
        origin.host,
        origin.command,
        origin.correlation_id,
        serialization.to_json(event),
    )
    digest = serialization.chained_hash(previous, fields)
    connection.execute(_INSERT, (*fields, previous, digest))
    return digest
