"""Each rule for rows, broken in each column: what is named is the line that an editor shows."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import attrs
import pytest

from adapters.csv.reader import CsvBarFileReader
from tests.integration.cli.broken_rows import RULES, WHOLE_ROW, Expected, Place, Rule
from tests.integration.cli.conftest import Barledger
from tests.integration.cli.rule_files import (
    BASES,
    BLOCK_SIZE,
    DAYS,
    LOCAL,
    SHAPES,
    ZONED,
    Base,
    Cells,
    Shape,
)

# These break more than the row at which they are broken.
FAR_REACHING = ("not-closed", "earlier", "too-long-with-the-decimals-of-others")


@attrs.frozen
class Case:
    rule: Rule
    shape: Shape
    place: Place

    def __str__(self) -> str:
        return f"{self.rule}-{self.shape.name}-{self.place}"


def _cases() -> Iterator[Case]:
    """Yield every rule in every column, and each rule in every shape of a file and every place."""
    for _, group in itertools.groupby(RULES, lambda rule: rule.name):
        rules = list(group)
        for at in range(max(len(rules), len(SHAPES))):
            rule = rules[at % len(rules)]
            yield Case(rule, SHAPES[at % len(SHAPES)], rule.places[at % len(rule.places)])


CASES = list(_cases())


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read so little at a time, and keep so little in memory, that small files take several."""
    sizes = (BLOCK_SIZE, 2 * BLOCK_SIZE)
    monkeypatch.setattr(CsvBarFileReader.__init__, "__defaults__", sizes)


@attrs.frozen
class Filled:
    """A Parquet catalog that holds bars, and what it looked like before any file was refused."""

    catalog: Path
    tree: dict[str, tuple[int, int]]
    head: Any

    @classmethod
    def look(cls, barledger: Barledger, catalog: Path) -> Filled:
        """Return what the catalog is now: its files, their last changes, its ledger's head."""
        files = [path for path in catalog.rglob("*") if path.suffix not in (".db-wal", ".db-shm")]
        tree = {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}
        head = barledger("ledger", "head", "--json", "--catalog", catalog).document
        return cls(catalog, tree, head)

    def assert_unchanged(self, barledger: Barledger) -> None:
        assert Filled.look(barledger, self.catalog) == self


@pytest.fixture(scope="module")
def kept() -> dict[str, Filled]:
    return {}


@pytest.fixture
def filled(
    barledger: Barledger, tmp_path_factory: pytest.TempPathFactory, kept: dict[str, Filled]
) -> Filled:
    """Return the catalog of all imports that are refused; it is made once."""
    if not kept:
        folder = tmp_path_factory.mktemp("filled")
        file = folder / "first.csv"
        file.write_bytes(SHAPES[0].write(ZONED.rows(3))[0])
        ended = barledger(*_words(file, ZONED, folder / "catalog"))
        assert ended.code == 0, ended.err
        kept["catalog"] = Filled.look(barledger, folder / "catalog")
    return kept["catalog"]


def _words(file: Path, base: Base, catalog: Path) -> list[str]:
    words = ["import-csv", file, "-i", "AAPL.NASDAQ", "--catalog", catalog, "--json"]
    return [*map(str, words), *base.options]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
@pytest.mark.parametrize("base", BASES, ids=lambda base: base.name)
def test_rows_that_break_no_rule_are_taken_whatever_the_shape_of_the_file(
    barledger: Barledger, tmp_path: Path, catalog: Path, base: Base, shape: Shape
) -> None:
    rows = base.rows(shape.rows)
    file = tmp_path / "bars.csv"
    file.write_bytes(shape.write(rows, ended=False)[0])
    ended = barledger(*_words(file, base, catalog), "--dry-run")
    assert ended.code == 0, ended.err
    assert ended.document["files"][0]["rows"] == len(rows)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_broken_rule_is_named_with_line_column_and_value(
    barledger: Barledger, tmp_path: Path, filled: Filled, case: Case
) -> None:
    rows = case.rule.base.rows(case.shape.rows)
    expected = case.rule.break_at(rows, case.rule.row(rows, case.place))
    content, lines = case.shape.write(rows, ended=case.place != "last")
    file = tmp_path / "bars.csv"
    file.write_bytes(content)
    ended = barledger(*_words(file, case.rule.base, filled.catalog))
    assert ended.code == 4, ended.err
    assert ended.document["error"]["code"] == "rows-refused"
    _check(ended.document["error"]["rows"], expected, rows, lines, case.shape)
    filled.assert_unchanged(barledger)


