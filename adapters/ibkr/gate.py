"""A gate before the gateway: while one request waits to be repeated, no other is sent."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable

import attrs

from domain.fetching import WaitCause, Waiting


@contextlib.asynccontextmanager
async def told_each_second(tell: Callable[[Waiting], None], seconds: float) -> AsyncIterator[None]:
    """Tell how much time is left of `seconds` to connect, from the second one on."""

    async def count_down() -> None:
        for left in range(math.floor(seconds) - 1, 0, -1):
            await asyncio.sleep(1)
            tell(Waiting(WaitCause.CONNECTING, left))

    counting = asyncio.ensure_future(count_down())
    try:
        yield
    finally:
        counting.cancel()
        tell(Waiting(WaitCause.CONNECTING, 0))


class Gate:
    """Is shut for the longest of the waits that are asked for, and counts them down.

    It is used from one event loop alone.
    """

    def __init__(self, tell: Callable[[Waiting], None]) -> None:
        self._tell = tell
        self._until = 0.0
        self._shut: Waiting | None = None
        self._counting: asyncio.Task[None] | None = None

    async def passed(self) -> None:
        """Wait until it is open."""
        while self._counting is not None:
            await asyncio.shield(self._counting)

    async def wait(self, cause: WaitCause, seconds: float, attempt: int, attempts: int) -> None:
        """Shut it for so many seconds, and wait them.

        Of several that wait, the one that was asked most often is told: its numbers would seem
        to run backwards where one that has just begun took its place.
        """
        until = asyncio.get_running_loop().time() + seconds
        shown, is_longer = self._shut, self._shut is None or until > self._until
        far = attempts, attempt, is_longer
        if shown is None or far > (shown.attempts, shown.attempt, not is_longer):
            self._shut = Waiting(cause, _shown(seconds), attempt, attempts)
        if is_longer:
            self._until = until
        if self._counting is None:
            self._counting = asyncio.ensure_future(self._count_down())
        await asyncio.shield(self._counting)

    async def _count_down(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._shut is not None and (left := self._until - loop.time()) > 0:
                shown = math.ceil(left) if self._shut.seconds >= 1 else _shown(left)
                self._tell(attrs.evolve(self._shut, seconds=shown))
                await asyncio.sleep(left - math.ceil(left) + 1)
        finally:
            if self._shut is not None:
                self._tell(attrs.evolve(self._shut, seconds=0))
            self._shut, self._counting = None, None

    def close(self) -> None:
        """Let nobody wait any longer."""
        if self._counting is not None:
            self._counting.cancel()


def _shown(seconds: float) -> float:
    """Return so many seconds as whole ones, or as tenths where they are less than one."""
    return math.ceil(seconds) if seconds >= 1 else math.ceil(round(seconds * 10, 6)) / 10
