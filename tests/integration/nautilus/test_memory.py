"""Memory does not grow with the range."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def peaks(*months: int) -> list[int]:
    """Return the peak memory, in kB, of processes that run so many months, a month a chunk."""
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.integration.nautilus.peak_memory", str(count), "1"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for count in months
    ]
    return [int(process.communicate()[0]) for process in running]


def test_twelve_months_take_no_more_memory_than_one() -> None:
    """A year in one chunk takes 50 MB more than a month; in chunks, what fills Nautilus's cache."""
    one, twelve = peaks(1, 12)
    assert twelve <= 1.2 * one
    assert twelve - one < 25_000
