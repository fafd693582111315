"""How messages lie on the wire: a length of four bytes, then fields that each end with a NUL."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterable, Sequence

_LONGEST = 1 << 20
_LENGTH = struct.Struct(">I")

Fields = tuple[str, ...]
Message = Sequence[object]


class BrokenFrameError(Exception):
    """What a client sent is no frame of the protocol."""


def framed(payload: bytes) -> bytes:
    """Return the frame of a payload."""
    return _LENGTH.pack(len(payload)) + payload


def frame(fields: Iterable[object]) -> bytes:
    """Return the frame of a message, each field as text, UTF-8."""
    return framed("\0".join([*map(str, fields), ""]).encode())


def fields_of(payload: bytes) -> Fields:
    """Return the fields of a payload; what is not UTF-8 shows as escapes."""
    texts: Sequence[str] = payload.decode(errors="backslashreplace").split("\0")
    return tuple(texts[:-1])


async def read_payload(reader: asyncio.StreamReader) -> bytes:
    """Return the payload of the next frame.

    Raises:
        asyncio.IncompleteReadError, ConnectionError: the client is gone.
        BrokenFrameError: the length is not that of a request.
    """
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if length > _LONGEST:
        raise BrokenFrameError(f"a frame of {length} bytes is no request")
    return await reader.readexactly(length)
