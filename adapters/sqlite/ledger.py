"""The `AvailabilityLedger` in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from adapters.sqlite import connection as opening
from adapters.sqlite import event_table, failures, projections, schema, serialization
from adapters.sqlite.asking import Snapshot
from adapters.sqlite.event_ids import event_ids
from adapters.sqlite.handles import Handles
from adapters.sqlite.snapshot import availability_of
from domain.availability import Availability, fold
from domain.errors import LedgerConflictError
from domain.events import Event, Origin, Recorded
from domain.instrument import Series
from domain.ports import Clock
from domain.publishing import OnStep, Step, unobserved
from domain.waits import Tell, untold

_NO_EVENT = (0, serialization.GENESIS)


class SqliteLedger:
    """Appends events to the file at `path`, which is made at the first one.

    `tell` is told what is waited for, where another process is in the way for long.
    """

    def __init__(
        self, path: Path, clock: Clock, on_step: OnStep = unobserved, tell: Tell = untold
    ) -> None:
        self._path = path
        self._clock = clock
        self._on_step = on_step
        self._handles = Handles(path, tell=tell)

    def append(
        self, events: Sequence[Event], origin: Origin, *, expected_head: int
    ) -> tuple[Recorded, ...]:
        """Insert all events in one durable transaction, each with the hash of the one before.

        What follows from them is folded into the projections in the same transaction.
        """
        stored = [serialization.storable(event) for event in events]
        writer = self._handles.writer()
        with failures.translated(self._path), opening.transaction(writer):
            self._on_step(Step.BEGUN)
            if self._handles.replaced():
                # Whoever put another in its place had the right to write until that was done.
                raise LedgerConflictError(
                    "The ledger was replaced by another one meanwhile.", "Run the command again."
                )
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
            event_table.insert(writer, self._path, rows)
            projections.fold(writer, self._path, rows)
            if rows and event_table.head_and_hash(writer) != (rows[-1][0], rows[-1][12]):
                raise failures.not_recorded(self._path)
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
        writer = self._handles.writer()
        with failures.translated(self._path):
            opening.settle(writer)

    def exists(self) -> bool:
        """Return whether the file has a ledger's tables."""
        return bool(self._handles.ask(lambda _: True))

    def head(self) -> int:
        """Return the last sequence number."""
        return (self._handles.ask(event_table.head_and_hash) or _NO_EVENT)[0]

    def head_at(self, time: int) -> int:
        """Return the number of events that were recorded before any that is later than `time`."""
        return self._handles.ask(lambda reader: event_table.head_at(reader, time)) or 0

    def replay(
        self, *, after: int = 0, upto: int | None = None, series: Series | None = None
    ) -> Iterator[Recorded]:
        """Yield events as they lie in the file; none where there is no file."""
        yield from self._read(event_table.Wanted.of(series), after, upto)

    def definitions(self, *, upto: int | None = None) -> Iterator[Recorded]:
        """Yield the definitions; none where there is no file."""
        yield from self._read(event_table.DEFINITIONS, 0, upto)

    def _read(self, wanted: event_table.Wanted, after: int, upto: int | None) -> Iterator[Recorded]:
        """Yield events, some at a time, so that what is yielded was read at one moment."""
        # What is appended while the caller looks at the events is not among them.
        head, digest = self._handles.ask(event_table.head_and_hash) or _NO_EVENT
        upto = head if upto is None else min(upto, head)

        def ask(reader: sqlite3.Connection) -> list[event_table.Stored]:
            if event_table.hash_of(reader, head) != digest:
                raise failures.replaced(self._path)
            return wanted.read(reader, after, upto)

        while after < upto and (found := self._handles.ask(ask)):
            yield from event_table.recorded(found, self._path)
            after = found[-1][0] if len(found) == event_table.CHUNK else upto

    def availability(self, *, upto: int | None = None) -> Availability:
        """Return a snapshot that reads the projections, or the fold of the events without them.

        There are none in a ledger of the first version that nothing was appended to since, and
        they lag behind where another program has appended events.
        """

        def ask(reader: sqlite3.Connection) -> tuple[int, str, bool]:
            with opening.one_moment(reader):
                head, digest = event_table.head_and_hash(reader)
                projected = schema.version(reader) >= schema.PROJECTED
                known = projections.upto(reader, self._path, head) if projected else 0
            if upto is not None and upto < head:
                head, digest = upto, event_table.hash_of(reader, upto) or ""
            return head, digest, projected and known >= head

        found = self._handles.ask(ask)
        if found is None:
            return Availability()
        head, digest, projected = found
        if projected:
            return availability_of(Snapshot(self._path, self._handles.ask, head, digest))
        return fold(self.replay(upto=head))

    def close(self) -> None:
        """Close the file."""
        self._handles.close()
