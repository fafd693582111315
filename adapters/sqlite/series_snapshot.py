"""What was held of one series after one event, read as far as it is asked for."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, Mapping, Sequence, ValuesView
from typing import Any

import attrs

from adapters.sqlite import serialization, wire
from adapters.sqlite.asking import OF_TYPE, Snapshot
from domain.availability import Partitions, SeriesHoldings, coverage_of, dates_of
from domain.events import HistoryStartFound, PartitionWritten, RangeConfirmedEmpty
from domain.instrument import Series
from domain.intervals import NO_TIME, IntervalSet

_REVISIONS = "FROM revisions WHERE series = :series AND written <= :head"
_UNENDED = f"{_REVISIONS} AND (ended IS NULL OR ended > :head)"
_CURRENT = f"{_UNENDED} AND (corrupted IS NULL OR corrupted > :head)"
_DAMAGED = "AND corrupted <= :head"
_WRITTEN_SINCE = (
    "SELECT written, coverage FROM revisions"
    " WHERE series = :series AND written > :first AND written <= :head"
)
_BY_TIME = "ORDER BY partition, written"
_ALL_EVENTS = (
    "SELECT partition, revision, seq, type, version, payload"  # noqa: S608 - constants
    f" FROM (SELECT partition, revision, written {_CURRENT})"
    f" CROSS JOIN events ON seq = written {_BY_TIME}"
)
_EMPTY = OF_TYPE.format(kind=RangeConfirmedEmpty.__name__, series=":series")
_STARTS = OF_TYPE.format(kind=HistoryStartFound.__name__, series=":series")
_CHANGES = (
    "SELECT max(written), max(iif(ended <= :head, ended, 0)),"
    f" max(iif(corrupted <= :head, corrupted, 0)) {_REVISIONS}"
)


@attrs.frozen
class SeriesReader:
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
        damaged = self._damaged()
        starts = self.snapshot.events(HistoryStartFound, _STARTS, series=self._key)
        return SeriesHoldings(
            self.series,
            _LazyPartitions(self),
            _LastRevisions(self),
            times[0][0] if times else 0,
            frozenset(name for name, _ in damaged),
            coverage_of(one for _, one in damaged),
            dates_of(one for _, one in damaged),
            self._confirmed_empty(),
            starts[-1].start if starts else None,
        )

    @property
    def _key(self) -> str:
        return serialization.series_key(self.series)

    def _damaged(self) -> list[tuple[str, PartitionWritten]]:
        """Return the partitions that were found damaged, and what they held."""
        rows = self.rows(tuple[str, int], f"SELECT partition, written {_UNENDED} {_DAMAGED}")
        return [(name, self.snapshot.event(seq, PartitionWritten)) for name, seq in rows]

    def _confirmed_empty(self) -> IntervalSet:
        """Return what was confirmed to be empty, but for what was written since."""
        answers = self.rows(tuple[int, str, int, str], _EMPTY)
        if not answers:
            return NO_TIME
        written = self.snapshot.rows(
            tuple[int, str], _WRITTEN_SINCE, series=self._key, first=answers[0][0]
        )
        changes: list[tuple[int, IntervalSet, IntervalSet]] = [
            *(
                (row[0], self.snapshot.decoded(*row, RangeConfirmedEmpty).empty, NO_TIME)
                for row in answers
            ),
            *((seq, NO_TIME, one) for seq, one in self._covered(written)),
        ]
        found = NO_TIME
        for _, empty, covered in sorted(changes, key=lambda one: one[0]):
            found = found.union(empty).difference(covered)
        return found

    def _covered(self, written: list[tuple[int, str]]) -> Iterator[tuple[int, IntervalSet]]:
        with self.snapshot.sound():
            for seq, text in written:
                ((covered),) = wire.all_coverage(f"[{text}]")
                yield seq, covered


class _LastRevisions(Mapping[str, int]):
    """The last revision of each partition; all are read at once, and once."""

    def __init__(self, reader: SeriesReader) -> None:
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

    def __init__(self, reader: SeriesReader) -> None:
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
