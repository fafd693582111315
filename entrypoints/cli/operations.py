"""How far operations are, in numbers and in words."""

from __future__ import annotations

import time
from collections.abc import Sequence

import attrs

from domain.sizes import size_text

_MOST_SECONDS = 120
_MOST_MINUTES = 120


def now() -> float:
    """Return the seconds of a clock that never runs back."""
    return time.monotonic()


class WorkClock:
    """The seconds in which operations go on; it stands still while they can only wait."""

    def __init__(self) -> None:
        self._waited = 0.0
        self._since: float | None = None
        self._paced = False
        self._until = 0.0

    def now(self) -> float:
        """Return the seconds so far; they never run back."""
        return (now() if self._since is None else self._since) - self._waited

    @property
    def to_wait(self) -> float:
        """How many seconds it will still stand."""
        return 0.0 if self._since is None else max(self._until - now(), 0.0)

    def wait(self, seconds: float | None, *, paced: bool) -> None:
        """Stand still for so many seconds more, or go on where that is None.

        Waits that are `paced` count once they are over, for more of their kind will come.
        """
        if seconds is None:
            if self._since is not None and not self._paced:
                self._waited += now() - self._since
            self._since = None
            return
        if self._since is None:
            self._since = now()
        self._paced, self._until = paced, now() + seconds


@attrs.define(eq=False)
class Operation:
    """One operation on show; a `total` of 0 is one that nobody knows, of steps that are bytes.

    How fast it is tells the time of the `clock` since its first step: before that it may have had
    to wait.
    """

    description: str
    total: int
    done: int = 0
    clock: WorkClock = attrs.field(factory=WorkClock, kw_only=True)
    begun: float = attrs.field(init=False)
    _first: tuple[float, int] | None = attrs.field(default=None, init=False)

    @begun.default
    def _begins(self) -> float:
        return self.clock.now()

    def advance(self, steps: int) -> None:
        """Count `steps` more."""
        if self._first is None:
            self._first = (self.clock.now(), steps)
        self.done += steps

    @property
    def fraction(self) -> float:
        """How much of it is done, from 0 to 1; 0 where the total is not known."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    @property
    def percent(self) -> int:
        """How much of it is done, rounded down."""
        return min(100 * self.done // self.total, 100) if self.total else 0

    @property
    def size(self) -> str:
        """How many bytes are done, in words."""
        return size_text(self.done)

    def left(self, at: float) -> float | None:
        """Return how many seconds it will still take, or None where that cannot be told."""
        if self._first is None or not self.done or not self.total:
            return None
        since, before = self._first
        if self.done == before or at <= since:
            since, before = self.begun, 0
        work = max(self.total - self.done, 0) * (at - since) / (self.done - before)
        return work + self.clock.to_wait


@attrs.frozen
class Together:
    """Several operations as one, each of them counting the same.

    `ended` tells of how many more with a known total, that are over.
    """

    operations: Sequence[Operation]
    ended: int
    begun: float

    @property
    def number(self) -> int:
        """How many there are in all."""
        return len(self.operations) + self.ended

    @property
    def fraction(self) -> float:
        """How much of them is done, from 0 to 1; what has no known total is left out."""
        known = [one.fraction for one in self.operations if one.total]
        return (sum(known) + self.ended) / max(len(known) + self.ended, 1)

    @property
    def percent(self) -> int:
        """How much of them is done, rounded down."""
        # A sum of fractions can be a hair less than what it stands for.
        return int(100 * self.fraction + 1e-9)

    def left(self, at: float) -> float | None:
        """Return how many seconds they will still take, or None where that cannot be told."""
        fraction = self.fraction
        if not fraction:
            return None
        to_wait = self.operations[0].clock.to_wait if self.operations else 0.0
        return (at - self.begun) * (1 - fraction) / fraction + to_wait


def more_text(hidden: int, together: Together) -> str:
    """Return what stands in the place of the operations that are not shown."""
    return f"and {hidden:,} more; all {together.number:,} together"


def all_text(together: Together) -> str:
    """Return what stands for all operations, where none is told of by itself."""
    return f"All {together.number:,} together"


def complete_text(percent: int) -> str:
    """Return how far an operation is."""
    return f"{percent}% complete"


def left_text(seconds: float | None) -> str:
    """Return the time left, such as `12 s left`; nothing where it is not known."""
    if seconds is None:
        return ""
    if seconds < _MOST_SECONDS:
        return f"{max(round(seconds), 1)} s left"
    minutes = round(seconds / 60)
    if minutes < _MOST_MINUTES:
        return f"{minutes} min left"
    return f"{minutes // 60:,} h {minutes % 60} min left"
