"""`barledger import-csv`."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from domain.errors import BarledgerError
from domain.sizes import size_text
from entrypoints.cli import options
from entrypoints.cli.options import Invocation

if TYPE_CHECKING:
    from application.conflicts import OnConflict, Overlap
    from application.import_csv import CsvImportResult
    from domain.instrument import Series
    from entrypoints.cli.screen import Screen


@click.command("import-csv")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE…",
    type=click.Path(path_type=Path, readable=False),
)
@options.instrument(multiple=False, required=True)
@options.bar_type(None, "Found from the spacing of the stamps, if not named.")
@click.option("--timezone", metavar="ZONE", help="Zone of stamps that name none: America/New_York.")
@click.option(
    "--stamp",
    type=click.Choice(["open", "close"]),
    default="open",
    show_default=True,
    help="Whether a stamp is when its bar opens or closes.",
)
@click.option(
    "--on-conflict",
    type=click.Choice(["ask", "skip", "overwrite", "merge"]),
    default="ask",
    show_default=True,
    help="Where bars differ from held ones: keep those (skip), replace their days (overwrite), "
    "or take the file's bar by bar (merge).",
)
@click.option("--yes", is_flag=True, help="Let overwriting remove bars that the file lacks.")
@click.option("--dry-run", is_flag=True, help="Show what would happen, and write nothing.")
@options.common
def command(
    invocation: Invocation,
    files: tuple[Path, ...],
    instrument: str,
    **choices: Any,
) -> None:
    """Check every row of the CSV files and write their bars to the Parquet catalog.

    A file is taken whole or not at all. The header names timestamp, open, high, low, close
    and volume, in any order.

    \b
    Examples:
      barledger import-csv AAPL_2023.csv -i AAPL.NASDAQ --timezone America/New_York
      barledger import-csv more.csv -i AAPL.NASDAQ --timezone UTC --on-conflict merge
    """
    from application.instruments import resolve_new

    container, screen = invocation.wire(), invocation.screen
    instrument_id = resolve_new(instrument, container.catalog().availability())
    use_case = container.import_csv()
    ask = _asker(screen) if sys.stdin.isatty() and sys.stderr.isatty() else None
    document = functools.partial(_document, dry_run=choices["dry_run"])
    results: list[CsvImportResult] = []
    for file in files:
        try:
            result = use_case.run(_request(file, instrument_id, **choices), ask)
        except BarledgerError as error:
            if results:
                error.done = {"files": list(map(document, results))}
            raise
        results.append(result)
        if not screen.as_json:
            _show(screen, result, dry_run=choices["dry_run"])
    if screen.as_json:
        screen.show_json({"files": list(map(document, results)), "warnings": screen.warnings})


def _request(file: Path, instrument_id: Any, **choices: Any) -> Any:
    from application.conflicts import OnConflict
    from application.import_csv import CsvImport
    from domain.sessions import Stamp

    return CsvImport(
        path=file,
        instrument_id=instrument_id,
        bar_type=choices["bar_type"],
        time_zone=choices["timezone"],
        stamp=Stamp(choices["stamp"]),
        on_conflict=OnConflict(choices["on_conflict"]),
        bars_may_vanish=choices["yes"],
        dry_run=choices["dry_run"],
    )


def _asker(screen: Screen) -> Any:
    def ask(series: Series, overlap: Overlap) -> OnConflict:
        from application.conflicts import OnConflict

        screen.err.print(
            f"{series}: {overlap.different} bars differ from held ones, {overlap.identical} are "
            f"the same, {overlap.new} are new.\n"
            f"  skip       keeps the held bars and adds the {overlap.new} new ones\n"
            f"  overwrite  replaces the file's days; {overlap.vanishing} held bars vanish\n"
            f"  merge      takes the file's {overlap.different} bars and keeps all others",
            markup=False,
        )
        choice = click.prompt("Which", type=click.Choice(["skip", "overwrite", "merge"]), err=True)
        return OnConflict(choice)

    return ask


def _show(screen: Screen, result: CsvImportResult, *, dry_run: bool) -> None:
    found = " (found from the spacing)" if result.bar_type_inferred else ""
    screen.show_text(
        f"{result.file}: {result.rows:,} rows, {result.series}{found}, "
        f"{result.start} to {result.end}"
    )
    if result.series.bar_type.is_intraday:
        screen.show_text(f"  stamps are read as the {result.stamp.value} of a bar")
    verb = "would be written" if dry_run else "written"
    screen.show_text(
        f"  {result.bars_written:,} bars {verb} in {result.partitions} "
        f"partition{'' if result.partitions == 1 else 's'}, {result.bars_skipped:,} skipped, "
        f"{result.bars_replaced:,} replaced"
    )
    if dry_run:
        screen.show_text(f"  about {size_text(result.space.size)} of disk space would be taken")


def _document(result: CsvImportResult, *, dry_run: bool) -> dict[str, Any]:
    estimate = {"bytes_estimated": result.space.size} if dry_run else {}
    return {
        "file": result.file,
        "instrument_id": str(result.series.instrument_id),
        "bar_type": str(result.series.bar_type),
        "rows": result.rows,
        "bars_written": result.bars_written,
        "bars_skipped": result.bars_skipped,
        "bars_replaced": result.bars_replaced,
        "partitions": result.partitions,
        "start": result.start.isoformat(),
        "end": result.end.isoformat(),
        **estimate,
    }
