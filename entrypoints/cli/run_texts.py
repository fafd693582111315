"""How events that did the same to several partitions read on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.events import (
    PartitionMarkedCorrupt,
    PartitionRemoved,
    PartitionRestored,
    PartitionWritten,
)
from entrypoints.cli.event_texts import (
    bars_text,
    removal_text,
    sentence,
    series_text,
)
from entrypoints.cli.wording import counted, safe

if TYPE_CHECKING:
    from application.event_runs import Tally


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
