"""`barledger remove` shows what it takes, asks, takes no more, and says how it comes back."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path

import filelock
import pytest

from adapters.parquet import repository
from tests.acceptance.terminal import Terminal
from tests.builders import csv_text, minute_bars, session_bars, utc
from tests.cli import Cli
from tests.faults.state import State, rows_of, state_of
from tests.integration.cli.conftest import Barledger

WEEK = session_bars("2024-01-02", "2024-01-05", minutes=60)


def held(catalog: Path) -> State:
    return state_of(catalog)


@pytest.fixture
def week(barledger: Barledger, tmp_path: Path) -> Barledger:
    """Hold four days of AAPL."""
    file = tmp_path / "aapl.csv"
    file.write_text(csv_text(WEEK))
    assert barledger("import-csv", file, "-i", "AAPL.NASDAQ").code == 0
    return barledger


def _bars(catalog: Path) -> dict[int, tuple[int, ...]]:
    (rows,) = held(catalog).values()
    return rows


def test_days_are_taken_out_and_the_files_lie_in_the_history(
    week: Barledger, catalog: Path
) -> None:
    ended = week(
        "remove", "-i", "AAPL", "--start", "2024-01-03", "--end", "2024-01-04", "--yes", "--json"
    )
    assert ended.code == 0, ended.err
    assert ended.document == {
        "dry_run": False,
        "series": [
            {
                "instrument_id": "AAPL.NASDAQ",
                "bar_type": "1_MIN",
                "start": "2024-01-03",
                "end": "2024-01-04",
                "days": 2,
                "bars": 120,
                "partitions": 2,
                "partitions_cut": 0,
                "partitions_damaged": 0,
                "as_of": 5,
            }
        ],
        "warnings": [],
    }
    folder = catalog / "AAPL.NASDAQ" / "1_MIN"
    assert sorted(path.name for path in folder.glob("*.parquet")) == [
        "2024-01-02.parquet",
        "2024-01-05.parquet",
    ]
    assert sorted(path.name for path in folder.glob(".history/*")) == [
        "2024-01-03.parquet",
        "2024-01-04.parquet",
    ]
    assert len(_bars(catalog)) == 120


def test_the_command_that_it_names_brings_all_of_it_back(week: Barledger, catalog: Path) -> None:
    before = held(catalog)
    part = ("--start", "2024-01-03", "--end", "2024-01-04T15:00:00Z")
    ended = week("remove", "-i", "AAPL", *part, "--yes")
    assert "Removed:" in ended.out
    assert "1 partition removed, 1 partition cut, the rest stays" in ended.out
    (command,) = [line.strip() for line in ended.out.splitlines() if "barledger restore" in line]
    assert held(catalog) != before
    program, *words = shlex.split(command)
    assert program == "barledger"
    assert week(*words, "--yes").code == 0
    assert held(catalog) == before


def test_a_dry_run_shows_the_same_and_does_nothing(week: Barledger, catalog: Path) -> None:
    before = held(catalog)
    ended = week("remove", "-i", "AAPL.NASDAQ", "--end", "2024-01-03", "--dry-run", "--json")
    assert ended.code == 0
    assert ended.document["dry_run"] is True
    assert ended.document["series"][0]["bars"] == 120
    assert ended.document["series"][0]["as_of"] is None
    text = week("remove", "-i", "AAPL.NASDAQ", "--end", "2024-01-03", "--dry-run")
    assert "Would be removed:" in text.out
    assert "restore" not in text.out
    assert held(catalog) == before


def test_nobody_there_to_ask_is_a_usage_error_that_names_yes(
    week: Barledger, catalog: Path
) -> None:
    before = held(catalog)
    ended = week("remove", "-i", "AAPL", "--json")
    assert ended.code == 2
    error = ended.document["error"]
    assert error["code"] == "confirmation-needed"
    assert "--yes" in error["recovery"]
    assert "240 bars of 4 days" in error["message"]
    assert held(catalog) == before


def test_an_instrument_must_be_named(week: Barledger) -> None:
    assert week("remove", "--yes").code == 2


@pytest.mark.parametrize("what", [["--start", "2025-01-01"], ["--bar-type", "1_DAY"]])
def test_nothing_there_is_not_found(week: Barledger, what: list[str]) -> None:
    ended = week("remove", "-i", "AAPL", *what, "--yes")
    assert ended.code == 3
    assert "Data not found for AAPL" in ended.err


def test_several_series_go_one_after_the_other(
    week: Barledger, tmp_path: Path, catalog: Path
) -> None:
    file = tmp_path / "msft.csv"
    file.write_text(csv_text(minute_bars()))
    assert week("import-csv", file, "-i", "MSFT.NASDAQ").code == 0
    ended = week("remove", "-i", "AAPL", "-i", "MSFT", "--yes", "--json")
    assert [one["bars"] for one in ended.document["series"]] == [240, 5]
    assert [one["as_of"] for one in ended.document["series"]] == [7, 11]
    assert held(catalog) == {}
    assert week("list").out.startswith("The Parquet catalog holds nothing")


def test_what_was_done_before_a_failure_is_told(
    week: Barledger, tmp_path: Path, catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "msft.csv"
    file.write_text(csv_text(minute_bars()))
    assert week("import-csv", file, "-i", "MSFT.NASDAQ").code == 0
    monkeypatch.setattr(repository, "_LOCK_SECONDS", 0.05)
    with filelock.FileLock(catalog / "MSFT.NASDAQ" / "1_MIN" / ".lock"):
        ended = week("remove", "-i", "AAPL", "-i", "MSFT", "--yes", "--json")
    assert ended.code == 1
    assert ended.document["error"]["code"] == "catalog-busy"
    assert [one["instrument_id"] for one in ended.document["series"]] == ["AAPL.NASDAQ"]
    assert len(_bars(catalog)) == 5


def test_a_removed_partition_is_flagged_as_damaged_no_more(week: Barledger, catalog: Path) -> None:
    file = catalog / "AAPL.NASDAQ" / "1_MIN" / "2024-01-03.parquet"
    file.write_bytes(file.read_bytes()[:-5])
    assert week("verify").code == 5
    ended = week("remove", "-i", "AAPL", "--start", "2024-01-03", "--end", "2024-01-03", "--yes")
    assert "1 damaged partition forgotten" in ended.out
    verified = week("verify", "--json")
    assert verified.code == 0, verified.out


def test_the_same_days_can_be_imported_again(
    week: Barledger, tmp_path: Path, catalog: Path
) -> None:
    before = held(catalog)
    assert week("remove", "-i", "AAPL", "--yes").code == 0
    ended = week("import-csv", tmp_path / "aapl.csv", "-i", "AAPL.NASDAQ", "--json")
    assert ended.document["files"][0]["bars_written"] == 240
    assert held(catalog) == before


def test_the_rest_of_the_days_is_exactly_what_it_was(week: Barledger, catalog: Path) -> None:
    week("remove", "-i", "AAPL", "--start", "2024-01-03", "--end", "2024-01-04", "--yes")
    first, last = utc("2024-01-03T05:00:00"), utc("2024-01-05T05:00:00")
    everything = rows_of(WEEK).items()
    left = {stamp: row for stamp, row in everything if not first <= stamp < last}
    assert _bars(catalog) == left


@contextlib.contextmanager
def _at_a_terminal(cli: Cli, *arguments: str) -> Iterator[Terminal]:
    terminal = Terminal(cli, *arguments)
    try:
        yield terminal
    finally:
        terminal.close()


@pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, 0), ("n", 2, 5)])
def test_on_a_terminal_a_person_sees_it_first_and_is_asked(
    cli: Cli, answer: str, code: int, left: int
) -> None:
    cli.import_csv("AAPL.NASDAQ", csv_text(minute_bars()))
    with _at_a_terminal(cli, "remove", "-i", "AAPL") as terminal:
        asked = terminal.read_until("[y/N]")
        assert asked.index("5 bars of 1 day (2024-01-02)") < asked.index("Remove these bars?")
        terminal.answer(answer)
        assert terminal.ended() == code
        assert ("Removed:" in terminal.shown) == (code == 0)
        assert ("Nothing was removed" in terminal.shown) == (code != 0)
    bars = [len(rows) for rows in state_of(cli.catalog).values()]
    assert sum(bars) == left


def test_no_answer_leaves_everything_as_it_was(cli: Cli) -> None:
    cli.import_csv("AAPL.NASDAQ", csv_text(minute_bars()))
    with _at_a_terminal(cli, "remove", "-i", "AAPL") as terminal:
        terminal.read_until("[y/N]")
        assert terminal.cancel() == 130
        assert "Cancelled" in terminal.shown
    assert sum(len(rows) for rows in state_of(cli.catalog).values()) == 5
