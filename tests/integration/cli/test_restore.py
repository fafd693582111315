"""`barledger restore` brings back what an earlier event or time held, bars and all."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.builders import csv_text, minute_bars, session_bars
from tests.faults.state import rows_of, state_of
from tests.integration.cli.conftest import Barledger
from tests.integration.cli.verifying import take_in

FIRST = session_bars("2024-01-02", "2024-01-04", minutes=40)
SECOND = session_bars("2024-01-03", "2024-01-05", minutes=40, price=9_000)
EVENTS_OF_FIRST = 4


@pytest.fixture
def overwritten(barledger: Barledger, tmp_path: Path) -> Barledger:
    """Hold three days, of which two were overwritten and one is new."""
    take_in(barledger, tmp_path, csv_text(FIRST))
    take_in(barledger, tmp_path, csv_text(SECOND), "--on-conflict", "overwrite")
    return barledger


def _bars(catalog: Path) -> dict[int, tuple[int, ...]]:
    (rows,) = state_of(catalog).values()
    return rows


def test_it_holds_again_what_it_held(overwritten: Barledger, catalog: Path) -> None:
    ended = overwritten("restore", "-i", "AAPL", "--as-of", "4", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert ended.document == {
        "dry_run": False,
        "series": [
            {
                "instrument_id": "AAPL.NASDAQ",
                "bar_type": "1_MIN",
                "as_of": 4,
                "start": "2024-01-03",
                "end": "2024-01-05",
                "days": 3,
                "bars": 80,
                "bars_gone": 40,
                "partitions": 2,
                "partitions_removed": 1,
                "undo_as_of": 8,
            }
        ],
        "warnings": [],
    }
    assert _bars(catalog) == rows_of(FIRST)
    verified = overwritten("verify", "--json")
    assert (verified.code, verified.document["bars"]) == (0, 120)


def test_the_undo_that_it_names_undoes_it(overwritten: Barledger, catalog: Path) -> None:
    before = _bars(catalog)
    ended = overwritten("restore", "-i", "AAPL", "--as-of", "4", "--yes")
    assert "To undo it, restore again with --as-of 8." in ended.out
    assert overwritten("restore", "-i", "AAPL", "--as-of", "8", "--yes").code == 0
    assert _bars(catalog) == before
    assert overwritten("restore", "-i", "AAPL", "--as-of", "4", "--yes").code == 0
    assert _bars(catalog) == rows_of(FIRST)


def test_a_window_leaves_the_rest_as_it_is(overwritten: Barledger, catalog: Path) -> None:
    before = _bars(catalog)
    part = ("--start", "2024-01-03T14:40:00Z", "--end", "2024-01-04")
    assert overwritten("restore", "-i", "AAPL", "--as-of", "4", *part, "--yes").code == 0
    after = _bars(catalog)
    edge = 1704292800_000000000
    assert {s: r for s, r in after.items() if s < edge} == {
        s: r for s, r in before.items() if s < edge
    }
    old = rows_of(FIRST)
    assert all(row == old[stamp] for stamp, row in after.items() if edge <= stamp and stamp in old)
    assert len(after) == len(before)


def test_an_instant_names_a_point_too(barledger: Barledger, tmp_path: Path, catalog: Path) -> None:
    take_in(barledger, tmp_path, csv_text(FIRST))
    between = dt.datetime.now(dt.UTC).isoformat()
    take_in(barledger, tmp_path, csv_text(SECOND), "--on-conflict", "overwrite")
    assert barledger("restore", "-i", "AAPL", "--as-of", between, "--yes").code == 0
    assert _bars(catalog) == rows_of(FIRST)


def test_nothing_to_do_is_said_and_nobody_is_asked(overwritten: Barledger) -> None:
    ended = overwritten("restore", "-i", "AAPL", "--as-of", "8")
    assert ended.code == 0
    assert "nothing differs from what was held after event 8" in ended.out


def test_a_dry_run_changes_nothing(overwritten: Barledger, catalog: Path) -> None:
    before = _bars(catalog)
    ended = overwritten("restore", "-i", "AAPL", "--as-of", "4", "--dry-run", "--json")
    assert ended.document["dry_run"] is True
    assert ended.document["series"][0]["bars"] == 80
    assert ended.document["series"][0]["undo_as_of"] is None
    assert overwritten("restore", "-i", "AAPL", "--as-of", "4").code == 2
    assert _bars(catalog) == before


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 2),
        (["--as-of", "99"], 2),
        (["--as-of", "2024-01-01T00:00:00"], 2),
        (["--as-of", "4", "--start", "2025-01-01"], 3),
    ],
)
def test_what_cannot_be_meant_is_refused(
    overwritten: Barledger, options: list[str], code: int
) -> None:
    assert overwritten("restore", "-i", "AAPL", *options, "--yes").code == code


def test_a_damaged_old_file_stops_it_and_names_the_file(
    overwritten: Barledger, catalog: Path
) -> None:
    before = _bars(catalog)
    file = catalog / "AAPL.NASDAQ" / "1_MIN" / ".history" / "2024-01-03.parquet"
    file.write_bytes(file.read_bytes()[:-3])
    ended = overwritten("restore", "-i", "AAPL", "--as-of", "4", "--yes", "--json")
    assert ended.code == 1
    assert ended.document["error"]["code"] == "corrupt-partition"
    assert "2024-01-03.parquet" in ended.document["error"]["message"]
    assert "not touched" in ended.document["error"]["recovery"]
    assert _bars(catalog) == before
    assert not file.exists()
    assert len(list((catalog / ".quarantine").rglob("*.parquet"))) == 1
    rest = ("--start", "2024-01-04")
    assert overwritten("restore", "-i", "AAPL", "--as-of", "4", *rest, "--yes").code == 0


def test_old_bars_with_fewer_decimals_fit_in_with_the_others(
    barledger: Barledger, tmp_path: Path, catalog: Path
) -> None:
    take_in(barledger, tmp_path, csv_text(FIRST))
    fine = minute_bars("2024-01-04T14:30:00", 40, first_price=1_870_001, price_precision=4)
    take_in(barledger, tmp_path, csv_text(fine), "--on-conflict", "overwrite")
    ended = barledger("restore", "-i", "AAPL", "--as-of", "4", "--yes", "--json")
    assert ended.document["series"][0]["partitions"] == 1
    assert _bars(catalog) == rows_of(FIRST)
    assert barledger("verify").code == 0
