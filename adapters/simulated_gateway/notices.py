"""Errors and notices as messages, and what the gateway tells of its own connections."""

from __future__ import annotations

import attrs

from adapters.simulated_gateway.faults import FaultKind
from adapters.simulated_gateway.frames import Message
from adapters.simulated_gateway.refusals import (
    RefusedError,
    cancelled,
    historical,
    invalid,
    no_data,
    pacing_violation,
    too_many_open,
    unknown_contract,
)

NOBODY = -1

CONNECTED = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefil"),
)
CLIENT_ID_IN_USE = RefusedError(
    326, "Unable to connect as the client id is already in use. Retry with a unique client id."
)


def error(request_id: str | int, refused: RefusedError) -> Message:
    """Return the message that a request met an error, or a notice to `NOBODY`."""
    return (4, 2, request_id, refused.code, refused.text, "")


def notice(code: int, text: str) -> Message:
    """Return the message that tells of something that is no request's matter."""
    return error(NOBODY, RefusedError(code, text))


@attrs.frozen
class Outage:
    """What is told when a connection of the gateway's own breaks, and when it is back.

    `total` tells whether nothing at all is answered meanwhile.
    """

    lost: tuple[int, str]
    back: tuple[int, str]
    total: bool


_LOST = (1100, "Connectivity between IBKR and the gateway has been lost.")
_DATA_KEPT = (1102, "Connectivity between IBKR and the gateway has been restored - data kept.")
_DATA_LOST = (1101, "Connectivity between IBKR and the gateway has been restored - data lost.")
_BROKEN = (
    2110,
    "Connectivity between the gateway and its server is broken. It will be restored automatically.",
)
OUTAGES = {
    FaultKind.LOST_1100: Outage(_LOST, _DATA_KEPT, total=True),
    FaultKind.LOST_1100_THEN_1101: Outage(_LOST, _DATA_LOST, total=True),
    FaultKind.FARM_2110: Outage(_BROKEN, _DATA_KEPT, total=True),
    FaultKind.FARM_2103: Outage(
        (2103, "Market data farm connection is broken:usfarm"), CONNECTED[0], total=False
    ),
    FaultKind.FARM_2105: Outage(
        (2105, "HMDS data farm connection is broken:ushmds"), CONNECTED[1], total=False
    ),
}

_ERRORS = {
    FaultKind.PACING_162: pacing_violation(),
    FaultKind.PACING_420: RefusedError(
        420, "Invalid Real-time Query:Historical data request pacing violation"
    ),
    FaultKind.TOO_MANY_322: too_many_open(),
    FaultKind.NO_DATA_162: no_data("as the fault asks"),
    FaultKind.NO_PERMISSIONS_162: historical("No market data permissions for this exchange"),
    FaultKind.NO_SECURITY_200: unknown_contract(),
    FaultKind.INVALID_321: invalid("as the fault asks"),
    FaultKind.NOT_SUBSCRIBED_354: RefusedError(
        354, "Requested market data is not subscribed. Check API status by its account."
    ),
    FaultKind.CLIENT_ID_326: CLIENT_ID_IN_USE,
}


def too_fast(messages: int, violation: int) -> RefusedError:
    """Return the error of a message that came as one too many in a second."""
    return RefusedError(
        100,
        f"Max rate of messages per second has been exceeded:max=50 rec={messages} ({violation})",
    )


def fault_error(kind: FaultKind, request_id: str | int) -> Message | None:
    """Return the message that a fault answers a request with; None for one that is no error."""
    if kind is FaultKind.PACING_100:
        return error(NOBODY, too_fast(51, 1))
    if kind is FaultKind.CANCELLED_162:
        return error(request_id, cancelled(request_id))
    refused = _ERRORS.get(kind)
    return error(request_id, refused) if refused else None
