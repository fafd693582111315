"""Answers who changed what and when, and what stood there before."""

from __future__ import annotations

import contextlib
import datetime as dt
import heapq
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import get_args

import attrs

from application.catalog import Catalog
from application.event_runs import Run, run_of, runs
from application.instruments import resolve
from domain.bar_type import BarType
from domain.errors import EventNotFoundError, InvalidAsOfError
from domain.events import (
    Event,
    InstrumentRegistered,
    PartitionWritten,
    Recorded,
    VenueCalendarNamed,
)
from domain.history import Revision
from domain.instrument import InstrumentId, Series
from domain.ports import AvailabilityLedger, Progress
from domain.standing import CHANGES, Entry, Standings
from domain.touched_day import TouchedDay

EVENT_TYPES: dict[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}
_BLOCK = 2_000


@attrs.frozen
class AuditQuery:
    """Which events are asked for: those that fit all that is named.

    `instruments` as the user typed them. `since` (inclusive) and `until` (exclusive) are UTC
    nanoseconds; `day` is a trading date by the venue's clock.
    """

    instruments: tuple[str, ...] = ()
    bar_type: BarType | None = None
    day: dt.date | None = None
    types: tuple[type[Event], ...] = ()
    since: int | None = None
    until: int | None = None


@attrs.frozen
class Found[T]:
    """What fits, oldest first, and how many fitting events before it are not shown."""

    entries: Sequence[T]
    earlier: int


class AuditLog:
    """Reads the ledger's events; what is not asked for is not kept in memory."""

    def __init__(self, catalog: Catalog, ledger: AvailabilityLedger, progress: Progress) -> None:
        self._catalog = catalog
        self._ledger = ledger
        self._progress = progress

    def events(self, query: AuditQuery, limit: int | None) -> Found[Entry]:
        """Return the last `limit` events that fit, or all.

        Raises:
            AmbiguousSymbolError, InvalidInstrumentIdError, DataNotFoundError: see `resolve`.
            LedgerError, LedgerMissingError: the ledger cannot be read.
        """
        unfiltered = limit is not None and query == AuditQuery()
        after = max(self._ledger.head() - limit, 0) if unfiltered and limit else 0
        return _last(self._entries(query, after), limit, after, lambda _: 1)

    def runs(self, query: AuditQuery, limit: int | None) -> Found[Run]:
        """Return the last `limit` transactions that fit, or all, the events of each summed up.

        Raises:
            AmbiguousSymbolError, InvalidInstrumentIdError, DataNotFoundError: see `resolve`.
            LedgerError, LedgerMissingError: the ledger cannot be read.
        """
        unfiltered = limit is not None and query == AuditQuery()
        after = self._before_last_runs(limit) if unfiltered and limit else 0
        found = runs(self._entries(query, after))
        return _last(found, limit, after, lambda run: run.events)

    def show(self, seq: int) -> tuple[Entry, Revision | None]:
        """Return the event `seq`, and what became of the revision that it wrote, if it did.

        Raises:
            EventNotFoundError: there is no such event.
        """
        head = self._ledger.head()
        # No number beyond the head is asked for: it could be one that no ledger can count to.
        known = list(self._ledger.replay(after=seq - 1, upto=seq)) if seq <= head else []
        found = next(iter(known), None)
        if found is None:
            raise EventNotFoundError(
                f"The ledger has no event {seq}; it ends with event {head}.",
                "List its events: barledger ledger log",
            )
        return self._standings(seq - 1).follow(found), self._revision(found.event)

    def _revision(self, event: Event) -> Revision | None:
        if not isinstance(event, PartitionWritten):
            return None
        return self._catalog.history(event.series).find(event.partition, event.revision)

    def _standings(self, after: int) -> Standings:
        def past(series: Series | None) -> Iterator[Recorded]:
            if series is None:
                return self._ledger.definitions(upto=after)
            return self._ledger.replay(upto=after, series=series)

        return Standings(past) if after else Standings()

    def _entries(self, query: AuditQuery, after: int) -> Iterator[Entry]:
        """Yield what fits the query, of the events after `after`."""
        self._catalog.availability()
        upto = self._last(query.until)
        fits = _filter(query)
        follow = self._standings(after).follow if _asks_before(query) else Entry
        with self._progress.track("Reading the ledger", max(upto - after, 0)) as task:
            place = after
            for recorded in self._stream(query, after, upto):
                entry = follow(recorded)
                if fits(entry):
                    yield entry
                if recorded.seq >= place + _BLOCK:
                    task.advance(recorded.seq - place)
                    place = recorded.seq

    def _last(self, until: int | None) -> int:
        """Return the number of the last event that need be read."""
        if until is not None:
            # Where the clock ran backwards, an event behind can have been recorded earlier.
            with contextlib.suppress(InvalidAsOfError):
                return self._ledger.head_at(until - 1)
        return self._ledger.head()

    def _stream(self, query: AuditQuery, after: int, upto: int) -> Iterator[Recorded]:
        if query.types == (InstrumentRegistered,) and not query.instruments:
            return self._ledger.definitions(upto=upto)
        if not query.instruments:
            return (
                one
                for one in self._ledger.replay(after=after, upto=upto)
                if query.bar_type is None or _bar_type(one.event) == query.bar_type
            )
        availability = self._catalog.availability()
        wanted = {resolve(text, availability) for text in query.instruments}
        streams = [
            self._ledger.replay(upto=upto, series=series)
            for series in availability.series
            if series.instrument_id in wanted and query.bar_type in (None, series.bar_type)
        ]
        if query.bar_type is None:
            streams.append(self._definitions(wanted, upto))
        return heapq.merge(*streams, key=lambda one: one.seq)

    def _definitions(self, wanted: set[InstrumentId], upto: int) -> Iterator[Recorded]:
        for one in self._ledger.definitions(upto=upto):
            if _defines(one.event, wanted):
                yield one

    def _before_last_runs(self, limit: int) -> int:
        """Return the number of the event after which the last `limit` transactions begin."""
        found, last = 0, None
        for recorded in self._backwards():
            if run_of(recorded) != last:
                last = run_of(recorded)
                found += 1
                if found > limit:
                    return recorded.seq
        return 0

    def _backwards(self) -> Iterator[Recorded]:
        upto = self._ledger.head()
        while upto > 0:
            block = list(self._ledger.replay(after=max(upto - _BLOCK, 0), upto=upto))
            yield from reversed(block)
            upto -= _BLOCK


