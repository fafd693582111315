"""An event loop in a thread of its own, asked from a thread that has none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future, wait
from typing import Any

_LONGEST_END = 1.0
# Python misses a Ctrl-C that comes in the very moment in which it begins to wait: until that ends.
HEARING_SECONDS = 0.2


class EventLoop:
    """Runs coroutines until it is closed; a waiting caller can be interrupted at any moment."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        # A thread that hangs must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def start[T](self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine; its result can be waited for, and it can be cancelled."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def result[T](self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and return its result; whoever interrupts the wait cancels it."""
        future = self.start(coroutine)
        try:
            while not wait((future,), HEARING_SECONDS).done:
                pass
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def call(self, function: Any, *arguments: Any) -> None:
        """Call a function there."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)

    def close(self) -> None:
        """Cancel what still runs and end the thread, within about a second."""
        if self._loop.is_closed():
            return
        ending = self.start(_end_all())
        try:
            ending.result(_LONGEST_END)
        except TimeoutError:
            ending.cancel()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_LONGEST_END)
            if not self._thread.is_alive():
                self._loop.close()


async def _end_all() -> None:
    """Cancel all other tasks, and wait until they have ended."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
