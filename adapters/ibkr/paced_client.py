"""ib_async's client, none of whose messages reaches the gateway before it may."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from typing import Protocol

import attrs
from ib_async import IB
from ib_async.client import Client
from ib_async.util import getLoop
from ib_async.wrapper import Wrapper

_HISTORY, _CANCEL_HISTORY = b"20", b"25"
_POLL_SECONDS = 0.005


class Rate(Protocol):
    """Says when messages may be sent."""

    async def wait(self, *, cancels: bool = False) -> None:
        """Return when one more may be sent."""


class PacedClient(Client):
    """Sends in order what the library asks to be sent, each message when `rate` allows it.

    Cancels of history requests do not stand in the line: they overtake what waits there, and
    take out the request that they cancel, if it was not sent yet.
    """

    MaxRequests = 0  # the library's own throttle, which knows of this process alone

    def __init__(self, wrapper: Wrapper, rate: Rate) -> None:
        self._rate = rate
        self._line = self._new_line()
        super().__init__(wrapper)  # type: ignore[no-untyped-call]

    def reset(self) -> None:
        """Forget the connection, and what was to be sent on it."""
        self._line.close()
        self._line = self._new_line()
        super().reset()  # type: ignore[no-untyped-call]

    async def connectAsync(  # noqa: N802 - the library's name
        self,
        host: str,
        port: int,
        clientId: int,  # noqa: N803 - the library's name
        timeout: float | None = 2.0,
    ) -> None:
        """Connect, when the opening message may be sent: the library writes it by itself."""
        await self._rate.wait()
        await super().connectAsync(host, port, clientId, timeout)  # type: ignore[no-untyped-call]

    def sendMsg(self, msg: str) -> None:  # noqa: N802 - the library's name
        """Let a message stand in line; it is sent soon after."""
        self._line.add(msg.encode())

    async def flush(self, timeout: float) -> bool:
        """Wait until all that stands in line has gone out; return whether it has."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while self._has_unsent():
                    await asyncio.sleep(_POLL_SECONDS)
        return not self._has_unsent()

    def last_sent(self) -> asyncio.Future[None]:
        """Return what is done once the last message has gone out, or never will."""
        if self._line.last is None:
            self._line.last = getLoop().create_future()
            self._line.last.set_result(None)
        return self._line.last

    def _has_unsent(self) -> bool:
        transport = self.conn.transport
        buffered = transport.get_write_buffer_size() if transport else 0
        return bool(buffered) or not self._line.is_empty

    def _new_line(self) -> _Line:
        return _Line(self._rate, self._write, self._give_up)

    def _write(self, message: bytes) -> None:
        if self.conn.transport is None or self.conn.transport.is_closing():
            return  # that it is lost is told as soon as the loop goes on
        self.conn.sendMsg(self._prefix(message))  # type: ignore[no-untyped-call]
        if self._logger.isEnabledFor(logging.DEBUG):
            self._logger.debug(">>> %s", message[:-1].decode().replace("\0", ","))

    def _give_up(self, error: BaseException) -> None:
        """Let requests fail rather than wait for answers to what was never sent."""
        self._logger.error("messages cannot be sent: %r", error)
        self.conn.disconnect()


@attrs.frozen(eq=False)
class _Message:
    content: bytes
    sent: asyncio.Future[None]

    def gone(self) -> None:
        """Let it be known that it no longer waits."""
        if not self.sent.done() and not self.sent.get_loop().is_closed():
            self.sent.set_result(None)


class _Line:
    """The messages of one connection that wait to be sent."""

    def __init__(
        self, rate: Rate, write: Callable[[bytes], None], give_up: Callable[[BaseException], None]
    ) -> None:
        self._rate = rate
        self._write = write
        self._give_up = give_up
        self._ordinary: deque[_Message] = deque()
        self._cancels: deque[_Message] = deque()
        self.last: asyncio.Future[None] | None = None
        self._tasks: dict[bool, asyncio.Task[None]] = {}

    @property
    def is_empty(self) -> bool:
        return not self._ordinary and not self._cancels

    def add(self, message: bytes) -> None:
        fields = message.split(b"\0", 3)
        is_cancel = fields[0] == _CANCEL_HISTORY
        if is_cancel and self._take_out(fields[2]):
            return
        self.last = getLoop().create_future()
        waiting = self._cancels if is_cancel else self._ordinary
        waiting.append(_Message(message, self.last))
        if is_cancel not in self._tasks:
            task = getLoop().create_task(self._send(cancels=is_cancel))
            self._tasks[is_cancel] = task
            task.add_done_callback(self._ended)

    def close(self) -> None:
        """Let nothing more be sent."""
        for message in (*self._ordinary, *self._cancels):
            message.gone()
        self._ordinary.clear()
        self._cancels.clear()
        for task in self._tasks.values():
            with contextlib.suppress(RuntimeError):  # its loop is closed
                task.cancel()

    def _take_out(self, request: bytes) -> bool:
        """Drop the history request of that number; return whether it was still here."""
        start = b"\0".join((_HISTORY, request, b""))
        for message in self._ordinary:
            if message.content.startswith(start):
                self._ordinary.remove(message)
                message.gone()
                return True
        return False

    async def _send(self, *, cancels: bool) -> None:
        waiting = self._cancels if cancels else self._ordinary
        try:
            while waiting:
                await self._rate.wait(cancels=cancels)
                # Meanwhile it may have been cancelled, or the connection lost.
                if waiting:
                    message = waiting.popleft()
                    self._write(message.content)
                    message.gone()
        finally:
            self._tasks.pop(cancels, None)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.close()
            self._give_up(error)


class PacedIB(IB):
    """ib_async whose client is the paced one, and whose requests raise what the gateway says."""

    RaiseRequestErrors = True

    def __init__(self, rate: Rate) -> None:
        super().__init__()
        # Nothing else knows the client that the library made: it is gone with this.
        self.client = PacedClient(self.wrapper, rate)
        self.client.apiEnd += self.disconnectedEvent


def paced_ib(rate: Rate) -> PacedIB:
    """Return an ib_async that sends nothing before it may."""
    return PacedIB(rate)
