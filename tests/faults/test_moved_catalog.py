"""A catalog that is copied to another place, as to another machine, works there at once."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.bars import Bars
from tests.builders import AAPL, csv_text, session_bars
from tests.cli import Cli
from tests.faults.state import assert_tidy, rows_of, state_of
from tests.faults.warm import Warm

HELD = session_bars("2024-01-02", "2024-01-05")
OTHER = session_bars("2024-01-04", "2024-01-09", price=20_000)


@pytest.fixture(scope="module")
def made(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a catalog with some history, in a folder that its files should not know of."""
    folder = tmp_path_factory.mktemp("first-machine")
    _import(warm, folder / "catalog", folder, HELD)
    _import(warm, folder / "catalog", folder, OTHER)
    return folder / "catalog"


def _import(warm: Warm, catalog: Path, folder: Path, bars: Bars) -> None:
    file = folder / "bars.csv"
    file.write_text(csv_text(bars))
    words = ("import-csv", file, "-i", "AAPL.NASDAQ", "--on-conflict", "overwrite")
    warm.barledger(catalog, *words).succeeded()


@pytest.fixture
def moved(made: Path, tmp_path: Path) -> Iterator[Path]:
    """Copy the whole folder, and leave nothing where it was made."""
    target = tmp_path / "on a stick" / "Käse & 株" / "data.d"
    shutil.copytree(made, target)
    hidden = made.with_name("gone")
    made.rename(hidden)
    yield target
    hidden.rename(made)


def test_it_is_listed_verified_read_and_imported_into(
    moved: Path, warm: Warm, tmp_path: Path
) -> None:
    listed = warm.barledger(moved, "list", "--json").succeeded().document
    assert listed["series"][0]["bars"] == len(rows_of(HELD) | rows_of(OTHER))
    assert state_of(moved) == {AAPL: rows_of(HELD) | rows_of(OTHER)}
    assert warm.barledger(moved, "ledger", "verify", "--json").succeeded().document["valid"]
    assert warm.barledger(moved, "verify", "--json").succeeded().document["damaged"] == []
    more = session_bars("2024-01-16", "2024-01-17")
    _import(warm, moved, tmp_path, more)
    assert state_of(moved) == {AAPL: rows_of(HELD) | rows_of(OTHER) | rows_of(more)}
    assert_tidy(moved)


def test_a_backtest_runs_on_it(moved: Path, cli: Cli) -> None:
    words = ("backtest", "-i", "AAPL", "--strategy", "buy-and-hold", "--param", "trade_size=1")
    run = cli(*words, "--catalog", str(moved), "--json").succeeded()
    assert run.document["bars"] == len(rows_of(HELD) | rows_of(OTHER))


def test_no_file_of_it_names_the_folder_where_it_was_made(made: Path) -> None:
    for path in made.rglob("*"):
        if path.is_file():
            assert str(made.parent).encode() not in path.read_bytes(), path


def test_no_event_holds_an_absolute_path(made: Path) -> None:
    connection = sqlite3.connect(made / "ledger.db")
    payloads = [json.loads(row[0]) for row in connection.execute("SELECT payload FROM events")]
    connection.close()
    texts = [text for payload in payloads for text in _texts(payload)]
    assert "bars.csv" in texts
    assert [text for text in texts if Path(text).is_absolute()] == []


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
