"""A file's bytes, and what a user can do when they cannot be had or are no text."""

from __future__ import annotations

import codecs
import contextlib
import stat
from collections.abc import Iterator
from pathlib import Path

from domain.errors import UnreadableFileError

_AS_UTF8 = "Save it again as UTF-8; editors and spreadsheets offer that when saving as CSV."


def content_of(path: Path) -> bytes:
    """Return the bytes of the file at `path`.

    Raises:
        UnreadableFileError: it cannot be opened.
    """
    with _translated(path):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise UnreadableFileError(f"{path} is a folder.", "Name a CSV file in it.")
        if not stat.S_ISREG(mode):
            # A pipe that nobody writes to would be waited for without end.
            raise UnreadableFileError(
                f"{path} is not a regular file.", "Save its content to a file, then name that."
            )
        return path.read_bytes()


def text_of(content: bytes, path: Path) -> bytes:
    """Return `content` of the file at `path` as UTF-8 text, without a byte order mark.

    Raises:
        UnreadableFileError: it is not UTF-8 text.
    """
    text = content.removeprefix(codecs.BOM_UTF8)
    _check_encoding(text, path)
    return text


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise UnreadableFileError(
            f"There is no file {path}.",
            f"Check its name; a relative one is looked for in {Path.cwd()}.",
        ) from error
    except PermissionError as error:
        raise UnreadableFileError(
            f"{path} may not be read by this user.",
            "Grant yourself the right to read it, such as with chmod u+r.",
        ) from error
    # ValueError: Python refuses a name with a null byte in it.
    except (OSError, ValueError) as error:
        raise UnreadableFileError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.",
            "Check the name and the disk, or copy the file elsewhere and name the copy.",
        ) from error


def _check_encoding(content: bytes, path: Path) -> None:
    null = content.find(b"\0")
    if null >= 0:
        raise UnreadableFileError(
            f"{path} holds a null byte in line {_line_at(content, null)}: it is no UTF-8 text.",
            _AS_UTF8,
        )
    if content.isascii():
        return
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise UnreadableFileError(
            f"{path} is no UTF-8 text: line {_line_at(content, error.start)} holds the byte "
            f"0x{content[error.start]:02x}.",
            _AS_UTF8,
        ) from error


def _line_at(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1
