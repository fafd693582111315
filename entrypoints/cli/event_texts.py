"""How the ledger's events read on the screen, in a sentence for each."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from domain.events import (
    CsvImported,
    Event,
    FetchAborted,
    FetchCompleted,
    FetchStarted,
    HistoryStartFound,
    InstrumentRegistered,
    LedgerRebuilt,
    PartitionMarkedCorrupt,
    PartitionRemoved,
    PartitionRestored,
    PartitionWritten,
    RangeConfirmedEmpty,
    RevisionsDiscarded,
    VenueCalendarNamed,
    WriteCause,
)
from domain.instrument import Instrument, InstrumentClass, Series
from domain.intervals import Interval
from domain.sessions import instant_text
from domain.sizes import size_text
from domain.standing import Entry, Standing, State
from entrypoints.cli.wording import counted, safe

_WRITTEN = {
    WriteCause.BARS: "{bars} from {origin}",
    WriteCause.PRECISION: "the same {bars} with more decimals, from {origin}",
    WriteCause.REMOVAL: "{bars} left, from {origin}, after others were removed",
    WriteCause.RESTORED: "{bars} restored, from {origin}",
    WriteCause.RECOVERED: "{bars} taken in from files that the ledger did not know, from {origin}",
}
_DATE_ORDERS = {"mdy": "month first", "dmy": "day first"}
_MOST = 3


def sentence(entry: Entry) -> str:
    """Return what one event did, and what stood there before."""
    event, before = entry.recorded.event, entry.before
    if isinstance(event, InstrumentRegistered):
        return _registered(event, before if isinstance(before, Instrument) else None)
    if isinstance(event, VenueCalendarNamed):
        return _calendar(event, before if isinstance(before, VenueCalendarNamed) else None)
    told = _told(event)
    if isinstance(event, PartitionWritten | PartitionRemoved | PartitionMarkedCorrupt):
        held = before if isinstance(before, Standing) else None
        if held and held.revision > event.revision:
            return f"{told}; what was held, revision {held.revision}, is not touched by that"
        return f"{told}; before: {standing(held)}"
    return told


def standing(held: Standing | None) -> str:
    """Return what stood at a partition's place."""
    if held is None:
        return "nothing"
    who = f"{safe(held.user)} at event {held.seq}"
    what = f"revision {held.revision}, {counted(held.bars, 'bar')} from {_origin(held)}"
    if held.state is State.REMOVED:
        return f"nothing, since {what} was removed by {who}"
    if held.state is State.CORRUPT:
        return f"{what}, marked corrupt at event {held.seq}"
    return f"{what}, written by {who}"


def _told(event: Event) -> str:
    if isinstance(event, PartitionWritten):
        return f"{_place(event)}: revision {event.revision}, {bars_text(event, event.bars)}"
    if isinstance(event, PartitionRemoved):
        return f"{_place(event)}: {removal_text(event)}"
    if isinstance(event, PartitionMarkedCorrupt):
        return f"{_place(event)}: revision {event.revision} marked corrupt: {safe(event.problem)}"
    if isinstance(event, PartitionRestored):
        return (
            f"{_place(event)}: revision {event.revision} holds again what revision "
            f"{event.restored_revision} held after event {event.as_of}"
        )
    return _told_of_no_partition(event)


