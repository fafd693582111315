"""A writer dies between writing its commit into SQLite's log and telling others of it.

Whoever has the ledger open shares an index of the log, in which the commit does not stand; when
the last of them has closed it, SQLite makes the index anew, and finds the commit. A change that
comes true so late must not be one whose files were put aside meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from domain.bars import Bars
from domain.publishing import Step
from tests.builders import AAPL, csv_text, session_bars
from tests.faults.state import Rows, assert_tidy, assert_unbroken, opened, rows_of, state_of
from tests.faults.warm import Death, KillAt, Warm

HELD = session_bars("2024-01-02", "2024-01-04", minutes=10)
OTHER = session_bars("2024-01-03", "2024-01-04", minutes=10, price=40_000)
AFTER = rows_of(HELD) | rows_of(OTHER)


def hold_open(catalog: str, ready: str, stop: str) -> None:
    """Read the ledger, and keep it open until there is a file `stop`."""
    with opened(Path(catalog)) as container:
        container.ledger().head()
        Path(ready).touch()
        _wait_for(Path(stop))


def _wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.01)


@attrs.frozen
class Place:
    """A catalog that a reader has open, with a commit that nobody has been told of."""

    warm: Warm
    folder: Path
    reader: int

    @property
    def catalog(self) -> Path:
        return self.folder / "catalog"

    def make(self, bars: Bars, kill: KillAt | None = None) -> Death:
        (self.folder / "bars.csv").write_text(csv_text(bars))
        words = ("import-csv", self.folder / "bars.csv", "-i", "AAPL.NASDAQ")
        return self.warm.barledger(
            self.catalog, *words, "--on-conflict", "overwrite", "--yes", kill=kill
        )

    def held(self) -> Rows:
        return state_of(self.catalog)[AAPL]

    def let_reader_go(self) -> None:
        (self.folder / "stop").touch()
        assert self.warm.wait(self.reader) == 0


@pytest.fixture
def place(warm: Warm, tmp_path: Path) -> Iterator[Place]:
    ready, stop = tmp_path / "ready", tmp_path / "stop"
    Place(warm, tmp_path, 0).make(HELD).succeeded()
    reader = warm.start(
        "tests.faults.test_unfinished_commit:hold_open",
        catalog=str(tmp_path / "catalog"),
        ready=str(ready),
        stop=str(stop),
    )
    _wait_for(ready)
    place = Place(warm, tmp_path, reader)
    index = tmp_path / "catalog" / "ledger.db-shm"
    before = index.read_bytes()
    assert place.make(OTHER, KillAt(Step.COMMITTED)).killed
    with index.open("r+b") as file:
        file.write(before)
    assert place.held() == rows_of(HELD), "the commit can be seen: this is not the place"
    yield place
    stop.touch()


def test_a_commit_that_nobody_was_told_of_may_come_true_as_a_whole(place: Place) -> None:
    place.let_reader_go()
    assert place.held() == AFTER
    place.make(OTHER).succeeded()
    assert_tidy(place.catalog)


@pytest.mark.parametrize("command", ["an import of nothing new", "verify"])
def test_whoever_clears_the_folder_decides_that_it_never_will(place: Place, command: str) -> None:
    if command == "verify":
        place.warm.barledger(place.catalog, "verify").succeeded()
    else:
        place.make(HELD).succeeded()
    assert place.held() == rows_of(HELD)
    place.let_reader_go()
    assert place.held() == rows_of(HELD)
    assert_unbroken(place.catalog)
    assert_tidy(place.catalog)
    place.make(OTHER).succeeded()
    assert place.held() == AFTER
    assert_tidy(place.catalog)
