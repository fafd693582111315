"""A command at a real terminal, and a person who reads what it shows and types."""

from __future__ import annotations

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

from tests.cli import Cli

# Wide enough that no sentence is broken, and what is shown can be compared.
_ROWS, _COLUMNS = 50, 240
# Whoever waits in vain must be told; nothing here takes a tenth of it.
_PATIENCE = 60
_IMPATIENCE = 5
CTRL_C = "\x03"
_STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# Ctrl-C reaches only those whose controlling terminal it is typed at.
_AT_THE_TERMINAL = (
    sys.executable,
    "-c",
    "import fcntl, os, sys, termios\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execv(sys.argv[1], sys.argv[1:])",
)


class Terminal:
    """A command that runs at a terminal of its own; all three streams are connected with it."""

    def __init__(self, cli: Cli, *arguments: str) -> None:
        self._screen, inside = pty.openpty()
        try:
            size = struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0)
            fcntl.ioctl(inside, termios.TIOCSWINSZ, size)
            self._process = subprocess.Popen(
                [*_AT_THE_TERMINAL, *cli.words(*arguments)],
                cwd=cli.folder,
                env={**_without_size(cli.surroundings()), "TERM": "xterm"},
                stdin=inside,
                stdout=inside,
                stderr=inside,
                start_new_session=True,
            )
        finally:
            os.close(inside)
        self._raw = b""

    def close(self) -> None:
        """End the command, if it still runs, and let go of the terminal."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._screen)

    @property
    def shown(self) -> str:
        """All that was shown up to now, without colours."""
        return _STYLE.sub("", self._raw.decode(errors="replace")).replace("\r\n", "\n")

    def read_until(self, text: str) -> str:
        """Read until `text` is shown, and return all that was shown."""
        while text not in self.shown:
            assert self._read(), f"it has ended without {text!r}: {self.shown}"
        return self.shown

    def read_until_match(self, pattern: re.Pattern[str]) -> None:
        """Read until what is shown has a match of `pattern`."""
        while not pattern.search(self.shown):
            assert self._read(), f"it has ended without {pattern.pattern!r}: {self.shown}"

    def read_until_asked_or_ended(self, prompt: str) -> str:
        """Read until `prompt` is shown or the command has ended."""
        while prompt not in self.shown and self._read():
            pass
        return self.shown

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._screen, keys.encode())

    def answer(self, text: str) -> None:
        """Type a line."""
        self.type(f"{text}\n")

    def cancel(self) -> int:
        """Press Ctrl-C until it is answered, read to the end and return the exit code.

        Python misses one that comes in the moment in which it begins to wait for a line. A person
        is too slow for that, and would press it again.
        """
        self.type(CTRL_C)
        while self._is_there():
            if select.select([self._screen], [], [], _IMPATIENCE)[0]:
                self._take()
            else:
                self.type(CTRL_C)
        return self._process.wait()

    def ended(self) -> int:
        """Read to the end and return the exit code."""
        while self._read():
            pass
        return self._process.wait()

    def _read(self) -> bool:
        """Take in what is shown next; return whether the command is still there."""
        ready, _, _ = select.select([self._screen], [], [], _PATIENCE)
        assert ready, f"nothing more is shown: {self.shown}"
        return self._take()

    def _is_there(self) -> bool:
        return self._process.poll() is None or bool(
            select.select([self._screen], [], [], 0)[0] and self._take()
        )

    def _take(self) -> bool:
        """Take in what is at hand; return whether there was anything."""
        # Linux says EIO once nobody has the other end open.
        with contextlib.suppress(OSError):
            some = os.read(self._screen, 65536)
            self._raw += some
            return bool(some)
        return False


def _without_size(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")}
