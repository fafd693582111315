"""Whoever waits for another process says so after five seconds, and Ctrl-C ends it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import filelock
import pytest

from tests.builders import csv_text, minute_bars
from tests.cli import Cli
from tests.faults.fetches import Running
from tests.faults.state import assert_tidy, assert_unbroken

CANCELLED = 130
# Nobody waits for so long; what it really takes is printed.
BOUND = 10.0


@contextlib.contextmanager
def _ledger(catalog: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(catalog / "ledger.db", isolation_level=None)) as shell:
        shell.execute("BEGIN IMMEDIATE")
        yield
        shell.rollback()


def _series(catalog: Path) -> AbstractContextManager[object]:
    return filelock.FileLock(catalog / "AAPL.NASDAQ" / "1_MIN" / ".lock")


KEPT = {
    "the ledger": (_ledger, "Another process keeps the ledger to itself. Giving up in 5"),
    "a series": (_series, "Another process is writing AAPL.NASDAQ 1-minute"),
}
Keep = Callable[[Path], AbstractContextManager[object]]


@pytest.fixture
def more(cli: Cli) -> tuple[str, ...]:
    """Return the words of an import into a series that is held."""
    cli.import_csv("AAPL.NASDAQ", csv_text(minute_bars()))
    (cli.folder / "more.csv").write_text(csv_text(minute_bars(first_price=20_000)))
    words = ("more.csv", "-i", "AAPL.NASDAQ", "--on-conflict", "overwrite", "--yes")
    return ("import-csv", *words)


@pytest.mark.parametrize(("keep", "told"), KEPT.values(), ids=KEPT)
def test_ctrl_c_ends_it(keep: Keep, told: str, cli: Cli, more: tuple[str, ...]) -> None:
    with keep(cli.catalog), Running(cli, "waits", *more) as waiting:
        waiting.until(lambda: "Ctrl-C cancels." in waiting.err)
        assert told in waiting.err
        took = waiting.press()
        print(f"{took:.2f} s from Ctrl-C to the end")
        assert waiting.process.returncode == CANCELLED, waiting.err
        assert took < BOUND
    assert cli("check", "--json").document["series"][0]["bars"] == 5
    assert_unbroken(cli.catalog)
    cli(*more).succeeded()
    assert_tidy(cli.catalog)


@pytest.mark.parametrize(("keep", "told"), KEPT.values(), ids=KEPT)
def test_it_goes_on_when_the_other_has_finished(
    keep: Keep, told: str, cli: Cli, more: tuple[str, ...]
) -> None:
    kept = contextlib.ExitStack()
    kept.enter_context(keep(cli.catalog))
    with kept, Running(cli, "waits", *more) as waiting:
        waiting.until(lambda: "Ctrl-C cancels." in waiting.err)
        kept.close()
        waiting.succeeded()
        assert waiting.err.count(told) == 1
    assert_tidy(cli.catalog)
    assert_unbroken(cli.catalog)
