"""Waits for other processes, which the user is told of once they take long."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Self

Tell = Callable[[str | None], None]
"""Takes the sentence that stands while something is waited for; None takes it away."""

TOLD_AFTER_SECONDS = 5.0


def untold(sentence: str | None) -> None:
    """Tell nobody."""
    del sentence


class Wait:
    """A wait for so many `seconds` at most; `what` is a sentence that says what is waited for.

    What was told of it is taken away when the context ends.
    """

    def __init__(self, what: str, seconds: float, tell: Tell) -> None:
        self._what = what
        self._seconds = seconds
        self._tell = tell
        self._begun = time.monotonic()
        self._stands = False

    def left(self) -> float:
        """Return the seconds that are left, 0 or less where none are, and tell them."""
        waited = time.monotonic() - self._begun
        left = self._seconds - waited
        if waited >= TOLD_AFTER_SECONDS and left > 0:
            whole = math.ceil(left)
            self._stands = True
            self._tell(f"{self._what} Giving up in {whole} second{'' if whole == 1 else 's'}.")
        return left

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take away what was told."""
        if self._stands:
            self._tell(None)
