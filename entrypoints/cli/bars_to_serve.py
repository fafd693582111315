"""What `--bars` names: a CSV file, a folder of them, or the folder of a Parquet catalog."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from domain.errors import InvalidInstrumentIdError, UnreadableFileError, UsageError

if TYPE_CHECKING:
    from application.served_bars import ReadServedBars, ServedFile, ServedSeries
    from domain.bar_type import BarType
    from domain.instrument import InstrumentId
    from entrypoints.cli.options import Invocation

_CSV = re.compile(r"(.+)\.csv(?:\.gz|\.zst)?", re.IGNORECASE)
# How an export names a file: the series' instrument, then its bar type.
_BAR_TYPE = re.compile(r"(.+)-(\d+_[A-Z]+)")


def bars_to_serve(
    invocation: Invocation, paths: Sequence[Path], now: int, **choices: Any
) -> list[ServedSeries]:
    """Return the bars of all `paths`, each series once; `now` is UTC nanoseconds.

    Raises:
        UsageError: an instrument is named for more than one file, or bars are there twice.
        UnreadableFileError: there is no such file, or a folder holds no bars.
        and what `ReadServedBars` raises.
    """
    from application.served_bars import joined

    instrument = choices["instrument"]
    if instrument is not None and (len(paths) > 1 or paths[0].is_dir()):
        raise UsageError(
            "-i names the instrument of one CSV file; here --bars names more.",
            "Leave it out, and name each file by its instrument: AAPL.NASDAQ.csv.",
        )
    return joined(one for path in paths for one in _bars_of(invocation, path, now, **choices))


def _bars_of(
    invocation: Invocation, path: Path, now: int, **choices: Any
) -> Iterator[ServedSeries]:
    from entrypoints.container import LEDGER_FILE

    if (path / LEDGER_FILE).exists():
        yield from _of_catalog(invocation, path)
        return
    reading: ReadServedBars = invocation.wire().read_served_bars()
    for file in _files(path):
        yield reading.of_file(_served_file(file, now, **choices))


def _of_catalog(invocation: Invocation, path: Path) -> Iterator[ServedSeries]:
    from entrypoints.container import wire

    container = wire(path, invocation.command, invocation.screen)
    click.get_current_context().call_on_close(container.ledger().close)
    yield from container.read_served_bars().of_catalog()


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.iterdir() if file.is_file() and _CSV.fullmatch(file.name))
    if not found:
        raise UnreadableFileError(
            f"{path} holds neither a Parquet catalog nor CSV files.",
            "Name a folder with a ledger.db, or one with files such as AAPL.NASDAQ-1_MIN.csv.",
        )
    return found


def _served_file(path: Path, now: int, **choices: Any) -> ServedFile:
    from application.served_bars import ServedFile
    from domain.bar_files import BarFile, FileLayout
    from domain.sessions import Stamp

    named, bar_type = _named_by(path, choices["instrument"])
    return ServedFile(
        BarFile(path),
        named,
        now,
        choices["bar_type"] or bar_type,
        FileLayout(time_zone=choices["timezone"]),
        Stamp(choices["stamp"]) if choices["stamp"] else None,
    )


def _named_by(path: Path, instrument: str | None) -> tuple[InstrumentId, BarType | None]:
    """Return the instrument of a file and the bar type, as far as its name tells them."""
    from domain.bar_type import BarType
    from domain.instrument import InstrumentId
    from domain.safe_names import named_instrument

    match = _CSV.fullmatch(path.name)
    stem = match[1] if match else path.name
    dashed = _BAR_TYPE.fullmatch(stem)
    bar_type = BarType.parse(dashed[2]) if dashed and dashed[2] in BarType.all_names() else None
    if instrument is not None:
        return InstrumentId.parse(instrument), bar_type
    try:
        return named_instrument(dashed[1] if dashed and bar_type else stem), bar_type
    except InvalidInstrumentIdError:
        raise UsageError(
            f"The name of {path} does not tell which instrument its bars are of.",
            "Name it with -i SYMBOL.VENUE, or call the file by it: AAPL.NASDAQ.csv.",
        ) from None
