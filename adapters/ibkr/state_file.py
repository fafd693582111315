"""The file that says what the processes of a machine have sent lately, and when."""

from __future__ import annotations

import os
import stat
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from adapters.ibkr.os_lock import SAFELY

_MAGIC = b"barledger sent 1"
_HEAD = struct.Struct("<16s16sI")
_SUM = struct.Struct("<I")
_ENTRY = struct.Struct("<qQQ")
MOST_ENTRIES = 128
_LARGEST = _HEAD.size + MOST_ENTRIES * _ENTRY.size + _SUM.size


class Sent(NamedTuple):
    """What was sent at `at`, nanoseconds of the machine's clock.

    `request` and `contract` tell what it was, by numbers of 64 bits.
    """

    at: int
    request: int = 0
    contract: int = 0


class LostError(Exception):
    """The file holds something else than what was written to it."""


def opened(path: Path) -> BinaryIO:
    """Return the file at `path`, which is made if need be.

    Raises:
        OSError: there is none, and none can be made.
    """
    number = os.open(path, os.O_RDWR | os.O_CREAT | SAFELY, 0o600)
    file = os.fdopen(number, "r+b", buffering=0)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        file.close()
        raise OSError(None, f"{path.name} is no plain file")
    return file


def read(file: BinaryIO, boot: bytes) -> list[Sent]:
    """Return the entries in order of time; none if they are of another `boot` of the machine.

    Raises:
        LostError: the content is not what was written.
    """
    content = file.read(_LARGEST)
    if not content:
        return []
    if len(content) < _HEAD.size:
        raise LostError
    magic, of_boot, count = _HEAD.unpack_from(content)
    end = _HEAD.size + count * _ENTRY.size
    if magic != _MAGIC or count > MOST_ENTRIES or len(content) < end + _SUM.size:
        raise LostError
    if _SUM.unpack_from(content, end) != (zlib.crc32(content[:end]),):
        raise LostError
    if of_boot != boot:
        return []
    return sorted(map(Sent._make, _ENTRY.iter_unpack(content[_HEAD.size : end])))


def write(file: BinaryIO, boot: bytes, entries: Sequence[Sent]) -> None:
    """Let the file hold the last of the entries.

    Raises:
        OSError: it cannot be written.
    """
    last = entries[-MOST_ENTRIES:]
    content = _HEAD.pack(_MAGIC, boot, len(last))
    content += b"".join(_ENTRY.pack(*entry) for entry in last)
    content += _SUM.pack(zlib.crc32(content))
    file.seek(0)
    # What lies behind the sum is never looked at.
    if file.write(content) != len(content):
        raise OSError(None, "the disk is full")