def _check(
    named: Sequence[dict[str, Any]],
    expected: Sequence[Expected],
    rows: Sequence[Cells],
    lines: Sequence[int],
    shape: Shape,
) -> None:
    wanted = sorted(expected, key=lambda each: (lines[each.row], each.column))
    found = sorted(named, key=lambda each: (each["line"], each["column"]))
    assert [(row["line"], row["column"]) for row in found] == [
        (lines[each.row], each.column) for each in wanted
    ]
    for row, each in zip(found, wanted, strict=True):
        assert each.problem in row["problem"]
        if each.column == WHOLE_ROW:
            text = shape.delimiter.join(shape.arranged(rows[each.row]))
            assert row["value"] == _clipped(text.replace("\n", shape.newline))
        else:
            assert _meaning(row["value"]) == _meaning(each.value)


def _clipped(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def _meaning(text: str) -> object:
    """Return what a value means: 1.50 is shown for 1.5, and a stamp in UTC for one that is not."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return _instant(text)
    if text.isascii() and text.isdigit() and len(text) == 10:
        return dt.datetime.fromtimestamp(int(text), dt.UTC)
    return number if number.is_finite() else text


def _instant(text: str) -> object:
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    return at.replace(tzinfo=at.tzinfo or dt.UTC)


@pytest.mark.parametrize("shape", ["blocks-crlf", "blocks-of-notes"])
def test_all_broken_rows_of_a_large_file_are_named(
    barledger: Barledger, tmp_path: Path, filled: Filled, shape: str
) -> None:
    """Megabytes of rows, read in blocks of the usual size."""
    written = next(each for each in SHAPES if each.name == shape)
    rows = ZONED.rows(120_000)
    rules = [rule for rule in RULES if rule.base is ZONED and rule.name not in FAR_REACHING]
    broken = zip(itertools.cycle(rules), range(1, len(rows), 777), strict=False)
    expected = [each for rule, row in broken for each in rule.break_at(rows, row)]
    assert len({each.row for each in expected}) > len(rules)
    content, lines = written.write(rows)
    assert len(content) > 6 * 2**20
    file = tmp_path / "bars.csv"
    file.write_bytes(content)
    ended = barledger(*_words(file, ZONED, filled.catalog))
    assert ended.code == 4, ended.err
    _check(ended.document["error"]["rows"], expected, rows, lines, written)
    filled.assert_unchanged(barledger)


@pytest.mark.parametrize(
    ("base", "bar_type", "problem"),
    [
        (DAYS, "1_MIN", "is a date; 1_MIN bars need a time"),
        (ZONED, "1_DAY", "is no date; 1_DAY bars need one"),
        (LOCAL, "1_WEEK", "is no date; 1_WEEK bars need one"),
    ],
    ids=["dates", "times", "local-times"],
)
def test_every_row_is_named_where_the_bar_type_is_named_wrongly(
    barledger: Barledger, tmp_path: Path, filled: Filled, base: Base, bar_type: str, problem: str
) -> None:
    rows = base.rows(11)
    content, lines = SHAPES[0].write(rows)
    file = tmp_path / "bars.csv"
    file.write_bytes(content)
    ended = barledger(*_words(file, base, filled.catalog), "--bar-type", bar_type)
    assert ended.code == 4, ended.err
    named = ended.document["error"]["rows"]
    assert [(row["line"], row["column"], row["problem"]) for row in named] == [
        (line, "timestamp", problem) for line in lines
    ]
    filled.assert_unchanged(barledger)
