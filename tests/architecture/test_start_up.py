"""The command line starts fast: heavy modules are imported where they are needed, not before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("ib_async", "nautilus_trader", "pandas", "pandas_market_calendars", "plotly", "pyarrow")
PROBE = """
import sys
from entrypoints.cli.main import cli

arguments = sys.argv[2:]
if arguments:
    try:
        cli(arguments, standalone_mode=False)
    except SystemExit:
        pass
loaded = set(sys.modules) & set(sys.argv[1].split())
sys.exit(f"imported: {', '.join(sorted(loaded))}" if loaded else 0)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="import"),
        pytest.param(["--help"], id="help"),
        pytest.param(["--version"], id="version"),
        pytest.param(["backtest", "--help"], id="backtest-help"),
        pytest.param(["import-csv", "--help"], id="import-csv-help"),
        pytest.param(["check", "--help"], id="check-help"),
        pytest.param(["ledger", "log", "--help"], id="ledger-log-help"),
        pytest.param(["list", "--help"], id="list-help"),
        pytest.param(["gateway", "simulate", "--help"], id="gateway-simulate-help"),
    ],
)
def test_help_does_not_wait_for_heavy_modules(arguments: list[str]) -> None:
    """Neither an import of the command line nor its help brings in what takes seconds to load."""
    run = subprocess.run(
        [sys.executable, "-c", PROBE, " ".join(HEAVY), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["check", "-i", "AAPL.NASDAQ"], id="check"),
        pytest.param(["check", "-i", "ESH4.CME", "--json"], id="check-json"),
        pytest.param(["check", "-i", "EUR/USD.IDEALPRO"], id="check-currencies"),
        pytest.param(["instrument", "set", "-i", "AAPL.NASDAQ", "--calendar", "LSE"], id="name"),
    ],
)
def test_what_was_worked_out_once_does_not_wait_for_heavy_modules(
    tmp_path: Path, arguments: list[str]
) -> None:
    """The second command that asks when a venue trades imports neither pandas nor calendars."""
    window = ["--start", "2001-01-01", "--end", "2024-01-31"] if arguments[0] == "check" else []
    probe = [sys.executable, "-c", PROBE, " ".join(HEAVY), *arguments, *window]
    runs = [
        subprocess.run(
            [*probe, "--catalog", str(tmp_path)],
            cwd=ROOT,
            env={**os.environ, "BARLEDGER_CACHE_DIR": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=False,
        )
        for _ in range(2)
    ]
    assert runs[1].returncode == 0, runs[1].stderr
    assert runs[0].stdout == runs[1].stdout
    assert runs[1].stdout