def _defines(event: Event, wanted: set[InstrumentId]) -> bool:
    """Return whether the event says what one of these instruments is, or when it trades."""
    if isinstance(event, InstrumentRegistered):
        return event.instrument.id in wanted
    return isinstance(event, VenueCalendarNamed) and event.venue in {one.venue for one in wanted}


def _last[T](
    found: Iterable[T], limit: int | None, earlier: int, events: Callable[[T], int]
) -> Found[T]:
    """Keep the last `limit` of what is found, and count the events of the others."""
    kept: deque[T] = deque()
    for one in found:
        kept.append(one)
        if limit is not None and len(kept) > limit:
            earlier += events(kept.popleft())
    return Found(kept, earlier)


def _asks_before(query: AuditQuery) -> bool:
    """Return whether any event that fits can have had something stand before it."""
    return query.day is not None or not query.types or any(map(CHANGES.__contains__, query.types))


def _filter(query: AuditQuery) -> Callable[[Entry], bool]:
    """Return what tells whether an entry fits; it must see all entries, in order."""
    touched = TouchedDay(query.day) if query.day else None
    since = -math.inf if query.since is None else query.since
    until = math.inf if query.until is None else query.until

    def fits(entry: Entry) -> bool:
        on_day = touched is None or touched(entry)
        recorded = entry.recorded
        return (
            on_day
            and since <= recorded.recorded_at < until
            and (not query.types or isinstance(recorded.event, query.types))
        )

    return fits


def _bar_type(event: Event) -> BarType | None:
    series: Series | None = getattr(event, "series", None)
    return series.bar_type if series else None
