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
    from entrypoints.cli.screen import Justify, Screen
    from entrypoints.container import Container


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

    Dates are by the venue's clock, the last update is UTC.
    """
    container, screen = invocation.wire(), invocation.screen
    rows = container.list_series().run(instruments, bar_type, as_of)
    if as_of:
        _tell_past(container, screen, as_of)
    if screen.as_json:
        screen.show_json({"series": [_document(row) for row in rows]})
    elif not rows:
        _show_nothing(screen, as_of)
    else:
        screen.show_table(_COLUMNS, [_cells(row) for row in rows])


def _tell_past(container: Container, screen: Screen, as_of: AsOf) -> None:
    from application.past import past_of

    catalog = container.catalog()
    screen.tell(str(past_of(as_of, catalog.availability(as_of), catalog, screen)))


def _show_nothing(screen: Screen, as_of: AsOf | None) -> None:
    if as_of:
        screen.show_text("The Parquet catalog held nothing then; see: barledger ledger log")
        return
    screen.show_text("The Parquet catalog holds nothing.")
    screen.show_text("Import some bars: barledger import-csv FILE -i SYMBOL.VENUE")


_COLUMNS: list[tuple[str, Justify]] = [
    ("Instrument", "left"),
    ("Bars of", "left"),
    ("From", "left"),
    ("To", "left"),
    ("Trading days", "right"),
    ("Bars", "right"),
    ("Size", "right"),
    ("Source", "left"),
    ("Updated (UTC)", "left"),
]


def _cells(row: SeriesRow) -> list[str]:
    return [
        str(row.series.instrument_id),
        str(row.series.bar_type),
        str(row.start),
        str(row.end),
        f"{row.trading_days:,}",
        f"{row.bars:,}",
        size_text(row.size),
        ", ".join(row.sources),
        f"{_instant(row.updated):%Y-%m-%d %H:%M:%S}",
    ]


def _document(row: SeriesRow) -> dict[str, Any]:
    return {
        "instrument_id": str(row.series.instrument_id),
        "bar_type": str(row.series.bar_type),
        "start": str(row.start),
        "end": str(row.end),
        "trading_days": row.trading_days,
        "bars": row.bars,
        "bytes": row.size,
        "updated": _instant(row.updated).isoformat(),
        "sources": list(row.sources),
    }


def _instant(nanoseconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(nanoseconds // 1_000_000_000, dt.UTC)
