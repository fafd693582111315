"""`barledger restore`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from entrypoints.cli import confirmation, options
from entrypoints.cli.options import Invocation
from entrypoints.cli.wording import counted, dates_text

if TYPE_CHECKING:
    from application.series_restoration import SeriesRestoration
    from domain.as_of import AsOf
    from domain.bar_type import BarType
    from entrypoints.cli.screen import Screen


@click.command("restore")
@options.instrument(multiple=True, required=True)
@options.bar_type(None, "All that is or was held, if not named.")
@options.window
@click.option(
    "--as-of",
    required=True,
    callback=options.parse_as_of,
    metavar="SEQ|TIME",
    help="Bring back what was held after this event, or at this instant.",
)
@confirmation.dry_run
@confirmation.yes
@options.common
def command(
    invocation: Invocation,
    instruments: tuple[str, ...],
    bar_type: BarType | None,
    start: str | None,
    end: str | None,
    as_of: AsOf,
    *,
    dry_run: bool,
    yes: bool,
) -> None:
    """Bring back what the Parquet catalog held at an earlier event or time.

    Days that held nothing then are taken out. What is there now stays in the history, and can
    be brought back in the same way. `barledger ledger log` lists the events.

    \b
    Examples:
      barledger restore -i AAPL.NASDAQ --as-of 12
      barledger restore -i AAPL.NASDAQ --as-of 2024-02-01T12:00:00Z --start 2024-01-02

    \b
    JSON: dry_run, warnings, and series, each with instrument_id, bar_type, as_of, start, end,
    days, bars (that come back), bars_gone (that were not there then), partitions (written),
    partitions_removed, undo_as_of (the event to restore from to undo it; null if none).
    """
    from application.restore_bars import BarsToRestore

    window = options.parse_window(start, end)
    request = BarsToRestore(instruments, as_of, bar_type, window, dry_run)
    screen, use_case = invocation.screen, invocation.wire().restore_bars()
    found = use_case.plan(request)
    if not dry_run and any(found):
        if not yes:
            lines = [_line(one) for one in found]
            confirmation.confirm(screen, lines, "Restore this?", "Nothing was restored.")
        found = confirmation.carry_out_each(
            found, lambda one: use_case.carry_out(one, request, exactly=not yes), _document
        )
    if screen.as_json:
        documents = [_document(one) for one in found]
        screen.show_json({"dry_run": dry_run, "series": documents, "warnings": screen.warnings})
    else:
        _show(screen, found, dry_run=dry_run)


def _show(screen: Screen, found: list[SeriesRestoration], *, dry_run: bool) -> None:
    if any(found):
        screen.show_text("Would be restored:" if dry_run else "Restored:")
    for one in found:
        screen.show_text(f"  {_line(one)}" if any(found) else _line(one))
    undo = {one.before for one in found if one.before is not None}
    if undo:
        screen.show_text(f"To undo it, restore again with --as-of {min(undo)}.")


def _line(one: SeriesRestoration) -> str:
    parts = []
    if one.written:
        bars = counted(one.bars, "bar")
        parts.append(f"{bars} in {counted(len(one.written), 'partition')} as they were")
    if one.bars_gone:
        parts.append(f"{counted(one.bars_gone, 'bar')} out that were not there then")
    if one.removed:
        parts.append(f"{counted(len(one.removed), 'partition')} removed that held nothing then")
    if not parts:
        return f"{one.series}: nothing differs from what was held after event {one.as_of}"
    when = f" ({dates_text(one.dates)})" if one.dates else ""
    return f"{one.series}, as after event {one.as_of}{when}: {', '.join(parts)}"


def _document(one: SeriesRestoration) -> dict[str, Any]:
    return {
        "instrument_id": str(one.series.instrument_id),
        "bar_type": str(one.series.bar_type),
        "as_of": one.as_of,
        "start": str(one.dates[0]) if one.dates else None,
        "end": str(one.dates[-1]) if one.dates else None,
        "days": len(one.dates),
        "bars": one.bars,
        "bars_gone": one.bars_gone,
        "partitions": len(one.written),
        "partitions_removed": len(one.removed),
        "undo_as_of": one.before,
    }
