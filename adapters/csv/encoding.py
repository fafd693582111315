"""Bytes become UTF-8 text, or the place is told at which they are none."""

from __future__ import annotations

import codecs
import re

from adapters.csv.source import ByteStream
from domain.bar_files import BarFile
from domain.errors import UnreadableFileError

LINE_END = re.compile(rb"\r\n?|\n")

_AS_UTF8 = "Save it again as UTF-8; editors and spreadsheets offer that when saving as CSV."
_LONGEST_MARK = 3


def utf8(stream: ByteStream, file: BarFile) -> ByteStream:
    """Return `stream` without its byte order mark, UTF-16 as UTF-8.

    What claims to be UTF-8 is not looked at here, but by `check_utf8`, which knows the lines.
    """
    begin = b""
    while len(begin) < _LONGEST_MARK and (more := stream.read(_LONGEST_MARK)):
        begin += more
    if begin.startswith(codecs.BOM_UTF8):
        return _After(begin.removeprefix(codecs.BOM_UTF8), stream)
    # UTF-32's mark may begin like that of UTF-16; every other character is null then, and refused.
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _FromUtf16(_After(begin, stream), file)
    return _After(begin, stream)


def check_utf8(text: bytes, line: int, file: BarFile) -> None:
    """Refuse what is no UTF-8 text; `text` begins at `line` of the file.

    Raises:
        UnreadableFileError: a byte is none of UTF-8, or null.
    """
    null = text.find(b"\0")
    if null >= 0:
        raise UnreadableFileError(
            f"{file} holds a null byte in line {line + lines_in(text[:null])}: "
            "it is no UTF-8 text.",
            _AS_UTF8,
        )
    if text.isascii():
        return
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise UnreadableFileError(
            f"{file} is no UTF-8 text: line {line + lines_in(text[: error.start])} holds the byte "
            f"0x{text[error.start]:02x}.",
            _AS_UTF8,
        ) from error


def lines_in(text: bytes) -> int:
    """Return how many lines end in `text`, as an editor counts them."""
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")


class _After:
    """A `ByteStream` whose first bytes were read before."""

    def __init__(self, begin: bytes, stream: ByteStream) -> None:
        self._begin, self._stream = begin, stream

    def read(self, size: int) -> bytes:
        if self._begin:
            begin, self._begin = self._begin, b""
            return begin
        return self._stream.read(size)


class _FromUtf16:
    def __init__(self, stream: ByteStream, file: BarFile) -> None:
        self._stream, self._file = stream, file
        self._decoder = codecs.getincrementaldecoder("utf-16")()
        self._lines = 0

    def read(self, size: int) -> bytes:
        while content := self._stream.read(size):
            if text := self._decoded(content):
                return text
        return self._decoded(b"", last=True)

    def _decoded(self, content: bytes, *, last: bool = False) -> bytes:
        try:
            text = self._decoder.decode(content, last).encode()
        except UnicodeDecodeError as error:
            begun = str(error.object[: error.start], error.encoding).encode()
            raise UnreadableFileError(
                f"{self._file} is no UTF-16 text, as its first bytes say: line "
                f"{1 + self._lines + lines_in(begun)} holds the byte "
                f"0x{error.object[error.start]:02x}.",
                _AS_UTF8,
            ) from error
        self._lines += lines_in(text)
        return text
