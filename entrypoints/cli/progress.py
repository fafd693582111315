"""How far operations are, where nothing can be drawn over: a line now and then."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator

import attrs

from entrypoints.cli.operations import (
    Operation,
    Together,
    WorkClock,
    all_text,
    complete_text,
    left_text,
    more_text,
)

CANCELS = "Ctrl-C cancels."
# Shorter operations end before a reader could have made sense of a line.
_SILENT_SECONDS = 5
_PLAIN_PERCENT = 10
_PLAIN_SECONDS = 10
# As many operations are told of at once, at most, so that the log of a run can be read.
_MOST_LINES = 9
_MANY = 3
_COUNTDOWN = re.compile(r"\b[\d.]+ seconds?\b")
# Waits that only keep the pace are too many to be told of each, and short ones are no news.
_PACED_SECONDS = 10
_PACED_EVERY = 60


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
    _paced: float | None = None
    _clock: WorkClock = attrs.field(factory=WorkClock)

    @contextlib.contextmanager
    def track(self, description: str, total: int) -> Iterator[Operation]:
        """Tell of an operation until the context ends."""
        operation = _Told(description, total, clock=self._clock, moved=self._moved)
        if not self._open:
            self._ended, self._begun, self._told = 0, operation.begun, operation.begun
        self._open.append(operation)
        try:
            yield operation
        finally:
            self._open.remove(operation)
            self._ended += bool(total)

    def stand(self, sentence: str | None, seconds: float = 0, *, paced: bool = False) -> None:
        """Tell the first of sentences that differ in their number of seconds alone.

        Of those that are `paced` the long ones are told of, and that not often.
        """
        self._clock.wait(None if sentence is None else seconds, paced=paced)
        run = None if sentence is None else _COUNTDOWN.sub("", sentence)
        is_news = run != self._stood and (not paced or self._is_news(seconds))
        if sentence is not None and is_news:
            self.tell(sentence)
            self.tell(CANCELS)
        self._stood = run

    def _is_news(self, seconds: float) -> bool:
        at = self._clock.now()
        is_late = self._paced is None or at >= self._paced + _PACED_EVERY
        if seconds < _PACED_SECONDS or not is_late:
            return False
        self._paced = at
        return True

    def close(self) -> None:
        """Leave everything as it is: what was told stays."""

    def _moved(self) -> None:
        at, together = self._clock.now(), len(self._open) > 1
        if together and at < self._told + _PLAIN_SECONDS:
            return
        due = [one for one in self._open if one.is_due(at)]
        for one in due[:_MOST_LINES]:
            self.tell(one.line(at))
        all_ = Together(self._open, self._ended, self._begun)
        # What is done in one step is never due, and yet all of them get on.
        gets_on = not due and all_.number >= _MANY and at >= self._told + _PLAIN_SECONDS
        if len(due) > _MOST_LINES or gets_on:
            hidden = len(self._open) - _MOST_LINES
            name = all_text(all_) if gets_on else more_text(hidden, all_)
            self.tell(_line(name, all_.percent, all_.left(at)))
        if due or gets_on:
            self._told = at


def _line(description: str, percent: int, left: float | None) -> str:
    told = f"{description}: {complete_text(percent)}"
    return f"{told}, {left_text(left)}" if left is not None else told
