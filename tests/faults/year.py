"""A year of one-minute bars, imported by a process that may be ended on the way."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from domain.bars import Bars
from tests.acceptance.errand import SESSIONS_OF_2023, ZONE, year_2023
from tests.builders import AAPL, NEW_YORK, csv_text
from tests.faults.state import Rows, rows_of, state_of
from tests.faults.warm import Death, KillAfter, KillAt, Warm

WORDS = ("-i", "AAPL.NASDAQ", "--bar-type", "1_MIN", *ZONE)
YEAR = ("-i", "AAPL.NASDAQ", "--bar-type", "1_MIN", "--start", "2023-01-01", "--end", "2023-12-31")
HELD_PRICE, FILE_PRICE = 18_000, 50_000


@functools.cache
def held_year() -> Rows:
    return rows_of(year_2023(HELD_PRICE))


@functools.cache
def file_year(without: int = 0) -> Rows:
    """Return the year, but for every nth bar, with other values than those held."""
    return rows_of(_some(FILE_PRICE, without))


@functools.cache
def text_of(price: int, without: int = 0) -> str:
    return csv_text(_some(price, without), NEW_YORK)


def _some(price: int, without: int) -> Bars:
    bars = year_2023(price)
    numbers = np.arange(1, len(bars) + 1)
    return bars.take(numbers % without != 0) if without else bars


@attrs.frozen
class YearImport:
    """An import of 250 days into nothing, or into a year that is held with other values."""

    name: str
    options: tuple[str, ...] = ()
    onto_held: bool = True
    without: int = 0

    @property
    def before(self) -> Rows:
        return held_year() if self.onto_held else {}

    @property
    def after(self) -> Rows:
        if self.name == "overwrite":
            return file_year(self.without)
        return self.before | file_year(self.without)


FIRST = YearImport("first", onto_held=False)
OVERWRITE = YearImport("overwrite", ("--on-conflict", "overwrite"))
MERGE = YearImport("merge", ("--on-conflict", "merge"), without=4)
IMPORTS = (FIRST, OVERWRITE, MERGE)


@attrs.frozen
class Desk:
    """Where an import runs: a catalog, its file, and what its processes note."""

    warm: Warm
    folder: Path

    @property
    def catalog(self) -> Path:
        return self.folder / "catalog"

    @property
    def notes(self) -> list[str]:
        """What the last process told of its progress."""
        file = self.folder / "notes"
        return file.read_text().splitlines() if file.exists() else []

    def prepare(self, change: YearImport, base: Path) -> None:
        """Put in place what the import finds."""
        self.folder.mkdir()
        (self.folder / "year.csv").write_text(text_of(FILE_PRICE, change.without))
        if change.onto_held:
            shutil.copytree(base, self.catalog)

    def run(
        self,
        change: YearImport,
        kill: KillAt | KillAfter | None = None,
        at: Mapping[str, Any] | None = None,
    ) -> Death:
        """Run the import, which may be ended at a step, at a time, or in an operation."""
        (self.folder / "notes").unlink(missing_ok=True)
        return self.warm.call(
            "tests.faults.interrupted:program",
            kill,
            words=self.words(change),
            notes=str(self.folder / "notes"),
            at=at,
        )

    def words(self, change: YearImport) -> list[str]:
        """Return the command."""
        words = ["import-csv", str(self.folder / "year.csv"), *WORDS, *change.options]
        return [*words, "--catalog", str(self.catalog)]

    def held(self) -> Rows:
        return state_of(self.catalog).get(AAPL, {}) if self.catalog.exists() else {}

    def assert_all_or_nothing(self, change: YearImport) -> Rows:
        """Hold that the file is in as a whole or not at all, as every command tells; return it."""
        now = self.held()
        assert now in (change.before, change.after), "old and new are mixed, or bars are lost"
        self._assert_told(now)
        return now

    def _assert_told(self, now: Rows) -> None:
        if not self.catalog.exists():
            return
        listed = self._json("list")["series"]
        assert [row["bars"] for row in listed] == ([len(now)] if now else [])
        (checked,) = self._json("check", *YEAR, codes=(0, 3))["series"]
        days = SESSIONS_OF_2023 if now else 0
        assert (checked["bars"], checked["trading_days"]) == (len(now), days)
        verified = self._json("verify")
        assert (verified["bars"], verified["damaged"]) == (len(now), [])

    def _json(self, *words: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
        run = self.warm.barledger(self.catalog, *words, "--json")
        assert run.code in codes, run
        return run.document
