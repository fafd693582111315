"""Where a picture goes: refused before any work where it cannot go there, and written whole."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from domain.errors import ReportError


def destination(path: Path, catalog: Path) -> Path:
    """Return the file to write for `path`, links followed.

    Nothing inside the catalog's folder can be named: a slip of the fingers would put a page in
    the place of the ledger or of bars, and what is not the catalog's own has no place there.

    Raises:
        ReportError: saying why it could not be written.
    """
    try:
        # As strict as the system: a name that cannot be looked at cannot be written either.
        target, inside = path.resolve(), catalog.resolve()
        exists = target.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise _unwritable(path, str(error)) from error
    folder = target.parent
    if target == inside or inside in target.parents:
        raise _unwritable(path, f"it lies in the Parquet catalog {catalog}, which is not for pages")
    if target.is_dir():
        raise _unwritable(path, "it is a directory")
    if exists and not target.is_file():
        raise _unwritable(path, "what has this name is no ordinary file")
    if not folder.is_dir():
        raise _unwritable(path, f"there is no directory {folder}")
    if not os.access(folder, os.W_OK):
        raise _unwritable(path, f"{folder} cannot be written to")
    return target


def write_whole(target: Path, pieces: Iterable[str]) -> None:
    """Write `pieces` to `target`, which holds all of them afterwards or what it held before.

    Raises:
        ReportError: it could not be written.
    """
    beside = target.parent / f".barledger-{secrets.token_hex(8)}.html"
    try:
        with beside.open("x", encoding="utf-8") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        if isinstance(error, OSError):
            raise _unwritable(target, error.strerror or str(error)) from error
        raise


def _unwritable(path: Path, why: str) -> ReportError:
    return ReportError(
        f"The picture {path} cannot be written: {why}.",
        "Name a file in a directory that can be written to: --html FILE.html.",
    )
