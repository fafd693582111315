"""Progress that is remembered, not shown."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import attrs


@attrs.define
class MemoryProgressTask:
    """One operation: how much of how much is done."""

    description: str
    total: int
    done: int = 0

    def advance(self, steps: int) -> None:
        """Count `steps` more."""
        self.done += steps


@attrs.define
class MemoryProgress:
    """A `Progress` that keeps all that was told and tracked."""

    tasks: list[MemoryProgressTask] = attrs.field(factory=list)
    told: list[str] = attrs.field(factory=list)
    warnings: list[str] = attrs.field(factory=list)
    stood: list[str | None] = attrs.field(factory=list)
    paced: list[str] = attrs.field(factory=list)
    waits: list[float] = attrs.field(factory=list)

    def tell(self, sentence: str) -> None:
        """Remember a sentence."""
        self.told.append(sentence)

    def warn(self, sentence: str) -> None:
        """Remember a warning."""
        self.warnings.append(sentence)

    @contextlib.contextmanager
    def track(self, description: str, total: int) -> Iterator[MemoryProgressTask]:
        """Remember an operation."""
        task = MemoryProgressTask(description, total)
        self.tasks.append(task)
        yield task

    def stand(self, sentence: str | None, seconds: float = 0, *, paced: bool = False) -> None:
        """Remember what stood there, one after the other; None where it was taken away.

        What is `paced` is kept once more, on its own, and so are the seconds.
        """
        self.stood.append(sentence)
        if sentence:
            self.waits.append(seconds)
        if sentence and paced:
            self.paced.append(sentence)
