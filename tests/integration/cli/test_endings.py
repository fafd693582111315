"""How runs of the command line end: read only in part, cancelled, or asked for help."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.builders import NEW_YORK, csv_text, session_bars
from tests.cli import ROOT, Cli


@pytest.fixture
def held(cli: Cli) -> Cli:
    text = csv_text(session_bars("2023-01-01", "2023-03-31"), NEW_YORK)
    cli.import_csv("AAPL.NASDAQ", text, "--timezone", "America/New_York")
    return cli


def _start(cli: Cli, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "entrypoints", *arguments],
        cwd=cli.folder,
        env={**cli.inherited(), "PYTHONPATH": f"{cli.folder}:{ROOT}"},
        stdout=subprocess.PIPE,
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


WAITING = """
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
    assert out == ""


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
