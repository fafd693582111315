"""What a terminal gets to see fits it, and nothing of it is cut off."""

from __future__ import annotations

import io
import re
import sys

import pytest

from entrypoints.cli.screen import Screen


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


HEADINGS = ["Instrument", "Calendar", "Bars"]
ROW = ["AAPL.NASDAQ", "24/7 (a fallback: the hours of NOWHERE are not known)", "2,303"]


@pytest.mark.parametrize("width", [20, 60, 80, 81, 84, 85, 200])
def test_a_cell_is_never_cut_whatever_the_terminals_width(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    Screen().show_table([(one, "left") for one in HEADINGS], [ROW, ROW])
    plain = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
    shown = " ".join(plain.split())
    for text in (*HEADINGS, *ROW):
        assert text in shown
    lines = [line.rstrip() for line in plain.splitlines()]
    assert max(map(len, lines)) <= max(width, len(max(ROW, key=len)) + len("Instrument  "))
