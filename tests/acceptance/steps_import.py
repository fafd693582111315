"""Steps of features/import_csv.feature: what goes in, and what comes of it."""

from __future__ import annotations

import re
import shlex

import pytest
from pytest_bdd import given, parsers, then, when

from domain.instrument import Series
from tests.acceptance.errand import (
    SESSIONS_OF_2023,
    ZONE,
    Errand,
    Outcome,
    year_2023,
    year_2023_text,
)
from tests.acceptance.gateway import Doorbell
from tests.acceptance.terminal import Terminal
from tests.builders import AAPL
from tests.cli import Cli
from tests.faults.state import Rows, opened, rows_of, state_of

CatalogFiles = dict[str, bytes]
INVALID = {
    7: ("timestamp", "", "is missing"),
    42: ("low", "-186.05", "is not greater than 0"),
    100: ("timestamp", "", "is missing"),
    311: ("open", "-0.01", "is not greater than 0"),
}


def files_of(trader: Cli) -> CatalogFiles:
    """Return every file of the catalog, and in the ledger's place the events that it holds."""
    files = {
        str(path.relative_to(trader.catalog)): path.read_bytes()
        for path in trader.catalog.rglob("*")
        if path.is_file() and not path.name.startswith("ledger.db")
    }
    with opened(trader.catalog) as container:
        events = repr(list(container.ledger().replay()))
    return {**files, "ledger": events.encode()}


def held(trader: Cli, series: Series = AAPL) -> Rows:
    """Return every bar that the catalog holds of a series."""
    return state_of(trader.catalog).get(series, {})


@pytest.fixture
def before() -> CatalogFiles:
    """Return the catalog's files as they were before the import, to be filled by a step."""
    return {}


# Given


@given("user has AAPL_2023.csv file", target_fixture="errand")
def year(trader: Cli) -> Errand:
    (trader.folder / "AAPL_2023.csv").write_text(year_2023_text())
    return Errand(("AAPL_2023.csv", "-i", "AAPL.NASDAQ", *ZONE), year_2023())


@given("user has imported it")
def imported(trader: Cli, errand: Errand, before: CatalogFiles) -> None:
    assert errand.run(trader).code == 0
    before |= files_of(trader)


@given("CSV contains invalid data (missing timestamps, negative prices)", target_fixture="errand")
def invalid(trader: Cli) -> Errand:
    lines = year_2023_text().splitlines()[:400]
    columns = lines[0].split(",")
    for line, (column, value, _) in INVALID.items():
        cells = lines[line - 1].split(",")
        cells[columns.index(column)] = value
        lines[line - 1] = ",".join(cells)
    (trader.folder / "invalid.csv").write_text("\n".join(lines) + "\n")
    return Errand(("invalid.csv", "-i", "AAPL.NASDAQ", *ZONE), year_2023())


# When


@when("user runs import command", target_fixture="outcome")
def run(trader: Cli, errand: Errand) -> Outcome:
    return errand.run(trader)


@when(parsers.parse("user runs import command with {options}"), target_fixture="outcome")
def run_with(trader: Cli, errand: Errand, options: str) -> Outcome:
    return errand.run(trader, *shlex.split(options))


# Then


@then(
    parsers.parse(
        "data is validated and written directly to Parquet catalog at ./data/catalog/{pattern}"
    )
)
def written(pattern: str, trader: Cli, errand: Errand, outcome: Outcome, gateway: Doorbell) -> None:
    assert outcome.code == 0, outcome.text
    assert "Warning" not in outcome.text
    assert "97,140 rows, AAPL.NASDAQ 1-minute bars" in outcome.text
    files = list((trader.folder / "data" / "catalog").glob(pattern))
    assert len(files) == SESSIONS_OF_2023
    assert set(files) == set(trader.folder.rglob("*.parquet"))
    assert held(trader) == rows_of(errand.bars)
    (row,) = trader("check", "-i", "AAPL", "--json").succeeded().document["series"]
    assert row["sessions"]["complete"] == SESSIONS_OF_2023
    assert trader("verify", "--json").succeeded().document["bars"] == 97_140
    assert gateway.rings == 0


@then("validation fails with clear error message indicating specific row and issue")
def refused(trader: Cli, terminal: Terminal) -> None:
    assert terminal.ended() == 4
    shown = terminal.shown
    assert "invalid.csv: 4 of 399 rows are refused; nothing of the file was written." in shown
    for line, cells in INVALID.items():
        pattern = r"\W+".join(map(re.escape, (str(line), *filter(None, cells))))
        assert re.search(rf"^\W*{pattern}\W*$", shown, re.MULTILINE), shown
    assert "Correct these rows in the file, then import it again." in shown
    no_catalog(trader)


@then("a backtest with that data runs")
def backtest(trader: Cli, errand: Errand, outcome: Outcome, gateway: Doorbell) -> None:
    assert outcome.code == 0, outcome.text
    words = ("backtest", "-i", "AAPL.NASDAQ", "--strategy", "buy-and-hold", "--json")
    result = trader(*words).succeeded().document
    bars = len(errand.bars)
    assert result["source"] == {"catalog": bars, "ibkr": 0}
    assert (result["bars"], result["orders"], result["positions"]) == (bars, 1, 1)
    assert gateway.rings == 0


@then(parsers.parse("{bars} bars in {partitions} partitions are announced"))
def announced(bars: str, partitions: str, outcome: Outcome) -> None:
    assert outcome.code == 0, outcome.text
    assert f"{bars} bars would be written in {partitions} partitions" in outcome.text


@then("there is no Parquet catalog")
def no_catalog(trader: Cli) -> None:
    assert not trader.catalog.exists()


@then("the Parquet catalog is as it was")
def unchanged(trader: Cli, before: CatalogFiles) -> None:
    assert before
    assert files_of(trader) == before


@then(
    parsers.parse(
        "{bars} bars are written, {skipped} skipped, {replaced} replaced and {removed} removed"
    )
)
def counted(bars: str, skipped: str, replaced: str, removed: str, outcome: Outcome) -> None:
    assert outcome.code == 0, outcome.text
    gone = "" if removed == "0" else f", {removed} held ones removed"
    counts = rf"^  {bars} bars written in \d+ partitions, {skipped} skipped, {replaced} replaced"
    assert re.search(f"{counts}{gone}$", outcome.text, re.MULTILINE), outcome.text
