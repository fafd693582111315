"""How a socket becomes a connection, and what faults make of that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from adapters.simulated_gateway.faults import Fault, FaultKind, Stage
from adapters.simulated_gateway.frames import Fields, Message
from adapters.simulated_gateway.gateway_state import GatewayState
from adapters.simulated_gateway.handshake import client_id, greeting, speaks, welcome
from adapters.simulated_gateway.notices import (
    CLIENT_ID_IN_USE,
    NOBODY,
    OUTAGES,
    error,
    fault_error,
)
from adapters.simulated_gateway.refusals import HangUpError
from adapters.simulated_gateway.stream import Stream


async def admit(gateway: GatewayState, stream: Stream, note: Callable[[int, Fields], None]) -> int:
    """Shake hands, and return the client's ID; `note` is given it with the message it came in.

    Raises:
        HangUpError: it is refused, or a fault wants it so.
        asyncio.IncompleteReadError, ConnectionError, BrokenFrameError: it went, or speaks
            otherwise.
    """
    fault = gateway.faults.due(Stage.CONNECT)
    if not speaks(await stream.read_versions()):
        raise HangUpError
    await _greet(gateway, stream, fault)
    fields = await stream.read()
    try:
        own = client_id(fields)
    except ValueError as problem:
        raise HangUpError from problem
    note(own, fields)
    refusal = _refusal(gateway, own, fault)
    if refusal:
        await stream.send([refusal])
        raise HangUpError
    if fault and fault.kind in OUTAGES:
        gateway.lose(fault)
    gateway.clients[own] = stream
    await stream.send(welcome(gateway.notices))
    return own


async def _greet(gateway: GatewayState, stream: Stream, fault: Fault | None) -> None:
    """Tell the version, or what a fault makes of it."""
    told: Message = greeting(gateway.now())
    match fault.kind if fault else None:
        case FaultKind.DISCONNECT:
            raise HangUpError
        case FaultKind.DISCONNECT_MID_FRAME:
            await stream.send_half(told)
            raise HangUpError
        case FaultKind.SILENCE:
            await stream.read_to_end()
            raise HangUpError
        case FaultKind.GARBAGE:
            told = ("no", "version")
        case FaultKind.SLOW if fault:
            await asyncio.sleep(fault.seconds)
    await stream.send([told])


def _refusal(gateway: GatewayState, own: int, fault: Fault | None) -> Message | None:
    if own in gateway.clients:
        return error(NOBODY, CLIENT_ID_IN_USE)
    return fault_error(fault.kind, NOBODY) if fault else None
