"""Where a partition lies below the catalog's folder."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from domain.bar_type import BarType
from domain.errors import UsageError
from domain.instrument import Series
from domain.partitions import is_partition_name
from domain.safe_names import named_instrument, safe_name
from domain.upkeep import FilePlace, FoundFile

HISTORY = ".history"
ORPHANS = ".orphans"
QUARANTINE = ".quarantine"
SUFFIX = ".parquet"
TEMPORARY = ".*.tmp"
# The first revision bears no number, and one that was set aside a random one after its own.
_NAME = re.compile(
    r"(?P<partition>[0-9]{4}(?:-[0-9]{2}-[0-9]{2})?)"
    r"(?:\.(?P<revision>[2-9]|[1-9][0-9]{1,8}))?(?P<aside>\.[0-9a-f]{32})?\.parquet"
)
_PLACES = {HISTORY: FilePlace.HISTORY, ORPHANS: FilePlace.ORPHANS}


def series_folder(series: Series) -> PurePosixPath:
    """Return the folder of `series`, such as `AAPL.NASDAQ/1_MIN`.

    The name can be read back, and lies nowhere but below the catalog's folder.
    """
    return PurePosixPath(safe_name(series.instrument_id), str(series.bar_type))


def series_of(folder: PurePosixPath) -> Series:
    """Return the series whose folder is `folder`: the reverse of `series_folder`."""
    return Series(named_instrument(folder.parts[-2]), BarType.parse(folder.parts[-1]))


def partition_path(series: Series, partition: str, revision: int) -> PurePosixPath:
    """Return the path of a revision, relative to the catalog: the first bears no number."""
    name = partition if revision == 1 else f"{partition}.{revision}"
    return series_folder(series) / f"{name}{SUFFIX}"


def revision_of(name: str) -> tuple[str, int] | None:
    """Return partition and revision of a file by its name, or None where it is no partition's."""
    match = _NAME.fullmatch(name)
    return _named(match) if match and not match["aside"] else None


def _named(match: re.Match[str]) -> tuple[str, int]:
    return match["partition"], int(match["revision"] or 1)


def history_path(path: PurePosixPath) -> PurePosixPath:
    """Return where a superseded revision lies once it is out of the way."""
    return path.parent / HISTORY / path.name


def found_file(path: PurePosixPath, size: int) -> FoundFile:
    """Return what the path of a file, relative to the catalog, tells of it."""
    place, folder = _place(path)
    series = _series(folder)
    if series is None:
        return FoundFile(path.as_posix(), size, FilePlace.ELSEWHERE)
    if path.match(TEMPORARY):
        return FoundFile(path.as_posix(), size, FilePlace.TEMPORARY, series)
    match = _NAME.fullmatch(path.name)
    aside = place in (FilePlace.ORPHANS, FilePlace.QUARANTINE)
    if not match or bool(match["aside"]) != aside or not _fits(match, series):
        kept = place if aside else FilePlace.ELSEWHERE
        return FoundFile(path.as_posix(), size, kept, series)
    return FoundFile(path.as_posix(), size, place, series, *_named(match))


def _place(path: PurePosixPath) -> tuple[FilePlace, PurePosixPath]:
    """Return in which kind of place a file lies, and the folder that would be its series'."""
    folder = path.parent
    if path.parts[0] == QUARANTINE:
        return FilePlace.QUARANTINE, PurePosixPath(*folder.parts[1:])
    if folder.name in _PLACES:
        return _PLACES[folder.name], folder.parent
    return FilePlace.CURRENT, folder


def _series(folder: PurePosixPath) -> Series | None:
    """Return the series whose folder this is, by the one name that it can have."""
    if len(folder.parts) != len(("instrument", "bar type")):
        return None
    try:
        series = series_of(folder)
    except UsageError:
        return None
    return series if series_folder(series) == folder else None


def _fits(match: re.Match[str], series: Series) -> bool:
    return is_partition_name(match["partition"], intraday=series.bar_type.is_intraday)
