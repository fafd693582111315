"""How much of the time that is wanted of a series was answered for, on show."""

from __future__ import annotations

from domain.intervals import IntervalSet
from domain.ports import ProgressTask


class Shares:
    """Advances a task of `STEPS` steps by the share of `time` that was answered for."""

    STEPS = 1000

    def __init__(self, task: ProgressTask, time: IntervalSet) -> None:
        self._task = task
        self._total = max(time.duration, 1)
        self._answered = 0
        self._shown = 0

    def advance(self, attested: IntervalSet) -> None:
        """Show that so much more is known."""
        self._answered += attested.duration
        steps = min(self._answered * self.STEPS // self._total, self.STEPS)
        if steps > self._shown:
            self._task.advance(steps - self._shown)
            self._shown = steps
