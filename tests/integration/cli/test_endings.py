"""How runs of the command line end: read only in part, cancelled, or asked for help."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.builders import NEW_YORK, csv_text, minute_bars, session_bars
from tests.cli import ROOT, Cli


@pytest.fixture
def held(cli: Cli) -> Cli:
    text = csv_text(session_bars("2023-01-01", "2023-03-31"), NEW_YORK)
    cli.import_csv("AAPL.NASDAQ", text, "--timezone", "America/New_York")
    return cli


def _start(cli: Cli, *arguments: str, stdout: Any = subprocess.PIPE) -> subprocess.Popen[str]:
    # A parent that ignores Ctrl-C, as a shell's background job does, would hand that on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return subprocess.Popen(
        [sys.executable, "-m", "entrypoints", *arguments],
        cwd=cli.folder,
        env={**cli.inherited(), "PYTHONPATH": f"{cli.folder}:{ROOT}"},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_reader_who_leaves_early_is_no_error(held: Cli) -> None:
    with _start(held, "list", "--json") as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == ""
    assert process.returncode in (0, 1)


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_full_disk_behind_the_output_is_told(held: Cli, options: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full, _start(held, "list", *options, stdout=full) as run:
        assert run.stderr
        told = run.stderr.read()
    assert run.returncode == 1
    assert "standard output" in told
    assert "Traceback" not in told


def test_an_import_that_was_cancelled_leaves_nothing_and_can_be_repeated(held: Cli) -> None:
    text = csv_text(session_bars("2020-01-01", "2022-12-31", minutes=20), NEW_YORK)
    (held.folder / "years.csv").write_text(text)
    words = ("import-csv", "years.csv", "-i", "MSFT.NASDAQ", "--timezone", "America/New_York")
    folder = held.catalog / "MSFT.NASDAQ" / "1_MIN"
    for wait in (0.0, 0.05, 0.3, 0.6):
        with _start(held, *words, "--json") as process:
            while process.poll() is None and not any(folder.glob(".*.tmp")):
                time.sleep(0.005)
            time.sleep(wait)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate()
        if process.returncode == 0:
            break
        assert process.returncode == 130, err
        assert json.loads(out)["error"]["code"] == "cancelled"
        _only_what_the_ledger_knows(held, folder)
    held(*words).succeeded()
    _only_what_the_ledger_knows(held, folder)
    rows = held("list", "-i", "MSFT", "--json").document["series"]
    assert rows[0]["bars"] == 783 * 20


def _only_what_the_ledger_knows(cli: Cli, folder: Path) -> None:
    listed = cli("list", "--json").document["series"]
    bars = sum(row["bars"] for row in listed if row["instrument_id"] == "MSFT.NASDAQ")
    files = list(folder.glob("*.parquet"))
    assert sum(pq.read_metadata(path).num_rows for path in files) == bars
    assert not list(folder.glob(".*.tmp"))


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_ctrl_c_at_the_very_start_is_told_too(held: Cli, options: tuple[str, ...]) -> None:
    told = 0
    for wait in (0.04, 0.06, 0.08, 0.1, 0.15, 0.2):
        with _start(held, "list", *options) as process:
            time.sleep(wait)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate()
        # Python itself is not ours: before our first line it can only die of the signal.
        if process.returncode == 130:
            told += 1
            assert err.strip().startswith("Cancelled."), err
            if options:
                assert json.loads(out)["error"]["code"] == "cancelled"
        else:
            assert process.returncode in (0, -signal.SIGINT)
    assert told


def test_two_imports_of_one_series_at_once_both_succeed(held: Cli) -> None:
    running = []
    for year in (2020, 2021, 2022):
        text = csv_text(session_bars(f"{year}-01-01", f"{year}-12-31", minutes=20), NEW_YORK)
        (held.folder / f"{year}.csv").write_text(text)
        words = ("-i", "MSFT.NASDAQ", "--timezone", "America/New_York")
        running.append(_start(held, "import-csv", f"{year}.csv", *words))
    for process in running:
        with process:
            _, err = process.communicate()
        assert process.returncode == 0, err
    assert held("list", "-i", "MSFT", "--json").document["series"][0]["bars"] == 783 * 20


WAITING = """
import tempfile
import time
from nautilus_trader.trading.strategy import Strategy
class Waiting(Strategy):
    def on_start(self):
        open("running", "w").close()
        time.sleep(60)
