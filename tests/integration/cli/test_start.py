"""How the program ends when it is started as a module."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from entrypoints.start import CANCELLED
from tests.cli import ROOT

_PRESSED = """
import os, signal
from entrypoints import start
from entrypoints.cli import main

def run_command():
    try:
        {where}
    except KeyboardInterrupt:
        print("answered")
    return {code}

main.run_command = run_command
start.run()
"""
_KILL = "os.kill(os.getpid(), signal.SIGINT)"


@pytest.mark.parametrize("where", [_KILL, f"exec({_KILL!r})"], ids=["code", "code from a text"])
@pytest.mark.parametrize("code", [CANCELLED, 0])
def test_the_exit_code_is_the_one_of_the_answer_wherever_it_was_pressed(
    where: str, code: int, tmp_path: Path
) -> None:
    (tmp_path / "pressed.py").write_text(_PRESSED.format(where=where, code=code))
    run = subprocess.run(
        [sys.executable, "-m", "pressed"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (code, "answered\n", "")
