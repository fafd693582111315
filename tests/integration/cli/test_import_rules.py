"""Each rule for rows, broken in each column: what is named is the line that an editor shows."""

from __future__ import annotations

import datetime as dt
import itertools
import zoneinfo
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

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")


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


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds the Parquet catalog of all refused imports."""
    return tmp_path_factory.mktemp("held")


@pytest.fixture
def filled(barledger: Barledger, held: Path) -> Path:
    """Return a Parquet catalog that holds a bar."""
    catalog = held / "catalog"
    if not catalog.exists():
        content, _ = SHAPES[0].write(ZONED.rows(3))
        file = held / "first.csv"
        file.write_bytes(content)
        ended = barledger("import-csv", file, "-i", "AAPL.NASDAQ", "--catalog", catalog)
        assert ended.code == 0, ended.err
    return catalog


def _words(file: Path, base: Base, catalog: Path) -> list[str]:
    words = ["import-csv", file, "-i", "AAPL.NASDAQ", "--catalog", catalog, "--json"]
    return [*map(str, words), *base.options]


def _tree(catalog: Path) -> dict[str, tuple[int, int]]:
    """Return every file of the catalog with its size and the time of its last change."""
    files = [path for path in catalog.rglob("*") if path.suffix not in (".db-wal", ".db-shm")]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


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
    barledger: Barledger, tmp_path: Path, filled: Path, case: Case
) -> None:
    rows = case.rule.base.rows(case.shape.rows)
    expected = case.rule.break_at(rows, case.rule.row(rows, case.place))
    content, lines = case.shape.write(rows, ended=case.place != "last")
    file = tmp_path / "bars.csv"
    file.write_bytes(content)
    before, head = _tree(filled), _head(barledger, filled)
    ended = barledger(*_words(file, case.rule.base, filled), *case.rule.options)
    assert ended.code == 4, ended.err
    assert ended.document["error"]["code"] == "rows-refused"
    _check(ended.document["error"]["rows"], expected, rows, lines, case.shape)
    assert _tree(filled) == before
    assert _head(barledger, filled) == head


def _head(barledger: Barledger, catalog: Path) -> Any:
    return barledger("ledger", "head", "--json", "--catalog", catalog).document


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
            assert row["value"] == _clipped(shape.delimiter.join(shape.arranged(rows[each.row])))
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
