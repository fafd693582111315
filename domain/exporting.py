"""Bars written out for other programs: the ports for it, and how their files are named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol

import attrs

from domain.bar_type import BarType
from domain.bars import Bars
from domain.instrument import Series
from domain.safe_names import named_instrument, safe_name


@attrs.frozen(eq=False)
class BarsToWrite:
    """The bars of one series in order, in `chunks` that are gone through once and not kept.

    The precisions are the series': no chunk has a greater one.
    """

    series: Series
    price_precision: int
    size_precision: int
    chunks: Iterable[Bars]


class BarWriter(Protocol):
    """Writes the bars of one series as a file of its format."""

    @property
    def endings(self) -> Sequence[str]:
        """How names of such files end, such as `.csv` and `.csv.gz`; the first is the usual one."""

    def write(self, out: BinaryIO, ending: str, bars: BarsToWrite) -> None:
        """Write all bars to `out`, in the form for which `ending`, one of `endings`, stands.

        Every value is exact. The same bars give the same bytes. Memory stays bounded. `out`
        stays open.

        Raises:
            OSError: as `out` raised it.
        """


class FilesInTheMaking(Protocol):
    """Files that nobody sees yet."""

    def open(self, target: Path | None) -> AbstractContextManager[BinaryIO]:
        """Give a file to be written, for `target` or, where that is None, standard output.

        Raises:
            ExportError, DiskFullError: it could not be made or written.
        """


class NewFiles(Protocol):
    """Makes files outside the catalog, all of them whole or none."""

    def check(self, targets: Iterable[Path], *, replace: bool) -> None:
        """Refuse places that files cannot take, before any work.

        What is in the catalog's folder, or is no ordinary file, is no place for them. A folder
        for them may be missing, its own folder not. Files that are there may only be lost where
        they are to `replace`d.

        Raises:
            ExportError: with what is wrong.
            ConfirmationNeededError: files are there.
        """

    def making(self, *, replace: bool) -> AbstractContextManager[FilesInTheMaking]:
        """Make files, each of which takes its place, whole, once the context has ended.

        Where it ends with an error, nothing is left of them. What is to go to standard output
        goes there last.

        Raises:
            ExportError, DiskFullError: one could not take its place.
            ConfirmationNeededError: a file has come to be in its place meanwhile.
            OutputError: standard output cannot be written to.
        """


def file_name(series: Series, ending: str) -> str:
    """Return the name of a series' file, such as `AAPL.NASDAQ-1_MIN.csv`.

    Characters that mean something to a file system or a shell are percent-encoded, so that
    the series can be read back from the name.
    """
    return f"{safe_name(series.instrument_id)}-{series.bar_type}{ending}"


def series_named(name: str, ending: str) -> Series:
    """Return the series whose file's name is `name`: the reverse of `file_name`.

    Raises:
        InvalidInstrumentIdError, InvalidBarTypeError: it is the name of none.
    """
    instrument, _, bar_type = name.removesuffix(ending).rpartition("-")
    return Series(named_instrument(instrument), BarType.parse(bar_type))
