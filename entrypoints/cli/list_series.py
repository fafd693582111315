"""`barledger list`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from entrypoints.cli import options
from entrypoints.cli.options import Invocation

if TYPE_CHECKING:
    from application.list_series import SeriesRow
    from domain.bar_type import BarType
    from entrypoints.cli.screen import Justify


@click.command("list")
@options.instrument(multiple=True, required=False)
@options.bar_type(None, "All that is held, if not named.")
@options.common
def command(invocation: Invocation, instruments: tuple[str, ...], bar_type: BarType | None) -> None:
    """List every series: range, trading days, bars, size, sources and last update.

    Dates are by the venue's clock, the last update is UTC.
    """
    rows = invocation.wire().list_series().run(instruments, bar_type)
    screen = invocation.screen
    if screen.as_json:
        screen.show_json({"series": [_document(row) for row in rows]})
    elif not rows:
        screen.show_text("The Parquet catalog holds nothing.")
        screen.show_text("Import some bars: barledger import-csv FILE -i SYMBOL.VENUE")
    else:
        screen.show_table(_COLUMNS, [_cells(row) for row in rows])


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


def size_text(size: int) -> str:
    """Return a number of bytes in the unit that fits."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
