"""One client's socket: whole frames in, and frames out, whole or in pieces."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from adapters.simulated_gateway.frames import Fields, fields_of, frame, read_payload

_PROLOGUE = b"API\0"


class Stream:
    """Reads and writes messages; writes of several tasks never mix."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, piece: int | None
    ) -> None:
        """Take a socket; with `piece` frames go out in writes of so many bytes."""
        self._reader = reader
        self._writer = writer
        self._piece = piece
        self._lock = asyncio.Lock()

    async def read_versions(self) -> str:
        """Return what a client says first: the range of versions that it speaks.

        Raises:
            asyncio.IncompleteReadError, ConnectionError: it is gone, or speaks otherwise.
        """
        if await self._reader.readexactly(len(_PROLOGUE)) != _PROLOGUE:
            raise ConnectionError("not a client of the gateway's protocol")
        return (await read_payload(self._reader)).decode(errors="replace")

    async def read(self) -> Fields:
        """Return the fields of the next message.

        Raises:
            asyncio.IncompleteReadError, ConnectionError: the client is gone.
            BrokenFrameError: it sent what is no frame.
        """
        return fields_of(await read_payload(self._reader))

    async def read_to_end(self) -> None:
        """Take no notice of what comes until the client is gone."""
        while await self._reader.read(1 << 16):
            pass

    async def send(self, messages: Iterable[Sequence[object]]) -> None:
        """Send messages one after the other.

        Raises:
            ConnectionError: the client is gone.
        """
        async with self._lock:
            for message in messages:
                await self._write(frame(message))

    async def send_half(self, message: Sequence[object]) -> None:
        """Send the first half of a message's frame."""
        async with self._lock:
            whole = frame(message)
            await self._write(whole[: len(whole) // 2])

    async def _write(self, data: bytes) -> None:
        step = self._piece or len(data)
        for begin in range(0, len(data), step):
            self._writer.write(data[begin : begin + step])
            await self._writer.drain()
            if self._piece:
                await asyncio.sleep(0)

    def close(self) -> None:
        """Close once what was written is sent."""
        self._writer.close()

    def abort(self) -> None:
        """Close at once."""
        self._writer.transport.abort()
