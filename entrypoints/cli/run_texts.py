"""How events that did the same to several partitions read on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.events import (
    CsvImported,
    PartitionMarkedCorrupt,
    PartitionRemoved,
    PartitionRestored,
    PartitionWritten,
    WriteCause,
)
from entrypoints.cli.event_texts import (
    bars_text,
    removal_text,
    sentence,
    series_text,
)
from entrypoints.cli.wording import counted, safe

if TYPE_CHECKING:
    from application.event_runs import Run, Tally


def summary(tally: Tally) -> str:
    """Return what events of one kind did, and what stood there before."""
    if tally.events == 1:
        return sentence(tally.entry)
    event = tally.entry.recorded.event
    first, last = tally.partitions
    place = f"{series_text(event)} {first} to {last}: {tally.events:,} partitions"
    if isinstance(event, PartitionWritten):
        return f"{place}, {bars_text(event, tally.bars)}; before: {_before(tally)}"
    if isinstance(event, PartitionRemoved):
        return f"{place} {removal_text(event)}; before: {_before(tally)}"
    if isinstance(event, PartitionRestored):
        return f"{place} hold again what they held after event {event.as_of}"
    if isinstance(event, PartitionMarkedCorrupt):
        return f"{place} marked corrupt, the first because {safe(event.problem)}"
    return place


def _before(tally: Tally) -> str:
    if not tally.held_before:
        return "nothing"
    first, last = tally.before_seqs
    events = f"event {first}" if first == last else f"events {first} to {last}"
    what = f"{counted(tally.bars_before, 'bar')}, written at {events}"
    if tally.held_before == tally.events:
        return what
    return f"{tally.held_before:,} of them held {what}"


def bars_changed_at(run: Run) -> int:
    """Return the number of the event that tells best which held bars a run changed; 0: none.

    That is the one of its only partition, or else that of the import, which stands for all.
    """
    entries = [tally.entry.recorded for tally in run.tallies.values()]
    imports = [(one.seq, one.event) for one in entries if isinstance(one.event, CsvImported)]
    if imports and not any(event.bars_replaced or event.bars_removed for _, event in imports):
        return 0
    partitions = [tally for tally in run.tallies.values() if tally.partitions[0]]
    if imports and sum(tally.events for tally in partitions) != 1:
        return imports[-1][0]
    changed = (tally.entry.recorded.seq for tally in partitions if _changed_bars(tally))
    return next(changed, 0)


def _changed_bars(tally: Tally) -> bool:
    event = tally.entry.recorded.event
    if isinstance(event, PartitionWritten) and event.cause is WriteCause.PRECISION:
        # More decimals alone change nothing that anyone would look for.
        return False
    return bool(tally.held_before) and isinstance(event, PartitionWritten | PartitionRemoved)
