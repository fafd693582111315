"""A ledger that lives as long as its object."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator, Sequence

from domain.as_of import clock_ran_backwards
from domain.availability import Availability, fold
from domain.errors import LedgerConflictError
from domain.events import Event, InstrumentRegistered, Origin, Recorded, VenueCalendarNamed
from domain.instrument import Series
from domain.ports import Clock


class MemoryLedger:
    """An `AvailabilityLedger` in a list."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._events: list[Recorded] = []

    def append(
        self, events: Sequence[Event], origin: Origin, *, expected_head: int
    ) -> tuple[Recorded, ...]:
        """Add all events to the list, unless it has grown."""
        if expected_head != len(self._events):
            raise LedgerConflictError(
                f"The ledger has grown from event {expected_head} to {len(self._events)}.",
                "Run the command again.",
            )
        recorded = tuple(
            Recorded(expected_head + place, str(uuid.uuid4()), self._clock.now(), origin, event)
            for place, event in enumerate(events, start=1)
        )
        self._events.extend(recorded)
        return recorded

    def head(self) -> int:
        """Return how many events there are."""
        return len(self._events)

    def head_at(self, time: int) -> int:
        """Return how many events come before the first one later than `time`."""
        known = list(itertools.takewhile(lambda one: one.recorded_at <= time, self._events))
        behind = [one for one in self._events[len(known) :] if one.recorded_at <= time]
        if behind:
            later, earlier = self._events[len(known)], behind[-1]
            raise clock_ran_backwards(
                time, (later.seq, later.recorded_at), (earlier.seq, earlier.recorded_at)
            )
        return len(known)

    def replay(
        self, *, after: int = 0, upto: int | None = None, series: Series | None = None
    ) -> Iterator[Recorded]:
        """Yield events from the list."""
        for one in self._events[after:upto]:
            if series is None or getattr(one.event, "series", None) == series:
                yield one

    def definitions(self, *, upto: int | None = None) -> Iterator[Recorded]:
        """Yield the definitions in the list."""
        for one in self.replay(upto=upto):
            if isinstance(one.event, InstrumentRegistered | VenueCalendarNamed):
                yield one

    def availability(self, *, upto: int | None = None) -> Availability:
        """Fold the list anew."""
        return fold(self.replay(upto=upto))

    def take_all(self) -> tuple[Recorded, ...]:
        """Return all events, and begin anew without them."""
        events, self._events = tuple(self._events), []
        return events

    def put_back(self, events: Sequence[Recorded]) -> None:
        """Hold `events` again, which `take_all` returned."""
        self._events = list(events)

    def exists(self) -> bool:
        """Return True: it came with its object."""
        return True

    def prepare(self) -> None:
        """Do nothing: it is there."""

    def close(self) -> None:
        """Do nothing: nothing is open."""
