"""`barledger export`: what is asked for, and what is told of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from domain.errors import UsageError
from entrypoints.cli import options
from entrypoints.cli.export_formats import FORMATS
from entrypoints.cli.options import Invocation
from entrypoints.cli.wording import counted, dates_text, safe

if TYPE_CHECKING:
    from application.export import Export, ExportedFile, Output
    from domain.as_of import AsOf
    from domain.bar_type import BarType
    from domain.exporting import BarWriter
    from entrypoints.cli.screen import Screen

_STANDARD_OUTPUT = "-"


@click.command("export")
@options.instrument(multiple=True, required=False)
@options.bar_type(None, "All that is held, if not named.")
@options.window
@options.as_of
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), required=True, help="What to write."
)
@click.option(
    "--output",
    required=True,
    metavar="FILE|DIR|-",
    help="A file for one series, a folder with a file for each, or - for standard output.",
)
@click.option(
    "--stamp",
    type=click.Choice(["open", "close"]),
    default="open",
    show_default=True,
    help="Which end of an intraday bar its stamp names.",
)
@click.option(
    "--timezone",
    metavar="ZONE",
    help="Write stamps by the clock of ZONE, with its offset, in place of UTC.",
)
@click.option("--yes", is_flag=True, help="Replace files that are there.")
@options.common
def command(invocation: Invocation, **choices: Any) -> None:
    """Write bars of the Parquet catalog as files for other programs.

    All that is held inside the range is written, or all that is held; nothing is fetched, and
    sessions that are missing are no error. What is written is the Parquet catalog as it is at one
    moment, whatever others write to it meanwhile, and it is written as a whole or not at all: a
    damaged partition is an error.

    A CSV file has the columns timestamp, open, high, low, close and volume. Stamps of intraday
    bars are ISO 8601 with a zone, those of daily bars and longer ones are dates. Prices and
    volumes are exact and have the series' number of decimals. `barledger import-csv` makes the
    same bars of a whole series' file; name --bar-type and --stamp as for the export. A name that
    ends in .csv.gz or .csv.zst gives a compressed file. In a folder, a file is named by its
    series: AAPL.NASDAQ-1_MIN.csv.

    \b
    Examples:
      barledger export --format csv -i AAPL.NASDAQ --bar-type 1_MIN --output AAPL.csv
      barledger export --format csv -i SPY.ARCA --start 2024-01-01 --output - | head
      barledger export --format csv --output everything/

    JSON: format, and files, each with file, instrument_id, bar_type, rows, start and end (dates by
    the venue's clock); as_of (event and time, or null); warnings.
    """
    screen = invocation.screen
    if invocation.as_json and choices["output"] == _STANDARD_OUTPUT:
        raise UsageError(
            "Standard output cannot hold both the bars and --json.",
            "Leave out --json, or name a file with --output.",
        )
    container = invocation.wire()
    writer = FORMATS[choices["form"]](container, choices)
    request = _request(writer, **choices)
    export = container.export_bars().run(request, writer)
    for line in _lines(export):
        screen.tell(line)
    if screen.as_json:
        screen.show_json(_document(export, choices["form"], screen))


def _request(
    writer: BarWriter,
    *,
    instruments: tuple[str, ...],
    bar_type: BarType | None,
    start: str | None,
    end: str | None,
    as_of: AsOf | None,
    output: str,
    yes: bool,
    **_: Any,
) -> Any:
    from application.export import ExportRequest

    return ExportRequest(
        output=_output(output, writer.endings),
        instruments=instruments,
        bar_type=bar_type,
        window=options.parse_window(start, end),
        as_of=as_of,
        replace=yes,
    )


def _output(text: str, endings: Sequence[str]) -> Output:
    """Return what `--output` names: by its ending a file, else a folder.

    Raises:
        UsageError: it has another file's ending, and is no folder yet.
    """
    from application.export import Output

    if text == _STANDARD_OUTPUT:
        return Output(None)
    path, seems_folder = Path(text), text.endswith(("/", os.sep))
    if not seems_folder and text.lower().endswith(tuple(endings)):
        return Output(path)
    if not seems_folder and path.suffix and not path.is_dir():
        raise UsageError(
            f"{text} names neither a file of this format nor a folder that is there.",
            f"End a file's name in {' or '.join(endings)}, and that of a new folder in {os.sep}.",
        )
    return Output(path, is_folder=True)


def _lines(export: Export) -> list[str]:
    files = [
        f"{one.series}: {counted(one.rows, 'bar')}, {dates_text((one.start, one.end))}, "
        f"written to {_name(one)}"
        for one in export.files
    ]
    left_out = [f"{one}: no bar lies in the range, so there is no file" for one in export.left_out]
    return [*files, *left_out]


def _name(one: ExportedFile) -> str:
    return "standard output" if one.path is None else safe(str(one.path))


def _document(export: Export, form: str, screen: Screen) -> dict[str, Any]:
    past = export.past
    return {
        "format": form,
        "files": [
            {
                "file": _name(one),
                "instrument_id": str(one.series.instrument_id),
                "bar_type": str(one.series.bar_type),
                "rows": one.rows,
                "start": one.start.isoformat(),
                "end": one.end.isoformat(),
            }
            for one in export.files
        ],
        "as_of": {"event": past.seq, "time": past.time_text} if past else None,
        "warnings": screen.warnings,
    }
