"""How often bars of half a minute and less, and starts of histories, may be asked for."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from adapters.ibkr.gateway_folder import GatewayFolder
from adapters.ibkr.limits import (
    REQUESTS_PER_BURST,
    REQUESTS_PER_PACING,
    SECONDS_BETWEEN_IDENTICAL_REQUESTS,
    SECONDS_OF_BURST,
    SECONDS_OF_LATENESS,
    SECONDS_OF_PACING,
)
from adapters.ibkr.machine import machine_clock
from adapters.ibkr.shared_state import Known, SharedState
from adapters.ibkr.sliding import NANOSECONDS, AtMost, wait_for_one

# A request that is counted now can reach the gateway a little later than the next one does.
IDENTICAL = AtMost(1, SECONDS_BETWEEN_IDENTICAL_REQUESTS + SECONDS_OF_LATENESS)
OF_ONE_CONTRACT = AtMost(REQUESTS_PER_BURST, SECONDS_OF_BURST + SECONDS_OF_LATENESS)
OF_ALL = AtMost(REQUESTS_PER_PACING, SECONDS_OF_PACING + SECONDS_OF_LATENESS)

_LOOKS, _SECONDS_BETWEEN_LOOKS, _BUSY_SECONDS = 5, 0.001, 0.02


class Pacing:
    """Counts the requests of all processes of a machine to one gateway."""

    def __init__(self, folder: GatewayFolder, *, clock: Callable[[], int] = machine_clock) -> None:
        self._state = SharedState(folder, "requests", OF_ALL.seconds, clock=clock)

    def take(self, request: str, contract: str) -> float:
        """Return 0.0 if a request may be made now, and then it counts as made.

        Otherwise return for how many seconds to wait before asking again. `request` is the
        same for identical requests alone, `contract` for those of one contract and one kind of
        data. It never sleeps for more than some milliseconds.
        """
        by_request, by_contract = _number(request), _number(contract)

        def decide(known: Known) -> int:
            return wait_for_request(known, by_request, by_contract)

        for look in range(_LOOKS):
            if look:
                time.sleep(_SECONDS_BETWEEN_LOOKS)
            wait = self._state.take(decide, by_request, by_contract)
            if wait is not None:
                return wait / NANOSECONDS
        return _BUSY_SECONDS


def wait_for_request(known: Known, request: int, contract: int) -> int:
    """Return the nanoseconds until a request may be made."""
    identical = [one.at for one in known.sent if one.request == request]
    of_contract = [one.at for one in known.sent if one.contract == contract]
    every = [one.at for one in known.sent]
    return max(
        wait_for_one(identical, known.now, IDENTICAL),
        wait_for_one(of_contract, known.now, OF_ONE_CONTRACT),
        wait_for_one(every, known.now, OF_ALL),
    )


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
