"""Asks the ledger what was so after one event.

The past never changes, so what is read is the same however late it is read: after other events
were appended, after the ledger was closed, or after the projections were made anew.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import attrs
import msgspec

from adapters.sqlite import event_table, failures
from domain.errors import LedgerError, UsageError

_EVENT = "SELECT type, version, payload FROM events WHERE seq = :seq"
# The condition on the type is that of the index of the few.
OF_TYPE = (
    "SELECT seq, type, version, payload FROM events WHERE type = '{kind}' AND series IS {series}"
    " AND seq <= :head AND type <> 'PartitionWritten' ORDER BY seq"
)
"""Finds the events of a type, about a series or about none."""


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
