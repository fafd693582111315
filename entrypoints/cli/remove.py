"""`barledger remove`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from entrypoints.cli import confirmation, options
from entrypoints.cli.options import Invocation
from entrypoints.cli.wording import counted, dates_text

if TYPE_CHECKING:
    from application.remove_bars import BarsToRemove, SeriesRemoval
    from domain.bar_type import BarType
    from entrypoints.cli.screen import Screen


@click.command("remove")
@options.instrument(multiple=True, required=True)
@options.bar_type(None, "All that is held, if not named.")
@options.window
@confirmation.dry_run
@confirmation.yes
@options.common
def command(
    invocation: Invocation,
    instruments: tuple[str, ...],
    bar_type: BarType | None,
    start: str | None,
    end: str | None,
    *,
    dry_run: bool,
    yes: bool,
) -> None:
    """Take days or a series out of the Parquet catalog.

    Dates are by the venue's clock. What was there stays in the history, and `barledger restore`
    brings it back until `barledger gc` empties that.

    \b
    Examples:
      barledger remove -i AAPL.NASDAQ --start 2024-01-02 --end 2024-01-05
      barledger remove -i AAPL.NASDAQ --bar-type 1_DAY --yes

    \b
    JSON: dry_run, warnings, and series, each with instrument_id, bar_type, start, end, days,
    bars, partitions (removed whole), partitions_cut (the rest of their bars stays),
    partitions_damaged (were known as damaged), as_of (the event to restore from; null if none).
    """
    from application.remove_bars import BarsToRemove

    window = options.parse_window(start, end)
    request = BarsToRemove(instruments, bar_type, window, dry_run)
    screen, use_case = invocation.screen, invocation.wire().remove_bars()
    found = use_case.plan(request)
    if not dry_run:
        if not yes:
            lines = [_line(one) for one in found]
            confirmation.confirm(screen, lines, "Remove these bars?", "Nothing was removed.")
        found = confirmation.carry_out_each(
            found, lambda one: use_case.carry_out(one, request, exactly=not yes), _document
        )
    if screen.as_json:
        documents = [_document(one) for one in found]
        screen.show_json({"dry_run": dry_run, "series": documents, "warnings": screen.warnings})
    else:
        _show(screen, found, request, start, end)


def _show(
    screen: Screen,
    found: list[SeriesRemoval],
    request: BarsToRemove,
    start: str | None,
    end: str | None,
) -> None:
    screen.show_text("Would be removed:" if request.dry_run else "Removed:")
    for one in found:
        screen.show_text(f"  {_line(one)}")
    if request.dry_run:
        return
    screen.show_text("The files lie in the history now. To bring the bars back:")
    for one in found:
        if one.as_of is not None:
            screen.show_text(f"  {_restore_command(one, start, end)}")


def _restore_command(one: SeriesRemoval, start: str | None, end: str | None) -> str:
    words = ["barledger", "restore", "-i", str(one.series.instrument_id)]
    words += ["--bar-type", str(one.series.bar_type)]
    for name, value in (("--start", start), ("--end", end)):
        words += [name, value] if value else []
    return shlex.join([*words, "--as-of", str(one.as_of)])


def _line(one: SeriesRemoval) -> str:
    parts = []
    if one.dates:
        bars, days = counted(one.bars, "bar"), counted(len(one.dates), "day")
        parts.append(f"{bars} of {days} ({dates_text(one.dates)})")
    if one.whole:
        parts.append(f"{counted(len(one.whole), 'partition')} removed")
    if one.cut:
        parts.append(f"{counted(len(one.cut), 'partition')} cut, the rest stays")
    if one.damaged:
        parts.append(f"{counted(len(one.damaged), 'damaged partition')} forgotten")
    return f"{one.series}: {', '.join(parts) or 'nothing any more'}"


def _document(one: SeriesRemoval) -> dict[str, Any]:
    return {
        "instrument_id": str(one.series.instrument_id),
        "bar_type": str(one.series.bar_type),
        "start": str(one.dates[0]) if one.dates else None,
        "end": str(one.dates[-1]) if one.dates else None,
        "days": len(one.dates),
        "bars": one.bars,
        "partitions": len(one.whole),
        "partitions_cut": len(one.cut),
        "partitions_damaged": len(one.damaged),
        "as_of": one.as_of,
    }
