"""`barledger import-csv`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from domain.errors import BarledgerError, RowsRefusedError, TimeZoneNeededError
from entrypoints.cli import options
from entrypoints.cli.import_files import files_named
from entrypoints.cli.options import Invocation
from entrypoints.cli.refused_rows import check_problems_file, keep_problems
from entrypoints.cli.wording import safe

if TYPE_CHECKING:
    from application.csv_import import CsvImport
    from domain.bar_files import BarFile, FileLayout
    from domain.instrument import InstrumentId


@click.command("import-csv")
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(allow_dash=True))
@options.instrument(multiple=False, required=True)
@options.bar_type(None, "Found from the spacing of the stamps, if not named.")
@click.option("--timezone", metavar="ZONE", help="Zone of stamps that name none: America/New_York.")
@click.option(
    "--dst",
    type=click.Choice(["earlier", "later"]),
    help="Which instant is meant where daylight saving repeats or skips an hour.",
)
@click.option(
    "--stamp",
    type=click.Choice(["open", "close"]),
    help="Whether a stamp is when its bar opens or closes. [default: open, for intraday bars]",
)
@click.option(
    "--date-order",
    type=click.Choice(["mdy", "dmy"]),
    help="How 01/02/2024 is meant: month or day first.",
)
@click.option(
    "--columns",
    metavar="NAMES",
    help="The columns of a file without a header, such as timestamp,open,high,low,close,volume; "
    "symbol is compared, _ is ignored.",
)
@click.option("--delimiter", metavar="CHAR", help="What parts the fields; found, if not named.")
@click.option("--decimal", metavar="CHAR", default=".", help="The decimal mark, if not a point.")
@click.option("--thousands", metavar="CHAR", help="What groups the digits of numbers, if any.")
@click.option(
    "--negative-prices",
    is_flag=True,
    help="The instrument can trade at or below 0, as spreads and some futures do.",
)
@click.option(
    "--sparse",
    is_flag=True,
    help="The bars are few and far apart, and of --bar-type all the same.",
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
@click.option(
    "--errors",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write all problems of refused rows to this CSV file. Texts that a spreadsheet would take "
    "for a formula get an apostrophe.",
)
@options.common
def command(
    invocation: Invocation,
    files: tuple[str, ...],
    instrument: str,
    errors: Path | None,
    **choices: Any,
) -> None:
    """Check every row of the CSV files and write their bars to the Parquet catalog.

    A file is taken whole or not at all. It may be compressed (gzip or zstd) and - is standard
    input; a pattern such as 'AAPL_*.csv' stands for all files that match. The header names
    timestamp (or date and time), open, high, low, close and volume, in any order and in the
    usual spellings.

    \b
    Examples:
      barledger import-csv AAPL_2023.csv -i AAPL.NASDAQ --timezone America/New_York
      barledger import-csv AAPL_2023.csv -i AAPL.NASDAQ --timezone UTC --dry-run
      barledger import-csv more.csv -i AAPL.NASDAQ --timezone UTC --on-conflict merge
      zcat old.csv.gz | barledger import-csv - -i AAPL.NASDAQ --timezone UTC
    """
    from application.instruments import resolve_new
    from entrypoints.cli.import_conflicts import AskingPerson
    from entrypoints.cli.import_results import document, show

    named = files_named(files)
    if errors is not None:
        paths = [file.path for file in named if file.path is not None]
        check_problems_file(errors, paths, invocation.catalog)
    container, screen = invocation.wire(), invocation.screen
    instrument_id = resolve_new(instrument, container.catalog().availability())
    use_case = container.import_csv()
    asks = sys.stdin.isatty() and sys.stderr.isatty() and not choices["dry_run"]
    person = AskingPerson(screen) if asks else None
    documents: list[dict[str, Any]] = []
    for place, file in enumerate(named):
        try:
            result = use_case.run(_request(file, instrument_id, **choices), person)
        except BarledgerError as error:
            if errors is not None and isinstance(error, RowsRefusedError):
                keep_problems(errors, error, screen)
            told = _told(error, invocation, instrument_id)
            left = [later.argument for later in named[place + 1 :]]
            if left:
                screen.warn(f"Not looked at after {file}: {', '.join(map(safe, left))}.")
            met = {"files": documents, "not_tried": left, "warnings": screen.warnings}
            told.done = {"file": file.argument, **{k: v for k, v in met.items() if v}}
            raise told from error.__cause__
        documents.append(document(result, dry_run=choices["dry_run"]))
        if not screen.as_json:
            show(screen, result, dry_run=choices["dry_run"])
    if screen.as_json:
        screen.show_json({"files": documents, "warnings": screen.warnings})


def _told(
    error: BarledgerError, invocation: Invocation, instrument_id: InstrumentId
) -> BarledgerError:
    """Return the error with whole commands in it, where it is one of a few to choose from."""
    if isinstance(error, TimeZoneNeededError):
        return TimeZoneNeededError(error.message, _zones(invocation, instrument_id))
    return error


def _zones(invocation: Invocation, instrument_id: InstrumentId) -> str:
    """Return the two commands that a file whose stamps name no zone leaves to choose from."""
    from domain.venues import venue

    zone = venue(instrument_id.venue).zone
    local = "America/New_York" if zone == "UTC" else zone
    return (
        f"If the file holds exchange time: {invocation.again('--timezone', local)}\n"
        f"If the file holds UTC: {invocation.again('--timezone', 'UTC')}"
    )


def _request(file: BarFile, instrument_id: InstrumentId, **choices: Any) -> CsvImport:
    from application.conflicts import OnConflict
    from application.csv_import import CsvImport
    from domain.sessions import Stamp

    return CsvImport(
        file=file,
        instrument_id=instrument_id,
        bar_type=choices["bar_type"],
        layout=_layout(**choices),
        stamp=Stamp(choices["stamp"]) if choices["stamp"] else None,
        prices_may_be_negative=choices["negative_prices"],
        sparse=choices["sparse"],
        on_conflict=OnConflict(choices["on_conflict"]),
        bars_may_vanish=choices["yes"],
        dry_run=choices["dry_run"],
    )


def _layout(**choices: Any) -> FileLayout:
    from domain.bar_files import ClockChange, DateOrder, FileLayout

    columns = choices["columns"]
    return FileLayout(
        time_zone=choices["timezone"],
        clock_change=ClockChange(choices["dst"]) if choices["dst"] else None,
        date_order=DateOrder(choices["date_order"]) if choices["date_order"] else None,
        delimiter=_character(choices["delimiter"]),
        columns=None if columns is None else tuple(name.strip() for name in columns.split(",")),
        decimal=_character(choices["decimal"]) or "",
        thousands=_character(choices["thousands"]),
    )


def _character(text: str | None) -> str | None:
    r"""Return the character that a user means; a tab is hard to type, so its names are taken."""
    names = {"\\t": "\t", "tab": "\t", "space": " "}
    return None if text is None else names.get(text.lower(), text)
