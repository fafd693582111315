"""`barledger list`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from domain.sizes import size_text
from entrypoints.cli import options
from entrypoints.cli.options import Invocation

if TYPE_CHECKING:
    from application.list_series import SeriesRow
    from domain.as_of import AsOf
    from domain.bar_type import BarType
    from entrypoints.cli.screen import Screen
    from entrypoints.cli.tables import Justify


@click.command("list")
@options.instrument(multiple=True, required=False)
@options.bar_type(None, "All that is held, if not named.")
@options.as_of
@options.common
def command(
    invocation: Invocation,
    instruments: tuple[str, ...],
    bar_type: BarType | None,
    as_of: AsOf | None,
) -> None:
    """List every series: range, trading days, bars, size, sources and last update.

    Dates are by the venue's clock, the last update is UTC. Sessions of the venue's calendar are
    judged as by `barledger check`, which says what those lack that are not complete.

    JSON: series, each with the keys of `barledger check` and bytes, updated and sources.
    """
    from entrypoints.cli.check_documents import damage_text

    screen = invocation.screen
    found = invocation.wire().list_series().run(instruments, bar_type, as_of)
    for row in found.rows:
        if row.check.damaged:
            screen.warn(damage_text(row.check))
    if found.past:
        screen.tell(str(found.past))
    if screen.as_json:
        screen.show_json({"series": [_document(row) for row in found.rows]})
    elif not found.rows:
        _show_nothing(screen, as_of)
    else:
        screen.show_table(_COLUMNS, [_cells(row) for row in found.rows])


def _show_nothing(screen: Screen, as_of: AsOf | None) -> None:
    if as_of:
        screen.show_text("The Parquet catalog held nothing then; see: barledger ledger log")
        return
    screen.show_text("The Parquet catalog holds nothing.")
    screen.show_text("Import some bars: barledger import-csv FILE -i SYMBOL.VENUE")
    screen.show_text("or fetch them: barledger fetch -i SYMBOL.VENUE --start DATE --end DATE")


_COLUMNS: list[tuple[str, Justify]] = [
    ("Instrument", "left"),
    ("Bars of", "left"),
    ("From", "left"),
    ("To", "left"),
    ("Trading days", "right"),
    ("Complete sessions", "right"),
    ("Bars", "right"),
    ("Size", "right"),
    ("Source", "left"),
    ("Updated (UTC)", "left"),
]


def _cells(row: SeriesRow) -> list[str]:
    check = row.check
    start, end = check.available or ("-", "-")
    return [
        str(check.series.instrument_id),
        str(check.series.bar_type),
        str(start),
        str(end),
        f"{len(check.held.dates):,}",
        _complete(row),
        f"{check.held.bars:,}",
        size_text(row.size),
        ", ".join(row.sources),
        f"{_instant(row.updated):%Y-%m-%d %H:%M:%S}",
    ]


def _complete(row: SeriesRow) -> str:
    """Return how many of the sessions from the first bar to the last are complete."""
    from domain.gaps import Status

    check = row.check
    return f"{check.sessions.get(Status.COMPLETE, 0):,} of {len(check.judged):,}"


def _document(row: SeriesRow) -> dict[str, Any]:
    from entrypoints.cli.check_documents import series_document

    return {
        **series_document(row.check),
        "bytes": row.size,
        "updated": _instant(row.updated).isoformat(),
        "sources": list(row.sources),
    }


def _instant(nanoseconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(nanoseconds // 1_000_000_000, dt.UTC)
