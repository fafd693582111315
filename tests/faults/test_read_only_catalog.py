"""A Parquet catalog that nobody may write to: everything that reads works, the rest says why."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import csv_text, minute_bars
from tests.cli import Cli

_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2

# Root may write anywhere, until it gives that right up for itself and what it starts.
UNPRIVILEGED = (
    sys.executable,
    "-c",
    "import ctypes, os, sys\n"
    "libc = ctypes.CDLL(None, use_errno=True)\n"
    f"for right in ({_CAP_DAC_OVERRIDE}, {_CAP_DAC_READ_SEARCH}):\n"
    f"    assert libc.prctl({_PR_CAPBSET_DROP}, right, 0, 0, 0) == 0\n"
    "os.execvp(sys.argv[1], sys.argv[1:])",
)


def _can_drop_rights() -> bool:
    return sys.platform == "linux" and ctypes.CDLL(None).prctl is not None


@pytest.fixture
def sealed(cli: Cli) -> Iterator[Cli]:
    """Hold five bars in a catalog whose folders and files are read-only."""
    cli.import_csv("AAPL.NASDAQ", csv_text(minute_bars()))
    everything = [cli.catalog, *cli.catalog.rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    if os.geteuid() == 0:
        assert _can_drop_rights()
        cli.prefix = UNPRIVILEGED
    yield cli
    for path in everything:
        path.chmod(0o755)


def test_reading_needs_no_right_to_write(sealed: Cli) -> None:
    before = sorted(sealed.catalog.rglob("*"))
    listed = sealed("list", "--json").succeeded()
    assert listed.document["series"][0]["bars"] == 5
    run = sealed(
        "backtest", "-i", "AAPL", "--strategy", "buy-and-hold", "--param", "trade_size=1", "--json"
    )
    assert run.succeeded().document["bars"] == 5
    assert sorted(sealed.catalog.rglob("*")) == before


@pytest.mark.parametrize("instrument", ["AAPL.NASDAQ", "MSFT.NASDAQ"])
def test_writing_is_refused_with_what_to_do(sealed: Cli, instrument: str) -> None:
    file = sealed.folder / "more.csv"
    file.write_text(csv_text(minute_bars("2024-01-03T14:30:00")))
    run = sealed("import-csv", str(file), "-i", instrument, "--json")
    assert run.code == 1, run.err
    assert run.document["error"]["code"] == "catalog-read-only"
    assert "--catalog" in run.document["error"]["recovery"]
    assert "Traceback" not in run.err


def test_defining_an_instrument_is_refused_too(sealed: Cli) -> None:
    run = sealed("instrument", "set", "-i", "AAPL", "--tick", "0.0001", "--json")
    assert run.code == 1, run.err
    assert run.document["error"]["code"] == "catalog-read-only"


def test_a_catalog_cannot_be_made_where_nothing_can_be_made(sealed: Cli, tmp_path: Path) -> None:
    file = tmp_path / "bars.csv"
    file.write_text(csv_text(minute_bars()))
    inside = sealed.catalog / "new"
    run = sealed("import-csv", str(file), "-i", "AAPL.NASDAQ", "--catalog", str(inside), "--json")
    assert run.code == 1, run.err
    assert run.document["error"]["code"] == "catalog-read-only"
