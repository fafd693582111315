"""What a catalog must hold, kept apart from it: bars as plain numbers, and what may lie where."""

from __future__ import annotations

import contextlib
import hashlib
import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from adapters.memory.progress import MemoryProgress, MemoryProgressTask
from domain.bars import Bars
from domain.events import PartitionMarkedCorrupt, PartitionWritten, RevisionsDiscarded
from domain.instrument import Series
from domain.window import Window
from entrypoints.container import LEDGER_FILE, Container, wire

Rows = dict[int, tuple[int, ...]]
"""Bars by the stamp of their open: that of their close, then prices and volume in billionths."""
State = dict[Series, Rows]

_REVISION = re.compile(r"(\d{4}(?:-\d\d-\d\d)?)(?:\.(\d+))?\.parquet")


def rows_of(bars: Bars) -> Rows:
    """Return bars as plain numbers that no precision changes."""
    price, size = 10 ** (9 - bars.price_precision), 10 ** (9 - bars.size_precision)
    scales = (1, price, price, price, price, size)
    columns = [column.tolist() for column in bars.columns()]
    return {
        row[0]: tuple(value * scale for value, scale in zip(row[1:], scales, strict=True))
        for row in zip(*columns, strict=True)
    }


@contextlib.contextmanager
def opened(folder: Path, command: str = "test") -> Iterator[Container]:
    """Open handles of one's own on the catalog, and close them."""
    container = wire(folder, command, MemoryProgress())
    try:
        yield container
    finally:
        container.ledger().close()


def held(container: Container) -> State:
    """Read every bar that the catalog holds now."""
    return {
        series: rows_of(Bars.concat(container.catalog().load(holdings, Window())))
        for series, holdings in container.catalog().availability().series.items()
        if holdings.partitions
    }


def state_of(folder: Path) -> State:
    """Read every bar with handles of one's own."""
    with opened(folder) as container:
        return held(container)


def assert_tidy(folder: Path, damaged: Collection[str] = ()) -> None:
    """Hold the folder against the ledger, file by file.

    Nothing temporary is left, what lies in a series' folder is current, what was superseded lies
    in its history and is what was written (but for files that are `damaged`), and what was set
    aside is of no recorded revision.
    """
    with opened(folder) as container:
        held = container.ledger().availability().series.values()
        current = {one.path for holdings in held for one in holdings.partitions.values()}
        events = [one.event for one in container.ledger().replay()]
    assert list(folder.rglob("*.tmp")) == []
    recorded = {one.path: one for one in events if isinstance(one, PartitionWritten)}
    assert set(_paths(folder, folder.glob("*/*/*.parquet"))) == current
    gone = _gone(events)
    superseded = {path for path in recorded if path not in current and path not in gone}
    history = _paths(folder, folder.glob("*/*/.history/*.parquet"))
    assert {path.replace(".history/", "") for path in history} == superseded
    for path in [*current, *history]:
        written = recorded[path.replace(".history/", "")]
        assert written.path in damaged or _digest(folder / path) == written.sha256, path
    known = {one.sha256 for one in recorded.values()}
    for orphan in folder.glob("*/*/.orphans/*.parquet"):
        assert _digest(orphan) not in known, orphan


def _gone(events: Iterable[object]) -> set[str]:
    """Return the paths of revisions whose files need not be in the history."""
    discarded = {
        (one.series, *revision)
        for one in events
        if isinstance(one, RevisionsDiscarded)
        for revision in one.revisions
    }
    return {
        one.path
        for one in events
        if isinstance(one, PartitionMarkedCorrupt)
        or (
            isinstance(one, PartitionWritten)
            and (one.series, one.partition, one.revision) in discarded
        )
    }


def _paths(folder: Path, found: Iterable[Path]) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in found if _REVISION.match(path.name)]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def assert_unbroken(folder: Path) -> None:
    """Hold that nothing is wrong with the ledger, for SQLite or by its hashes."""
    with opened(folder) as container:
        report = container.ledger_keeper().verify(MemoryProgressTask("", 0))
        assert report.valid, report
    connection = sqlite3.connect(folder / LEDGER_FILE)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        numbers = [row[0] for row in connection.execute("SELECT seq FROM events ORDER BY seq")]
    finally:
        connection.close()
    assert numbers == list(range(1, len(numbers) + 1))
