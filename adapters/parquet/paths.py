"""Where a partition lies below the catalog's folder."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

from domain.bar_type import BarType
from domain.instrument import InstrumentId, Series

HISTORY = ".history"
ORPHANS = ".orphans"
QUARANTINE = ".quarantine"
_NAME = re.compile(r"(\d{4}(?:-\d\d-\d\d)?)(?:\.(\d+))?\.parquet")


def series_folder(series: Series) -> PurePosixPath:
    """Return the folder of `series`, such as `AAPL.NASDAQ/1_MIN`.

    Characters that mean something to a file system or a shell are percent-encoded, so that
    the name can be read back and lies nowhere but below the catalog's folder.
    """
    return PurePosixPath(quote(str(series.instrument_id), safe="^=+"), str(series.bar_type))


def series_of(folder: PurePosixPath) -> Series:
    """Return the series whose folder is `folder`: the reverse of `series_folder`."""
    return Series(InstrumentId.parse(unquote(folder.parts[-2])), BarType.parse(folder.parts[-1]))


def partition_path(series: Series, partition: str, revision: int) -> PurePosixPath:
    """Return the path of a revision, relative to the catalog: the first bears no number."""
    name = partition if revision == 1 else f"{partition}.{revision}"
    return series_folder(series) / f"{name}.parquet"


def revision_of(name: str) -> tuple[str, int] | None:
    """Return partition and revision of a file by its name, or None where it is no partition's."""
    match = _NAME.fullmatch(name)
    return (match[1], int(match[2] or 1)) if match else None


def history_path(path: PurePosixPath) -> PurePosixPath:
    """Return where a superseded revision lies once it is out of the way."""
    return path.parent / HISTORY / path.name
