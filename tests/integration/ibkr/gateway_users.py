"""Starts the other processes of the tests."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.cli import ROOT

User = subprocess.Popen[str]


@contextlib.contextmanager
def user(kind: str, base: Path, port: int = 1, times: int = 1) -> Iterator[User]:
    """Start a process that does what `gateway_user` calls `kind`; it is gone afterwards."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.integration.ibkr.gateway_user"),
            *(kind, str(base), str(port), str(times)),
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: User) -> str:
    """Return the next line that a process says; if it ended instead, fail with its error."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise AssertionError(process.communicate()[1])
    return line.strip()


def run_together(base: Path, port: int, times: int, *kinds: str) -> list[str]:
    """Run a process of each kind at once; return what they said, when none failed."""
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(user(kind, base, port, times)) for kind in kinds]
        told = [process.communicate() for process in processes]
        assert [errors for _, errors in told if errors] == []
        assert {process.returncode for process in processes} == {0}
    return [line.strip() for line, _ in told]
