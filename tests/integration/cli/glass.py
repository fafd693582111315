"""A terminal as a person sees it, and a program that draws on it step by step."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

from tests.cli import ROOT

CTRL_C = b"\x03"
# Whoever waits in vain must be told; nothing here takes a tenth of it.
_PATIENCE = 60
_PIECE = re.compile(r"\x1b\[([\d;]*)([A-Za-z])|(.)", re.DOTALL)
_BEGUN = re.compile(r"(.*?)((?:\x1b(?:\[[\d;]*)?)?)", re.DOTALL)
_SETTING_UP = """
import fcntl, sys, termios
fcntl.ioctl(2, termios.TIOCSCTTY, 0)
from entrypoints.cli.screen import Screen

def step():
    if not sys.stdin.readline():
        raise SystemExit("nobody is there any more")

"""


class Glass:
    """What is on a terminal: knows the few sequences that may be sent, and fails on others."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.scrolled: list[str] = []
        self._lines = [""]
        self._row = self._column = 0
        self._begun = ""

    @property
    def shown(self) -> list[str]:
        """The lines in the window, without the empty ones below."""
        lines = [line.rstrip() for line in self._lines]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    @property
    def everything(self) -> list[str]:
        """All lines, with those that have left the window."""
        return [*self.scrolled, *self.shown]

    def resize(self, columns: int) -> None:
        """Break the lines anew, as terminals do; the cursor stays in its line, which is empty."""
        assert self._column == 0
        broken = [
            line[start : start + columns]
            for line in map(str.rstrip, self._lines[: self._row])
            for start in range(0, max(len(line), 1), columns)
        ]
        self.columns, self._lines = columns, [*broken, ""]
        self._row = len(broken)
        self._scroll()

    def feed(self, text: str) -> None:
        """Take in what was sent."""
        text = self._begun + text
        # What was read can end in the midst of a sequence.
        whole, self._begun = _BEGUN.fullmatch(text).groups()  # type: ignore[union-attr]
        for found in _PIECE.finditer(whole):
            number, command, sign = found.groups()
            if command:
                self._control(command, number)
            elif sign == "\r":
                self._column = 0
            elif sign == "\n":
                self._down()
            else:
                assert sign.isprintable(), f"{sign!r} was sent"
                self._put(sign)

    def _control(self, command: str, number: str) -> None:
        before = self._lines[self._row][: self._column]
        if command == "A":
            self._row = max(self._row - int(number or "1"), 0)
        elif command in "KJ":
            assert not number
            self._lines[self._row] = before
            if command == "J":
                del self._lines[self._row + 1 :]
        else:
            assert command == "m", f"the sequence {command} was sent"

    def _put(self, sign: str) -> None:
        if self._column == self.columns:
            self._column = 0
            self._down()
        line = self._lines[self._row].ljust(self._column)
        self._lines[self._row] = f"{line[: self._column]}{sign}{line[self._column + 1 :]}"
        self._column += 1

    def _down(self) -> None:
        self._row += 1
        if self._row == len(self._lines):
            self._lines.append("")
        self._scroll()

    def _scroll(self) -> None:
        while len(self._lines) > self.rows:
            self.scrolled.append(self._lines.pop(0).rstrip())
            self._row -= 1


class Scene:
    """Python code that runs at a terminal of its own, and waits at each `step()`."""

    def __init__(
        self,
        code: str,
        *,
        columns: int = 80,
        rows: int = 24,
        out: Path | None = None,
        **environment: str,
    ) -> None:
        self.glass = Glass(columns, rows)
        self.raw = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._screen, inside = pty.openpty()
        self._set_size(columns)
        _keep_what_was_sent(inside)
        names = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PYTHONIOENCODING")
        inherited = {name: value for name, value in os.environ.items() if name not in names}
        with contextlib.ExitStack() as stack:
            stack.callback(os.close, inside)
            file = stack.enter_context(out.open("wb")) if out else inside
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SETTING_UP + code],
                env={**inherited, "PYTHONPATH": str(ROOT), "TERM": "xterm", **environment},
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=inside,
                start_new_session=True,
            )

    def close(self) -> None:
        """End the program, if it still runs, and let go of the terminal."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin
        self._process.stdin.close()
        os.close(self._screen)

    def go_on(self) -> None:
        """Let it take its next step."""
        assert self._process.stdin
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()

    def press(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._screen, keys)

    def until(self, is_so: Callable[[list[str]], bool]) -> list[str]:
        """Read until what is shown `is_so`, and return it."""
        while not is_so(self.glass.shown):
            assert self._read(), f"it has ended without that: {self.glass.everything}"
        return self.glass.shown

    def until_shown(self, text: str) -> list[str]:
        """Read until a line with `text` is shown."""
        return self.until(lambda lines: any(text in line for line in lines))

    def until_gone(self, text: str) -> list[str]:
        """Read until no line with `text` is shown any more."""
        return self.until(lambda lines: not any(text in line for line in lines))

    def ended(self) -> int:
        """Read to the end and return the exit code."""
        while self._read():
            pass
        return self._process.wait(_PATIENCE)

    def watch(self, seconds: float) -> None:
        """Read whatever is shown for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self._screen], [], [], left)[0] and not self._read():
                return

    def _set_size(self, columns: int) -> None:
        size = struct.pack("HHHH", self.glass.rows, columns, 0, 0)
        fcntl.ioctl(self._screen, termios.TIOCSWINSZ, size)

    def _read(self) -> bool:
        """Take in what is sent next, in whole frames; return whether there was anything."""
        ready, _, _ = select.select([self._screen], [], [], _PATIENCE)
        assert ready, f"nothing more is shown: {self.glass.everything}"
        # Linux says EIO once nobody has the other end open.
        with contextlib.suppress(OSError):
            some = os.read(self._screen, 65536)
            text = self._decoder.decode(some)
            self.raw += text
            self.glass.feed(text)
            return bool(some)
        return False


def _keep_what_was_sent(terminal: int) -> None:
    """Let Ctrl-C not throw away what nobody has read yet: what was drawn could not be known."""
    settings = termios.tcgetattr(terminal)
    settings[3] |= termios.NOFLSH
    termios.tcsetattr(terminal, termios.TCSANOW, settings)
