"""How far an operation is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from domain.sizes import size_text

if TYPE_CHECKING:
    from rich.console import Console

    from domain.ports import ProgressTask

# Shorter operations end before a reader could have made sense of a bar.
_SILENT_SECONDS = 5
_PLAIN_PERCENT = 10
_PLAIN_SECONDS = 10


class Silent:
    """Progress for those who want it quiet."""

    def advance(self, steps: int) -> None:
        """Show nothing."""


@contextlib.contextmanager
def drawn(console: Console, description: str, total: int) -> Iterator[ProgressTask]:
    """Draw a bar with the time left until the context ends; a spinner where `total` is 0.

    The steps are bytes then, for what has no known end is a stream of them.
    """
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    known = (
        TextColumn("{task.description}: {task.percentage:>3.0f}% complete", markup=False),
        BarColumn(),
        TimeRemainingColumn(),
    )
    unknown = (SpinnerColumn(), TextColumn("{task.description}{task.fields[done]}", markup=False))
    columns = known if total else unknown
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(description, total=total or None, done="")
        yield _Bar(progress, task, shows_size=not total)


@attrs.define
class _Bar:
    progress: Any
    task: Any
    shows_size: bool
    done: int = 0

    def advance(self, steps: int) -> None:
        """Move the bar, or count the bytes."""
        self.done += steps
        done = f": {size_text(self.done)}" if self.shows_size else ""
        self.progress.update(self.task, advance=steps, done=done)


@attrs.define
class PlainLines:
    """Progress where it cannot be drawn over: a line at every tenth, after a while.

    Where the total is 0 nobody knows it; the steps are bytes, and a line comes every so often.
    """

    tell: Callable[[str], None]
    description: str
    total: int
    done: int = 0
    shown: int = 0
    begun: float = attrs.field()
    told: float = 0.0

    @begun.default
    def _now(self) -> float:
        return time.monotonic()

    def advance(self, steps: int) -> None:
        """Print a line where it is time for one."""
        self.done += steps
        elapsed = time.monotonic() - self.begun
        if elapsed < _SILENT_SECONDS:
            return
        if self.total:
            self._tell_percent(elapsed)
        elif not self.told or elapsed >= self.told + _PLAIN_SECONDS:
            self.told = elapsed
            self.tell(f"{self.description}: {size_text(self.done)}")

    def _tell_percent(self, elapsed: float) -> None:
        percent = 100 * self.done // self.total
        if percent < self.shown + _PLAIN_PERCENT or percent >= 100:
            return
        self.shown = percent
        left = round(elapsed * (self.total - self.done) / max(self.done, 1))
        self.tell(f"{self.description}: {percent}% complete, {left} s left")
