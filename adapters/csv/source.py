"""The bytes of a file as they lie on the disk, or of standard input, hashed on their way."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from domain.bar_files import BarFile
from domain.errors import UnreadableFileError
from domain.ports import Progress


class ByteStream(Protocol):
    """Bytes that come one after the other."""

    def read(self, size: int) -> bytes:
        """Return the next bytes, at least one and about `size`; none at the end."""


class RawInput:
    """A `ByteStream` of the bytes as they are stored; pyarrow takes it for a file."""

    closed = False

    def __init__(self, stream: BinaryIO, file: BarFile, advance: Callable[[int], None]) -> None:
        self._stream, self._file, self._advance = stream, file, advance
        self._hash = hashlib.sha256()
        self._ahead = b""

    def read(self, size: int) -> bytes:
        """Return the next bytes; fewer than `size` where those are at hand."""
        if self._ahead:
            taken, self._ahead = self._ahead[:size], self._ahead[size:]
            return taken
        return self._next(size)

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end only, and leave them to be read."""
        while len(self._ahead) < size and (more := self._next(size)):
            self._ahead += more
        return self._ahead[:size]

    def close(self) -> None:
        """Do nothing: who opened the stream closes it."""

    @property
    def sha256(self) -> str:
        """The hash, in hex, of all that was read so far."""
        return self._hash.hexdigest()

    def _next(self, size: int) -> bytes:
        with _translated(self._file):
            content = self._stream.read(size)
        if content is None:
            # Taken for the end, it would cut the input short.
            raise UnreadableFileError(
                f"{self._file} had no data at hand and would not wait for it.",
                "Save what is piped in to a file, then name that.",
            )
        self._hash.update(content)
        self._advance(len(content))
        return content


@contextlib.contextmanager
def opened(file: BarFile, progress: Progress) -> Iterator[RawInput]:
    """Open `file` until the context ends, and check then that nobody has changed it.

    Raises:
        UnreadableFileError: it cannot be opened or read, or has changed.
    """
    with _stream_of(file) as (stream, size):
        before = _state(stream)
        with progress.track(f"Reading {file}", size) as task:
            yield RawInput(stream, file, task.advance)
        if file.path is not None and _state(stream) != before:
            raise UnreadableFileError(
                f"{file} was changed while it was read.",
                "Wait until it is written to its end, then import it again.",
            )


@contextlib.contextmanager
def _stream_of(file: BarFile) -> Iterator[tuple[BinaryIO, int]]:
    """Give the stream of `file` and how many bytes it has, 0 where nobody knows."""
    if file.path is None:
        yield _standard_input(), 0
        return
    with _translated(file):
        _check_kind(file, file.path)
        # Unbuffered: reads are large.
        stream = file.path.open("rb", buffering=0)
    with stream:
        yield stream, os.fstat(stream.fileno()).st_size


def _standard_input() -> BinaryIO:
    if sys.stdin is None:
        raise UnreadableFileError(
            "Standard input is closed.", "Pipe a file into it, or name the file."
        )
    return sys.stdin.buffer


def _check_kind(file: BarFile, path: Path) -> None:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise UnreadableFileError(f"{file} is a folder.", "Name a CSV file in it.")
    if not stat.S_ISREG(mode):
        # A pipe that nobody writes to would be waited for without end.
        raise UnreadableFileError(
            f"{file} is not a regular file.",
            "Pipe its content into standard input, which is named -: cat FILE | barledger "
            "import-csv -",
        )


def _state(stream: BinaryIO) -> tuple[int, int]:
    try:
        found = os.fstat(stream.fileno())
    except OSError:
        # Standard input may be no file of the operating system's.
        return 0, 0
    return found.st_size, found.st_mtime_ns


@contextlib.contextmanager
def _translated(file: BarFile) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise UnreadableFileError(
            f"There is no file {file}.",
            f"Check its name; a relative one is looked for in {Path.cwd()}.",
        ) from error
    except PermissionError as error:
        raise UnreadableFileError(
            f"{file} may not be read by this user.",
            "Grant yourself the right to read it, such as with chmod u+r.",
        ) from error
    # ValueError: Python refuses a name with a null byte in it.
    except (OSError, ValueError) as error:
        raise UnreadableFileError(
            f"{file} cannot be read: {getattr(error, 'strerror', None) or error}.",
            "Check the name and the disk, or copy the file elsewhere and name the copy.",
        ) from error
