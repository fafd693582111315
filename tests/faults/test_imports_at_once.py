"""Two processes import into one series at once, each without knowing of the other."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest

from domain.bars import Bars
from domain.events import CsvImported, PartitionWritten
from tests.acceptance.errand import SESSIONS_OF_2023, ZONE, year_2023
from tests.builders import AAPL, NEW_YORK, csv_text
from tests.faults.state import Rows, assert_tidy, assert_unbroken, opened, rows_of, state_of
from tests.faults.warm import Warm

WORDS = ("-i", "AAPL.NASDAQ", "--bar-type", "1_MIN", "--sparse", *ZONE)
SOME, OTHERS = slice(0, None, 26), slice(13, None, 26)
YEAR = year_2023()
SOME_BARS, OTHER_BARS = YEAR.take(SOME), YEAR.take(OTHERS)
SPRING, AUTUMN = YEAR.take(slice(0, 48_000, 13)), YEAR.take(slice(48_000, None, 13))
DIFFERENT = year_2023(50_000).take(SOME)


@attrs.frozen
class Pair:
    """Two imports of one catalog that run at once."""

    warm: Warm
    folder: Path

    @property
    def catalog(self) -> Path:
        return self.folder / "catalog"

    def run(self, files: Sequence[Bars], *options: str, die_at: int = 0) -> list[int]:
        """Import both files, and return the exit codes; the first may die on the way."""
        names = ("first", "second")
        for name, bars in zip(names, files, strict=True):
            (self.folder / f"{name}.csv").write_text(csv_text(bars, NEW_YORK))
        pids = [
            self.warm.start(
                "tests.faults.interrupted:beside",
                words=self.words(name, *options),
                notes=str(self.folder / f"{name}.notes"),
                other=str(self.folder / f"{other}.notes"),
                second=name == "second",
                die_at=0 if name == "second" else die_at,
            )
            for name, other in itertools.permutations(names)
        ]
        return [self.warm.wait(pid) for pid in pids]

    def words(self, name: str, *options: str) -> list[str]:
        """Return the import of one of the files."""
        file = str(self.folder / f"{name}.csv")
        return ["import-csv", file, *WORDS, *options, "--quiet", "--catalog", str(self.catalog)]

    def held(self) -> Rows:
        """Return what is held, where all is in its place."""
        assert_unbroken(self.catalog)
        assert_tidy(self.catalog)
        return state_of(self.catalog)[AAPL]

    def recorded(self, kind: type[object]) -> int:
        """Return how many events of a kind there are."""
        with opened(self.catalog) as container:
            return sum(isinstance(one.event, kind) for one in container.ledger().replay())


@pytest.fixture
def pair(warm: Warm, tmp_path: Path) -> Pair:
    return Pair(warm, tmp_path)


@pytest.mark.parametrize(
    "files",
    [(SPRING, AUTUMN), (SOME_BARS, OTHER_BARS)],
    ids=["of other days", "of the same days, other minutes"],
)
def test_different_files_at_once_are_both_in_as_a_whole(
    files: tuple[Bars, Bars], pair: Pair
) -> None:
    assert pair.run(files) == [0, 0]
    assert pair.held() == rows_of(files[0]) | rows_of(files[1])
    assert pair.recorded(CsvImported) == 2


def test_the_same_file_twice_at_once_is_written_once(pair: Pair) -> None:
    assert pair.run((SOME_BARS, SOME_BARS)) == [0, 0]
    assert pair.held() == rows_of(SOME_BARS)
    assert pair.recorded(PartitionWritten) == SESSIONS_OF_2023
    assert pair.recorded(CsvImported) == 1


def test_files_that_contradict_each_other_are_not_mixed_and_the_later_one_is_told(
    pair: Pair,
) -> None:
    """Nobody was asked how to settle it, since nothing was held when they began."""
    assert pair.run((SOME_BARS, DIFFERENT)) == [0, 2]
    assert pair.held() == rows_of(SOME_BARS)
    assert pair.recorded(CsvImported) == 1


@pytest.mark.parametrize("policy", [pytest.param("overwrite", marks=pytest.mark.soak), "merge"])
def test_of_files_that_contradict_each_other_the_later_one_stands_if_it_may_replace(
    policy: str, pair: Pair
) -> None:
    assert pair.run((SOME_BARS, DIFFERENT), "--on-conflict", policy) == [0, 0]
    assert pair.held() == rows_of(DIFFERENT)
    assert pair.recorded(PartitionWritten) == 2 * SESSIONS_OF_2023


def test_one_that_dies_with_the_lock_does_not_keep_the_other_from_its_import(pair: Pair) -> None:
    assert pair.run((SOME_BARS, OTHER_BARS), die_at=125) == [-signal.SIGKILL, 0]
    assert pair.held() == rows_of(OTHER_BARS)
    pair.warm.call("tests.faults.warm:command", words=pair.words("first")).succeeded()
    assert pair.held() == rows_of(SOME_BARS) | rows_of(OTHER_BARS)
