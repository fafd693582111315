"""`barledger venue show`, `set` and `unset`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from entrypoints.cli import options
from entrypoints.cli.options import Invocation

if TYPE_CHECKING:
    from application.venue_calendars import VenueRow
    from entrypoints.cli.tables import Justify


@click.group("venue")
def command() -> None:
    """Show or set which trading calendar a venue keeps."""


@command.command("show")
@click.argument("venues", nargs=-1, metavar="[VENUE]...")
@options.common
def show(invocation: Invocation, venues: tuple[str, ...]) -> None:
    """Show the calendars by which sessions are judged.

    Without a VENUE all are shown that the Parquet catalog knows. A calendar of an instrument's
    own, set with `barledger instrument set --calendar`, comes before its venue's; such
    instruments are counted.

    JSON: venues, each with venue, named (by `set`, or null), calendars, instruments and
    own_calendars (numbers), and time_zone (null where it is not known).
    """
    rows = invocation.wire().venue_calendars().rows(venues)
    screen = invocation.screen
    if screen.as_json:
        screen.show_json({"venues": [_document(row) for row in rows]})
    elif rows:
        screen.show_table(_COLUMNS, [_cells(row) for row in rows])
    else:
        screen.show_text("The Parquet catalog knows no venue yet.")


@command.command("set")
@click.argument("venue")
@click.option("--calendar", required=True, metavar="NAME", help="Such as NYSE, XSWX, FX or 24/7.")
@options.common
def set_(invocation: Invocation, venue: str, calendar: str) -> None:
    """Judge the sessions of VENUE by the trading calendar NAME, from now on.

    \b
    Example:
      barledger venue set SIX --calendar SIX

    Bars of a day and longer that are held keep the stamps that they got from the calendar
    before; import them again where the close differs.
    """
    _name(invocation, venue, calendar)


@command.command("unset")
@click.argument("venue")
@options.common
def unset(invocation: Invocation, venue: str) -> None:
    """Judge the sessions of VENUE by its usual calendar again."""
    _name(invocation, venue, None)


def _name(invocation: Invocation, venue: str, calendar: str | None) -> None:
    use_case, screen = invocation.wire().venue_calendars(), invocation.screen
    changed = use_case.name(venue, calendar)
    (row,) = use_case.rows([venue])
    if row.time_zone is None and calendar is not None:
        screen.tell(f"The clock of {venue} is not known: its dates are told by UTC's.")
    if screen.as_json:
        screen.show_json({"venues": [_document(row)], "changed": changed})
        return
    now = " and ".join(row.calendars)
    already = "" if changed else " already, and nothing was changed"
    screen.show_text(f"{venue}: sessions are those of the calendar {now}{already}.")


_COLUMNS: list[tuple[str, Justify]] = [
    ("Venue", "left"),
    ("Calendar", "left"),
    ("Named by you", "left"),
    ("Instruments", "right"),
    ("With their own", "right"),
]


def _cells(row: VenueRow) -> list[str]:
    named = "yes" if row.named else "no"
    counts = [f"{row.instruments:,}", f"{row.own:,}"]
    return [row.venue, "; ".join(row.calendars), named, *counts]


def _document(row: VenueRow) -> dict[str, Any]:
    return {
        "venue": row.venue,
        "named": row.named,
        "calendars": list(row.calendars),
        "instruments": row.instruments,
        "own_calendars": row.own,
        "time_zone": row.time_zone,
    }
