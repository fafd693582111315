"""Operations on a terminal: drawn in its last lines again and again, with all else above them."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from typing import TextIO

from entrypoints.cli.above import Above
from entrypoints.cli.live_frame import Frame, Line
from entrypoints.cli.operations import Operation, Together, WorkClock

_FRAME_SECONDS = 0.1
# What is over sooner is not drawn at all: it would only flash up.
_FIRST_FRAME_SECONDS = 0.2
_END_OF_LINE = "\x1b[K"
_ALL_BELOW = "\x1b[J"


class LiveView:
    """The last lines of a terminal, as long as there is anything to be shown there.

    rich's own such view is not used, for what is printed meanwhile can come between two halves of
    what its thread does, a narrow terminal breaks its lines, and results that go to a file are
    caught by it. The cursor stays shown, in an empty line below: nothing has to be put right when
    the process is killed.

    It is called from the main thread. Another one draws it, so that it moves while that is busy;
    it is a daemon, nobody waits for it, and it draws nothing once the view was closed.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._clock = WorkClock()
        self._open: list[Operation] = []
        self._ended = 0
        self._begun = 0.0
        self._sentence: str | None = None
        self._cells: list[int] = []
        self._stream: TextIO | None = None
        self._over = threading.Event()

    @contextlib.contextmanager
    def track(self, description: str, total: int) -> Iterator[Operation]:
        """Show an operation until the context ends."""
        operation = Operation(description, total, clock=self._clock)
        try:
            self._begin(operation)
            yield operation
        finally:
            self._end(operation)

    def stand(self, sentence: str | None, seconds: float = 0, *, paced: bool = False) -> None:
        """Show a sentence below the operations at once; None takes it away."""
        with self._lock:
            self._sentence = sentence
            self._clock.wait(None if sentence is None else seconds, paced=paced)
            if self._is_idle:
                self._stop()
            else:
                self._start()
                self._draw()

    def close(self) -> None:
        """Take everything away, whatever is still open."""
        with self._lock:
            self._open.clear()
            self._sentence = None
            self._stop()

    def above(self, text: str, file: TextIO) -> None:
        """Print whole lines above what is shown; to `file` where nothing is shown any more."""
        with self._lock:
            if self._stream is None:
                file.write(text)
                file.flush()
                return
            is_drawn = bool(self._cells)
            self._erase(text)
            if is_drawn:
                self._draw()

    @property
    def _is_idle(self) -> bool:
        return not self._open and self._sentence is None

    def _begin(self, operation: Operation) -> None:
        with self._lock:
            if not self._open:
                self._ended, self._begun = 0, operation.begun
            self._open.append(operation)
            self._start()

    def _end(self, operation: Operation) -> None:
        with self._lock:
            if operation in self._open:
                self._open.remove(operation)
                self._ended += bool(operation.total)
            if self._is_idle:
                self._stop()

    def _start(self) -> None:
        if self._stream is not None:
            return
        sys.stdout.flush()
        self._stream = sys.stderr
        sys.stderr = Above(self, sys.stderr)
        # What goes to a file or to another program is none of the terminal's business.
        if sys.stdout.isatty():
            sys.stdout = Above(self, sys.stdout)
        self._over = threading.Event()
        threading.Thread(target=self._keep_drawing, args=(self._over,), daemon=True).start()

    def _stop(self) -> None:
        if self._stream is None:
            return
        self._over.set()
        try:
            # What was printed without the end of its line is not lost.
            for stream in (sys.stdout, sys.stderr):
                if isinstance(stream, Above):
                    stream.flush()
            self._erase()
        finally:
            self._stream = None
            sys.stdout, sys.stderr = self._beneath(sys.stdout), self._beneath(sys.stderr)

    def _beneath(self, stream: TextIO) -> TextIO:
        # Someone else may have put another in its place.
        return stream.file if isinstance(stream, Above) and stream.view is self else stream

    def _keep_drawing(self, over: threading.Event) -> None:
        wait = _FIRST_FRAME_SECONDS
        # A terminal that is gone is the main thread's to find out.
        with contextlib.suppress(OSError, ValueError):
            while not over.wait(wait):
                with self._lock:
                    if not over.is_set():
                        self._draw()
                wait = _FRAME_SECONDS

    def _draw(self) -> None:
        if self._stream is None:
            return
        width, height = _size(self._stream)
        frame = Frame(width, height, self._clock.now(), self._stream.encoding or "utf-8")
        lines = frame.lines(Together(self._open, self._ended, self._begun), self._sentence)
        drawn = "".join(f"{_styled(line)}{_END_OF_LINE}\n" for line in lines)
        self._put(f"{self._up(width)}{drawn}{_ALL_BELOW}", [line.cells for line in lines])

    def _erase(self, text: str = "") -> None:
        """Put `text` where the view was."""
        if self._stream is not None:
            up = self._up(_size(self._stream)[0])
            self._put(f"{up}{_ALL_BELOW}{text}" if up else text, [])

    def _up(self, width: int) -> str:
        """Return what goes to the first line; in a window made narrower, lines have become two."""
        rows = sum(max(-(-cells // width), 1) for cells in self._cells)
        return f"\r\x1b[{rows}A" if rows else ""

    def _put(self, text: str, cells: list[int]) -> None:
        # Ctrl-C can come between any two steps, and what is shown must then be known.
        try:
            if self._stream is not None and text:
                self._stream.write(text)
                self._stream.flush()
        finally:
            self._cells = cells


def _styled(line: Line) -> str:
    if os.environ.get("NO_COLOR") or not (line.done or line.undone):
        return f"{line.text}{line.done}{line.undone}{line.after}"
    return f"{line.text}\x1b[36m{line.done}\x1b[0;2m{line.undone}\x1b[0m{line.after}"


def _size(stream: TextIO) -> tuple[int, int]:
    """Return the columns and lines of the terminal, which can change at any time."""
    with contextlib.suppress(OSError, ValueError):
        size = os.get_terminal_size(stream.fileno())
        if size.columns and size.lines:
            return size.columns, size.lines
    return shutil.get_terminal_size()
