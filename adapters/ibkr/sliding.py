"""The arithmetic of limits of the form "so many within so much time"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

NANOSECONDS = 10**9


@attrs.frozen
class AtMost:
    """At most `count` within any `seconds`; exactly `seconds` apart are not within them."""

    count: int
    seconds: float

    @property
    def nanoseconds(self) -> int:
        """Return the length of the window."""
        return round(self.seconds * NANOSECONDS)


def wait_for_one(sent: Sequence[int], now: int, limit: AtMost) -> int:
    """Return the nanoseconds until one more may be sent.

    `sent` tells when others were, in nanoseconds, ascending, none after `now`.
    """
    if len(sent) < limit.count:
        return 0
    return max(0, sent[-limit.count] + limit.nanoseconds - now)


def wait_for_all(sent: Sequence[int], now: int, limits: Iterable[AtMost]) -> int:
    """Return the nanoseconds until one more may be sent by each of the limits."""
    return max((wait_for_one(sent, now, limit) for limit in limits), default=0)
