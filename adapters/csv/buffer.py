"""A text that is read piece by piece, and the line at which the next piece begins."""

from __future__ import annotations

import re

from adapters.csv.encoding import LINE_END, check_utf8, lines_in
from adapters.csv.source import ByteStream
from domain.bar_files import BarFile
from domain.errors import UnreadableFileError

# No bar takes so many bytes, and no line either; without a limit a quote that is never closed,
# or a file that has no lines, would be taken into memory whole.
LONGEST_RECORD = 2**20

COMMENT = re.compile(rb"[ \t\v\f]*#")


class TextBuffer:
    """What was read of `stream` and not used yet: `text`, which begins at `line`."""

    def __init__(self, stream: ByteStream, file: BarFile, block_size: int) -> None:
        self._stream, self._block_size = stream, block_size
        self.file = file
        self.text, self.line, self.at_end = b"", 1, False

    def fill(self) -> None:
        """Read a block more, or what there is until the end.

        Raises:
            UnreadableFileError: the file cannot be read further.
        """
        parts, wanted = [self.text], self._block_size
        while wanted > 0:
            part = self._stream.read(wanted)
            if not part:
                self.at_end = True
                break
            parts.append(part)
            wanted -= len(part)
        self.text = b"".join(parts)

    def drop(self, length: int, lines: int) -> None:
        """Let go of the first `length` bytes, which end `lines` lines."""
        self.text = self.text[length:]
        self.line += lines

    def ended(self) -> int:
        """Return how many bytes stand before the end of the last line that is whole."""
        if self.at_end:
            return len(self.text)
        # What follows a carriage return decides whether it ends a line by itself.
        returned = self.text.rfind(b"\r", 0, max(len(self.text) - 1, 0))
        return max(self.text.rfind(b"\n"), returned) + 1

    def first_line(self) -> bytes:
        """Return the next line with its end, reading as much as it takes; empty at the end."""
        while True:
            end = LINE_END.search(self.text)
            if end and (end.end() < len(self.text) or self.at_end or end[0] != b"\r"):
                self._check(end.start())
                return self.text[: end.end()]
            if self.at_end:
                self._check(len(self.text))
                return self.text
            self.check_pending()
            self.fill()

    def check_pending(self) -> None:
        """Refuse a text that begins a record and is too long for one."""
        # A carriage return at its end may be the row's.
        check_length(len(self.text) - self.text.endswith(b"\r"), self.line, self.file)

    def check_lines(self, text: bytes) -> None:
        """Refuse a line of `text`, at which the buffer begins, that is too long."""
        begin = 0
        while len(text) - begin > LONGEST_RECORD:
            window = (begin, begin + LONGEST_RECORD + 1)
            end = max(text.rfind(b"\n", *window), text.rfind(b"\r", *window))
            if end < 0:
                check_length(len(text) - begin, self.line + lines_in(text[:begin]), self.file)
            begin = end + 1

    def _check(self, length: int) -> None:
        check_length(length, self.line, self.file)
        check_utf8(self.text[:length], self.line, self.file)


def check_length(length: int, line: int, file: BarFile) -> None:
    """Refuse a record of `length` bytes that begins at `line` if it is too long.

    Raises:
        UnreadableFileError: it is.
    """
    if length > LONGEST_RECORD:
        raise UnreadableFileError(
            f"{file} holds no end of the row that begins in line {line} within a megabyte.",
            "Look for a quote in that line that is not closed, or check that the file holds bars.",
        )
