"""The `AvailabilityLedger` in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from adapters.sqlite import connection as opening
from adapters.sqlite import event_table, failures, projections, schema, serialization
from adapters.sqlite.event_ids import event_ids
from adapters.sqlite.snapshot import Snapshot
from domain.availability import Availability, fold
from domain.errors import LedgerConflictError
from domain.events import Event, Origin, Recorded
from domain.instrument import Series
from domain.ports import Clock
from domain.publishing import OnStep, Step, unobserved


class SqliteLedger:
    """Appends events to the file at `path`, which is made at the first one."""

    def __init__(self, path: Path, clock: Clock, on_step: OnStep = unobserved) -> None:
        self._path = path
        self._clock = clock
        self._on_step = on_step
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def append(
        self, events: Sequence[Event], origin: Origin, *, expected_head: int
    ) -> tuple[Recorded, ...]:
        """Insert all events in one durable transaction, each with the hash of the one before.

        What follows from them is folded into the projections in the same transaction.
        """
        stored = [serialization.storable(event) for event in events]
        writer = self._open_writer()
        with failures.translated(self._path), opening.transaction(writer):
            self._on_step(Step.BEGUN)
            head, previous = event_table.head_and_hash(writer)
            if head != expected_head:
                raise LedgerConflictError(
                    f"The ledger has grown from event {expected_head} to {head} meanwhile.",
                    "Run the command again.",
                )
            recorded = self._recorded(head, [event for event, _ in stored], origin)
            payloads = [payload for _, payload in stored]
            rows = event_table.rows(recorded, payloads, previous)
            # First what another program may have appended without folding it in.
            projections.catch_up(writer, self._path)
            event_table.insert(writer, rows)
            projections.fold(writer, self._path, rows)
            self._on_step(Step.APPENDED)
        self._on_step(Step.COMMITTED)
        return recorded

    def _recorded(self, head: int, events: Sequence[Event], origin: Origin) -> tuple[Recorded, ...]:
        now = self._clock.now()
        origin, ids = serialization.storable_origin(origin), event_ids(now)
        return tuple(
            [
                Recorded(seq, next(ids), now, origin, event)
                for seq, event in enumerate(events, start=head + 1)
            ]
        )

    def prepare(self) -> None:
        """Make the file, durably, where there is none, and leave no commit undecided in it."""
        writer = self._open_writer()
        with failures.translated(self._path):
            opening.settle(writer)

    def exists(self) -> bool:
        """Return whether the file has a ledger's tables."""
        return self._open() is not None

    def head(self) -> int:
        """Return the last sequence number."""
        reader = self._open()
        if reader is None:
            return 0
        with failures.translated(self._path, "read"):
            return event_table.head_and_hash(reader)[0]

    def head_at(self, time: int) -> int:
        """Return the last number among the events recorded up to `time`."""
        reader = self._open()
        if reader is None:
            return 0
        with failures.translated(self._path, "read"):
            return event_table.head_at(reader, time)

    def replay(
        self, *, after: int = 0, upto: int | None = None, series: Series | None = None
    ) -> Iterator[Recorded]:
        """Yield events as they lie in the file; none where there is no file."""
        reader = self._open()
        if reader is None:
            return
        with failures.translated(self._path, "read"):
            # What is appended while the caller looks at the events is not among them.
            last = event_table.head_and_hash(reader)[0] if upto is None else upto
            yield from event_table.read(reader, self._path, after, last, series)

    def definitions(self, *, upto: int | None = None) -> Iterator[Recorded]:
        """Yield the events that define instruments; none where there is no file."""
        reader = self._open()
        if reader is None:
            return
        with failures.translated(self._path, "read"):
            last = event_table.head_and_hash(reader)[0] if upto is None else upto
            yield from event_table.read_definitions(reader, self._path, last)

    def availability(self, *, upto: int | None = None) -> Availability:
        """Return a snapshot that reads the projections, or the fold of the events without them.

        There are none in a ledger of the first version that nothing was appended to since, and
        they lag behind where another program has appended events.
        """
        reader = self._open()
        if reader is None:
            return Availability()
        with failures.translated(self._path, "read"):
            head, digest = event_table.head_and_hash(reader)
            if upto is not None and upto < head:
                head, digest = upto, event_table.hash_of(reader, upto) or ""
            projected = schema.version(reader) >= schema.VERSION
            if projected and projections.upto(reader) >= head:
                return Snapshot(self._path, self._open, head, digest).availability()
        return fold(self.replay(upto=head))

    def close(self) -> None:
        """Close the file."""
        for connection in (self._reader, self._writer):
            if connection is not None:
                connection.close()
        self._reader = self._writer = None

    def _open_writer(self) -> sqlite3.Connection:
        self._let_go_of_another_file()
        if self._writer is None:
            self._writer = opening.open_for_writing(self._path)
            self._file = opening.identity(self._path)
        return self._writer

    def _open(self) -> sqlite3.Connection | None:
        self._let_go_of_another_file()
        if self._writer is not None:
            return self._writer
        if self._reader is None:
            self._reader = opening.open_for_reading(self._path)
            self._file = opening.identity(self._path)
        return self._reader

    def _let_go_of_another_file(self) -> None:
        """Close what was opened before another ledger was put in its place."""
        opened = self._writer is not None or self._reader is not None
        if opened and opening.identity(self._path) != self._file:
            self.close()
