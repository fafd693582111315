"""The equity of the whole portfolio at the end of each day that had bars."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from nautilus_trader.common.actor import Actor
from nautilus_trader.common.component import TimeEvent
from nautilus_trader.common.config import ActorConfig
from nautilus_trader.model.identifiers import ComponentId

DAY = 86_400_000_000_000


class EquityRecorder(Actor):  # type: ignore[misc]
    """Notes the equity at every midnight UTC; a bar that closes then belongs to the ending day.

    A clock's timer, unlike a bar's arrival, comes after all fills of the ending day and before
    any of the next.
    """

    def __init__(self, equity: Callable[[], Decimal], last_close: Callable[[], int]) -> None:
        super().__init__(ActorConfig(component_id=ComponentId("BARLEDGER-EQUITY")))
        self._equity = equity
        self._last_close = last_close
        self._noted = 0
        self.days: list[int] = []
        self.values: list[Decimal] = []

    def on_start(self) -> None:
        """Set the timer; its first event is the first midnight at or after the first bar."""
        begin = _day_of(self.clock.timestamp_ns()) * DAY
        self.clock.set_timer_ns("midnight", DAY, begin, 0, self._on_midnight)

    def finish(self) -> None:
        """Note the last day, which no midnight ended or which closing orders came after."""
        if not self._note() and self.values:
            self.values[-1] = self._equity()

    def _on_midnight(self, _: TimeEvent) -> None:
        self._note()

    def _note(self) -> bool:
        last = self._last_close()
        if last <= self._noted:
            return False
        self._noted = last
        self.days.append(_day_of(last))
        self.values.append(self._equity())
        return True


def _day_of(stamp: int) -> int:
    return (stamp - 1) // DAY
