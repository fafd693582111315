"""What a terminal gets to see fits it, nothing of it is cut off, and how far a thing is is told."""

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


class _Watch:
    """A clock that is set by hand."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> _Watch:
    clock = _Watch()
    monkeypatch.setattr("entrypoints.cli.progress.time", clock)
    return clock


def test_a_pipe_gets_a_line_now_and_then_of_bytes_without_a_known_end(
    watch: _Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Screen().track("Reading -", 0) as task:
        for _ in range(30):
            watch.now += 1
            task.advance(12_000_000)
    assert capsys.readouterr().err.splitlines() == [
        "Reading -: 60.0 MB",
        "Reading -: 180.0 MB",
        "Reading -: 300.0 MB",
    ]


def test_a_pipe_gets_a_line_for_each_tenth_where_the_end_is_known(
    watch: _Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Screen().track("Reading bars.csv", 200) as task:
        for _ in range(20):
            watch.now += 1
            task.advance(10)
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "Reading bars.csv: 25% complete, 15 s left"
    assert told[-1] == "Reading bars.csv: 95% complete, 1 s left"
    assert len(told) == 8


@pytest.mark.parametrize("total", [0, 200])
def test_what_is_over_at_once_is_not_told_of_in_a_pipe(
    watch: _Watch, capsys: pytest.CaptureFixture[str], total: int
) -> None:
    with Screen().track("Reading", total) as task:
        watch.now += 4
        task.advance(100)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("total", "shown", "not_shown"),
    [(0, "Reading -: 48.0 MB", "%"), (96_000_000, "Reading -:  50% complete", "MB")],
)
def test_a_terminal_gets_a_bar_or_where_no_end_is_known_the_bytes(
    monkeypatch: pytest.MonkeyPatch, total: int, shown: str, not_shown: str
) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    with Screen().track("Reading -", total) as task:
        task.advance(12_000_000)
        task.advance(36_000_000)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())
    assert shown in plain
    assert not_shown not in plain
