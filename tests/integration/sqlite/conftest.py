"""Fixtures that all tests of the ledger's file share."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.memory.clock import MemoryClock
from adapters.sqlite.keeper import SqliteLedgerKeeper
from adapters.sqlite.ledger import SqliteLedger
from domain.upkeep import LedgerReport

Opened = Callable[[Path], SqliteLedger]
Connected = Callable[[Path], sqlite3.Connection]


class NoTask:
    """A progress that nobody watches."""

    def advance(self, steps: int) -> None:
        assert steps > 0


def verified(path: Path, expected: tuple[int, str] | None = None) -> LedgerReport:
    """Return what a check of the ledger at `path` says."""
    return SqliteLedgerKeeper(path).verify(NoTask(), expected=expected)


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def opened(clock: MemoryClock) -> Iterator[Opened]:
    """Open ledgers, and close them all at the end."""
    with contextlib.ExitStack() as stack:
        yield lambda path: stack.enter_context(contextlib.closing(SqliteLedger(path, clock)))


@pytest.fixture
def connected() -> Iterator[Connected]:
    """Connect to databases as any other program can, and close them all at the end."""
    with contextlib.ExitStack() as stack:
        yield lambda path: stack.enter_context(contextlib.closing(sqlite3.connect(path)))
