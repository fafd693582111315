"""Where a picture goes: refused before any work where it cannot go there, and written whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from domain.errors import ReportError

_PAGE = b"<!doctype html>"
_BESIDE = ".barledger-"
_OLD_AFTER_SECONDS = 24 * 60 * 60.0


def destination(path: Path, catalog: Path) -> Path:
    """Return the file to write for `path`, links followed.

    A slip of the fingers must not put a page in the place of a ledger, of bars or of anything
    else: an existing file is replaced only if it is a page, and nothing inside the catalog's
    folder can be named, for what is not the catalog's own has no place there.

    Raises:
        ReportError: saying why it could not be written.
    """
    try:
        # As strict as the system: a name that cannot be looked at cannot be written either.
        target, inside = path.resolve(), catalog.resolve()
        problem = next(_problems(path, target, inside), None)
    except (OSError, RuntimeError, ValueError) as error:
        raise _unwritable(path, getattr(error, "strerror", None) or str(error)) from error
    if problem:
        raise _unwritable(path, problem)
    return target


def _problems(path: Path, target: Path, catalog: Path) -> Iterator[str]:
    if str(path) == "-" or path.is_relative_to("/dev") or path.is_relative_to("/proc"):
        yield "a picture is a file of its own, beside the result"
    if target == catalog or catalog in target.parents:
        yield f"it lies in the Parquet catalog {catalog}, which is not for pages"
    if target.is_dir():
        yield "it is a directory"
    if target.exists():
        yield from _problems_of_existing(target)
    if not target.parent.is_dir():
        yield f"there is no directory {target.parent}"
    if not os.access(target.parent, os.W_OK):
        yield f"{target.parent} cannot be written to"


def _problems_of_existing(target: Path) -> Iterator[str]:
    if not target.is_file():
        yield "what has this name is no ordinary file"
    if not os.access(target, os.W_OK):
        yield "that file may not be written to"
    if not _is_page(target):
        yield "a file is there that is no page, and would be lost"


def _is_page(target: Path) -> bool:
    """Return whether the file begins as a page does, or holds nothing."""
    try:
        with target.open("rb") as file:
            begin = file.read(len(_PAGE))
    except OSError:
        return False
    return begin.lower() == _PAGE or not begin


def write_whole(target: Path, pieces: Iterable[str]) -> None:
    """Write `pieces` to `target`, which holds all of them afterwards or what it held before.

    Raises:
        ReportError: it could not be written.
    """
    _clear(target.parent)
    beside = target.parent / f"{_BESIDE}{secrets.token_hex(8)}.html"
    try:
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
        with beside.open("x", encoding="utf-8") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            beside.chmod(mode)
        beside.replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        if isinstance(error, OSError):
            raise _unwritable(target, error.strerror or str(error)) from error
        raise


def _clear(folder: Path) -> None:
    """Take away what killed processes have left of pages, once it is a day old."""
    before = time.time() - _OLD_AFTER_SECONDS
    with contextlib.suppress(OSError):
        for left in folder.glob(f"{_BESIDE}*.html"):
            if left.lstat().st_mtime < before:
                left.unlink()


def _unwritable(path: Path, why: str) -> ReportError:
    return ReportError(
        f"The picture {path} cannot be written: {why}.",
        "Name another file, in a directory with room that can be written to: --html FILE.html.",
    )
