"""The strip of `barledger check` in a real terminal, in a pipe, and without colours."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

from tests.builders import csv_text, session_bars
from tests.cli import ROOT, Cli

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
COLOURED = "\x1b[36m█"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """Hold two months of AAPL with three weeks between them, and all of them of MSFT."""
    cli = Cli(tmp_path_factory.mktemp("held"))
    for first, last in (("2024-01-02", "2024-01-31"), ("2024-02-20", "2024-03-28")):
        cli.import_csv("AAPL.NASDAQ", csv_text(session_bars(first, last)))
    cli.import_csv("MSFT.NASDAQ", csv_text(session_bars("2024-01-02", "2024-01-05")))
    return cli


def terminal(held: Cli, columns: int, *arguments: str, **environment: str) -> str:
    """Return what `check` shows on a terminal of this width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "entrypoints", "check", *arguments],
        cwd=held.folder,
        env={
            **{name: value for name, value in held.inherited().items() if name not in _COLOURS},
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm-256color",
            **environment,
        },
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    shown = b""
    while block := _read(ours):
        shown += block
    process.wait()
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


_COLOURS = ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS", "LINES", "COLORTERM")


def _read(terminal: int) -> bytes:
    """Return what was written next; nothing once nobody can write any more."""
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""


def strip(text: str) -> str:
    """Return the first strip."""
    return next(line for line in text.splitlines() if line.startswith("  2024-01-02 "))


def test_a_pipe_gets_plain_characters_that_fit_eighty_columns(held: Cli) -> None:
    out = held("check").succeeded().out
    assert out.splitlines()[:3] == [
        "AAPL.NASDAQ: Jan 2-31 ✓, Feb 1-19 ✗, Feb 20-Mar 28 ✓",
        "  2024-01-02 ██████████▓·····▓██████████████ 2024-03-28",
        "Available: 2024-01-02 to 2024-03-28 (1-minute bars, 50 trading days)",
    ]
    assert "  2024-01-02 ████ 2024-01-05" in out.splitlines()
    assert out.splitlines()[-2] == ("  █ complete   ▓ partial   · missing   each up to 2 sessions")
    assert "\x1b" not in out


def test_a_terminal_gets_colours_and_as_many_marks_as_fit(held: Cli) -> None:
    wide, narrow = terminal(held, 120), terminal(held, 50)
    assert COLOURED in wide
    assert "\x1b[1;31m·" in wide
    plain = strip(ESCAPE.sub("", wide))
    # 61 sessions, each with a mark of its own.
    assert plain == f"  2024-01-02 {'█' * 21}{'·' * 12}{'█' * 28} 2024-03-28"
    lines = ESCAPE.sub("", narrow).splitlines()
    assert len(strip("\n".join(lines))) <= 50
    assert "each up to 3 sessions" in ESCAPE.sub("", narrow)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_where_colours_are_not_wanted_there_are_none(
    held: Cli, environment: dict[str, str]
) -> None:
    shown = terminal(held, 120, **environment)
    assert "█" in shown
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", shown)


def test_colours_can_be_forced_into_a_pipe(held: Cli) -> None:
    forced = Cli(held.folder, {"FORCE_COLOR": "1", "TERM": "xterm"})
    assert COLOURED in forced("check").succeeded().out


def test_a_stdout_that_cannot_write_the_marks_gets_ascii(held: Cli) -> None:
    ascii_only = Cli(held.folder, {"PYTHONIOENCODING": "ascii"})
    out = ascii_only("check").succeeded().out
    assert out.isascii()
    assert "  2024-01-02 ##########+.....+############## 2024-03-28" in out.splitlines()
    assert "  # complete   + partial   . missing   each up to 2 sessions" in out.splitlines()


def test_json_has_no_strip(held: Cli) -> None:
    assert "█" not in held("check", "--json").succeeded().out
