"""Locks of the operating system, which end with the process that holds them, however it ends."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

_BUSY = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK})
# Whatever lies at the path, opening it never waits and never leads elsewhere.
SAFELY = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

    def _unlock(file: int) -> None:
        os.lseek(file, 0, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)


class OsLock:
    """The lock on a file; it is held until `release`, or until the process ends."""

    def __init__(self, file: int) -> None:
        self._file: int | None = file

    def release(self) -> None:
        """Let others have it; more than once is no error."""
        file, self._file = self._file, None
        if file is not None:
            try:
                _unlock(file)
            finally:
                os.close(file)


def try_lock(path: Path) -> OsLock | None:
    """Return the lock on `path`, which is made if need be, or None where another holds it.

    Raises:
        OSError: nobody can have it there.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | SAFELY, 0o600)
    try:
        _lock(file)
    except BaseException as error:
        os.close(file)
        if isinstance(error, OSError) and error.errno in _BUSY:
            return None
        raise
    return OsLock(file)
