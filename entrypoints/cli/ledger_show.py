"""`barledger ledger show`."""

from __future__ import annotations

import contextlib
import sys
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import click

from entrypoints.cli import options
from entrypoints.cli.entry_lines import entry_lines
from entrypoints.cli.options import Invocation
from entrypoints.cli.wording import safe

if TYPE_CHECKING:
    from application.bar_changes import BarChanges
    from domain.history import Revision
    from domain.ports import ProgressTask
    from domain.standing import Entry
    from entrypoints.cli.screen import Screen

# A field of an earlier version that did not have it is not one that has no value.
_NOT_RECORDED = ("bars_removed",)


@click.command("show", short_help="Show one event whole, and the bars that it changed.")
@click.argument("seq", type=click.IntRange(1))
@click.option(
    "--bars", "with_bars", is_flag=True, help="Show which bars it replaced or removed, old and new."
)
@options.common
def show(invocation: Invocation, seq: int, *, with_bars: bool) -> int:
    """Show the event SEQ whole, what stood there before, and what became of it since.

    With --bars, what the event wrote is compared with what stood there before, bar by bar: for
    PartitionWritten, PartitionRemoved, and CsvImported, which stands for all partitions that the
    import wrote. Of replaced and removed bars the first are shown, as they were and as they are
    now ("=" where a value stayed), of others the number. Where an old revision was deleted by gc
    or is damaged, its partition cannot be compared: that is said, and the exit code is 1.

    \b
    Examples:
      barledger ledger show 12
      barledger ledger show 12 --bars

    JSON: as one of the events of `ledger log`, and since: the events by which its revision was
    superseded, removed, marked corrupt or deleted. With --bars also bars: added and unchanged
    (numbers), replaced and removed (all of them, each with ts_open, partition, event, before and,
    if it was replaced, after: both with revision, event, ts_open, ts_event, open, high, low,
    close and volume), and not_compared (partition, event, code, message, recovery).
    """
    container = invocation.wire()
    entry, revision = container.audit_log().show(seq)
    changes = container.trace_bars().run(entry.recorded) if with_bars else None
    if invocation.screen.as_json:
        _show_json(invocation.screen, entry, revision, changes)
    else:
        _show_text(invocation.screen, entry, revision, changes)
    failures = changes.not_compared if changes else ()
    return max((one.error.exit_code for one in failures), default=0)


def _show_json(
    screen: Screen, entry: Entry, revision: Revision | None, changes: BarChanges | None
) -> None:
    from entrypoints.cli.event_documents import document

    shown = {**document(entry), "since": _since(revision)}
    if changes is None:
        screen.show_json(shown)
        return
    from entrypoints.cli.bar_change_documents import bars_document

    with _listing(screen, len(changes.changed)) as task:
        screen.show_json({**shown, "bars": bars_document(changes, task)})


def _listing(screen: Screen, bars: int) -> AbstractContextManager[ProgressTask]:
    """Show how far the list is, but not in the midst of it where it goes to a terminal."""
    from entrypoints.cli.progress import Silent

    if sys.stdout.isatty() or not bars:
        return contextlib.nullcontext(Silent())
    return screen.track("Listing bars", bars)


def _show_text(
    screen: Screen, entry: Entry, revision: Revision | None, changes: BarChanges | None
) -> None:
    from entrypoints.cli.event_documents import plain

    for line in entry_lines(entry):
        screen.show_text(line)
    rows = {
        "type": type(entry.recorded.event).__name__,
        "event id": entry.recorded.event_id,
        "run": entry.recorded.origin.correlation_id,
        **plain(entry.recorded.event),
    }
    for name, value in rows.items():
        known = value is not None or name not in _NOT_RECORDED
        text = _text(value) if known else "not recorded"
        screen.show_text(f"    {name.replace('_', ' '):<16} {text}")
    for what, at in _since(revision).items():
        screen.show_text(f"    {what:<16} at event {at}")
    if changes:
        from entrypoints.cli.bar_change_texts import show_bars

        show_bars(screen, changes)


def _since(revision: Revision | None) -> dict[str, int]:
    """Return the events that ended, damaged or deleted the revision, by what they did."""
    from domain.events import PartitionRemoved

    if revision is None:
        return {}
    removed = revision.ended and isinstance(revision.ended.event, PartitionRemoved)
    events = {
        "removed" if removed else "superseded": revision.ended,
        "marked corrupt": revision.corrupted,
        "deleted": revision.discarded,
    }
    return {what: one.seq for what, one in events.items() if one}


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_text(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(
            " to ".join(map(str, one)) if isinstance(one, list) else str(one) for one in value
        )
    return "none" if value is None else safe(str(value))