"""


def test_ctrl_c_ends_a_backtest_with_130(held: Cli) -> None:
    (held.folder / "waits.py").write_text(WAITING)
    process = _start(held, "backtest", "-i", "AAPL", "--strategy", "waits:Waiting", "--json")
    _await(held.folder / "running", process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Cancelled" in err
    assert "Traceback" not in err
    assert json.loads(out)["error"]["code"] == "cancelled"


LOUD = """
import os
from nautilus_trader.trading.strategy import Strategy
class Loud(Strategy):
    def on_start(self):
        print("printed")
        os.write(1, b"written")
"""


def test_what_a_strategy_prints_is_not_on_stdout(held: Cli) -> None:
    (held.folder / "loud.py").write_text(LOUD)
    run = held("backtest", "-i", "AAPL", "--strategy", "loud:Loud", "--json").succeeded()
    assert run.document["orders"] == 0
    assert "printed" in run.err
    assert "written" in run.err


def _await(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_can_be_had(cli: Cli, shell: str) -> None:
    cli.environment["_BARLEDGER_COMPLETE"] = f"{shell}_source"
    assert "_BARLEDGER_COMPLETE" in cli().out


def test_commands_are_completed_by_name(cli: Cli) -> None:
    cli.environment |= {
        "_BARLEDGER_COMPLETE": "bash_complete",
        "COMP_WORDS": "barledger im",
        "COMP_CWORD": "1",
    }
    assert "import-csv" in cli().out


def test_what_is_written_is_in_though_the_history_cannot_be_used(
    cli: Cli,
) -> None:
    """The commit point is past, so the command has done what it was asked for, and says more."""
    cli.import_csv("AAPL.NASDAQ", csv_text(minute_bars()))
    history = cli.catalog / "AAPL.NASDAQ" / "1_MIN" / ".history"
    history.write_text("mine")
    other = csv_text(minute_bars(first_price=20_000))
    run = cli.import_csv("AAPL.NASDAQ", other, "--on-conflict", "overwrite", "--yes", "--json")
    assert run.document["files"][0]["bars_replaced"] == 5
    (warning,) = run.document["warnings"]
    assert "what was written is in" in warning
    history.unlink()
    assert cli("verify", "--json").succeeded().document["partitions"] == 1
    assert [path.name for path in history.parent.glob("*.parquet")] == ["2024-01-02.2.parquet"]


def test_the_history_may_lie_on_another_disk(cli: Cli) -> None:
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == cli.folder.stat().st_dev:
        pytest.skip("needs two file systems: a writable /dev/shm beside the temporary folder")
    with tempfile.TemporaryDirectory(dir=elsewhere) as other:
        cli.import_csv("AAPL.NASDAQ", csv_text(minute_bars()))
        folder = cli.catalog / "AAPL.NASDAQ" / "1_MIN"
        (folder / ".history").symlink_to(other)
        more = csv_text(minute_bars(first_price=20_000))
        run = cli.import_csv("AAPL.NASDAQ", more, "--on-conflict", "overwrite", "--yes", "--json")
        assert not run.document["warnings"]
        assert [path.name for path in Path(other).iterdir()] == ["2024-01-02.parquet"]
        assert [path.name for path in folder.glob("*.parquet")] == ["2024-01-02.2.parquet"]
        found = cli("verify", "--json").succeeded().document
        assert (found["partitions"], found["revisions"]) == (1, 1)
