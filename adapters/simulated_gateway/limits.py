"""What the gateway allows: how many messages a second, and how close together requests may be.

Source: IBKR's documentation of pacing limitations for historical data.
"""

from __future__ import annotations

from collections import deque

import attrs

MESSAGES_PER_SECOND = 50
OPEN_REQUESTS = 50
VIOLATIONS_BORNE = 2
_IDENTICAL_SECONDS = 15.0
_BURST_SECONDS, _BURST = 2.0, 5
_LONG_SECONDS, _LONG = 600.0, 60


@attrs.frozen
class PacedRequest:
    """A request under the pacing rules: all that it asks, and of which contract and what."""

    whole: object
    subject: object


class Limits:
    """Counts what arrives, from all clients together; `at` is in seconds and never falls."""

    def __init__(self) -> None:
        self._messages: deque[float] = deque()
        self._paced: deque[tuple[float, PacedRequest]] = deque()

    def count(self, at: float) -> None:
        """Count a message."""
        self._messages.append(at)
        while self._messages[0] <= at - 1.0:
            self._messages.popleft()

    @property
    def within_second(self) -> int:
        """How many messages came in the second up to the last one."""
        return len(self._messages)

    def lets_through(self, request: PacedRequest, at: float) -> bool:
        """Whether a request keeps the pacing rules; those that do not are not counted."""
        while self._paced and self._paced[0][0] <= at - _LONG_SECONDS:
            self._paced.popleft()
        if len(self._paced) >= _LONG or self._identical(request, at) or self._bursts(request, at):
            return False
        self._paced.append((at, request))
        return True

    def _identical(self, request: PacedRequest, at: float) -> bool:
        return any(
            one.whole == request.whole and since > at - _IDENTICAL_SECONDS
            for since, one in self._paced
        )

    def _bursts(self, request: PacedRequest, at: float) -> bool:
        recent = (
            one.subject == request.subject and since > at - _BURST_SECONDS
            for since, one in self._paced
        )
        return sum(recent) >= _BURST
