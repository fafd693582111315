"""Transactions of the ledger, the events of each summed up."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

import attrs

from domain.events import (
    PartitionMarkedCorrupt,
    PartitionRemoved,
    PartitionRestored,
    PartitionWritten,
    Recorded,
)
from domain.standing import Entry, Standing, State

_OF_PARTITIONS = PartitionWritten | PartitionRemoved | PartitionMarkedCorrupt | PartitionRestored


@attrs.define
class Tally:
    """Events of a run that say the same of different partitions; `entry` is the first of them.

    `partitions` are the first and the last name. Before the run, `held_before` of them held
    `bars_before` bars, by the events of which `before_seqs` are the first and the last.
    """

    entry: Entry
    events: int = 0
    bars: int = 0
    partitions: tuple[str, str] = ("", "")
    held_before: int = 0
    bars_before: int = 0
    before_seqs: tuple[int, int] = (0, 0)

    def add(self, entry: Entry) -> None:
        """Count one more event."""
        event = entry.recorded.event
        self.events += 1
        self.bars += getattr(event, "bars", 0)
        if isinstance(event, _OF_PARTITIONS):
            first, last = self.partitions
            self.partitions = (
                min(first or event.partition, event.partition),
                max(last, event.partition),
            )
        before = entry.before
        if isinstance(before, Standing) and before.state is State.HELD:
            self.held_before += 1
            self.bars_before += before.bars
            first_seq, last_seq = self.before_seqs
            self.before_seqs = min(first_seq or before.seq, before.seq), max(last_seq, before.seq)


@attrs.define
class Run:
    """What one command did in one transaction."""

    first: Recorded
    last_seq: int = 0
    events: int = 0
    tallies: dict[Hashable, Tally] = attrs.field(factory=dict)

    def add(self, entry: Entry) -> None:
        """Count one more event."""
        self.events += 1
        self.last_seq = entry.recorded.seq
        self.tallies.setdefault(_what(entry.recorded), Tally(entry)).add(entry)


def run_of(recorded: Recorded) -> tuple[str, int]:
    """Return what the events of one transaction, and they alone, have in common."""
    return recorded.origin.correlation_id, recorded.recorded_at


def runs(entries: Iterable[Entry]) -> Iterator[Run]:
    """Yield neighbouring events of one transaction as one run."""
    run: Run | None = None
    for entry in entries:
        if run is None or run_of(run.first) != run_of(entry.recorded):
            if run:
                yield run
            run = Run(entry.recorded)
        run.add(entry)
    if run:
        yield run


def _what(recorded: Recorded) -> Hashable:
    """Return what must be the same of events for one sentence to tell of them all."""
    event = recorded.event
    if isinstance(event, PartitionWritten):
        return (type(event), event.series, event.cause, event.source, event.detail)
    if isinstance(event, PartitionRemoved):
        return (type(event), event.series, event.reason)
    if isinstance(event, PartitionRestored):
        return (type(event), event.series, event.as_of)
    if isinstance(event, PartitionMarkedCorrupt):
        return (type(event), event.series)
    return recorded.seq
