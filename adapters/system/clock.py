"""The machine's clock, and who uses it."""

from __future__ import annotations

import getpass
import socket
import time
import uuid

from domain.events import Origin


class SystemClock:
    """The `Clock` of the operating system."""

    def now(self) -> int:
        """Return the time in UTC nanoseconds since 1970."""
        return time.time_ns()

    def elapsed(self) -> float:
        """Return seconds of a clock that is never set back."""
        return time.perf_counter()


def origin(command: str) -> Origin:
    """Return who runs this process and where, with a new correlation id for its run."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"  # a container may run under a user id that has no name
    return Origin(user, socket.gethostname(), command, str(uuid.uuid4()))
