"""What others print while lines of a terminal are drawn again and again: it goes above them."""

from __future__ import annotations

import io
from typing import Any, Protocol, TextIO


class View(Protocol):
    """The last lines of a terminal."""

    def above(self, text: str, file: TextIO) -> None:
        """Print whole lines above it; to `file` where it is not shown any more."""


class Above(io.TextIOBase):
    """Stands in for the stream `file` while `view` is shown, and lets whole lines through."""

    def __init__(self, view: View, file: TextIO) -> None:
        self.view = view
        self.file = file
        self._begun = ""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream."""
        return self.file.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """What the stream does with what it cannot encode."""
        return self.file.errors

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def write(self, text: str) -> int:
        """Print the lines that end in `text`; the rest waits for its end."""
        lines, end, begun = text.rpartition("\n")
        if end:
            lines, self._begun = f"{self._begun}{lines}\n", begun
            self.view.above(lines, self.file)
        else:
            self._begun += begun
        return len(text)

    def flush(self) -> None:
        """Print what waits as a line of its own."""
        if self._begun:
            line, self._begun = f"{self._begun}\n", ""
            self.view.above(line, self.file)

    def fileno(self) -> int:
        """Return the descriptor of the stream."""
        return self.file.fileno()

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self.file.isatty()
