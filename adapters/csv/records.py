"""Records as the csv module reads them: one may have quoted fields that go over several lines."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

import attrs

from adapters.csv.buffer import COMMENT, TextBuffer, check_length
from adapters.csv.encoding import LINE_END, check_utf8
from domain.bar_files import BarFile
from domain.errors import UnreadableFileError

# The module's own limit holds for fields; ours for whole records is told with its line.
_NO_LIMIT = 2**31 - 1


@attrs.frozen
class Record:
    """Cells, and the line at which they begin.

    `length` bytes and `lines` are what they take, with the comments that were skipped before.
    """

    cells: list[str]
    line: int
    length: int
    lines: int


def first_record(buffer: TextBuffer, delimiter: str) -> Record:
    """Return the record at which `buffer` begins, reading as much as it takes.

    Raises:
        UnreadableFileError: it is too long or cannot be cut into fields.
    """
    buffer.first_line()
    while True:
        whole = _whole_lines(buffer)
        found = records(whole, buffer.line, delimiter, buffer.file, at_end=buffer.at_end)
        record = next(found, None)
        if record is not None:
            return record
        buffer.check_pending()
        buffer.fill()


def records(
    lines: Iterable[bytes], line: int, delimiter: str, file: BarFile, *, at_end: bool
) -> Iterator[Record]:
    """Yield the records that are whole; the first of `lines` is `line` of the file.

    Lines that are comments are skipped where a record could begin. A record that goes beyond
    the last line is left out, unless that is the last of the file.

    Raises:
        UnreadableFileError: one is too long or cannot be cut into fields.
    """
    csv.field_size_limit(_NO_LIMIT)
    feed = _Feed(lines)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.begin()
        try:
            cells = next(reader)
        except StopIteration:
            yield from feed.comments(line)
            return
        except csv.Error as error:
            if feed.ran_out and not at_end:
                yield from feed.comments(line)
                return
            raise UnreadableFileError(
                f"{file} cannot be cut into fields at line {line + feed.skipped}: {error}.",
                "Correct that line: a field that begins with a quote must end with one.",
            ) from error
        check_length(feed.content, line + feed.skipped, file)
        yield Record(cells, line + feed.skipped, feed.skipped_length + feed.length, feed.lines)
        line += feed.lines


class _Feed:
    """Gives lines to the csv module, but no comment where a record begins."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self.ran_out, self._last = False, b""
        self.begin()

    def begin(self) -> None:
        """Count anew, from the record that comes."""
        self.lines = self.skipped = self.length = self.skipped_length = 0

    def comments(self, line: int) -> Iterator[Record]:
        """Yield the lines that were skipped, if any, as a record without cells."""
        if self.skipped:
            yield Record([], line, self.skipped_length, self.skipped)

    @property
    def content(self) -> int:
        """How many bytes the record has, without the end of its last line."""
        return self.length - len(self._last) + len(self._last.rstrip(b"\r\n"))

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        for line in self._lines:
            self.lines += 1
            if self.length or not COMMENT.match(line):
                self.length += len(line)
                self._last = line
                return line.decode()
            self.skipped += 1
            self.skipped_length += len(line)
        self.ran_out = True
        raise StopIteration


def _whole_lines(buffer: TextBuffer) -> Iterator[bytes]:
    """Yield the lines in `buffer` whose end is there, each checked to be text."""
    begin, ended = 0, buffer.ended()
    number = buffer.line
    while begin < ended:
        end = LINE_END.search(buffer.text, begin, ended)
        line = buffer.text[begin : end.end() if end else ended]
        check_utf8(line, number, buffer.file)
        yield line
        begin += len(line)
        number += 1
