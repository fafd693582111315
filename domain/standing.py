"""What stood at a place of the catalog before an event changed it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable

import attrs

from domain.events import (
    Event,
    InstrumentRegistered,
    PartitionMarkedCorrupt,
    PartitionRemoved,
    PartitionWritten,
    Recorded,
    VenueCalendarNamed,
)
from domain.instrument import Instrument, InstrumentId, Series

CHANGES = frozenset(
    (
        InstrumentRegistered,
        VenueCalendarNamed,
        PartitionWritten,
        PartitionRemoved,
        PartitionMarkedCorrupt,
    )
)
"""The events that put something in the place of what stood before."""


class State(enum.Enum):
    """What a partition's last revision is."""

    HELD = "held"
    REMOVED = "removed"
    CORRUPT = "corrupt"


@attrs.frozen
class Standing:
    """A partition's last revision, which counts as nothing unless it is held.

    The event `seq` brought it into this `state`; `recorded_at` (UTC nanoseconds) and `user` are
    that event's.
    """

    state: State
    revision: int
    bars: int
    source: str
    detail: str
    seq: int
    recorded_at: int
    user: str


@attrs.frozen
class Entry:
    """An event, and what stood before in the place of what it changed, if anything did."""

    recorded: Recorded
    before: Standing | Instrument | VenueCalendarNamed | None = None


def _no_past(series: Series | None) -> Iterable[Recorded]:
    del series
    return ()


class Standings:
    """Follows the events in order, and knows what stands where.

    `past` gives the events before the first that is followed: those of a series, or with None
    the others. It is asked once for each, when the first event of it comes.
    """

    def __init__(self, past: Callable[[Series | None], Iterable[Recorded]] = _no_past) -> None:
        self._past = past
        self._met: set[Series | None] = set()
        self._partitions: dict[Series, dict[str, Standing]] = {}
        self._instruments: dict[InstrumentId, Instrument] = {}
        self._calendars: dict[str, VenueCalendarNamed] = {}

    def follow(self, recorded: Recorded) -> Entry:
        """Take in the next event, and return it with what stood before."""
        series = getattr(recorded.event, "series", None)
        if series not in self._met:
            self._met.add(series)
            for earlier in self._past(series):
                self._apply(earlier)
        return Entry(recorded, self._apply(recorded))

    def _apply(self, recorded: Recorded) -> Standing | Instrument | VenueCalendarNamed | None:
        event = recorded.event
        if isinstance(event, InstrumentRegistered):
            before = self._instruments.get(event.instrument.id)
            self._instruments[event.instrument.id] = event.instrument
            return before
        if isinstance(event, VenueCalendarNamed):
            named = self._calendars.get(event.venue)
            self._calendars[event.venue] = event
            return named
        return self._apply_to_partition(event, recorded)

    def _apply_to_partition(self, event: Event, recorded: Recorded) -> Standing | None:
        if isinstance(event, PartitionWritten):
            return self._put(event, _written(event, recorded))
        if isinstance(event, PartitionRemoved):
            return self._end(event, State.REMOVED, recorded)
        if isinstance(event, PartitionMarkedCorrupt):
            return self._end(event, State.CORRUPT, recorded)
        return None

    def _put(
        self, event: PartitionWritten | PartitionRemoved | PartitionMarkedCorrupt, now: Standing
    ) -> Standing | None:
        partitions = self._partitions.setdefault(event.series, {})
        before = partitions.get(event.partition)
        partitions[event.partition] = now
        return before

    def _end(
        self, event: PartitionRemoved | PartitionMarkedCorrupt, state: State, recorded: Recorded
    ) -> Standing | None:
        before = self._partitions.get(event.series, {}).get(event.partition)
        if before is None or before.revision != event.revision or before.state is State.REMOVED:
            # Damage of an old revision changes nothing of what is held.
            return before
        now = attrs.evolve(
            before,
            state=state,
            seq=recorded.seq,
            recorded_at=recorded.recorded_at,
            user=recorded.origin.user,
        )
        return self._put(event, now)


def _written(event: PartitionWritten, recorded: Recorded) -> Standing:
    return Standing(
        State.HELD,
        event.revision,
        event.bars,
        event.source,
        event.detail,
        recorded.seq,
        recorded.recorded_at,
        recorded.origin.user,
    )
