"""What became of every revision of every partition: the ledger's events, folded whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import attrs

from domain.events import (
    Event,
    HistoryStartFound,
    PartitionMarkedCorrupt,
    PartitionRemoved,
    PartitionWritten,
    RangeConfirmedEmpty,
    Recorded,
    RevisionsDiscarded,
)
from domain.instrument import Series
from domain.intervals import NO_TIME


@attrs.define
class Revision:
    """One revision of a partition, and the events that changed its standing.

    It is current from `written` until `ended`, when a newer one took its place or the partition
    was removed. It counts as missing from `corrupted` on. Once `discarded`, its file is gone.
    """

    event: PartitionWritten
    written: Recorded
    ended: Recorded | None = None
    corrupted: Recorded | None = None
    discarded: Recorded | None = None

    @property
    def is_current(self) -> bool:
        """Whether the partition holds this revision and the file is sound, as far as is known."""
        return self.ended is None and self.corrupted is None

    @property
    def is_damaged(self) -> bool:
        """Whether the partition counts as missing because this revision's file is damaged."""
        return self.ended is None and self.corrupted is not None

    @property
    def last_change(self) -> Recorded:
        """The last event that changed what the partition holds."""
        changes = (self.written, self.ended, self.corrupted)
        return max((one for one in changes if one), key=lambda one: one.seq)


SERIES_EVENTS = (
    PartitionWritten
    | PartitionRemoved
    | PartitionMarkedCorrupt
    | RevisionsDiscarded
    | RangeConfirmedEmpty
    | HistoryStartFound
)
"""The events that say what is held of a series, or what of it is nowhere to be had."""


class SeriesHistory:
    """The revisions of one series, by partition, oldest first, and what its sources lack.

    `confirmed_empty` is time of which they have no bars, `history_start` (UTC nanoseconds) where
    their bars begin, if that is known; `answers` are the events that said so, oldest first.
    """

    def __init__(self) -> None:
        self.partitions: dict[str, list[Revision]] = {}
        self.confirmed_empty = NO_TIME
        self.history_start: int | None = None
        self.answers: list[Recorded] = []

    def __iter__(self) -> Iterator[Revision]:
        return (one for revisions in self.partitions.values() for one in revisions)

    def last(self, partition: str) -> Revision | None:
        """Return the newest revision of a partition, current or not."""
        revisions = self.partitions.get(partition)
        return revisions[-1] if revisions else None

    def find(self, partition: str, revision: int) -> Revision | None:
        """Return a revision by its number."""
        known = self.partitions.get(partition, ())
        return next((one for one in known if one.event.revision == revision), None)

    def apply(self, recorded: Recorded) -> None:
        """Take in one event of this series."""
        event = recorded.event
        if isinstance(event, PartitionWritten):
            self._write(event, recorded)
        elif isinstance(event, PartitionRemoved):
            self._end(event.partition, recorded)
        elif isinstance(event, PartitionMarkedCorrupt):
            found = self.find(event.partition, event.revision)
            if found and found.corrupted is None:
                found.corrupted = recorded
        elif isinstance(event, RevisionsDiscarded):
            for partition, revision in event.revisions:
                found = self.find(partition, revision)
                if found:
                    found.discarded = recorded
        else:
            self._answer(event, recorded)

    def _answer(self, event: Event, recorded: Recorded) -> None:
        """Take in what a source said that it does not have."""
        self.answers.append(recorded)
        if isinstance(event, RangeConfirmedEmpty):
            self.confirmed_empty = self.confirmed_empty.union(event.empty)
        elif isinstance(event, HistoryStartFound):
            self.history_start = event.start

    def _write(self, event: PartitionWritten, recorded: Recorded) -> None:
        self._end(event.partition, recorded)
        # Where there are bars, whoever said that there are none was wrong.
        self.confirmed_empty = self.confirmed_empty.difference(event.coverage)
        self.partitions.setdefault(event.partition, []).append(Revision(event, recorded))

    def _end(self, partition: str, recorded: Recorded) -> None:
        last = self.last(partition)
        if last and last.ended is None:
            last.ended = recorded


def histories(events: Iterable[Recorded]) -> dict[Series, SeriesHistory]:
    """Return the history of every series that `events` speak of, in the order of the ledger."""
    found: defaultdict[Series, SeriesHistory] = defaultdict(SeriesHistory)
    for recorded in events:
        event = recorded.event
        if isinstance(event, SERIES_EVENTS):
            found[event.series].apply(recorded)
    return dict(found)
