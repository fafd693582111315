"""`barledger ledger log` and `show`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from entrypoints.cli import options
from entrypoints.cli.options import Invocation
from entrypoints.cli.wording import safe

if TYPE_CHECKING:
    from application.audit import AuditQuery
    from application.event_runs import Run
    from domain.events import Event, Recorded
    from domain.history import Revision
    from domain.standing import Entry
    from domain.window import Bound
    from entrypoints.cli.screen import Screen

_SHOWN = 50


def _types(
    context: click.Context, parameter: click.Parameter, names: tuple[str, ...]
) -> tuple[type[Event], ...]:
    del context, parameter
    from application.audit import EVENT_TYPES
    from domain.errors import UsageError

    known = {name.lower(): kind for name, kind in EVENT_TYPES.items()}
    for name in names:
        if name.lower() not in known:
            raise UsageError(
                f"There is no event of the type {name!r}.",
                f"Name one of: {', '.join(sorted(EVENT_TYPES))}.",
            )
    return tuple(known[name.lower()] for name in names)


def _day(context: click.Context, parameter: click.Parameter, text: str | None) -> dt.date | None:
    del context, parameter
    from domain.errors import InvalidWindowError

    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidWindowError(
            f"--day {text!r} is not a date.", "Write one such as 2024-01-31."
        ) from None


def _bound(context: click.Context, parameter: click.Parameter, text: str | None) -> Bound | None:
    del context, parameter
    from domain.window import parse_bound

    return parse_bound(text) if text else None


@click.command("log", short_help="Show who changed what and when, and what stood before.")
@options.instrument(multiple=True, required=False)
@options.bar_type(None, "All, if not named.")
@click.option("--day", callback=_day, metavar="DATE", help="A trading date by the venue's clock.")
@click.option(
    "--type", "types", multiple=True, callback=_types, metavar="EVENT", help="Such as CsvImported."
)
@click.option(
    "--since",
    callback=_bound,
    metavar="WHEN",
    help="Recorded on this UTC day or later, or an instant with a zone.",
)
@click.option(
    "--until",
    callback=_bound,
    metavar="WHEN",
    help="Recorded on this UTC day or before, or an instant with a zone.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    help=f"Show the last N entries. [default: {_SHOWN}; with --json: all]",
)
@click.option("--all", "each", is_flag=True, help="Show each event, not a command's as one entry.")
@options.common
def log(invocation: Invocation, *, limit: int | None, each: bool, **choices: Any) -> None:
    """Show what changed the Parquet catalog, newest last: when, by whom, from which file.

    Every entry says what stood there before. What a command did at once is one entry; with
    --all, and in JSON, each event is.

    \b
    Examples:
      barledger ledger log -i AAPL.NASDAQ --day 2024-01-02
      barledger ledger log --type PartitionRemoved --since 2024-03-01

    JSON: earlier (how many events that fit are left out by --limit), and events, each with seq,
    event_id, type, recorded_at, user, host, command, correlation_id, what (a sentence), fields
    (all of the event's own), and before (what stood there, or null).
    """
    audit, screen, query = invocation.wire().audit_log(), invocation.screen, _query(**choices)
    if screen.as_json:
        from entrypoints.cli.event_documents import document

        found = audit.events(query, limit)
        events = [document(entry) for entry in found.entries]
        screen.show_json({"events": events, "earlier": found.earlier})
    elif each:
        found = audit.events(query, limit or _SHOWN)
        _show(screen, [_entry_lines(entry) for entry in found.entries], found.earlier)
    else:
        summed = audit.runs(query, limit or _SHOWN)
        _show(screen, [_run_lines(run) for run in summed.entries], summed.earlier)


def _query(**choices: Any) -> AuditQuery:
    from application.audit import AuditQuery
    from domain.errors import InvalidWindowError
    from domain.window import clamped

    since, until = _instant(choices["since"], last=False), _instant(choices["until"], last=True)
    if since is not None and until is not None and until <= since:
        raise InvalidWindowError(
            f"--until {choices['until']} lies before --since {choices['since']}.",
            "Swap them, or name a later --until.",
        )
    return AuditQuery(
        instruments=choices["instruments"],
        bar_type=choices["bar_type"],
        day=choices["day"],
        types=choices["types"],
        since=None if since is None else clamped(since),
        until=None if until is None else clamped(until),
    )


def _instant(bound: Bound | None, *, last: bool) -> int | None:
    """Return where a UTC day or an instant begins, or where the time after it does."""
    from domain.sessions import NANOSECONDS_IN_DAY, midnight_utc
    from domain.window import nanoseconds

    if bound is None:
        return None
    if isinstance(bound, dt.datetime):
        return nanoseconds(bound) + last
    return midnight_utc(bound) + NANOSECONDS_IN_DAY * last


def _show(screen: Screen, entries: list[list[str]], earlier: int) -> None:
    if earlier:
        verb = "event is" if earlier == 1 else "events are"
        screen.show_text(f"{earlier:,} earlier {verb} not shown; --limit N shows more.")
    for lines in entries:
        for line in lines:
            screen.show_text(line)
    if not entries:
        screen.show_text("The ledger has no such event.")


def _heading(first: Recorded, last_seq: int, events: int = 1) -> str:
    # Where not all of a run fits what was asked for, its numbers are no range.
    between = "-" if events == last_seq - first.seq + 1 else "…"
    numbers = f"{first.seq}" if events == 1 else f"{first.seq}{between}{last_seq}"
    origin = first.origin
    who = safe(f"{origin.user}@{origin.host}  {origin.command}")
    return f"{numbers}  {_time(first.recorded_at)}  {who}"


def _time(stamp: int) -> str:
    """Return a time to the second; the ledger's own has more digits than anyone reads."""
    from domain.sessions import instant_text

    return instant_text(stamp // 10**9 * 10**9)


def _entry_lines(entry: Entry) -> list[str]:
    from entrypoints.cli.event_texts import sentence

    return [_heading(entry.recorded, entry.recorded.seq), f"    {sentence(entry)}"]


def _run_lines(run: Run) -> list[str]:
    from entrypoints.cli.run_texts import summary

    told = (summary(tally) for tally in run.tallies.values())
    return [_heading(run.first, run.last_seq, run.events), *(f"    {one}" for one in told)]


@click.command("show", short_help="Show one event whole.")
@click.argument("seq", type=click.IntRange(1))
@options.common
def show(invocation: Invocation, seq: int) -> None:
    """Show the event SEQ whole, what stood there before, and what became of it since.

    JSON: as one of the events of `ledger log`, and since: the events by which its revision was
    superseded, removed, marked corrupt or deleted.
    """
    from entrypoints.cli.event_documents import document, plain

    entry, revision = invocation.wire().audit_log().show(seq)
    screen, since = invocation.screen, _since(revision)
    if screen.as_json:
        screen.show_json({**document(entry), "since": since})
        return
    for line in _entry_lines(entry):
        screen.show_text(line)
    rows = {
        "type": type(entry.recorded.event).__name__,
        "event id": entry.recorded.event_id,
        "run": entry.recorded.origin.correlation_id,
        **plain(entry.recorded.event),
    }
    for name, value in rows.items():
        screen.show_text(f"    {name.replace('_', ' '):<16} {_text(value)}")
    for what, at in since.items():
        screen.show_text(f"    {what:<16} at event {at}")


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
