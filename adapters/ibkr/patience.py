"""How long a gateway is waited for, and how often it is asked again."""

from __future__ import annotations

import attrs

from adapters.ibkr import limits


@attrs.frozen
class Patience:
    """Waits in seconds. A simulated gateway may be waited for less than a real one."""

    attempts: int = limits.ATTEMPTS
    pacing_wait: float = limits.PACING_WAIT_SECONDS
    first_retry: float = limits.FIRST_RETRY_SECONDS
    longest_retry: float = limits.LONGEST_RETRY_SECONDS
    connect: float = limits.CONNECT_SECONDS
    answer: float = limits.ANSWER_SECONDS
