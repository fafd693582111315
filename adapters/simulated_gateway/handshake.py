"""How a connection begins: versions, the client's ID, and the first notices."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

from adapters.simulated_gateway.frames import Fields, Message

SERVER_VERSION = 178
ACCOUNT = "DU1234567"
START_API = 71
_VERSIONS = re.compile(r"v(\d+)\.\.(\d+)(?: .*)?")
FIRST_ORDER = 1


def speaks(versions: str) -> bool:
    """Whether the gateway's version is in the range that a client names, such as `v157..178`."""
    match = _VERSIONS.fullmatch(versions)
    return match is not None and int(match[1]) <= SERVER_VERSION <= int(match[2])


def greeting(now: int) -> Message:
    """Return the message that names the version and the time `now`, UTC nanoseconds."""
    at = dt.datetime.fromtimestamp(now // 1_000_000_000, dt.UTC)
    return SERVER_VERSION, f"{at:%Y%m%d %H:%M:%S} UTC"


def client_id(fields: Fields) -> int:
    """Return the ID in the message that starts the API.

    Raises:
        ValueError: it is another message, or not well formed.
    """
    message, _version, own, *_ = fields
    if int(message) != START_API:
        raise ValueError(f"message {message} came before {START_API}")
    return int(own)


def welcome(notices: Iterable[Message]) -> list[Message]:
    """Return the messages that a connection is ready, with the notices that come with them."""
    return [(15, 1, ACCOUNT), (9, 1, FIRST_ORDER), *notices]
