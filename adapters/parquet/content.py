"""The bytes of a partition's file, and whether they are those that were written."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path, PurePosixPath

from adapters.parquet import files, paths
from adapters.parquet.failures import translated
from domain.errors import CorruptPartitionError
from domain.events import PartitionWritten
from domain.soundness import MISSING

# Opening a pipe would wait for somebody to write into it. Not every system has these.
_NOT_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NOT_FOLLOWING = getattr(os, "O_NOFOLLOW", 0)
_SAID = {
    errno.ELOOP: "it is a link",
    errno.EISDIR: "it is a folder",
    errno.EINVAL: "it is no regular file",
    errno.EFBIG: "it is larger than any partition",
    errno.ENOTDIR: "a file stands where its folder should be",
    errno.ENXIO: "it is no regular file",
}


def checked_content(root: Path, recorded: PartitionWritten) -> bytes:
    """Return the bytes of a revision's file, current or superseded, once their hash is verified.

    Raises:
        CorruptPartitionError: it is missing, or not what was recorded.
        CatalogError: it may not be read.
    """
    content = recorded_content(root, recorded)
    problem = files.damage(content, recorded)
    if problem:
        raise CorruptPartitionError(recorded, problem)
    return content


def recorded_content(root: Path, recorded: PartitionWritten) -> bytes:
    """Return the bytes that lie where a revision's file should, whatever they are.

    Raises:
        CorruptPartitionError: nothing that can be read lies there.
        CatalogError: it may not be read.
    """
    path = PurePosixPath(recorded.path)
    # A writer may move the file to the history while we look: so look here, there, here.
    for candidate in (path, paths.history_path(path), path):
        try:
            with translated(root, "read"):
                return _read(root / candidate, follow=True)
        except FileNotFoundError:
            continue
        except _UnreadableError as error:
            raise CorruptPartitionError(recorded, str(error)) from error
    raise CorruptPartitionError(recorded, MISSING)


def found_content(root: Path, path: str) -> bytes:
    """Return the bytes of a file that nobody has recorded: of no link, pipe or folder.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    return _read(root / path, follow=False)


class _UnreadableError(ValueError):
    """What lies there is no file whose bytes could be read."""


def _read(path: Path, *, follow: bool) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | _NOT_WAITING | (0 if follow else _NOT_FOLLOWING))
        with open(descriptor, "rb") as file:  # noqa: PTH123 - it is open already
            what = os.fstat(descriptor)
            if not stat.S_ISREG(what.st_mode):
                raise _UnreadableError(
                    _SAID[errno.EISDIR if stat.S_ISDIR(what.st_mode) else errno.EINVAL]
                )
            if what.st_size > files.MOST_BYTES:
                raise _UnreadableError(_SAID[errno.EFBIG])
            return file.read(files.MOST_BYTES)
    except OSError as error:
        if error.errno in _SAID:
            raise _UnreadableError(_SAID[error.errno]) from error
        if error.errno == errno.EIO:
            raise _UnreadableError("the disk cannot read it") from error
        raise
