"""A new ledger that takes the place of one in memory."""

from __future__ import annotations

from adapters.memory.ledger import MemoryLedger
from domain.errors import CatalogBusyError
from domain.ports import Clock


class MemoryNewLedger:
    """A `NewLedger` whose events go to `present` in the end."""

    def __init__(self, present: MemoryLedger, clock: Clock) -> None:
        self._present = present
        self._clock = clock
        self._made = MemoryLedger(clock)

    def begin(self) -> MemoryLedger:
        """Begin with an empty list."""
        self._made = MemoryLedger(self._clock)
        return self._made

    def take_place(self) -> None:
        """Hand the events over, one by one as they were recorded."""
        if self._present.head():
            raise CatalogBusyError("The ledger holds events.", "Set it aside first.")
        for one in self._made.take_all():
            self._present.append([one.event], one.origin, expected_head=self._present.head())

    def abandon(self) -> None:
        """Forget the events."""
        self._made = MemoryLedger(self._clock)
