"""What all processes of a machine share: its clock, and which start of the machine it is."""

from __future__ import annotations

import functools
import hashlib
import sys
import time
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

if sys.platform == "linux":

    def machine_clock() -> int:
        """Return nanoseconds since the machine's start: nobody sets them, and sleep counts."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

else:

    def machine_clock() -> int:
        """Return nanoseconds that only go on, and are the same in all processes."""
        return time.monotonic_ns()


@functools.cache
def boot_identity() -> bytes:
    """Return 16 bytes that differ from one start of the machine to the next, where known."""
    try:
        known = _BOOT_ID.read_bytes()
    except OSError:
        # What was sent before the start then counts until it is too old, which is minutes.
        known = b""
    return hashlib.blake2b(known, digest_size=16).digest()
