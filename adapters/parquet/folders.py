"""What may lie in a series' folder, and where everything else goes."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import uuid
from pathlib import Path

from adapters.parquet import paths
from adapters.parquet.durable import sync_file, sync_folder
from domain.availability import SeriesHoldings
from domain.publishing import OnStep, Step, unobserved


def clear_folder(folder: Path, holdings: SeriesHoldings, on_step: OnStep = unobserved) -> None:
    """Leave only the current revisions of `holdings` in `folder`.

    A revision up to the last that the ledger knows was superseded and goes to the history. A
    later one was never committed, or is newer than a ledger that was put back from a backup:
    it is set aside. Temporary files are what a killed writer left. Other files stay.
    """
    for temporary in folder.glob(paths.TEMPORARY):
        if not temporary.is_dir():
            temporary.unlink(missing_ok=True)
    moves = [_move(path, holdings, on_step) for path in folder.glob("*.parquet")]
    destinations = {moved.parent for moved in moves if moved}
    # Where they lie now before where they no longer lie: a power cut must not take both.
    for changed in [*destinations, folder] if destinations else []:
        sync_folder(changed)


def _move(path: Path, holdings: SeriesHoldings, on_step: OnStep) -> Path | None:
    """Move a file that is not current; return where it lies now."""
    named = paths.revision_of(path.name)
    if named is None:
        return None
    partition, revision = named
    current = holdings.partitions.get(partition)
    if current is not None and current.revision == revision:
        return None
    last = holdings.revisions.get(partition, 0)
    if revision > last:
        return move_aside(path, path.parent / paths.ORPHANS)
    if revision == last and partition in holdings.corrupt:
        # Whoever recorded the damage died before the file was out of the way.
        return move_aside(path, _quarantine_of(path.parent))
    kept = _move_to_history(path)
    on_step(Step.SUPERSEDED)
    return kept


def _quarantine_of(folder: Path) -> Path:
    return folder.parents[1] / paths.QUARANTINE / folder.parent.name / folder.name


def _move_to_history(path: Path) -> Path:
    target = path.parent / paths.HISTORY / path.name
    make_folder(target.parent)
    if os.path.lexists(target):
        # A file of a time that a ledger from an older backup knows nothing of.
        move_aside(target, path.parent / paths.ORPHANS)
    _rename(path, target)
    return target


def _rename(path: Path, target: Path) -> None:
    """Give a file another name, which may lie on another disk where a folder is a link."""
    try:
        path.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy = target.with_name(f".{uuid.uuid4().hex}.tmp")
        shutil.copyfile(path, copy)
        sync_file(copy)
        copy.rename(target)
        sync_folder(target.parent)
        path.unlink()


def make_folder(folder: Path) -> None:
    """Make a folder where there is none, so that a power cut does not unmake it.

    Raises:
        NotADirectoryError: something else stands there.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from error
    for made in reversed(missing):
        # Who may not read the folder above cannot flush it either.
        with contextlib.suppress(PermissionError):
            sync_folder(made.parent)


def move_aside(path: Path, folder: Path) -> Path:
    """Move a file into `folder` under a name that no other file there can have; return it."""
    make_folder(folder)
    target = folder / f"{path.stem}.{uuid.uuid4().hex}{path.suffix}"
    with contextlib.suppress(FileNotFoundError):
        _rename(path, target)
    return target
