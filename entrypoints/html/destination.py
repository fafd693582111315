"""Where a picture goes: refused before any work where it cannot go there, and written whole."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from entrypoints.destination import FileKind

_PICTURE = FileKind(
    noun="picture",
    form="page",
    option="--html FILE.html",
    begins=(b"<!doctype html>",),
)


def destination(path: Path, catalog: Path) -> Path:
    """Return the file to write for `path`, links followed.

    Raises:
        ReportError: it is no page, lies in the catalog's folder, or could not be written.
    """
    return _PICTURE.destination(path, catalog)


def write_whole(target: Path, pieces: Iterable[str]) -> None:
    """Write `pieces` to `target`, which holds all of them afterwards or what it held before.

    Raises:
        ReportError: it could not be written.
    """
    _PICTURE.write_whole(target, pieces)
