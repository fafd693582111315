"""Event ids that sort by time, so that their index grows at its end and nowhere else."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

_RANDOM_BITS = 74
# Half the range is left to count up in.
_SEED_BITS = _RANDOM_BITS - 1
_NANOSECONDS_IN_MILLISECOND = 1_000_000


def event_ids(now: int) -> Iterator[str]:
    """Yield UUIDs of version 7 (RFC 9562) for the time `now`, UTC nanoseconds, each the greater.

    They begin at a random place and count up, the fixed-length counter of the RFC's section 6.2.
    """
    stamp = f"{max(0, now // _NANOSECONDS_IN_MILLISECOND) & (1 << 48) - 1:012x}"
    beginning = f"{stamp[:8]}-{stamp[8:]}-7"
    count = secrets.randbits(_SEED_BITS)
    while True:
        low = f"{1 << 63 | count & (1 << 62) - 1:016x}"
        yield f"{beginning}{count >> 62:03x}-{low[:4]}-{low[4:]}"
        count += 1
