"""What all connections of the gateway share."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

import attrs

from adapters.simulated_gateway.answers import Answers
from adapters.simulated_gateway.faults import Fault, FaultPlan
from adapters.simulated_gateway.frames import Message
from adapters.simulated_gateway.limits import Limits
from adapters.simulated_gateway.notices import CONNECTED, OUTAGES, notice
from adapters.simulated_gateway.seen import SeenLog
from adapters.simulated_gateway.stream import Stream


@attrs.define(eq=False)
class GatewayState:
    """The market's answers, the faults to come, the limits, and who is connected.

    `clock` gives seconds that never fall, `now` the gateway's time in UTC nanoseconds. `tell` is
    given a line of what happens. `failures` are what should never have
    happened. Only `seen` and `faults` may be touched by other threads.
    """

    answers: Answers
    faults: FaultPlan
    seen: SeenLog
    now: Callable[[], int]
    clock: Callable[[], float]
    tell: Callable[[str], None]
    enforce_limits: bool
    limits: Limits = attrs.field(factory=Limits)
    clients: dict[int, Stream] = attrs.field(factory=dict)
    streams: weakref.WeakSet[Stream] = attrs.field(factory=weakref.WeakSet)
    failures: list[BaseException] = attrs.field(factory=list)
    _numbers: itertools.count[int] = attrs.field(factory=lambda: itertools.count(1))
    _outages: list[Fault] = attrs.field(factory=list)
    _tasks: set[asyncio.Task[None]] = attrs.field(factory=set)

    def next_connection(self) -> int:
        """Return the number of a new connection."""
        return next(self._numbers)

    @property
    def is_cut_off(self) -> bool:
        """Whether the gateway's own connection is broken, so that nothing can be answered."""
        return any(OUTAGES[fault.kind].total for fault in self._outages)

    @property
    def notices(self) -> list[Message]:
        """What a client is told of the gateway's connections when it connects."""
        told = [OUTAGES[fault.kind].lost for fault in self._outages] or CONNECTED
        return [notice(code, text) for code, text in told]

    def lose(self, fault: Fault) -> None:
        """Break a connection of the gateway's own for a while, and tell every client of both."""
        self._outages.append(fault)
        self.start(self._outage(fault))

    async def _outage(self, fault: Fault) -> None:
        outage = OUTAGES[fault.kind]
        self._broadcast(outage.lost)
        await asyncio.sleep(fault.seconds)
        self._outages.remove(fault)
        self._broadcast(outage.back)

    def _broadcast(self, told: tuple[int, str]) -> None:
        # Each by itself: one that does not read must not keep the others waiting.
        for stream in self.clients.values():
            self.start(_tell(stream, told))

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Let `work` go on by itself, until the gateway stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            self.failures.append(failure)

    def drop(self) -> None:
        """Close every connection at once."""
        for stream in list(self.streams):
            stream.abort()

    async def stop(self) -> None:
        """Close every connection, and end all that goes on."""
        self.drop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _tell(stream: Stream, told: tuple[int, str]) -> None:
    # Whoever is gone does not miss the notice.
    with contextlib.suppress(ConnectionError):
        await stream.send([notice(*told)])
