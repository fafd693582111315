"""What may lie in a series' folder, and where everything else goes."""

from __future__ import annotations

import contextlib
import uuid
from pathlib import Path

from adapters.parquet import paths
from adapters.parquet.durable import sync_folder
from domain.availability import SeriesHoldings
from domain.publishing import OnStep, Step, unobserved


def clear_folder(folder: Path, holdings: SeriesHoldings, on_step: OnStep = unobserved) -> None:
    """Leave only the current revisions of `holdings` in `folder`.

    A revision up to the last that the ledger knows was superseded and goes to the history. A
    later one was never committed, or is newer than a ledger that was put back from a backup:
    it is set aside. Temporary files are what a killed writer left. Other files stay.
    """
    for temporary in folder.glob(".*.tmp"):
        temporary.unlink(missing_ok=True)
    moved = [path for path in folder.glob("*.parquet") if _move(path, holdings, on_step)]
    if moved:
        sync_folder(folder)


def _move(path: Path, holdings: SeriesHoldings, on_step: OnStep) -> bool:
    named = paths.revision_of(path.name)
    if named is None:
        return False
    partition, revision = named
    current = holdings.partitions.get(partition)
    if current is not None and current.revision == revision:
        return False
    if revision <= holdings.revisions.get(partition, 0):
        _move_to_history(path)
        on_step(Step.SUPERSEDED)
    else:
        move_aside(path, path.parent / paths.ORPHANS)
    return True


def _move_to_history(path: Path) -> None:
    history = path.parent / paths.HISTORY
    history.mkdir(exist_ok=True)
    path.rename(history / path.name)


def move_aside(path: Path, folder: Path) -> None:
    """Move a file into `folder` under a name that no other file there can have."""
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        path.rename(folder / f"{path.stem}.{uuid.uuid4().hex}{path.suffix}")
