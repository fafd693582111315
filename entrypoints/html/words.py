"""What a picture says of a session: its hours, what it lacks, and what happened to it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from domain.events import (
    Event,
    HistoryStartFound,
    PartitionMarkedCorrupt,
    PartitionRemoved,
    PartitionWritten,
    RangeConfirmedEmpty,
    Recorded,
    WriteCause,
)
from domain.gaps import Judged, Status
from domain.sessions import Session, instant_text
from entrypoints.cli.event_texts import removal_text
from entrypoints.cli.stretch_texts import clock_text
from entrypoints.cli.wording import safe

if TYPE_CHECKING:
    from application.session_details import SessionDetail

_WRITTEN = {
    WriteCause.BARS: "written",
    WriteCause.PRECISION: "written again with more decimals",
    WriteCause.REMOVAL: "written again without bars that were removed",
    WriteCause.RESTORED: "restored",
    WriteCause.RECOVERED: "taken in from a file that the ledger did not know",
}
_MOST_HOLES = 6


def second(stamp: int) -> str:
    """Return the instant `stamp` (UTC nanoseconds) to the second, as people read it."""
    return instant_text(stamp // 10**9 * 10**9).replace("T", " ").replace("Z", " UTC")


def hours_text(session: Session, zone: dt.tzinfo) -> str:
    """Return a session's hours by the clock of `zone`, such as `09:30 to 16:00`.

    It names no date, so that most sessions of a market read alike.
    """
    return f"{_clock(session.open, session, zone)} to {_clock(session.close, session, zone)}"


def _clock(stamp: int, session: Session, zone: dt.tzinfo) -> str:
    at = dt.datetime.fromtimestamp(stamp // 10**9, zone)
    days = (at.date() - session.date).days
    if not days:
        return f"{at:%H:%M}"
    count = "the day" if abs(days) == 1 else f"{abs(days)} days"
    return f"{at:%H:%M} {count} {'after' if days > 0 else 'before'}"


def lacking_text(one: Judged, zone: dt.tzinfo) -> str:
    """Return what a session lacks, by the clock of `zone`; nothing where it is all or none."""
    if one.status not in (Status.PARTIAL, Status.CORRUPT):
        return ""
    holes = [clock_text(hole, one, zone) for hole in one.holes]
    more = f" and {len(holes) - _MOST_HOLES} more" if len(holes) > _MOST_HOLES else ""
    return ", ".join(holes[:_MOST_HOLES]) + more


def source_text(one: SessionDetail) -> str:
    """Return where a session's bars came from."""
    return "; ".join(safe(f"{source} {detail}".strip()) for source, detail in one.sources)


def problem_text(one: SessionDetail) -> str:
    """Return what is wrong with a file of the session that the ledger still takes for sound."""
    return "" if one.problem is None else safe(f"a file of it: {one.problem}")


def event_text(recorded: Recorded | None) -> str:
    """Return what an event did to a session; nothing where there was none."""
    return "" if recorded is None else _did(recorded.event)


def _did(event: Event) -> str:
    if isinstance(event, PartitionWritten):
        return _WRITTEN[event.cause]
    if isinstance(event, PartitionRemoved):
        return removal_text(event)
    if isinstance(event, PartitionMarkedCorrupt):
        return f"marked corrupt: {safe(event.problem)}"
    if isinstance(event, RangeConfirmedEmpty):
        return f"confirmed empty by {safe(f'{event.source} {event.detail}')}"
    if isinstance(event, HistoryStartFound):
        return f"the history of {safe(event.source)} begins {second(event.start)}"
    return type(event).__name__


def origin_text(recorded: Recorded | None) -> str:
    """Return when an event was recorded, by whom, and with which command."""
    if recorded is None:
        return ""
    origin = recorded.origin
    who = safe(f"{origin.user}@{origin.host}, {origin.command}")
    return f"{second(recorded.recorded_at)}, {who}"
