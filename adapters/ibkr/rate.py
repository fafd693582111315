"""How many messages a gateway may be sent, by all processes of a machine together."""

from __future__ import annotations

import asyncio
import random

from adapters.ibkr.gateway_folder import GatewayFolder
from adapters.ibkr.limits import (
    MESSAGES_KEPT_FOR_CANCELS,
    MESSAGES_PER_SECOND,
    MESSAGES_PER_SECOND_ALONE,
    MESSAGES_WITH_LATENESS,
    SECONDS_OF_LATENESS,
)
from adapters.ibkr.shared_state import Decide, Known, SharedState
from adapters.ibkr.sliding import NANOSECONDS, AtMost, wait_for_all

_LONG = 1 + SECONDS_OF_LATENESS


def _limits(more: int) -> tuple[AtMost, ...]:
    return (
        AtMost(MESSAGES_PER_SECOND + more, 1),
        AtMost(MESSAGES_WITH_LATENESS + more, _LONG),
    )


ORDINARY, CANCELS = _limits(0), _limits(MESSAGES_KEPT_FOR_CANCELS)
ALONE = (AtMost(MESSAGES_PER_SECOND_ALONE, _LONG),)
_BUSY_SECONDS = 0.001


class MessageRate:
    """Lets messages pass one by one; to be used in one event loop."""

    def __init__(self, folder: GatewayFolder) -> None:
        self._state = SharedState(folder, "messages", _LONG, assumed=MESSAGES_PER_SECOND)
        self._ordinary, self._cancels = asyncio.Lock(), asyncio.Lock()

    async def wait(self, *, cancels: bool = False) -> None:
        """Return when one more message may be sent, at once; it counts as sent.

        Who asked first is first let pass. Messages that cancel wait for no others.
        """
        limits, line = (CANCELS, self._cancels) if cancels else (ORDINARY, self._ordinary)
        decide = _by(limits)
        async with line:
            while True:
                wait = self._state.take(decide)
                if wait == 0:
                    return
                await asyncio.sleep(_seconds(wait))


def _by(limits: tuple[AtMost, ...]) -> Decide:
    def decide(known: Known) -> int:
        sent = [one.at for one in known.sent]
        return wait_for_all(sent, known.now, ALONE if known.alone else limits)

    return decide


def _seconds(wait: int | None) -> float:
    """Return how long to sleep, each process a little differently."""
    if wait is None:
        return random.uniform(0.5, 1.5) * _BUSY_SECONDS  # noqa: S311 - nothing secret
    return wait / NANOSECONDS + random.uniform(0, _BUSY_SECONDS)  # noqa: S311
