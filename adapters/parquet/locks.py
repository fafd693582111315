"""Lock files, which the system frees when their holder dies."""

from __future__ import annotations

import contextlib

import filelock

from domain.waits import Tell, Wait

# How often the seconds that are left are told.
_TURN_SECONDS = 0.5


def acquire(lock: filelock.BaseFileLock, what: str, seconds: float, tell: Tell) -> None:
    """Take the lock; `what` says, in a sentence, what another process does that has it.

    Raises:
        filelock.Timeout: it was not to be had for so many seconds.
    """
    with Wait(what, seconds, tell) as wait:
        while (left := wait.left()) > _TURN_SECONDS:
            with contextlib.suppress(filelock.Timeout):
                lock.acquire(timeout=_TURN_SECONDS)
                return
        lock.acquire(timeout=max(0.0, left))