def _told_of_no_partition(event: Event) -> str:
    if isinstance(event, CsvImported):
        return f"{series_text(event)}: {_imported(event)}"
    if isinstance(event, RevisionsDiscarded):
        names = [f"{name} revision {number}" for name, number in event.revisions]
        more = f", and {len(names) - _MOST:,} more" if len(names) > _MOST else ""
        # The time to the second: nobody reads more of its digits.
        ended = instant_text(event.ended_before // 10**9 * 10**9)
        return (
            f"{series_text(event)}: {len(names):,} superseded revisions deleted to free "
            f"{size_text(event.size)}, ended before {ended}: {', '.join(names[:_MOST])}{more}"
        )
    if isinstance(event, LedgerRebuilt):
        earlier = f"; an earlier one lies at {safe(event.set_aside)}" if event.set_aside else ""
        held = counted(event.bars, "bar")
        return f"The ledger was made anew from {event.files:,} files with {held}{earlier}"
    if isinstance(event, RangeConfirmedEmpty):
        empty = ", ".join(map(_stretch, event.empty))
        what = f"no bars from {empty}, confirmed" if empty else "no time was confirmed to be empty"
        return f"{series_text(event)}: {what} by {_origin(event)}"
    if isinstance(event, HistoryStartFound):
        start = instant_text(event.start)
        return f"{series_text(event)}: the history of {safe(event.source)} begins at {start}"
    if isinstance(event, FetchStarted | FetchCompleted | FetchAborted):
        return f"{series_text(event)}: {_fetch(event)}"
    return type(event).__name__


def _fetch(event: FetchStarted | FetchCompleted | FetchAborted) -> str:
    source = safe(event.source)
    sessions = counted(event.sessions, "session")
    if isinstance(event, FetchStarted):
        span = f"{instant_text(event.start)} to {instant_text(event.end)}"
        return f"{source} is asked for {sessions}, {safe(event.hours)} hours, {span}"
    bars = f"{counted(event.bars, 'bar')} of {sessions} in {counted(event.partitions, 'partition')}"
    if isinstance(event, FetchAborted):
        return f"fetch from {source} ended early, {bars} held: {safe(event.problem)}"
    none = event.confirmed_empty
    empty = f"; {counted(none, 'session')} confirmed empty" if none else ""
    joined = f"; {safe(event.joined)}" if event.joined else ""
    return f"fetched from {source}: {bars}{empty}{joined}"


def _imported(event: CsvImported) -> str:
    counts = {
        "skipped": event.bars_skipped,
        "replaced": event.bars_replaced,
        "removed": event.bars_removed,
    }
    # Early versions did not say how many were removed.
    told = [f"{count:,} {what}" for what, count in counts.items() if count is not None]
    settings = {
        "on conflict": event.on_conflict if any(counts.values()) else None,
        "dates": _DATE_ORDERS.get(event.date_order or "", event.date_order),
        "times that daylight saving repeats or skips": event.clock_change,
    }
    said = "".join(f"{name}: {safe(value)}; " for name, value in settings.items() if value)
    return (
        f"{safe(event.file)} imported: {event.rows:,} rows, {event.bars_written:,} bars written, "
        f"{', '.join(told)} ({said}sha256:{event.sha256[:16]})"
    )


def _stretch(one: Interval) -> str:
    return f"{instant_text(one.start)} to {instant_text(one.end)}"


def _calendar(event: VenueCalendarNamed, before: VenueCalendarNamed | None) -> str:
    was = (before.calendar if before else None) or "the usual one"
    return (
        f"{safe(event.venue)}: its trading calendar is {safe(event.calendar or 'the usual one')}; "
        f"before: {safe(was)}"
    )


def _registered(event: InstrumentRegistered, before: Instrument | None) -> str:
    now = event.instrument
    if before is None:
        return f"{now.id} defined for the first time: {', '.join(_definition(now))}"
    changes = [
        f"{name} {_value(was)} → {_value(value)}" for name, was, value in _differing(before, now)
    ]
    return f"{now.id} defined anew: {', '.join(changes) or 'nothing changed'}"


def _definition(instrument: Instrument) -> Iterator[str]:
    for name, value in attrs.asdict(instrument, recurse=False).items():
        if name != "id" and value is not None:
            yield f"{name.replace('_', ' ')} {_value(value)}"


def _differing(before: Instrument, now: Instrument) -> Iterator[tuple[str, object, object]]:
    for field in attrs.fields(Instrument):
        was, value = getattr(before, field.name), getattr(now, field.name)
        if was != value:
            yield field.name.replace("_", " "), was, value


def _value(value: object) -> str:
    if value is None:
        return "none"
    return safe(value.value if isinstance(value, InstrumentClass) else str(value))


def series_text(event: Event) -> str:
    """Return the series that the event is about, such as `AAPL.NASDAQ 1_MIN`."""
    series: Series | None = getattr(event, "series", None)
    return f"{series.instrument_id} {series.bar_type}" if series else ""


def _place(
    event: PartitionWritten | PartitionRemoved | PartitionMarkedCorrupt | PartitionRestored,
) -> str:
    return f"{series_text(event)} {event.partition}"


def bars_text(event: PartitionWritten, count: int) -> str:
    """Return how many bars were written, why, and where they came from."""
    return _WRITTEN[event.cause].format(bars=counted(count, "bar"), origin=_origin(event))


def _origin(one: PartitionWritten | RangeConfirmedEmpty | Standing) -> str:
    return safe(f"{one.source} {one.detail}")


def removal_text(event: PartitionRemoved) -> str:
    """Return what happened to a removed partition, and why where that says more."""
    return "removed" if event.reason == "removed" else f"removed ({safe(event.reason)})"
