"""`barledger ledger log`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from entrypoints.cli import options
from entrypoints.cli.entry_lines import entry_lines, run_lines
from entrypoints.cli.options import Invocation

if TYPE_CHECKING:
    from application.audit import AuditQuery
    from application.event_runs import Run
    from domain.events import Event
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
      barledger ledger log --type FetchCompleted --type FetchAborted

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
        from application.event_runs import runs

        found = audit.events(query, limit or _SHOWN)
        _show(screen, [entry_lines(entry) for entry in found.entries], found.earlier)
        _lead_to_bars(screen, runs(found.entries))
    else:
        summed = audit.runs(query, limit or _SHOWN)
        _show(screen, [run_lines(run) for run in summed.entries], summed.earlier)
        _lead_to_bars(screen, summed.entries)


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


def _lead_to_bars(screen: Screen, shown: Iterable[Run]) -> None:
    """Say once, of the last run that changed held bars, how to see which."""
    from entrypoints.cli.run_texts import bars_changed_at

    seq = max((bars_changed_at(run) for run in shown), default=0)
    if seq:
        screen.tell(f"To see which bars were changed: barledger ledger show {seq} --bars")
