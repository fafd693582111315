"""The benchmarks run, be it on little."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.cli import ROOT


def test_the_benchmark_of_the_ledger_runs() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.ledger", "--events", "5040", "--runs", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    for word in ("append", "events replayed", "verified", "peak memory", "bytes an event"):
        assert word in run.stdout


def test_the_benchmark_of_check_runs() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.check", "--events", "5040", "--runs", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    for word in ("--help", "check -i X", "import pandas", "median", "slowest", "wanted"):
        assert word in run.stdout


def test_the_benchmark_of_imports_runs() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.import_csv", "--rows", "5000", "--runs", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    for word in ("pandas + Nautilus", "barledger", "ratio", "peak MB", "wanted"):
        assert word in run.stdout


def test_the_benchmark_of_fetches_runs_in_a_folder_that_it_makes(tmp_path: Path) -> None:
    folder = ("--folder", str(tmp_path / "not" / "there"))
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.fetch", "--sessions", "3", "--runs", "1", *folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    for word in ("1,170 one-minute bars", "ib_async", "barledger", "work", "process", "wanted"):
        assert word in run.stdout
