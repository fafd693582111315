"""The command line starts fast: heavy modules are imported where they are needed, not before."""

from __future__ import annotations

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
