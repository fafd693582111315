"""Faults that the gateway shows on demand: what goes wrong, where, and how often."""

from __future__ import annotations

import enum
import random
import sys
import threading
from collections.abc import Sequence

import attrs

ALWAYS = sys.maxsize
_DEFAULT_SECONDS = 0.3


class Stage(enum.Enum):
    """What a client is doing when a fault meets it."""

    CONNECT = "connect"
    """It connects."""
    RESOLVE = "resolve"
    """It asks for contract details."""
    HEAD = "head"
    """It asks when history begins."""
    HISTORY = "history"
    """It asks for bars."""
    CURRENT_TIME = "current-time"
    """It asks for the time."""


class FaultKind(enum.Enum):
    """What goes wrong. While connecting, an error is told and the connection closed."""

    PACING_162 = "pacing-162"
    PACING_420 = "pacing-420"
    PACING_100 = "pacing-100"
    """The request is dropped; the error names none."""
    TOO_MANY_322 = "too-many-322"
    NO_DATA_162 = "no-data-162"
    CANCELLED_162 = "cancelled-162"
    """Nobody asked to cancel it."""
    NO_PERMISSIONS_162 = "no-permissions-162"
    NO_SECURITY_200 = "no-security-200"
    INVALID_321 = "invalid-321"
    NOT_SUBSCRIBED_354 = "not-subscribed-354"
    DISCONNECT = "disconnect"
    """The connection closes at once."""
    DISCONNECT_MID_FRAME = "disconnect-mid-frame"
    """Half of the answer's first frame comes, then the connection closes."""
    SILENCE = "silence"
    """No answer ever comes."""
    SLOW = "slow"
    """The answer comes after the fault's seconds."""
    GARBAGE = "garbage"
    """The answer cannot be decoded."""
    LOST_1100 = "lost-1100"
    """The gateway's own connection breaks and 1102 tells that it is back after the fault's seconds.

    What was asked before that is never answered.
    """
    LOST_1100_THEN_1101 = "lost-1100-then-1101"
    """The same, and 1101 tells that it is back."""
    FARM_2103 = "farm-2103"
    """A farm of market data is lost for the fault's seconds; the request is never answered."""
    FARM_2105 = "farm-2105"
    """The same of the farm of history."""
    FARM_2110 = "farm-2110"
    """The same as 1100, told by 2110."""
    CLIENT_ID_326 = "client-id-326"
    """The client ID is said to be in use, and the connection closes."""


TRANSIENT = (
    FaultKind.PACING_162,
    FaultKind.PACING_420,
    FaultKind.PACING_100,
    FaultKind.TOO_MANY_322,
    FaultKind.CANCELLED_162,
    FaultKind.DISCONNECT,
    FaultKind.DISCONNECT_MID_FRAME,
    FaultKind.SILENCE,
    FaultKind.SLOW,
    FaultKind.LOST_1100,
    FaultKind.LOST_1100_THEN_1101,
    FaultKind.FARM_2103,
    FaultKind.FARM_2105,
    FaultKind.FARM_2110,
)
"""The kinds that pass: whoever asks again gets an answer."""


@attrs.frozen
class Fault:
    """A fault that meets what reaches `stage`, once `after` of it have passed, `times` times.

    `seconds` is how long it lasts, where that matters.
    """

    kind: FaultKind
    stage: Stage = Stage.HISTORY
    after: int = 0
    times: int = 1
    seconds: float = _DEFAULT_SECONDS


@attrs.define
class _Pending:
    fault: Fault
    passed: int = 0
    left: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.left = self.fault.times


class FaultPlan:
    """Counts what reaches each stage, on all connections, and says when a fault is due."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._lock = threading.Lock()
        self._pending = [_Pending(fault) for fault in faults]

    def set(self, faults: Sequence[Fault]) -> None:
        """Forget the faults so far and count anew for these."""
        with self._lock:
            self._pending = [_Pending(fault) for fault in faults]

    def due(self, stage: Stage) -> Fault | None:
        """Return the fault that meets what reaches `stage` now, if any does.

        Where several are due, the first one is, and the others wait for what comes next.
        """
        with self._lock:
            here = [one for one in self._pending if one.fault.stage is stage]
            due = next((one for one in here if one.left and one.passed >= one.fault.after), None)
            for one in here:
                one.passed += 1
            if due is None:
                return None
            due.left -= 1
            return due.fault

    def left(self) -> int:
        """Return how many times faults are still to come."""
        with self._lock:
            return sum(one.left for one in self._pending)


def random_faults(seed: int, count: int, *, seconds: float = _DEFAULT_SECONDS) -> list[Fault]:
    """Return `count` transient faults, always the same ones for a `seed`; most meet history."""
    source = random.Random(seed)  # noqa: S311 - it is to be predictable
    stages = [Stage.CONNECT, Stage.RESOLVE, Stage.HEAD, *[Stage.HISTORY] * 5]
    return [_random_fault(source, source.choice(stages), seconds) for _ in range(count)]


def _random_fault(source: random.Random, stage: Stage, seconds: float) -> Fault:
    after = source.randrange(8) if stage is Stage.HISTORY else source.randrange(2)
    return Fault(source.choice(TRANSIENT), stage, after, seconds=seconds)
