"""A listener on TCP that notes when messages arrive, and speaks as much as connecting takes."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import threading
import time
from collections.abc import Iterator, Sequence

import attrs

SECOND = 10**9
GREETING = ("178", "20261124 12:00:00 EST")
# Nothing else is answered: an answer that a client has not read when it closes makes the kernel
# reset the connection, and with it goes what was sent and not yet read here.
_ANSWERS = {
    "71": [("15", "1", "DU1234567"), ("9", "1", "1")],
    "61": [("62", "1")],
}
_A_WHILE = 30


@attrs.define
class Listener:
    """What arrived, in order: when, on which connection, and what."""

    port: int = 0
    at: list[int] = attrs.Factory(list)
    messages: list[tuple[str, ...]] = attrs.Factory(list)
    writers: list[asyncio.StreamWriter] = attrs.Factory(list)
    loop: asyncio.AbstractEventLoop = attrs.field(factory=asyncio.new_event_loop)

    def kinds(self) -> list[str]:
        return [message[0] for message in self.messages]

    def count_once(self, kind: str, expected: int) -> int:
        """Return how many of a kind arrived, once it is as many as expected.

        A process can have sent all and ended before the last is read here.
        """
        end = time.monotonic() + _A_WHILE
        while self.kinds().count(kind) < expected and time.monotonic() < end:
            time.sleep(0.01)
        return self.kinds().count(kind)

    def send(self, *fields: str) -> None:
        """Send a message on the last connection."""
        self.loop.call_soon_threadsafe(self.writers[-1].write, frame(*fields))

    def hang_up(self) -> None:
        self.loop.call_soon_threadsafe(self.writers[-1].close)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with contextlib.suppress(EOFError, ConnectionError, asyncio.CancelledError):
            assert await reader.readexactly(4) == b"API\0"
            self._note(("API",), await _read(reader))
            writer.write(frame(*GREETING))
            while True:
                fields = tuple((await _read(reader)).decode().split("\0"))[:-1]
                self._note(fields)
                for answer in [] if writer.is_closing() else _ANSWERS.get(fields[0], []):
                    writer.write(frame(*answer))
        writer.close()

    def _note(self, message: tuple[str, ...], content: object = None) -> None:
        self.at.append(time.monotonic_ns())
        self.messages.append(message)


def frame(*fields: str) -> bytes:
    content = "".join(f"{field}\0" for field in fields).encode()
    return struct.pack(">I", len(content)) + content


async def _read(reader: asyncio.StreamReader) -> bytes:
    (length,) = struct.unpack(">I", await reader.readexactly(4))
    return await reader.readexactly(length)


@contextlib.contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()
    server = listener.loop.run_until_complete(
        asyncio.start_server(listener.serve, "127.0.0.1", 0, backlog=200)
    )
    listener.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=listener.loop.run_forever)
    thread.start()
    try:
        yield listener
    finally:
        listener.loop.call_soon_threadsafe(listener.loop.stop)
        thread.join()
        listener.loop.run_until_complete(_close(server, listener))
        listener.loop.close()


async def _close(server: asyncio.Server, listener: Listener) -> None:
    server.close()
    for writer in listener.writers:
        writer.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def most_within(at: Sequence[int], nanoseconds: int = SECOND) -> int:
    """Return the most that lie in any window of that length; `at` is in order."""
    most, first = 0, 0
    for last, time_of_last in enumerate(at):
        while time_of_last - at[first] >= nanoseconds:
            first += 1
        most = max(most, last - first + 1)
    return most
