"""Folds events into the projections' rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from adapters.sqlite import failures, serialization
from adapters.sqlite.serialization import UnknownEventError, UnreadableEventError
from domain.events import (
    Event,
    HistoryStartFound,
    InstrumentRegistered,
    PartitionMarkedCorrupt,
    PartitionRemoved,
    PartitionWritten,
    RangeConfirmedEmpty,
    RevisionsDiscarded,
)

Stored = tuple[int, str, int, str | None, str]
"""An event as it is folded: its number, type, version, series and payload."""


class Projector:
    """Folds events into the tables of one of a connection's databases, `main` or `temp`."""

    def __init__(self, connection: sqlite3.Connection, path: Path, database: str = "main") -> None:
        self._connection = connection
        self._path = path
        self._sql = {name: sql.format(db=database) for name, sql in _STATEMENTS.items()}
        # The last partition, in order of name, of each series that was met.
        self._latest: dict[str, str] = {}
        # Revisions that are read and not in the table yet, by what they are a revision of.
        self._new: dict[tuple[str, str], tuple[object, ...]] = {}
        self._ends: list[tuple[int, str, str]] = []

    def fold(self, events: Iterable[Stored]) -> None:
        """Take in events, which follow on those before; the tables then say so.

        Raises:
            LedgerError: an event cannot be understood.
        """
        seq = 0
        try:
            for seq, kind, version, series, payload in events:
                if kind == _WRITTEN:
                    self._write(seq, version, series, payload)
                elif kind in _FOLDED:
                    self._flush()
                    self._change(seq, serialization.from_json(kind, version, payload))
                else:
                    serialization.check_known(kind, version)
        except (UnknownEventError, UnreadableEventError) as error:
            raise failures.unreadable_event(self._path, seq, error) from error
        self._flush()
        if seq:
            self._connection.execute(self._sql["upto"], (seq,))

    def _write(self, seq: int, version: int, series: str | None, payload: str) -> None:
        new = serialization.projected(version, payload)
        if series is None:
            raise UnreadableEventError(f"{_WRITTEN}: no series")
        if series not in self._latest:
            self._meet(series, seq)
        key = (series, new.partition)
        if new.partition > self._latest[series]:
            self._latest[series] = new.partition  # nothing is there that it takes the place of
        else:
            if key in self._new:
                self._flush()
            self._ends.append((seq, *key))
        self._new[key] = (
            series,
            new.partition,
            seq,
            new.revision,
            new.bars,
            new.size,
            new.price_precision,
            new.size_precision,
            new.source,
            bytes(new.trading_dates).decode(),
            bytes(new.coverage).decode(),
        )

    def _meet(self, series: str, seq: int) -> None:
        self._connection.execute(self._sql["series"], (series, seq))
        found = self._connection.execute(self._sql["latest"], (series,)).fetchone()
        self._latest[series] = found[0] or ""

    def _flush(self) -> None:
        """End what new revisions take the place of, and add them: no two are of one partition."""
        if self._ends:
            self._connection.executemany(self._sql["end"], self._ends)
            self._ends.clear()
        if self._new:
            self._connection.executemany(self._sql["write"], self._new.values())
            self._new.clear()

    def _change(self, seq: int, event: Event) -> None:
        match event:
            case InstrumentRegistered(instrument):
                self._connection.execute(self._sql["instrument"], (str(instrument.id), seq))
            case PartitionRemoved(series, partition):
                key = serialization.series_key(series)
                self._meet(key, seq)
                self._connection.execute(self._sql["end"], (seq, key, partition))
            case PartitionMarkedCorrupt(series, partition, revision):
                key = serialization.series_key(series)
                self._meet(key, seq)
                one = (seq, key, partition, key, partition, revision)
                self._connection.execute(self._sql["corrupt"], one)
            case RevisionsDiscarded(series, revisions):
                key = serialization.series_key(series)
                many = [(seq, key, name, key, name, number) for name, number in revisions]
                self._connection.executemany(self._sql["discard"], many)
            case RangeConfirmedEmpty(series) | HistoryStartFound(series):
                self._meet(serialization.series_key(series), seq)


_WRITTEN = PartitionWritten.__name__
_FOLDED = {
    cls.__name__
    for cls in (
        InstrumentRegistered,
        PartitionRemoved,
        PartitionMarkedCorrupt,
        RevisionsDiscarded,
        RangeConfirmedEmpty,
        HistoryStartFound,
    )
}
# A revision's number names the first that had it, as in `SeriesHistory.find`.
_FIND = (
    " WHERE series = ? AND partition = ? AND written = (SELECT min(written) FROM {db}.revisions"
    " WHERE series = ? AND partition = ? AND revision = ?)"
)
_STATEMENTS = {
    "upto": "UPDATE {db}.projected SET upto = ?",
    "series": "INSERT OR IGNORE INTO {db}.series (series, first) VALUES (?, ?)",
    "latest": "SELECT max(partition) FROM {db}.revisions WHERE series = ?",
    "instrument": "INSERT INTO {db}.instruments (instrument_id, defined) VALUES (?, ?)",
    "write": (
        "INSERT INTO {db}.revisions (series, partition, written, revision, bars, size,"
        " price_precision, size_precision, source, trading_dates, coverage)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?)"
    ),
    "end": (
        "UPDATE {db}.revisions SET ended = ? WHERE series = ? AND partition = ? AND ended IS NULL"
    ),
    "corrupt": "UPDATE {db}.revisions SET corrupted = ?" + _FIND + " AND corrupted IS NULL",  # noqa: S608 - constants
    "discard": "UPDATE {db}.revisions SET discarded = ?" + _FIND,  # noqa: S608 - constants
}
