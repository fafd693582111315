"""Which events touched a day's bars."""

from __future__ import annotations

import datetime as dt

from domain.events import (
    CsvImported,
    PartitionMarkedCorrupt,
    PartitionRemoved,
    PartitionRestored,
    PartitionWritten,
    Recorded,
    RevisionsDiscarded,
)
from domain.instrument import Series
from domain.standing import Entry, Standing, State


class TouchedDay:
    """Follows events in order, and tells which of them touched bars of `day`.

    `day` is a trading date by the venue's clock. A write touches it when the new revision or the
    one before holds bars of it, and an import when it wrote such a revision.
    """

    def __init__(self, day: dt.date) -> None:
        self._day = day
        self._revisions: set[tuple[Series, str, int]] = set()
        self._batch: tuple[str, int, Series] | None = None

    def __call__(self, entry: Entry) -> bool:
        """Return whether the event, which is the next one, touched the day."""
        event = entry.recorded.event
        if isinstance(event, PartitionWritten):
            return self._write(event, entry)
        if isinstance(event, PartitionRemoved | PartitionMarkedCorrupt | PartitionRestored):
            return (event.series, event.partition, event.revision) in self._revisions
        if isinstance(event, RevisionsDiscarded):
            return any((event.series, *one) in self._revisions for one in event.revisions)
        return isinstance(event, CsvImported) and self._batch == _batch(
            entry.recorded, event.series
        )

    def _write(self, event: PartitionWritten, entry: Entry) -> bool:
        before = entry.before
        touched = (
            isinstance(before, Standing)
            and before.state is not State.REMOVED
            and (event.series, event.partition, before.revision) in self._revisions
        )
        if self._day in event.trading_dates:
            self._revisions.add((event.series, event.partition, event.revision))
            touched = True
        if touched:
            self._batch = _batch(entry.recorded, event.series)
        return touched


def _batch(recorded: Recorded, series: Series) -> tuple[str, int, Series]:
    """Return what the events of one transaction have in common."""
    return recorded.origin.correlation_id, recorded.recorded_at, series
