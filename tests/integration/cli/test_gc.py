"""`barledger gc` frees the space of old revisions, and nothing else."""

from __future__ import annotations

from pathlib import Path

import filelock
import pytest

from adapters.parquet import history
from adapters.parquet.history import LOCK_FILE
from tests.builders import csv_text, session_bars
from tests.faults.state import assert_tidy, state_of
from tests.integration.cli.conftest import Barledger
from tests.integration.cli.verifying import take_in

FIRST = session_bars("2024-01-02", "2024-01-04", minutes=40)
SECOND = session_bars("2024-01-02", "2024-01-03", minutes=40, price=9_000)
NOW = ("gc", "--older-than", "0d")


@pytest.fixture
def overwritten(barledger: Barledger, tmp_path: Path) -> Barledger:
    """Hold three days, of which two were overwritten."""
    take_in(barledger, tmp_path, csv_text(FIRST))
    take_in(barledger, tmp_path, csv_text(SECOND), "--on-conflict", "overwrite")
    return barledger


def _history(catalog: Path) -> list[Path]:
    return sorted(catalog.rglob(".history/*.parquet"))


def test_old_files_go_and_the_current_ones_stay(overwritten: Barledger, catalog: Path) -> None:
    before = state_of(catalog)
    size = sum(path.stat().st_size for path in _history(catalog))
    document = overwritten(*NOW, "--yes", "--json").document
    assert document.pop("ended_before").startswith("20")
    (series,) = document.pop("series")
    assert series.pop("oldest") == series.pop("newest")
    assert series == {
        "instrument_id": "AAPL.NASDAQ",
        "bar_type": "1_MIN",
        "revisions": 2,
        "bytes": size,
    }
    assert document == {
        "dry_run": False,
        "older_than_days": 0,
        "revisions": 2,
        "bytes": size,
        "orphans": {"files": 0, "bytes": 0},
        "quarantine": {"files": 0, "bytes": 0},
        "warnings": [],
    }
    assert _history(catalog) == []
    assert state_of(catalog) == before
    assert_tidy(catalog)
    assert overwritten("verify").code == 0


def test_by_default_a_month_of_history_is_kept(overwritten: Barledger, catalog: Path) -> None:
    ended = overwritten("gc")
    assert ended.code == 0
    assert "No old revision ended before" in ended.out
    assert len(_history(catalog)) == 2


def test_nobody_there_to_ask_is_a_usage_error_that_says_what_would_go(
    overwritten: Barledger, catalog: Path
) -> None:
    ended = overwritten(*NOW, "--json")
    assert ended.code == 2
    assert "2 old revisions" in ended.document["error"]["message"]
    assert "--yes" in ended.document["error"]["recovery"]
    assert len(_history(catalog)) == 2


def test_a_dry_run_deletes_nothing(overwritten: Barledger, catalog: Path) -> None:
    document = overwritten(*NOW, "--dry-run", "--json").document
    assert (document["dry_run"], document["revisions"]) == (True, 2)
    assert "Would be deleted" in overwritten(*NOW, "--dry-run").out
    assert len(_history(catalog)) == 2


def test_an_earlier_point_then_ends_in_an_error_that_says_so(
    overwritten: Barledger, catalog: Path
) -> None:
    assert overwritten(*NOW, "--yes").code == 0
    before = state_of(catalog)
    for command in (
        ("backtest", "-i", "AAPL", "--strategy", "buy-and-hold", "--as-of", "4"),
        ("restore", "-i", "AAPL", "--as-of", "4", "--yes"),
    ):
        ended = overwritten(*command, "--json")
        assert ended.code == 1, ended.err
        assert ended.document["error"]["code"] == "revision-discarded"
        assert "backup" in ended.document["error"]["recovery"]
    assert state_of(catalog) == before
    assert overwritten("verify").code == 0


def test_what_was_set_aside_stays_and_is_counted(overwritten: Barledger, catalog: Path) -> None:
    folder = catalog / "AAPL.NASDAQ" / "1_MIN"
    (folder / "2024-01-09.parquet").write_bytes(b"nobody knows me")
    (folder / ".history" / "2024-01-10.parquet").write_bytes(b"nor me")
    document = overwritten(*NOW, "--yes", "--json").document
    assert document["revisions"] == 2
    ended = overwritten(*NOW)
    assert "1 file set aside, 15 B, stay where they are." in ended.out
    assert [path.read_bytes() for path in folder.glob(".orphans/*")] == [b"nobody knows me"]
    assert [path.read_bytes() for path in _history(catalog)] == [b"nor me"]


def test_a_file_that_is_not_what_was_recorded_is_not_deleted(
    overwritten: Barledger, catalog: Path
) -> None:
    first = _history(catalog)[0]
    first.write_bytes(b"of a later time, before the ledger was put back from a backup")
    document = overwritten(*NOW, "--yes", "--json").document
    assert document["bytes"] > 0
    (kept,) = catalog.rglob(".orphans/*.parquet")
    assert kept.read_bytes().startswith(b"of a later time")
    assert not first.exists()


def test_while_a_backup_is_made_nothing_is_deleted(
    overwritten: Barledger, catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history.ParquetRevisionHistory.__init__, "__defaults__", (0.05,))
    with filelock.FileLock(catalog / LOCK_FILE):
        ended = overwritten(*NOW, "--yes", "--json")
    assert ended.document["error"]["code"] == "catalog-busy"
    assert len(_history(catalog)) == 2


@pytest.mark.parametrize("age", ["soon", "-3d", "3h", "1.5d", "999999d"])
def test_an_age_is_a_number_of_days(overwritten: Barledger, age: str) -> None:
    ended = overwritten("gc", "--older-than", age, "--json")
    assert ended.code == 2
    assert "30d" in ended.document["error"]["message"]


def test_an_empty_catalog_has_no_history(barledger: Barledger, catalog: Path) -> None:
    assert barledger("gc").code == 0
    assert not catalog.exists()
