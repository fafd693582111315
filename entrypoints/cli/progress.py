"""How far operations are, where nothing can be drawn over: a line now and then."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator

import attrs

from entrypoints.cli.operations import (
    Operation,
    Together,
    complete_text,
    left_text,
    more_text,
    now,
)

CANCELS = "Ctrl-C cancels."
# Shorter operations end before a reader could have made sense of a line.
_SILENT_SECONDS = 5
_PLAIN_PERCENT = 10
_PLAIN_SECONDS = 10
# As many operations are told of at once, at most, so that the log of a run can be read.
_MOST_LINES = 9
_COUNTDOWN = re.compile(r"\b[\d.]+ seconds?\b")


class Silent:
    """Progress for those who want it quiet."""

    def advance(self, steps: int) -> None:
        """Show nothing."""


@attrs.define(eq=False)
class _Told(Operation):
    """An operation, and what was told of it last."""

    moved: Callable[[], None] = attrs.field(kw_only=True)
    shown: int = 0
    told: float = 0.0

    def advance(self, steps: int) -> None:
        """Count `steps` more, and tell of it where it is time for that."""
        super().advance(steps)
        self.moved()

    def is_due(self, at: float) -> bool:
        """Whether it is time for a line."""
        elapsed = at - self.begun
        if elapsed < _SILENT_SECONDS:
            return False
        if self.total:
            return self.shown + _PLAIN_PERCENT <= self.percent < 100
        return bool(self.done) and (not self.told or elapsed >= self.told + _PLAIN_SECONDS)

    def line(self, at: float) -> str:
        """Return what is to be told, and take it for told."""
        self.shown, self.told = self.percent, at - self.begun
        if self.total:
            return _line(self.description, self.percent, self.left(at))
        return f"{self.description}: {self.size}"


@attrs.define
class PlainLines:
    """Lines that `tell` takes: at every tenth of an operation, after a while.

    Where the total is 0 nobody knows it; the steps are bytes, and a line comes every so often.
    Of operations at the same time those that have moved are told of together, and less often.
    """

    tell: Callable[[str], None]
    _open: list[_Told] = attrs.field(factory=list)
    _ended: int = 0
    _begun: float = 0.0
    _told: float = 0.0
    _stood: str | None = None

    @contextlib.contextmanager
    def track(self, description: str, total: int) -> Iterator[Operation]:
        """Tell of an operation until the context ends."""
        operation = _Told(description, total, moved=self._moved)
        if not self._open:
            self._ended, self._begun, self._told = 0, operation.begun, operation.begun
        self._open.append(operation)
        try:
            yield operation
        finally:
            self._open.remove(operation)
            self._ended += bool(total)

    def stand(self, sentence: str | None) -> None:
        """Tell the first of sentences that differ in their number of seconds alone."""
        run = None if sentence is None else _COUNTDOWN.sub("", sentence)
        if sentence is not None and run != self._stood:
            self.tell(sentence)
            self.tell(CANCELS)
        self._stood = run

    def close(self) -> None:
        """Leave everything as it is: what was told stays."""

    def _moved(self) -> None:
        at = now()
        if len(self._open) > 1 and at < self._told + _PLAIN_SECONDS:
            return
        due = [one for one in self._open if one.is_due(at)]
        if not due:
            return
        self._told = at
        for one in due[:_MOST_LINES]:
            self.tell(one.line(at))
        if len(due) > _MOST_LINES:
            all_ = Together(self._open, self._ended, self._begun)
            hidden = more_text(len(self._open) - _MOST_LINES, all_)
            self.tell(_line(hidden, all_.percent, all_.left(at)))


def _line(description: str, percent: int, left: float | None) -> str:
    told = f"{description}: {complete_text(percent)}"
    return f"{told}, {left_text(left)}" if left is not None else told
